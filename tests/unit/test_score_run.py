"""Radiographs in, tables and overlays out; the networks' outputs are made up."""

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sharpflow.anatomy import BOX_COLUMNS, DETECTED_JOINTS, BodyPart, Side
from sharpflow.bundle.manifest import Calibration, JointModels, Manifest
from sharpflow.bundle.typed_json import from_plain
from sharpflow.errors import UserError
from sharpflow.files import read_table
from sharpflow.joints.scoring.ordinal import decode, score_probabilities
from sharpflow.score import results, run
from sharpflow.score.joints import JointScorer, Radiograph
from sharpflow.whole_image.data.packing import prepare
from tests.unit.bundles import NETWORK, SIZE, as_plain, plain_manifest, write_small_bundle
from tests.unit.dicom_files import image as dicom_image
from tests.unit.dicom_files import save as write_dicom
from tests.unit.made_up_networks import HEIGHT, WIDTH, joint_models, networks, places
from tests.unit.turned_limbs import both_hands, limb_image, seeing_networks


def made_up(left_out: int = 0) -> Any:
    """Networks of joints, and one that takes each radiograph of both hands for mean + 1 SD."""

    def total(inputs: Any, batch: int = 32) -> Any:
        return np.ones((len(inputs), 1), np.float32)

    return networks(left_out) | {NETWORK: total}


class Opened:
    """Stands for a bundle of joints and whole images."""

    def __init__(self, path: Path) -> None:
        plain = plain_manifest()
        joints = as_plain(joint_models())
        self.manifest = from_plain(Manifest, plain | {"joints": joints})

    def __enter__(self) -> "Opened":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> Any:
    given = made_up()
    monkeypatch.setattr(run, "Bundle", Opened)
    monkeypatch.setattr(run, "load_networks", lambda opened, threads: given)
    return given


