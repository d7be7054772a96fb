"""Where the joints of a limb lie to each other: mean layouts in millimetres, from anatomy.

Hand: the mean lengths of metacarpals and proximal phalanges (Buryanov and Kotiuk, Int J Morphol
2010;28:755-758) laid end to end. Directions, and where the metacarpals begin, are those of a
hand laid flat with the fingers a little apart; they are ours, since that paper gives lengths alone.

Foot: the heads of metatarsals 2-5 fall back by 3, 6 and 12 mm, the first level with the second
to within some millimetres (Maestro et al., Foot Ankle Clin 2003;8:695-710); a forefoot 73 mm
wide between the outer joints and 32 mm from MTP1 to the great toe's IP are ours.

Tolerances are how far a joint lies from the mean layout once the limb's place, size and turn are
fitted: fingers spread and bend, the thumb and a deviated great toe wander most.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import DETECTED_JOINTS, BodyPart

Points = npt.NDArray[np.float64]

# digit: where the metacarpal begins (x, y), its length and direction, the proximal phalanx's
# length and direction, tolerance of the MCP, tolerance of the IP or PIP. Millimetres and degrees
# from straight up towards the thumb; the third metacarpal begins at (0, 0).
_DIGITS = {
    1: ((22.0, -6.0), 46.2, 40.0, 31.6, 24.0, 7.0, 11.0),
    2: ((12.0, 1.0), 68.1, 8.0, 39.8, 6.0, 3.5, 7.0),
    3: ((0.0, 0.0), 64.6, 0.0, 44.6, -1.0, 3.0, 7.0),
    4: ((-11.0, -1.5), 58.0, -9.0, 41.4, -10.0, 3.0, 7.0),
    5: ((-20.0, -4.0), 53.7, -19.0, 32.7, -22.0, 4.0, 8.0),
}
_FOOT = {
    "IP": ((-4.0, 32.0), 9.0),
    "MTP1": ((0.0, 0.0), 4.0),
    "MTP2": ((-25.0, 4.0), 4.0),
    "MTP3": ((-43.0, 1.0), 4.0),
    "MTP4": ((-59.0, -5.0), 4.0),
    "MTP5": ((-73.0, -17.0), 5.0),
}


@dataclass(frozen=True)
class Template:
    """The joints of a limb as a left limb's radiograph shows them: thumb or great toe on the right.

    points: (joints, 2) millimetres, x right, y down as on a radiograph, centred on their mean.
    tolerance: (joints,) millimetres, a standard deviation in each direction.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    points: Points
    tolerance: Points


def _step(start: tuple[float, float], length: float, degrees: float) -> tuple[float, float]:
    angle = np.radians(degrees)
    return start[0] + length * float(np.sin(angle)), start[1] + length * float(np.cos(angle))


def _hand() -> dict[str, tuple[tuple[float, float], float]]:
    layout: dict[str, tuple[tuple[float, float], float]] = {}
    for digit, (base, metacarpal, turn, phalanx, spread, at_mcp, at_pip) in _DIGITS.items():
        mcp = _step(base, metacarpal, turn)
        layout[f"MCP{digit}"] = mcp, at_mcp
        layout["IP" if digit == 1 else f"PIP{digit}"] = _step(mcp, phalanx, spread), at_pip
    return layout


def template(body_part: BodyPart) -> Template:
    """The template of a hand (10 joints) or a foot (6), in the order of `anatomy`."""
    layout = _hand() if BodyPart(body_part) is BodyPart.HAND else _FOOT
    joints = DETECTED_JOINTS[BodyPart(body_part)]
    points = np.array([layout[joint.name][0] for joint in joints]) * (1.0, -1.0)
    return Template(
        names=tuple(joint.name for joint in joints),
        classes=tuple(str(joint.detector_class) for joint in joints),
        points=points - points.mean(axis=0),
        tolerance=np.array([layout[joint.name][1] for joint in joints]),
    )
