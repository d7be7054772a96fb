"""Fits a template of joints to boxes: similarity transform and assignment, robust to outliers.

As RANSAC does, every pair of template joints is laid on every pair of boxes of the same classes;
the placements that explain most boxes are refined by turns of optimal assignment (Kuhn-Munkres,
scipy) and weighted least squares (Umeyama, IEEE TPAMI 1991;13:376-380). All pairs are tried, so
nothing is random. Where radiographs may be mirrored, both reflections are tried and the better one
is taken.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from sharpflow.joints.identification.templates import Template

Points = npt.NDArray[np.float64]
# Points as complex numbers x + iy: a similarity transform is then one product and one sum.
Complex = npt.NDArray[np.complex128]

# Costs are negative log likelihoods: near a joint's place half the squared distance in standard
# deviations, farther off less, since a joint out of place is still that joint. All ours.
TAIL = 2.0  # standard deviations at which the cost begins to rise more slowly
ALONE = 4.5  # a joint without a box, and a box without a joint: about one in ninety
WRONG_CLASS = 2.0  # the detector calls about one joint in ten by the other class
UPRIGHT = 20.0  # standard deviation of a limb's turn on the radiograph, degrees
MOST_TURNED = 75.0  # degrees; limbs lie with their digits up
CANDIDATES = 24  # placements refined, of each reflection
ROUNDS = 6  # of assignment and least squares; it settles in two or three


@dataclass(frozen=True)
class Placement:
    """Where a template lies on a radiograph: point * factor + shift, in pixels."""

    factor: complex
    shift: complex


@dataclass(frozen=True)
class Fitted:
    """Where a template lies on the boxes of a radiograph.

    Attributes:
        cost: negative log likelihood of all joints and boxes.
        flipped: whether the template is mirrored: thumb or great toe on the left.
        placement: of the template, mirrored where `flipped`.
        pairs: joint -> box, by their numbers.
    """

    cost: float
    flipped: bool
    placement: Placement
    pairs: dict[int, int]

    @property
    def degrees(self) -> float:
        """How far the limb is turned from upright, clockwise as one looks at the radiograph."""
        return float(np.angle(self.placement.factor, deg=True))

    def likeness(self, layout: Template) -> float:
        """1 where each joint has a box in its place; 0 where no box would be as likely."""
        return 1 - self.cost / (ALONE * len(layout.names))

    def places(self, layout: Template) -> Points:
        """(joints, 2) pixels: where the joints lie, those without a box too."""
        placed = self.placement.factor * _complex(layout, self.flipped) + self.placement.shift
        return np.stack([placed.real, placed.imag], axis=1)


def best_fit(
    layout: Template,
    centres: Points,
    classes: npt.NDArray[np.str_],
    *,
    mirrored: bool,
    mirrored_share: float,
    tolerance: float,
) -> Fitted | None:
    """The place of the template that explains boxes best; None where it has no place.

    Args:
        layout: the limb's template, thumb or great toe on the right.
        centres: (boxes, 2) pixels, x right, y down.
        classes: (boxes,) detector classes.
        mirrored: the radiograph's nominal side shows the template mirrored (thumb on the left).
        mirrored_share: share of radiographs that are shown the other way round, 0 to below 1.
        tolerance: farthest a box may lie from its joint's place, in standard deviations.
    """
    if len(centres) < 2:
        return None
    best = None
    for flipped in (mirrored, not mirrored) if mirrored_share > 0 else (mirrored,):
        found = _Fit.of(layout, centres, classes, flipped, tolerance).best()
        if found is None:
            continue
        prior = np.log(mirrored_share if flipped != mirrored else 1 - mirrored_share)
        cost = found.cost - float(prior)
        if best is None or cost < best.cost:
            best = Fitted(cost, flipped, found.placement, found.pairs)
    return best


class _Found(NamedTuple):
    cost: float
    placement: Placement
    pairs: dict[int, int]


def _complex(layout: Template, flipped: bool) -> Complex:
    return layout.points[:, 0] * (-1.0 if flipped else 1.0) + 1j * layout.points[:, 1]


@dataclass(frozen=True)
class _Fit:
    """One reflection of a template against the boxes of one radiograph."""

    joints: Complex  # (joints,) millimetres
    boxes: Complex  # (boxes,) pixels
    spread: Points  # (joints,) millimetres
    penalty: Points  # (joints, boxes) for a wrong class
    tolerance: float  # standard deviations

    @classmethod
    def of(
        cls,
        layout: Template,
        centres: Points,
        classes: npt.NDArray[np.str_],
        flipped: bool,
        tolerance: float,
    ) -> "_Fit":
        joints = _complex(layout, flipped)
        boxes = centres[:, 0] + 1j * centres[:, 1]
        wrong = np.array(layout.classes)[:, None] != classes[None, :]
        return cls(joints, boxes, layout.tolerance, wrong * WRONG_CLASS, tolerance)

    def best(self) -> _Found | None:
        """The placement of least cost, with its pairs joint -> box; None where there is none."""
        refined = (self.refine(placement) for placement in self.promising())
        return min(refined, key=lambda found: found.cost, default=None)

    def promising(self) -> list[Placement]:
        """Placements that lay two joints on two boxes of their classes, the cheapest few."""
        first, second = np.triu_indices(len(self.joints), k=1)
        start, end = np.nonzero(~np.eye(len(self.boxes), dtype=bool))
        pair, box = np.indices((len(first), len(start))).reshape(2, -1)
        i, j, k, m = first[pair], second[pair], start[box], end[box]
        factor = (self.boxes[m] - self.boxes[k]) / (self.joints[j] - self.joints[i])
        usable = (self.penalty[i, k] == 0) & (self.penalty[j, m] == 0) & (factor != 0)
        usable &= np.abs(np.angle(factor, deg=True)) <= MOST_TURNED
        factor = factor[usable]
        shift = self.boxes[k[usable]] - factor * self.joints[i[usable]]
        placed = factor[:, None] * self.joints + shift[:, None]
        distance = np.abs(placed[:, :, None] - self.boxes) / np.abs(factor)[:, None, None]
        cost = np.minimum(self.cost(distance), ALONE)
        # Each joint takes its nearest box and each box its nearest joint: quicker than the
        # assignment, and boxes left over count too.
        total = cost.min(axis=2).sum(axis=1) + cost.min(axis=1).sum(axis=1) + _turn(factor)
        order = np.argsort(total, kind="stable")[:CANDIDATES]
        return [Placement(complex(factor[row]), complex(shift[row])) for row in order]

    def cost(self, distance: Points) -> Points:
        """Cost of pairs from their distances (..., joints, boxes) in millimetres."""
        # The logarithm keeps a joint of wide tolerance from taking what suits a narrow one.
        wide = np.log(self.spread / self.spread.min())[:, None] / 2
        off = distance / self.spread[:, None]
        return np.asarray(TAIL**2 / 2 * np.log1p((off / TAIL) ** 2) + wide + self.penalty)

    def refine(self, placement: Placement) -> _Found:
        """Turns of assignment and least squares, until the cost stays."""
        cost, pairs = self.assign(placement)
        for _ in range(ROUNDS):
            if len(pairs) < 2:
                break
            moved = self.least_squares(pairs, placement)
            better, found = self.assign(moved)
            if better > cost - 1e-3:
                break
            placement, cost, pairs = moved, better, found
        return _Found(cost, placement, pairs)

    def assign(self, placement: Placement) -> tuple[float, dict[int, int]]:
        """The optimal one-to-one pairs joint -> box, and the cost of all joints and boxes."""
        placed = placement.factor * self.joints + placement.shift
        distance = np.abs(placed[:, None] - self.boxes) / abs(placement.factor)
        near = distance <= self.tolerance * self.spread[:, None]
        cost = np.where(near, self.cost(distance), 1e6)
        # A joint may also take nothing, which leaves a box over: both cost.
        nothing = np.full((len(self.joints), len(self.joints)), 2 * ALONE)
        rows, columns = linear_sum_assignment(np.hstack([cost, nothing]))
        real = columns < len(self.boxes)
        pairs = dict(zip(rows[real].tolist(), columns[real].tolist(), strict=True))
        left_over = len(self.joints) + len(self.boxes) - 2 * len(pairs)
        total = cost[rows[real], columns[real]].sum() + ALONE * left_over
        return float(total + _turn(np.array(placement.factor))), pairs

    def least_squares(self, pairs: dict[int, int], placement: Placement) -> Placement:
        """The similarity transform that lays the paired joints on their boxes, weighted.

        Joints far from where `placement` puts them weigh less, as their cost asks for.
        """
        joints, boxes = list(pairs), list(pairs.values())
        placed = placement.factor * self.joints[joints] + placement.shift
        off = np.abs(placed - self.boxes[boxes]) / abs(placement.factor) / self.spread[joints]
        weight = self.spread[joints] ** -2.0 / (1 + (off / TAIL) ** 2)
        weight = weight / weight.sum()
        source, target = self.joints[joints], self.boxes[boxes]
        source_mean, target_mean = (weight * source).sum(), (weight * target).sum()
        source, target = source - source_mean, target - target_mean
        factor = (weight * np.conj(source) * target).sum() / (weight * np.abs(source) ** 2).sum()
        return Placement(complex(factor), complex(target_mean - factor * source_mean))


def _turn(factor: Complex) -> Points:
    """Cost of how far the limb is turned from upright."""
    return np.asarray((np.angle(factor, deg=True) / UPRIGHT) ** 2 / 2)
