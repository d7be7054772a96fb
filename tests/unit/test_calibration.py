"""Calibrated probabilities and intervals of sums, with known answers."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from sharpflow.anatomy import LIMBS, MODELS, n_classes, scored_joints
from sharpflow.bundle.export.calibration import calibrate
from sharpflow.bundle.manifest import Calibration, Manifest
from sharpflow.bundle.manifest_check import problem
from sharpflow.bundle.typed_json import from_plain
from sharpflow.conformal import conformal_size, patients_needed
from sharpflow.joints.scoring.calibration import (
    BitCalibration,
    bit_columns,
    calibrate_bits,
    largest_sum,
    limb_counts,
    score_moments,
    sum_bounds,
)
from sharpflow.joints.scoring.calibration_fit import fit_bits, fit_sums, limb_sums, usual_bits
from sharpflow.joints.scoring.ordinal import score_probabilities
from sharpflow.score.calibration import Calibrator
from sharpflow.whole_image.total_intervals import root_errors, total_bounds
from tests.unit.bundles import as_plain, plain_manifest
from tests.unit.made_up_networks import joint_models

Array = npt.NDArray[np.float64]
EVEN = BitCalibration(slope=1.0, bias=0.0, spread=1.0, usual=(0.5,))


def logistic(logits: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-logits)))


# Probabilities.


def test_a_single_bit_stays_where_nothing_is_to_be_mended() -> None:
    bits = np.array([[0.1], [0.5], [0.99]])
    np.testing.assert_allclose(calibrate_bits(bits, EVEN), bits)


def test_bits_by_hand() -> None:
    """Logits 2 and 0 of mean 1; the usual scores' logits are 0 and -1."""
    calibration = BitCalibration(0.5, 0.25, 2.0, (0.5, float(logistic(np.array(-1.0)))))
    found = calibrate_bits(logistic(np.array([[2.0, 0.0]])), calibration)
    np.testing.assert_allclose(found, logistic(np.array([[0.75, -1.25]])))


def test_or_more_is_never_likelier_than_or_less() -> None:
    generator = np.random.default_rng(0)
    bits = generator.random((1000, 4)).round(generator.integers(0, 3))
    usual = (0.3, 0.2, 0.05, 0.01)
    found = calibrate_bits(bits, BitCalibration(30.0, -2.0, 0.2, usual))
    assert (np.diff(found, axis=1) <= 0).all()
    np.testing.assert_allclose(score_probabilities(found).sum(axis=1), 1)
    more = calibrate_bits(np.minimum(bits + 0.01, 1), BitCalibration(30.0, -2.0, 0.2, usual))
    assert (more >= found).all()  # a joint that seems worse is


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found(temperature: float) -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(-0.5, 2, 20_000)
    true = (generator.random(20_000) < logistic(logits)).astype(int)
    found = fit_bits(logistic(temperature * logits)[:, None], true)
    assert found.slope == pytest.approx(1 / temperature, rel=0.05)
    given = calibrate_bits(logistic(temperature * logits)[:, None], found)[:, 0]
    np.testing.assert_allclose(given, logistic(logits), atol=0.02)


def test_what_under_sampled_zeros_did_is_undone() -> None:
    """Heads that learn with few zeros say too much damage, by one number of logits."""
    generator = np.random.default_rng(2)
    severity = generator.normal(-4, 2, 20_000)
    steps = np.array([0.0, -1.5, -3.0])
    truth = logistic(severity[:, None] + steps)
    true = (generator.random((20_000, 1)) < truth).sum(axis=1)
    found = fit_bits(logistic(severity[:, None] + 3 + steps), true)
    given = calibrate_bits(logistic(severity[:, None] + 3 + steps), found)
    np.testing.assert_allclose(given.mean(axis=0), truth.mean(axis=0), atol=0.003)
    np.testing.assert_allclose(given, truth, atol=0.1)


def test_joints_of_one_score_give_a_finite_calibration() -> None:
    found = fit_bits(np.full((50, 4), 0.4), np.zeros(50, int))
    plain = {"slope": found.slope, "bias": found.bias, "spread": found.spread}
    head = plain | {"usual": list(found.usual)}
    told = {"heads": {"narrowing-hand": head}, "sums": {}, "whole_image": None}
    from_plain(Calibration, told)
    assert (calibrate_bits(np.full((1, 4), 0.4), found) < 0.05).all()


