"""The scores of radiographs: nothing lost, sums right by hand, labels on the radiograph."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from sharpflow.anatomy import (
    ALL_SITES,
    BOX_COLUMNS,
    DETECTED_JOINTS,
    LIMBS,
    MODELS,
    BodyPart,
    Damage,
)
from sharpflow.cohorts.splits import split_joints
from sharpflow.errors import UserError
from sharpflow.files import read_table, write_table
from sharpflow.joints.scoring.scores import NO_SCORES, radiograph_scores, score_joints, total_scores
from sharpflow.reporting.label_places import nearest_open, spread
from sharpflow.reporting.overlays import SCORE_COLOURS, label_radiograph, score_colour

RADIOGRAPHS = pd.DataFrame(
    {"image_id": ["P1-LH", "P1-LF"], "patient": "P1", "visit": "1", "limb": ["LH", "LF"]}
).assign(split="test")
DUE = split_joints(RADIOGRAPHS, unit="patient")


def named_boxes(
    image_id: str, body_part: BodyPart, leave_out: tuple[str, ...] = ()
) -> pd.DataFrame:
    names = [joint.name for joint in DETECTED_JOINTS[body_part] if joint.name not in leave_out]
    left = 10.0 * np.arange(len(names))
    return pd.DataFrame(
        {
            "image_id": image_id,
            "joint": names,
            "confidence": 0.9,
            "x_min": left,
            "y_min": 20.0,
            "x_max": left + 8,
            "y_max": 28.0,
        }
    )


def true_scores() -> pd.DataFrame:
    """Every site scores 1, wrist too; MCP2 of the hand 3 for erosion, 2 for narrowing."""
    rows = [
        {"patient": "P1", "limb": limb, "joint": site.name, "damage": damage.value, "score": 1}
        for limb in ("LH", "LF")
        for damage in Damage
        for site in ALL_SITES[LIMBS[limb].body_part]
        if site.column(damage)
    ]
    table = pd.DataFrame(rows).assign(visit="1")
    at = (table["joint"] == "MCP2") & (table["limb"] == "LH")
    table.loc[at, "score"] = np.where(table.loc[at, "damage"] == "erosion", 3, 2)
    return table


def constant_predictions(joints: pd.DataFrame, score: int) -> dict[str, pd.DataFrame]:
    """Each model gives `score` to each joint that it scores."""
    predictions = {}
    for model, (damage, body_part) in MODELS.items():
        names = {joint.name for joint in DETECTED_JOINTS[body_part] if joint.column(damage)}
        limb = "LH" if body_part is BodyPart.HAND else "LF"
        rows = joints[joints["joint"].isin(names) & joints["image_id"].str.endswith(limb)]
        predictions[model] = rows[["image_id", "joint"]].assign(true=0, predicted=score)
    return predictions


@pytest.fixture
def scored() -> pd.DataFrame:
    joints = pd.concat(
        [
            named_boxes("P1-LH", BodyPart.HAND, leave_out=("MCP2", "PIP5")),
            named_boxes("P1-LF", BodyPart.FOOT),
        ]
    )
    return score_joints(DUE, joints, constant_predictions(joints, 2), true_scores())


def test_every_joint_of_every_radiograph_is_a_row_found_or_not(scored: pd.DataFrame) -> None:
    hand = [joint.name for joint in DETECTED_JOINTS[BodyPart.HAND]]
    foot = [joint.name for joint in DETECTED_JOINTS[BodyPart.FOOT]]
    assert scored["joint"].tolist() == hand + foot
    missing = scored[scored["state"] == "not found"]
    assert missing["joint"].tolist() == ["PIP5", "MCP2"]
    blank = ["erosion_predicted", "narrowing_predicted", "confidence", "x_min", "y_max"]
    assert missing[blank].isna().all(axis=None)
    assert missing["erosion_true"].tolist() == [1, 3]  # the truth is known all the same


def test_a_radiograph_without_any_box_is_not_lost() -> None:
    joints = named_boxes("P1-LF", BodyPart.FOOT)
    table = score_joints(DUE, joints, constant_predictions(joints, 2), true_scores())
    assert (table.loc[table["image_id"] == "P1-LH", "state"] == "not found").all()
    assert len(table) == 16
    assert total_scores(table)["joints_scored"].tolist() == [6]


def test_thumb_ip_has_no_narrowing_but_counts_as_scored(scored: pd.DataFrame) -> None:
    thumb = scored[(scored["limb"] == "LH") & (scored["joint"] == "IP")].iloc[0]
    assert pd.isna(thumb["narrowing_true"])
    assert pd.isna(thumb["narrowing_predicted"])
    assert thumb["erosion_predicted"] == 2
    assert thumb["state"] == "scored"


def test_totals_by_hand(scored: pd.DataFrame) -> None:
    """Hand: 8 of 10 joints scored; foot: 6 of 6, erosion and narrowing 2 each."""
    radiographs = radiograph_scores(scored).set_index("image_id")
    foot = radiographs.loc["P1-LF"]
    assert (foot["erosion_predicted"], foot["narrowing_predicted"]) == (12, 12)
    assert (foot["total_predicted"], foot["total_true"]) == (24, 12)
    assert (foot["joints_expected"], foot["joints_missing"]) == (6, 0)
    total = total_scores(scored).set_index("patient").loc["P1"]
    assert total["erosion_true_all_joints"] == 16 + 2  # MCP2 scores 3
    assert total["narrowing_true_all_joints"] == 15 + 1
    assert total["total_true_all_joints"] == 34
    assert (total["joints_scored"], total["joints_expected"]) == (14, 16)
    assert total["wrist_sites"] == "not included"
    assert total["limbs"] == "LH LF"


def test_a_sum_is_blank_where_joints_are_missing_and_says_how_many() -> None:
    lost = ("MCP2", "PIP5", "IP")
    joints = pd.concat(
        [named_boxes("P1-LH", BodyPart.HAND, lost), named_boxes("P1-LF", BodyPart.FOOT)]
    )
    table = score_joints(DUE, joints, constant_predictions(joints, 2), true_scores())
    hand = radiograph_scores(table).set_index("image_id").loc["P1-LH"]
    total = total_scores(table).iloc[0]
    for sums in (hand, total):
        assert sums["joints_missing"] == 3
        assert sums["joints_scored"] + 3 == sums["joints_expected"]
        for damage in ("erosion", "narrowing", "total"):
            assert pd.isna(sums[f"{damage}_predicted"]) and pd.isna(sums[f"{damage}_true"])
            assert pd.notna(sums[f"{damage}_true_all_joints"])


def test_sums_of_complete_patients_stay_beside_those_that_lack_joints() -> None:
    """Of two patients one lost a joint; rows keep the order of the joints."""
    other = RADIOGRAPHS.assign(image_id=["A2-LH", "A2-LF"], patient="A2")
    due = split_joints(pd.concat([RADIOGRAPHS, other]), unit="patient")
    joints = pd.concat(
        [
            named_boxes("P1-LH", BodyPart.HAND, ("MCP2",)),
            named_boxes("P1-LF", BodyPart.FOOT),
            named_boxes("A2-LH", BodyPart.HAND),
            named_boxes("A2-LF", BodyPart.FOOT),
        ]
    )
    table = score_joints(due, joints, constant_predictions(joints, 1), NO_SCORES)
    totals = total_scores(table)
    assert totals["patient"].tolist() == ["P1", "A2"]
    assert totals["joints_missing"].tolist() == [1, 0]
    assert totals["total_predicted"].isna().tolist() == [True, False]
    assert totals["total_predicted"].iloc[1] == 16 + 15


def test_a_joint_that_one_model_did_not_score_is_missing() -> None:
    joints = pd.concat([named_boxes("P1-LH", BodyPart.HAND), named_boxes("P1-LF", BodyPart.FOOT)])
    predictions = constant_predictions(joints, 1)
    predictions["narrowing-foot"] = predictions["narrowing-foot"].query("joint != 'MTP3'")
    table = score_joints(DUE, joints, predictions, true_scores())
    assert table.loc[table["joint"] == "MTP3", "state"].tolist() == ["not scored"]
    total = total_scores(table).iloc[0]
    assert (total["joints_scored"], total["joints_missing"]) == (15, 1)
    assert pd.isna(total["erosion_predicted"])


def test_radiographs_without_true_scores_have_blank_true_sums() -> None:
    joints = named_boxes("P1-LF", BodyPart.FOOT)
    table = score_joints(
        DUE[DUE["limb"] == "LF"], joints, constant_predictions(joints, 1), NO_SCORES
    )
    total = total_scores(table).iloc[0]
    assert pd.isna(total["total_true"])
    assert pd.isna(total["total_true_all_joints"])
    assert total["total_predicted"] == 12


def test_tables_survive_the_csv(scored: pd.DataFrame, tmp_path) -> None:
    write_table(scored, tmp_path / "joints.csv")
    text = (tmp_path / "joints.csv").read_text()
    assert "P1-LH,P1,1,LH,PIP5,1,,1,,,,,,,not found" in text
    back = total_scores(read_table(tmp_path / "joints.csv"))
    pd.testing.assert_frame_equal(back, total_scores(scored), check_dtype=False)


def test_two_naming_rules_at_once_are_refused() -> None:
    joints = named_boxes("P1-LF", BodyPart.FOOT)
    with pytest.raises(UserError, match=r"P1-LF has joint IP more than once .* one naming rule"):
        score_joints(DUE, pd.concat([joints, joints]), {}, NO_SCORES)


def test_colour_follows_the_worst_score() -> None:
    def colour(erosion: object, narrowing: object) -> tuple[int, int, int]:
        row = pd.Series({"erosion_predicted": erosion, "narrowing_predicted": narrowing})
        return score_colour(row, BodyPart.FOOT)

    assert colour(0, 0) == SCORE_COLOURS[0]
    assert colour(1, 0) == SCORE_COLOURS[1]
    assert colour(1, 2) == SCORE_COLOURS[2]  # 2 of 4 is worse than 1 of 10
    assert colour(10, pd.NA) == SCORE_COLOURS[3]
    assert colour(pd.NA, pd.NA) not in SCORE_COLOURS


def test_radiograph_is_kept_between_its_labels_and_joints_are_boxed(scored: pd.DataFrame) -> None:
    image = np.full((1200, 960), 90, np.uint8)
    rows = scored[scored["image_id"] == "P1-LH"].copy()
    for column, side in enumerate(BOX_COLUMNS):
        rows[side] = rows[side] + (30, 100, 40, 110)[column]
    labelled = label_radiograph(image, rows, note="Data: phantom.", part="Test radiograph.")
    assert labelled.dtype == np.uint8
    assert labelled.shape[0] > 1200  # lines below the radiograph
    margin = (labelled.shape[1] - 960) // 2
    radiograph = labelled[:1200, margin : margin + 960]
    assert (radiograph[:60] == 90).all()
    box = rows.iloc[0][["x_min", "y_min"]].astype(int).tolist()
    colour = score_colour(rows.iloc[0], BodyPart.HAND)
    assert tuple(radiograph[box[1], box[0]]) == colour
    for side in (labelled[:1200, :margin], labelled[:1200, -margin:]):
        assert side.max() > 200  # labels on both sides
    assert np.array_equal(
        labelled, label_radiograph(image, rows, note="Data: phantom.", part="Test radiograph.")
    )


def test_small_radiographs_are_enlarged_so_that_labels_can_be_read(scored: pd.DataFrame) -> None:
    rows = scored[scored["image_id"] == "P1-LF"]
    labelled = label_radiograph(
        np.full((250, 200), 90, np.uint8), rows, note="", part="Test radiograph."
    )
    assert (labelled[:1200] == 90).all(axis=2).any(axis=0).sum() == 960


def test_a_radiograph_without_found_joints_is_labelled_all_the_same(scored: pd.DataFrame) -> None:
    rows = scored[scored["image_id"] == "P1-LF"].assign(state="not found")
    labelled = label_radiograph(
        np.full((1200, 900), 90, np.uint8), rows, note="", part="Test radiograph."
    )
    assert labelled[1200:].max() > 200  # the joints not found are listed below


def test_in_a_study_without_scores_labels_give_the_confidence() -> None:
    joints = named_boxes("P1-LF", BodyPart.FOOT)
    rows = score_joints(DUE[DUE["limb"] == "LF"], joints, {}, NO_SCORES)
    image = np.full((1200, 900), 90, np.uint8)
    labelled = label_radiograph(
        image, rows, note="Data: mine.", part="Test radiograph.", has_scores=False
    )
    assert (labelled == SCORE_COLOURS[0]).all(axis=2).any()
    assert not np.array_equal(
        labelled, label_radiograph(image, rows, note="Data: mine.", part="Test radiograph.")
    )


def test_labels_keep_apart_and_inside() -> None:
    places = spread([90, 92, 95, -5], step=10, height=100)
    assert all(b - a >= 10 for a, b in pairwise(places))
    assert min(places) >= 0
    assert max(places) <= 90


def test_lines_go_round_other_joints() -> None:
    own = (100.0, 0.0, 120.0, 20.0)
    assert nearest_open((0.0, 10.0), own, []) == (100.0, 10.0)
    x, y = nearest_open((0.0, 40.0), own, [(60.0, 5.0, 95.0, 35.0)])
    assert (x, y) in {(120.0, 20.0), (110.0, 20.0), (100.0, 20.0)}
