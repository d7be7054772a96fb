"""Tables of new radiographs' scores, of one batch or visit at a time."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, LIMBS, MAX_SCORE, MODELS, BodyPart, Damage
from sharpflow.bundle.manifest import FingerLine, JointModels, WholeImageModels
from sharpflow.evaluation.compared_patients import HANDS
from sharpflow.joints.scoring.calibration import SUMS
from sharpflow.joints.scoring.ordinal import score_probabilities
from sharpflow.joints.scoring.scores import SCORED, radiograph_scores, total_scores
from sharpflow.reporting.names import in_order
from sharpflow.score.calibration import (
    INTERVAL_COLUMNS,
    NO_INTERVAL,
    WHOLE_INTERVAL,
    Calibrator,
)
from sharpflow.score.correction import CUT_OUT, are_cut_out
from sharpflow.score.joints import ScoredJoints
from sharpflow.score.known import BOTH_HANDS, CODES
from sharpflow.score.sources import Source
from sharpflow.score.trust import doubts

USE = "Research use only"
CUT_HANDS = f"hands {CUT_OUT}: calibrated for radiographs of one limb"
_WHO = ["patient", "visit"]
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
    *("calibrated", "confidence", *BOX_COLUMNS, "trust", "doubt", "use"),
]
TOTAL_COLUMNS = [
    *("of", "image", "image_id", *_WHO, "limbs", "limb_from", "undone", *SUMS),
    *("joints_scored", "joints_expected", "joints_missing", "joints_doubted"),
    *("whole_image_total", "whole_image_severity", "hands_total", "pipelines_differ_by"),
    *("radiographs_refused", *INTERVAL_COLUMNS, NO_INTERVAL, "use"),
]
_WHOLE_NUMBERS = [
    *(*SUMS, "joints_scored", "joints_expected", "joints_missing", "joints_doubted"),
    *("whole_image_severity", "hands_total", "radiographs_refused"),
]
REFUSED_COLUMNS = ["image", "reason", "use"]


def score_rows(
    scored: ScoredJoints,
    sources: Mapping[str, Source],
    models: JointModels,
    calibrator: Calibrator,
) -> pd.DataFrame:
    """scores.csv: each joint of the radiographs in `sources`, which is by image_id.

    Returns:
        SCORE_COLUMNS: state "scored", "not found" or "not scored"; scores; the probability of each
        score, blank where a site cannot have it; whether they are calibrated ("yes" or "no"); the
        box in pixels of the radiograph as it is read; trust "yes" or "no", and the doubt, see
        `trust.doubts`, which takes `models`.
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
    doubt = doubts(table, scored, models)
    table = table.assign(doubt=doubt, trust=np.where(doubt == "", "yes", "no"))
    table = _in_files(_in_radiographs(table, scored), sources)
    return _with_source(table, sources).reindex(columns=SCORE_COLUMNS)


def radiograph_totals(
    joints: pd.DataFrame,
    rows: pd.DataFrame,
    sources: Mapping[str, Source],
    calibrator: Calibrator,
) -> pd.DataFrame:
    """totals.csv, of radiographs: TOTAL_COLUMNS; sums are blank where a joint is missing.

    Args:
        joints: what `Calibrator.with_moments` returned.
        rows: of the same joints, what `score_rows` returned.
        sources: by image_id.
        calibrator: gives the intervals.
    """
    sums = _named(radiograph_scores(joints).rename(columns={"limb": "limbs"}))
    sums = _with_source(calibrator.sum_intervals(sums, joints, ["image_id"]), sources)
    sums = _without_intervals(sums, are_cut_out(sums["undone"]))
    doubted = sums["image_id"].map(_doubted(rows, "image_id"))
    return _as_totals(sums.assign(joints_doubted=doubted), "radiograph")


