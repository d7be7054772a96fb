"""What Snakemake remembers of results, and how it compares it."""

import asyncio
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sharpflow.workflow import by_content
from sharpflow.workflow.by_content import ToldText, rerun_by_content

RESULTS = "results/mine"


class Files(str):
    """In place of Snakemake's files."""

    is_ancient = False


class Params(dict[str, Any]):
    def _allitems(self) -> list[tuple[str, Any]]:
        return list(self.items())


@dataclass
class Job:
    input: list[Files] = field(default_factory=list)
    output: list[Files] = field(default_factory=list)
    params: Params = field(default_factory=Params)


@dataclass
class Change:
    only_old: set[str] = field(default_factory=set)
    only_new: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


@pytest.fixture
def persistence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    class Persistence:
        """In place of Snakemake's."""

        _metadata_path = ".snakemake/metadata"

        def _params(self, job: Job) -> list[str]: ...
        def _input(self, job: Job) -> list[str]: ...
        def _serialize_param_builtin(self, value: Any) -> str:
            return repr(value)

        def params_changed(self, job: Job, file: Any = None) -> Change:
            return Change()

        def metadata(self, path: str) -> Any:
            return self._io_read(self._metadata_path, path) or None

        def _record_path(self, subject: str, name: str) -> str:
            return f"{subject}/encoded"

        def _io_write(self, subject: str, value: Any, name: str) -> None:
            path = Path(self._record_path(subject, name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value))

        def _io_read(self, subject: str, name: str) -> Any:
            path = Path(self._record_path(subject, name))
            return json.loads(path.read_text()) if path.exists() else {}

    rerun_by_content(Files, Persistence, RESULTS)
    return Persistence()


def test_a_record_lies_beside_the_results_and_names_no_folder(persistence: Any) -> None:
    record = {"input": [f"{RESULTS}/a.csv"], "input_checksums": {f"{RESULTS}/a.csv": "1"}}
    persistence._io_write(persistence._metadata_path, record, f"{RESULTS}/heads/b.csv")
    text = Path(f"{RESULTS}/.records/heads/b.csv.json").read_text()
    assert RESULTS not in text
    assert persistence._io_read(persistence._metadata_path, f"{RESULTS}/heads/b.csv") == record
    persistence._io_write("incomplete", {}, f"{RESULTS}/heads/b.csv")
    assert Path("incomplete/encoded").exists()


def test_swapped_values_are_another_params_and_what_is_told_is_none(persistence: Any) -> None:
    one, two = (
        Job(params=Params(test=0.2, validation=0.3, data=ToldText("mine"))),
        Job(params=Params(test=0.3, validation=0.2, data=ToldText("ours"))),
    )
    assert persistence._params(one) == ["test=0.2", "validation=0.3"]
    assert persistence._params(one) != persistence._params(two)


def test_params_name_no_folder_of_results(persistence: Any) -> None:
    job = Job(params=Params(checkpoints=f"{RESULTS}/checkpoints"))
    assert persistence._params(job) == ["checkpoints='<results>/checkpoints'"]


def test_the_users_files_are_no_inputs_to_compare(persistence: Any) -> None:
    job = Job(input=[Files("cohort/scores.csv"), Files(f"{RESULTS}/a.csv")])
    assert persistence._input(job) == [f"{RESULTS}/a.csv"]


def test_a_result_without_a_record_has_changed_params(persistence: Any) -> None:
    job = Job(output=[Files(f"{RESULTS}/a.csv")], params=Params(epochs=3))
    assert persistence.has_metadata(job)
    assert persistence.params_changed(job) == Change()  # not made yet
    Path(f"{RESULTS}/a.csv").parent.mkdir(parents=True, exist_ok=True)
    Path(f"{RESULTS}/a.csv").touch()
    assert persistence.params_changed(job).only_new == {"epochs=3"}
    persistence._io_write(persistence._metadata_path, {"rule": "a"}, job.output[0])
    assert persistence.params_changed(job) == Change()


def test_a_deleted_result_is_missed_where_others_of_its_job_are_there(persistence: Any) -> None:
    table, text = (Files(f"{RESULTS}/a.{suffix}") for suffix in ("csv", "md"))
    job = Job(output=[table, text], params=Params(epochs=3))
    for path in (table, text):
        write(path, "made")
        persistence._io_write(persistence._metadata_path, {"rule": "a"}, path)
    assert persistence.params_changed(job) == Change()
    Path(text).unlink()
    assert persistence.params_changed(job).only_old == {"deleted"}
    Path(table).unlink()  # all are gone: made again when something needs them
    assert persistence.params_changed(job) == Change()


def write(path: str, content: str) -> Files:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(content)
    return Files(path)


def checksum(file: Any) -> str:
    found: str = asyncio.run(file.checksum(1_000_000))
    return found


def test_a_result_is_compared_by_its_content_whatever_its_date(persistence: Any) -> None:
    file = write(f"{RESULTS}/a.csv", "1")
    assert asyncio.run(file.is_newer(1e12))  # so Snakemake compares checksums
    before = checksum(file)
    os.utime(file, (1, 1))
    assert checksum(file) == before
    write(file, "2")
    assert checksum(file) != before


def test_a_large_result_or_a_folder_is_compared_by_its_record(
    persistence: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_content, "READ_WHOLE", 1)
    file = write(f"{RESULTS}/shard.npy", "pixels")
    folder = Files(f"{RESULTS}/phantom")
    Path(folder).mkdir()
    for result in (file, folder):
        record = {"rule": "a", "params": ["epochs=3"], "input": [], "input_checksums": {}}
        persistence._io_write(persistence._metadata_path, record, result)
        before = checksum(result)
        persistence._io_write(persistence._metadata_path, record | {"endtime": 3}, result)
        assert checksum(result) == before  # the same work, done again
        record["params"] = ["epochs=12"]
        persistence._io_write(persistence._metadata_path, record, result)
        assert checksum(result) != before


def test_files_of_the_users_are_not_asked(persistence: Any) -> None:
    file = write("cohort/scores.csv", "1")
    assert not asyncio.run(file.is_newer(0))
    assert asyncio.run(file.checksum(1)) is None
