"""Time from a patient's radiographs to the scores, with trained models."""

from pathlib import Path

import pandas as pd

# The rules that score radiographs with trained models, in the order in which they run.
SCORING_STEPS = (
    "standardize",
    "segment",
    "detect_joints",
    "name_joints",
    "crop_joints",
    "extract_features",
)


def scoring_seconds(benchmarks: str | Path) -> dict[str, float]:
    """Wall time of each scoring step, summed over its jobs.

    Args:
        benchmarks: folder with a folder a step, which holds a benchmark file (.tsv) a job, with the
            job's seconds in column s.

    Returns:
        Step -> seconds; NaN for a step without a benchmark file.
    """
    seconds = {}
    for step in SCORING_STEPS:
        files = sorted((Path(benchmarks) / step).glob("*.tsv"))
        jobs = [pd.read_csv(path, sep="\t") for path in files]
        seconds[step] = pd.concat(jobs)["s"].sum() if jobs else float("nan")
    return seconds


def minutes_per_patient(seconds: dict[str, float], patients: int) -> pd.DataFrame:
    """timing/minutes_per_patient.csv: a row for each step and a last row "all".

    Args:
        seconds: step -> wall time over all radiographs.
        patients: whose radiographs these are; each visit counts as one.

    Returns:
        step, seconds, patients, minutes_per_patient; in "all" the sums, NaN if a step's time is
        unknown.
    """
    table = pd.DataFrame(
        {"step": list(seconds), "seconds": list(seconds.values()), "patients": patients}
    )
    table["minutes_per_patient"] = table["seconds"] / 60 / table["patients"]
    total = {
        "step": "all",
        "seconds": table["seconds"].sum(skipna=False),
        "patients": table["patients"].max(),
        "minutes_per_patient": table["minutes_per_patient"].sum(skipna=False),
    }
    return pd.concat([table, pd.DataFrame([total])], ignore_index=True)
