"""The hand: five rays on a wrist on a forearm."""

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from sharpflow.anatomy import BodyPart
from sharpflow.phantom.bones import measurements as mm
from sharpflow.phantom.bones import shapes
from sharpflow.phantom.bones.carpals import OUTLINES, carpal, polar
from sharpflow.phantom.bones.digits import cover_phalanges, link_phalanges
from sharpflow.phantom.bones.limb import Flesh, Limb, Person, Site, fit_to_person
from sharpflow.phantom.bones.linking import Assembly, link, own_gaps
from sharpflow.phantom.bones.solids import ACROSS, ALONG, Blob, Surface, Tube
from sharpflow.phantom.damage.lesions import carve, carve_blob, sample_damage

# Base of each metacarpal (x, y up) and its direction in degrees to the radial side; ours.
METACARPAL_BASE = {1: (28.8, 36.4), 2: (13.6, 36.6), 3: (0.8, 36.6), 4: (-10.2, 35.2),
                   5: (-19.2, 33.6)}  # fmt: skip
METACARPAL_ANGLE = {1: 38.0, 2: 8.0, 3: 0.0, 4: -8.5, 5: -18.0}
HEAD_CURVE = {1: 3.8, 2: 6.4, 3: 6.4, 4: 5.6, 5: 5.4}  # mm, of the metacarpal heads; ours
MOST_FLEXION = 42.0  # degrees, of a finger at an examination; ours
_NONE = float("nan")


@dataclass(frozen=True)
class HandPose:
    """How a hand lies on the radiograph; degrees."""

    spread: float = 0.0  # between neighbouring fingers
    thumb: float = 0.0  # abduction beyond the usual
    lean: tuple[float, ...] = (0.0,) * 5  # deviation of each finger at the MCP
    bend: tuple[float, ...] = (0.0,) * 5  # deviation of each finger at the PIP
    flexion: tuple[float, ...] = (0.0,) * 5  # of each finger at PIP and DIP, out of the radiograph
    ulnar_drift: float = 0.0  # of fingers 2-5, to the ulnar side
    wrist: float = 0.0  # deviation of the hand on the forearm
    tilt: float = 0.0  # pronation or supination; narrows the hand


@dataclass(frozen=True)
class LimbScores:
    """Erosion and narrowing of one limb by site name, wrist sites included; 0 where not named."""

    erosion: dict[str, int] = field(default_factory=dict)
    narrowing: dict[str, int] = field(default_factory=dict)


def sample_hand_pose(rng: Generator, drift: float = 0.0) -> HandPose:
    """A hand laid down as at an examination: mostly flat, sometimes spread, seldom flexed."""
    bent = rng.random() < 0.15
    flexion = [abs(rng.normal(0, 7)) + (rng.uniform(0, 30) if bent else 0) for _ in range(5)]
    return HandPose(
        spread=float(np.clip(rng.normal(3, 4.5), -4, 14)),
        thumb=float(np.clip(rng.normal(0, 8), -18, 18)),
        lean=tuple(np.clip(rng.normal(0, 2.2, 5), -6, 6).tolist()),
        bend=tuple(np.clip(rng.normal(0, 2, 5), -6, 6).tolist()),
        flexion=tuple(float(min(f, MOST_FLEXION)) for f in flexion),
        ulnar_drift=float(drift),
        wrist=float(np.clip(rng.normal(0, 5), -14, 14)),
        tilt=float(np.clip(rng.normal(0, 8), -18, 18)),
    )


def build_hand(person: Person, pose: HandPose, scores: LimbScores, rng: Generator) -> Limb:
    """All bones, soft tissue and sites of a left hand (thumb on the right)."""
    gaps = own_gaps(mm.HAND_GAPS, person, rng)
    damages = {
        name: sample_damage(scores.erosion.get(name, 0), scores.narrowing.get(name, 0), rng)
        for name in gaps
    }
    assembly = Assembly(Limb(BodyPart.HAND), person, rng, gaps, damages)
    _forearm(assembly, pose, scores)
    _carpus(assembly, scores)
    for ray in range(1, 6):
        _ray(assembly, ray, pose, scores)
    _sesamoids(assembly)
    _palm(assembly)
    return fit_to_person(assembly.limb, person)


