"""Reading of 8-bit and 16-bit, grey and colour, and of radiographs that lie on their side."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from sharpflow.errors import UserError
from sharpflow.imaging.reading import ImageError, image_digest, read_image

from . import foreign_files as made

GREY = np.random.default_rng(0).integers(0, 256, (30, 20), dtype=np.uint8)


def saved(path: Path, pixels: np.ndarray, **settings: object) -> Path:
    Image.fromarray(pixels).save(path, **settings)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff", "PNG"])
def test_grey_comes_back_as_it_is(tmp_path: Path, suffix: str) -> None:
    path = saved(tmp_path / f"radiograph.{suffix}", GREY)
    np.testing.assert_array_equal(read_image(path), GREY)


def test_jpg(tmp_path: Path) -> None:
    smooth = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
    read = read_image(saved(tmp_path / "radiograph.jpg", smooth, quality=95))
    assert read.dtype == np.uint8
    assert np.abs(read.astype(int) - smooth).max() <= 4


def test_colour_becomes_grey(tmp_path: Path) -> None:
    path = saved(tmp_path / "radiograph.png", np.dstack([GREY] * 3))
    np.testing.assert_array_equal(read_image(path), GREY)
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 255
    assert (read_image(saved(tmp_path / "red.png", red)) == 76).all()  # 0.299 of 255


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits_keep_the_order_of_grey_values(tmp_path: Path, suffix: str) -> None:
    """A 12-bit radiograph in a 16-bit file fills all 8 bits, whatever the marker's value."""
    ramp = np.linspace(0, 4095, 200 * 300).reshape(200, 300).astype(np.uint16)
    ramp[0, :5] = 65535
    path = saved(tmp_path / f"radiograph.{suffix}", ramp)
    read = read_image(path)
    assert read.dtype == np.uint8
    flat = read[1:].ravel().astype(int)
    assert (np.diff(flat) >= 0).all()
    assert len(np.unique(flat)) >= 254
    assert read[0, 0] == 255


def test_16_bits_of_one_value(tmp_path: Path) -> None:
    path = saved(tmp_path / "radiograph.png", np.full((5, 4), 900, np.uint16))
    assert (read_image(path) == 0).all()


def test_pixels_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    pixels = GREY.astype(np.float32)
    assert read_image(saved(tmp_path / "radiograph.tif", pixels)).max() == 255
    pixels[3, 4] = np.nan
    with pytest.raises(ImageError, match=r"radiograph\.tif.*not numbers"):
        read_image(saved(tmp_path / "radiograph.tif", pixels))


