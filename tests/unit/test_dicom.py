"""DICOM radiographs by known arithmetic: transforms, windows, bits, syntaxes, what is refused."""

import logging
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sharpflow.imaging.dicom_grey import window
from sharpflow.imaging.image_error import ImageError
from sharpflow.imaging.reading import read_image

from .dicom_files import (
    BASELINE,
    BIG,
    EXTENDED,
    IMPLICIT,
    JPEG_2000,
    JPEG_LS,
    LITTLE,
    LOSSLESS,
    LOSSLESS_FIRST,
    RLE,
    SECRETS,
    header,
    image,
    save,
    save_compressed,
)

RAMP = np.arange(256, dtype=np.uint8).reshape(8, 32)
DEEP = np.linspace(0, 4095, 48 * 64).reshape(48, 64).astype(np.uint16)
SMOOTH = (DEEP >> 4).astype(np.uint8)


def read(tmp_path: Path, pixels: np.ndarray, bits: int | None = None, **elements: Any) -> Any:
    return read_image(save(tmp_path / "radiograph.dcm", image(pixels, bits, **elements)))


def refused(path: Path, **limits: int) -> str:
    """What the refusal of a file says; never a planted word, and no cause that could say one."""
    with pytest.raises(ImageError) as caught:
        read_image(path, **limits)
    message = str(caught.value)
    assert str(path) in message
    told = "".join(traceback.format_exception(caught.value.__context__)) + message
    assert not [secret for secret in SECRETS if secret in told.lower()]
    return message


def test_8_bits_stay_as_they_are(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read(tmp_path, RAMP), RAMP)


def test_monochrome1_is_inverted(tmp_path: Path) -> None:
    shown = read(tmp_path, RAMP, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(shown, 255 - RAMP)


@pytest.mark.parametrize("polarity", ["MONOCHROME1", "MONOCHROME2"])
def test_without_a_window_it_is_the_png_of_the_same_radiograph(
    tmp_path: Path, polarity: str
) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(100, 4000, (40, 50)).astype(np.uint16)
    bright = 4095 - pixels if polarity == "MONOCHROME1" else pixels
    Image.fromarray(bright).save(tmp_path / "radiograph.png")
    np.testing.assert_array_equal(
        read(tmp_path, pixels, 12, PhotometricInterpretation=polarity),
        read_image(tmp_path / "radiograph.png"),
    )


def test_a_window_is_the_standards_formula(tmp_path: Path) -> None:
    """PS3.3 C.11.2.1.2.1: centre 2048, width 4096 maps 0 to 4095 linearly onto the output."""
    shown = read(tmp_path, DEEP, 12, WindowCenter=2048, WindowWidth=4096)
    np.testing.assert_array_equal(shown, np.rint(DEEP / 4095 * 255))
    narrow = read(tmp_path, DEEP, 12, WindowCenter="1000", WindowWidth="401")
    expected = np.clip(((DEEP - 999.5) / 400 + 0.5) * 255, 0, 255)
    np.testing.assert_array_equal(narrow, np.rint(expected))


def test_a_window_inverts_after_it_is_applied(tmp_path: Path) -> None:
    settings = {"WindowCenter": 1000, "WindowWidth": 401}
    plain = read(tmp_path, DEEP, 12, **settings)
    inverted = read(tmp_path, DEEP, 12, PhotometricInterpretation="MONOCHROME1", **settings)
    np.testing.assert_array_equal(inverted, 255 - plain)


def test_of_several_windows_the_first_counts(tmp_path: Path) -> None:
    first = read(tmp_path, DEEP, 12, WindowCenter=1000, WindowWidth=401)
    both = read(tmp_path, DEEP, 12, WindowCenter=[1000, 9], WindowWidth=[401, 2])
    np.testing.assert_array_equal(both, first)


def test_other_window_functions() -> None:
    values = np.array([-100.0, 0.0, 50.0, 100.0, 200.0])
    exact = window(values, 50, 100, "LINEAR_EXACT")
    np.testing.assert_allclose(exact, [0, 0, 127.5, 255, 255])
    sigmoid = window(values, 50, 100, "SIGMOID")
    np.testing.assert_allclose(sigmoid[2], 127.5)
    np.testing.assert_allclose(sigmoid[3], 255 / (1 + np.exp(-2)))
    np.testing.assert_array_equal(window(values, 50.5, 1), [0, 0, 0, 255, 255])
    with pytest.raises(ValueError, match="no such function"):
        window(values, 50, 100, "CUBIC")


def test_a_rescale_comes_before_the_window(tmp_path: Path) -> None:
    settings = {"RescaleSlope": 2, "RescaleIntercept": -1000}
    shown = read(tmp_path, DEEP, 12, WindowCenter=1000.5, WindowWidth=2001, **settings)
    expected = np.clip(((DEEP * 2.0 - 1000 - 1000) / 2000 + 0.5) * 255, 0, 255)
    np.testing.assert_array_equal(shown, np.rint(expected))


def test_a_falling_rescale_inverts(tmp_path: Path) -> None:
    shown = read(tmp_path, RAMP, RescaleSlope=-1, RescaleIntercept=255)
    np.testing.assert_array_equal(shown, 255 - RAMP)


@pytest.mark.parametrize("name", ["VOILUTSequence", "ModalityLUTSequence"])
def test_a_lookup_table(tmp_path: Path, name: str) -> None:
    """A table of 100 entries from value 50 on: what lies outside takes its ends."""
    from pydicom.dataset import Dataset

    table = Dataset()
    table.add_new("LUTDescriptor", "US", [100, 50, 16])
    table.add_new("LUTData", "US", [entry * 600 for entry in range(100)])
    if name == "ModalityLUTSequence":
        table.ModalityLUTType = "US"
    windows = {"WindowCenter": 32768, "WindowWidth": 65536}  # a VOI table comes before them
    shown = read(tmp_path, RAMP, **{name: [table]}, **windows)
    expected = np.clip(RAMP.astype(float) - 50, 0, 99) * 600 / 65535 * 255
    np.testing.assert_array_equal(shown, np.rint(expected))


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 15, 16])
def test_each_depth_reaches_white(tmp_path: Path, bits: int) -> None:
    most = (1 << bits) - 1
    pixels = np.linspace(0, most, 600).reshape(20, 30).astype(np.uint16)
    shown = read(tmp_path, pixels, bits, WindowCenter=(most + 1) / 2, WindowWidth=most + 1)
    np.testing.assert_array_equal(shown, np.rint(pixels / most * 255))


