"""The table of a rehearsal: what a step takes, what the study takes, and what does not fit."""

from pathlib import Path

import pandas as pd

from sharpflow.reporting.tables import MISSING, check_columns, number, publish

NAME = "rehearsal"
CAPTION = "Time and memory of the costly rules at this study's sizes, by a rehearsal"


def publish_rehearsal(table: pd.DataFrame, folder: str | Path) -> list[Path]:
    """Write rehearsal.csv, .md, .tex and .html.

    Args:
        table: what `rehearsal.records.rehearsal_table` gave.
        folder: where they go.

    Returns:
        The files.
    """
    columns = ("rule", "of", "jobs", "unit", "items", "seconds", "units", "hours", "host_gb")
    table = check_columns(table, [*columns, "gpu_gb", "fits", "why_not"])
    shown = pd.DataFrame(
        {
            "Rule": table["rule"],
            "Of": table["of"],
            "Jobs": table["jobs"].astype(str),
            "Unit": [_unit(*row) for row in zip(table["unit"], table["items"], strict=True)],
            "Seconds a unit": [_digits(x) for x in table["seconds"]],
            "Units in the study": [number(x, 0) for x in table["units"]],
            "Hours": [_digits(x) for x in table["hours"]],
            "Host memory, GB": [number(x, 1) for x in table["host_gb"]],
            "GPU memory, GB": [number(x, 1) for x in table["gpu_gb"]],
            "Fits": [
                "yes" if fits else f"no: {why}"
                for fits, why in zip(table["fits"], table["why_not"], strict=True)
            ],
        }
    )
    return publish(table, folder, NAME, shown=shown, caption=CAPTION, notes=_notes(table))


def _unit(unit: str, items: float) -> str:
    if pd.isna(items):
        return MISSING
    return unit if items == 1 else f"{unit} of {items:.0f}"


def _digits(value: float) -> str:
    """Two significant digits of what may be milliseconds or days."""
    return MISSING if pd.isna(value) else f"{float(f'{value:.2g}'):g}"


def _notes(table: pd.DataFrame) -> list[str]:
    fits = table[table["fits"]]
    lines = [
        f"All rows that fit, one after the other: {_digits(fits['hours'].sum())} hours.",
        "Hours are of all jobs of a row, one after the other, each as rehearsed here. They count "
        "each image of a cohort as if it were trained on, in each epoch: this covers validation, "
        "and a training that stops early takes less.",
        "A step is the median of those after the first. Rehearsed were a few steps or images, "
        "copies of phantom images, with networks of random weights.",
        "Host memory is the peak of the rehearsal's own process, with its libraries. A study holds "
        "its small images beside that: those of the U-Net, the detector and the base. GPU memory "
        "is the peak that was reserved, with what CUDA takes itself; other processes on the same "
        "GPU count too.",
        f"Computed on {'; '.join(_machines(table))}.",
    ]
    if len(fits) < len(table):
        count = len(table) - len(fits)
        lines.insert(1, f"Rows that do not fit, and are in no sum: {count} of {len(table)}.")
    return lines


def _machines(table: pd.DataFrame) -> list[str]:
    """Processors, threads and GPUs, each once."""
    named = [
        f"{processor}, {threads} thread{'s' * (threads != 1)}"
        + (f", {gpu}" if isinstance(gpu, str) and gpu else "")
        for processor, threads, gpu in zip(
            table["processor"], table["threads"], table["gpu"], strict=True
        )
    ]
    return sorted(set(named))
