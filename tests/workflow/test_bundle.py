"""A finished study is packed, and its bundle scores as the study did."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import MODELS
from sharpflow.bundle.read import Bundle
from sharpflow.files import read_table
from sharpflow.imaging.reading import read_image
from sharpflow.joints.detection.confidence import chosen_confidence
from sharpflow.joints.scoring.scores import radiograph_scores, total_scores
from sharpflow.score.joints import JointScorer, Radiograph, ScoredJoints
from sharpflow.score.networks import load_networks
from sharpflow.score.whole_images import WholeImage, WholeImageScorer

from .projects import Project

NEAR = 1e-3  # of a bit's probability to 0.5: rounding may decide


def packed(project: Project) -> Path:
    """The study's bundle, made where it is not there."""
    path = project.results / "bundle" / f"{project.study}.sharpflow"
    project.run("bundle")
    return path


def scored(bundle: Path, radiographs: Iterable[Radiograph]) -> ScoredJoints:
    with Bundle(bundle) as file:
        networks, joints = load_networks(file, threads=1), file.manifest.joints
    assert joints
    return JointScorer(joints, networks).score(list(radiographs))


def near(found: ScoredJoints) -> set[tuple[str, str, str]]:
    """Image, joint and damage where a bit is near 0.5."""
    return {
        (row.image_id, row.joint, MODELS[model][0].value)
        for model, bits in found.bits.items()
        for row in bits[(bits.filter(like="bit_") - 0.5).abs().min(axis=1) < NEAR].itertuples()
    }


def test_a_bundle_scores_joints_as_its_study_did(finished: Project) -> None:
    study = read_table(finished.results / "scores" / "joints.csv")
    rows = study[["image_id", "patient", "visit", "limb"]].drop_duplicates()
    folder = finished.folder / "cohort" / "radiographs"
    (suffix,) = {path.suffix for path in folder.iterdir()}
    found = scored(
        packed(finished),
        [
            Radiograph(*row, read_image(folder / f"{row.image_id}{suffix}"))
            for row in rows.itertuples(index=False)
        ],
    )
    key = ["image_id", "joint"]
    ours, theirs = (table.set_index(key).sort_index() for table in (found.joints, study))
    assert list(found.joints.columns) == list(study.columns)
    assert ours["state"].tolist() == theirs["state"].tolist()
    assert (ours["state"] == "scored").sum() > 20
    for column in ("confidence", "x_min", "y_min", "x_max", "y_max"):
        np.testing.assert_allclose(ours[column], theirs[column], atol=0.01)
    unsure = near(found)
    assert len(unsure) < 0.1 * len(ours)
    for damage in ("erosion", "narrowing"):
        both = pd.DataFrame({w: t[f"{damage}_predicted"] for w, t in (("o", ours), ("t", theirs))})
        differ = both[both["o"].astype(float).fillna(-1) != both["t"].astype(float).fillna(-1)]
        assert {(*place, damage) for place in differ.index} <= unsure
    sums = {"totals": total_scores(found.joints), "radiographs": radiograph_scores(found.joints)}
    for name, table in sums.items():
        assert list(table.columns) == list(read_table(finished.results / f"scores/{name}.csv"))


def test_heads_are_calibrated_on_patients_whom_they_did_not_learn_from(finished: Project) -> None:
    with Bundle(packed(finished)) as file:
        models, calibration = file.manifest.joints, file.manifest.calibration
    assert models and calibration
    assert set(calibration.heads) == set(models.heads)
    key = ["image_id", "joint", "true"]
    for name, classes in models.heads.items():
        held = read_table(finished.results / "calibration" / f"{name}.csv")
        study = read_table(finished.results / "heads" / name / "predictions.csv")
        learned = study[study["split"] != "test"]
        assert len(held) == len(learned) == len(held.merge(learned, on=key))
        bits = held.filter(like="bit_")
        assert bits.shape[1] == classes - 1
        assert bits.max(axis=None) <= 1 and bits.min(axis=None) >= 0
    # Eleven patients tell nothing of what happens once in twenty.
    assert {sums.patients for sums in calibration.sums.values()} <= set(range(12))
    assert {sums.total for sums in calibration.sums.values()} == {None}


