"""Tables of new radiographs' scores, of one batch or visit at a time."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, MAX_SCORE, Damage
from sharpflow.bundle.manifest import WholeImageModels
from sharpflow.joints.scoring.ordinal import score_probabilities
from sharpflow.joints.scoring.scores import radiograph_scores, total_scores
from sharpflow.score.joints import ScoredJoints
from sharpflow.score.sources import BOTH_HANDS, Source

USE = "Research use only"
_WHO = ["patient", "visit"]
_SUMS = ["erosion", "narrowing", "total"]
_HIGHEST = {
    damage: max(most for (_, own), most in MAX_SCORE.items() if own is damage) for damage in Damage
}
PROBABILITIES = {
    damage: [f"{damage}_p{score}" for score in range(most + 1)] for damage, most in _HIGHEST.items()
}
SCORE_COLUMNS = [
    *("image", "image_id", *_WHO, "limb", "limb_from", "undone", "joint", "state"),
    *("erosion", *PROBABILITIES[Damage.EROSION]),
    *("narrowing", *PROBABILITIES[Damage.NARROWING]),
    *("confidence", *BOX_COLUMNS, "use"),
]
TOTAL_COLUMNS = [
    *("of", "image", "image_id", *_WHO, "limbs", "limb_from", "undone", *_SUMS),
    *("joints_scored", "joints_expected", "joints_missing"),
    *("whole_image_total", "whole_image_severity", "use"),
]
REFUSED_COLUMNS = ["image", "reason", "use"]


def score_rows(scored: ScoredJoints, sources: Mapping[str, Source]) -> pd.DataFrame:
    """scores.csv: each joint of the radiographs in `sources`, which is by image_id.

    Returns:
        SCORE_COLUMNS: state "scored", "not found" or "not scored"; scores; the probability of each
        score, blank where a site cannot have it; the box in pixels of the radiograph as it is read.
    """
    joints = scored.joints[scored.joints["image_id"].isin(sources)]
    table = joints.rename(columns={f"{damage}_predicted": damage.value for damage in Damage})
    for damage in Damage:
        table = table.merge(_probabilities(scored, damage), how="left", on=["image_id", "joint"])
    table = _in_files(_in_radiographs(table, scored), sources)
    return _with_source(table, sources).reindex(columns=SCORE_COLUMNS)


def radiograph_totals(joints: pd.DataFrame, sources: Mapping[str, Source]) -> pd.DataFrame:
    """totals.csv, of radiographs: TOTAL_COLUMNS; sums are blank where a joint is missing.

    Args:
        joints: rows of `ScoredJoints.joints`.
        sources: by image_id.
    """
    sums = radiograph_scores(joints).rename(columns={"limb": "limbs"})
    return _as_totals(_with_source(sums, sources), "radiograph")


def visit_totals(joints: pd.DataFrame) -> pd.DataFrame:
    """totals.csv, of visits: TOTAL_COLUMNS; `joints` has all joints of each."""
    return _as_totals(total_scores(joints), "visit")


def whole_image_totals(
    predicted: pd.DataFrame, models: WholeImageModels, sources: Mapping[str, Source]
) -> pd.DataFrame:
    """totals.csv, of radiographs of both hands: TOTAL_COLUMNS.

    Args:
        predicted: what `WholeImageScorer.score` returned.
        models: say which of its rows are the study's totals and classes.
        sources: by image_id.
    """
    table = predicted[["image_id", *_WHO]].drop_duplicates()
    for name, row in (("total", models.total), ("severity", models.severity)):
        own = predicted[predicted["row"] == row].set_index("image_id")["predicted"]
        table[f"whole_image_{name}"] = table["image_id"].map(own)
    table["whole_image_severity"] = table["whole_image_severity"].astype("Int64")
    table = _with_source(table.assign(limbs=BOTH_HANDS), sources)
    return table.assign(of="radiograph", use=USE).reindex(columns=TOTAL_COLUMNS)


def _as_totals(sums: pd.DataFrame, of: str) -> pd.DataFrame:
    named = sums.rename(columns={f"{name}_predicted": name for name in _SUMS})
    return named.assign(of=of, use=USE).reindex(columns=TOTAL_COLUMNS)


def _probabilities(scored: ScoredJoints, damage: Damage) -> pd.DataFrame:
    parts = []
    for name, bits in scored.bits.items():
        if name.startswith(f"{damage}-") and len(bits):
            of_bits = bits.drop(columns=["image_id", "joint"]).to_numpy(np.float64)
            shares = score_probabilities(of_bits)
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
    """Boxes of standardized images as boxes of the radiographs, as they were scored."""
    placed = scored.radiographs.set_index("image_id")
    scale, left, top = (
        table["image_id"].map(placed[name]) for name in ("scale", "x_offset", "y_offset")
    )
    corners = {}
    for side in ("min", "max"):
        x, y = table[f"x_{side}"], table[f"y_{side}"]
        corners[f"x_{side}"], corners[f"y_{side}"] = (x - left) / scale, (y - top) / scale
    return table.assign(**corners)


def _in_files(table: pd.DataFrame, sources: Mapping[str, Source]) -> pd.DataFrame:
    """Boxes of radiographs that were turned or cut as boxes of their files."""
    parts = []
    for image_id, rows in table.groupby("image_id", sort=False):
        if correction := sources[str(image_id)].correction:
            rows = rows.assign(  # noqa: PLW2901
                **dict(
                    zip(
                        BOX_COLUMNS,
                        correction.to_file(rows[BOX_COLUMNS].to_numpy(float)).T,
                        strict=True,
                    )
                )
            )
        parts.append(rows)
    return pd.concat(parts) if parts else table


def _with_source(table: pd.DataFrame, sources: Mapping[str, Source]) -> pd.DataFrame:
    return table.assign(
        image=[sources[image_id].image for image_id in table["image_id"]],
        limb_from=[sources[image_id].limb_from for image_id in table["image_id"]],
        undone=[str(sources[image_id].correction or "") for image_id in table["image_id"]],
        use=USE,
    )
