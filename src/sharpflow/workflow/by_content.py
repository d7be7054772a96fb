"""Corrections of Snakemake, so that reruns follow content (io and persistence of 9.27).

By default Snakemake goes by dates: an input with an older date than the output is not looked at,
whatever is in it, and one over a megabyte with a younger date always makes its job run again. So a
study whose data were corrected by `cp -p`, rsync or unzip would keep its results, and a copied
study would begin anew. What Snakemake remembers of an output lies in `.snakemake`, which a copy of
the results lacks; and of params it compares the values without their names.

Here, in place of that:

- An output's record lies beside the results, in `<results>/.records`, and names no folder of
  results.
- A result that is an input of a job is the same as before if its content is; a large one, or a
  folder, if its record is: how it was made decides what is in it.
- Files of the user's are compared by the params of the rules that read them, which hold what each
  of them reads (`workflow.plan.content`); where they lie and when they were changed does not count.
- A param counts under its name, unless it is `Told`. A result without a record is made again, and
  one that was deleted while others of its job are there. (Snakemake misses only what another job
  or the target asks for.)
- A script counts by the digest in its rule's params (`code_digest`), not by its date.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from sharpflow.workflow.content import CONTENTS, NO_FILE

RECORDS = ".records"  # the folder in the results
READ_WHOLE = 10_000_000  # bytes: a larger result is known by its record
_ALGORITHM = "content"
_RESULTS = "<results>"


class Told:
    """Marks a param that a script is told and that does not decide what it makes."""


class ToldText(Told, str):
    """A text of this kind."""

    __slots__ = ()


class ToldFiles(Told, dict[str, Any]):
    """Files of this kind, by name."""


def rerun_by_content(io_file: type[Any], persistence: type[Any], results: str) -> None:
    """Let Snakemake compare content.

    Jobs read the Snakefile too, each in a process of its own; a process that runs several reads it
    again, and corrects the classes once.

    Args:
        io_file: Snakemake's class of the files of rules, _IOFile.
        persistence: its class of what it remembers, FilePersistence.
        results: the study's folder of results, as rules name it.
    """
    if persistence._params.__module__ == __name__:
        return
    records = _Records(results)
    _compare_files(io_file, records)
    _compare_params(persistence, records)
    _keep_records(persistence, records)


class _Records:
    """The records of the results of a study."""

    def __init__(self, results: str) -> None:
        self.results = results
        self._made: dict[Path, tuple[tuple[int, int], str]] = {}

    def holds(self, path: str) -> bool:
        """Whether a path is a result, or else the user's."""
        return path.startswith(f"{self.results}/")

    def path(self, result: str) -> Path:
        """Where the record of a result lies."""
        return Path(self.results, RECORDS, f"{result[len(self.results) + 1 :]}.json")

    def content(self, result: str) -> str:
        """What tells whether a result is the same as before."""
        path = Path(result)
        try:
            is_small = path.is_file() and path.stat().st_size <= READ_WHOLE
        except OSError:
            return NO_FILE
        if is_small:
            return CONTENTS.now(path)
        return self._made_of(result) or (CONTENTS.now(path) if path.is_file() else NO_FILE)

    def _made_of(self, result: str) -> str:
        """Digest of what a result was made of, by its record; empty without one."""
        path = self.path(result)
        try:
            told = path.stat()
            stamp = (told.st_mtime_ns, told.st_size)
            if path not in self._made or self._made[path][0] != stamp:
                record = json.loads(path.read_text())
                made = [record[part] for part in ("rule", "params", "input", "input_checksums")]
                digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]
                self._made[path] = (stamp, f"made-{digest}")
            return self._made[path][1]
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def without_folder(self, value: Any) -> Any:
        """A record, or a part of one, with <results> for the study's folder."""
        return json.loads(json.dumps(value).replace(f'"{self.results}/', f'"{_RESULTS}/'))

    def with_folder(self, value: Any) -> Any:
        """The other way round."""
        return json.loads(json.dumps(value).replace(f'"{_RESULTS}/', f'"{self.results}/'))


def _compare_files(io_file: type[Any], records: _Records) -> None:
    async def is_newer(file: Any, time: float) -> bool:
        """Whether Snakemake is to compare checksums; of scripts it is told that they are old."""
        return records.holds(file) and not file.is_ancient

    async def is_checksum_eligible(file: Any, threshold: int) -> bool:
        return records.holds(file) and bool(await file.exists_local())

    async def checksum(file: Any, *arguments: Any, **options: Any) -> str | None:
        if not records.holds(file) or file.is_ancient:
            return None
        return f"{_ALGORITHM}:{records.content(file)}"

    io_file.is_newer = is_newer
    io_file.is_checksum_eligible = is_checksum_eligible
    io_file.checksum = checksum


def _compare_params(persistence: type[Any], records: _Records) -> None:
    def inputs(self: Any, job: Any) -> list[str]:
        return sorted(str(file) for file in job.input if records.holds(file))

    def params(self: Any, job: Any) -> list[str]:
        named = [
            f"{name}={self._serialize_param_builtin(value)}"
            for name, value in job.params._allitems()
            if not isinstance(value, Told)
        ]
        return sorted(text.replace(f"{records.results}/", f"{_RESULTS}/") for text in named)

    params_changed = persistence.params_changed

    def known_params_changed(self: Any, job: Any, file: Any = None) -> Any:
        change = params_changed(self, job, file)
        made = {path for path in job.output if Path(path).exists()}
        unknown = {path for path in made if self.metadata(path) is None}
        gone = set(job.output) - made if made else set()
        deleted = {path for path in gone if self.metadata(path) is not None}
        for said, paths in (("unknown", unknown), ("deleted", deleted)):
            if paths:
                return type(change)({said}, set(self._params(job)), paths)
        return change

    persistence.has_metadata = lambda self, job: True  # else no params are looked at
    persistence.params_changed = known_params_changed
    persistence._input = inputs
    persistence._params = params


def _keep_records(persistence: type[Any], records: _Records) -> None:
    record_path = persistence._record_path
    read, write = persistence._io_read, persistence._io_write

    def path_beside(self: Any, subject: Any, result: str) -> str:
        if subject == self._metadata_path and records.holds(result):
            return str(records.path(result))
        path: str = record_path(self, subject, result)
        return path

    def write_plain(self: Any, subject: Any, value: Any, *where: Any, **options: Any) -> None:
        write(self, subject, records.without_folder(value), *where, **options)

    def read_plain(self: Any, *where: Any) -> Any:
        return records.with_folder(read(self, *where))

    persistence._record_path = path_beside
    persistence._io_write = write_plain
    persistence._io_read = read_plain
