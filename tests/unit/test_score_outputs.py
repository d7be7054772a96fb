"""Rules of trust, sums of visits and changes between them, by hand."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sharpflow.bundle.manifest import FingerLine
from sharpflow.errors import UserError
from sharpflow.score.calibration import Calibrator
from sharpflow.score.change import (
    CUT_ONCE,
    JOINTS_MISSING,
    OTHER_LIMBS,
    changes,
    smallest_detectable_change,
)
from sharpflow.score.outputs import open_tables
from sharpflow.score.results import in_short
from sharpflow.score.tables import TOTAL_COLUMNS, visit_totals
from sharpflow.score.trust import doubts
from tests.unit.made_up_networks import joint_models

MODELS = joint_models()  # 0.75 of the joints are enough


def joint(**changes: Any) -> dict[str, Any]:
    """A joint of which nothing speaks against the score; of an image of 100 x 60, 10 of padding."""
    return {
        **{"image_id": "a", "state": "scored", "confidence": 0.9},
        **{"x_min": 20.0, "x_max": 40.0, "y_min": 20.0, "y_max": 40.0},
        **{"erosion_p0": 0.5, "erosion_p1": 0.3, "erosion_p2": 0.2},
        **{"narrowing_p0": np.nan, "narrowing_p1": np.nan},
        **{"erosion": 0, "narrowing": np.nan},
        **changes,
    }


def doubt_of(*, joints: int = 8, mask: str | None = None, far: float = 0.0, **changes: Any) -> str:
    radiographs = pd.DataFrame(
        {
            **{"image_id": ["a"], "joints": [joints], "joints_expected": [10], "mask": [mask]},
            **{"x_offset": [10.0], "y_offset": [0.0]},
        }
    )
    images = {"a": SimpleNamespace(image=np.zeros((100, 60), np.uint8))}
    crops = pd.DataFrame({"image_id": ["a"], "limb": ["LH"]})
    features = np.full((1, 512), far)
    scored: Any = SimpleNamespace(
        radiographs=radiographs, images=images, crops=crops, features=features
    )
    (doubt,) = doubts(pd.DataFrame([joint(**changes)]), scored, MODELS)
    return str(doubt)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"confidence": 0.49}, "low detector confidence"),
        ({"erosion_p0": 0.49}, "erosion uncertain"),
        (
            {"narrowing": 1, "narrowing_p0": 0.6, "narrowing_p1": 0.4},
            "narrowing uncertain",  # 0 is likelier
        ),
        ({"narrowing": 0, "narrowing_p0": 0.6, "narrowing_p1": 0.4}, ""),
        ({"x_min": 11.0}, "box at the radiograph's edge"),  # the radiograph begins at 10
        ({"x_min": 11.5, "x_max": 48.5, "y_min": 1.5, "y_max": 98.5}, ""),
        ({"x_max": 49.0}, "box at the radiograph's edge"),
        ({"y_min": 0.0}, "box at the radiograph's edge"),
        ({"y_max": 100.0}, "box at the radiograph's edge"),
        ({"joints": 7}, "few joints found"),
        ({"far": 9.9e5}, ""),
        ({"far": 1.1e6}, "joints unlike those of training"),  # made up: so far off is 1e6
        ({"mask": "small"}, "little of the radiograph was taken for the limb"),
        (
            {"joints": 7, "confidence": 0.1},
            "low detector confidence; few joints found",
        ),
        ({"state": "not found", "confidence": np.nan, "x_min": np.nan}, "not found"),
        ({"state": "not scored", "joints": 7}, "not scored"),
    ],
)
def test_what_speaks_against_a_score(changes: dict[str, Any], told: str) -> None:
    assert doubt_of(**changes) == told


def test_the_smallest_detectable_change_by_hand() -> None:
    # 1.96 * sqrt(2) = 2.7719
    assert smallest_detectable_change(2.0) == pytest.approx(5.5437, abs=1e-4)
    assert smallest_detectable_change(None) is None


def total(of: str, limbs: str, visit: str, *sums: float | None, **more: Any) -> dict[str, Any]:
    """A row of totals.csv: erosion, narrowing, and their sum."""
    erosion, narrowing = sums
    both = None if erosion is None or narrowing is None else erosion + narrowing
    return {
        **dict.fromkeys(TOTAL_COLUMNS),
        **{"of": of, "patient": "P", "limbs": limbs, "visit": visit, "visit_from": "name"},
        **{"erosion": erosion, "narrowing": narrowing, "total": both, "joints_expected": 10},
        **more,
    }


def changes_of(*totals: dict[str, Any], sd: float | None = 2.0) -> list[dict[str, Any]]:
    places = [("1", "LH", "MCP2", 1, 0), ("2", "LH", "MCP2", 3, 0), ("10", "LH", "MCP2", 3, None)]
    places += [("1", "LH", "IP", 0, None), ("2", "LH", "IP", 0, None)]
    joints = pd.DataFrame(places, columns=["visit", "limb", "joint", "erosion", "narrowing"])
    table = changes(pd.DataFrame(totals), joints, lambda limbs: sd)
    return table.astype(object).where(table.notna(), None).to_dict("records")


def test_changes_by_hand() -> None:
    rows = changes_of(
        total("radiograph", "LH", "2", 8, 1),
        total("radiograph", "LH", "10", 8, 0),
        total("radiograph", "LH", "1", 2, 1),
        total("visit", "LH", "1", 2, 1),
        total("visit", "LH", "2", 8, 1),
        total("visit", "LH RH", "10", 8, 0),
    )
    assert [(r["of"], r["visit_before"], r["visit_after"]) for r in rows] == [
        ("radiograph", "1", "2"),
        ("radiograph", "2", "10"),  # in the order of numbers, not of letters
        ("visit", "1", "2"),
        ("visit", "2", "10"),
    ]
    first, second, visit, other = rows
    assert [first[f"total_{part}"] for part in ("before", "after", "change")] == [3, 9, 6]
    assert [first[f"{name}_change"] for name in ("erosion", "narrowing")] == [6, 0]
    assert first["smallest_detectable_change"] == pytest.approx(5.5437, abs=1e-4)
    assert (first["exceeds"], second["exceeds"]) == ("yes", "no")
    assert (first["joints_changed"], second["joints_changed"]) == ("LH MCP2 erosion +2", "")
    assert visit["exceeds"] == "yes"
    assert (other["total_change"], other["note"]) == (None, OTHER_LIMBS)


def test_a_change_that_nobody_can_judge() -> None:
    unknown, blank = changes_of(
        total("radiograph", "LH", "1", 2, 1),
        total("radiograph", "LH", "2", 8, 1),
        total("radiograph", "RH", "1", 2, 1),
        total("radiograph", "RH", "2", None, 1),
        sd=None,
    )
    assert unknown["total_change"] == 6
    assert (unknown["smallest_detectable_change"], unknown["exceeds"]) == (None, None)
    assert (blank["total_change"], blank["note"]) == (None, JOINTS_MISSING)


def test_a_hand_cut_out_of_both_at_one_visit_alone_is_not_compared() -> None:
    cut = {"undone": "turned by 90 degrees; cut out of both hands"}
    rows = changes_of(
        total("radiograph", "LH", "1", 2, 1),
        total("radiograph", "LH", "2", 8, 1, **cut),
        total("radiograph", "LH", "3", 9, 1, **cut),
        total("visit", "LH", "1", 2, 1),
        total("visit", "LH", "2", 8, 1),
        total("visit", "LH", "3", 9, 1),
    )
    once = [row for row in rows if row["visit_before"] == "1"]
    assert [(row["of"], row["note"]) for row in once] == [
        ("radiograph", CUT_ONCE),
        ("visit", CUT_ONCE),
    ]
    assert all(row["total_change"] is None and row["exceeds"] is None for row in once)
    assert [row["total_change"] for row in rows if row["visit_before"] == "2"] == [1, 1]


def test_a_folder_that_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(UserError, match=r"cannot be written to \(.*File name too long.*--out"),
        open_tables(tmp_path / ("n" * 300)),
    ):
        pass

    def locked(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", locked)
    with (
        pytest.raises(UserError, match=r"cannot be written to \(.*Permission denied.*--out"),
        open_tables(tmp_path / "locked/out"),
    ):
        pass


def test_visits_are_in_order_of_date_only_where_headers_number_them() -> None:
    dated = [total("radiograph", "LH", v, 1, 1, visit_from="header") for v in ("1", "2")]
    (row,) = changes_of(*dated)
    assert row["visits_from"] == "date"
    (row,) = changes_of(dated[0], total("radiograph", "LH", "2", 1, 1))
    assert row["visits_from"] == "name"


def test_totals_of_both_hands_change_too() -> None:
    (row,) = changes_of(
        total("radiograph", "BH", "1", None, None, whole_image_total=30.5),
        total("radiograph", "BH", "2", None, None, whole_image_total=36.0),
    )
    assert (row["total_change"], row["exceeds"]) == (5.5, "no")


def visits_of(*radiographs: dict[str, Any], line: FingerLine | None, **refused: int) -> Any:
    table = visit_totals(
        "P",
        pd.DataFrame(),
        pd.DataFrame(),
        pd.DataFrame(radiographs, columns=[*TOTAL_COLUMNS, "visit_from"]),
        refused=refused,
        line=line,
        calibrator=Calibrator(None),
    )
    return table.set_index("visit")


def test_how_far_the_pipelines_differ_by_hand() -> None:
    hands = [total("radiograph", limb, "v1", 4, 6) for limb in ("LH", "RH")]
    both = total("radiograph", "BH", "v1", None, None, whole_image_total=31.5)
    table = visits_of(*hands, both, line=FingerLine(intercept=2.0, slope=1.5))
    # 20 points of fingers are 2 + 1.5 * 20 = 32 as a total.
    assert table.loc["v1", "hands_total"] == 20
    assert table.loc["v1", "pipelines_differ_by"] == -0.5
    assert table.loc["v1", "limbs"] == "LH RH BH"
    without = visits_of(*hands, both, line=None)
    assert pd.isna(without.loc["v1", "pipelines_differ_by"])
    one_hand = visits_of(hands[0], both, line=FingerLine(2.0, 1.5))
    assert one_hand.loc["v1", ["hands_total", "pipelines_differ_by"]].isna().all()


def test_a_visit_of_which_all_was_refused_is_listed() -> None:
    table = visits_of(line=None, v2=3)
    assert table.loc["v2", "radiographs_refused"] == 3
    assert table.loc["v2", "limbs"] == ""
    assert table.loc["v2", ["total", "whole_image_total"]].isna().all()


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        ("found a radiograph that is small: 300 x 20 pixels; x", "a radiograph that is small"),
        ("found a second LH of one patient and visit, beside /a/b.png; expected one.",
         "a second LH of one patient and visit"),
        ("limb unknown (the DICOM header says left): expected one of LH", "limb unknown"),
        ("the joints alone: found two left hands; one", "the joints alone: two left hands"),
    ],
)  # fmt: skip
def test_reasons_are_counted_by_kind(reason: str, short: str) -> None:
    assert in_short(reason) == short


def test_two_calls_never_share_a_folder(tmp_path: Path) -> None:
    with open_tables(tmp_path / "out"):
        second = open_tables(tmp_path / "out")
        with pytest.raises(UserError, match="found overlays of another call"):
            second.__enter__()
        assert (tmp_path / "out/overlays").is_dir()  # the first call's
    assert not (tmp_path / "out/overlays").exists()  # it made none
    assert (tmp_path / "out/scores.csv").exists()
