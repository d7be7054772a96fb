"""Whether real hands that nothing is said of are scored, and alike however they lie.

SHARPFLOW_BUNDLE names a bundle whose detector finds joints on real hands. benchmarks/refusals.py
prints the same counts, and more (docs/reference/scoring.md).
"""

import os
from pathlib import Path

import pytest
from benchmarks import refusals

from sharpflow.bundle.read import Bundle
from sharpflow.score.finding import LimbFinder
from sharpflow.score.joints import JointScorer
from sharpflow.score.networks import load_networks

FOLDER, BUNDLE = os.environ.get("SHARPFLOW_RADIOGRAPHS"), os.environ.get("SHARPFLOW_BUNDLE")
pytestmark = [
    pytest.mark.skipif(
        not (FOLDER and BUNDLE),
        reason="SHARPFLOW_RADIOGRAPHS and SHARPFLOW_BUNDLE do not name both",
    ),
    pytest.mark.slow,
]
EVERY = 4  # of the turned ones


@pytest.fixture(scope="module")
def finder() -> LimbFinder:
    with Bundle(str(BUNDLE)) as bundle:
        manifest, networks = bundle.manifest, load_networks(bundle, threads=2)
    assert manifest.joints
    return LimbFinder(JointScorer(manifest.joints, networks), manifest.whole_image)


@pytest.fixture(scope="module")
def paths() -> list[Path]:
    return sorted(Path(str(FOLDER)).glob("images/*.png"))


@pytest.fixture(scope="module")
def upright(finder: LimbFinder, paths: list[Path]) -> dict[str, refusals.Outcome]:
    return refusals.look(finder, refusals.read_all(paths, lambda image: image))


def test_most_are_scored_as_one_hand(upright: dict[str, refusals.Outcome]) -> None:
    scored = [one for one in upright.values() if not one.reason]
    assert len(scored) >= 0.6 * len(upright)
    assert sum(one.limbs == ("LH",) for one in scored) >= 0.9 * len(scored)
    assert all(one.reason.startswith("found ") for one in upright.values() if one.reason)


@pytest.mark.parametrize("how", [name for name in refusals.ALIKE if name != "inverted"])
def test_joints_have_the_same_names_however_a_hand_lies(
    finder: LimbFinder, paths: list[Path], upright: dict[str, refusals.Outcome], how: str
) -> None:
    some = paths[::EVERY]
    changed = refusals.look(finder, refusals.read_all(some, refusals.ALIKE[how]))
    same = joints = 0
    for path in some:
        own, shape = upright[str(path)].boxes, refusals.read_image(path).shape
        back = refusals.upright_boxes(changed[str(path)].boxes, how, shape)
        joints += len(own)
        same += sum(refusals.is_same(box, back.get(name)) for name, box in own.items())
    assert same >= 0.95 * joints