def _forearm(assembly: Assembly, pose: HandPose, scores: LimbScores) -> None:
    """Distal radius and ulna, long enough to leave any radiograph."""
    length, turn = 120.0, -np.deg2rad(pose.wrist)
    from_end = (1 - ALONG) * length
    flare = np.exp(-((from_end / 20) ** 1.5))
    rim = np.clip(np.abs(ACROSS) - 0.85, 0, 1) / 0.15
    radius = Tube(
        "radius", 0, 0, turn, length,
        half_width=(6.6 + 8.6 * flare).astype(np.float32),
        bend=(1.5 * flare).astype(np.float32),
        depth=0.72,
        cortex=(0.45 + 2.5 * (1 - flare)).astype(np.float32),
        spongy=(0.04 + 0.18 * flare).astype(np.float32),
        base=Surface(np.zeros_like(ACROSS), 1.0, 0.0),
        head=Surface((5.0 * ACROSS + 2.6 * ACROSS**2 - 2.2 * rim).astype(np.float32), 2.0),
    )  # fmt: skip
    head = np.exp(-((from_end / 9) ** 1.8))
    styloid = 4.6 * np.exp(-(((ACROSS + 0.74) / 0.17) ** 2)) - 2.0 * np.clip(ACROSS, 0, 1) ** 4
    ulna = Tube(
        "ulna", 0, 0, turn, length,
        half_width=(4.9 + 3.2 * head).astype(np.float32),
        bend=np.zeros_like(ALONG),
        depth=0.85,
        cortex=(0.45 + 2.1 * (1 - head)).astype(np.float32),
        spongy=(0.04 + 0.17 * head).astype(np.float32),
        base=Surface(np.zeros_like(ACROSS), 1.0, 0.0),
        head=Surface(styloid.astype(np.float32), 1.8),
    )  # fmt: skip
    pivot_x, pivot_y = 0.0, -10.0  # the wrist turns about the head of the capitate
    sine, cosine = np.sin(turn), np.cos(turn)
    for bone, x, y in ((radius, 7.4, 3.0), (ulna, -16.6, 4.6)):
        dx, dy = x - pivot_x, y - pivot_y
        bone.x = float(pivot_x + dx * cosine - dy * sine - length * sine)
        bone.y = float(pivot_y + dx * sine + dy * cosine + length * cosine)
        lesions = sample_damage(scores.erosion.get(bone.name, 0), 0, assembly.rng)
        carve(bone, "head", lesions.proximal + lesions.distal[:0], assembly.rng)
    assembly.limb.bones += [radius, ulna]
    sites = assembly.limb.sites
    sites["radius"] = Site("radius", *radius.point(length - 4, 3), 28.0, _NONE)
    sites["ulna"] = Site("ulna", *ulna.point(length - 3), 15.0, _NONE)


def _carpus(assembly: Assembly, scores: LimbScores) -> None:
    """The eight carpal bones; narrowing moves rows and neighbours together."""
    rng, limb = assembly.rng, assembly.limb
    down, mid, mna = (assembly.lost(name) for name in ("radcar", "capnlun", "mna"))
    slant = rng.normal(0, 0.8, 2)
    for name in OUTLINES:
        bone = carpal(name)
        bone.y += down
        if name in ("capitate", "hamate", "trapezoid", "mul"):
            bone.y += mid
        if name in ("mul", "trapezoid"):
            bone.y += 0.8 * mna
            bone.x -= 0.4 * mna
        wave = 1 + 0.02 * rng.normal() + 0.02 * np.sin(3 * np.pi * ACROSS + rng.uniform(0, 6))
        wave[-1] = wave[0] = (wave[0] + wave[-1]) / 2
        bone.radius = (bone.radius * wave).astype(np.float32)
        own = rng.normal(0, 0.5, 2)
        bone.slant_x, bone.slant_y = float(slant[0] + own[0]), float(slant[1] + own[1])
        if name in ("mul", "nav", "lunate"):
            carve_blob(bone, scores.erosion.get(name, 0), rng)
            limb.sites[name] = Site(name, bone.x, bone.y, 16.0, _NONE)
        limb.bones.append(bone)
    hook = ((-13, 25.5), (-16.5, 27.5), (-19, 25), (-18.4, 21), (-15, 19.6), (-12.6, 22))
    x, y, outline = polar(hook)
    limb.bones.append(Blob("hook", x, y + down + mid, outline, 1.6, cortex=1.1, spongy=0.1))
    for name, x, y, width in (
        ("radcar", 7.0, -0.5, 30.0), ("capnlun", 3.0, -10.2 + down, 18.0),
        ("mna", 20.0, -19.6 + down, 14.0),
    ):  # fmt: skip
        limb.sites[name] = Site(name, x, y + down / 2, width, assembly.space(name))


