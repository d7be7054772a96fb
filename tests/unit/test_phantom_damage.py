"""Damage: what the scores' words say can be measured on the drawing before noise."""

from itertools import pairwise

import numpy as np
import pytest

from sharpflow.anatomy import BodyPart
from sharpflow.phantom.bones.feet import FootPose, build_foot
from sharpflow.phantom.bones.hands import HandPose, LimbScores, build_hand
from sharpflow.phantom.bones.limb import Limb, Person
from sharpflow.phantom.damage.lesions import DECOMPOSITIONS, sample_damage
from sharpflow.phantom.projection.render import View, trace

PIXEL = 0.1  # mm


def build(body_part: BodyPart, scores: LimbScores, seed: int) -> Limb:
    rng = np.random.default_rng(seed)
    if body_part is BodyPart.HAND:
        return build_hand(Person(), HandPose(), scores, rng)
    return build_foot(Person(), FootPose(), scores, rng)


def mineral_about(limb: Limb, joint: str, half: float) -> np.ndarray:
    """Mineral in a square about a joint, noiseless, `half` mm to each side."""
    site = limb.sites[joint]
    side = int(2 * half / PIXEL)
    shift = (site.x - half, site.y - half)
    return trace(limb, View(((PIXEL, 0.0), (0.0, PIXEL)), shift, PIXEL, side, side)).mineral


def measured_gap(limb: Limb, joint: str) -> float:
    """Width of the dark band between the two bones, on the line through the joint's middle, mm."""
    patch = mineral_about(limb, joint, 4.0)
    line = patch[:, patch.shape[1] // 2 - 2 : patch.shape[1] // 2 + 3].mean(axis=1)
    return float((line < 0.3 * np.median(line)).sum() * PIXEL)


@pytest.mark.parametrize("joint", ["MCP3", "PIP3"])
def test_gap_shrinks_with_the_score_and_is_what_the_truth_says(joint: str) -> None:
    means = []
    for score in range(4):
        measured, told = [], []
        for seed in range(6):
            limb = build(BodyPart.HAND, LimbScores({}, {joint: score}), seed)
            told.append(limb.sites[joint].gap)
            measured.append(measured_gap(limb, joint))
        assert np.median(np.abs(np.array(measured) - told)) < 0.3
        means.append(np.median(measured))
    assert means[0] > means[2] > means[3] > 0
    assert means[0] >= means[1] > means[2]
    assert 0.5 < means[2] / means[0] < 0.8 and means[3] / means[0] < 0.5


def test_fused_joint_has_no_line_and_no_gap() -> None:
    fused = 0
    for seed in range(12):
        limb = build(BodyPart.HAND, LimbScores({}, {"PIP3": 4}), seed)
        assert limb.sites["PIP3"].gap == 0.0
        if limb.tube("PP3").head.roundness > 0:
            continue  # dislocated
        fused += 1
        patch = mineral_about(limb, "PIP3", 3.0)
        line = patch[:, patch.shape[1] // 2 - 2 : patch.shape[1] // 2 + 3].mean(axis=1)
        assert line.min() > 0.8 * np.median(line)
    assert 3 < fused < 12


@pytest.mark.parametrize(
    ("body_part", "joint", "scores"),
    [(BodyPart.HAND, "MCP2", range(6)), (BodyPart.FOOT, "MTP5", range(0, 11, 2))],
)
def test_erosion_takes_ever_more_mineral(body_part: BodyPart, joint: str, scores: range) -> None:
    means = [
        np.mean([
            mineral_about(build(body_part, LimbScores({joint: score}, {}), seed), joint, 8.0).sum()
            for seed in range(8)
        ])
        for score in scores
    ]  # fmt: skip
    assert all(a > b for a, b in pairwise(means))
    assert means[-1] < 0.8 * means[0]


def test_damage_of_one_joint_leaves_the_others_alone() -> None:
    sound = build(BodyPart.FOOT, LimbScores(), 3)
    bad = build(BodyPart.FOOT, LimbScores({"MTP5": 1}, {}), 3)
    assert [b.bites for b in sound.bones] != [b.bites for b in bad.bones]
    for bone in bad.bones:
        if bone.name not in ("MT5", "PP5"):
            assert not bone.bites


def test_lesions_add_up_to_the_score() -> None:
    for score, choices in DECOMPOSITIONS.items():
        assert all(sum(counts) == score for counts, _ in choices)
        assert sum(share for _, share in choices) == pytest.approx(1)
    for score in range(11):
        for seed in range(20):
            damage = sample_damage(score, 0, np.random.default_rng(seed), each_side=True)
            sides = [sum(x.counts for x in side) for side in (damage.proximal, damage.distal)]
            assert sum(sides) == score and max(sides) <= 5
    for score in range(5):
        damage = sample_damage(score, 0, np.random.default_rng(score))
        assert sum(x.counts for x in damage.proximal + damage.distal) == score


def test_wrist_damage_shows() -> None:
    sound = build(BodyPart.HAND, LimbScores(), 4)
    eroded = build(BodyPart.HAND, LimbScores({"lunate": 3}, {}), 4)
    narrowed = build(BodyPart.HAND, LimbScores({}, {"radcar": 3}), 4)
    assert mineral_about(eroded, "lunate", 6).sum() < 0.97 * mineral_about(sound, "lunate", 6).sum()
    assert narrowed.sites["radcar"].gap < 0.5 * sound.sites["radcar"].gap
    heights = [next(b.y for b in limb.bones if b.name == "lunate") for limb in (sound, narrowed)]
    assert heights[1] > heights[0] + 0.5  # nearer to the radius; y is down
