"""Limbs that are found in images: turned, inverted, cut out of both hands, or guessed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sharpflow.anatomy import BOX_COLUMNS, DETECTED_JOINTS, BodyPart, Side
from sharpflow.bundle.manifest import JointModels
from sharpflow.bundle.typed_json import from_plain
from sharpflow.files import read_table
from sharpflow.score import run
from sharpflow.whole_image.data.packing import prepare
from tests.unit.bundles import NETWORK, SIZE, as_plain
from tests.unit.dicom_files import image as dicom_image
from tests.unit.dicom_files import save as write_dicom
from tests.unit.made_up_bundle import Opened, bundle, calibrated, save, scored
from tests.unit.made_up_networks import HEIGHT, WIDTH, joint_models, places
from tests.unit.turned_limbs import both_hands, limb_image, seeing_networks

__all__ = ["bundle"]  # a fixture


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
        "Q-RH": "seems mirrored (not changed)",
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
    assert refused["reason"].item().startswith("found 1 silhouette, ")


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
