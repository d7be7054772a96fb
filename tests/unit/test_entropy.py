"""Local entropy against scikit-image's, pixel by pixel."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from skimage.filters.rank import entropy as reference

from sharpflow.imaging import local_entropy


def _synthetic_radiograph(height: int, width: int) -> np.ndarray:
    """A bright blob on a gradient with noise, black borders and a burnt-in marker."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:height, :width]
    radiograph = 60 + 60 * x / width + 100 * np.exp(-((y - height / 2) ** 2 + (x - 60) ** 2) / 2000)
    radiograph = radiograph + rng.normal(0, 3, radiograph.shape)
    radiograph[:, : width // 8] = 0
    radiograph[:6, -10:] = 255
    return np.clip(radiograph, 0, 255).astype(np.uint8)


IMAGES = {
    "noise": np.random.default_rng(0).integers(0, 256, (61, 83), dtype=np.uint8),
    "two values": np.random.default_rng(0).integers(0, 2, (40, 30), dtype=np.uint8) * 255,
    "black": np.zeros((50, 41), np.uint8),
    "ramp": np.tile(np.arange(120, dtype=np.uint8), (45, 1)),
    "radiograph": _synthetic_radiograph(150, 121),
    "smaller than the window": np.random.default_rng(2).integers(0, 9, (7, 12), dtype=np.uint8),
    "one row": np.random.default_rng(3).integers(0, 256, (1, 90), dtype=np.uint8),
    "one column": np.random.default_rng(3).integers(0, 256, (90, 1), dtype=np.uint8),
    "one pixel": np.full((1, 1), 7, np.uint8),
}


@pytest.mark.parametrize("size", [1, 3, 11, 37])
@pytest.mark.parametrize("name", IMAGES)
def test_equals_scikit_image(name: str, size: int) -> None:
    found = local_entropy(IMAGES[name], size)
    expected = reference(IMAGES[name], np.ones((size, size)))
    assert found.dtype == np.float64
    assert found.shape == IMAGES[name].shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_equals_scikit_image_at_the_papers_size() -> None:
    radiograph = _synthetic_radiograph(1500, 1200)
    found = local_entropy(radiograph, 37)
    np.testing.assert_allclose(found, reference(radiograph, np.ones((37, 37))), rtol=0, atol=1e-9)


def test_equals_scikit_image_with_a_window_of_many_pixels() -> None:
    noise = np.random.default_rng(4).integers(0, 256, (130, 140), dtype=np.uint8)
    found = local_entropy(noise, 121)
    np.testing.assert_allclose(found, reference(noise, np.ones((121, 121))), rtol=0, atol=1e-9)


def test_known_values() -> None:
    halves = np.zeros((9, 9), np.uint8)
    halves[:, ::2] = 200
    assert local_entropy(np.full((9, 9), 8, np.uint8), 5).max() == 0
    share = 15 / 25  # of 5 columns 3 are bright around an even one
    bits = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    assert local_entropy(halves, 5)[4, 4] == pytest.approx(bits, abs=1e-12)
    assert local_entropy(np.arange(81, dtype=np.uint8).reshape(9, 9), 9)[4, 4] == pytest.approx(
        np.log2(81), abs=1e-12
    )


def test_a_window_far_larger_than_the_image_sees_all_of_it() -> None:
    image = IMAGES["smaller than the window"]
    everywhere = local_entropy(image, 10_001)
    assert np.ptp(everywhere) == 0
    np.testing.assert_array_equal(everywhere, local_entropy(image, 25))


def test_the_path_of_the_window_and_threads_change_no_bit() -> None:
    radiograph = IMAGES["radiograph"]
    once = local_entropy(radiograph, 15)
    np.testing.assert_array_equal(local_entropy(radiograph[::-1], 15)[::-1], once)
    np.testing.assert_array_equal(local_entropy(radiograph.T, 15).T, once)
    with ThreadPoolExecutor(4) as pool:
        for again in pool.map(lambda _: local_entropy(radiograph, 15), range(8)):
            np.testing.assert_array_equal(again, once)


def test_a_view_that_is_not_contiguous() -> None:
    view = IMAGES["noise"][::2, ::3]
    np.testing.assert_array_equal(local_entropy(view, 5), local_entropy(view.copy(), 5))


@pytest.mark.parametrize("size", [0, -3, 4, 36, 2.5])
def test_refuses_a_window_that_has_no_middle(size: int) -> None:
    with pytest.raises(ValueError, match=f"odd number.*got {size}"):
        local_entropy(IMAGES["black"], size)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((5, 5)), "float64"),
        (np.zeros((5, 5), np.uint16), "uint16"),
        (np.zeros((5, 5, 3), np.uint8), r"\(5, 5, 3\)"),
        ([[1, 2]], "list"),
    ],
)
def test_refuses_what_is_not_8_bit_grey(image: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=f"uint8.*{said}"):
        local_entropy(image, 3)


def test_the_room_loads_without_numba() -> None:
    code = "import sys, sharpflow.imaging; assert 'numba' not in sys.modules"
    here = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    subprocess.run([sys.executable, "-c", code], check=True, env=here)
