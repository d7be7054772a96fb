"""Two runs beside each other: what differs, in numbers and in what made them."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sharpflow.errors import UserError
from sharpflow.workflow.compare.__main__ import main
from sharpflow.workflow.compare.provenance import differences, in_brief, read_brief
from sharpflow.workflow.compare.reference import keep_reference, said_at_end
from sharpflow.workflow.compare.tables import Cell, compare_tables

SCORING = (
    "model,data,accuracy,accuracy_low,accuracy_high,accuracy_seed_sd\n"
    "erosion,mine,{value},0.4,0.6,0.02\nnarrowing,mine,0.5,,,\n"
)


def write_tables(folder: Path, **tables: str) -> Path:
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        (folder / "tables" / f"{name}.csv").write_text(text)
    return folder


def write_records(folder: Path, *, processor: str = "A", rate: float = 0.1) -> None:
    """The record of one job that made tables/scoring.csv; the index is gathered from it."""
    from sharpflow.workflow.provenance.records import RECORDS, digest_of_path

    table = folder / "tables" / "scoring.csv"
    record = {
        "job": "table_scoring",
        "rule": "table_scoring",
        "began": "2030-01-01T00:00:00.000+00:00",
        "ended": "2030-01-01T00:00:01.000+00:00",
        "seconds": 1.0,
        "memory_mb": 100.0,
        "settings": {"heads": {"rate": rate, "epochs": 3}, "seed": 1},
        "code": {"commit": "c0ffee", "uncommitted": None, "digest": "d1"},
        "environment": {
            "python": "3.11.7",
            "lock": "abc",
            "packages": {"numpy": "2.2", "torch": None},
            "system": "Linux",
            "processor": processor,
        },
        "threads": 1,
        "gpus": [],
        "device": None,
        "precision": None,
        "inputs": {"own/scores.csv": "1"},
        "outputs": {"<results>/tables/scoring.csv": digest_of_path(table)},
    }
    path = folder / RECORDS / "table_scoring" / "1.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(record))


def brief(**changes: Any) -> dict[str, Any]:
    job = {
        "job": "train_head/erosion-hand",
        "rule": "train_head",
        "began": "1",
        "settings": {"heads": {"rate": 0.1, "epochs": 3}, "seed": 1},
        "code": "c",
        "code_digest": "d1",
        "threads": 1,
        "gpus": [],
        "precision": "float32",
    }
    other = job | {"job": "train_head/erosion-foot", "began": "2"}
    environment = {"python": "3.11", "lock": "l", "packages": {"torch": "2.1"}}
    environment |= {"system": "Linux", "processor": changes.get("processor", "A")}
    return in_brief(
        {
            "jobs": {"1": job | changes.get("job", {}), "2": other | changes.get("other", {})},
            "codes": {"c": {"commit": changes.get("commit", "0" * 40), "uncommitted": None}},
            "environments": {"e": environment},
            "results": {"t": {"data": changes.get("data", {"/here/scores.csv": "1"})}},
        }
    )


def test_equal_tables_end_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = (
        write_tables(tmp_path / name, scoring=SCORING.format(value=0.5)) for name in ("one", "two")
    )
    assert main([str(one), str(two)]) == 0
    assert "1 of 1 tables are equal" in capsys.readouterr().out


def test_a_difference_is_told_against_its_interval_and_seeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_tables(tmp_path / "one", scoring=SCORING.format(value=0.5), gone="a,b\n1,2\n")
    two = write_tables(tmp_path / "two", scoring=SCORING.format(value=0.55))
    assert main([str(one), str(two)]) == 1
    said = capsys.readouterr().out
    assert "only in the first: tables/gone.csv" in said
    assert "1 of 12 values differ" in said
    line = next(line for line in said.splitlines() if "erosion" in line)
    assert line.split() == [
        *("erosion", "accuracy", "0.5", "->", "0.55", "+0.05"),
        *("inside", "the", "intervals", "2.5", "seed", "SD"),
    ]


def test_a_value_outside_either_interval_counts() -> None:
    cell = Cell("row", "mae", ("1", "3"), ((0.0, 2.0), (0.5, 4.0)))
    assert cell.difference == 2
    assert cell.outside
    assert not Cell("row", "mae", ("1", "1.5"), ((0.0, 2.0), (0.5, 4.0))).outside
    assert Cell("row", "mae", ("1", "2")).outside is None
    assert Cell("row", "state", ("run", "")).difference is None


@pytest.mark.parametrize(
    ("first", "second", "rows", "cells"),
    [
        ("limb,rule,x\nhand,a,1\nhand,b,2\n", "limb,rule,x\nhand,b,2\nhand,a,1.0\n", (0, 0), 0),
        ("limb,rule,x\nhand,a,1\n", "limb,rule,x\nhand,a,1\nhand,b,2\n", (0, 1), 0),
        ("x,y\n1,2\n1,2\n", "x,y\n1,2\n1,3\n", (0, 0), 1),  # nothing tells the rows apart
        ("row,data,x\na,mine,1\n", "row,data,x\na,theirs,1\n", (0, 0), 1),
        ("row,x\n", "row,x\na,1\n", (0, 1), 0),
    ],
)
def test_rows_are_found_by_their_names(
    tmp_path: Path, first: str, second: str, rows: tuple[int, int], cells: int
) -> None:
    one, two = write_tables(tmp_path / "1", t=first), write_tables(tmp_path / "2", t=second)
    (table,) = compare_tables(one, two)
    assert tuple(map(len, table.only)) == rows
    assert len(table.cells) == cells
    assert table.differs is (rows != (0, 0) or cells > 0)


def test_numbers_are_listed_before_words_and_words_before_blanks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "model,recall,sure,data,n\n"
    one = write_tables(tmp_path / "one", t=f"{head}a,,True,mine,1\nb,0.5,True,mine,4\n")
    two = write_tables(tmp_path / "two", t=f"{head}a,0.5,False,mine,3\nb,0.4,True,yours,4\n")
    assert main([str(one), str(two)]) == 1
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if " -> " in line]
    assert [line[:2] for line in lines] == [
        *(["a", "n"], ["b", "recall"]),
        *(["a", "sure"], ["b", "data"]),
        ["a", "recall"],
    ]
    assert lines[-1][2:] == ["blank", "->", "0.5"]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("image,x\na,1\n", "image,x\nb,1\n", "tables/t.csv: no row is in both"),
        ("image,x\n", "image,x\nb,1\n", "tables/t.csv: no row is in both"),
        ("x,y\n1,2\n", "u,v\n1,2\n", "tables/t.csv: no column is in both"),
        (
            "image,x\na,1\n",
            "image,x\na,1\nb,1\n",
            "tables/t.csv: all 2 values that are in both are equal",
        ),
        ("image,x\na,1\n", "image,x\na,2\n", "tables/t.csv: 1 of 2 values differ"),
    ],
)
def test_what_is_counted_is_in_both(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    first: str,
    second: str,
    said: str,
) -> None:
    one, two = write_tables(tmp_path / "1", t=first), write_tables(tmp_path / "2", t=second)
    assert main([str(one), str(two)]) == 1
    assert said in capsys.readouterr().out.splitlines()


def test_scores_are_counted_and_listed_where_all_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [write_tables(tmp_path / name, t="a\n1\n") for name in ("one", "two")]
    for folder, score in zip(folders, (1, 2), strict=True):
        (folder / "scores").mkdir()
        (folder / "scores" / "joints.csv").write_text(f"joint,erosion\nMCP2,{score}\n")
    arguments = [str(folder) for folder in folders]
    main(arguments)
    said = capsys.readouterr().out
    assert "scores/joints.csv: 1 of 2 values differ, which --all shows" in said.splitlines()
    assert "MCP2" not in said
    main([*arguments, "--all"])
    said = capsys.readouterr().out
    assert "scores/joints.csv: 1 of 2 values differ" in said.splitlines()
    assert "MCP2" in said


def test_what_made_them_is_compared() -> None:
    assert differences(brief(), brief()) == {}
    told = differences(
        brief(),
        brief(
            job={"settings": {"heads": {"rate": 0.2, "epochs": 3}, "seed": 1}},
            other={"code_digest": "d2"},
            processor="B",
            data={"/there/scores.csv": "2"},
        ),
    )
    assert told["settings"] == ["heads.rate: 0.1 | 0.2 (train_head erosion-hand)"]
    assert told["code"] == ["code of 1 of 1 rules: train_head"]
    assert told["processor"] == ["processors: A | B"]
    assert len(told["data"]) == 2 and "scores.csv" in told["data"][0]


def test_another_commit_of_the_same_code_is_told_as_that() -> None:
    assert differences(brief(), brief(commit="1" * 40)) == {
        "commit": [f"commits: {'0' * 12} | {'1' * 12}"]
    }


def test_synthetic_data_of_another_seed_are_other_data() -> None:
    one, other = brief(), brief()
    one["settings"]["make_joint_phantom"] = {"seed": 42}
    other["settings"]["make_joint_phantom"] = {"seed": 1}
    assert differences(one, other)["data"] == [
        "other synthetic radiographs and scores (make_joint_phantom)"
    ]


def test_the_same_file_elsewhere_is_the_same_data() -> None:
    assert differences(brief(), brief(data={"/there/renamed.csv": "1"})) == {}


def test_reference_tables_are_kept_with_what_made_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_tables(tmp_path / "run", scoring=SCORING.format(value=0.5))
    write_records(run)
    reference = write_tables(tmp_path / "reference", older="a,b\n1,2\n")
    assert keep_reference(run, reference) == []
    assert [path.name for path in (reference / "tables").iterdir()] == ["scoring.csv"]
    (run / "scores").mkdir()
    (run / "scores" / "joints.csv").write_text("a\n1\n")  # references have no scores
    assert main([str(run), str(reference)]) == 0
    assert "1 of 1 tables are equal." in said_at_end(run, reference)
    assert "made on A" in said_at_end(run, reference)
    assert "are the same" in capsys.readouterr().out

    other = write_tables(tmp_path / "other", scoring=SCORING.format(value=0.9))
    write_records(other, processor="B", rate=0.2)
    assert keep_reference(other, tmp_path / "second") == []
    said = said_at_end(other, reference)
    assert "Differ: scoring. 1 of 1 values with an interval lie outside the other run's." in said
    assert "no provenance" not in said


def test_the_end_of_a_run_says_nothing_without_tables_or_reference(tmp_path: Path) -> None:
    run = write_tables(tmp_path / "run", scoring=SCORING.format(value=0.5))
    assert said_at_end(run, tmp_path / "none") == ""
    assert said_at_end(tmp_path / "none", run) == ""
    assert said_at_end(run, run, since=time.time() + 60) == ""  # it made none of these tables


def test_wrong_folders_are_said_in_a_sentence(tmp_path: Path) -> None:
    run = write_tables(tmp_path / "run", scoring=SCORING.format(value=0.5))
    with pytest.raises(UserError, match="found no tables"):
        main([str(run), str(tmp_path / "missing")])
    with pytest.raises(UserError, match="of a finished run"):
        keep_reference(run, tmp_path / "reference")
    assert read_brief(run) is None
    (run / "provenance").mkdir()
    (run / "provenance" / "index.json").write_text("{")
    with pytest.raises(UserError, match="Write it anew"):
        main([str(run), str(run)])
