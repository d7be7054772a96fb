"""Files are read again when they may have changed, whatever their date says."""

import os
from pathlib import Path

import pytest

from sharpflow.workflow.content import NO_FILE, Contents


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "LH.jpg"
    file.write_bytes(b"one")
    os.utime(file, (1, 1))
    return file


def test_the_same_content_has_the_same_digest_whatever_the_date(path: Path) -> None:
    before = Contents().now(path)
    path.touch()
    assert Contents().now(path) == before


def test_another_content_of_the_same_size_and_date_is_seen(path: Path) -> None:
    contents = Contents()
    before = contents.now(path)
    path.write_bytes(b"two")
    os.utime(path, (1, 1))
    assert contents.now(path) != before


def test_a_process_keeps_to_what_it_saw_first(path: Path) -> None:
    contents = Contents()
    before = contents.of([path])
    path.write_bytes(b"another")
    assert contents.of([path, path]) == before * 2
    contents.forget()
    assert contents.of([path]) != before


def test_what_was_kept_is_not_read_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, before = tmp_path / "kept" / "contents.json", Contents()
    before.keep_in(kept, write=False)
    other = tmp_path / "RH.jpg"
    other.write_bytes(b"other")
    digests = before.of([path, other])
    before._write()
    monkeypatch.setattr("sharpflow.workflow.content._checksum", lambda _: pytest.fail("read"))
    after = Contents()
    after.keep_in(kept, write=False)
    assert after.of([path, other]) == digests


@pytest.mark.parametrize("text", ["", "[1]", '{"half', '{"a": 1}'])
def test_what_was_kept_badly_is_read_anew(path: Path, tmp_path: Path, text: str) -> None:
    kept = tmp_path / "contents.json"
    kept.write_text(text)
    contents = Contents()
    contents.keep_in(kept, write=False)
    assert contents.now(path) == Contents().now(path)


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert Contents().of([tmp_path / "none", tmp_path]) == [NO_FILE, NO_FILE]
