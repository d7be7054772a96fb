"""The spread of scores in a cohort."""

import numpy as np
import pytest

from sharpflow.anatomy import DETECTED_JOINTS, LIMBS, MAX_SCORE, MODELS, BodyPart, Damage, n_classes
from sharpflow.phantom.damage.severity import Scores, sample_scores, sample_visits


@pytest.fixture(scope="module")
def cohort() -> list[Scores]:
    return [sample_scores(f"UAB{n:03d}", 1) for n in range(1, 161)]


def values(cohort: list[Scores], body_part: BodyPart, damage: Damage) -> np.ndarray:
    names = {joint.name for joint in DETECTED_JOINTS[body_part]}
    return np.array([
        score for scores in cohort for (limb, joint, which), score in scores.items()
        if LIMBS[limb].body_part is body_part and which is damage and joint in names
    ])  # fmt: skip


@pytest.mark.parametrize("model", list(MODELS))
def test_most_joints_are_sound_and_every_score_occurs(cohort: list[Scores], model: str) -> None:
    damage, body_part = MODELS[model]
    counts = np.bincount(values(cohort, body_part, damage), minlength=n_classes(body_part, damage))
    shares = counts / counts.sum()
    assert (counts > 0).all()
    assert 0.65 < shares[0] < 0.9
    assert shares[0] > 4 * shares[1] > 8 * shares[2]


def test_sides_are_alike_and_patients_differ(cohort: list[Scores]) -> None:
    left = np.array([sum(s for (c, _, _), s in p.items() if c == "LH") for p in cohort])
    right = np.array([sum(s for (c, _, _), s in p.items() if c == "RH") for p in cohort])
    assert np.corrcoef(np.log1p(left), np.log1p(right))[0, 1] > 0.7
    totals = np.array([sum(p.values()) for p in cohort])
    assert np.percentile(totals, 25) < 10
    assert totals.max() > 100


def test_severity_scales_the_cohort() -> None:
    mild = sum(sum(sample_scores(f"p{n}", 1, severity=0.3).values()) for n in range(20))
    bad = sum(sum(sample_scores(f"p{n}", 1, severity=3.0).values()) for n in range(20))
    assert 0 < mild * 3 < bad


def test_scores_never_fall_from_visit_to_visit(cohort: list[Scores]) -> None:
    visits = [sample_visits(f"UAB{n:03d}", 1, visits=3) for n in range(1, 41)]
    assert [patient[0] for patient in visits] == cohort[:40]
    assert [patient[:2] for patient in visits] == [
        sample_visits(f"UAB{n:03d}", 1, visits=2) for n in range(1, 41)
    ]
    rises = np.array([[sum(scores.values()) for scores in patient] for patient in visits])
    assert (np.diff(rises, axis=1) >= 0).all()
    assert (np.diff(rises, axis=1) > 0).mean() > 0.5
    for first, second, _ in visits:
        assert all(second[site] >= score for site, score in first.items())
        for (limb, _, damage), score in second.items():
            assert score <= MAX_SCORE[LIMBS[limb].body_part, damage]
