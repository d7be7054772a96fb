"""How often real hands are warned of, as they are and made bad (docs/explanation/warnings.md)."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sharpflow.cohorts.plausible_radiographs import implausible_radiographs
from sharpflow.imaging.appearance import Look
from sharpflow.imaging.reading import Grey, read_image

FOLDER = os.environ.get("SHARPFLOW_RADIOGRAPHS")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SHARPFLOW_RADIOGRAPHS names no folder of real radiographs"
)
CONFIG = Path(__file__).parents[2] / "config.yaml"


@pytest.fixture(scope="module")
def hands() -> list[Grey]:
    return [read_image(path) for path in sorted(Path(str(FOLDER)).glob("images/*.png"))]


def flagged(hands: list[Grey], said: str = "") -> float:
    """Share of left hands of which a warning says so."""
    look = Look()
    for number, hand in enumerate(hands):
        look(str(number), np.ascontiguousarray(hand))
    table = look.table().assign(file="", body_part="hand", side="left", expected_limbs=1)
    limits = yaml.safe_load(CONFIG.read_text())["checks"]["warnings"]
    found = pd.Series([w.name for w in implausible_radiographs(table, limits) if said in w.warning])
    return found.nunique() / len(hands)


def test_few_good_hands_are_warned_of(hands: list[Grey]) -> None:
    assert flagged(hands) < 0.05


def test_most_hands_made_bad_are(hands: list[Grey]) -> None:
    assert flagged([np.rot90(hand, 2) for hand in hands], "upside down") > 0.9
    assert flagged([np.rot90(hand) for hand in hands], "fingers to the left") > 0.9
    assert flagged([255 - hand for hand in hands], "inverted") > 0.9
    assert flagged([hand[:, ::-1] for hand in hands], "mirrored") > 0.85
    assert flagged([hand[int(0.62 * len(hand)) :] for hand in hands], "no fingers") > 0.9
    assert flagged([np.hstack([hand, hand[:, ::-1]]) for hand in hands], "more than one") > 0.75