def test_how_often_scores_occur() -> None:
    """Four joints, and one more of each of three scores."""
    assert usual_bits(np.array([0, 0, 0, 2]), 3) == pytest.approx((3 / 7, 2 / 7))


def test_moments_of_a_score_by_hand() -> None:
    """Scores 0, 1, 2 with the chances 0.5, 0.3, 0.2: mean 0.7, mean square 1.1."""
    mean, variance = score_moments(np.array([[0.5, 0.2], [1.0, 1.0]]))
    np.testing.assert_allclose(mean, [0.7, 2])
    np.testing.assert_allclose(variance, [1.1 - 0.49, 0], atol=1e-12)


# The size that errors rarely exceed.


def test_sizes_of_known_errors() -> None:
    assert patients_needed() == 19
    assert conformal_size(range(1, 40), range(39)) == 38  # the 38th of 39: 0.95 of 40
    assert conformal_size(range(1, 20), range(19)) == 19
    assert conformal_size(range(1, 19), range(18)) is None
    assert conformal_size(range(1, 10), range(9), level=0.9) == 9


def test_a_patient_with_many_errors_counts_once() -> None:
    """Of 39 patients one has a hundred large errors: still the 38th of the others."""
    errors = [*range(1, 39), *[1000] * 100]
    patients = [*range(38), *[38] * 100]
    assert conformal_size(errors, patients) == 38
    assert conformal_size(errors, range(len(errors))) == 1000


@pytest.mark.parametrize("patients", [19, 56])
def test_intervals_hold_new_patients_whose_errors_are_correlated(patients: int) -> None:
    generator = np.random.default_rng(3)
    held, draws, each = [], 2000, 4
    for _ in range(draws):
        shared = generator.standard_t(3, patients + 1)
        errors = abs(2 * shared[:, None] + generator.normal(size=(patients + 1, each)))
        whose = np.repeat(np.arange(patients), each)
        size = conformal_size(errors[:-1].ravel(), whose.tolist())
        assert size is not None
        held.append((errors[-1] <= size).mean())
    low = 0.95 - 3 * np.std(held) / np.sqrt(draws)
    assert low <= np.mean(held) <= 0.95 + 1.5 / patients


# Sums of limbs.


def out_of_fold(
    patients: int, limbs: tuple[str, ...] = ("LH", "RH", "LF", "RF"), bit: float = 0.5
) -> dict[str, pd.DataFrame]:
    """Patient n's joints all score 1 if n is below 10, else 0; heads know nothing."""
    tables = {}
    for name, (damage, part) in MODELS.items():
        rows = [
            (f"P{n}-{limb}", f"P{n}", "1", limb, joint.name, int(n < 10))
            for n in range(patients)
            for limb in limbs
            if LIMBS[limb].body_part is part
            for joint in scored_joints(part, damage)
        ]
        columns = ["image_id", "patient", "visit", "limb", "joint", "true"]
        bits = dict.fromkeys(bit_columns(n_classes(part, damage)), bit)
        tables[name] = pd.DataFrame(rows, columns=columns).assign(**bits)
    return tables


def heads_of(tables: dict[str, pd.DataFrame]) -> dict[str, BitCalibration]:
    """Of each joint's score: 1 or more with a chance of a half, 2 or more with none."""
    return {
        name: BitCalibration(
            1.0, 0.0, 1.0, (0.5, *(1e-6 / place for place in range(1, table.shape[1] - 6)))
        )
        for name, table in tables.items()
    }


def test_sums_of_limbs_by_hand() -> None:
    tables = out_of_fold(20)
    sums = limb_sums(tables, heads_of(tables))
    hand, foot = sums.loc[("P0", "1", "LH")], sums.loc[("P19", "1", "RF")]
    assert hand[["erosion_true", "narrowing_true", "total_true"]].tolist() == [10, 9, 19]
    assert foot[["erosion_true", "narrowing_true", "total_true"]].tolist() == [0, 0, 0]
    moments = ["erosion_mean", "narrowing_mean", "total_mean", "total_variance"]
    np.testing.assert_allclose(hand[moments].astype(float), [5, 4.5, 9.5, 19 / 4], atol=1e-3)
    np.testing.assert_allclose(foot[moments].astype(float), [3, 3, 6, 3], atol=1e-3)


