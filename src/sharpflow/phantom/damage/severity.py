"""How bad each joint of a patient is: from one latent severity to every score.

The numbers are ours, chosen so that shares resemble what early and established rheumatoid
arthritis cohorts show: most joints 0, fewer of each higher score, MTPs eroded more often than
finger joints, MCP 2-3 and the wrist more than the rest, left and right alike. Shares in per cent
over 2000 patients, wrist sites apart:

    hand erosion 0-5     82.0 11.4 3.6 1.6 0.9 0.7
    hand narrowing 0-4   79.5 13.0 4.1 1.9 1.4
    foot erosion 0-10    71.4 14.7 5.7 2.8 1.7 1.2 0.7 0.6 0.5 0.4 0.4
    foot narrowing 0-4   73.0 15.4 6.0 3.3 2.4
    total of a patient   median 16, quartiles 6 and 42, nine of ten below 89
"""

import numpy as np

from sharpflow.anatomy import ALL_SITES, LIMBS, MAX_SCORE, BodyPart, Damage
from sharpflow.seeds import seed_for

# How readily a site is hit, relative to the patient's severity (ours).
SUSCEPTIBILITY: dict[tuple[BodyPart, Damage], dict[str, float]] = {
    (BodyPart.HAND, Damage.EROSION): {
        "IP": 0.5, "PIP2": 0.6, "PIP3": 0.8, "PIP4": 0.6, "PIP5": 0.6, "MCP1": 0.6, "MCP2": 1.3,
        "MCP3": 1.2, "MCP4": 0.6, "MCP5": 0.9, "mc1": 0.6, "mul": 0.5, "nav": 0.8, "lunate": 0.9,
        "radius": 0.8, "ulna": 1.4,
    },
    (BodyPart.HAND, Damage.NARROWING): {
        "PIP2": 0.7, "PIP3": 0.9, "PIP4": 0.7, "PIP5": 0.6, "MCP1": 0.6, "MCP2": 1.2, "MCP3": 1.2,
        "MCP4": 0.8, "MCP5": 0.8, "cmc3": 1.0, "cmc4": 0.9, "cmc5": 0.8, "mna": 0.8,
        "capnlun": 1.3, "radcar": 1.3,
    },
    (BodyPart.FOOT, Damage.EROSION): {
        "IP": 1.0, "MTP1": 1.2, "MTP2": 0.9, "MTP3": 1.0, "MTP4": 1.1, "MTP5": 1.9,
    },
    (BodyPart.FOOT, Damage.NARROWING): {
        "IP": 0.6, "MTP1": 1.2, "MTP2": 1.0, "MTP3": 1.1, "MTP4": 1.0, "MTP5": 1.1,
    },
}  # fmt: skip
RATE: dict[tuple[BodyPart, Damage], float] = {
    (BodyPart.HAND, Damage.EROSION): 0.18,
    (BodyPart.HAND, Damage.NARROWING): 0.2,
    (BodyPart.FOOT, Damage.EROSION): 0.26,
    (BodyPart.FOOT, Damage.NARROWING): 0.27,
}
PATIENT_SD = 1.45  # of the logarithm of a patient's severity
JOINT_SHAPE = 0.38  # of the gamma that scatters a joint about its patient
SHARED = 0.6  # share of a joint's scatter that left and right have in common
WORST = 0.95  # most of its range that a joint can be expected to reach

PROGRESSION = 0.25  # damage that comes from one visit to the next, in terms of the first's (ours)

Scores = dict[tuple[str, str, Damage], int]  # limb, site, damage -> score


def sample_visits(patient: str, seed: int, *, visits: int, severity: float = 1.0) -> list[Scores]:
    """All scores of one patient at each visit; none ever falls.

    The first visit is the same whatever the number of visits, and so is each further one.

    Args:
        patient: their name.
        seed: of the cohort.
        visits: how many.
        severity: scales the cohort's rates.
    """
    scores = [sample_scores(patient, seed, severity=severity)]
    for number in range(2, visits + 1):
        added = sample_scores(
            patient, seed, severity=PROGRESSION * severity, stream=f"visit {number}"
        )
        scores.append({site: _worse(site, old, added[site]) for site, old in scores[-1].items()})
    return scores


def _worse(site: tuple[str, str, Damage], score: int, added: int) -> int:
    limb, _, damage = site
    return min(score + added, MAX_SCORE[LIMBS[limb].body_part, damage])


def sample_scores(
    patient: str, seed: int, *, severity: float = 1.0, stream: str | None = None
) -> Scores:
    """All scores of one patient; `severity` scales the cohort's rates.

    With a `stream` the joints are hit anew, in a patient of the same severity.
    """
    rng = np.random.default_rng(seed_for(seed, "severity", patient))
    latent = severity * float(np.exp(rng.normal(0, PATIENT_SD)))
    if stream:
        rng = np.random.default_rng(seed_for(seed, "severity", patient, stream))
    scores: Scores = {}
    for body_part in BodyPart:
        codes = [code for code, limb in LIMBS.items() if limb.body_part is body_part]
        for site in ALL_SITES[body_part]:
            both = rng.gamma(JOINT_SHAPE, 1 / JOINT_SHAPE)
            for code in codes:
                own = rng.gamma(JOINT_SHAPE, 1 / JOINT_SHAPE)
                joint = SHARED * both + (1 - SHARED) * own
                for damage in Damage:
                    if site.column(damage) is None:
                        continue
                    rate = RATE[body_part, damage] * SUSCEPTIBILITY[body_part, damage][site.name]
                    most = MAX_SCORE[body_part, damage]
                    step = min(1 - np.exp(-latent * joint * rate / most), WORST)
                    scores[code, site.name, damage] = int(rng.binomial(most, step))
    return scores
