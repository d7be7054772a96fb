"""The hand: five rays on a wrist on a forearm."""

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from sharpflow.anatomy import LimbKind
from sharpflow.phantom import measurements as mm
from sharpflow.phantom import shapes
from sharpflow.phantom.bones import ACROSS, ALONG, Blob, Surface, Tube
from sharpflow.phantom.carpals import OUTLINES, carpal
from sharpflow.phantom.damage import JointDamage, carve, carve_blob, draw_damage
from sharpflow.phantom.limb import Flesh, Limb, Person, Site, scaled
from sharpflow.phantom.linking import link

# Base of each metacarpal (x, y up) and its direction in degrees (to the radial side); ours.
METACARPAL_BASE = {1: (30.5, 35.2), 2: (13.6, 36.6), 3: (0.6, 36.2), 4: (-10.8, 34.6),
                   5: (-20.0, 32.4)}  # fmt: skip
METACARPAL_ANGLE = {1: 38.0, 2: 7.0, 3: 0.0, 4: -8.0, 5: -17.0}


@dataclass(frozen=True)
class HandPose:
    """How a hand lies on the film; degrees."""

    spread: float = 0.0  # between neighbouring fingers at the MCPs
    thumb: float = 0.0  # abduction beyond the usual
    lean: tuple[float, ...] = (0.0,) * 5  # deviation of each finger at the MCP
    flexion: tuple[float, ...] = (0.0,) * 5  # of each finger at PIP and DIP, out of the film
    ulnar_drift: float = 0.0  # of fingers 2-5, to the ulnar side
    wrist: float = 0.0  # deviation of the hand on the forearm
    tilt: float = 0.0  # pronation; narrows the hand


@dataclass(frozen=True)
class HandScores:
    """Erosion and narrowing by site name, wrist sites included."""

    erosion: dict[str, int] = field(default_factory=dict)
    narrowing: dict[str, int] = field(default_factory=dict)


def draw_hand_pose(rng: Generator, drift: float = 0.0) -> HandPose:
    """A hand laid down as at an examination: mostly flat, sometimes spread, seldom flexed."""
    bent = rng.random() < 0.15
    flexion = [abs(rng.normal(0, 7)) + (rng.uniform(0, 30) if bent else 0) for _ in range(5)]
    return HandPose(
        spread=float(np.clip(rng.normal(3, 4), -4, 12)),
        thumb=float(np.clip(rng.normal(0, 8), -18, 18)),
        lean=tuple(float(np.clip(rng.normal(0, 2.2), -6, 6)) for _ in range(5)),
        flexion=tuple(float(min(f, 42)) for f in flexion),
        ulnar_drift=float(drift),
        wrist=float(np.clip(rng.normal(0, 5), -14, 14)),
        tilt=float(np.clip(rng.normal(0, 8), -18, 18)),
    )


def build_hand(person: Person, pose: HandPose, scores: HandScores, rng: Generator) -> Limb:
    """All bones, soft tissue and sites of a left hand (thumb on the right), mm."""
    limb = Limb(LimbKind.HAND)
    damages = {
        name: draw_damage(scores.erosion.get(name, 0), scores.narrowing.get(name, 0), rng)
        for name in mm.HAND_GAPS
    }
    gaps = {
        name: gap * person.gap * float(1 + mm.GAP_SD_JOINT * np.clip(rng.normal(), -2, 2))
        for name, gap in mm.HAND_GAPS.items()
    }
    _wrist(limb, pose, scores, damages, gaps, rng)
    for ray in range(1, 6):
        _ray(limb, ray, pose, scores, damages, gaps, person, rng)
    _palm(limb, person)
    return scaled(_finish(limb, person), person.scale)


def _finish(limb: Limb, person: Person) -> Limb:
    for bone in limb.bones:
        bone.density *= person.density
        if isinstance(bone, Tube):
            bone.cortex = bone.cortex * np.float32(person.cortex)
            bone.half_width = bone.half_width * np.float32(person.stout)
    return limb


def _lost(damages: dict[str, JointDamage], gaps: dict[str, float], name: str) -> float:
    """How much nearer the bones of a wrist site have come, mm."""
    damage = damages[name]
    if damage.narrowing == 4:
        return gaps[name] * 1.35
    return gaps[name] * (1 - damage.space_left + 0.4 * abs(damage.focal))


