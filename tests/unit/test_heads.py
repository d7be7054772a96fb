"""The joints that a head learns from, and its trainings with several seeds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import Damage
from sharpflow.errors import UserError
from sharpflow.joints.scoring.head_training import HeadSettings
from sharpflow.joints.scoring.heads import ScoredJoints, join_scores, train_heads

SETTINGS = HeadSettings(
    epochs=2, batch=4, learning_rate=1e-3, keep="last", averaged_share=0.5, dropout=0.5, seeds=3
)
SPLITS = ["train"] * 12 + ["validation"] * 5 + ["test"] * 3


def joints() -> ScoredJoints:
    generator = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"image_id": "a-LH", "patient": "a", "limb": "LH", "joint": "MCP1", "split": SPLITS}
    )
    features = generator.normal(size=(20, 512)).astype(np.float32)
    return ScoredJoints(rows, features, generator.integers(0, 6, 20))


def test_crops_are_joined_with_the_scores_of_one_damage() -> None:
    crops = pd.DataFrame(
        {
            "image_id": ["a-LH", "a-LH", "b-LH"],
            "patient": ["a", "a", "b"],
            "limb": "LH",
            "joint": ["IP", "MCP1", "IP"],
            "split": ["train", "train", "test"],
            "source": "labelled",
        }
    )
    scores = pd.DataFrame(
        {
            "patient": ["b", "a", "a"],
            "limb": "LH",
            "joint": ["IP", "IP", "MCP1"],
            "damage": ["erosion", "erosion", "narrowing"],
            "score": [4, 2, 1],
        }
    )
    features = np.arange(3 * 512, dtype=np.float32).reshape(3, 512)
    eroded = join_scores(crops, features, scores, Damage.EROSION)
    assert eroded.rows["image_id"].tolist() == ["a-LH", "b-LH"]  # MCP1 has no such score
    assert eroded.scores.tolist() == [2, 4]
    np.testing.assert_array_equal(eroded.features, features[[0, 2]])
    found, true = eroded.of_split("test")
    assert true.tolist() == [4]
    np.testing.assert_array_equal(found, features[[2]])


def test_every_joint_is_scored_by_the_heads_of_all_seeds(tmp_path: Path) -> None:
    asked: list[None] = []
    heads = train_heads(
        joints(),
        name="erosion-hand",
        settings=SETTINGS,
        seed=1,
        checkpoints=tmp_path,
        seconds_left=lambda: asked.append(None),
    )
    assert len(asked) == SETTINGS.seeds
    assert heads.predictions["split"].tolist() == SPLITS
    predicted = ["predicted", "predicted_seed_2", "predicted_seed_3"]
    assert heads.predictions.columns[-4:].tolist() == ["true", *predicted]
    assert heads.predictions[predicted].isin(range(6)).all(axis=None)
    assert heads.history["epoch"].tolist() == [1, 2]
    assert heads.model.output_shape == (None, 6)
    assert {path.name for path in tmp_path.iterdir()} == {"seed-1", "seed-2", "seed-3"}
    first, _, _ = (heads.predictions[name] for name in predicted)
    again = train_heads(
        joints(), name="erosion-hand", settings=SETTINGS, seed=1, checkpoints=tmp_path / "again"
    )
    pd.testing.assert_series_equal(first, again.predictions["predicted"])


def test_joints_that_nobody_can_validate_on_are_told_in_words(tmp_path: Path) -> None:
    every = joints()
    kept = (every.rows["split"] != "validation").to_numpy()
    few = ScoredJoints(every.rows[kept], every.features[kept], every.scores[kept])
    with pytest.raises(UserError, match=r"erosion-hand: no joint of the validation patients"):
        train_heads(few, name="erosion-hand", settings=SETTINGS, seed=1, checkpoints=tmp_path)