def _metacarpal(assembly: Assembly, ray: int, pose: HandPose, scores: LimbScores) -> Tube:
    """A metacarpal on the carpus, moved down by what the wrist's joints have lost."""
    x, up = METACARPAL_BASE[ray]
    y = -up + assembly.lost("radcar") + assembly.lost("capnlun")
    if ray == 1:
        y += 0.8 * assembly.lost("mna")
    if ray >= 3:
        site = f"cmc{ray}"
        y += assembly.lost(site)
        assembly.limb.sites[site] = Site(site, x, y + 0.5, 12.0, assembly.space(site))
    abduction = pose.thumb if ray == 1 else 0.4 * pose.spread * (3 - ray)
    bone = shapes.tube(
        f"MC{ray}", mm.METACARPALS[ray], _metacarpal_base(ray),
        shapes.convex(HEAD_CURVE[ray]), at=(x, y),
        angle=float(np.deg2rad(METACARPAL_ANGLE[ray] + abduction)),
        stout=assembly.person.stout, bow=0.3 * float(assembly.rng.normal()),
    )  # fmt: skip
    if ray == 1:
        lesions = sample_damage(scores.erosion.get("mc1", 0), 0, assembly.rng)
        carve(bone, "base", lesions.proximal, assembly.rng)
        assembly.limb.sites["mc1"] = Site("mc1", *bone.point(2.5), 15.0, _NONE)
    assembly.limb.bones.append(bone)
    return bone


def _metacarpal_base(ray: int) -> Surface:
    """Saddle of the thumb, notch of the index, styloid of the middle, slopes of the others."""
    if ray == 1:
        return shapes.hollow(0.8)
    if ray == 2:
        return shapes.hollow(2.2)
    base = shapes.flat(slope={3: 1.2, 4: -0.4, 5: 1.6}[ray])
    styloid = 2.2 * np.clip(ACROSS - 0.5, 0, None) / 0.5 if ray == 3 else 0 * ACROSS
    base.reach = (base.reach + styloid).astype(np.float32)
    return base


def _ray(assembly: Assembly, ray: int, pose: HandPose, scores: LimbScores) -> None:
    """Metacarpal and phalanges of one ray, joints linked, flesh around them."""
    metacarpal = _metacarpal(assembly, ray, pose, scores)
    cosine = float(np.cos(np.deg2rad(pose.flexion[ray - 1])))
    stout, rng = assembly.person.stout, assembly.rng
    spread = 0.6 * pose.spread * (3 - ray) - pose.ulnar_drift if ray > 1 else -10.0
    degrees = [pose.lean[ray - 1] + spread, pose.bend[ray - 1], rng.normal(0, 2)]
    turns = np.deg2rad(degrees).tolist()
    first = link(
        assembly, f"MCP{ray}", metacarpal,
        shapes.tube(f"PP{ray}", mm.HAND_PROXIMAL[ray], shapes.hollow(0.3 * HEAD_CURVE[ray]),
                    shapes.double(0.9), shorten=(1 + cosine) / 2, stout=stout),
        turn=turns[0],
    )  # fmt: skip
    size = mm.HAND_DISTAL[ray]
    last = shapes.tube(f"DP{ray}", size, shapes.ridged(0.6), shapes.tuft(size), shorten=cosine,
                       stout=stout, tufted=True)  # fmt: skip
    if ray == 1:
        finger, covers = [first, last], [4.2, 3.4]
    else:
        middle = shapes.tube(f"MP{ray}", mm.HAND_MIDDLE[ray], shapes.ridged(0.7),
                             shapes.double(0.7), shorten=cosine, stout=stout)  # fmt: skip
        finger, covers = [first, middle, last], [4.2, 3.6, 3.1]
    link_phalanges(assembly, ray, finger, turns[1 : len(finger)])
    cover_phalanges(assembly, finger, covers, tip=1.5, flat=0.86)