def test_a_bundle_predicts_whole_images_as_its_study_did(finished_whole_image: Project) -> None:
    study = finished_whole_image
    with Bundle(packed(study)) as file:
        whole, networks = file.manifest.whole_image, load_networks(file, threads=1)
        assert file.manifest.joints is None
        calibration = file.manifest.calibration
        assert set(file.model_cards) == set(file.networks) | {"total-stack-batch16"}
    assert whole and (whole.total, whole.severity) == (
        "total-stack-batch16",
        "severity-binned-stack",
    )
    assert calibration and calibration.whole_image and not calibration.sums
    validation = read_table(study.results / "cohort" / "whole_image" / "split.csv")
    held = validation[validation["split"] == "validation"]
    assert calibration.whole_image.patients == held["patient"].nunique()
    folder = study.folder / "wang" / "images"
    images = [
        WholeImage(path.stem, "P", "1", read_image(path)) for path in sorted(folder.iterdir())
    ]
    found = WholeImageScorer(whole, networks).score(images)
    assert set(found["row"]) == {*whole.networks, *whole.stacks, *whole.binned}
    for name, ours in found.groupby("row"):
        theirs = read_table(study.results / "whole_image" / str(name) / "predictions.csv")
        both = ours.merge(theirs, on="image_id", suffixes=("_ours", "_theirs"))
        assert len(both) == len(images)
        np.testing.assert_allclose(both["predicted_ours"], both["predicted_theirs"], atol=0.01)


def test_a_finished_study_scores_new_radiographs_and_trains_nothing(
    finished: Project, tmp_path: Path
) -> None:
    cohort = finished.folder / "cohort" / "radiographs"
    own = read_table(finished.results / "scores/joints.csv")  # of test patients alone
    chosen = [path for path in cohort.iterdir() if path.stem in set(own["image_id"])]
    for path in chosen:
        shutil.copy(path, tmp_path)
    packed(finished)
    asked = ("score", "--config", f"score={tmp_path}")
    assert finished.planned(*asked) == {"score_new_radiographs": 1}
    said = finished.run(*asked)
    (made,) = (finished.results / "score").iterdir()
    try:
        assert f"Results: {made.relative_to(finished.folder)}\n" in said
        key = ["image_id", "joint"]
        ours = read_table(made / "scores.csv").set_index(key).sort_index()
        theirs = own.set_index(key).loc[ours.index]
        refused = read_table(made / "refused.csv")
        assert len(ours) and ours.index.unique("image_id").size + len(refused) == len(chosen)
        assert ours["state"].tolist() == theirs["state"].tolist()
        for damage in ("erosion", "narrowing"):
            same = ours[damage].fillna(-1) == theirs[f"{damage}_predicted"].fillna(-1)
            assert same.mean() > 0.9  # where a bit is near 0.5, rounding may decide
        assert finished.planned() == {}
    finally:
        shutil.rmtree(made)


def test_a_bundle_has_the_confidence_that_validation_chose(finished: Project) -> None:
    first, own = packed(finished).read_bytes(), finished.folder / "own.yaml"
    said = own.read_text()
    own.write_text(f"{said}detector: {{confidence: auto}}\n")
    try:
        # The heads would learn again, from the joints that are then found.
        finished.run("bundle", "--allowed-rules", "bundle", "pack_bundle")
    finally:
        own.write_text(said)
    with Bundle(finished.results / "bundle" / "small.sharpflow") as file:
        joints = file.manifest.joints
    assert joints and set(joints.body_parts) == {"hand", "foot"}
    for part, models in joints.body_parts.items():
        table = read_table(finished.results / "detector" / part / "confidence.csv")
        assert models.confidence == chosen_confidence(table)
    assert packed(finished).read_bytes() == first


@pytest.mark.parametrize("which", ["finished", "finished_whole_image"])
def test_a_bundle_is_made_again_for_what_it_holds_alone(
    which: str, request: pytest.FixtureRequest
) -> None:
    project: Project = request.getfixturevalue(which)
    first = packed(project).read_bytes()
    assert project.planned("bundle") == {}
    assert project.planned() == {}
    packed(project).unlink()
    assert project.planned("bundle") == {"pack_bundle": 1}
    assert packed(project).read_bytes() == first
