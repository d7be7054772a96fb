"""The published numbers: what the code reads is what the papers print."""

import subprocess
import sys
from pathlib import Path

import pytest

from sharpflow.anatomy import MODELS
from sharpflow.papers import bo_numbers, bo_results, tan_numbers
from sharpflow.papers.reading import rows_beside
from sharpflow.whole_image.experiment_types import NETWORKS

SOURCE = Path(__file__).parents[2] / "src"


def test_values_are_the_printed_ones_in_our_units() -> None:
    for row in rows_beside(bo_numbers.__file__) + rows_beside(tan_numbers.__file__):
        printed, value = row["printed"], float(row["value"])
        if "accuracy" in row["number"]:
            assert float(printed.removesuffix("%")) / 100 == pytest.approx(value)
        elif row["number"] == "seconds_per_epoch":
            minutes, seconds = printed.removesuffix(" min").split(":")
            assert 60 * int(minutes) + int(seconds) == value
        else:
            assert int(printed.split()[0]) == value


def test_every_number_says_where_it_stands() -> None:
    for module in (bo_numbers, bo_results, tan_numbers):
        for row in rows_beside(module.__file__):
            assert row["paper"] in ("Bo et al.", "Tan et al.")
            assert row["place"].startswith(("Table ", "section "))


def test_numbers_are_of_what_the_study_has() -> None:
    assert set(bo_numbers.SECONDS_PER_EPOCH) == set(NETWORKS)
    assert all(set(values) == set(MODELS) for values in tan_numbers.JOINT_SCORING.values())
    assert tan_numbers.RADIOGRAPHS == 734


def test_what_the_snakefile_imports_is_light() -> None:
    code = (
        "import sys, sharpflow.whole_image.experiments, sharpflow.papers.tan_numbers\n"
        "import sharpflow.whole_image.training.settings, sharpflow.whole_image.stacking.settings\n"
        "print([name for name in ('pandas', 'numpy', 'torch') if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "[]"
