"""How a radiograph lies, and the way back to its file; known answers."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from sharpflow.anatomy import BodyPart, Side
from sharpflow.bundle.manifest import Manifest
from sharpflow.bundle.typed_json import from_plain
from sharpflow.imaging.appearance import measure_appearance
from sharpflow.imaging.dicom_limb import HeaderLimb
from sharpflow.score import plausibility
from sharpflow.score.correction import Correction
from sharpflow.score.finding import LimbFinder
from sharpflow.score.joints import JointScorer
from sharpflow.score.orientation import Orienter, Picture, are_both_hands, cut_between_hands
from sharpflow.score.plausibility import judge
from sharpflow.score.sources import SAYS_NOTHING, Source
from tests.unit.bundles import plain_manifest
from tests.unit.made_up_networks import HEIGHT, WIDTH, joint_models
from tests.unit.turned_limbs import (
    BONE,
    GROUND,
    Grey,
    both_hands,
    limb_image,
    seeing_networks,
    two_limbs,
)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("columns", [None, (2, 9)])
def test_a_box_finds_back_to_the_file(turns: int, columns: tuple[int, int] | None) -> None:
    image = np.zeros((9, 14), np.uint8)
    image[3:5, 4:7] = 200  # in the file
    correction = Correction(9, 14, turns, columns=columns)
    scored = np.rot90(image, turns)[:, slice(*columns) if columns else slice(None)]
    rows, right = np.nonzero(scored)
    corners = np.array([[right.min(), rows.min(), right.max() + 1, rows.max() + 1.0]])
    back = correction.to_file(corners)[0]
    x_min, y_min, x_max, y_max = back.astype(int)
    assert (image[y_min:y_max, x_min:x_max] == 200).all()
    if not columns:
        assert back.tolist() == [4, 3, 7, 5]


def test_what_was_changed_is_told() -> None:
    correction = Correction(2, 2, 1, inverted=True, mirrored=True)
    assert str(correction) == "turned by 90 degrees; inverted; seems mirrored (not changed)"
    assert str(Correction(2, 2)) == ""


@pytest.mark.parametrize("part", list(BodyPart))
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("turns", range(4))
def test_limbs_that_nothing_is_known_of_are_laid_upright(
    part: BodyPart, side: Side, turns: int
) -> None:
    orienter = Orienter(JointScorer(joint_models(), seeing_networks()))
    image = np.ascontiguousarray(np.rot90(limb_image(part, side), turns))
    (laid,) = orienter.lay([Picture(image)])
    assert (laid.body_part, laid.side, laid.turns) == (part, side, -turns % 4)
    judged = judge(laid)
    assert (judged.joints, judged.outside) == (1.0, 0)
    assert judged.likeness > 0.7


def test_a_radiograph_that_is_clear_as_it_lies_is_tried_in_no_other_way() -> None:
    networks = seeing_networks()
    orienter = Orienter(JointScorer(joint_models(), networks))
    pictures = [Picture(limb_image(BodyPart.HAND, side), BodyPart.HAND, side) for side in Side]
    laid = orienter.lay(pictures)
    assert [one.turns for one in laid] == [0, 0]
    assert networks["detector-hand"].seen == 2
    assert networks["detector-foot"].seen == 0


def test_one_without_joints_stays_as_it_lies() -> None:
    orienter = Orienter(JointScorer(joint_models(), seeing_networks()))
    (laid,) = orienter.lay([Picture(np.full((HEIGHT, WIDTH), 90, np.uint8))])
    assert (laid.turns, laid.fitted, laid.likeness) == (0, None, 0.0)
    assert judge(laid).joints == 0


def test_two_hands_are_cut_apart_and_told_from_two_of_one_side() -> None:
    orienter = Orienter(JointScorer(joint_models(), seeing_networks()))
    for sides, is_pair in (
        ((Side.LEFT, Side.RIGHT), True),
        ((Side.RIGHT, Side.LEFT), False),
        ((Side.LEFT, Side.LEFT), False),
    ):
        image = both_hands(*sides)
        _, column = cut_between_hands(image, measure_appearance(image))
        halves = [Picture(half, BodyPart.HAND) for half in np.split(image, [column], axis=1)]
        left, right = orienter.lay(halves, as_they_lie=True)
        assert (left.side, right.side) == sides
        assert are_both_hands(left, right) is is_pair


def said(limb: str = "", told: HeaderLimb = SAYS_NOTHING) -> Source:
    return Source(Path("x"), "x", "x", "", "1", "", limb, "table" if limb else "", told)


def find(source: Source, image: Grey) -> tuple[list[str], str]:
    """The limbs that are scored, and why it is refused."""
    finder = LimbFinder(JointScorer(joint_models(), seeing_networks()), None)
    found = finder.find([(source, image)])
    return [own.limb for own, _ in found.limbs], " ".join(one.reason for one in found.refused)


FOOT = HeaderLimb("foot")


@pytest.mark.parametrize("touching", [False, True])
@pytest.mark.parametrize(
    ("part", "source"),
    [
        (BodyPart.FOOT, said()),
        (BodyPart.FOOT, said("LF")),
        (BodyPart.FOOT, said("RF")),
        (BodyPart.FOOT, said(told=FOOT)),
        (BodyPart.HAND, said("LH")),
        (BodyPart.HAND, said("RH")),
    ],
)
def test_two_limbs_are_not_scored_as_one(part: BodyPart, source: Source, touching: bool) -> None:
    image = two_limbs(part, Side.LEFT, Side.RIGHT, touching=touching)
    assert measure_appearance(image).shape.limbs == (1 if touching else 2)
    limbs, why = find(source, image)
    assert limbs == []
    assert why.startswith("found two limbs")


def test_two_limbs_are_seen_though_the_silhouette_has_lost_one() -> None:
    image = two_limbs(BodyPart.FOOT, Side.LEFT, Side.RIGHT)
    right = image[:, WIDTH:]
    right[right == BONE] = GROUND
    assert measure_appearance(image).shape.limbs == 1
    limbs, why = find(said("LF"), image)
    assert limbs == []
    assert why.startswith("found two limbs; expected one")


def test_a_header_of_one_side_keeps_two_hands_from_being_scored() -> None:
    image = both_hands(Side.LEFT, Side.RIGHT)
    assert find(said(), image) == (["LH", "RH"], "")
    limbs, why = find(said(told=HeaderLimb("", "left")), image)
    assert limbs == []
    assert why.startswith("found two limbs; expected one")


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("part", list(BodyPart))
def test_one_limb_on_a_wide_radiograph_is_scored(part: BodyPart, told: bool, turns: int) -> None:
    ground = limb_image(part)[0, 0]
    wide = np.pad(limb_image(part), ((0, 0), (29, 29)), constant_values=ground)
    assert wide.shape[1] >= plausibility.TWO_LIMBS_ASPECT * wide.shape[0]
    limb = "LH" if part is BodyPart.HAND else "LF"
    source = said(limb if told else "")
    assert find(source, np.ascontiguousarray(np.rot90(wide, turns))) == ([limb], "")


@pytest.mark.parametrize("turns", range(4))
def test_both_hands_are_turned_though_no_joints_are_looked_for(turns: int) -> None:
    finder = LimbFinder(None, from_plain(Manifest, plain_manifest()).whole_image)
    upright = both_hands(Side.LEFT, Side.RIGHT)
    image = np.ascontiguousarray(np.rot90(upright, turns))
    ((source, scored),) = finder.find([(said("BH"), image)]).both_hands
    np.testing.assert_array_equal(scored, upright)
    assert source.correction
    assert source.correction.turns == -turns % 4


def test_both_hands_of_which_nothing_shows_the_way_up_are_refused() -> None:
    finder = LimbFinder(None, from_plain(Manifest, plain_manifest()).whole_image)
    sides = [np.rot90(limb_image(BodyPart.HAND, side)) for side in Side]
    beside, above = np.hstack(sides), np.vstack(sides)
    found = finder.find([(said("BH"), beside), (said("BH"), above)])
    assert [image.shape for _, image in found.both_hands] == [(WIDTH + 32, 2 * WIDTH)]
    (refused,) = found.refused
    assert refused.reason.startswith("found a silhouette that does not show which way is up")


def test_thresholds_that_checks_of_cohorts_have_too_are_the_same() -> None:
    config = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())
    limits = config["checks"]["warnings"]
    assert limits["least_contrast"] == plausibility.LEAST_CONTRAST
    assert limits["bright_border"] == {str(p): v for p, v in plausibility.BRIGHT_BORDER.items()}
    assert limits["turned"]["hand"] == plausibility.INVERTED_FINGERS
