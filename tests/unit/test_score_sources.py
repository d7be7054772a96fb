"""Which files a call scores: files, folders, links and patterns; their ids, and the key."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sharpflow.cohorts.dicom_table import read_key
from sharpflow.errors import UserError
from sharpflow.imaging.image_error import ImageError
from sharpflow.imaging.reading import read_image
from sharpflow.reporting.overlays import save_overlay
from sharpflow.score.radiograph_table import listed_files
from sharpflow.score.sources import find_sources
from tests.unit.files_to_score import dicom, picture, told


def test_files_folders_and_patterns_each_once(tmp_path: Path) -> None:
    first, deep = picture(tmp_path / "A-LH.png"), picture(tmp_path / "in/side/B@2-rf.jpg")
    picture(tmp_path / "in/.hidden/C-LH.png")
    (tmp_path / "in/notes.txt").write_text("no image")
    (tmp_path / "in/DICOMDIR").write_bytes(bytes(128) + b"DICM")
    odd = picture(tmp_path / "D[1]-LF.png")
    given = [str(first), str(tmp_path / "in"), str(tmp_path / "*.png"), str(odd)]
    sources, refused = find_sources(given)
    assert {source.path for source in sources} == {first, deep, odd}
    assert told(sources) == [
        ("D_1_-LF", "", "1", "LF", "name"),
        ("A-LH", "A", "1", "LH", "name"),
        ("B@2-rf", "B", "2", "RF", "name"),
    ]
    assert refused == []


def test_what_was_made_by_an_earlier_call_is_passed_over(tmp_path: Path) -> None:
    picture(tmp_path / "A-LH.png")
    picture(tmp_path / "out/overlays/A-LH.png")
    sources, refused = find_sources([str(tmp_path)], out=tmp_path / "out")
    assert ([s.image_id for s in sources], refused) == (["A-LH"], [])


def test_the_folder_of_results_is_none_of_radiographs(tmp_path: Path) -> None:
    picture(tmp_path / "A-LH.png")
    (tmp_path / "link").symlink_to(tmp_path)
    for given in (tmp_path, tmp_path / "link"):
        with pytest.raises(UserError, match="found the folder of results itself"):
            find_sources([str(given)], out=tmp_path)


def test_links_to_folders_are_followed_and_lead_nowhere_twice(tmp_path: Path) -> None:
    picture(tmp_path / "archive/A-LH.png")
    picture(tmp_path / "scans/B-LH.png")
    (tmp_path / "scans/old").symlink_to(tmp_path / "archive")
    (tmp_path / "scans/round").symlink_to(tmp_path / "scans")
    (tmp_path / "scans/gone").symlink_to(tmp_path / "nowhere")
    sources, refused = find_sources([str(tmp_path / "scans")])
    assert ([source.image_id for source in sources], refused) == (["gone", "A-LH", "B-LH"], [])


def test_a_folder_that_cannot_be_read_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "in/A-LH.png")
    picture(tmp_path / "in/locked/B-LH.png")
    scandir = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(UserError, match=r"locked: found a folder that cannot be read \(Permission"):
        find_sources([str(tmp_path / "in")])


def test_names_in_two_folders_get_ids_of_their_own(tmp_path: Path) -> None:
    picture(tmp_path / "one/A@1-LH.png")
    picture(tmp_path / "two/a@1-lh.png")
    sources, _ = find_sources([str(tmp_path)])
    assert [source.image_id for source in sources] == ["A@1-LH", "a@1-lh-2"]


def test_dicom_is_found_in_folders_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("P1-LH.IMA", "P1-RH.img", "P1-LF.dic", "x.bin"):
        dicom(tmp_path / name, PatientID="", StudyDate="")
    (tmp_path / "notes.img").write_bytes(b"no image" * 20)
    (tmp_path / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    table = tmp_path / "table.csv"
    table.write_text("file,limb,patient\nx.bin,RF,P1\n")
    sources, refused = find_sources([str(tmp_path)], table=table)
    assert told(sources) == [
        ("P1-LF", "P1", "1", "LF", "name"),
        ("P1-LH", "P1", "1", "LH", "name"),
        ("P1-RH", "P1", "1", "RH", "name"),
        ("x", "P1", "1", "RF", "table"),
    ]
    assert refused == []


def test_a_table_lists_files_by_their_names_though_they_are_links(tmp_path: Path) -> None:
    real = picture(tmp_path / "annex/0815.png")
    (tmp_path / "P-LH.png").symlink_to(real)
    table = tmp_path / "table.csv"
    table.write_text("file\nP-LH.png\n")
    (listed,) = listed_files(table)
    (source,), _ = find_sources([str(listed)], table=table)
    assert (source.image_id, source.patient, source.limb) == ("P-LH", "P", "LH")


def test_a_key_among_results_is_refused_but_not_in_a_clone_that_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "results" / "clone"
    (clone / "results").mkdir(parents=True)
    monkeypatch.chdir(clone)
    read_key(Path("patients.key"))
    with pytest.raises(UserError, match="found a key among results"):
        read_key(Path("results/patients.key"))
    with pytest.raises(UserError, match="found a key among results"):
        read_key(tmp_path / "results" / "patients.key")


@pytest.mark.parametrize("given", ["gone.png", "gone/*.png", "null\0byte.png", "n" * 5000])
def test_what_is_not_there_is_told(tmp_path: Path, given: str) -> None:
    with pytest.raises(UserError, match="found nothing of this name"):
        find_sources([str(tmp_path / given)])


def test_a_folder_without_radiographs_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found no radiograph"):
        find_sources([str(tmp_path)])


def test_a_key_is_not_kept_among_results(tmp_path: Path) -> None:
    picture(tmp_path / "A-LH.png")
    with pytest.raises(UserError, match="found a key among results"):
        find_sources([str(tmp_path)], key=tmp_path / "out/key", out=tmp_path / "out")


def test_headers_are_held_to_the_limit_that_the_bundle_has(tmp_path: Path) -> None:
    dicom(tmp_path / "P-LH.dcm", PatientID="", StudyDate="")
    assert len(find_sources([str(tmp_path)])[0]) == 1
    sources, (refused,) = find_sources([str(tmp_path)], max_pixels=10)
    assert not sources and "pixels" in refused.reason


def test_overlays_of_an_earlier_call_are_no_radiographs(tmp_path: Path) -> None:
    picture(tmp_path / "scans/A-LH.png")
    overlay = tmp_path / "scans/scored/overlays/A-LH.png"
    save_overlay(np.zeros((40, 30, 3), np.uint8), overlay)
    for given in (tmp_path / "scans", tmp_path / "scans/*"):
        sources, refused = find_sources([str(given)], out=tmp_path / "other")
        assert ([s.path.parent.name for s in sources], refused) == (["scans"], [])
    with pytest.raises(UserError, match="found no radiograph"):
        find_sources([str(overlay.parent)])
    sources, (refused,) = find_sources([str(tmp_path / "scans/**/*.png")])
    assert [source.image_id for source in sources] == ["A-LH"]
    assert refused.reason.startswith("found an overlay that Sharpflow made")
    with pytest.raises(ImageError, match="found an overlay that Sharpflow made"):
        read_image(overlay)  # in cohorts too


def test_a_link_that_leads_nowhere_is_not_passed_over(tmp_path: Path) -> None:
    for name in ("A-LH.png", "IM0001", "notes.txt"):
        (tmp_path / name).symlink_to(tmp_path / f"gone-{name}")
    sources, refused = find_sources([str(tmp_path)])
    assert {source.path.name for source in sources} == {"A-LH.png", "IM0001"}
    assert not refused  # they are, when they are read