def test_errors_of_sums_by_hand() -> None:
    tables = out_of_fold(20)
    found = fit_sums(tables, heads_of(tables))
    assert set(found) == {"1h0f", "0h1f", "2h0f", "0h2f", "1h1f", "2h1f", "1h2f", "2h2f"}
    assert {errors.patients for errors in found.values()} == {20}
    # Every sum is off by half its joints; its SD is half the root of their number, and a bit.
    assert found["1h0f"].factors["erosion"] == pytest.approx(5 / np.sqrt(2.5 + 0.25), abs=1e-3)
    assert found["2h2f"].factors["total"] == pytest.approx(31 / np.sqrt(15.5 + 0.25), abs=1e-3)
    # A bit of a half counts, so all joints score the most, 86; half the hands have 19, half 0.
    assert found["1h0f"].error_sd == pytest.approx(9.5 * np.sqrt(40 / 39))


def test_limbs_with_a_joint_that_lacks_do_not_count() -> None:
    tables = out_of_fold(20)
    of_hands = tables["erosion-hand"]
    tables["erosion-hand"] = of_hands[
        (of_hands["patient"] != "P3") | (of_hands["limb"] != "LH") | (of_hands["joint"] != "MCP2")
    ]
    found = fit_sums(tables, heads_of(tables))
    assert (found["1h0f"].patients, found["2h0f"].patients, found["0h2f"].patients) == (20, 19, 20)


def test_too_few_patients_have_no_factors() -> None:
    tables = out_of_fold(18, ("LH",))
    found = fit_sums(
        tables, {name: own for name, own in heads_of(tables).items() if "hand" in name}
    )
    assert list(found) == ["1h0f"]
    assert (found["1h0f"].patients, found["1h0f"].error_sd) == (18, None)
    assert found["1h0f"].factors == {"erosion": None, "narrowing": None, "total": None}


def test_largest_sums() -> None:
    assert limb_counts(["RF", "LH", "RH"]) == "2h1f"
    assert largest_sum(["LH"], "erosion") == 50
    assert largest_sum(["LH", "RH", "LF", "RF"], "total") == 2 * (50 + 36 + 60 + 24)


def test_bounds_are_whole_numbers_within_the_interval_and_the_range() -> None:
    """SDs 2.5, 0.5 and 2.5."""
    low, high = sum_bounds([10.2, 0.1, 49.0], [6.0, 0.0, 6.0], 2.0, 50)
    assert low.tolist() == [6, 0, 44]  # of 5.2, -0.9, 44
    assert high.tolist() == [15, 1, 50]  # of 15.2, 1.1, 54


# What a bundle has of it, and what scoring does with it.


def totals_table(patients: int, off: float = 1.0) -> pd.DataFrame:
    """Validation patients of 9 points, whose root is off by `off`; a test patient, off by more."""
    rows = [("V" + str(n), "validation", 9.0, (3 + off) ** 2) for n in range(patients)]
    columns = ["patient", "split", "true", "predicted"]
    return pd.DataFrame([*rows, ("T", "test", 0.0, 200.0)], columns=columns)


def calibration(patients: int, totals: pd.DataFrame | None = None) -> Calibration:
    return from_plain(Calibration, calibrate(out_of_fold(patients), totals))


def test_totals_are_calibrated_on_validation_patients() -> None:
    found = calibration(20, totals_table(19, off=1.5)).whole_image
    assert found and found.patients == 19
    assert found.root_error == pytest.approx(1.5)
    assert found.error_sd == 0  # all are off by as much
    assert root_errors([9, 0], [16, -5]).tolist() == [1, 0]
    low, high = total_bounds([16.0, 1.0, -3.0], 2.0)
    assert (low.tolist(), high.tolist()) == ([4, 0, 0], [36, 9, 4])


def test_a_study_without_either_has_no_calibration() -> None:
    empty = {name: table.iloc[:0] for name, table in out_of_fold(1).items()}
    assert calibrate(empty, None) is None
    assert calibrate({}, None) is None


def joints_of(limb: str, tables: dict[str, pd.DataFrame], sums: dict[str, int]) -> pd.DataFrame:
    """P0's totals of one limb, as `Calibrator.sum_intervals` takes them."""
    return pd.DataFrame([{"image_id": f"P0-{limb}", "limbs": limb, **sums}]).astype(
        dict.fromkeys(sums, "Int64")
    )


def with_intervals(
    found: Calibration | None, sums: dict[str, Any], limb: str = "LH"
) -> dict[str, Any]:
    """The only line of the totals of P0's limb, whose bits are 0.5 each."""
    tables = out_of_fold(1, (limb,))
    bits = {name: table for name, table in tables.items() if len(table)}
    joints = pd.concat(table[["image_id", "joint"]] for table in bits.values()).drop_duplicates()
    calibrator = Calibrator(found)
    totals = joints_of(limb, tables, sums)
    moments = calibrator.with_moments(joints, bits)
    (line,) = calibrator.sum_intervals(totals, moments, ["image_id"]).to_dict("records")
    return line