def picture(
    folder: Path, name: str, grey: int = 90, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> str:
    image = np.full(size, grey, np.uint8)
    image[: size[0] // 2] += 40  # else it has no contrast
    return save(folder, name, image)


def save(folder: Path, name: str, image: Any) -> str:
    folder.mkdir(exist_ok=True)
    Image.fromarray(image).save(folder / f"{name}.png")
    return str(folder / f"{name}.png")


def scored(folder: Path, out: Path, **options: Any) -> tuple[pd.DataFrame, ...]:
    run.score([str(folder)], Path("made-up.sharpflow"), out, **options)
    return tuple(read_table(out / f"{name}.csv") for name in ("scores", "totals", "refused"))


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
    with pytest.raises(UserError, match="of an earlier call"):
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


def calibrated(folder: Path) -> Opened:
    """A bundle that is calibrated for a hand, and for both hands and a foot."""
    heads = {
        name: {"slope": 1.0, "bias": 0.0, "spread": 1.0, "usual": [0.5**k for k in range(1, n)]}
        for name, n in joint_models().heads.items()
    }
    factors = {"patients": 30, "error_sd": 4.0, "erosion": 2.0, "narrowing": 2.0, "total": 2.0}
    told = {
        "heads": heads,
        "sums": {"1h0f": factors, "2h1f": factors},
        "whole_image": {"patients": 30, "error_sd": 5.0, "root_error": 1.0},
    }
    opened = Opened(folder)
    opened.manifest = replace(opened.manifest, calibration=from_plain(Calibration, told))
    return opened


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


def test_limbs_turns_and_negatives_are_found_in_the_image_and_said(
    tmp_path: Path, bundle: Any
) -> None:
    bundle |= seeing_networks()
    scans = tmp_path / "scans"
    hand, foot = limb_image(BodyPart.HAND), limb_image(BodyPart.FOOT, Side.RIGHT)
    save(scans, "hand", np.rot90(hand))
    save(scans, "foot", np.rot90(foot, 2))
    save(scans, "negative", 255 - hand)
    save(scans, "P-LH", np.rot90(hand, 3))
    save(scans, "Q-RH", hand)
    joints, totals, refused = scored(scans, tmp_path / "out")
    assert refused.empty
    said = totals[totals["of"] == "radiograph"].set_index("image_id")
    assert said["limbs"].to_dict() == {
        "hand": "LH", "foot": "RF", "negative": "LH", "P-LH": "LH", "Q-RH": "RH",
    }  # fmt: skip
    assert said["undone"].fillna("").to_dict() == {
        "hand": "turned by 270 degrees",
        "foot": "turned by 180 degrees",
        "negative": "inverted",
        "P-LH": "turned by 90 degrees",
        "Q-RH": "seems mirrored (left so)",
    }
    is_guess = said["limb_from"] == "guessed from the image"
    assert set(said.index[is_guess]) == {"hand", "foot", "negative"}
    assert not totals.loc[totals["of"] == "visit", "patient"].isin(["hand", "foot"]).any()
    # Boxes are of the file: a quarter turn against the clock puts the x of a joint at its y.
    own = joints[joints["image_id"] == "hand"]
    assert own["joint"].tolist() == [joint.name for joint in DETECTED_JOINTS[BodyPart.HAND]]
    corners = own[BOX_COLUMNS].to_numpy(float)
    x, y = (corners[:, [0, 1]] + corners[:, [2, 3]]).T / 2
    np.testing.assert_allclose(y, WIDTH - places(BodyPart.HAND)[:, 0], atol=1.5)
    np.testing.assert_allclose(x, places(BodyPart.HAND)[:, 1], atol=1.5)


def test_both_hands_that_nothing_is_said_of_are_scored_whole_and_cut_in_two(
    tmp_path: Path, bundle: Any
) -> None:
    bundle |= seeing_networks()
    scans = tmp_path / "scans"
    save(scans, "two", both_hands(Side.LEFT, Side.RIGHT))
    save(scans, "crossed", both_hands(Side.RIGHT, Side.LEFT))
    joints, totals, refused = scored(scans, tmp_path / "out")
    own = totals.set_index("image_id")
    assert own["limbs"].to_dict() == {"two+LH": "LH", "two+RH": "RH", "two": "BH"}
    assert own.loc["two", "whole_image_total"] == 60
    assert set(own["limb_from"]) == {"guessed from the image"}
    middles = (joints["x_min"] + joints["x_max"]) / 2
    assert (middles[joints["limb"] == "LH"] < WIDTH).all()
    assert (middles[joints["limb"] == "RH"] > WIDTH).all()
    assert Path(refused["image"].item()).name == "crossed.png"
    assert refused["reason"].item().startswith("found two limbs")


def test_hands_cut_out_of_both_have_no_intervals(
    tmp_path: Path, bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle |= seeing_networks()
    opened = calibrated(tmp_path)
    monkeypatch.setattr(run, "Bundle", lambda path: opened)
    save(tmp_path / "scans", "P@1-BH", both_hands(Side.LEFT, Side.RIGHT))
    save(tmp_path / "scans", "P@2-LH", limb_image(BodyPart.HAND))
    _, totals, _ = scored(tmp_path / "scans", tmp_path / "out")
    own = totals[totals["limbs"] == "LH"].set_index(["of", "visit"])
    single, cut = own.loc[("radiograph", "2")], own.loc[("radiograph", "1")]
    assert single["total_low"] <= single["total"] <= single["total_high"]
    assert cut["total"] >= 0 and cut[["total_low", "erosion_high"]].isna().all()
    assert cut["no_interval"].startswith("hands cut out of both hands")


def test_what_shows_no_limb_is_refused_whatever_is_said_of_it(tmp_path: Path, bundle: Any) -> None:
    bundle |= seeing_networks()
    scans = tmp_path / "scans"
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    for said in ("P-LH", "P-BH", "P-RF", "x"):
        save(scans, f"{said.replace('P', 'N')}", noise)
        save(scans, f"{said.replace('P', 'B').replace('x', 'y')}", noise // 64)
    joints, totals, refused = scored(scans, tmp_path / "out")
    assert joints.empty
    assert set(totals["of"]) == {"visit"} and totals["joints_scored"].isna().all()
    why = {
        Path(image).stem: text
        for image, text in zip(refused["image"], refused["reason"], strict=True)
    }
    assert len(why) == 8
    for name, reason in why.items():
        dark = name.startswith(("B", "y"))
        assert reason.startswith("found a radiograph without contrast") == dark, (name, reason)


def test_a_hand_that_is_cropped_is_refused_as_such(tmp_path: Path, bundle: Any) -> None:
    bundle |= seeing_networks()
    hand = limb_image(BodyPart.HAND)
    save(tmp_path / "scans", "P-LH", np.ascontiguousarray(hand[:, : WIDTH - 40]))
    _, _, refused = scored(tmp_path / "scans", tmp_path / "out")
    assert refused["reason"].item().startswith("found a cropped hand")


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_hands_of_their_own_go_before_halves_of_both_hands(
    tmp_path: Path, bundle: Any, batch: int
) -> None:
    bundle |= seeing_networks()
    scans, table = tmp_path / "scans", tmp_path / "table.csv"
    save(scans, "P-BH", both_hands(Side.LEFT, Side.RIGHT))
    save(scans, "P-LH", limb_image(BodyPart.HAND))
    save(scans, "P-RH", limb_image(BodyPart.HAND, Side.RIGHT))
    (scans / "Q-LH.png").write_bytes(b"no image")
    save(scans, "Q-again", limb_image(BodyPart.HAND))
    save(scans, "R-BH", both_hands(Side.LEFT, Side.RIGHT))
    save(scans, "R-again", both_hands(Side.LEFT, Side.RIGHT))
    table.write_text("file,limb,patient\nscans/Q-again.png,LH,Q\nscans/R-again.png,,R\n")
    counts = run.score(
        [str(scans)], Path("made-up.sharpflow"), tmp_path / "out", table=table, batch=batch
    )
    _, totals, refused = (
        read_table(tmp_path / f"out/{name}.csv") for name in ("scores", "totals", "refused")
    )
    own = totals[totals["of"] == "radiograph"]
    assert set(own["image_id"]) == {
        *("P-BH", "P-LH", "P-RH", "Q-again", "R-BH", "R-BH+LH", "R-BH+RH")
    }
    why = sorted(zip(refused["image"].map(lambda p: Path(p).stem), refused["reason"], strict=True))
    assert [(name, text.split(" of ")[0]) for name, text in why] == [
        ("Q-LH", why[0][1].split(" of ")[0]),
        ("R-again", "found a second BH"),
    ]
    assert (counts.scored, counts.refused) == (5, 2)
    visits = totals[totals["of"] == "visit"].set_index("patient")
    assert visits["radiographs_refused"].to_dict() == {"P": 0, "Q": 1, "R": 1}
    assert (tmp_path / "out/pages/P.html").exists()


def test_a_guessed_limb_that_its_visit_has_already_is_refused(tmp_path: Path, bundle: Any) -> None:
    bundle |= seeing_networks()
    scans, table = tmp_path / "scans", tmp_path / "table.csv"
    save(scans, "a", limb_image(BodyPart.HAND))
    save(scans, "b", limb_image(BodyPart.HAND))
    save(scans, "c", limb_image(BodyPart.HAND, Side.RIGHT))
    table.write_text("file,limb,patient\nscans/a.png,,P\nscans/b.png,LH,P\nscans/c.png,,P\n")
    _, totals, refused = scored(scans, tmp_path / "out", table=table, batch=1)
    assert Path(refused["image"].item()).name == "a.png"
    assert refused["reason"].item().startswith("found a second LH of one patient and visit")
    assert totals.loc[totals["of"] == "visit", "limbs"].tolist() == ["LH RH"]


def test_what_only_seems_inverted_is_scored_as_it_was_read(
    tmp_path: Path, bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle |= seeing_networks()
    monkeypatch.setattr("sharpflow.score.finding.is_inverted", lambda seen, part: True)
    save(tmp_path / "scans", "P-LH", limb_image(BodyPart.HAND))
    save(tmp_path / "scans", "Q-LH", 255 - limb_image(BodyPart.HAND))
    _, totals, _ = scored(tmp_path / "scans", tmp_path / "out")
    own = totals[totals["of"] == "radiograph"].set_index("image_id")
    assert own["undone"].fillna("").to_dict() == {"P-LH": "", "Q-LH": "inverted"}
    assert (own["joints_missing"] == 0).all()


def test_a_limb_of_a_body_part_that_the_bundle_has_no_models_of_is_refused(
    tmp_path: Path, bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle |= seeing_networks()
    plain: Any = as_plain(joint_models())
    del plain["body_parts"]["foot"]
    plain["heads"] = {name: n for name, n in plain["heads"].items() if "hand" in name}
    opened = Opened(tmp_path)
    hands = from_plain(JointModels, plain)
    opened.manifest = replace(opened.manifest, joints=hands)
    monkeypatch.setattr(run, "Bundle", lambda path: opened)
    (tmp_path / "scans").mkdir()
    write_dicom(
        tmp_path / "scans/foot.dcm",
        dicom_image(limb_image(BodyPart.FOOT), BodyPartExamined="FOOT", Laterality=""),
    )
    joints, _, refused = scored(tmp_path / "scans", tmp_path / "out")
    assert joints.empty
    assert "a bundle without models for joints of the foot" in refused["reason"].item()


def test_a_page_of_nobody_known_is_called_as_the_radiograph(tmp_path: Path, bundle: Any) -> None:
    bundle |= seeing_networks()
    save(tmp_path / "scans", "two", both_hands(Side.LEFT, Side.RIGHT))
    scored(tmp_path / "scans", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out/pages").iterdir()] == ["two.html"]


@pytest.mark.parametrize("turns", range(4))
def test_both_hands_that_cannot_be_cut_apart_are_scored_upright(
    tmp_path: Path, bundle: Any, turns: int
) -> None:
    def upper(inputs: Any, batch: int = 32) -> Any:
        half = inputs.shape[2] // 2
        return inputs[:, :, :half].mean(axis=(1, 2, 3))[:, None]

    bundle |= seeing_networks() | {NETWORK: upper}
    image = both_hands(Side.LEFT, Side.LEFT)
    save(tmp_path / "scans", "P-BH", image)
    save(tmp_path / "scans", "Q-BH", np.rot90(image, turns))
    _, totals, refused = scored(tmp_path / "scans", tmp_path / "out")
    own = totals[totals["of"] == "radiograph"].set_index("image_id")
    upright, turned = own.loc[["P-BH", "Q-BH"], "whole_image_total"]
    assert turned == upright
    told = f"turned by {360 - 90 * turns} degrees" if turns else ""
    assert own["undone"].fillna("").to_dict() == {"P-BH": "", "Q-BH": told}
    assert set(refused["reason"].str.split(":").str[0]) == {"the joints alone"}


@pytest.mark.parametrize("batch", [1, 2])
def test_a_second_radiograph_of_both_hands_is_refused_once(
    tmp_path: Path, bundle: Any, batch: int
) -> None:
    bundle |= seeing_networks()
    for name in ("P-BH", "again"):
        save(tmp_path / "scans", name, both_hands(Side.LEFT, Side.LEFT))
    table = tmp_path / "table.csv"
    table.write_text("file,limb,patient\nscans/again.png,BH,P\n")
    _, _, refused = scored(tmp_path / "scans", tmp_path / "out", table=table, batch=batch)
    first, second = refused.sort_values("reason")["reason"]
    assert first.startswith("found a second BH")
    assert second.startswith("the joints alone")


def test_one_hand_is_not_scored_as_both_though_its_name_says_so(
    tmp_path: Path, bundle: Any
) -> None:
    bundle |= seeing_networks()
    save(tmp_path / "scans", "P-BH", limb_image(BodyPart.HAND))
    save(tmp_path / "scans", "Q-BH", both_hands(Side.LEFT, Side.RIGHT))
    _, totals, refused = scored(tmp_path / "scans", tmp_path / "out")
    assert set(totals.loc[totals["of"] == "radiograph", "patient"]) == {"Q"}
    assert refused["reason"].item().startswith("found a silhouette of 1 limbs")


def test_both_hands_much_brighter_than_those_of_training_are_refused(
    tmp_path: Path, bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle |= seeing_networks()
    image = both_hands(Side.LEFT, Side.RIGHT)
    save(tmp_path / "scans", "P-BH", image)
    far = 0.5 - prepare(image, SIZE, "none").mean() / 255  # the mean of training is 0.5
    monkeypatch.setattr("sharpflow.score.plausibility.MOST_SDS", far / 0.25 + 0.01)
    assert scored(tmp_path / "scans", tmp_path / "one")[2].empty
    monkeypatch.setattr("sharpflow.score.plausibility.MOST_SDS", far / 0.25 - 0.01)
    _, totals, refused = scored(tmp_path / "scans", tmp_path / "two")
    assert set(totals["of"]) == {"visit"}
    assert refused["reason"].item().startswith("found pixels whose mean is")