def visit_totals(
    patient: str,
    joints: pd.DataFrame,
    rows: pd.DataFrame,
    radiographs: pd.DataFrame,
    *,
    refused: Mapping[str, int],
    line: FingerLine | None,
    calibrator: Calibrator,
) -> pd.DataFrame:
    """totals.csv, of one patient's visits, by their natural order.

    Args:
        patient: whose visits.
        joints: all joints of the patient, as `Calibrator.with_moments` returned them.
        rows: of the same joints, what `score_rows` returned.
        radiographs: the patient's rows of totals.csv.
        refused: visit -> radiographs of it that were refused.
        line: from sums of fingers to totals, where the bundle has it.
        calibrator: gives the intervals.

    Returns:
        TOTAL_COLUMNS: the sums over the joints of all radiographs of a limb; what the whole-image
        pipeline says of the radiograph of both hands; hands_total, the sum of both hands' joints;
        pipelines_differ_by, the whole-image total less hands_total as a total by the line.
    """
    sums = pd.DataFrame()
    if len(joints):
        sums = calibrator.sum_intervals(_named(total_scores(joints)), joints, _WHO)
        cut = radiographs["visit"][are_cut_out(radiographs["undone"])]
        sums = _without_intervals(sums, sums["visit"].isin(cut))
        sums = sums.set_index("visit")
    visits = sorted({*radiographs["visit"], *refused}, key=in_order)
    table = sums.reindex(visits).rename_axis("visit").reset_index()
    table = table.assign(
        patient=patient,
        joints_doubted=table["visit"].map(_doubted(rows, "visit")) if len(rows) else None,
        radiographs_refused=[refused.get(visit, 0) for visit in visits],
    )
    both = radiographs[radiographs["limbs"] == BOTH_HANDS].set_index("visit")
    for name in ("whole_image_total", "whole_image_severity", *WHOLE_INTERVAL):
        table[name] = table["visit"].map(both[name])
    table[NO_INTERVAL] = _both_reasons(table, table["visit"].map(both[NO_INTERVAL]))
    own = radiographs.groupby("visit")["limbs"].agg(set)
    table["limbs"] = [
        " ".join(code for code in CODES if code in own.get(visit, ())) for visit in visits
    ]
    table["hands_total"] = table["visit"].map(_hands_totals(radiographs))
    table["pipelines_differ_by"] = _differ_by(table, line)
    return _as_totals(table, "visit")


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
    table = calibrator.total_intervals(table.assign(limbs=BOTH_HANDS))
    return _as_totals(_with_source(table, sources), "radiograph")


def _without_intervals(sums: pd.DataFrame, cut: "pd.Series[bool]") -> pd.DataFrame:
    """Sums without the intervals of those with hands that were cut out of both hands."""
    bounds = [f"{name}_{side}" for name in SUMS for side in ("low", "high")]
    blank = {name: sums[name].mask(cut) for name in bounds if name in sums}
    return sums.assign(**blank, **{NO_INTERVAL: sums[NO_INTERVAL].mask(cut, CUT_HANDS)})


def _both_reasons(visits: pd.DataFrame, of_both_hands: "pd.Series[Any]") -> list[str | None]:
    """Why sums of joints, and the whole-image total, have no intervals, in one column."""
    own = visits.get(NO_INTERVAL, pd.Series(None, index=visits.index, dtype=object))
    told: list[str | None] = []
    for joints, whole in zip(own, of_both_hands, strict=True):
        if pd.isna(joints):  # no radiograph of a limb
            told.append(None if pd.isna(whole) else whole)
        elif pd.isna(whole) or whole in ("", joints):
            told.append(joints)
        else:
            told.append("; ".join(filter(None, (joints, f"whole image: {whole}"))))
    return told


def _named(sums: pd.DataFrame) -> pd.DataFrame:
    return sums.rename(columns={f"{name}_predicted": name for name in SUMS})


def _as_totals(sums: pd.DataFrame, of: str) -> pd.DataFrame:
    table = sums.assign(of=of, use=USE).reindex(columns=TOTAL_COLUMNS)
    return table.astype(dict.fromkeys(_WHOLE_NUMBERS, "Int64"))


def _doubted(rows: pd.DataFrame, key: str) -> "pd.Series[int]":
    """How many scored joints are not to be trusted, by image_id or visit."""
    doubted = (rows["trust"] == "no") & (rows["state"] == SCORED)
    return doubted.astype(int).groupby(rows[key]).sum()


def _hands_totals(radiographs: pd.DataFrame) -> "pd.Series[float]":
    """The sum of both hands' joints by visit, of visits that have it."""
    hands = radiographs[radiographs["limbs"].isin(HANDS) & radiographs["total"].notna()]
    groups = hands.groupby("visit")["total"]
    return groups.sum()[groups.size() == len(HANDS)].astype(float)


def _differ_by(table: pd.DataFrame, line: FingerLine | None) -> "pd.Series[float]":
    if line is None:
        return pd.Series(np.nan, index=table.index)
    as_total = line.intercept + line.slope * table["hands_total"].astype(float)
    return table["whole_image_total"].astype(float) - as_total


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
