"""What fingers and toes have in common: phalanges in a row, and flesh around them."""

from collections.abc import Sequence
from itertools import pairwise

from sharpflow.phantom.bones.limb import Flesh
from sharpflow.phantom.bones.linking import Assembly, link
from sharpflow.phantom.bones.solids import Tube


def link_phalanges(
    assembly: Assembly, ray: int, phalanges: Sequence[Tube], turns: Sequence[float]
) -> None:
    """Put the phalanges beyond the proximal one, which is in its place, on one another.

    Two phalanges meet in an IP joint, three in a PIP and a DIP joint. `turns` are the angles at
    these joints in radians.
    """
    names = ("IP",) if len(phalanges) == 2 else (f"PIP{ray}", f"DIP{ray}")
    pairs = pairwise(phalanges)
    for name, (proximal, distal), turn in zip(names, pairs, turns, strict=True):
        link(assembly, name, proximal, distal, turn=turn)
    last = phalanges[-1]
    assembly.limb.tips.append(last.point(last.length + 5))


def cover_phalanges(
    assembly: Assembly, phalanges: Sequence[Tube], covers: Sequence[float], tip: float, flat: float
) -> None:
    """Add capsules of flesh from knuckle to tip to the limb.

    Args:
        assembly: the limb, and whose it is.
        phalanges: of one digit, from knuckle to tip, in their places.
        covers: flesh over the base of each phalanx, mm.
        tip: how far the last capsule's end lies behind the last bone's, mm.
        flat: thickness over width, and so the tip's narrowing.
    """
    points = [bone.point(0) for bone in phalanges]
    points.append(phalanges[-1].point(phalanges[-1].length - tip))
    radii = [
        bone.end_half_width("base") + cover * assembly.person.flesh
        for bone, cover in zip(phalanges, covers, strict=True)
    ]
    radii.append(radii[-1] * flat)
    for ((x0, y0), r0), ((x1, y1), r1) in pairwise(zip(points, radii, strict=True)):
        mean = (r0 + r1) / 2
        assembly.limb.flesh.append(Flesh(x0, y0, r0, x1, y1, r1, flat * mean, 0.95 * mean))
