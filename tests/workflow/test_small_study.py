"""The whole chain on a small cohort, and what a change to it makes again."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from sharpflow.anatomy import LIMBS, MODELS
from sharpflow.imaging.shards import shard_of

from .projects import Project, make_project

IMAGING = {"standardize", "make_entropy_masks"}
TRAINING = {"train_unet", "train_detector", "train_base", "train_head"}


@contextmanager
def edited(path: Path, old: str, new: str) -> Iterator[None]:
    """Change a text file and put it back, modification time too."""
    before, times = path.read_text(), path.stat()
    assert old in before
    path.write_text(before.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_second_run_has_nothing_to_do(finished: Project) -> None:
    assert finished.planned() == {}


def test_every_table_figure_and_overlay_is_there(finished: Project) -> None:
    for table in ("joint_scoring", "joint_recalls", "detection", "mask_yield", "little_found"):
        for suffix in (".csv", ".md", ".tex"):
            assert (finished.results / "tables" / (table + suffix)).stat().st_size > 0
    figures = {path.name for path in (finished.results / "figures").iterdir()}
    assert len(figures) == 14
    radiographs = pd.read_csv(finished.results / "detection" / "radiographs.csv")
    unseen = radiographs.loc[radiographs["part"].isin(["test", "none"]), "image_id"]
    overlays = {path.stem for path in (finished.results / "scores" / "overlays").glob("*.png")}
    assert overlays == set(unseen) >= set(radiographs.query("split == 'test'")["image_id"])
    sheets = {path.stem for path in (finished.results / "masks" / "sheets").glob("*.png")}
    assert {f"{part}-{shard}-unet" for part in ("hand", "foot") for shard in ("00", "01")} <= sheets


def test_tables_say_which_data_made_them_and_how_many(finished: Project) -> None:
    table = pd.read_csv(finished.results / "tables" / "joint_scoring.csv")
    assert list(table["model"]) == list(MODELS)
    assert set(table["data"]) == {"cohort"}
    counts = table.filter(like="n_class_").sum(axis=1)
    assert (table["n"] == counts).all()
    joints = pd.read_csv(finished.results / "scores" / "joints.csv")
    for model, row in table.set_index("model").iterrows():
        damage, body_part = MODELS[str(model)]
        due = joints[joints["limb"].map(lambda limb: LIMBS[limb].body_part) == body_part]
        assert row["n"] + row["n_not_found"] == due[f"{damage}_true"].notna().sum()
    assert set(table["n_seeds"]) == {2}
    markdown = (finished.results / "tables" / "joint_scoring.md").read_text()
    assert "82.07" in markdown  # the paper's value beside ours
    assert "synthetic joints" in markdown  # not ImageNet's weights


def test_no_test_patient_is_learned_from(finished: Project) -> None:
    split = pd.read_csv(finished.results / "cohort/joints/split.csv").set_index("patient")["split"]
    crops = pd.read_csv(finished.results / "crops/hand/crops.csv")
    assert (crops["split"] == crops["patient"].map(split)).all()
    assert "test" not in set(crops.loc[crops["source"] == "labelled", "split"])


def test_an_added_patient_redoes_its_shards_alone(finished: Project) -> None:
    folder = finished.folder / "cohort"
    name = next(  # a patient whose hands fall into one shard, and feet into another
        name
        for name in (f"UAB9{number:02d}" for number in range(100))
        if len({shard_of(f"{name}-{limb}", 2) for limb in ("LH", "RH")}) == 1
        and len({shard_of(f"{name}-{limb}", 2) for limb in ("LF", "RF")}) == 1
    )
    added = []
    for limb in LIMBS:
        radiograph = (folder / "radiographs" / f"UAB001-{limb}.jpg").read_bytes()
        added.append(folder / "radiographs" / f"{name}-{limb}.jpg")
        added[-1].write_bytes(radiograph)
    _, row, *_ = (folder / "scores.csv").read_text().splitlines()
    scored = f"{row}\n{row.replace('UAB001', name)}"
    try:
        with edited(folder / "scores.csv", row, scored):
            planned = finished.planned()
    finally:
        for path in added:
            path.unlink()
    assert planned["check_radiographs"] == 2
    assert planned["standardize"] == 2
    assert planned["make_entropy_masks"] == 2
    assert planned["train_unet"] == 2
    assert "train_base" not in planned
    assert finished.planned() == {}


def test_a_patient_without_scores_is_predicted_and_trains_nothing_again(finished: Project) -> None:
    folder = finished.folder / "cohort" / "radiographs"
    added = [folder / f"NEW1-{limb}.jpg" for limb in LIMBS]
    for path in added:
        path.write_bytes((folder / path.name.replace("NEW1", "UAB001")).read_bytes())
    try:
        planned = finished.planned()
    finally:
        for path in added:
            path.unlink()
    assert planned["check_cohort"] == planned["score_unscored"] == planned["sum_unscored"] == 1
    assert planned["detect_unscored"] == planned["extract_unscored"] == 2
    assert not planned.keys() & {
        *(TRAINING | {"make_entropy_masks", "split_patients", "read_boxes", "detect_joints"}),
        *("score_radiographs", "table_joint_scoring"),
    }
    assert finished.planned() == {}


def test_a_figures_style_trains_nothing(finished: Project) -> None:
    style = finished.folder / "src/sharpflow/reporting/style.py"
    with edited(style, "\n\n\n", "\n\n\nEDITED = 1\n\n\n"):
        planned = finished.planned()
    assert planned["draw_confusion"] == 1
    assert not planned.keys() & {*IMAGING, *TRAINING, "segment", "detect_joints", "crop_joints"}


def test_wrong_input_stops_before_any_work_with_all_problems(tmp_path: Path, cohort: Path) -> None:
    project = make_project(tmp_path, cohort)
    (project.folder / "cohort" / "radiographs" / "UAB001-LH.jpg").write_bytes(b"")
    scores = project.folder / "cohort" / "scores.csv"
    scores.write_text(scores.read_text().replace("UAB002,", "UAB002,x", 1))
    ended = project.attempt()
    assert ended.returncode != 0
    output = ended.stdout + ended.stderr
    assert "UAB001-LH.jpg" in output
    assert "scores.csv, row 3" in output
    assert "2 problems with the input stopped this run" in output
    made = {path.name for path in project.results.iterdir()}
    assert not made & {"masks", "unet", "detector", "heads"}
    assert not (project.results / "vgg16" / "synthetic_joints.keras").exists()


def test_hands_without_boxes_have_a_detector_of_synthetic_hands(
    tmp_path: Path, cohort: Path
) -> None:
    project = make_project(tmp_path, cohort)
    own = project.folder / "own.yaml"
    alone = "checks: {require_all_limbs: false}\ndetector: {max_batches: 16}\n"
    own.write_text(own.read_text().replace("boxes: cohort/boxes", "boxes: phantom") + alone)
    for foot in (project.folder / "cohort" / "radiographs").glob("*F.jpg"):
        foot.unlink()
    project.run("results/small/detector/hand/best.pt")
    card = json.loads((project.results / "detector/hand/model_card.json").read_text())
    assert card["trained_on"] == "phantom"
    confidences = pd.read_csv(project.results / "detector/hand/confidence.csv")
    chosen = confidences.loc[confidences["chosen"], "confidence"].tolist()
    assert chosen == [card["validation"]["chosen_confidence"]]
    truth = pd.read_csv(project.results / "phantom/boxed/truth/radiographs.csv")
    assert 0 < truth["months"].notna().sum() < len(truth)  # children among them
    assert not (project.results / "standardized" / "joints").exists()
    made = {path.stem[-2:] for path in (project.results / "phantom/boxed").rglob("*.jpg")}
    assert made == {"LH", "RH"}
    plan = project.run("-n")
    assert "foot" not in plan
    planned = project.planned()
    assert planned["train_head"] == 2
    assert not planned.keys() & {"train_detector", "table_detection", "table_segmentation"}


def test_what_is_wrong_can_be_set_aside_and_is_listed(tmp_path: Path, cohort: Path) -> None:
    project = make_project(tmp_path, cohort)
    (project.folder / "cohort" / "radiographs" / "UAB001-LH.jpg").write_bytes(b"")
    own = project.folder / "own.yaml"
    own.write_text(own.read_text() + "checks: {on_problem: set_aside}\n")
    shards = [f"results/small/standardized/joints/hand/{shard}.csv" for shard in ("00", "01")]
    project.run(*shards, "results/small/cohort/joints/split.csv")
    problems = pd.read_csv(project.results / "cohort/joints/problems.csv")
    assert problems["file"].str.endswith("UAB001-LH.jpg").any()
    radiographs = pd.concat([pd.read_csv(project.folder / shard) for shard in shards])
    assert len(radiographs) == 2 * 13
    assert "UAB001" not in set(radiographs["patient"])
    assert "UAB001" not in set(pd.read_csv(project.results / "cohort/joints/split.csv")["patient"])
    for _ in range(2):  # a second check finds all made, and says the same
        output = project.run("check")
        assert (
            output.count("1 problem was set aside: results/small/cohort/joints/problems.csv") == 1
        )
        assert "warnings: see results/small/cohort/joints/warnings.csv and" in output
