"""Folds of patients, and predictions of those whom a head did not learn from."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sharpflow.joints.scoring import out_of_fold
from sharpflow.joints.scoring.head_training import HeadSettings
from sharpflow.joints.scoring.heads import ScoredJoints
from sharpflow.joints.scoring.out_of_fold import deal_patients, predict_out_of_fold

SETTINGS = HeadSettings(
    epochs=1, batch=8, learning_rate=1e-3, keep="last", averaged_share=0.0, dropout=0.0
)


def rows(train: int, validation: int, test: int = 0) -> pd.DataFrame:
    """Three joints of each patient, whose number is the patient's."""
    splits = ["train"] * train + ["validation"] * validation + ["test"] * test
    joints = [
        (f"P{n}-LH", f"P{n}", "1", "LH", joint, split)
        for n, split in enumerate(splits)
        for joint in ("PIP2", "PIP3", "PIP4")
    ]
    columns = ["image_id", "patient", "visit", "limb", "joint", "split"]
    return pd.DataFrame(joints, columns=columns)


@pytest.mark.parametrize(
    ("train", "validation", "folds"), [(47, 9, 5), (20, 2, 5), (2, 9, 5), (2, 2, 4)]
)
def test_each_fold_leaves_patients_of_both_splits(train: int, validation: int, folds: int) -> None:
    table = rows(train, validation)
    dealt = deal_patients(table, 5, seed=7)
    assert set(dealt) == set(table["patient"])
    assert set(dealt.values()) == set(range(folds))
    sizes = np.bincount(list(dealt.values()))
    assert sizes.max() - sizes.min() <= 1
    for fold in range(folds):
        left = table[table["patient"].map(dealt) != fold]
        assert set(left["split"]) == {"train", "validation"}
    assert dealt == deal_patients(table.sample(frac=1, random_state=0), 5, seed=7)
    assert dealt != deal_patients(table, 5, seed=8)


@pytest.mark.parametrize(("train", "validation"), [(20, 1), (1, 20), (5, 0)])
def test_no_folds_of_too_few_patients(train: int, validation: int) -> None:
    assert deal_patients(rows(train, validation), 5, seed=7) == {}


class Head:
    """Says of a joint how many joints of its patient it learned from, in hundredths."""

    def __init__(self, seen: Any) -> None:
        self.seen = seen

    def predict(self, features: Any, batch_size: int, verbose: int) -> Any:
        known = (features[:, :1] == self.seen).sum(axis=1)
        return np.repeat(known[:, None] / 100, 5, axis=1)


def test_nobody_is_predicted_by_a_head_that_saw_him(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []

    def train_head(x: Any, y: Any, held_x: Any, held_y: Any, **given: Any) -> Any:
        trained.append((given["seed"], given["checkpoints"], len(x), len(held_x)))
        assert given["classes"] == 5
        return Head(np.concatenate([x[:, 0], held_x[:, 0]])), None, None

    monkeypatch.setattr(out_of_fold, "train_head", train_head)
    table = rows(12, 4, 5)
    numbers = table["patient"].str[1:].astype(float).to_numpy()
    features = np.repeat(numbers[:, None], 512, axis=1).astype(np.float32)
    joints = ScoredJoints(table, features, np.arange(len(table)) % 5)
    found = predict_out_of_fold(
        joints,
        name="narrowing-hand",
        settings=SETTINGS,
        folds=4,
        seed=1,
        checkpoints=tmp_path,
    )
    assert list(found.columns) == [
        *("image_id", "patient", "visit", "limb", "joint", "true"),
        *("bit_1", "bit_2", "bit_3", "bit_4"),
    ]
    key = ["patient", "joint"]
    learned = table[table["split"] != "test"].assign(true=np.arange(48) % 5)
    both = found.merge(learned, on=key, suffixes=("", "_expected"))
    assert len(both) == len(found) == 48
    assert (both["true"] == both["true_expected"]).all()
    assert (found[["bit_1", "bit_4"]] == 0).all(axis=None)
    assert [counts for *_, x, y in trained for counts in [(x, y)]] == [(27, 9)] * 4
    assert len({seed for seed, *_ in trained}) == len({folder for _, folder, *_ in trained}) == 4


def test_too_few_patients_have_an_empty_table(tmp_path: Path) -> None:
    table = rows(5, 1)
    joints = ScoredJoints(table, np.zeros((18, 512), np.float32), np.zeros(18, np.int64))
    found = predict_out_of_fold(
        joints, name="erosion-hand", settings=SETTINGS, folds=5, seed=1, checkpoints=tmp_path
    )
    assert len(found) == 0
    assert list(found.columns)[-2:] == ["bit_4", "bit_5"]
