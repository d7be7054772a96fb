"""Cohorts in the layouts that people have: RA2-DREAM, a CSV of radiographs, labelImg's labels."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import BOX_COLUMNS, Damage, score_columns
from sharpflow.cohorts.boxes import read_boxes, write_voc
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.cohorts.scores import column_order, read_score_table, write_scores
from sharpflow.files import read_table, write_table

KEYS = ["patient", "visit", "limb", "joint", "damage"]
# The 90 columns as the challenge's table has them, its scrambled end included.
ERRATIC_END = ["RF_mtp_J__ip", *(f"LF_mtp_J__{n}" for n in range(1, 6)), "LF_mtp_J__ip"]
RADIOGRAPHS = pd.DataFrame(
    {
        "image_id": ["P1-LH", "P1-LF"],
        "body_part": ["hand", "foot"],
        "height": [100, 200],
        "width": [80, 50],
    }
)


def some_scores(*patients: str) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        (patient, "1", limb, site.name, str(damage), int(rng.integers(0, 5)))
        for patient in patients
        for limb, site, damage in score_columns().values()
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "score"])


def in_order(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.sort_values(KEYS).reset_index(drop=True)


def test_scores_come_back(tmp_path: Path) -> None:
    scores = some_scores("UAB010", "UAB002", "007")
    write_scores(tmp_path / "scores.csv", scores.sample(frac=1, random_state=0))
    read = read_score_table(tmp_path / "scores.csv")
    assert not read.problems
    pd.testing.assert_frame_equal(in_order(read.scores), in_order(scores), check_dtype=False)
    table = pd.read_csv(tmp_path / "scores.csv", dtype={"Patient_ID": str})
    assert len(table.columns) == 90
    assert table["Patient_ID"].tolist() == ["007", "UAB002", "UAB010"]
    erosion = scores[(scores["damage"] == "erosion") & (scores["patient"] == "UAB010")]
    assert table["Overall_erosion"][2] == erosion["score"].sum()
    assert (table["Overall_Tol"] == table["Overall_erosion"] + table["Overall_narrowing"]).all()


def test_columns_are_read_by_name(tmp_path: Path) -> None:
    scores = some_scores("UAB001", "UAB002")
    write_scores(tmp_path / "scores.csv", scores)
    table = pd.read_csv(tmp_path / "scores.csv", dtype=str)
    others = [name for name in table.columns if name not in ERRATIC_END]
    table["comment"] = "none"
    table[[*reversed(others), "comment", *ERRATIC_END]].to_csv(tmp_path / "scores.csv", index=False)
    read = read_score_table(tmp_path / "scores.csv")
    assert not read.problems
    pd.testing.assert_frame_equal(in_order(read.scores), in_order(scores), check_dtype=False)


def test_known_columns_of_the_challenge() -> None:
    columns = column_order()
    assert len(set(columns)) == 90
    assert columns[:5] == [
        "Patient_ID",
        "Overall_Tol",
        "Overall_erosion",
        "Overall_narrowing",
        "LH_mcp_E__ip",
    ]
    sites = score_columns()
    assert sites["LH_mcp_E__ip"][1].name == "IP"
    assert sites["RH_wrist_J__capnlun"][::2] == ("RH", Damage.NARROWING)


def test_a_whole_number_may_have_a_point(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    write_scores(path, some_scores("UAB001"))
    header, row = path.read_text().splitlines()
    row = ",".join([row.split(",")[0], *(f" {value}.0" for value in row.split(",")[1:])])
    path.write_text("\ufeff" + header + "\r\n" + row + "\r\n\r\n", encoding="utf-8")
    read = read_score_table(path)
    assert not read.problems
    pd.testing.assert_frame_equal(
        in_order(read.scores), in_order(some_scores("UAB001")), check_dtype=False
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.iloc[1:], "missing"),
        (lambda s: pd.concat([s, s.iloc[:1]]), "twice"),
        (lambda s: s.replace({"joint": {"MCP1": "MCP9"}}), "not a site"),
    ],
)
def test_incomplete_scores_are_not_written(tmp_path: Path, change, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        write_scores(tmp_path / "scores.csv", change(some_scores("UAB001", "UAB002")))
    assert not (tmp_path / "scores.csv").exists()


def test_a_folder_of_radiographs(tmp_path: Path) -> None:
    for name in ("UAB002-RF.jpg", "UAB001-LH.JPG", "a-b.c-LF.tiff", ".hidden-LH.jpg", "scores.csv"):
        (tmp_path / name).touch()
    (tmp_path / "more").mkdir()
    listed = list_radiographs(tmp_path)
    assert not listed.problems
    assert [
        (radiograph.image_id, radiograph.patient, radiograph.limb)
        for radiograph in listed.radiographs
    ] == [
        ("UAB001-LH", "UAB001", "LH"),
        ("UAB002-RF", "UAB002", "RF"),
        ("a-b.c-LF", "a-b.c", "LF"),
    ]
    assert listed.radiographs[0].path == tmp_path / "UAB001-LH.JPG"


def test_a_list_of_radiographs(tmp_path: Path) -> None:
    (tmp_path / "radiographs.csv").write_text(
        "limb,file,image_id,visit,patient\nLH,images/b.png,b,base,1\nRH,../x/a.png,a,,2\n"
    )
    listed = list_radiographs(tmp_path / "radiographs.csv")
    assert not listed.problems
    assert [(f.image_id, f.patient, f.limb, f.visit) for f in listed.radiographs] == [
        ("a", "2", "RH", "1"),
        ("b", "1", "LH", "base"),
    ]
    assert listed.radiographs[1].path == tmp_path / "images" / "b.png"


def test_a_format_that_is_not_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "UAB001-LH.heic").touch()
    listed = list_radiographs(tmp_path)
    assert "Export the radiograph" in str(listed.problems[0])


def test_listing_radiographs_needs_the_standard_library_alone() -> None:
    code = (
        "import sys, sharpflow.cohorts.radiographs, sharpflow.imaging.shards\n"
        "assert not {'numpy', 'pandas', 'cv2', 'PIL'} & set(sys.modules)"
    )
    source = Path(__file__).parents[2] / "src"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=source)


def test_voc_boxes_come_back(tmp_path: Path) -> None:
    boxes = pd.DataFrame(
        {
            "class": ["MCP", "PIP", "DIP"],
            "x_min": [0.0, 10.4, 1.0],
            "y_min": [3.0, 20.0, 1.0],
            "x_max": [12.0, 30.6, 9.0],
            "y_max": [14.0, 100.0, 9.0],
        }
    )
    write_voc(tmp_path / "P1-LH.xml", "P1-LH", (100, 80), boxes)
    found, problems = read_boxes(tmp_path, RADIOGRAPHS, ["DIP"])
    assert not problems
    assert found.to_dict("split")["data"] == [
        ["P1-LH", "MCP", "", 0, 3, 12, 14],
        ["P1-LH", "PIP", "", 10, 20, 31, 100],
    ]


def test_yolo_boxes(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("PIP\nMTP\n")
    (tmp_path / "P1-LF.txt").write_text("1 0.5 0.25 0.2 0.1\n\n0 0.900001 0.5 0.2 0.5\n")
    found, problems = read_boxes(tmp_path, RADIOGRAPHS)
    assert not problems
    assert found["class"].tolist() == ["MTP", "PIP"]
    edges = found[BOX_COLUMNS].to_numpy()
    np.testing.assert_allclose(edges, [[20, 40, 30, 60], [40, 50, 50, 150]], atol=1e-4)
    assert edges.max(axis=0)[2] <= 50  # a rounded fraction is cut at the border


def labels(folder: Path, image_id: str, names: list[str]) -> None:
    """A VOC file with a box of each name."""
    size = {"P1-LH": (100, 80), "P1-LF": (200, 50)}[image_id]
    edges = {"x_min": 1, "y_min": 1, "x_max": 9, "y_max": 9}
    boxes = pd.DataFrame([{"class": name, **edges} for name in names])
    write_voc(folder / f"{image_id}.xml", image_id, size, boxes)


def test_a_label_may_name_the_joint_itself(tmp_path: Path) -> None:
    labels(tmp_path, "P1-LH", ["IP", "PIP2", "pip_3", "Pip 4", "MCP-5", "DIP2"])
    labels(tmp_path, "P1-LF", ["ip", "mtp1"])
    found, problems = read_boxes(tmp_path, RADIOGRAPHS, ["DIP2"])
    assert not problems
    assert found[["class", "joint"]].to_numpy().tolist() == [
        *(["PIP", "IP"], ["MTP", "MTP1"]),
        *(["PIP", "IP"], ["PIP", "PIP2"], ["PIP", "PIP3"], ["PIP", "PIP4"], ["MCP", "MCP5"]),
    ]


def test_yolo_classes_may_be_joints(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("PIP2\nMCP1\n")
    (tmp_path / "P1-LH.txt").write_text("1 0.5 0.25 0.2 0.1\n0 0.5 0.5 0.2 0.1\n")
    found, problems = read_boxes(tmp_path, RADIOGRAPHS)
    assert not problems
    assert found[["class", "joint"]].to_numpy().tolist() == [["MCP", "MCP1"], ["PIP", "PIP2"]]


def test_given_joints_come_back_from_the_table(tmp_path: Path) -> None:
    labels(tmp_path, "P1-LH", ["IP", "MCP1"])
    labels(tmp_path, "P1-LF", ["PIP", "MTP"])
    write_table(read_boxes(tmp_path, RADIOGRAPHS)[0], tmp_path / "boxes.csv")
    back = read_table(tmp_path / "boxes.csv")
    assert back["joint"].fillna("").tolist() == ["", "", "IP", "MCP1"]


def test_a_class_belongs_to_a_limb(tmp_path: Path) -> None:
    box = pd.DataFrame([{"class": "MCP", "x_min": 1, "y_min": 1, "x_max": 9, "y_max": 9}])
    write_voc(tmp_path / "P1-LF.xml", "P1-LF", (200, 50), box)
    found, problems = read_boxes(tmp_path, RADIOGRAPHS)
    assert found.empty
    assert "expected PIP or MTP on a foot" in str(problems[0])