def test_overlays_in_spare_bits_are_masked(tmp_path: Path) -> None:
    spoilt = DEEP | np.uint16(0xF000)
    settings = {"WindowCenter": 2048, "WindowWidth": 4096}
    np.testing.assert_array_equal(
        read(tmp_path, spoilt, 12, **settings), read(tmp_path, DEEP, 12, **settings)
    )


def test_a_high_bit_above_the_stored_ones(tmp_path: Path) -> None:
    settings = {"WindowCenter": 2048, "WindowWidth": 4096}
    shifted = read(tmp_path, DEEP << 4, 12, HighBit=15, **settings)
    np.testing.assert_array_equal(shifted, read(tmp_path, DEEP, 12, **settings))


@pytest.mark.parametrize("masked", [False, True])
def test_signed_pixels(tmp_path: Path, masked: bool) -> None:
    """12 signed bits, with their sign in the spare bits or not."""
    pixels = DEEP.astype(np.int16) - 2048
    if masked:
        pixels &= 0xFFF
    shown = read(tmp_path, pixels, 12, WindowCenter=0, WindowWidth=4096)
    np.testing.assert_array_equal(shown, np.rint(DEEP / 4095 * 255))


def test_padding_is_black_and_does_not_count(tmp_path: Path) -> None:
    pixels = DEEP // 4 + np.uint16(1000)
    pixels[:, :20] = 4095
    for polarity in ("MONOCHROME1", "MONOCHROME2"):
        settings = {"PhotometricInterpretation": polarity}
        shown = read(tmp_path, pixels, 12, PixelPaddingValue=4095, **settings)
        assert (shown[:, :20] == 0).all()
        bare = read(tmp_path, pixels[:, 20:].copy(), 12, **settings)
        np.testing.assert_array_equal(shown[:, 20:], bare)
    ranged = read(tmp_path, pixels, 12, PixelPaddingValue=4000, PixelPaddingRangeLimit=4095)
    assert (ranged[:, :20] == 0).all()


@pytest.mark.parametrize("syntax", [IMPLICIT, LITTLE, BIG])
@pytest.mark.parametrize("whole", [True, False])
def test_byte_orders_with_and_without_preamble(tmp_path: Path, syntax: str, whole: bool) -> None:
    dataset = image(DEEP, 12, WindowCenter=2048, WindowWidth=4096)
    if syntax == BIG:
        dataset.PixelData = DEEP.astype(">u2").tobytes()
    path = save(tmp_path / "radiograph", dataset, syntax, whole=whole)
    np.testing.assert_array_equal(read_image(path), np.rint(DEEP / 4095 * 255))


