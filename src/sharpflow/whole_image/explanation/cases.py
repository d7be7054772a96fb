"""Which test images Grad-CAM shows: a true negative, a false positive, and so on.

For totals the rules are those of Bo et al. (section 2.6), with FP an error upwards and FN one
downwards. For classes the paper is silent. Which image is taken of several is silent as well: the
one with the smallest error for TN and TP, with the largest for FP and FN; equal ones by the more
severe truth (TP), then by image_id.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

PANELS = ("TN", "FP", "TP", "FN")  # the paper's order


@dataclass(frozen=True)
class TotalRules:
    """Rules for totals, score points (Bo et al., section 2.6: 5, 200, 10, 50)."""

    healthy_below: float  # TN: the true total
    severe_above: float  # TP: the true total
    small_error: float  # |error| of TN and TP is below it
    large_error: float  # |error| of FP and FN is above it


@dataclass(frozen=True)
class SeverityRules:
    """Rules for classes 0-9 (the paper is silent)."""

    healthy_up_to: int  # TN: true and predicted class
    severe_from: int  # TP: true and predicted class
    large_error: int  # FP and FN: classes too high or too low, at least


@dataclass(frozen=True)
class _Panel:
    rule: str
    met: "pd.Series[bool]"
    distance: "pd.Series[float]"  # how far each image is from the rule; of those that meet it, 0
    far_first: bool  # of the images that meet it, is the one with the largest error taken


def choose_cases(
    predictions: pd.DataFrame,
    rules: TotalRules | SeverityRules,
) -> pd.DataFrame:
    """Choose a different test image for each of TN, FP, TP and FN.

    Where no image meets a rule, the nearest is taken: the one for which the amounts by which the
    rule's bounds are missed have the smallest sum, in score points or classes. Panels that have
    images of their own choose first.

    Args:
        predictions: image_id, split, true, predicted; only rows of split "test" count.
        rules: bounds for totals, or for classes.

    Returns:
        panel, image_id, true, predicted, met, rule, distance; in the order TN, FP, TP, FN. A panel
        is left out when there are fewer than four test images.
    """
    tests = predictions[predictions["split"] == "test"].sort_values("image_id", ignore_index=True)
    panels = (
        _total_panels(tests, rules)
        if isinstance(rules, TotalRules)
        else _severity_panels(tests, rules)
    )
    free = pd.Series(True, index=tests.index)
    chosen: dict[str, dict[str, object]] = {}
    for name in sorted(PANELS, key=lambda name: not panels[name].met.any()):
        if not free.any():
            break
        place = _best(tests, panels[name], free, severe_first=name == "TP")
        free[place] = False
        chosen[name] = {
            "panel": name,
            **{column: tests[column][place] for column in ("image_id", "true", "predicted")},
            "met": bool(panels[name].met[place]),
            "rule": panels[name].rule,
            "distance": float(panels[name].distance[place]),
        }
    columns = ["panel", "image_id", "true", "predicted", "met", "rule", "distance"]
    return pd.DataFrame([chosen[name] for name in PANELS if name in chosen], columns=columns)


def _best(
    tests: pd.DataFrame, panel: _Panel, free: "pd.Series[bool]", *, severe_first: bool
) -> int:
    error = (tests["predicted"] - tests["true"]).abs()
    order = pd.DataFrame({
        "unmet": ~panel.met,
        "distance": panel.distance,
        "error": -error if panel.far_first else error,
        "severity": -tests["true"] if severe_first else 0,
    })[free]  # fmt: skip
    return int(order.sort_values(list(order.columns), kind="stable").index[0])


def _total_panels(tests: pd.DataFrame, rules: TotalRules) -> dict[str, _Panel]:
    true, error = tests["true"], tests["predicted"] - tests["true"]
    small = error.abs() < rules.small_error
    too_far = _above(error.abs(), rules.small_error)
    healthy, severe = rules.healthy_below, rules.severe_above
    near_text = f"|error| < {rules.small_error:g}"
    return {
        "TN": _Panel(
            f"true < {healthy:g}, {near_text}",
            (true < healthy) & small, _above(true, healthy) + too_far, far_first=False,
        ),
        "FP": _Panel(
            f"error > +{rules.large_error:g}",
            error > rules.large_error, _below(error, rules.large_error), far_first=True,
        ),
        "TP": _Panel(
            f"true > {severe:g}, {near_text}",
            (true > severe) & small, _below(true, severe) + too_far, far_first=False,
        ),
        "FN": _Panel(
            f"error < -{rules.large_error:g}",
            error < -rules.large_error, _below(-error, rules.large_error), far_first=True,
        ),
    }  # fmt: skip


def _severity_panels(tests: pd.DataFrame, rules: SeverityRules) -> dict[str, _Panel]:
    true, predicted = tests["true"], tests["predicted"]
    error = predicted - true
    healthy = _above(true, rules.healthy_up_to) + _above(predicted, rules.healthy_up_to)
    severe = _below(true, rules.severe_from) + _below(predicted, rules.severe_from)
    high, low = _below(error, rules.large_error), _below(-error, rules.large_error)
    both = "true and predicted class"
    return {
        "TN": _Panel(f"{both} ≤ {rules.healthy_up_to}", healthy == 0, healthy, far_first=False),
        "FP": _Panel(f"{rules.large_error} or more classes too high", high == 0, high, True),
        "TP": _Panel(f"{both} ≥ {rules.severe_from}", severe == 0, severe, far_first=False),
        "FN": _Panel(f"{rules.large_error} or more classes too low", low == 0, low, True),
    }


def _above(values: "pd.Series[float]", bound: float) -> "pd.Series[float]":
    """By how much values are above a bound, else 0."""
    return pd.Series(np.maximum(values - bound, 0.0), index=values.index)


def _below(values: "pd.Series[float]", bound: float) -> "pd.Series[float]":
    return pd.Series(np.maximum(bound - values, 0.0), index=values.index)
