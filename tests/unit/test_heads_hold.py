"""Heads whose scores hold: neither rounding nor the seed decides what Table 1 says.

The features are those of the demo's joints (phantom), kept by `tests/data/keep_joint_features.py`;
the settings are the demo's. Each head is trained anew: those of erosion here, those of narrowing by
`pytest -m slow tests/unit/test_heads_hold.py`.
"""

import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.metrics import balanced_accuracy_score

from sharpflow.anatomy import MODELS, Damage, n_classes
from sharpflow.cohorts.splits import SPLITS
from sharpflow.evaluation.metrics import constant_guess
from sharpflow.seeds import replicate_seed, seed_for

ROOT = Path(__file__).parents[2]
SEEDS = 5
ROUNDINGS = [1 + place * 1e-7 for place in (1, 2, 3)]
MOST_CHANGED = 0.05
MOST_SD = {"hand": 0.04, "foot": 0.08}

Training = tuple[str, int, float]  # a model, a seed, and what its features are multiplied by


@dataclass(frozen=True)
class Trained:
    """A model's heads: the scores of the test joints by each, by seed and factor."""

    model: str
    scores: Mapping[tuple[int, float], np.ndarray]

    def accuracies(self) -> list[float]:
        """Of each seed."""
        return [accuracy(self.model, self.scores[seed, 1.0]) for seed in range(1, SEEDS + 1)]


def joints(model: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Features and scores of each split."""
    damage, body_part = MODELS[model]
    with np.load(ROOT / "tests/data/joint_features.npz") as kept:
        features = kept[f"{body_part}_features"].astype(np.float32)
        scores, split = (kept[f"{body_part}_{name}"].astype(int) for name in (damage, "split"))
    rows = {name: (split == number) & (scores >= 0) for number, name in enumerate(SPLITS)}
    return {name: (features[chosen], scores[chosen]) for name, chosen in rows.items()}


def predicted(training: Training) -> np.ndarray:
    """Scores of the test joints by a head that is trained here."""
    from sharpflow.joints.scoring.head_training import HeadSettings, predict_scores, train_head

    model, seed, factor = training
    config = yaml.safe_load((ROOT / "config.yaml").read_text())["heads"]
    config |= yaml.safe_load((ROOT / "profiles/demo/study.yaml").read_text())["heads"]
    parts = {
        name: (features * np.float32(factor), scores)
        for name, (features, scores) in joints(model).items()
    }
    head, _, _ = train_head(
        *parts["train"],
        *parts["validation"],
        classes=n_classes(*reversed(MODELS[model])),
        seed=replicate_seed(seed_for(42, "head", model), seed),
        settings=HeadSettings(**config),
    )
    return predict_scores(head, parts["test"][0])


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(model, marks=pytest.mark.slow if damage is Damage.NARROWING else ())
        for model, (damage, _) in MODELS.items()
    ],
)
def trained(request: pytest.FixtureRequest) -> Trained:
    """A model's trainings, side by side: a head takes one core some ten seconds."""
    heads = [(seed, 1.0) for seed in range(1, SEEDS + 1)] + [(1, factor) for factor in ROUNDINGS]
    trainings = [(request.param, *head) for head in heads]
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        return Trained(request.param, dict(zip(heads, pool.map(predicted, trainings), strict=True)))


def accuracy(model: str, scores: np.ndarray) -> float:
    return balanced_accuracy_score(joints(model)["test"][1], scores)


def test_rounding_changes_few_scores(trained: Trained) -> None:
    first = trained.scores[1, 1.0]
    changed = [np.mean(trained.scores[1, factor] != first) for factor in ROUNDINGS]
    assert np.mean(changed) < MOST_CHANGED


def test_rounding_does_not_decide(trained: Trained) -> None:
    if trained.model == "narrowing-foot":
        pytest.xfail("a test joint of the rarest scores is 3.3 points, and three are undecided")
    moves = [
        abs(accuracy(trained.model, trained.scores[1, factor]) - trained.accuracies()[0])
        for factor in ROUNDINGS
    ]
    assert np.median(moves) < 0.03


def test_the_seed_does_not_decide(trained: Trained) -> None:
    _, body_part = MODELS[trained.model]
    assert np.std(trained.accuracies(), ddof=1) <= MOST_SD[body_part]


def test_every_seed_beats_the_best_constant(trained: Trained) -> None:
    classes = n_classes(*reversed(MODELS[trained.model]))
    truth = joints(trained.model)["test"][1]
    assert min(trained.accuracies()) > constant_guess(truth, classes)
