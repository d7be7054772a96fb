"""Damaged files of every kind that people bring: a problem that names the file, and nothing worse.

500 in each run; `pytest -m slow tests/unit/test_fuzz_readers.py` reads 10,000.
"""

import random
import resource
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sharpflow.cohorts.bone_age import list_bone_age, read_bone_age
from sharpflow.cohorts.boxes import read_boxes
from sharpflow.cohorts.radiographs import list_radiographs
from sharpflow.cohorts.said_of_images import read_comments
from sharpflow.cohorts.scores import column_order, read_score_table
from sharpflow.errors import Problem
from sharpflow.imaging.reading import ImageError, read_image

from . import foreign_files as made
from .damaged_bytes import damaged

pytestmark = pytest.mark.filterwarnings("ignore")  # Pillow's, of damaged tags

MAX_PIXELS = 100_000
HANGS = 20  # seconds on one file
MEMORY = 500_000  # kilobytes that all may add
COLOURS = np.dstack([made.GREY.astype(np.uint16) * 16] * 3)


def read_picture(path: Path) -> Iterable[str]:
    try:
        image = read_image(path, MAX_PIXELS)
    except ImageError as error:
        return [str(error)]
    assert image.dtype == np.uint8
    assert image.ndim == 2
    assert 0 < image.size <= MAX_PIXELS
    return []


def read_label(path: Path) -> Iterable[str]:
    (path.parent / "classes.txt").write_text("PIP\nMCP\n")
    row = {"image_id": path.stem, "body_part": "hand", "height": made.HEIGHT, "width": made.WIDTH}
    return texts(read_boxes(path.parent, pd.DataFrame([row]))[1])


def read_list(path: Path) -> Iterable[str]:
    return [*texts(list_radiographs(path).problems), str(path)]


def read_scores(path: Path) -> Iterable[str]:
    return texts(read_score_table(path).problems)


def read_children(path: Path) -> Iterable[str]:
    listed = list_bone_age(path, path.parent, None, None)
    return texts(read_bone_age(listed, path)[1])


def read_said(path: Path) -> Iterable[str]:
    return texts(read_comments(path, {"x"}).problems)


def texts(problems: Iterable[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


SCORES = (",".join(column_order()) + "\n" + ",".join(["A", *["0"] * 89]) + "\n").encode()
FILES: dict[str, tuple[bytes, Callable[[Path], Iterable[str]]]] = {
    "hand.jpg": (made.jpg_with(made.exif(3, b"\6\0")), read_picture),
    "grey.png": (made.png_with(made.chunk(b"eXIf", made.exif(3, b"\6\0"))), read_picture),
    "text.png": (made.png_with(made.xmp(0.001), made.xmp(0.01, compressed=True)), read_picture),
    "deep.png": (made.encoded(COLOURS, ".png"), read_picture),
    "lzw.tif": (made.tiff("tiff_lzw"), read_picture),
    "deep.tif": (made.encoded(COLOURS, ".tiff"), read_picture),
    "grey.bmp": (made.encoded(made.GREY, ".bmp"), read_picture),
    "A-LH.xml": (made.VOC, read_label),
    "A-LH.txt": (made.YOLO, read_label),
    "list.csv": (made.LIST, read_list),
    "scores.csv": (SCORES, read_scores),
    "ages.csv": (made.BONE_AGE, read_children),
    "comments.csv": (made.COMMENTS, read_said),
}


class Hangs(BaseException):
    """Not an Exception, which readers turn into problems."""


@pytest.fixture
def no_hang() -> Iterator[Callable[[], Any]]:
    def too_long(*_: Any) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, too_long)
    yield lambda: signal.alarm(HANGS)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def read_damaged(folder: Path, name: str, times: int, watch: Callable[[], Any]) -> None:
    whole, read = FILES[name]
    chance = random.Random(name)
    path = folder / name
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(times):
        data = damaged(whole, chance)
        path.write_bytes(data)
        watch()
        try:
            told = read(path)
        except Exception as error:
            raise AssertionError(f"{name}, damaged the {number}. time: {data!r}") from error
        for line in told:
            assert str(folder) in line, line
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MEMORY


@pytest.mark.parametrize("name", FILES)
def test_the_whole_file_is_read(name: str, tmp_path: Path) -> None:
    whole, read = FILES[name]
    told = [*read(made.write(tmp_path / name, whole))]
    assert [line for line in told if "found" in line] == []


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named(name: str, tmp_path: Path, no_hang: Callable[[], Any]) -> None:
    read_damaged(tmp_path, name, 500 // len(FILES) + 1, no_hang)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_ten_thousand_damaged_files_are_named(
    name: str, tmp_path: Path, no_hang: Callable[[], Any]
) -> None:
    read_damaged(tmp_path, name, 10_000 // len(FILES) + 1, no_hang)
