"""Predictions of joints by heads that did not learn from their patients.

Heads fit the patients that they learned from too well to tell how sure they may be of others. So
each is trained anew on folds of patients; the features of the joints are kept, so it is cheap.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from sharpflow.anatomy import MODELS, n_classes
from sharpflow.joints.scoring.calibration import bit_columns
from sharpflow.joints.scoring.head_training import HeadSettings, train_head
from sharpflow.joints.scoring.heads import ScoredJoints
from sharpflow.seeds import seed_for

LEARNED = ("train", "validation")


def predict_out_of_fold(
    joints: ScoredJoints,
    *,
    name: str,
    settings: HeadSettings,
    folds: int,
    seed: int,
    checkpoints: Path,
    seconds_left: Callable[[], float | None] = lambda: None,
) -> pd.DataFrame:
    """Predict the training and validation joints, each by a head that did not see its patient.

    The head of a fold is trained as the study's own is: on the training patients of the other
    folds, validated on their validation patients.

    Args:
        joints: of all splits; those of other splits are left out.
        name: of `anatomy.MODELS`, for example "erosion-hand".
        settings: of each training; one seed is trained.
        folds: of patients.
        seed: the study's.
        checkpoints: folder of these joints, settings, folds and seed alone.
        seconds_left: until the job ends; None: no limit.

    Returns:
        image_id, patient, visit, limb, joint, true and the ordinal bits bit_1, bit_2, ...: the
        probability of a score of so many or more. No rows where a fold would leave nobody to train
        or to validate on.

    Raises:
        OutOfTime: the next epoch would not fit into the time.
    """
    damage, body_part = MODELS[name]
    classes = n_classes(body_part, damage)
    learned = _where(joints, joints.rows["split"].isin(LEARNED))
    fold = learned.rows["patient"].map(deal_patients(learned.rows, folds, seed))
    parts = []
    for number in sorted(fold.dropna().unique()):
        seen, held = _where(learned, fold != number), _where(learned, fold == number)
        head, _, _ = train_head(
            *seen.of_split("train"),
            *seen.of_split("validation"),
            classes=classes,
            settings=settings,
            seed=seed_for(seed, "head", name, "fold", int(number)),
            validates=False,  # nobody looks at a fold's history
            checkpoints=checkpoints / f"fold-{number:.0f}",
            time_budget=seconds_left(),
        )
        bits = np.asarray(head.predict(held.features, batch_size=1024, verbose=0))[:, 1:]
        parts.append(
            held.rows.drop(columns="split").assign(
                true=held.scores, **dict(zip(bit_columns(classes), bits.T, strict=True))
            )
        )
    empty = learned.rows.iloc[:0].drop(columns="split")
    columns = [*empty.columns, "true", *bit_columns(classes)]
    return pd.concat(parts or [empty.reindex(columns=columns)], ignore_index=True)


def deal_patients(rows: pd.DataFrame, folds: int, seed: int) -> dict[str, int]:
    """Patient -> fold, from 0.

    Args:
        rows: patient and split ("train" or "validation") of each joint. A patient has joints of
            both where joints were split.
        folds: at least 2.
        seed: decides whose fold is which.

    Returns:
        All patients; none where a fold would leave nobody to train or to validate on.
    """
    generator = np.random.default_rng(seed_for(seed, "folds"))
    patients = generator.permutation(np.sort(rows["patient"].unique()))
    validates = np.isin(patients, rows.loc[rows["split"] == "validation", "patient"])
    order = np.concatenate([patients[validates], patients[~validates]])  # spread over the folds
    dealt = {str(patient): place % folds for place, patient in enumerate(order)}
    fold = rows["patient"].map(dealt)
    left = [set(rows.loc[fold != one, "split"]) for one in set(dealt.values())]
    return dealt if all(splits == set(LEARNED) for splits in left) else {}


def _where(joints: ScoredJoints, chosen: "pd.Series[bool]") -> ScoredJoints:
    kept = chosen.to_numpy()
    rows = joints.rows[kept].reset_index(drop=True)
    return ScoredJoints(rows, joints.features[kept], joints.scores[kept])
