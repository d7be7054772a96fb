"""Records of jobs, and the index that follows them along the digests of their inputs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sharpflow.errors import UserError
from sharpflow.workflow.model_cards import write_model_card
from sharpflow.workflow.provenance import facts, index
from sharpflow.workflow.provenance.index import INDEX, PAGE, write_index
from sharpflow.workflow.provenance.last_run import refuse_file, write_record
from sharpflow.workflow.provenance.records import RECORDS, digest_of_path, place, recorded

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"


class Params(dict[str, Any]):
    """Params as Snakemake gives them: a mapping in what is used here."""


class Study:
    """A folder of results, in which jobs are played."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = folder / "results" / "study"

    def job(
        self, name: str, *, inputs: Sequence[str] = (), outputs: dict[str, str], **params: Any
    ) -> None:
        """One job: writes its outputs, and its record."""
        script = SimpleNamespace(
            rule=name.partition("/")[0],
            log=[str(self.results / "logs" / f"{name}.log")],
            input=[str(self._path(path)) for path in inputs],
            output=[str(self._path(path)) for path in outputs],
            params=Params(code="abcdef", **params),
            threads=1,
            resources={},
        )
        with recorded(script):
            for path, text in outputs.items():
                self._path(path).parent.mkdir(parents=True, exist_ok=True)
                self._path(path).write_text(text)

    def index(self) -> dict[str, Any]:
        """The index, written anew."""
        write_index(self.results)
        found: dict[str, Any] = json.loads((self.results / INDEX).read_text())
        return found

    def _path(self, name: str) -> Path:
        return self.folder / name if name.startswith("own") else self.results / name


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """scores -> head -> table; the head's seed is 1."""
    study = Study(tmp_path)
    (tmp_path / "own.csv").write_text("scores")
    study.job("read_scores", inputs=["own.csv"], outputs={"cohort/scores.csv": "read"})
    train(study, seed=1)
    table(study, "one")
    return study


def train(study: Study, seed: int) -> None:
    study.job(
        "train_head/erosion-hand",
        inputs=["cohort/scores.csv"],
        outputs={"heads/predictions.csv": f"of seed {seed}"},
        seed=seed,
    )


def table(study: Study, text: str) -> None:
    study.job(
        "table_joint_scoring",
        inputs=["heads/predictions.csv"],
        outputs={f"tables/joint_scoring.{end}": text for end in ("csv", "md")},
        resamples=100,
    )


def test_a_table_has_the_settings_data_and_jobs_of_its_whole_chain(study: Study) -> None:
    found = study.index()
    entry = found["results"]["tables/joint_scoring"]
    rules = [found["jobs"][job]["rule"] for job in entry["jobs"]]
    assert rules == ["table_joint_scoring", "train_head", "read_scores"]
    assert entry["seeds"] == [1]
    assert entry["data"] == {
        str(study.folder / "own.csv"): digest_of_path(study.folder / "own.csv")
    }
    assert set(entry["files"]) == {"tables/joint_scoring.csv", "tables/joint_scoring.md"}
    assert entry["unrecorded"] == found["unrecorded"] == []
    assert found["jobs"][entry["jobs"][0]]["settings"] == {"resamples": 100}
    (environment,) = (found["environments"][name] for name in entry["environments"])
    assert environment["processor"] and environment["python"]
    assert environment["lock"] == facts.lock_digest()
    page = (study.results / PAGE).read_text()
    assert "`tables/joint_scoring`" in page and environment["processor"] in page


def test_a_partial_run_with_other_settings_leaves_an_older_tables_record(study: Study) -> None:
    before = study.index()["results"]["tables/joint_scoring"]
    train(study, seed=2)  # and no table
    assert study.index()["results"]["tables/joint_scoring"] == before
    table(study, "two")
    entry = study.index()["results"]["tables/joint_scoring"]
    assert entry["seeds"] == [2]
    records = [path.parent.name for path in (study.results / RECORDS).rglob("*.json")]
    assert sorted(records) == ["erosion-hand", "read_scores", "table_joint_scoring"]


def test_what_was_changed_by_hand_or_never_recorded_is_said(study: Study) -> None:
    (study.results / "heads" / "predictions.csv").write_text("by hand")
    table(study, "of that")
    (study.results / "tables" / "detection.csv").write_text("older")
    found = study.index()
    assert found["unrecorded"] == ["tables/detection.csv"]
    entry = found["results"]["tables/joint_scoring"]
    assert entry["unrecorded"] == ["<results>/heads/predictions.csv"]
    assert "heads/predictions.csv" in (study.results / PAGE).read_text()


def test_a_folder_is_known_by_its_files_but_for_snakemakes_own(study: Study) -> None:
    study.job("make_joint_phantom", outputs={"phantom/a.jpg": "radiograph"}, seed=3)
    script = next((study.results / RECORDS / "make_joint_phantom").glob("*.json"))
    folder = study.results / "phantom"
    record = json.loads(script.read_text())
    record["outputs"] = {"<results>/phantom": digest_of_path(folder)}
    script.write_text(json.dumps(record))
    (folder / ".snakemake_timestamp").touch()
    study.job("draw_clahe", inputs=["phantom"], outputs={"figures/clahe.png": "pixels"})
    assert study.index()["results"]["figures/clahe"]["seeds"] == [3]
    before = digest_of_path(folder)
    (folder / "a.jpg").write_text("another")
    assert digest_of_path(folder) != before


