"""The command `sharpflow`: what it hands on, its messages and its exit codes."""

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from sharpflow.cli import app
from sharpflow.errors import UserError

GIVEN = ["score", "a.png", "scans/*.dcm", "--bundle", "study.sharpflow", "--out", "new"]


def counts_of(scored: int, **refused: int) -> Any:
    return SimpleNamespace(
        scored=scored,
        refused=sum(refused.values()),
        in_part=0,
        patients=1,
        reasons=refused,
        warnings=[],
    )


class Engine:
    """Stands for what scores: keeps what it was given; ends as it was told to."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.counts = counts_of(2)
        self.error: BaseException | None = None

    def score(self, images: list[str], bundle: Path, out: Path, **options: Any) -> Any:
        self.given = {"images": images, "bundle": bundle, "out": out, **options}
        options["progress"](1, 2)
        if self.error:
            raise self.error
        return self.counts


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    module = ModuleType("sharpflow.score.run")
    monkeypatch.setattr(module, "score", engine.score, raising=False)
    monkeypatch.setitem(sys.modules, "sharpflow.score.run", module)
    return engine


def call(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments)


def test_all_that_is_given_is_handed_on(engine: Engine) -> None:
    options = ["--table", "t.csv", "--key", "k", "--batch", "4", "--threads", "3"]
    assert call(*GIVEN, *options).exit_code == 0
    del engine.given["progress"]
    assert engine.given == {
        "images": ["a.png", "scans/*.dcm"],
        "bundle": Path("study.sharpflow"),
        "out": Path("new"),
        "table": Path("t.csv"),
        "keep_ids": False,
        "key": Path("k"),
        "batch": 4,
        "threads": 3,
    }


@pytest.mark.parametrize(
    ("scored", "refused", "code"), [(2, 0, 0), (2, 1, 3), (0, 3, 4), (0, 0, 4)]
)
def test_the_exit_code_says_whether_all_were_scored(
    engine: Engine, scored: int, refused: int, code: int
) -> None:
    engine.counts = counts_of(scored, dark=refused)
    ended = call(*GIVEN)
    assert ended.exit_code == code
    told = f"{scored} of {scored + refused} radiographs were scored. Pages: 1. Results: new\n"
    assert ended.stdout.startswith(told)
    assert "Research use only" in ended.stdout
    quiet = call(*GIVEN, "--quiet")
    assert (quiet.exit_code, quiet.output) == (code, "")


def test_joints_that_alone_were_refused_are_told(engine: Engine) -> None:
    engine.counts = counts_of(2)
    engine.counts.in_part, engine.counts.reasons = 1, {"the joints alone: two left hands": 1}
    ended = call(*GIVEN)
    assert ended.exit_code == 3
    assert "Refused: 1: the joints alone: two left hands" in ended.stdout


def test_a_script_reads_plain_lines_of_what_was_refused(engine: Engine) -> None:
    engine.counts = counts_of(2, **{"[red]dark\x1b[2J": 1, "no joint": 3})
    lines = call(*GIVEN).stdout.splitlines()
    assert lines[1:3] == ["Refused: 3: no joint", r"Refused: 1: [red]dark\x1b[2J"]


def test_warnings_go_to_stderr_unless_all_is_to_be_quiet(engine: Engine) -> None:
    engine.counts.warnings = ["the visits 1, 01\x1b[2J may be one."]
    ended = call(*GIVEN)
    assert ended.stderr == "Warning: the visits 1, 01\\x1b[2J may be one.\n"
    assert "Warning" not in ended.stdout
    assert call(*GIVEN, "--quiet").output == ""


def test_a_terminal_shows_a_table(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    engine.counts = counts_of(2, **{"[red]dark\x1b[2J": 1, "no joint": 3})
    text = call(*GIVEN).stdout
    for row in (
        r"Pages +1\b",
        r"Radiographs scored +2\b",
        r"Radiographs refused +4\b",
        r"\s+3 x no joint",
        r"1 x \[red\]dark\\x1b\[2J",
        r"To read +new/index.html",
    ):
        assert re.search(row, text), row


def test_a_folder_whose_name_is_no_text_is_told(engine: Engine) -> None:
    ended = call(*GIVEN[:-1], "new\udcff")
    assert ended.exit_code == 0
    assert "Results: new\\udcff\n" in ended.stdout


def test_what_a_user_can_correct_is_one_message(engine: Engine) -> None:
    told = "scans [red]/:smile:.png: found no radiograph; expected one. " + 30 * "Correct it. "
    engine.error = UserError(told)
    ended = call(*GIVEN)
    assert ended.exit_code == 2
    assert ended.stderr == f"Error: {told}\n"
    assert ended.stdout == ""


def test_ctrl_c_says_what_is_left(engine: Engine) -> None:
    engine.error = KeyboardInterrupt()
    ended = call(*GIVEN)
    assert ended.exit_code == 130
    assert ended.stderr == "Stopped: no table was written. Delete overlays and pages in --out.\n"


def test_a_package_that_lacks_is_named_with_how_to_install_it(engine: Engine) -> None:
    engine.error = ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")
    ended = call(*GIVEN)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("Error: onnxruntime is not installed. ")
    assert 'pip install ".[score]"' in ended.stderr


@pytest.mark.parametrize("error", [ValueError("a bug"), ModuleNotFoundError(name="sharpflow.x")])
def test_a_fault_of_the_code_is_not_hidden(engine: Engine, error: Exception) -> None:
    engine.error = error
    assert call(*GIVEN).exception is error


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["score", "--bundle", "b", "--out", "o"], "IMAGES"),
        (["score", "a.png", "--out", "o"], "--bundle"),
        (["score", "a.png", "--bundle", "b"], "--out"),
        ([*GIVEN, "--batch", "0"], "--batch"),
        ([*GIVEN, "--threads", "0"], "--threads"),
        ([*GIVEN, "--key", "k", "--keep-ids"], "--keep-ids and --key"),
    ],
)
def test_wrong_use_is_refused(engine: Engine, arguments: list[str], told: str) -> None:
    ended = call(*arguments)
    assert ended.exit_code == 2
    assert told in ended.stderr
    assert engine.given == {}


@pytest.mark.parametrize("arguments", [["--help"], ["score", "--help"]])
def test_help_says_what_it_is_for(arguments: list[str]) -> None:
    ended = call(*arguments)
    assert ended.exit_code == 0
    assert "Research use only" in ended.stdout


def test_the_version_is_told_whether_installed_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"{name} 1.2.3")
    assert call("--version").stdout == "sharpflow sharpflow 1.2.3\n"
    monkeypatch.undo()
    assert call("--version").exit_code == 0
