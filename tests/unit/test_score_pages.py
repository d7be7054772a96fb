"""Pages, overlays and changes of made-up patients; what no output may hold."""

import base64
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sharpflow.anatomy import BodyPart, Side
from sharpflow.files import read_table
from sharpflow.imaging.png import MADE_HERE, SOFTWARE
from sharpflow.score import run
from sharpflow.score.outputs import write_captioned
from tests.unit import made_up_bundle
from tests.unit.bundles import as_plain
from tests.unit.dicom_files import SECRETS, image, save
from tests.unit.html_pages import Page
from tests.unit.made_up_bundle import bundle, picture
from tests.unit.made_up_bundle import save as save_png
from tests.unit.made_up_networks import joint_models
from tests.unit.turned_limbs import both_hands, limb_image

__all__ = ["bundle"]  # a fixture


def score(out: Path, *images: Path, **options: Any) -> Any:
    return run.score([str(one) for one in images], Path("made-up.sharpflow"), out, **options)


def pages_of(out: Path) -> dict[str, Page]:
    """The pages that the index links, by the text of the link."""
    index = Page(out / "index.html")
    return {link: Page(out / unquote(link)) for link in index.links}


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_a_patient_has_a_page_of_all_visits(tmp_path: Path, bundle: Any, batch: int) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    for grey, name in enumerate(["P@10-LH", "P@2-LH", "P@2-RH", "Q-RF"]):
        picture(scans, name, grey=60 + 30 * grey)
    save_png(scans, "P@2-BH", both_hands(Side.LEFT, Side.RIGHT))
    picture(scans, "P@10-RH", size=(20, 300))
    (scans / "no-LH.png").write_bytes(b"no image")
    counts = score(out, scans, batch=batch)
    assert (counts.scored, counts.refused, counts.patients) == (5, 2, 3)
    assert (counts.in_part, sum(counts.reasons.values())) == (1, 3)
    pages = pages_of(out)
    assert list(pages) == [f"pages/{name}.html" for name in ("P", "Q", "no")]
    page = pages["pages/P.html"]
    assert page.links == ["../index.html"]
    text = page.words
    assert text.count("Research use only") == 2
    assert "2 visits, 4 radiographs scored, 1 refused." in text
    assert "synthetic radiographs: 3 patients to train, 2 to validate, 1 to test" in text
    assert "found a radiograph that is too small: 300 x 20 pixels" in text
    assert "P@2-BH.png: the joints alone: found two limbs that could not be told" in text
    assert text.index("Visit 2 ") < text.index("Visit 10 ")
    assert "2 to 10 Left hand" in text
    assert "Sums without an interval: the bundle has no calibration." in text
    assert "Brackets:" not in text
    assert "This bundle does not know it" in text  # the smallest detectable change
    assert "Both hands, whole – – – – – 60.0" in text
    index = Page(out / "index.html").words
    assert "5 of 7 radiographs scored, 2 refused. " in index
    rows = read_table(out / "scores.csv")
    assert rows["trust"].eq("no").all()  # made-up networks give chances below a half
    assert (
        f"{(rows['state'] == 'scored').sum()} joints scored, none of them to be trusted." in index
    )
    assert "found a radiograph that is too small: 300 x 20 pixels" in index
    assert "no-LH.png" in index
    (change,) = read_table(out / "change.csv").query("of == 'radiograph'").to_dict("records")
    totals = read_table(out / "totals.csv").query("limbs == 'LH' and of == 'radiograph'")
    by_visit = totals.set_index("visit")["total"]
    assert change["total_change"] == by_visit["10"] - by_visit["2"] != 0
    visits = read_table(out / "totals.csv").query("of == 'visit'").set_index(["patient", "visit"])
    assert (
        visits["limbs"].to_dict()
        == {
            ("P", "2"): "LH RH BH",
            ("P", "10"): "LH",
            ("Q", "1"): "RF",
            ("no", "1"): "",  # nan in pandas, blank in the file
        }
        or visits["limbs"].fillna("").to_dict()[("no", "1")] == ""
    )
    assert visits["radiographs_refused"].to_dict() == {
        ("P", "2"): 0,
        ("P", "10"): 1,
        ("Q", "1"): 0,
        ("no", "1"): 1,
    }
    assert visits.loc[("P", "2"), "whole_image_total"] == 60


def test_radiographs_of_nobody_known_have_pages_of_their_own(tmp_path: Path, bundle: Any) -> None:
    scans, table = tmp_path / "scans", tmp_path / "table.csv"
    picture(scans, "one")
    save_png(scans, "two", both_hands(Side.LEFT, Side.RIGHT))
    table.write_text("file,limb\nscans/one.png,LH\nscans/two.png,BH\n")
    score(tmp_path / "out", scans, table=table)
    pages = pages_of(tmp_path / "out")
    assert set(pages) == {"pages/one.html", "pages/two.html"}
    assert "Radiograph one" in pages["pages/one.html"].words
    assert "Joint by joint" not in pages["pages/two.html"].words
    assert "the joints alone: found two limbs" in pages["pages/two.html"].words


