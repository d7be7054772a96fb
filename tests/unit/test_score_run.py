"""Radiographs in, tables and overlays out; the networks' outputs are made up."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sharpflow.anatomy import BodyPart, Side
from sharpflow.errors import UserError
from sharpflow.files import read_table
from sharpflow.joints.scoring.ordinal import decode, score_probabilities
from sharpflow.score import results, run
from sharpflow.score.joints import JointScorer, Radiograph
from tests.unit.bundles import write_small_bundle
from tests.unit.dicom_files import image as dicom_image
from tests.unit.dicom_files import save as write_dicom
from tests.unit.made_up_bundle import bundle, calibrated, picture, save, scored
from tests.unit.made_up_networks import HEIGHT, WIDTH, joint_models, networks
from tests.unit.turned_limbs import both_hands

__all__ = ["bundle"]  # a fixture


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_what_comes_out_is_the_same_in_any_batches(tmp_path: Path, bundle: Any, batch: int) -> None:
    scans = tmp_path / "scans"
    for place, name in enumerate(["P-LH", "P-RH", "P-LF", "P-RF", "P@2-LH", "Q-RF"]):
        picture(scans, name, grey=60 + 10 * place)
    save(scans, "Q-BH", both_hands(Side.LEFT, Side.RIGHT))
    picture(scans, "Q-LH", size=(20, 300))
    (scans / "R-LH.png").write_bytes(b"no image")
    calls: list[tuple[int, int]] = []
    counts = run.score(
        [str(scans)],
        Path("made-up.sharpflow"),
        tmp_path / "out",
        batch=batch,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert (counts.scored, counts.refused) == (7, 2)
    assert calls[-1] == (9, 9)
    out = tmp_path / "out"
    joints, totals, refused = (
        read_table(out / f"{n}.csv") for n in ("scores", "totals", "refused")
    )
    assert len(joints) == 10 * 3 + 6 * 3
    assert set(joints["state"]) == {"scored"}
    visits = totals[totals["of"] == "visit"].set_index(["patient", "visit"])
    assert visits.pop("radiographs_refused").to_dict() == {
        **{("P", "1"): 0, ("P", "2"): 0, ("Q", "1"): 1, ("R", "1"): 1}
    }
    visits = visits[visits["limbs"].notna()]  # of R all was refused
    assert visits["limbs"].to_dict() == {
        ("P", "1"): "LH RH LF RF",
        ("P", "2"): "LH",
        ("Q", "1"): "RF BH",
    }
    by_visit = joints.groupby(["patient", "visit"])[["erosion", "narrowing"]].sum()
    for damage in ("erosion", "narrowing"):
        assert visits[damage].to_dict() == by_visit[damage].to_dict()
    assert (visits["total"] == visits["erosion"] + visits["narrowing"]).all()
    assert visits.loc[("P", "1"), "joints_expected"] == 32
    (both,) = totals[totals["limbs"] == "BH"].to_dict("records")
    assert visits.loc[("Q", "1"), "whole_image_total"] == 60.0
    assert (both["image_id"], both["whole_image_total"]) == ("Q-BH", 60.0)
    why = dict(zip(refused["image"].map(lambda p: Path(p).stem), refused["reason"], strict=True))
    assert set(why) == {"Q-BH", "Q-LH", "R-LH"}
    # The made-up detector finds a left hand in each half.
    assert why["Q-BH"].startswith("the joints alone: found two limbs that could not be told")
    assert why["Q-LH"].startswith("found a radiograph that is too small: 300 x 20 pixels")
    for table in (joints, totals, refused):
        assert set(table["use"]) == {"Research use only"}
    overlays = sorted(path.name for path in (out / "overlays").iterdir())
    assert overlays == sorted(f"{name}.png" for name in (*joints["image_id"].unique(), "Q-BH"))
    assert sorted(path.name for path in out.iterdir()) == [
        *("change.csv", "index.html", "overlays", "pages", "refused.csv", "scores.csv"),
        "totals.csv",
    ]


def test_boxes_are_in_pixels_of_the_radiograph_and_chances_are_those_of_the_bits(
    tmp_path: Path, bundle: Any
) -> None:
    picture(tmp_path / "scans", "P-LH", size=(2 * HEIGHT, 2 * WIDTH))
    joints, _, _ = scored(tmp_path / "scans", tmp_path / "out")
    image = np.asarray(Image.open(tmp_path / "scans/P-LH.png"))
    radiograph = Radiograph("P-LH", "P", "1", "LH", image)
    expected = JointScorer(joint_models(), bundle).score([radiograph])
    sides = ["x_min", "y_min", "x_max", "y_max"]
    np.testing.assert_allclose(joints[sides], 2 * expected.joints[sides], atol=1e-3)
    chances = joints[[f"erosion_p{score}" for score in range(6)]].to_numpy()
    by_joint = expected.bits["erosion-hand"].set_index("joint").loc[joints["joint"]]
    bits = by_joint.filter(like="bit_").to_numpy()
    np.testing.assert_allclose(chances, score_probabilities(bits), atol=1e-4)
    assert joints[[f"erosion_p{score}" for score in range(6, 11)]].isna().all(axis=None)
    narrowing = joints.set_index("joint").filter(like="narrowing_p")
    assert narrowing.loc["IP"].isna().all()  # the thumb's has none
    np.testing.assert_allclose(narrowing.drop("IP").sum(axis=1), 1, atol=5e-4)


def test_chances_of_scores_by_hand() -> None:
    bits = np.array([[0.75, 0.5, 0.25], [0.25, 1.0, 0.0], [1.0, 1.0, 1.0]])
    chances = score_probabilities(bits)
    by_hand = [[0.25, 0.25, 0.25, 0.25], [0.75, 0.0, 0.25, 0.0], [0, 0, 0, 1]]
    np.testing.assert_allclose(chances, by_hand)
    random = np.random.default_rng(0).random((500, 6))
    median = (np.cumsum(score_probabilities(random[:, 1:]), axis=1) <= 0.5).sum(axis=1)
    assert (median == decode(random)).all()


def test_a_joint_that_lacks_leaves_the_sums_blank(
    tmp_path: Path, bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle |= networks(left_out=1)
    picture(tmp_path / "scans", "P-LH")
    joints, totals, _ = scored(tmp_path / "scans", tmp_path / "out")
    assert joints["state"].tolist() == ["not found"] + ["scored"] * 9
    assert totals["joints_missing"].tolist() == [1, 1]  # of the radiograph, of the visit
    assert totals[["erosion", "total"]].isna().all(axis=None)


def test_what_is_refused_unread_counts_for_its_visit_if_that_is_known(
    tmp_path: Path, bundle: Any
) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    picture(scans, "P-LH")
    picture(scans, "P-RH")
    (scans / "P-RH.png").rename(scans / "P-RH.gif")
    pixels = np.full((HEIGHT, WIDTH), 90, np.uint8)
    pixels[: HEIGHT // 2] += 40
    for name, elements in {
        "P@2-LF": {"Modality": "OT"},
        "X-LH": {"StudyDate": "20190101"},
        "X-RH": {"StudyDate": "20200101"},
    }.items():
        write_dicom(scans / f"{name}.dcm", dicom_image(pixels, **elements, PatientID=""))
    picture(scans, "X-LF")  # has no date where X has two
    _, totals, refused = scored(scans, out)
    names = {Path(image).name for image in refused["image"]}
    assert names == {"P-RH.gif", "P@2-LF.dcm", "X-LF.png"}
    visits = totals[totals["of"] == "visit"].set_index(["patient", "visit"])
    assert visits["radiographs_refused"].to_dict() == {
        **{("P", "1"): 1, ("P", "2"): 1, ("X", "1"): 0, ("X", "2"): 0}
    }
    assert "2 visits, 2 radiographs scored, 1 refused." in (out / "pages/X.html").read_text()


def test_a_radiograph_without_joints_is_refused(tmp_path: Path, bundle: Any) -> None:
    bundle["detector-hand"].output[4:] = 0
    picture(tmp_path / "scans", "P-LH")
    picture(tmp_path / "scans", "P-LF")
    joints, totals, refused = scored(tmp_path / "scans", tmp_path / "out")
    assert set(joints["limb"]) == {"LF"}
    assert totals["limbs"].tolist() == ["LF", "LF"]
    assert refused["reason"].str.startswith("found too few joints of a hand: 0%").tolist() == [True]
    assert not (tmp_path / "out/overlays/P-LH.png").exists()


def test_patients_that_nobody_knows_are_not_one(tmp_path: Path, bundle: Any) -> None:
    scans, table = tmp_path / "scans", tmp_path / "table.csv"
    for name in ("one", "two"):
        picture(scans, name)
    table.write_text("file,limb\nscans/one.png,LH\nscans/two.png,RH\n")
    joints, totals, _ = scored(scans, tmp_path / "out", table=table)
    assert len(joints) == 20
    assert totals["of"].tolist() == ["radiograph", "radiograph"]
    assert totals["patient"].isna().all()


def test_limbs_that_the_bundle_has_no_models_of_are_refused(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "small.sharpflow")  # of whole images alone
    picture(tmp_path / "scans", "P-LF")
    save(tmp_path / "scans", "P-BH", both_hands(Side.LEFT, Side.RIGHT))
    save(tmp_path / "scans", "who", both_hands(Side.LEFT, Side.RIGHT))
    out = tmp_path / "out"
    counts = run.score([str(tmp_path / "scans")], bundle, out, threads=1)
    assert (counts.scored, counts.refused) == (1, 2)
    foot, who = read_table(out / "refused.csv")["reason"]
    assert foot.startswith(f"found a bundle without models for joints of the {BodyPart.FOOT}")
    assert "nothing says is of both hands" in who or "two limbs" in who


def test_what_is_wrong_with_a_call_leaves_no_tables(tmp_path: Path, bundle: Any) -> None:
    picture(tmp_path / "scans", "P-LH")
    scored(tmp_path / "scans", tmp_path / "out")
    with pytest.raises(UserError, match="of another call"):
        scored(tmp_path / "scans", tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="found a file; expected a folder"):
        scored(tmp_path / "scans", tmp_path / "file")


def test_a_full_disk_is_told_and_leaves_no_tables(
    tmp_path: Path, bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(results, "write_overlays", full)
    picture(tmp_path / "scans", "P-LH")
    with pytest.raises(UserError, match=r"cannot be written to .*No space left"):
        scored(tmp_path / "scans", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(("given", "used"), [(None, 3), (2, 2)])
def test_as_many_threads_as_the_process_may_use(
    tmp_path: Path, bundle: Any, monkeypatch: pytest.MonkeyPatch, given: int | None, used: int
) -> None:
    def stop(opened: Any, *, threads: int) -> None:
        raise UserError(f"{threads} threads")

    monkeypatch.setattr(run, "load_networks", stop)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 5, 7}, raising=False)
    picture(tmp_path / "scans", "P-LH")
    with pytest.raises(UserError, match=f"{used} threads"):
        scored(tmp_path / "scans", tmp_path / "out", threads=given)


def test_a_bundle_that_is_none_leaves_no_tables(tmp_path: Path) -> None:
    picture(tmp_path / "scans", "P-LH")
    with pytest.raises(UserError, match=r"gone\.sharpflow"):
        run.score([str(tmp_path / "scans")], tmp_path / "gone.sharpflow", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_calibrated_bundle_gives_its_sums_intervals(
    tmp_path: Path, bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = calibrated(tmp_path)
    monkeypatch.setattr(run, "Bundle", lambda path: opened)
    for name in ("P-LH", "P-RH", "P-LF"):
        picture(tmp_path / "scans", name)
    save(tmp_path / "scans", "P-BH", both_hands(Side.LEFT, Side.RIGHT))
    for batch, folder in ((1, "one"), (100, "all")):
        joints, totals, _ = scored(tmp_path / "scans", tmp_path / folder, batch=batch)
        assert set(joints["calibrated"]) == {"yes"}
        chances = joints[joints["limb"] != "LF"].filter(regex=r"^erosion_p[0-5]$")
        np.testing.assert_allclose(chances.sum(axis=1), 1)
        by_limbs = totals.set_index(["of", "limbs"])
        for place in (("radiograph", "LH"), ("radiograph", "RH"), ("visit", "LH RH LF BH")):
            line = by_limbs.loc[place]
            assert line["total_low"] <= line["total"] <= line["total_high"]
            assert line["total_high"] > line["total_low"] >= 0
        foot = by_limbs.loc[("radiograph", "LF")]
        assert foot["no_interval"] == "the bundle is calibrated for other limbs"
        assert foot[["total_low", "total_high"]].isna().all()
        both = by_limbs.loc[("radiograph", "BH")]
        assert both["whole_image_total"] == 60
        assert both["whole_image_total_low"] == pytest.approx((60**0.5 - 1) ** 2)
        assert both["whole_image_total_high"] == pytest.approx((60**0.5 + 1) ** 2)
    for name in ("scores", "totals"):
        one, together = (read_table(tmp_path / f"{folder}/{name}.csv") for folder in ("one", "all"))
        key = [column for column in ("of", "limbs", "image_id", "joint") if column in one]
        one, together = (table.sort_values(key, ignore_index=True) for table in (one, together))
        pd.testing.assert_frame_equal(one, together)


def test_without_a_calibration_intervals_are_blank(tmp_path: Path, bundle: Any) -> None:
    picture(tmp_path / "scans", "P-LH")
    save(tmp_path / "scans", "P-BH", both_hands(Side.LEFT, Side.RIGHT))
    joints, totals, _ = scored(tmp_path / "scans", tmp_path / "out")
    assert set(joints["calibrated"]) == {"no"}
    assert totals.filter(regex="_(low|high)$").isna().all(axis=None)
    assert set(totals["no_interval"]) == {"the bundle has no calibration"}
