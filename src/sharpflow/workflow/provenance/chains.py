"""Which jobs' records led to a file: along the digests of inputs, whatever ran since."""

import csv
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sharpflow.files import atomic_write
from sharpflow.workflow.provenance.records import RECORDS, RESULTS

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Chain:
    """What led to some files.

    Attributes:
        jobs: names of the records, relative to their folder; the making job's own comes first.
        data: path -> digest of files that came from outside the results.
        unrecorded: files of the results that no record knows as they were when they were read.
    """

    jobs: list[str]
    data: dict[str, str]
    unrecorded: list[str]


class Records:
    """All records in a folder of results."""

    def __init__(self, results: str | Path) -> None:
        """Read them; a file that is no record counts for nothing."""
        self.folder = Path(results) / RECORDS
        self.results = Path(results)
        self.all: dict[str, dict[str, Any]] = {}
        for path in sorted(self.folder.rglob("*.json")):
            with suppress(OSError, ValueError):
                found = json.loads(path.read_text())
                if isinstance(found, dict) and "outputs" in found:
                    self.all[path.relative_to(self.folder).as_posix()] = found
        self._makers: dict[tuple[str, str], list[str]] = {}
        self._copies: dict[tuple[str, str], list[str]] = {}
        for name, record in sorted(self.all.items(), key=lambda item: item[1]["began"]):
            for path, digest in record["outputs"].items():
                self._makers.setdefault((path, digest), []).append(name)
                self._copies.setdefault((_parent(path), digest), []).append(name)

    def maker(self, path: str, digest: str, before: str | None = None) -> str | None:
        """The record of the job that made a file with this content; None if there is none.

        The last one before `before`, the time at which it was read. Jobs without a script only copy
        a file to another name beside it, so the record of such a file is its source's.
        """
        found = self._makers.get((path, digest)) or self._copies.get((_parent(path), digest), [])
        earlier = [name for name in found if before is None or self.all[name]["ended"] <= before]
        candidates = earlier or found
        return candidates[-1] if candidates else None

    def chain(self, record: str) -> Chain:
        """All that led to what a job made."""
        jobs: dict[str, None] = {}
        data: dict[str, str] = {}
        unrecorded: dict[str, None] = {}
        waiting = [record]
        while waiting:
            name = waiting.pop()
            if name in jobs:
                continue
            jobs[name] = None
            for path, digest in self.all[name]["inputs"].items():
                maker = self.maker(path, digest, self.all[name]["began"])
                if maker:
                    waiting.append(maker)
                elif path.startswith(RESULTS):
                    unrecorded[path] = None
                else:
                    data[path] = digest
        return Chain(list(jobs), dict(sorted(data.items())), sorted(unrecorded))

    def newest(self) -> set[str]:
        """The last record of each job."""
        last: dict[str, str] = {}
        for name, record in sorted(self.all.items(), key=lambda item: item[1]["began"]):
            last[record["job"]] = name
        return set(last.values())

    def add_benchmarks(self) -> None:
        """Keep Snakemake's benchmark of a job with its record, before a later run replaces it."""
        for name in self.newest():
            record = self.all[name]
            path = self.results / "benchmarks" / f"{record['job']}.tsv"
            if "benchmark" in record or not path.is_file():
                continue
            with path.open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines, delimiter="\t"))
            if rows:
                record["benchmark"] = {
                    key: rows[-1].get(key) for key in ("s", "max_rss", "cpu_time")
                }
                self._write(name)

    def forget(self, kept: Iterable[str]) -> None:
        """Remove records that are neither kept nor a job's last one."""
        for name in set(self.all) - set(kept) - self.newest():
            (self.folder / name).unlink(missing_ok=True)

    def _write(self, name: str) -> None:
        with atomic_write(self.folder / name) as temporary:
            temporary.write_text(json.dumps(self.all[name], indent=1) + "\n")


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