@pytest.mark.parametrize("syntax", [RLE, LOSSLESS, LOSSLESS_FIRST, JPEG_LS, JPEG_2000])
def test_compressed_without_loss(tmp_path: Path, syntax: str) -> None:
    settings = {"WindowCenter": 2048, "WindowWidth": 4096}
    path = save_compressed(tmp_path / "radiograph.DCM", DEEP, syntax, bits=12, **settings)
    np.testing.assert_array_equal(read_image(path), np.rint(DEEP / 4095 * 255))
    path = save_compressed(tmp_path / "radiograph.dicom", SMOOTH, syntax)
    np.testing.assert_array_equal(read_image(path), SMOOTH)


def test_compressed_with_loss(tmp_path: Path) -> None:
    path = save_compressed(tmp_path / "radiograph.dcm", SMOOTH, BASELINE)
    assert np.abs(read_image(path).astype(int) - SMOOTH).max() <= 3
    settings = {"WindowCenter": 2048, "WindowWidth": 4096}
    path = save_compressed(tmp_path / "radiograph.dcm", DEEP, EXTENDED, bits=12, **settings)
    assert np.abs(read_image(path) - DEEP / 4095 * 255).max() <= 3


@pytest.mark.parametrize(
    ("compressed", "plain"),
    [
        ("MR_small_RLE.dcm", "MR_small.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"),
        ("MR_small_jp2klossless.dcm", "MR_small.dcm"),
        ("MR_small_bigendian.dcm", "MR_small.dcm"),
        ("MR_small_implicit.dcm", "MR_small.dcm"),
    ],
)
def test_files_of_other_writers(tmp_path: Path, compressed: str, plain: str) -> None:
    """pydicom's own files; their modality is changed, since they show heads."""
    from pydicom import dcmread
    from pydicom.data import get_testdata_file

    shown = []
    for name in (compressed, plain):
        dataset = dcmread(get_testdata_file(name))
        dataset.Modality = "CR"
        dataset.save_as(tmp_path / name)
        shown.append(read_image(tmp_path / name))
    assert len(np.unique(shown[0])) > 100
    np.testing.assert_array_equal(*shown)


def test_content_decides_where_the_suffix_says_another(tmp_path: Path) -> None:
    path = save(tmp_path / "radiograph.jpg", image(RAMP))
    np.testing.assert_array_equal(read_image(path), RAMP)


