"""The foot, dorsoplantar: five rays on the tarsus, talus and calcaneus behind."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from sharpflow.anatomy import LimbKind
from sharpflow.phantom import measurements as mm
from sharpflow.phantom import shapes
from sharpflow.phantom.bones import Blob, Tube
from sharpflow.phantom.carpals import polar
from sharpflow.phantom.damage import draw_damage
from sharpflow.phantom.hands import HandScores as Scores
from sharpflow.phantom.limb import Flesh, Limb, Person, scaled
from sharpflow.phantom.linking import link

# Base of each metatarsal (x to the tibial side, y up) and its direction in degrees; ours.
METATARSAL_BASE = {1: (18.0, 1.0), 2: (3.0, 4.5), 3: (-8.5, 1.0), 4: (-19.0, -3.5),
                   5: (-29.5, -8.5)}  # fmt: skip
METATARSAL_ANGLE = {1: 5.0, 2: -1.5, 3: -5.0, 4: -8.5, 5: -12.0}
TARSALS: dict[str, tuple[tuple[float, float], ...]] = {
    "cuneiform1": ((9.5, -1.5), (18, -0.5), (27.5, -2), (28, -12), (25, -23.5), (16, -24),
                   (10.5, -22), (10, -10)),
    "cuneiform2": ((-2.5, 2.5), (8.5, 2.5), (8.5, -8), (7.5, -18.5), (0, -17.5), (-2, -8)),
    "cuneiform3": ((-14.5, -1.5), (-4, 0.5), (-3.5, -10), (-2.5, -18.5), (-11, -20), (-13.5, -10)),
    "cuboid": ((-34.5, -12.5), (-25, -9), (-15, -6), (-13.5, -20), (-12, -30), (-24, -36),
               (-33, -32)),
    "navicular": ((-8.5, -22), (0, -19.5), (11, -24.5), (24, -26), (28.5, -32), (20, -36.5),
                  (8, -35), (-4, -33), (-9.5, -29)),
    "talus": ((-8, -38), (2, -36), (14, -37.5), (21, -43), (19, -55), (15, -72), (2, -80),
              (-10, -72), (-11, -52)),
    "calcaneus": ((-31, -40), (-18, -37), (-10, -46), (-4, -70), (4, -100), (-6, -113), (-22, -112),
                  (-28, -95), (-28, -65)),
}  # fmt: skip
HALF_DEPTH = {"cuneiform1": 12.0, "cuneiform2": 10.0, "cuneiform3": 10.5, "cuboid": 11.5,
              "navicular": 11.0, "talus": 15.0, "calcaneus": 15.0}  # fmt: skip


@dataclass(frozen=True)
class FootPose:
    """How a foot stands on the film; degrees."""

    spread: float = 0.0
    valgus: float = 9.0  # of the great toe
    lean: tuple[float, ...] = (0.0,) * 5
    flexion: tuple[float, ...] = (20.0,) * 5  # of the toes, out of the film
    tilt: float = 0.0


def draw_foot_pose(rng: Generator, drift: float = 0.0) -> FootPose:
    """A foot as it stands; `drift` adds to the great toe's valgus and the others' lean."""
    return FootPose(
        spread=float(np.clip(rng.normal(0, 1.6), -3, 4)),
        valgus=float(np.clip(rng.gamma(4, 2.4) + 0.5 * drift, 2, 38)),
        lean=tuple(float(np.clip(rng.normal(-1, 3.5), -9, 9) - 0.25 * drift) for _ in range(5)),
        flexion=tuple(float(np.clip(rng.normal(22, 12), 0, 55)) for _ in range(5)),
        tilt=float(np.clip(rng.normal(0, 6), -14, 14)),
    )


def build_foot(person: Person, pose: FootPose, scores: Scores, rng: Generator) -> Limb:
    """All bones, soft tissue and joints of a left foot (great toe on the right), mm."""
    limb = Limb(LimbKind.FOOT)
    for name, outline in TARSALS.items():
        x, y, radius = polar(outline)
        radius = (radius * np.float32(1 + 0.02 * rng.normal())).astype(np.float32)
        limb.bones.append(Blob(name, x, y, radius, HALF_DEPTH[name], cortex=0.9, spongy=0.16))
    for ray in range(1, 6):
        _ray(limb, ray, pose, scores, person, rng)
    _sole(limb, person)
    for bone in limb.bones:
        bone.density *= person.density
        if isinstance(bone, Tube):
            bone.cortex = bone.cortex * np.float32(person.cortex)
            bone.half_width = bone.half_width * np.float32(person.stout)
    return scaled(limb, person.scale)


def _gap(name: str, person: Person, rng: Generator) -> float:
    spread = float(np.clip(rng.normal(), -2, 2))
    return mm.FOOT_GAPS[name] * person.gap * (1 + mm.GAP_SD_JOINT * spread)


def _ray(
    limb: Limb, ray: int, pose: FootPose, scores: Scores, person: Person, rng: Generator
) -> None:
    """Metatarsal and toe of one ray."""
    x, y = METATARSAL_BASE[ray]
    great = ray == 1
    angle = METATARSAL_ANGLE[ray] + pose.spread * (3 - ray) * 0.5
    if great:
        angle += 0.25 * (pose.valgus - 9)
    curve = 5.2 if great else 4.6
    metatarsal = shapes.tube(
        f"MT{ray}", mm.METATARSALS[ray], shapes.flat(slope=-1.0 if ray > 1 else 0.0),
        shapes.convex(curve), at=(x, -y), angle=np.deg2rad(angle), rng=rng, ends=0.18,
    )  # fmt: skip
    limb.bones.append(metatarsal)
    cosine = float(np.cos(np.deg2rad(pose.flexion[ray - 1] * (0.3 if great else 1.0))))

    def damage(name: str):  # type: ignore[no-untyped-def]
        if name.startswith("DIP") or name.startswith("PIP"):
            return draw_damage(0, 0, rng)
        return draw_damage(
            scores.erosion.get(name, 0), scores.narrowing.get(name, 0), rng, each_side=True
        )

    def join(name, before, after, size, base, head, turn, shorten):  # type: ignore[no-untyped-def]
        return link(
            limb, name, before,
            lambda at, a: shapes.tube(
                f"{after}{ray}", size, base, head, at=at, angle=a, shorten=shorten, rng=rng),
            gap=_gap(name, person, rng), turn=float(np.deg2rad(turn)), damage=damage(name),
            rng=rng,
        )  # fmt: skip

    turn = -pose.valgus - 2 if great else pose.lean[ray - 1] + (4 if ray < 4 else 6)
    first = join(
        f"MTP{ray}", metatarsal, "PP", mm.FOOT_PROXIMAL[ray], shapes.hollow(0.5 * curve * 0.62),
        shapes.double(1.0 if great else 0.7), turn, (1 + cosine) / 2 if not great else 1.0,
    )  # fmt: skip
    chain = [metatarsal, first]
    tuft = shapes.tuft(mm.FOOT_DISTAL[ray])
    if great:
        chain.append(
            join("IP", first, "DP", mm.FOOT_DISTAL[1], shapes.hollow(0.8), tuft,
                 rng.normal(-3, 3), 1.0)
        )  # fmt: skip
    else:
        middle = join(f"PIP{ray}", first, "MP", mm.FOOT_MIDDLE[ray], shapes.hollow(0.5),
                      shapes.double(0.5), rng.normal(2, 4), cosine)  # fmt: skip
        last = join(f"DIP{ray}", middle, "DP", mm.FOOT_DISTAL[ray], shapes.hollow(0.4), tuft,
                    rng.normal(0, 4), cosine)  # fmt: skip
        chain += [middle, last]
    for name in (f"PIP{ray}", f"DIP{ray}"):
        limb.sites.pop(name, None)
    limb.tips.append(chain[-1].point(chain[-1].length + 5))
    _toe_flesh(limb, chain, person)


def _toe_flesh(limb: Limb, chain: list[Tube], person: Person) -> None:
    points = [bone.point(0) for bone in chain[1:]]
    points.append(chain[-1].point(chain[-1].length - 1.0))
    radii = [float(b.half_width[2]) + 3.4 * person.flesh for b in chain[1:]]
    radii.append(radii[-1] * 0.9)
    for (x0, y0), (x1, y1), r0, r1 in zip(points, points[1:], radii, radii[1:], strict=False):
        limb.flesh.append(Flesh(x0, y0, r0, x1, y1, r1, 0.9 * (r0 + r1) / 2, 0.95 * (r0 + r1) / 2))


def _sole(limb: Limb, person: Person) -> None:
    """Ball, arch and heel."""
    bones = {b.name: b for b in limb.bones}
    fat = person.flesh
    for ray in range(1, 6):
        bone = bones[f"MT{ray}"]
        assert isinstance(bone, Tube)
        (x0, y0), (x1, y1) = bone.point(-4), bone.point(bone.length - 2)
        r = (15.5 if ray == 1 else 12.5) * fat
        limb.flesh.append(Flesh(x0, y0, r + 1, x1, y1, r, 17.0 * fat, 11.0))
    for x, low in ((12.0, 20.0), (-4.0, 20.0), (-20.0, 22.0)):
        limb.flesh.append(Flesh(x, low, 17.0 * fat, -8 + 0.35 * x, 55.0, 21.0, 24.0 * fat, 14.0))
    limb.flesh.append(Flesh(-6, 50, 27.0 * fat, -12, 100, 24.0 * fat, 28.0 * fat, 18.0))
