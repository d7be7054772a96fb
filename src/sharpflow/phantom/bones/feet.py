"""The foot, dorsoplantar: five rays on the tarsus, talus and calcaneus behind."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from sharpflow.anatomy import FOOT_JOINTS, BodyPart
from sharpflow.phantom.bones import measurements as mm
from sharpflow.phantom.bones import shapes
from sharpflow.phantom.bones.carpals import polar
from sharpflow.phantom.bones.digits import cover_phalanges, link_phalanges
from sharpflow.phantom.bones.hands import LimbScores
from sharpflow.phantom.bones.limb import Flesh, Limb, Person, fit_to_person
from sharpflow.phantom.bones.linking import Assembly, link, own_gaps
from sharpflow.phantom.bones.solids import ACROSS, Blob
from sharpflow.phantom.damage.lesions import sample_damage

# Base of each metatarsal (x to the tibial side, y up) and its direction in degrees; ours.
METATARSAL_BASE = {1: (17.5, 0.5), 2: (3.5, 3.0), 3: (-7.0, 0.0), 4: (-16.5, -4.5),
                   5: (-25.5, -9.5)}  # fmt: skip
METATARSAL_ANGLE = {1: 5.0, 2: -2.0, 3: -6.0, 4: -10.0, 5: -14.0}
TARSALS: dict[str, tuple[tuple[float, float], ...]] = {
    "calcaneus": ((-33, -38), (-18, -35), (-8, -46), (-2, -70), (6, -100), (-4, -114), (-22, -114),
                  (-30, -96), (-31, -65)),
    "talus": ((-9, -37), (2, -34.5), (15, -36), (23, -42), (21, -55), (17, -72), (3, -82),
              (-11, -74), (-12, -52)),
    "navicular": ((-9.5, -21), (0, -18), (11, -23), (25, -25), (30.5, -31), (21, -37.5),
                  (8, -36), (-5, -34), (-11, -29)),
    "cuboid": ((-35, -10), (-25, -8), (-14, -5), (-10.5, -19), (-9, -31), (-23, -37.5),
               (-34, -34)),
    "cuneiform1": ((8, -0.5), (18, 0.0), (28.5, -1), (29, -12), (26.5, -25), (16, -26),
                   (9.0, -23), (8.5, -10)),
    "cuneiform2": ((-4, 2.0), (9.5, 2.0), (10, -8), (9.0, -20), (-1, -19), (-3.5, -8)),
    "cuneiform3": ((-14.5, -1.0), (-2, 0.0), (-1.5, -10), (-0.5, -20), (-12, -21.5), (-14, -10)),
}  # fmt: skip
HALF_DEPTH = {"cuneiform1": 11.0, "cuneiform2": 9.5, "cuneiform3": 10.0, "cuboid": 10.5,
              "navicular": 10.0, "talus": 14.0, "calcaneus": 14.0}  # fmt: skip
_POLAR = {name: polar(outline, smooth=1.3) for name, outline in TARSALS.items()}
_SCORED = frozenset(joint.name for joint in FOOT_JOINTS)


@dataclass(frozen=True)
class FootPose:
    """How a foot stands on the radiograph; degrees."""

    spread: float = 0.0
    valgus: float = 9.0  # of the great toe
    lean: tuple[float, ...] = (0.0,) * 5
    flexion: tuple[float, ...] = (20.0,) * 5  # of the toes, out of the radiograph
    tilt: float = 0.0


def sample_foot_pose(rng: Generator, drift: float = 0.0) -> FootPose:
    """A foot as it stands; `drift` adds to the great toe's valgus and the others' lean."""
    return FootPose(
        spread=float(np.clip(rng.normal(0, 1.6), -3, 4)),
        valgus=float(np.clip(rng.gamma(4, 2.4) + 0.5 * drift, 2, 38)),
        lean=tuple((np.clip(rng.normal(-1, 3, 5), -8, 8) - 0.25 * drift).tolist()),
        flexion=tuple(np.clip(rng.normal(22, 12, 5), 0, 55).tolist()),
        tilt=float(np.clip(rng.normal(0, 6), -14, 14)),
    )


def build_foot(person: Person, pose: FootPose, scores: LimbScores, rng: Generator) -> Limb:
    """All bones, soft tissue and joints of a left foot (great toe on the right)."""
    damages = {
        name: sample_damage(
            scores.erosion.get(name, 0), scores.narrowing.get(name, 0), rng, each_side=True
        )
        for name in sorted(_SCORED)
    }
    gaps = own_gaps(mm.FOOT_GAPS, person, rng)
    assembly = Assembly(Limb(BodyPart.FOOT), person, rng, gaps, damages)
    _tarsus(assembly)
    for ray in range(1, 6):
        _ray(assembly, ray, pose)
    _sesamoids(assembly)
    _sole(assembly)
    limb = assembly.limb
    limb.sites = {name: site for name, site in limb.sites.items() if name in _SCORED}
    return fit_to_person(limb, person)


def _tarsus(assembly: Assembly) -> None:
    rng = assembly.rng
    slant = rng.normal(0, 1.2, 2)
    for name, (x, y, outline) in _POLAR.items():
        radius = (outline * np.float32(1 + 0.02 * rng.normal())).astype(np.float32)
        own = slant + rng.normal(0, 0.8, 2)
        assembly.limb.bones.append(
            Blob(name, x, y, radius, HALF_DEPTH[name], cortex=0.45, spongy=0.26,
                 slant_x=float(own[0]), slant_y=float(own[1]))
        )  # fmt: skip


def _ray(assembly: Assembly, ray: int, pose: FootPose) -> None:
    """Metatarsal and toe of one ray."""
    great, rng, stout = ray == 1, assembly.rng, assembly.person.stout
    angle = METATARSAL_ANGLE[ray] + pose.spread * (3 - ray) * 0.5
    if great:
        angle += 0.25 * (pose.valgus - 9)
    curve = 5.6 if great else 4.8
    x, up = METATARSAL_BASE[ray]
    metatarsal = shapes.tube(
        f"MT{ray}", mm.METATARSALS[ray], shapes.flat(slope={1: 0.0, 5: -3.5}.get(ray, -1.2)),
        shapes.convex(curve), at=(x, -up), angle=float(np.deg2rad(angle)), stout=stout,
        bow=0.3 * float(rng.normal()),
    )  # fmt: skip
    assembly.limb.bones.append(metatarsal)
    cosine = float(np.cos(np.deg2rad(pose.flexion[ray - 1] * (0.3 if great else 1.0))))
    turn = -pose.valgus - 2 if great else pose.lean[ray - 1] + (4, 6, 8, 9)[ray - 2]
    first = shapes.tube(
        f"PP{ray}", mm.FOOT_PROXIMAL[ray], shapes.hollow(0.34 * curve),
        shapes.double(1.0 if great else 0.6), shorten=(1 + cosine) / 2, stout=stout,
    )  # fmt: skip
    size = mm.FOOT_DISTAL[ray]
    last = shapes.tube(
        f"DP{ray}", size, shapes.ridged(0.7 if great else 0.4), shapes.tuft(size),
        shorten=cosine, stout=stout, tufted=True,
    )  # fmt: skip
    link(assembly, f"MTP{ray}", metatarsal, first, turn=float(np.deg2rad(turn)))
    turns = np.deg2rad(rng.normal(0, 3.5, 2)).tolist()
    if great:
        toe, turns = [first, last], [turns[0] - 0.05]
    else:
        middle = shapes.tube(f"MP{ray}", mm.FOOT_MIDDLE[ray], shapes.ridged(0.4),
                             shapes.double(0.4), shorten=cosine, stout=stout)  # fmt: skip
        toe = [first, middle, last]
    link_phalanges(assembly, ray, toe, turns)
    cover_phalanges(assembly, toe, covers=[3.4] * len(toe), tip=1.0, flat=0.9)


def _sesamoids(assembly: Assembly) -> None:
    """The two sesamoids under the head of the first metatarsal."""
    bone, rng = assembly.limb.tube("MT1"), assembly.rng
    for across in (-0.24, 0.26):
        x, y = bone.point(bone.length - rng.uniform(5, 8), across * 2 * bone.end_half_width("head"))
        wave = 1 + 0.14 * np.cos(2 * np.pi * ACROSS + rng.uniform(0, 6.3))
        radius = (float(rng.uniform(3.8, 4.9)) * wave).astype(np.float32)
        assembly.limb.bones.append(Blob(f"sesamoid{across}", x, y, radius, 2.7, 0.4, 0.3))


def _sole(assembly: Assembly) -> None:
    """Ball, arch and heel."""
    limb, fat = assembly.limb, assembly.person.flesh
    for ray in range(1, 6):
        bone = limb.tube(f"MT{ray}")
        r = (14.5 if ray == 1 else 12.0) * fat
        limb.flesh.append(
            Flesh(*bone.point(-4), r + 1, *bone.point(bone.length - 2), r, 15.0 * fat, 11.0)
        )
    for x, low in ((12.0, 18.0), (-4.0, 18.0), (-18.0, 20.0)):
        limb.flesh.append(Flesh(x, low, 18.0 * fat, -8 + 0.35 * x, 55.0, 21.0, 22.0 * fat, 14.0))
    limb.flesh.append(Flesh(-5, 50, 27.0 * fat, -11, 101, 24.0 * fat, 30.0 * fat, 18.0))
    # The leg stands above the hindfoot and whitens it.
    limb.flesh.append(Flesh(-1, 62, 25.0 * fat, -6, 84, 22.0 * fat, 46.0 * fat, 22.0))
