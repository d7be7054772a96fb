"""A key that stands twice in a file of settings is refused, since YAML would take the last."""

from pathlib import Path

import pytest

from sharpflow.errors import UserError
from sharpflow.workflow.settings.double_keys import refuse_double_keys

ROOT = Path(__file__).parents[2]


def test_a_key_that_stands_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("split: {test: 0.3}\nunet: {hand: {a: 1}, foot: {a: 2}}\nsplit: {test: 0.1}\n")
    with pytest.raises(UserError, match=r"mine\.yaml, lines 1 and 3: split\. Leave one"):
        refuse_double_keys([mine])
    mine.write_text("whole_image:\n  epochs: 3\n  size: 64\n  epochs: 4\n")
    with pytest.raises(UserError, match=r"lines 2 and 4: whole_image: epochs"):
        refuse_double_keys([mine])


def test_right_files_and_those_that_cannot_be_read_are_left_alone(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1\n")
    studies = [ROOT / "config.yaml", *(ROOT / "profiles").rglob("*.yaml")]
    refuse_double_keys([broken, tmp_path / "none.yaml", *studies])