def _wrist(
    limb: Limb,
    pose: HandPose,
    scores: HandScores,
    damages: dict[str, JointDamage],
    gaps: dict[str, float],
    rng: Generator,
) -> None:
    """Forearm and carpus; narrowing moves the bones together."""
    radius, ulna = _forearm(pose)
    carve(radius, "head", draw_damage(scores.erosion.get("radius", 0), 0, rng).proximal, rng)
    carve(ulna, "head", draw_damage(scores.erosion.get("ulna", 0), 0, rng).proximal, rng)
    limb.bones += [radius, ulna]
    down = _lost(damages, gaps, "radcar")
    mid = _lost(damages, gaps, "capnlun")
    mna = _lost(damages, gaps, "mna")
    for name in OUTLINES:
        bone = carpal(name)
        bone.y += down
        if name in ("capitate", "hamate", "trapezoid", "mul"):
            bone.y += mid
        if name in ("mul", "trapezoid"):
            bone.y += mna * 0.8
            bone.x -= mna * 0.4
        if name in ("mul", "nav", "lunate"):
            carve_blob(bone, scores.erosion.get(name, 0), rng)
        bone.radius = (bone.radius * np.float32(1 + 0.02 * rng.normal())).astype(np.float32)
        limb.bones.append(bone)
    bones = {b.name: b for b in limb.bones}
    for name, width in (("mul", 14.0), ("nav", 16.0), ("lunate", 16.0)):
        limb.sites[name] = Site(name, bones[name].x, bones[name].y, width, float("nan"))
    limb.sites["radius"] = Site("radius", *radius.point(radius.length - 4, 3), 28.0, float("nan"))
    limb.sites["ulna"] = Site("ulna", *ulna.point(ulna.length - 3), 15.0, float("nan"))
    for name, x, y, width in (
        ("radcar", 7.0, -0.5, 30.0), ("capnlun", 3.0, -10.2 + down, 18.0),
        ("mna", 19.5, -19.4 + down, 14.0),
    ):  # fmt: skip
        limb.sites[name] = Site(name, x, y + down / 2, width, _space(damages, gaps, name))


def _space(damages: dict[str, JointDamage], gaps: dict[str, float], name: str) -> float:
    return max(0.0, gaps[name] - _lost(damages, gaps, name))


def _forearm(pose: HandPose) -> tuple[Tube, Tube]:
    """Distal radius and ulna, long enough to leave any film."""
    length = 120.0
    from_end = (1 - ALONG) * length
    turn = -np.deg2rad(pose.wrist)
    flare = np.exp(-((from_end / 21) ** 1.4))
    half = (7.0 + 8.6 * flare).astype(np.float32)
    reach = 4.6 * ACROSS + 2.4 * ACROSS**2 - 2.2 * np.clip(np.abs(ACROSS) - 0.85, 0, 1) * 8
    radius = Tube(
        "radius", 0, 0, turn, length, half, (1.5 * flare).astype(np.float32), 0.72,
        (0.4 + 2.4 * (1 - flare)).astype(np.float32),
        (0.03 + 0.15 * flare).astype(np.float32),
        Surface(np.zeros_like(ACROSS), 1.0, 0.0), Surface(reach.astype(np.float32), 2.2),
    )  # fmt: skip
    head = np.exp(-((from_end / 10) ** 1.6))
    styloid = 4.4 * np.exp(-(((ACROSS + 0.72) / 0.2) ** 2)) - 2.0 * np.clip(ACROSS, 0, 1) ** 4
    ulna = Tube(
        "ulna", 0, 0, turn, length, (5.2 + 2.9 * head).astype(np.float32), np.zeros_like(ALONG),
        0.85, (0.4 + 2.0 * (1 - head)).astype(np.float32),
        (0.03 + 0.14 * head).astype(np.float32),
        Surface(np.zeros_like(ACROSS), 1.0, 0.0), Surface(styloid.astype(np.float32), 2.0),
    )  # fmt: skip
    for bone, (x, y) in ((radius, (7.0, 2.6)), (ulna, (-17.0, 4.2))):
        # The wrist turns about the head of the capitate.
        pivot_x, pivot_y = 0.0, -10.0
        sine, cosine = np.sin(turn), np.cos(turn)
        dx, dy = x - pivot_x, y - pivot_y
        end = (pivot_x + dx * cosine - dy * sine, pivot_y + dx * sine + dy * cosine)
        bone.x = end[0] - length * sine
        bone.y = end[1] + length * cosine
    return radius, ulna


