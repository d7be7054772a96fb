"""Boxes and scores that are well formed and implausible."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from sharpflow.anatomy import score_columns
from sharpflow.cohorts.boxes import write_voc
from sharpflow.cohorts.check_radiographs import read_radiographs
from sharpflow.cohorts.csv_rows import Row
from sharpflow.cohorts.labelled import ImageList, LabelledImage
from sharpflow.cohorts.plausible_scores import implausible_scores, implausible_totals
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.cohorts.scores import write_scores
from sharpflow.cohorts.warn import warn_of_images, warn_of_joint_cohort
from sharpflow.imaging.appearance import Look

LIMITS = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())["checks"][
    "warnings"
]
SIZE = (320, 280)  # height, width
X = (70, 110, 150, 190)


def hand() -> np.ndarray:
    """A left hand as a child would draw it: four fingers, a thumb on the right, a wrist."""
    image = np.full(SIZE, 30, np.uint8)
    for x in X:
        cv2.line(image, (x, 40), (x, 170), 150, 18)
    cv2.rectangle(image, (60, 160), (200, 230), 170, cv2.FILLED)
    cv2.line(image, (190, 215), (250, 150), 150, 20)
    cv2.rectangle(image, (100, 230), (165, 319), 180, cv2.FILLED)
    return image


def boxes() -> pd.DataFrame:
    """Ten boxes on it."""
    places = [("PIP", x, 105) for x in X] + [("MCP", x, 175) for x in X]
    places += [("PIP", 240, 160), ("MCP", 205, 200)]
    rows = [
        {"class": name, "x_min": x - 11, "y_min": y - 11, "x_max": x + 11, "y_max": y + 11}
        for name, x, y in places
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "radiographs").mkdir()
    for patient in ("P1", "P2", "P3"):
        Image.fromarray(hand()).save(tmp_path / "radiographs" / f"{patient}-LH.png")
        label(tmp_path, boxes(), patient)
    return tmp_path


def label(folder: Path, table: pd.DataFrame, patient: str = "P1") -> None:
    path = folder / "boxes" / f"{patient}-LH.xml"
    write_voc(path, f"{patient}-LH", SIZE, table)


def warned(folder: Path, **other: Any) -> list[str]:
    listed = list_radiographs(folder / "radiographs").radiographs
    look = Look()
    table = read_radiographs(listed, max_pixels=10**7, look=look)
    settings: dict[str, Any] = {"scores": None, "boxes": folder / "boxes"} | other
    found = warn_of_joint_cohort(table, look.table(), limits=LIMITS, **settings)
    return [f"{row['name']}: {row['warning']}" for row in found.to_dict("records")]


def test_good_boxes_are_not_warned_of(folder: Path) -> None:
    assert warned(folder) == []


def test_a_joint_boxed_twice(folder: Path) -> None:
    again = boxes()[:1]
    again[["x_min", "x_max"]] += 1
    label(folder, pd.concat([boxes(), again]))
    assert warned(folder) == ["P1-LH: PIP and PIP boxed at one place", "P1-LH: too many boxes"]


def test_numbers_and_classes(folder: Path) -> None:
    label(folder, boxes()[1:])
    assert warned(folder) == ["P1-LH: too few boxes"]
    wrong = boxes()
    wrong.loc[0, "class"] = "MCP"
    label(folder, wrong)
    assert warned(folder) == ["P1-LH: classes swapped"]
    all_wrong = boxes().replace({"class": {"PIP": "MCP", "MCP": "PIP"}})
    label(folder, all_wrong)
    assert warned(folder) == ["P1-LH: PIP boxes lie below the MCP boxes"]


def test_dip_joints_boxed_as_pip(folder: Path) -> None:
    far = boxes()
    far.loc[:3, ["y_min", "y_max"]] -= 60
    label(folder, far)
    assert warned(folder) == ["P1-LH: PIP boxes lie far from the MCP boxes, as DIP joints do"]


def test_huge_and_tiny_boxes(folder: Path) -> None:
    sized = boxes()
    sized.loc[0, ["x_min", "y_min", "x_max", "y_max"]] = [40, 70, 130, 150]
    sized.loc[1, ["x_min", "y_min", "x_max", "y_max"]] = [108, 103, 112, 107]
    label(folder, sized)
    assert warned(folder) == ["P1-LH: PIP's box is huge", "P1-LH: PIP's box is tiny"]


def test_labels_that_name_another_image(folder: Path) -> None:
    path = folder / "boxes" / "P1-LH.xml"
    path = path.rename(path.with_suffix(".XML"))
    path.write_text(path.read_text().replace("P1-LH.jpg", "scans\\P2-LH.JPG"))
    assert warned(folder) == ["P1-LH: the labels name another image"]
    path.write_text(path.read_text().replace("scans\\P2-LH.JPG", "p1-lh.PNG"))
    assert warned(folder) == []


def test_radiographs_that_were_renamed_after_labelling_are_told_together(folder: Path) -> None:
    for number in range(4, 9):
        Image.fromarray(hand()).save(folder / "radiographs" / f"P{number}-LH.png")
        label(folder, boxes(), f"P{number}")
    for number in range(1, 8):
        path = folder / "boxes" / f"P{number}-LH.xml"
        path.write_text(path.read_text().replace(f"P{number}-LH", f"IMG_{number}"))
    assert warned(folder) == [": the labels name another image"]
    path.write_text(path.read_text().replace("IMG_7", "IMG_6"))  # 6 and 7 have the same boxes?
    other = folder / "boxes" / "P5-LH.xml"
    other.write_text(other.read_text().replace("IMG_5", "P8-LH"))
    assert warned(folder) == [
        *(f"P{number}-LH: the labels name another image" for number in (5, 6, 7)),
        *(f"P{number}-LH: the labels name another image" for number in (1, 2, 3, 4)),
    ]
    path.write_text(path.read_text().replace("IMG_6", "IMG_7"))
    assert warned(folder) == [
        "P5-LH: the labels name another image",
        ": the labels name another image",
    ]


def test_boxes_on_the_background(folder: Path) -> None:
    moved = boxes()
    moved[["x_min", "x_max"]] = (moved[["x_min", "x_max"]] - 150) * 0.2 + 30
    moved[["y_min", "y_max"]] = (moved[["y_min", "y_max"]] - 150) * 0.2 + 260
    label(folder, moved)
    assert "P1-LH: boxes on the background" in warned(folder)


def test_boxes_drawn_before_the_rotation_was_applied(folder: Path) -> None:
    path = folder / "radiographs" / "P1-LH.png"
    exif = Image.Exif()
    exif[0x0112] = 3
    stored = Image.fromarray(np.rot90(hand(), 2).copy())
    path.unlink()
    stored.save(path.with_suffix(".jpg"), exif=exif, quality=95)
    height, width = SIZE
    turned = boxes()
    turned[["x_min", "x_max"]] = width - turned[["x_max", "x_min"]].to_numpy()
    turned[["y_min", "y_max"]] = height - turned[["y_max", "y_min"]].to_numpy()
    label(folder, turned)
    found = warned(folder)
    assert "P1-LH: boxes made before the file's rotation (EXIF) was applied" in found


def test_a_folder_of_boxes_that_is_missing_is_no_warning(folder: Path) -> None:
    assert warned(folder, boxes=folder / "missing") == []


def test_scored_radiographs_without_labels(folder: Path) -> None:
    sites = [(limb, site.name, str(damage)) for limb, site, damage in score_columns().values()]
    long = pd.DataFrame(
        [(p, *site, n % 3) for p in ("P1", "P2", "P3") for n, site in enumerate(sites)],
        columns=["patient", "limb", "joint", "damage", "score"],
    )
    write_scores(folder / "scores.csv", long)
    scores = {"scores": folder / "scores.csv"}
    assert warned(folder, **scores) == []
    (folder / "boxes" / "P2-LH.xml").unlink()
    (folder / "boxes" / "P2-LH.png").touch()  # labelImg may write beside the pictures
    assert warned(folder, **scores) == ["P2-LH: scored, but without a label file"]
    (folder / "boxes" / "P1-LH.xml").unlink()  # most have none: so it was meant
    assert warned(folder, **scores) == []


def test_scores_that_do_not_differ() -> None:
    rows = [
        (patient, limb, joint, damage, score)
        for patient, scores in (("P1", (2, 2)), ("P2", (0, 0)), ("P3", (1, 3)))
        for (joint, score) in zip(("MCP2", "MCP3"), scores, strict=True)
        for limb, damage in (("LH", "erosion"),)
    ]
    rows += [(patient, "LF", "MTP1", "narrowing", 0) for patient in ("P2", "P3")]
    table = pd.DataFrame(rows, columns=["patient", "limb", "joint", "damage", "score"])
    table["visit"] = "1"
    found = [(w.name, w.body_part, w.warning) for w in implausible_scores("scores.csv", table)]
    assert found == [
        ("P1", "", "one score at every site"),
        ("", "foot", "narrowing has one score in all patients"),
    ]


def test_whole_radiographs_are_warned_of_too(tmp_path: Path) -> None:
    look = Look()
    look("a", hand())
    look("b", np.rot90(hand(), 2).copy())
    look("unlisted", np.zeros((300, 300), np.uint8))
    listed = image_list(tmp_path, ("a", "b", "unread"))
    found = warn_of_images(listed, look.table(), hands=1, limits=LIMITS)
    assert found[["name", "warning", "radiograph"]].to_numpy().tolist() == [
        ["b", "upside down", str(tmp_path / "b.png")]
    ]
    strays = replace(listed, unlisted={"images": [f"x{number}.png" for number in range(9)]})
    found = warn_of_images(strays, look.table(), hands=1, limits=LIMITS).iloc[-1]
    assert found["warning"] == "images that no row of the table names"
    assert found[["file", "measured"]].tolist() == [
        "images",
        "9: x0.png, x1.png, x2.png and 6 more",
    ]


def image_list(folder: Path, names: Iterable[str]) -> ImageList:
    return ImageList(
        [LabelledImage(name, folder / f"{name}.png", "t.csv", Row(2, {}), {}) for name in names]
    )


def warned_totals(totals: list[float]) -> list[list[str]]:
    table = pd.DataFrame({"image_id": [f"a{n}" for n in range(len(totals))], "total": totals})
    found = implausible_totals("labels.csv", table)
    return [[warning.warning, warning.measured] for warning in found]


@pytest.mark.parametrize("totals", [[], [np.nan, np.nan]])
def test_tables_without_a_total_are_not_warned_of(totals: list[float]) -> None:
    names = [f"P{number}" for number in range(len(totals))]
    table = pd.DataFrame({"image_id": names, "total": totals}, dtype=object).astype(
        {"total": float}
    )
    assert implausible_totals("labels.csv", table) == []


def test_totals_that_are_no_sums() -> None:
    assert warned_totals([3.0, 12.5, float("nan"), 7.33, 8.67, 2.3, 280.0]) == []
    broken = "totals that are no sums of scores, nor means of two or three readers"
    assert warned_totals([12.3, 12.33, 12.333, 37 / 3, 12.6, 12.7, 12.66, 12.67, 38 / 3]) == []
    assert warned_totals([12.37, 12.32, 12.63, 12.48, 12.51, 12.34])[0][1].startswith("6 of 6")
    assert warned_totals([3.0, 12.4, 0.25, 7.0]) == [[broken, "2 of 4: 12.4 of a1, 0.25 of a2"]]
    few = "a few totals are halves or thirds"
    assert warned_totals([1.0] * 39 + [12.5]) == [[few, "1 of 40: 12.5 of a39"]]


def test_text_that_is_burned_in(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(8)]
    for count, said in ((2, ["a0", "a1"]), (8, [""])):
        look = Look()
        for number, name in enumerate(names):
            look(name, hand(), "", number < count)
        listed = image_list(tmp_path, names)
        found = warn_of_images(listed, look.table(), hands=1, limits=LIMITS)
        assert set(found["warning"]) == {"text is burned into the pixels, maybe a name"}
        assert found["name"].tolist() == said
    assert found["measured"].tolist() == ["8 of 8, such as a0: a header that says so"]


def test_folders_within_are_told_of(folder: Path) -> None:
    for within in ("more/older", "empty", ".hidden"):
        (folder / "radiographs" / within).mkdir(parents=True)
    for name in ("a.png", "b.DCM", "notes.md"):
        (folder / "radiographs" / "more" / "older" / name).touch()
    (folder / "radiographs" / ".hidden" / "c.png").touch()
    assert warned(folder) == []
    said = ": radiographs in folders within are not read"
    assert warned(folder, source=folder / "radiographs") == [said]
    (folder / "boxes" / "more").mkdir()
    (folder / "boxes" / "more" / "P9-LH.xml").touch()
    said = ": label files in folders within are not read"
    assert warned(folder) == [said]
    (folder / "radiographs").rename(folder / "more")
    (folder / "radiographs").mkdir()
    (folder / "more").rename(folder / "radiographs" / "all")
    (problem,) = list_radiographs(folder / "radiographs").problems
    assert (
        "5 in folders within: all/P1-LH.png, all/P2-LH.png, all/P3-LH.png and 2 more"
        in problem.found
    )
    assert "CSV" in problem.remedy
