"""The population of patients from which interval_coverage.py samples its cohorts."""

import numpy as np
from scipy.special import expit, logit

from sharpflow.anatomy import MODELS, BodyPart, scored_joints
from sharpflow.phantom.cohorts.whole_images import SEVERITY
from sharpflow.phantom.damage.severity import sample_scores

Array = np.ndarray
SEED = 1


def make_population(patients: int) -> tuple[dict[str, Array], Array]:
    """True scores of each model's joints, (patients, joints), and totals of both hands."""
    scores: dict[str, list[list[int]]] = {model: [] for model in MODELS}
    totals = []
    for patient in range(patients):
        sampled = sample_scores(f"{patient}", SEED)
        for model, (damage, body_part) in MODELS.items():
            names = {joint.name for joint in scored_joints(body_part, damage)}
            limbs = ("LH", "RH") if body_part is BodyPart.HAND else ("LF", "RF")
            scores[model].append(
                [
                    score
                    for (limb, joint, what), score in sampled.items()
                    if limb in limbs and joint in names and what is damage
                ]
            )
        severe = sample_scores(f"{patient}", SEED, severity=SEVERITY)
        totals.append(sum(score for (limb, _, _), score in severe.items() if limb[1] == "H"))
    return {model: np.array(rows) for model, rows in scores.items()}, np.array(totals, float)


def predict_joints(true: Array, classes: int, rng: np.random.Generator) -> Array:
    """Scores as a head predicts them: high ones too low, errors by patient (SD 0.25) and joint."""
    patient = rng.normal(0, 0.25, (len(true), 1))
    joint = rng.normal(0, 1, true.shape) * (0.35 + 0.12 * true)
    return np.clip(np.round(0.95 * true + patient + joint), 0, classes - 1).astype(int)


def predict_totals(
    true: Array, errors: Array, slope: float, spread: tuple[float, float], rng: np.random.Generator
) -> Array:
    """Totals with errors of t with 5 degrees of freedom, half of them (`errors`) shared.

    Their SD grows from spread[0] by spread[1] a point. RMSE is 1.5 times MAE, as between the two
    readers of Bo et al., section 2.1 (18.75 and 12.24).
    """
    error = np.sqrt(0.5) * (errors + rng.standard_t(5, len(true)))
    return np.clip(5 + slope * true + (spread[0] + spread[1] * true) * error, 0, 280)


def confusions(true: Array, predicted: Array, classes: int) -> Array:
    """(patients, classes, classes) from (patients, joints)."""
    counts = np.zeros((len(true), classes, classes))
    rows = np.repeat(np.arange(len(true)), true.shape[1])
    np.add.at(counts, (rows, true.ravel(), predicted.ravel()), 1)
    return counts


def missed_joints(
    patients: int, radiograph: float, joint: float, hard: float, rng: np.random.Generator
) -> Array:
    """Right and all of a patient's 20 joints on two radiographs; some radiographs fail entirely."""
    is_hard = rng.random((patients, 1)) < hard
    fails = rng.random((patients, 2)) < np.where(is_hard, 0.3, radiograph)
    missed = rng.binomial(10, np.where(is_hard, 0.1, joint) * np.ones((patients, 2)))
    missed = np.where(fails, rng.integers(3, 11, (patients, 2)), missed)
    return np.stack([20 - missed.sum(axis=1), np.full(patients, 20)], axis=1).astype(float)


def overlaps(patients: int, rng: np.random.Generator) -> Array:
    """Dice of a patient's two radiographs: 0.98 for most, 0.4 to 0.9 for one in twenty."""
    noise = rng.normal(0, 0.25, (patients, 1)) + rng.normal(0, 0.4, (patients, 2))
    good = expit(logit(0.98) + noise)
    bad = rng.random((patients, 2)) < 0.05
    return np.where(bad, rng.uniform(0.4, 0.9, (patients, 2)), good)
