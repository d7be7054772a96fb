"""How often a bundle's 95% intervals hold the true sums of new synthetic patients, and how wide.

Patients are made whom no study has, with the phantom's settings, a batch at a time; the scoring
package scores them from the bundle alone, and the batch is deleted. Every sum that has an interval
counts: of each radiograph, of each visit (both hands and feet), and the whole-image totals.
Intervals of coverages are by patient.

    PYTHONPATH=src python benchmarks/score_coverage.py BUNDLE [--patients 300] [--rows FILE]

The sizes are the demo's. 300 patients take about ten minutes of one core. Each batch's rows are
added to --rows, from which a run that was stopped goes on.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from sharpflow.anatomy import DETECTED_JOINTS, LIMBS, Damage
from sharpflow.evaluation.proportions import share_interval
from sharpflow.files import read_table, write_table
from sharpflow.phantom.cohorts.joints import make_joint_cohort
from sharpflow.phantom.cohorts.whole_images import make_whole_image_cohort
from sharpflow.score.run import score
from sharpflow.seeds import seed_for

SEED = 20_261_127  # unlike any study's
WHOLE = "whole_image_total"
SUMS = [*map(str, Damage), "total"]


def main() -> None:
    """Print the coverages and widths as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--height", type=int, default=480, help="of radiographs of limbs, pixels")
    parser.add_argument("--whole-height", type=int, default=224, help="of both hands, pixels")
    parser.add_argument("--shared", type=float, default=0.08, help="share of mild whole images")
    parser.add_argument("--batch", type=int, default=20, help="patients on disk at once")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--rows", type=Path, help="CSV of all sums, for a run that goes on")
    asked = parser.parse_args()
    known = read_table(asked.rows) if asked.rows and asked.rows.exists() else pd.DataFrame()
    parts = [known] if len(known) else []
    for number in range(parts[0]["batch"].max() + 1 if parts else 0, asked.patients // asked.batch):
        with tempfile.TemporaryDirectory() as folder:
            parts.append(score_batch(asked, number, Path(folder)))
        if asked.rows:
            write_table(pd.concat(parts), asked.rows)
    print_coverage(pd.concat(parts))


def score_batch(asked: argparse.Namespace, number: int, folder: Path) -> pd.DataFrame:
    """A line a sum of new patients: batch, patient, what, true, predicted, low, high."""
    seed, cohort, whole = seed_for(asked.seed, number), folder / "joints", folder / "whole"
    make_joint_cohort(cohort, patients=asked.batch, seed=seed, height=asked.height, workers=1)
    make_whole_image_cohort(
        whole,
        patients=asked.batch,
        shared=round(asked.batch * asked.shared),
        seed=seed,
        height=asked.whole_height,
        workers=1,
    )
    # Apart, since halves of radiographs of both hands are scored as hands, too.
    tables = [
        scored(images, asked.bundle, folder / f"{images.name}-scored")
        for images in (cohort / "radiographs", whole / "images")
    ]
    totals = pd.concat([tables[0], tables[1].query("limbs == 'BH' and of == 'radiograph'")])
    true = true_sums(read_table(cohort / "truth" / "joints.csv"))
    labels = read_table(whole / "labels.csv").set_index("patient")["total"]
    rows = [row for total in totals.to_dict("records") for row in compared(total, true, labels)]
    return pd.DataFrame(rows).assign(batch=number)


def scored(images: Path, bundle: Path, out: Path) -> pd.DataFrame:
    """The sums of a folder of radiographs."""
    score([str(images)], bundle, out, threads=1)
    return read_table(out / "totals.csv")


def true_sums(joints: pd.DataFrame) -> pd.DataFrame:
    """By image_id: the true sums of the finger and toe joints."""
    names = {
        code: {joint.name for joint in DETECTED_JOINTS[limb.body_part]}
        for code, limb in LIMBS.items()
    }
    limbs = joints["image_id"].str[-2:]
    is_due = [joint in names[limb] for joint, limb in zip(joints["joint"], limbs, strict=True)]
    sums = joints[is_due].groupby("image_id")[[*map(str, Damage)]].sum()
    return sums.assign(total=sums.sum(axis=1))


def compared(
    total: dict[str, object], true: pd.DataFrame, labels: "pd.Series[float]"
) -> list[dict[str, object]]:
    """The sums of one line of totals.csv that have an interval, beside the true ones."""
    patient, limbs = str(total["patient"]), str(total["limbs"])
    if limbs == "BH":
        what, names, truth = "both hands, whole", [WHOLE], {WHOLE: labels[patient]}
    else:
        own = true.loc[[f"{patient}-{limb}" for limb in limbs.split()]].sum()
        part = LIMBS[limbs].body_part if total["of"] == "radiograph" else limbs
        what, names, truth = f"{total['of']}, {part}", SUMS, own.to_dict()
    rows = []
    for name in names:
        told = {"patient": patient, "what": what, "sum": name, "true": truth[name]}
        bounds = {end: total[f"{name}_{end}"] for end in ("low", "high")}
        rows.append(told | {"predicted": total[name]} | bounds)
    return rows


def print_coverage(rows: pd.DataFrame) -> None:
    """Print a line for each kind of sum."""
    print("| what | sum | patients | with interval | held, % (95% interval) | median width | MAE |")
    print("|---|---|---|---|---|---|---|")
    rows = rows.assign(patient=rows["batch"].astype(str) + "-" + rows["patient"])
    for (what, name), every in rows.groupby(["what", "sum"], sort=False):
        own = every.dropna(subset=["low", "true"])
        if own.empty:
            print(f"| {what} | {name} | {every['patient'].nunique()} | 0 | | | |")
            continue
        held = (own["low"] <= own["true"]) & (own["true"] <= own["high"])
        by_patient = held.groupby(own["patient"])
        low, high = share_interval(
            by_patient.sum().to_numpy(float), by_patient.size().to_numpy(float), seed=0
        )
        width, error = (own["high"] - own["low"]).median(), (own["true"] - own["predicted"]).abs()
        print(
            f"| {what} | {name} | {own['patient'].nunique()} | {len(own)} of {len(every)} "
            f"| {100 * held.mean():.1f} ({100 * low:.1f}-{100 * high:.1f}) | {width:.1f} "
            f"| {error.mean():.2f} |",
            flush=True,
        )
    too_low = np.mean(rows["true"] < rows["low"]), np.mean(rows["true"] > rows["high"])
    print(f"\nOf all sums {too_low[0]:.1%} lay below their interval, {too_low[1]:.1%} above.")


if __name__ == "__main__":
    main()