def test_names_of_files_are_text_and_nothing_else(tmp_path: Path, bundle: Any) -> None:
    scans = tmp_path / "<script>alert(1)<&script>"
    picture(scans, "a'\"><img src=x onerror=alert(1)>-LH")
    picture(scans, "b{{7*7}}\u202e-LH")
    (scans / "<b>bad<&b>-LH.png").write_bytes(b"no image")
    table = tmp_path / "table.csv"
    rows = pd.DataFrame({"file": sorted(scans.iterdir()), "limb": "LH"})
    rows.to_csv(table, index=False)
    score(tmp_path / "out", scans, table=table)
    pages = pages_of(tmp_path / "out")  # fails on tags that would run
    assert len(pages) == 2
    assert "<script>alert(1)<&script>" in "".join(Page(tmp_path / "out/index.html").text)
    assert any("b{{7*7}}\\u202e-LH.png" in page.words for page in pages.values())
    inside = {path.parent for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert inside == {tmp_path / "out" / name for name in ("", "overlays", "pages")}


def test_doubted_joints_are_marked_and_counted(
    tmp_path: Path, bundle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain: Any = as_plain(joint_models())["body_parts"]  # type: ignore[arg-type]
    plain["hand"]["confidence"] = 0.3
    monkeypatch.setattr(made_up_bundle, "joint_models", lambda: joint_models(body_parts=plain))
    boxes = bundle["detector-hand"].output
    boxes[4:, 0] *= 0.5  # of the first joint 0.45
    boxes[4:, -1] = 0
    picture(tmp_path / "scans", "P-LH")
    score(tmp_path / "out", tmp_path / "scans")
    joints = read_table(tmp_path / "out/scores.csv").set_index("joint")
    low = joints["doubt"].fillna("").str.contains("low detector confidence")
    assert low.tolist() == [True] + [False] * 9
    assert joints["trust"].iloc[0] == "no"
    totals = read_table(tmp_path / "out/totals.csv")
    assert set(totals["joints_doubted"]) == {(joints["trust"] == "no").sum()}
    page = pages_of(tmp_path / "out")["pages/P.html"].words
    assert "low detector confidence" in page


def test_both_hands_have_a_captioned_overlay_whatever_their_size(tmp_path: Path) -> None:
    sizes = {"P-BH": (50, 80), "Q-BH": (2000, 32), "R-BH": (32, 3000)}
    images = {name: np.full(size, 90, np.uint8) for name, size in sizes.items()}
    estimates = {"whole_image_total": 60.0, "whole_image_severity": 7}
    write_captioned(
        tmp_path / "out", images, pd.DataFrame({"image_id": list(sizes)}).assign(**estimates), ""
    )
    with Image.open(tmp_path / "out/overlays/P-BH.png") as overlay:
        assert overlay.width == 1920
        assert overlay.height > 1200
        top = np.asarray(overlay)[:1200]
        assert top[600, 900].tolist() == top[600, 900].tolist()[:1] * 3  # the radiograph, in grey
        assert np.asarray(overlay)[1200:].max() > 200  # the caption
    for name in ("Q-BH", "R-BH"):
        with Image.open(tmp_path / f"out/overlays/{name}.png") as overlay:
            assert 600 <= overlay.width <= 2400
            assert overlay.height < 1600


@pytest.mark.parametrize("keep", [False, True])
def test_no_output_holds_what_a_header_says(tmp_path: Path, bundle: Any, keep: bool) -> None:
    """Looked for in names, in bytes, and in the bytes of the images within pages."""
    scans = tmp_path / "scans"
    scans.mkdir()
    laterality = {"BodyPartExamined": "HAND", "Laterality": "L", "ViewPosition": "PA"}
    for place, date in enumerate(("20190317", "20200101")):
        pixels = limb_image(BodyPart.HAND) - 10 * place
        save(scans / f"{place}.dcm", image(pixels, StudyDate=date, **laterality))
    save(scans / "refused.dcm", image(pixels, Modality="Plantedname", **laterality))
    noise = np.random.default_rng(0).integers(0, 200, pixels.shape, np.uint8)
    save(scans / "chest.dcm", image(noise, BodyPartExamined="Plantedname"))
    out = tmp_path / "out"
    counts = score(out, scans, keep_ids=keep)
    assert (counts.scored, counts.refused) == (2, 2)
    (change,) = read_table(out / "change.csv").query("of == 'radiograph'").to_dict("records")
    assert change["visits_from"] == "date"
    assert (change["visit_before"], change["visit_after"]) == (1, 2)
    secrets = [secret for secret in SECRETS if not (keep and secret == "plantid77")]
    images = 0
    for path in (path for path in out.rglob("*") if path.is_file()):
        content = path.read_bytes()
        parts = [str(path.relative_to(out)).encode(), content]
        if path.suffix == ".html":
            uris = re.findall(rb"data:image/webp;base64,([A-Za-z0-9+/=]+)", content)
            parts += map(base64.b64decode, uris)
            images += len(uris)
        if path.suffix == ".png":
            with Image.open(path) as overlay:
                assert overlay.info == {SOFTWARE: MADE_HERE}
        for part in parts:
            found = part.lower()
            assert not [secret for secret in secrets if secret.encode() in found], path
    assert images == 2
    assert bool(keep) == any("PLANTID77" in path.name for path in out.rglob("*"))


def test_memory_holds_the_rows_of_one_patient_alone(tmp_path: Path, bundle: Any) -> None:
    open_at_once = []
    results = run.Results
    kept = results.close

    def close(self: Any, **options: Any) -> None:
        kept(self, **options)
        open_at_once.append(len(self._open))

    for number in range(7):
        picture(tmp_path / "scans", f"P{number}-LH")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results, "close", close)
        score(tmp_path / "out", tmp_path / "scans", batch=2)
    assert max(open_at_once) == 1
    assert len(list((tmp_path / "out/pages").iterdir())) == 7
