"""One of the four models of Tan et al., Table 1: its joints, its trainings, its predictions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import MODELS, Damage, n_classes
from sharpflow.errors import UserError
from sharpflow.joints.scoring.choose_crops import scored_crops
from sharpflow.joints.scoring.head_training import (
    Features,
    HeadSettings,
    predict_scores,
    train_head,
)
from sharpflow.seeds import replicate_seed, seed_for

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class ScoredJoints:
    """Cropped joints that have a score of one damage.

    Attributes:
        rows: image_id, patient, visit, limb, joint, split of each joint.
        features: theirs, (n, 512).
        scores: theirs, (n,).
    """

    rows: pd.DataFrame
    features: Features
    scores: npt.NDArray[np.int64]

    def of_split(self, split: str) -> tuple[Features, npt.NDArray[np.int64]]:
        """Features and scores of the joints of one split."""
        chosen = (self.rows["split"] == split).to_numpy()
        return self.features[chosen], self.scores[chosen]


@dataclass(frozen=True)
class TrainedHeads:
    """The head of the first seed, and what the heads of all seeds predict.

    Attributes:
        model: the first seed's.
        history: of its training, a row an epoch.
        metrics: of its validation joints.
        predictions: image_id, patient, visit, limb, joint, split, true, predicted (by the first
            seed), predicted_seed_2 and so on.
    """

    model: "keras.Model"
    history: pd.DataFrame
    metrics: dict[str, float]
    predictions: pd.DataFrame


def join_scores(
    crops: pd.DataFrame, features: Features, scores: pd.DataFrame, damage: Damage
) -> ScoredJoints:
    """Choose the crops whose joint has a score of one damage.

    Args:
        crops: image_id, patient, visit, limb, joint, split of each crop.
        features: of all crops, (crops, 512), in their order.
        scores: patient, visit, limb, joint, damage, score.
        damage: which damage.
    """
    joints = scored_crops(crops, scores, damage)
    return ScoredJoints(
        joints[["image_id", "patient", "visit", "limb", "joint", "split"]],
        features[joints["row"].to_numpy()],
        joints["score"].to_numpy(),
    )


def train_heads(
    joints: ScoredJoints,
    *,
    name: str,
    settings: HeadSettings,
    seed: int,
    checkpoints: Path,
    seconds_left: Callable[[], float | None] = lambda: None,
) -> TrainedHeads:
    """Train one head with each seed, and score every joint with all of them.

    Args:
        joints: of all splits.
        name: of `anatomy.MODELS`, for example "erosion-hand".
        settings: of each training, and how many there are.
        seed: the study's.
        checkpoints: folder of these joints, settings and seed alone.
        seconds_left: until the job ends; None: no limit.

    Raises:
        UserError: there is nothing to train or to validate on.
        OutOfTime: the next epoch would not fit into the time.
    """
    damage, body_part = MODELS[name]
    for split in ("train", "validation"):
        if split not in set(joints.rows["split"]):
            raise UserError(
                f"{name}: no joint of the {split} patients was found and has a score of {damage}; "
                f"expected at least one. Look at detection/{body_part}/joints.csv: where the "
                "detector found too little, train it longer (detector: max_batches), box "
                "radiographs of your own, or lower detector: confidence. Else look at the scores."
            )

    def train(number: int) -> tuple["keras.Model", pd.DataFrame, dict[str, float]]:
        """The training with one seed, counted from 1."""
        return train_head(
            *joints.of_split("train"),
            *joints.of_split("validation"),
            classes=n_classes(body_part, damage),
            settings=settings,
            seed=replicate_seed(seed_for(seed, "head", name), number),
            validates=number == 1,  # of the others nobody reads the history
            checkpoints=checkpoints / f"seed-{number}",
            time_budget=seconds_left(),
        )

    model, history, metrics = train(1)
    predictions = joints.rows.assign(
        true=joints.scores, predicted=predict_scores(model, joints.features)
    )
    for number in range(2, settings.seeds + 1):
        head, _, _ = train(number)
        predictions[f"predicted_seed_{number}"] = predict_scores(head, joints.features)
    return TrainedHeads(model, history, metrics, predictions)