def test_a_deep_tiff_whose_white_is_zero_is_turned(tmp_path: Path) -> None:
    ramp = np.arange(1000, dtype=np.uint16).reshape(20, 50)
    path = saved(tmp_path / "radiograph.tif", ramp, tiffinfo={262: 0})
    read = read_image(path).astype(int).ravel()
    assert read[0] == 255
    assert read[-1] == 0


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_exif_orientation_is_applied(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by 90 degrees
    path = saved(tmp_path / f"radiograph.{suffix}", GREY, exif=exif)
    assert read_image(path).shape == (20, 30)
    with pytest.raises(UserError, match="30 x 20"):
        read_image(path, max_pixels=599)
    if suffix != "jpg":
        np.testing.assert_array_equal(read_image(path), np.rot90(GREY, -1))


def test_too_large_is_refused_before_decoding(tmp_path: Path) -> None:
    path = saved(tmp_path / "radiograph.png", GREY)
    path.write_bytes(path.read_bytes()[:60])  # the header is whole, the pixels are not
    with pytest.raises(UserError, match=r"radiograph\.png.*20 x 30.*at most 599.*max_megapixels"):
        read_image(path, max_pixels=599)
    with pytest.raises(UserError, match=r"radiograph\.png.*cannot be decoded.*copy or export"):
        read_image(path, max_pixels=600)


def test_digest_is_of_the_pixels(tmp_path: Path) -> None:
    def digest(name: str, pixels: np.ndarray, **settings: object) -> str:
        return image_digest(read_image(saved(tmp_path / name, pixels, **settings)))

    one = digest("a.png", GREY)
    assert one == digest("b.tif", GREY, dpi=(300, 300))
    other = GREY.copy()
    other[3, 3] ^= 1
    assert one != digest("c.png", other)
    assert one != digest("d.png", GREY.reshape(20, 30))


@pytest.mark.parametrize("settings", [{}, {"progressive": True}])
def test_a_jpg_cut_short_anywhere_is_refused(tmp_path: Path, settings: dict[str, bool]) -> None:
    path = saved(tmp_path / "radiograph.jpg", GREY, **settings)
    whole = path.read_bytes()
    for end in range(1, len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(UserError, match=r"radiograph\.jpg"):
            read_image(path)


@pytest.mark.parametrize("data", [made.exif(7, b"\1"), made.exif(2, b"x\0"), b"\0\0\0\0 no TIFF"])
def test_an_orientation_of_no_use_is_taken_as_upright(tmp_path: Path, data: bytes) -> None:
    for name, file in (
        ("odd.jpg", made.jpg_with(data)),
        ("odd.png", made.png_with(made.chunk(b"eXIf", data))),
        ("late.png", made.png_with(last=made.chunk(b"eXIf", data))),
    ):
        read = read_image(made.write(tmp_path / name, file))
        assert read.shape == made.GREY.shape
        if name.endswith("png"):
            np.testing.assert_array_equal(read, made.GREY)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    data = made.exif(3, bytes([orientation, 0]))
    path = made.write(tmp_path / "turned.png", made.png_with(made.chunk(b"eXIf", data)))
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(read_image(path), expected)


def test_metadata_are_not_pixels(tmp_path: Path) -> None:
    for name, first, last in (
        ("xmp", made.xmp(2), b""),
        ("compressed", made.xmp(70, compressed=True), b""),
        ("late", b"", made.xmp(2)),
    ):
        path = made.write(tmp_path / f"{name}.png", made.png_with(first, last))
        np.testing.assert_array_equal(read_image(path), made.GREY)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_12_bits_in_16_bit_colours_are_read_as_in_grey(
    tmp_path: Path, suffix: str, channels: int
) -> None:
    deep = np.random.default_rng(1).integers(0, 4096, (30, 20)).astype(np.uint16)
    grey = made.write(tmp_path / f"grey{suffix}", made.encoded(deep, suffix))
    colour = np.dstack([deep] * channels)
    path = made.write(tmp_path / f"colour{suffix}", made.encoded(colour, suffix))
    np.testing.assert_array_equal(read_image(path), read_image(grey))


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    for name in ("folder.png", "folder.dcm"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("folder.png", "folder.dcm", "pipe.png", "x" * 300 + ".png", "zero\0.png"):
        with pytest.raises(ImageError) as caught:
            read_image(tmp_path / name)
        assert name in str(caught.value)
        assert ("no file but a folder" in str(caught.value)) == name.startswith(("folder", "pipe"))


def test_a_readers_own_fault_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "radiograph.png", GREY)

    def broken(*_: object, **__: object) -> None:
        raise KeyError

    monkeypatch.setattr(Image, "open", broken)
    with pytest.raises(ImageError, match=r"radiograph\.png.*KeyError.*export the radiograph"):
        read_image(path)


def test_the_limit_of_pixels_can_be_raised(tmp_path: Path) -> None:
    """Pillow's own limit, at which it warns, is 89 million."""
    path = tmp_path / "large.png"
    Image.new("1", (10_000, 9_500)).save(path)
    with pytest.raises(ImageError, match="raise checks: max_megapixels"):
        read_image(path, 90_000_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(path, 100_000_000).shape == (9_500, 10_000)


def test_a_further_page_is_not_passed_over_unless_it_is_a_thumbnail(tmp_path: Path) -> None:
    hand, other = (Image.fromarray(np.full((60, 40), grey, np.uint8)) for grey in (90, 120))
    small = other.resize((20, 30))
    path = tmp_path / "pages.tif"
    hand.save(path, save_all=True, append_images=[small])
    assert read_image(path).mean() == 90
    hand.save(path, save_all=True, append_images=[small, other])
    with pytest.raises(ImageError, match="a TIFF with several pages"):
        read_image(path)