def test_names_that_are_no_text_are_listed(study: Study) -> None:
    name = os.fsdecode(b"own-\xff.csv")
    (study.folder / name).write_text("scores")
    study.job("read_boxes", inputs=[name], outputs={"tables/boxes.csv": "read"})
    assert str(study.folder / name) in study.index()["results"]["tables/boxes"]["data"]
    assert "own-\\udcff.csv" in (study.results / PAGE).read_text()


def test_a_copy_beside_its_source_is_its_sources(study: Study) -> None:
    copy = study.results / "heads" / "copied.csv"
    copy.write_bytes((study.results / "heads" / "predictions.csv").read_bytes())
    study.job("draw", inputs=["heads/copied.csv"], outputs={"figures/confusion.png": "pixels"})
    assert study.index()["results"]["figures/confusion"]["seeds"] == [1]


def test_benchmarks_stay_with_the_job_that_they_are_of(study: Study) -> None:
    benchmark = study.results / "benchmarks" / "train_head" / "erosion-hand.tsv"
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\th:m:s\tmax_rss\tcpu_time\n60.5\t0:01:00\t204800.00\t59.1\n")
    entry = study.index()["results"]["tables/joint_scoring"]
    assert entry["seconds"] == pytest.approx(60.5, abs=2)
    assert entry["memory_mb"] == 204800  # more than the tests' own process has had
    benchmark.write_text("s\th:m:s\tmax_rss\tcpu_time\n999\t0:16:39\tNA\t1\n")
    train(study, seed=2)
    assert study.index()["results"]["tables/joint_scoring"]["seconds"] == entry["seconds"]


def test_a_failed_job_leaves_no_record(study: Study) -> None:
    with pytest.raises(IsADirectoryError):
        study.job("broken", outputs={"tables": "a folder is there"})
    assert not list((study.results / RECORDS / "broken").glob("*.json"))


def test_a_model_card_tells_commit_device_and_what_auto_became(study: Study) -> None:
    card = study.results / "heads" / "model_card.json"
    script = SimpleNamespace(
        rule="train_base",
        log=[str(study.results / "logs" / "train_base.log")],
        input=[],
        output=[str(card)],
        params=Params(settings={"precision": "auto"}),
        threads=2,
        resources={},
    )
    with recorded(script):
        write_model_card(
            card,
            expects="crops",
            data="phantom",
            data_digest="1",
            settings={},
            metrics={},
            device="a GPU",
            precision="bfloat16",
        )
    made_by = json.loads(card.read_text())["made_by"]
    assert made_by["commit"] == facts.code_version()["commit"]
    (record,) = (study.results / RECORDS / "train_base").glob("*.json")
    told = json.loads(record.read_text())
    assert (told["device"], told["precision"], told["threads"]) == ("a GPU", "bfloat16", 2)
    assert told["settings"] == {"settings": {"precision": "auto"}}


def test_paths_are_of_the_folder_of_results_whatever_it_is_called() -> None:
    assert place("results/demo/logs/train_head/erosion.log", "train_head") == (
        "results/demo",
        "train_head/erosion",
    )
    assert place("/logs/my/logs/draw.log", "draw") == ("/logs/my", "draw")
    with pytest.raises(ValueError, match="<results>/logs/draw"):
        place("elsewhere/draw.txt", "draw")


def test_the_commit_and_a_digest_of_what_is_not_committed(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True)

    def version() -> dict[str, str | None]:
        facts.code_version.cache_clear()
        return facts.code_version(tmp_path)

    assert version() == {"commit": None, "uncommitted": None}
    git("init", "-q")
    (tmp_path / "code.py").write_text("1")
    git("add", ".")
    git("commit", "-qm", "First")
    clean = version()
    assert re.fullmatch("[0-9a-f]{40}", str(clean["commit"]))
    (tmp_path / "untracked.py").write_text("1")
    assert version() == clean and clean["uncommitted"] is None
    (tmp_path / "code.py").write_text("2")
    second = version()
    assert second["commit"] == clean["commit"] and second["uncommitted"]
    (tmp_path / "code.py").unlink()
    assert version()["uncommitted"] not in (None, second["uncommitted"])
    copy = tmp_path / "copy"
    copy.mkdir()
    assert facts.code_version(copy) == {"commit": None, "uncommitted": None}


def test_run_json_points_to_the_index(tmp_path: Path) -> None:
    write_record(tmp_path, {"seed": 3}, tmp_path)
    run = json.loads((tmp_path / "run.json").read_text())
    assert "provenance/index" in run["about"]
    assert {"settings", "code", "packages", "data", "hardware"} <= run.keys()


def test_a_folder_without_records_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run the study first"):
        index.main([str(tmp_path)])


def test_every_script_leaves_a_record() -> None:
    without = [
        script.name
        for script in SCRIPTS.rglob("*.py")
        if "with recorded_job(snakemake" not in script.read_text()
    ]
    assert without == []


def test_records_load_nothing_heavy() -> None:
    code = (
        "import sys\nimport sharpflow.workflow.provenance.index, sharpflow.workflow.job\n"
        "print({'pandas', 'numpy', 'torch', 'snakemake'} & set(sys.modules))"
    )
    source = {"PYTHONPATH": str(SCRIPTS.parents[1] / "src")}
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, env=source, check=True, stdout=subprocess.PIPE)
    assert printed.stdout.strip() == b"set()"


def test_results_that_cannot_be_written_are_told_without_a_traceback(tmp_path: Path) -> None:
    taken = tmp_path / "results"
    taken.write_text("")
    refuse_file(tmp_path / "new" / "study")
    with pytest.raises(UserError, match=r"results: found a file; expected a folder for results"):
        refuse_file(taken / "study")
    with pytest.raises(UserError, match=r"cannot be written to \(.+\); expected one with room"):
        write_record(taken / "study", {}, tmp_path)