REFUSED = {
    "another modality: computed tomography": {"Modality": "CT"},
    "another modality: angiography": {"Modality": "XA"},
    "another modality: none that we know": {"Modality": "PLANTEDNAME"},
    "raw data (FOR PROCESSING)": {"PresentationIntentType": "FOR PROCESSING"},
    "2 frames": {"NumberOfFrames": 2},
    "in colour": {"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3},
    "colour": {"PhotometricInterpretation": "PALETTE COLOR"},
    "7 bits in 8": {"BitsStored": 7},
    "12 bits in 8": {"BitsStored": 12},
    "8 bits in 8, the highest 15": {"HighBit": 15},
    "not square": {"PixelAspectRatio": ["2", "1"]},
    "pixels that are not square": {"ImagerPixelSpacing": [0.1, 0.2]},
    "cannot be decoded": {"Rows": 16},
    "rescale, window or lookup table": {"RescaleSlope": 0, "RescaleIntercept": 0},
    "all pixels the same grey": {"WindowCenter": 5000, "WindowWidth": 2},
    "window or lookup table that cannot": {
        "VOILUTFunction": "PLANTEDNAME",
        "WindowCenter": 9,
        "WindowWidth": 9,
    },
}


@pytest.mark.parametrize(("words", "elements"), REFUSED.items(), ids=list(REFUSED))
def test_what_is_no_radiograph_is_refused(
    tmp_path: Path, words: str, elements: dict[str, Any]
) -> None:
    assert words in refused(save(tmp_path / "radiograph.dcm", image(RAMP, **elements)))


def test_no_message_quotes_an_element_of_a_wrong_kind(tmp_path: Path) -> None:
    """pydicom names what it cannot convert; a text that claims to be numbers."""
    path = save(tmp_path / "radiograph.dcm", image(RAMP, BurnedInAnnotation="PLANTEDNAME"))
    content = path.read_bytes()
    place = content.index(b"\x28\x00\x01\x03CS") + 4
    path.write_bytes(content[:place] + b"FD" + content[place + 2 :])
    assert "impossible values" in refused(path)


@pytest.mark.parametrize(
    ("modality", "sop_class", "words"),
    [
        ("SR", "1.2.840.10008.5.1.4.1.1.88.11", "a structured report"),
        ("PR", "1.2.840.10008.5.1.4.1.1.11.1", "a presentation state"),
        ("", "1.2.840.10008.5.1.4.1.1.88.11", "without an image (Basic Text SR Storage)"),
        ("CR", "1.2.3.4.5", "without an image;"),
    ],
)
def test_dicom_without_an_image_is_named(
    tmp_path: Path, modality: str, sop_class: str, words: str
) -> None:
    dataset = header(Modality=modality, SOPClassUID=sop_class)
    assert words in refused(save(tmp_path / "report.dcm", dataset))


@pytest.mark.parametrize("name", ["missing.dcm", "empty.dcm", "page.dcm", "short.dcm"])
def test_files_that_are_no_dicom(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "page.dcm").write_text("<html>Plantedname, born 19470229, 404</html>")
    (tmp_path / "short.dcm").write_bytes(b"\0" * 128 + b"DICM")
    refused(tmp_path / name)


def test_unknown_compression_is_named(tmp_path: Path) -> None:
    from pydicom.encaps import encapsulate

    dataset = image(RAMP, PixelData=encapsulate([b"1234"]))
    path = save(tmp_path / "radiograph.dcm", dataset, "1.2.840.10008.1.2.4.100")
    assert "(MPEG2 Main Profile" in refused(path)
    path = save(tmp_path / "radiograph.dcm", image(RAMP), "1.2.840.10008.1.2.1.99")
    assert "deflated" in refused(path)


def test_limits_hold_before_pixels_are_read(tmp_path: Path) -> None:
    """The header claims 60000 x 50000 pixels, the file has none of them."""
    path = save(tmp_path / "radiograph.dcm", image(RAMP, Rows=50_000, Columns=60_000))
    assert "60000 x 50000 = 3,000,000,000 pixels" in refused(path)
    path = save(tmp_path / "radiograph.dcm", image(RAMP))
    assert "at most 200 pixels" in refused(path, max_pixels=200)
    with path.open("ab") as file:
        file.truncate(100 * 2**20)
    assert "DICOM file of 105 MB" in refused(path, max_pixels=256)


@pytest.mark.parametrize("syntax", [LOSSLESS_FIRST, JPEG_LS, JPEG_2000, BASELINE])
def test_a_compressed_image_of_another_size_is_not_decoded(tmp_path: Path, syntax: str) -> None:
    path = save_compressed(tmp_path / "radiograph.dcm", SMOOTH, syntax, Columns=63)
    assert "cannot be decoded" in refused(path)


@pytest.mark.parametrize("syntax", [LITTLE, RLE, LOSSLESS_FIRST, JPEG_LS, JPEG_2000, BASELINE])
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, syntax: str, kept: float) -> None:
    path = tmp_path / "radiograph.dcm"
    rough = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    if syntax == LITTLE:
        save(path, image(rough))
    else:
        save_compressed(path, rough, syntax)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    refused(path)


SYNTAXES = (LITTLE, BIG, RLE, LOSSLESS_FIRST, JPEG_LS, JPEG_2000, BASELINE)


def test_mutated_files_are_read_or_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever bytes change: an image of the size that a header may have, or one problem."""
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcomes = mutate(tmp_path, range(100))
    assert outcomes["read"] > 5
    assert outcomes["refused"] > 5
    said = (caplog.text + "".join(capfd.readouterr())).lower()
    assert not [secret for secret in SECRETS if secret in said]


def mutate(folder: Path, seeds: range) -> dict[str, int]:
    """Read files with bytes changed, dropped or doubled; how many were read, and refused."""
    originals = []
    for syntax in SYNTAXES:
        path = folder / "original.dcm"
        if syntax in (LITTLE, BIG):
            save(path, image(SMOOTH), syntax)
        else:
            save_compressed(path, SMOOTH, syntax)
        originals.append(path.read_bytes())
    outcomes = {"read": 0, "refused": 0}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        content = bytearray(originals[seed % len(originals)])
        for _ in range(rng.choice([1, 3, 20])):
            place = int(rng.integers(len(content)))
            way = rng.integers(4)
            if way < 2:
                content[place] = rng.integers(256)
            elif way == 2:
                del content[place : place + int(rng.integers(1, 9))]
            else:
                content[place:place] = content[place : place + int(rng.integers(1, 9))]
        path = folder / "mutated.dcm"
        path.write_bytes(content)
        try:
            shown = read_image(path, 1_000_000)
        except ImageError:
            refused(path, max_pixels=1_000_000)
            outcomes["refused"] += 1
        else:
            assert shown.dtype == np.uint8
            assert 0 < shown.size <= 1_000_000
            outcomes["read"] += 1
    return outcomes
