"""Sizes of adult bones, joints and soft tissue in millimetres, and where they come from.

Fixed before any model was trained and never tuned to a result. Only the lengths of the hand's
bones are one published table [1]; all else is of the order of magnitude that anatomy books and
studies give, not taken from one table, and marked "ours". What it was compared with is said beside
the numbers.

Sources
-------
[1] Buryanov A, Kotiuk V. Proportions of hand segments. Int J Morphol 2010;28:755-758.
[2] Radiographs and CT of 40 adults: Correlation between adult height and metacarpal length using
    advanced imaging modalities. Arch Bone Jt Surg 2024 (doi 10.22038/abjs.2024.80233.3672):
    metacarpals 2 to 5 are 67.7, 66.1, 58.0 and 52.3 mm long.
[3] Kwok WY, et al. Validity of joint space width measurements in hand osteoarthritis.
    Osteoarthritis Cartilage 2011;19:1349-1355: means of 1.40 mm (MCP) and 0.70 mm (DIP) in
    patients of 65 years, more in controls.
[4] Pfeil A, et al. Computer-aided joint space analysis of the proximal-interphalangeal joint.
    Acad Radiol 2007;14:594-602: men's PIP spaces are 15.4% wider than women's; for the MCP,
    Rofo 2007;179 (WI_PO_5): 11.1%.
[5] Youm Y, et al. Kinematics of the wrist. J Bone Joint Surg 1978;60:423-431: the height of the
    carpus is 0.51 to 0.57 of the length of the third metacarpal. Gilula LA. AJR 1979;133:503-517
    (carpal arcs).
[6] Byers S, Akoshima K, Curran B. Determination of adult stature from metatarsal length. Am J Phys
    Anthropol 1989;79:275-279: stature in mm is 634 + 16.8 times the first metatarsal.
[7] Patil S, et al. Radiological biometric study of metatarsals and phalanges. J Clin Diagn Res
    2017;11(9):AC05-AC09: the first metatarsal is 56.4 mm (men) and 50.1 mm (women) long, the great
    toe's proximal phalanx 28.0 and 25.8 mm, the little toe's distal one 5.2 and 4.4 mm.
[8] Rolian C, et al. Walking, running and the evolution of short toes in humans. J Exp Biol
    2009;212:713-721: proximal and middle phalanx together are 40.5 mm in the third toe and 30.7 mm
    in the fifth of 103 men.
[9] Kaur K, et al. Comparative radiographic analysis of the width of the lesser digit proximal
    phalangeal heads. J Am Podiatr Med Assoc: 9.7, 9.0, 8.5 and 8.7 mm in toes 2 to 5.
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


# Lengths [1]; [2] has the metacarpals within 3%. Widths and cortices ours. Ray 1 is the thumb.
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

# All ours. Ray 1 is the great toe. The first metatarsal is that of a person of 168 cm by [6]; it
# and its toe's proximal phalanx are 15% longer than in [7], whose people are not the same size, but
# the little toe's distal phalanx is nearly twice as long. Scaled to men, the phalanges of the third
# toe are 7% shorter than in [8], the fifth's agree; the heads of the proximal phalanges are 6 to
# 12% narrower than in [9].
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

# Joint spaces, mm, ours. Those of the fingers are wider than in [3], as in healthy, younger people.
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

# Relative linear size of a woman's and a man's limb to the means above, and its spread; ours. Men
# are 1.11 times as large as women; by metatarsals in [7] 1.13, by joint spaces in [4] 1.11 to 1.15.
SIZE_BY_SEX = {"female": 0.95, "male": 1.05}
SIZE_SD = 0.045
