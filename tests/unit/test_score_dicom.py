"""DICOM radiographs are scored as the same picture is, or refused in words."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from pydicom.data.data_manager import DATA_ROOT

from sharpflow.files import read_table
from sharpflow.score.run import score
from tests.unit import dicom_files
from tests.unit.joint_bundles import write_joint_bundle
from tests.unit.made_up_networks import HEIGHT, WIDTH

FOLDER = os.environ.get("SHARPFLOW_RADIOGRAPHS")
Grey = npt.NDArray[np.uint8]
LEVELS = 16  # of 12 bits for one of 8


def made_up() -> Grey:
    """Black and white are in it, so that stretching changes nothing."""
    grey = np.full((HEIGHT, WIDTH), 90, np.uint8)
    grey[::2, ::3] += 40
    grey[:4], grey[4:8] = 0, 255
    return grey


def real_hand() -> Grey:
    path = min(Path(str(FOLDER), "images").glob("*.png"))
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    return np.asarray(grey, np.uint8)


@pytest.fixture(
    scope="module",
    params=[
        made_up,
        pytest.param(
            real_hand, marks=pytest.mark.skipif(not FOLDER, reason="no SHARPFLOW_RADIOGRAPHS")
        ),
    ],
    ids=["made up", "real hand"],
)
def grey(request: pytest.FixtureRequest) -> Grey:
    found: Grey = request.param()
    return found


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_joint_bundle(tmp_path_factory.mktemp("bundle") / "made_up.sharpflow")


def window() -> dict[str, Any]:
    """A linear window (PS3.3 C.11.2.1.2) that shows 16 n as n."""
    return {"WindowCenter": "2040.5", "WindowWidth": "4081"}


def lookup() -> dict[str, Any]:
    """A VOI LUT that does the same."""
    from pydicom.dataset import Dataset

    table = Dataset()
    table.add_new("LUTDescriptor", "US", [4096, 0, 16])
    entries = np.repeat(np.arange(256) * 257, LEVELS)
    table.add_new("LUTData", "OW", entries.astype("<u2").tobytes())
    return {"VOILUTSequence": [table]}


def write_all(folder: Path, grey: Grey) -> Iterator[str]:
    """The same radiograph as DICOMs of many kinds, one a patient; gives their names."""
    deep = grey.astype(np.uint16) * LEVELS
    inverted = {"PhotometricInterpretation": "MONOCHROME1"}
    plain = {
        "eight": dicom_files.image(grey),
        "eight-inverted": dicom_files.image(255 - grey, **inverted),
        "twelve": dicom_files.image(deep, 12, **window()),
        "twelve-inverted": dicom_files.image(4080 - deep, 12, **window(), **inverted),
        "twelve-lut": dicom_files.image(deep, 12, **lookup()),
    }
    for name, dataset in plain.items():
        dicom_files.save(folder / f"{name}-LH.dcm", dataset)
        yield name
    for name, syntax in {
        "lossless": dicom_files.LOSSLESS_FIRST,
        "lossless-any": dicom_files.LOSSLESS,
        "jpegls": dicom_files.JPEG_LS,
        "jpeg2000": dicom_files.JPEG_2000,
        "rle": dicom_files.RLE,
    }.items():
        dicom_files.save_compressed(folder / f"{name}-LH.dcm", grey, syntax)
        yield name
    dicom_files.save_compressed(
        folder / "lossless-deep-LH.dcm",
        deep,
        dicom_files.LOSSLESS_FIRST,
        BitsStored=12,
        HighBit=11,
        **window(),
    )
    yield "lossless-deep"


def test_a_dicom_is_scored_as_the_same_picture(tmp_path: Path, grey: Grey, bundle: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    cv2.imwrite(str(scans / "png-LH.png"), grey)
    names = list(write_all(scans, grey))
    # Ids are kept, and are all one: each is a visit of its own only by the table.
    rows = [f"{path.name},{path.stem.removesuffix('-LH')}\n" for path in scans.iterdir()]
    (scans / "list.csv").write_text("file,patient\n" + "".join(rows))
    counts = score([str(scans)], bundle, tmp_path / "out", table=scans / "list.csv", threads=1)
    refused = read_table(tmp_path / "out/refused.csv")
    assert (counts.scored, counts.refused) == (1 + len(names), 0), refused.to_dict("records")
    joints = read_table(tmp_path / "out/scores.csv")
    picture = _of(joints, "png")
    assert set(picture["state"]) == {"scored"}
    for name in names:
        pd.testing.assert_frame_equal(_of(joints, name), picture, atol=1e-3, rtol=0)
    text = "".join(path.read_text().lower() for path in (tmp_path / "out").glob("*.csv"))
    assert not [secret for secret in dicom_files.SECRETS if secret in text]


def _of(joints: pd.DataFrame, patient: str) -> pd.DataFrame:
    """The scores of one patient, without what names the radiograph."""
    own = joints[joints["patient"] == patient].reset_index(drop=True)
    return own.drop(columns=["image", "image_id", "patient"])


def test_other_dicoms_are_refused_in_words(tmp_path: Path, bundle: Path) -> None:
    """pydicom's test files: scans of other parts, colours, plans, reports, damaged files."""
    scans = tmp_path / "scans"
    scans.mkdir()
    for path in Path(DATA_ROOT, "test_files").glob("*.dcm"):
        (scans / f"{path.stem}.dcm").symlink_to(path)
    files = list(scans.iterdir())
    assert len(files) > 50
    counts = score([str(scans)], bundle, tmp_path / "out", threads=1)
    refused = read_table(tmp_path / "out/refused.csv")
    assert (counts.scored, counts.refused) == (0, len(files))
    assert refused["reason"].str.contains("expected").all()
