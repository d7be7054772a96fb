"""The page of what a study took: time and memory of its jobs, by rule."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sharpflow.reporting.pages import table_html, write_page
from sharpflow.reporting.tables import MISSING, number


def job_costs(benchmarks: str | Path) -> pd.DataFrame:
    """What each rule's jobs took.

    Args:
        benchmarks: the folder of the jobs' benchmark files: a file a rule, or a folder a rule and
            in it a file a job.

    Returns:
        rule, jobs, seconds, longest (seconds), cpu_seconds, memory (MB, the most of a job); the
        longest first. Blank where it could not be measured.
    """
    folder, jobs = Path(benchmarks), []
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        measured = pd.read_csv(path, sep="\t", na_values=["-"]).assign(rule=rule)
        jobs.append(measured.reindex(columns=["rule", "s", "cpu_time", "max_rss"]))
    if not jobs:
        return pd.DataFrame(columns=["rule", "jobs", "seconds", "longest", "cpu_seconds", "memory"])
    costs = pd.concat(jobs).groupby("rule")
    table = costs.agg(
        jobs=("s", "size"),
        seconds=("s", "sum"),
        longest=("s", "max"),
        cpu_seconds=("cpu_time", "sum"),
        memory=("max_rss", "max"),
    )
    return table.sort_values("seconds", ascending=False).reset_index()


def write_cost_page(path: str | Path, costs: pd.DataFrame, record: Mapping[str, Any]) -> None:
    """Write the page.

    Args:
        path: of the HTML file.
        costs: from `job_costs`.
        record: run.json, or nothing.
    """
    total = {
        "rule": "All",
        "jobs": costs["jobs"].sum(),
        "seconds": costs["seconds"].sum(),
        "longest": costs["longest"].max(),
        "cpu_seconds": costs["cpu_seconds"].sum(),
        "memory": costs["memory"].max(),
    }
    table = pd.concat([pd.DataFrame([total]), costs], ignore_index=True)
    shown = pd.DataFrame(
        {
            "Rule": table["rule"].str.replace("_", " "),
            "Jobs": [f"{int(jobs)}" for jobs in table["jobs"]],
            "Time, minutes": [number(x / 60, 2) for x in table["seconds"]],
            "Longest job, minutes": [number(x / 60, 2) for x in table["longest"]],
            "Processor time, minutes": [number(x / 60, 2) for x in table["cpu_seconds"]],
            "Most memory of a job, GB": [number(x / 1000, 2) for x in table["memory"]],
        }
    )
    notes = [
        "Time: wall time, summed over jobs, some of which ran side by side. Of a job that ran "
        "again, the last time. Jobs shorter than the clock's step have no memory.",
        "Processor time is at least: it is read every half second of a job's first 15 seconds, "
        "then every half minute, so a job's last seconds are missing.",
        _machine(record.get("hardware") or {}),
    ]
    write_page(path, "Time and memory of the workflow's jobs", table_html(shown, notes=notes))


def _machine(hardware: Mapping[str, Any]) -> str:
    gpus = ", ".join(hardware.get("gpus") or []) or "no GPU"
    cores, system = (hardware.get(name, MISSING) for name in ("cores", "system"))
    return f"The last run began on a machine with {cores} cores and {gpus} ({system})."
