"""The index: for each table and figure what made it, gathered from the records of the jobs.

    python -m sharpflow.workflow.provenance.index results/demo

The workflow writes it at the end of each run, so the command is only for a run that was killed.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sharpflow.errors import UserError
from sharpflow.files import atomic_write
from sharpflow.workflow.provenance.chains import Chain, Records
from sharpflow.workflow.provenance.page import index_page
from sharpflow.workflow.provenance.records import RECORDS, RESULTS, digest_of_path

INDEX = Path("provenance/index.json")
PAGE = Path("provenance/index.md")
SHOWN = ("tables", "figures", "timing", "scores")  # folders of what people read
LONGEST = 40  # of a list or mapping that stands in the index; longer ones are in the records
ABOUT = (
    "What made each table and figure as it is now. `results` says which jobs led to it, `jobs` "
    "what each of them was told and took, `codes` and `environments` what they ran. Paths that "
    "begin with <results> are in the folder of results. Digests are SHA-256."
)


def write_index(results: str | Path) -> dict[str, Any]:
    """Write the index of a folder of results, and remove records that nothing in it needs.

    Args:
        results: the folder.

    Returns:
        The index (see results/README.md).
    """
    results = Path(results)
    records = Records(results)
    records.add_benchmarks()
    index = gather(results, records)
    records.forget(index["jobs"])
    _write(results / INDEX, json.dumps(index, indent=1) + "\n")
    _write(results / PAGE, index_page(index))
    return index


def gather(results: Path, records: Records) -> dict[str, Any]:
    """The index as JSON has it."""
    shown, unknown = _shown_files(results, records)
    chains = {name: records.chain(record) for name, (record, _) in shown.items()}
    used = sorted({job for chain in chains.values() for job in chain.jobs})
    codes: dict[str, Any] = {}
    environments: dict[str, Any] = {}
    jobs = {name: _job(records.all[name], codes, environments) for name in used}
    return {
        "about": ABOUT,
        "results": {
            name: {
                "files": files,
                **_in_short([jobs[job] for job in chains[name].jobs]),
                "inputs": records.all[record]["inputs"],
                **_of_chain(chains[name]),
            }
            for name, (record, files) in shown.items()
        },
        "unrecorded": unknown,
        "jobs": jobs,
        "codes": codes,
        "environments": environments,
    }


def _shown_files(
    results: Path, records: Records
) -> tuple[dict[str, tuple[str, dict[str, str]]], list[str]]:
    """Tables, figures and scores by name, each with its record and files; and those without one."""
    shown: dict[str, tuple[str, dict[str, str]]] = {}
    unknown = []
    # Folders of overlays are one output each, and known by their job.
    folders = {
        path
        for record in records.all.values()
        for path in record["outputs"]
        if (results / path.removeprefix(f"{RESULTS}/")).is_dir()
    }
    for path in _files(results, folders):
        name = path.relative_to(results).as_posix()
        digest = digest_of_path(path)
        record = records.maker(f"{RESULTS}/{name}", digest)
        if record is None:
            unknown.append(name)
            continue
        stem = name if path.is_dir() else name.removesuffix(path.suffix)
        _, files = shown.setdefault(stem, (record, {}))
        files[name] = digest
    return shown, unknown


def _files(results: Path, folders: set[str]) -> Iterable[Path]:
    for part in SHOWN:
        waiting = [results / part]
        while waiting:
            path = waiting.pop()
            if path.name.startswith("."):
                continue
            name = f"{RESULTS}/{path.relative_to(results).as_posix()}"
            if path.is_dir() and name not in folders:
                waiting += sorted(path.iterdir(), reverse=True)
            elif path.exists():
                yield path


def _job(record: Mapping[str, Any], codes: dict[str, Any], environments: dict[str, Any]) -> Any:
    """What the index tells of a job; code and environment are written once."""
    version = {key: record["code"].get(key) for key in ("commit", "uncommitted")}
    return {
        **{key: record[key] for key in ("job", "rule", "began", "ended", "seconds", "memory_mb")},
        "benchmark": record.get("benchmark"),
        **{key: record.get(key) for key in ("threads", "gpus", "device", "precision")},
        "code": _kept(version, codes),
        "code_digest": record["code"].get("digest"),
        "environment": _kept(record["environment"], environments),
        "settings": {key: _bounded(value) for key, value in record["settings"].items()},
    }


def _in_short(jobs: list[dict[str, Any]]) -> dict[str, Any]:
    """What a reader asks first, over all jobs of a chain."""
    return {
        "made": jobs[0]["ended"],
        "first_job": min(job["began"] for job in jobs),
        "seeds": _different(job["settings"].get("seed") for job in jobs),
        "codes": _different(job["code"] for job in jobs),
        "environments": _different(job["environment"] for job in jobs),
        "threads": _different(job["threads"] for job in jobs),
        "gpus": _different(gpu for job in jobs for gpu in job["gpus"] or ()),
        "precision": _different(job["precision"] for job in jobs),
        "seconds": round(sum(_seconds(job) for job in jobs), 1),
        "memory_mb": max(_memory(job) for job in jobs),
    }


def _of_chain(chain: Chain) -> dict[str, Any]:
    return {"data": _bounded(chain.data), "unrecorded": chain.unrecorded, "jobs": chain.jobs}


def _seconds(job: Mapping[str, Any]) -> float:
    return _number((job["benchmark"] or {}).get("s"), float(job["seconds"]))


def _memory(job: Mapping[str, Any]) -> float:
    return max(_number((job["benchmark"] or {}).get("max_rss"), 0.0), float(job["memory_mb"]))


def _number(text: Any, otherwise: float) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):  # Snakemake writes NA where it measured nothing
        return otherwise


def _different(values: Iterable[Any]) -> list[Any]:
    return sorted({value for value in values if value is not None})


def _bounded(value: Any) -> Any:
    """A setting or a list of files; one that is long, by its number and digest."""
    if isinstance(value, list | dict) and len(value) > LONGEST:
        return {"items": len(value), "digest": _digest(value)}
    return value


def _kept(facts: Mapping[str, Any], among: dict[str, Any]) -> str:
    name = _digest(facts)[:8]
    among[name] = dict(facts)
    return name


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as temporary:
        # Names of files may have bytes that are no text.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def main(arguments: list[str] | None = None) -> None:
    """Write the index of the folder that the command line names."""
    parser = argparse.ArgumentParser(
        prog="sharpflow.workflow.provenance.index",
        description="Write provenance/index.json and index.md of a folder of results.",
    )
    parser.add_argument("results", type=Path, help="for example results/demo")
    results = parser.parse_args(arguments).results
    if not (results / RECORDS).is_dir():
        raise UserError(f"{results}: no records of jobs there ({RECORDS}); run the study first.")
    write_index(results)
    print(results / PAGE)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