def _ray(
    limb: Limb,
    ray: int,
    pose: HandPose,
    scores: HandScores,
    damages: dict[str, JointDamage],
    gaps: dict[str, float],
    person: Person,
    rng: Generator,
) -> None:
    """Metacarpal and phalanges of one ray, joints linked, flesh around them."""
    x, y = METACARPAL_BASE[ray]
    y_down = -y + _lost(damages, gaps, "radcar") + _lost(damages, gaps, "capnlun")
    if ray == 1:
        y_down += 0.8 * _lost(damages, gaps, "mna")
    if ray >= 3:
        y_down += _lost(damages, gaps, f"cmc{ray}")
        site = f"cmc{ray}"
        limb.sites[site] = Site(site, x, y_down + 0.5, 12.0, _space(damages, gaps, site))
    angle = METACARPAL_ANGLE[ray] + (pose.thumb if ray == 1 else 0.4 * pose.spread * (3 - ray))
    curve = {1: 3.2, 2: 5.0, 3: 5.0, 4: 4.4, 5: 4.2}[ray]
    size = mm.METACARPALS[ray]
    metacarpal = shapes.tube(
        f"MC{ray}", size, shapes.hollow(0.8), shapes.convex(curve),
        at=(x, y_down), angle=np.deg2rad(angle), rng=rng,
    )  # fmt: skip
    if ray == 1:
        carve(metacarpal, "base", draw_damage(scores.erosion.get("mc1", 0), 0, rng).proximal, rng)
        limb.sites["mc1"] = Site("mc1", *metacarpal.point(2.5), 15.0, float("nan"))
    limb.bones.append(metacarpal)
    cosine = float(np.cos(np.deg2rad(pose.flexion[ray - 1])))
    turn = np.deg2rad(
        pose.lean[ray - 1] + (0.6 * pose.spread * (3 - ray) - pose.ulnar_drift if ray > 1 else -12)
    )
    first = link(
        limb, f"MCP{ray}", metacarpal,
        lambda at, a: shapes.tube(
            f"PP{ray}", mm.HAND_PROXIMAL[ray], shapes.hollow(0.5 * curve * 0.62),
            shapes.double(1.0), at=at, angle=a, shorten=(1 + cosine) / 2, rng=rng),
        gap=gaps[f"MCP{ray}"], turn=float(turn), damage=damages[f"MCP{ray}"], rng=rng,
    )  # fmt: skip
    chain = [metacarpal, first]
    if ray == 1:
        last = link(
            limb, "IP", first,
            lambda at, a: shapes.tube(
                "DP1", mm.HAND_DISTAL[1], shapes.hollow(0.7), shapes.tuft(mm.HAND_DISTAL[1]),
                at=at, angle=a, shorten=cosine, rng=rng),
            gap=gaps["IP"], turn=float(np.deg2rad(rng.normal(-2, 3))), damage=damages["IP"],
            rng=rng,
        )  # fmt: skip
        chain.append(last)
    else:
        middle = link(
            limb, f"PIP{ray}", first,
            lambda at, a: shapes.tube(
                f"MP{ray}", mm.HAND_MIDDLE[ray], shapes.hollow(0.6), shapes.double(0.8),
                at=at, angle=a, shorten=cosine, rng=rng),
            gap=gaps[f"PIP{ray}"], turn=float(np.deg2rad(rng.normal(0, 2))),
            damage=damages[f"PIP{ray}"], rng=rng,
        )  # fmt: skip
        last = link(
            limb, f"DIP{ray}", middle,
            lambda at, a: shapes.tube(
                f"DP{ray}", mm.HAND_DISTAL[ray], shapes.hollow(0.5),
                shapes.tuft(mm.HAND_DISTAL[ray]), at=at, angle=a, shorten=cosine, rng=rng),
            gap=gaps[f"DIP{ray}"], turn=float(np.deg2rad(rng.normal(0, 2))),
            damage=damages[f"DIP{ray}"], rng=rng,
        )  # fmt: skip
        chain += [middle, last]
    limb.tips.append(last.point(last.length + 5))
    _finger_flesh(limb, chain, person)


def _finger_flesh(limb: Limb, chain: list[Tube], person: Person) -> None:
    """Capsules from knuckle to tip, wider than the bones."""
    points = [bone.point(0) for bone in chain[1:]]
    points.append(chain[-1].point(chain[-1].length - 1.5))
    widths = [0.5 * (2 * float(b.half_width[2])) for b in chain[1:]]
    radii = [w + extra * person.flesh for w, extra in zip(widths, (4.4, 3.4, 2.9), strict=False)]
    radii.append(radii[-1] * 0.86)
    for (x0, y0), (x1, y1), r0, r1 in zip(points, points[1:], radii, radii[1:], strict=False):
        limb.flesh.append(Flesh(x0, y0, r0, x1, y1, r1, 0.86 * (r0 + r1) / 2, 0.95 * (r0 + r1) / 2))


def _palm(limb: Limb, person: Person) -> None:
    """Palm, ball of the thumb, wrist and forearm."""
    bones = {b.name: b for b in limb.bones}
    fat = person.flesh
    for ray in range(1, 6):
        bone = bones[f"MC{ray}"]
        assert isinstance(bone, Tube)
        (x0, y0), (x1, y1) = bone.point(0), bone.point(bone.length)
        r0, r1 = (13.5, 12.0) if ray > 1 else (15.0, 12.5)
        limb.flesh.append(Flesh(x0, y0, r0 * fat, x1, y1, r1 * fat, 13.0 * fat, 10.0))
    thumb, index = bones["MC1"], bones["MC2"]
    assert isinstance(thumb, Tube) and isinstance(index, Tube)
    a, b = thumb.point(0.55 * thumb.length), index.point(0.6 * index.length)
    limb.flesh.append(Flesh(*a, 15.0 * fat, *b, 13.0 * fat, 9.0 * fat, 12.0))
    c = thumb.point(0.15 * thumb.length)
    limb.flesh.append(Flesh(*c, 16.0 * fat, *index.point(8), 15.0 * fat, 15.0 * fat, 13.0))
    for name, offset in (("radius", 1.0), ("ulna", -1.0)):
        bone = bones[name]
        assert isinstance(bone, Tube)
        top, low = bone.point(bone.length + 8, offset), bone.point(0, offset * 4)
        limb.flesh.append(Flesh(*top, 15.5 * fat, *low, 24.0 * fat, 17.0 * fat, 15.0))


__all__ = ["Blob", "HandPose", "HandScores", "build_hand", "draw_hand_pose"]
