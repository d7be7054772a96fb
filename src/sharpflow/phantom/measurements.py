"""Sizes of adult bones, joints and soft tissue in millimetres, each with its source.

Fixed before any model was trained and never tuned to a result. Lengths and joint spaces are
published means; what no source gives is marked "ours", read off anatomical atlases.

Sources
-------
[1] Buryanov A, Kotiuk V. Proportions of hand segments. Int J Morphol 2010;28:755-758.
[2] Garn SM, Hertzog KP, Poznanski AK, Nagy JM. Metacarpophalangeal length in the evaluation of
    skeletal malformation. Radiology 1972;105:375-381.
[3] Pfeil A, et al. Computer-aided joint space analysis of the metacarpal-phalangeal and proximal
    interphalangeal finger joint: normative age-related and gender specific data.
    Skeletal Radiol 2007;36:853-864.
[4] Barnett E, Nordin BEC. The radiological diagnosis of osteoporosis. Clin Radiol
    1960;11:166-174 (cortical thickness of the metacarpals).
[5] Youm Y, et al. Kinematics of the wrist. J Bone Joint Surg 1978;60:423-431 (carpal height
    0.54 of the third metacarpal), and Gilula LA. AJR 1979;133:503-517 (carpal arcs).
[6] Zipfel B, DeSilva JM, Kidd RS. Earliest complete hominin fifth metatarsal. Am J Phys Anthropol
    2009;140:532-545, and Case DT, Ross AH. Sex determination from hand and foot bone lengths.
    J Forensic Sci 2007;52:264-270 (lengths of metatarsals and toe phalanges).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class TubeSize:
    """Length and full widths of base, shaft and head of a tubular bone, mm."""

    length: float
    base: float
    shaft: float
    head: float
    cortex: float  # thickness of one cortex at mid-shaft


# Lengths [1] (proportions agree with [2]); widths ours; cortex [4]. Ray 1 is the thumb.
METACARPALS: dict[int, TubeSize] = {
    1: TubeSize(46.2, 15.0, 9.5, 14.5, 2.0),
    2: TubeSize(68.1, 16.5, 8.6, 15.0, 2.4),
    3: TubeSize(64.6, 14.5, 8.6, 14.8, 2.4),
    4: TubeSize(58.0, 12.5, 7.2, 12.8, 2.0),
    5: TubeSize(53.7, 13.0, 7.8, 12.2, 1.9),
}
HAND_PROXIMAL: dict[int, TubeSize] = {
    1: TubeSize(31.6, 14.5, 8.6, 12.2, 1.7),
    2: TubeSize(39.8, 14.6, 8.8, 11.0, 1.9),
    3: TubeSize(44.6, 15.0, 9.2, 11.8, 2.0),
    4: TubeSize(41.4, 13.6, 8.4, 10.8, 1.8),
    5: TubeSize(32.7, 12.4, 7.2, 9.2, 1.5),
}
HAND_MIDDLE: dict[int, TubeSize] = {
    2: TubeSize(22.4, 12.2, 7.4, 9.6, 1.5),
    3: TubeSize(26.3, 12.8, 8.0, 10.2, 1.6),
    4: TubeSize(25.7, 12.0, 7.6, 9.8, 1.5),
    5: TubeSize(18.1, 10.2, 6.4, 8.4, 1.2),
}
HAND_DISTAL: dict[int, TubeSize] = {
    1: TubeSize(21.7, 13.4, 7.0, 9.4, 1.4),
    2: TubeSize(15.8, 10.4, 5.0, 7.4, 1.1),
    3: TubeSize(17.4, 10.8, 5.4, 8.0, 1.1),
    4: TubeSize(17.3, 10.4, 5.2, 7.8, 1.1),
    5: TubeSize(16.0, 9.0, 4.4, 6.6, 1.0),
}

# Lengths [6]; widths ours. Ray 1 is the great toe.
METATARSALS: dict[int, TubeSize] = {
    1: TubeSize(62.0, 20.5, 12.8, 21.0, 2.4),
    2: TubeSize(73.5, 14.5, 7.4, 11.6, 2.3),
    3: TubeSize(69.5, 13.5, 6.8, 11.0, 2.1),
    4: TubeSize(68.0, 13.0, 6.8, 10.8, 2.0),
    5: TubeSize(66.0, 15.0, 7.6, 11.4, 2.0),
}
FOOT_PROXIMAL: dict[int, TubeSize] = {
    1: TubeSize(31.0, 19.5, 12.0, 16.5, 1.9),
    2: TubeSize(27.5, 11.8, 6.0, 8.6, 1.3),
    3: TubeSize(25.5, 11.2, 5.6, 8.2, 1.2),
    4: TubeSize(23.8, 10.8, 5.4, 8.0, 1.2),
    5: TubeSize(22.0, 10.4, 5.6, 7.8, 1.2),
}
FOOT_MIDDLE: dict[int, TubeSize] = {
    2: TubeSize(13.0, 9.0, 6.2, 8.0, 0.9),
    3: TubeSize(10.5, 8.6, 6.0, 7.8, 0.9),
    4: TubeSize(8.5, 8.2, 6.0, 7.6, 0.9),
    5: TubeSize(7.5, 8.0, 6.0, 7.4, 0.9),
}
FOOT_DISTAL: dict[int, TubeSize] = {
    1: TubeSize(22.5, 17.0, 9.0, 11.5, 1.4),
    2: TubeSize(10.0, 8.2, 4.2, 6.0, 0.8),
    3: TubeSize(9.5, 8.0, 4.0, 5.8, 0.8),
    4: TubeSize(9.0, 7.8, 4.0, 5.8, 0.8),
    5: TubeSize(8.5, 7.6, 4.0, 5.6, 0.8),
}

# Joint spaces, mm: fingers [3]; wrist and foot ours (within what anatomical studies report).
HAND_GAPS: dict[str, float] = {
    "IP": 1.2,
    **{f"PIP{n}": gap for n, gap in zip(range(2, 6), (1.2, 1.25, 1.15, 1.0), strict=True)},
    **{f"DIP{n}": 0.9 for n in range(2, 6)},
    **{f"MCP{n}": gap for n, gap in zip(range(1, 6), (1.6, 1.8, 1.75, 1.6, 1.5), strict=True)},
    "cmc1": 1.6,
    "cmc2": 1.5,
    "cmc3": 1.5,
    "cmc4": 1.5,
    "cmc5": 1.5,
    "mna": 1.5,
    "capnlun": 1.6,
    "radcar": 2.0,
}
FOOT_GAPS: dict[str, float] = {
    "IP": 1.6,
    **{f"MTP{n}": gap for n, gap in zip(range(1, 6), (2.0, 2.1, 2.0, 1.9, 1.8), strict=True)},
    **{f"PIP{n}": 1.1 for n in range(2, 6)},
    **{f"DIP{n}": 0.9 for n in range(2, 6)},
    "tmt": 1.8,
}
GAP_SD_PERSON = 0.07  # relative, ours
GAP_SD_JOINT = 0.06  # relative, ours

WRIST_HEIGHT = 35.0  # radius to base of the third metacarpal [5]

# Relative linear size of a woman's and a man's limb to the means above, and its spread: [2].
SIZE_BY_SEX = {"female": 0.95, "male": 1.05}
SIZE_SD = 0.045
