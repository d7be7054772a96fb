"""Heads whose scores hold: neither rounding nor the seed decides what Table 1 says.

The features are those of the demo's joints (phantom), kept by `tests/data/keep_joint_features.py`;
the settings are the demo's. Each head is trained anew.
"""

import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml
from sklearn.metrics import balanced_accuracy_score

from sharpflow.anatomy import MODELS, n_classes
from sharpflow.cohorts.splits import SPLITS
from sharpflow.evaluation.metrics import constant_guess
from sharpflow.seeds import replicate_seed, seed_for

ROOT = Path(__file__).parents[2]
SEEDS = 5
ROUNDINGS = [1 + place * 1e-7 for place in (1, 2, 3)]
MOST_CHANGED = 0.05
MOST_SD = {"hand": 0.04, "foot": 0.08}

Training = tuple[str, int, float]  # a model, a seed, and what its features are multiplied by
Predictions = Mapping[Training, np.ndarray]  # the scores of the test joints


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
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
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


@pytest.fixture(scope="module")
def predictions() -> Predictions:
    """All trainings, side by side: a head takes one core some ten seconds."""
    seeds = [(model, seed, 1.0) for model in MODELS for seed in range(1, SEEDS + 1)]
    trainings = [*seeds, *((model, 1, factor) for model in MODELS for factor in ROUNDINGS)]
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        return dict(zip(trainings, pool.map(predicted, trainings), strict=True))


def accuracy(model: str, scores: np.ndarray) -> float:
    return balanced_accuracy_score(joints(model)["test"][1], scores)


def of_seeds(model: str, predictions: Predictions) -> list[float]:
    return [accuracy(model, predictions[model, seed, 1.0]) for seed in range(1, SEEDS + 1)]


@pytest.mark.parametrize("model", MODELS)
def test_rounding_changes_few_scores(model: str, predictions: Predictions) -> None:
    first = predictions[model, 1, 1.0]
    changed = [np.mean(predictions[model, 1, factor] != first) for factor in ROUNDINGS]
    assert np.mean(changed) < MOST_CHANGED


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(
            model,
            marks=pytest.mark.xfail(
                model == "narrowing-foot",
                reason="a test joint of the rarest scores is 3.3 points, and three are undecided",
                strict=False,
            ),
        )
        for model in MODELS
    ],
)
def test_rounding_does_not_decide(model: str, predictions: Predictions) -> None:
    moves = [
        abs(accuracy(model, predictions[model, 1, factor]) - of_seeds(model, predictions)[0])
        for factor in ROUNDINGS
    ]
    assert np.median(moves) < 0.03


@pytest.mark.parametrize("model", MODELS)
def test_the_seed_does_not_decide(model: str, predictions: Predictions) -> None:
    assert np.std(of_seeds(model, predictions), ddof=1) <= MOST_SD[MODELS[model][1]]


@pytest.mark.parametrize("model", MODELS)
def test_every_seed_beats_the_best_constant(model: str, predictions: Predictions) -> None:
    classes = n_classes(*reversed(MODELS[model]))
    assert min(of_seeds(model, predictions)) > constant_guess(joints(model)["test"][1], classes)