def _sesamoids(assembly: Assembly) -> None:
    """The two small bones at the thumb's MCP, and now and then one at the index or little."""
    limb, rng = assembly.limb, assembly.rng
    places = [("MC1", 3.6, 0.42), ("MC1", 4.4, -0.34)]
    places += [
        (f"MC{ray}", 4.5, side) for ray, side in ((2, 0.45), (5, -0.4)) if rng.random() < 0.4
    ]
    for name, back, across in places:
        bone = limb.tube(name)
        x, y = bone.point(bone.length - back, across * 2 * bone.end_half_width("head") * 0.9)
        size = float(rng.uniform(1.8, 2.6))
        radius = np.full(ACROSS.size, size, np.float32)
        limb.bones.append(Blob(f"sesamoid{len(limb.bones)}", x, y, radius, size, 0.5, 0.35))


def add_ring(limb: Limb, ray: int) -> None:
    """A metal ring about the proximal phalanx of a finger: a band, denser at both sides."""
    bone = limb.tube(f"PP{ray}")
    at, wide = bone.point(0.3 * bone.length), bone.end_half_width("base") + 2.6
    level = np.ones_like(ALONG)
    limb.bones.append(
        Tube(
            "ring", *at, angle=bone.angle, length=3.6, half_width=(wide * level).astype(np.float32),
            bend=0 * level, depth=0.9, cortex=1.3 * level, spongy=0 * level,
            base=Surface(0 * ACROSS, 0.3, 0.0), head=Surface(0 * ACROSS, 0.3, 0.0), density=4.0,
        )
    )  # fmt: skip


def _palm(assembly: Assembly) -> None:
    """Palm, ball of the thumb, wrist and forearm."""
    limb, fat = assembly.limb, assembly.person.flesh

    def part(ends: tuple[tuple[float, float], float, tuple[float, float], float],
             half_depth: float, rounding: float) -> None:  # fmt: skip
        a, r0, b, r1 = ends
        limb.flesh.append(Flesh(*a, r0 * fat, *b, r1 * fat, half_depth * fat, rounding))

    for ray in range(1, 6):
        bone = limb.tube(f"MC{ray}")
        r0, r1 = (13.5, 11.8) if ray > 1 else (14.5, 12.0)
        part((bone.point(0), r0, bone.point(bone.length), r1), 14.5, 10.0)
    for ray in range(2, 6):  # the webs reach a third up the fingers
        head, finger = limb.tube(f"MC{ray}"), limb.tube(f"PP{ray}")
        top = finger.point(0.24 * finger.length)
        part((head.point(head.length), 11.5, top, 9.8), 9.0, 9.0)
    thumb, index = limb.tube("MC1"), limb.tube("MC2")
    part((thumb.point(0.55 * thumb.length), 14.0, index.point(0.6 * index.length), 12.0), 9.0, 12.0)
    part((thumb.point(0.1 * thumb.length), 15.0, index.point(8), 14.0), 15.0, 13.0)
    radius, ulna = limb.tube("radius"), limb.tube("ulna")
    wrist = (radius.point(radius.length - 8, 2), ulna.point(ulna.length - 8, -1))
    for low, bone, x in ((wrist[0], thumb, 8.0), (wrist[1], limb.tube("MC5"), 4.0)):
        part((low, 13.0, bone.point(x), 14.0), 18.5, 14.0)
    part((wrist[0], 14.0, radius.point(0, 8), 24.0), 20.0, 15.0)
    part((wrist[1], 13.0, ulna.point(0, -8), 24.0), 20.0, 15.0)
    part(((0.0, -4.0), 20.0, (0.0, -30.0), 20.0), 18.5, 14.0)