SUMS: dict[str, Any] = {"erosion": 4, "narrowing": 5, "total": 9}


def test_intervals_of_sums_hold_what_was_true() -> None:
    """Heads know nothing: all joints of a patient score 0, or all score 1."""
    line = with_intervals(calibration(25), SUMS)
    assert line["no_interval"] == ""
    assert line["erosion_low"] == line["narrowing_low"] == line["total_low"] == 0
    assert 10 <= line["erosion_high"] <= 12
    assert 9 <= line["narrowing_high"] <= 11
    assert 19 <= line["total_high"] <= 22


def test_an_interval_holds_the_sum_itself() -> None:
    line = with_intervals(calibration(25), {"erosion": 45, "narrowing": 36, "total": 81})
    assert (line["erosion_high"], line["narrowing_high"], line["total_high"]) == (45, 36, 81)


def test_blank_intervals_say_why() -> None:
    found = calibration(18)
    line = with_intervals(found, SUMS)
    assert line["no_interval"] == "calibrated on 18 patients; 95% needs 19"
    assert pd.isna(line["total_low"]) and pd.isna(line["erosion_high"])
    line = with_intervals(None, SUMS)
    assert line["no_interval"] == "the bundle has no calibration"
    assert pd.isna(line["total_low"])
    hands = from_plain(Calibration, calibrate(out_of_fold(25, ("LH", "RH")), None))
    line = with_intervals(hands, SUMS, "LF")
    assert line["no_interval"] == "the bundle is calibrated for other limbs"
    assert pd.isna(line["total_low"])


def test_the_errors_of_totals_are_known_by_limbs() -> None:
    known = Calibrator(calibration(20, totals_table(19)))
    assert known.error_sd("LF") == pytest.approx(6 * np.sqrt(40 / 39))  # half of 12, on 40 feet
    assert known.error_sd("LH RH") == pytest.approx(19 * np.sqrt(20 / 19))
    assert known.error_sd("BH") == 0
    assert Calibrator(None).error_sd("LH") is None
    assert Calibrator(calibration(18)).error_sd("LH") is None


def test_a_sum_that_is_blank_has_no_interval() -> None:
    line = with_intervals(calibration(25), {"erosion": None, "narrowing": 5, "total": None})
    assert pd.isna(line["erosion_low"]) and pd.isna(line["total_high"])
    assert line["narrowing_low"] == 0


def test_intervals_of_whole_images() -> None:
    totals = pd.DataFrame({"whole_image_total": [16.0, 250.0]})
    found = Calibrator(calibration(20, totals_table(19, off=2.0))).total_intervals(totals)
    assert found["whole_image_total_low"].tolist() == pytest.approx([4, (250**0.5 - 2) ** 2])
    assert found["whole_image_total_high"].tolist() == pytest.approx([36, 280])
    few = Calibrator(calibration(20, totals_table(5))).total_intervals(totals)
    assert set(few["no_interval"]) == {"calibrated on 5 patients; 95% needs 19"}
    assert "whole_image_total_low" not in few
    none = Calibrator(calibration(20)).total_intervals(totals)
    assert set(none["no_interval"]) == {"the bundle has no calibration"}


@pytest.mark.parametrize(
    ("usual", "words"),
    [
        ([0.5, 0.2, 0.1, 0.05], None),
        ([0.5, 0.2, 0.1], "3 shares"),
        ([0.5, 0.2, 0.2, 0.05], "4 shares"),
        ([0.2, 0.5, 0.1, 0.05], "4 shares"),
    ],
)
def test_thresholds_that_do_not_fit_the_head_are_refused(
    usual: list[float], words: str | None
) -> None:
    head = {"slope": 1.0, "bias": 0.0, "spread": 1.0, "usual": usual}
    told = {"heads": {"narrowing-hand": head}, "sums": {}, "whole_image": None}
    plain = plain_manifest(joints=as_plain(joint_models()), calibration=told)  # type: ignore[arg-type]
    members = {name: {"bytes": 1, "sha256": "0" * 64} for name in ("networks/base.onnx",)}
    found = problem(from_plain(Manifest, plain | {"members": members}))
    assert found and (found[0] == "members" if words is None else found[1] == words)
