"""Tables of new radiographs' scores, of one batch or visit at a time."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, LIMBS, MAX_SCORE, MODELS, BodyPart, Damage
from sharpflow.bundle.manifest import WholeImageModels
from sharpflow.joints.scoring.calibration import SUMS
from sharpflow.joints.scoring.ordinal import score_probabilities
from sharpflow.joints.scoring.scores import radiograph_scores, total_scores
from sharpflow.score.calibration import INTERVAL_COLUMNS, NO_INTERVAL, Calibrator
from sharpflow.score.joints import ScoredJoints
from sharpflow.score.sources import BOTH_HANDS, Source

USE = "Research use only"
_WHO = ["patient", "visit"]
_HIGHEST = {
    damage: max(most for (_, own), most in MAX_SCORE.items() if own is damage) for damage in Damage
}
PROBABILITIES = {
    damage: [f"{damage}_p{score}" for score in range(most + 1)] for damage, most in _HIGHEST.items()
}
SCORE_COLUMNS = [
    *("image", "image_id", *_WHO, "limb", "limb_from", "joint", "state"),
    *("erosion", *PROBABILITIES[Damage.EROSION]),
    *("narrowing", *PROBABILITIES[Damage.NARROWING]),
    *("calibrated", "confidence", *BOX_COLUMNS, "use"),
]
TOTAL_COLUMNS = [
    *("of", "image", "image_id", *_WHO, "limbs", "limb_from", *SUMS),
    *("joints_scored", "joints_expected", "joints_missing"),
    *("whole_image_total", "whole_image_severity", *INTERVAL_COLUMNS, NO_INTERVAL, "use"),
]
REFUSED_COLUMNS = ["image", "reason", "use"]


def score_rows(
    scored: ScoredJoints, sources: Mapping[str, Source], calibrator: Calibrator
) -> pd.DataFrame:
    """scores.csv: each joint of the radiographs in `sources`, which is by image_id.

    Returns:
        SCORE_COLUMNS: state "scored", "not found" or "not scored"; scores; the probability of each
        score, blank where a site cannot have it; whether they are calibrated ("yes" or "no"); the
        box in pixels of the radiograph as it is read.
    """
    joints = scored.joints[scored.joints["image_id"].isin(sources)]
    table = joints.rename(columns={f"{damage}_predicted": damage.value for damage in Damage})
    for damage in Damage:
        shares = _probabilities(scored, damage, calibrator)
        table = table.merge(shares, how="left", on=["image_id", "joint"])
    table["calibrated"] = table["limb"].map(
        {
            code: "yes" if all(map(calibrator.has, _models(limb.body_part))) else "no"
            for code, limb in LIMBS.items()
        }
    )
    return _with_source(_in_radiographs(table, scored), sources).reindex(columns=SCORE_COLUMNS)


def radiograph_totals(
    joints: pd.DataFrame, sources: Mapping[str, Source], calibrator: Calibrator
) -> pd.DataFrame:
    """totals.csv, of radiographs: TOTAL_COLUMNS; sums are blank where a joint is missing.

    Args:
        joints: what `Calibrator.with_moments` returned.
        sources: by image_id.
        calibrator: gives the intervals.
    """
    sums = _named(radiograph_scores(joints).rename(columns={"limb": "limbs"}))
    table = calibrator.sum_intervals(sums, joints, ["image_id"])
    return _as_totals(_with_source(table, sources), "radiograph")


def visit_totals(joints: pd.DataFrame, calibrator: Calibrator) -> pd.DataFrame:
    """totals.csv, of visits: TOTAL_COLUMNS; `joints` has all joints of each, with moments."""
    sums = _named(total_scores(joints))
    return _as_totals(calibrator.sum_intervals(sums, joints, _WHO), "visit")


def whole_image_totals(
    predicted: pd.DataFrame,
    models: WholeImageModels,
    sources: Mapping[str, Source],
    calibrator: Calibrator,
) -> pd.DataFrame:
    """totals.csv, of radiographs of both hands: TOTAL_COLUMNS.

    Args:
        predicted: what `WholeImageScorer.score` returned.
        models: say which of its rows are the study's totals and classes.
        sources: by image_id.
        calibrator: gives the intervals.
    """
    table = predicted[["image_id", *_WHO]].drop_duplicates()
    for name, row in (("total", models.total), ("severity", models.severity)):
        own = predicted[predicted["row"] == row].set_index("image_id")["predicted"]
        table[f"whole_image_{name}"] = table["image_id"].map(own)
    table["whole_image_severity"] = table["whole_image_severity"].astype("Int64")
    table = calibrator.total_intervals(table.assign(limbs=BOTH_HANDS))
    return _as_totals(_with_source(table, sources), "radiograph")


def _named(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.rename(columns={f"{name}_predicted": name for name in SUMS})


def _as_totals(sums: pd.DataFrame, of: str) -> pd.DataFrame:
    return sums.assign(of=of, use=USE).reindex(columns=TOTAL_COLUMNS)


def _models(body_part: BodyPart) -> list[str]:
    return [name for name, (_, own) in MODELS.items() if own is body_part]


def _probabilities(scored: ScoredJoints, damage: Damage, calibrator: Calibrator) -> pd.DataFrame:
    parts = []
    for name, bits in scored.bits.items():
        if name.startswith(f"{damage}-") and len(bits):
            of_bits = bits.drop(columns=["image_id", "joint"]).to_numpy(np.float64)
            shares = score_probabilities(calibrator.bits(name, of_bits))
            columns = PROBABILITIES[damage][: shares.shape[1]]
            parts.append(
                pd.concat(
                    [bits[["image_id", "joint"]], pd.DataFrame(shares, columns=columns)], axis=1
                )
            )
    if not parts:
        return pd.DataFrame(columns=["image_id", "joint", *PROBABILITIES[damage]])
    return pd.concat(parts)


def _in_radiographs(table: pd.DataFrame, scored: ScoredJoints) -> pd.DataFrame:
    """Boxes of standardized images as boxes of the radiographs themselves."""
    placed = scored.radiographs.set_index("image_id")
    scale, left, top = (
        table["image_id"].map(placed[name]) for name in ("scale", "x_offset", "y_offset")
    )
    corners = {}
    for side in ("min", "max"):
        x, y = table[f"x_{side}"], table[f"y_{side}"]
        corners[f"x_{side}"], corners[f"y_{side}"] = (x - left) / scale, (y - top) / scale
    return table.assign(**corners)


def _with_source(table: pd.DataFrame, sources: Mapping[str, Source]) -> pd.DataFrame:
    return table.assign(
        image=[sources[image_id].image for image_id in table["image_id"]],
        limb_from=[sources[image_id].limb_from for image_id in table["image_id"]],
        use=USE,
    )
