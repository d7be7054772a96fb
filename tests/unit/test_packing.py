"""Whole images at one size, and the training split's statistics."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sharpflow.errors import UserError
from sharpflow.imaging.shards import ImageStack
from sharpflow.whole_image.data.packing import pack, resize, statistics


def save(path: Path, image: np.ndarray) -> Path:
    Image.fromarray(image).save(path)
    return path


def test_image_fills_the_square_and_keeps_its_mean(tmp_path: Path) -> None:
    """A radiograph's halves become the square's halves, whatever its aspect."""
    image = np.zeros((40, 120), np.uint8)
    image[:20] = 200
    paths = {"b": save(tmp_path / "b.png", image), "a": save(tmp_path / "a.png", image.T.copy())}
    images, rows, problems = pack(paths, 10)
    assert images.shape == (2, 10, 10)
    assert images.dtype == np.uint8
    assert rows["image_id"].tolist() == ["a", "b"]
    assert rows[["height", "width"]].to_numpy().tolist() == [[120, 40], [40, 120]]
    assert (images[1][:5] == 200).all()
    assert (images[1][5:] == 0).all()
    assert (images[0] == images[1].T).all()
    assert problems.empty


def test_shrinking_averages_and_growing_stays_in_range() -> None:
    stripes = np.tile(np.array([0, 200], np.uint8), (32, 16))
    assert (resize(stripes, 8) == 100).all()
    grown = resize(np.array([[0, 255], [255, 0]], np.uint8), 9)
    assert grown.shape == (9, 9)
    assert grown.min() == 0
    assert grown.max() == 255


def test_evened_contrast_is_the_same_at_half_the_exposure(tmp_path: Path) -> None:
    """What `clahe` is for, even where a white border stands beside a dark radiograph."""
    radiograph = np.random.default_rng(1).integers(40, 240, (256, 256)).astype(np.uint8)
    dark = radiograph // 2
    radiograph[:, -8:] = dark[:, -8:] = 255
    paths = {"a": save(tmp_path / "a.png", radiograph), "b": save(tmp_path / "b.png", dark)}
    (plain, other), _, _ = pack(paths, 256)
    (evened, same), _, _ = pack(paths, 256, contrast="clahe")
    assert np.abs(plain.astype(int) - other).mean() > 50
    assert np.abs(evened.astype(int) - same).mean() < 10


def test_colour_and_deep_images_become_grey(tmp_path: Path) -> None:
    colour = np.zeros((20, 20, 3), np.uint8)
    colour[..., 1] = 100  # green weighs 0.587
    deep = np.zeros((20, 20), np.uint16)
    deep[:, 10:] = 4095
    paths = {"c": save(tmp_path / "c.png", colour), "d": save(tmp_path / "d.png", deep)}
    images, _, problems = pack(paths, 10)
    assert problems.empty
    assert (images[0] == 59).all()
    assert (images[1][:, 5:] == 255).all()
    assert (images[1][:, :5] == 0).all()


def test_what_cannot_be_read_is_told_and_left_out(tmp_path: Path) -> None:
    good = save(tmp_path / "m.png", np.full((12, 12), 9, np.uint8))
    (tmp_path / "z.png").write_bytes(b"nothing")
    large = save(tmp_path / "l.png", np.zeros((40, 40), np.uint8))
    paths = {"z": tmp_path / "z.png", "m": good, "a": tmp_path / "a.png", "l": large}
    images, rows, problems = pack(paths, 4, max_pixels=1000, workers=2)
    assert len(images) == 1
    assert (images == 9).all()
    assert rows["image_id"].tolist() == ["m"]
    assert problems["image_id"].tolist() == ["a", "l", "z"]
    assert problems["found"].str.contains("no file|1,600 pixels|not an image").all()


def test_equal_pixels_have_equal_digests(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 9), dtype=np.uint8)
    paths = {"a": save(tmp_path / "a.png", image), "b": save(tmp_path / "b.bmp", image),
             "c": save(tmp_path / "c.png", 255 - image)}  # fmt: skip
    digests = pack(paths, 4)[1]["digest"].tolist()
    assert digests[0] == digests[1] != digests[2]


def test_nothing_to_pack() -> None:
    images, rows, problems = pack({}, 4)
    assert images.shape == (0, 4, 4)
    assert len(rows) == len(problems) == 0
    assert list(rows) == ["image_id", "height", "width", "digest"]


@pytest.fixture
def packed() -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    images = np.random.default_rng(1).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    names = list("fbcdea")
    rows = pd.DataFrame({"image_id": names})
    splits = ["train", "test", "train", "train", "validation"]
    split = pd.DataFrame({"image_id": names[:5], "split": splits})
    targets = pd.DataFrame({"image_id": names[:5], "total": [1.0, 90.0, 4.0, 7.5, 50.0]})
    return images, rows, split, targets


def test_statistics_are_of_the_training_split_only(
    packed: tuple[np.ndarray, pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    images, rows, split, targets = packed
    found = statistics(ImageStack([images]), rows, split, targets)
    pixels, totals = images[[0, 2, 3]] / 255, np.array([1.0, 4.0, 7.5])
    assert found["n"] == 3
    assert found["pixel_mean"] == pytest.approx(pixels.mean(), rel=1e-12)
    assert found["pixel_sd"] == pytest.approx(pixels.std(), rel=1e-12)
    assert found["target_mean"] == pytest.approx(totals.mean())
    assert found["target_sd"] == pytest.approx(totals.std())


def test_neither_shards_nor_order_change_the_statistics(
    packed: tuple[np.ndarray, pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    images, rows, split, targets = packed
    whole = statistics(ImageStack([images]), rows, split, targets)
    order = [3, 1, 5, 0, 4, 2]
    moved = ImageStack([images[order[:2]], images[order[2:]]])
    rows = rows.iloc[order].reset_index(drop=True)
    assert statistics(moved, rows, split[::-1], targets[::-1]) == whole


def test_statistics_of_nothing_or_of_one_value_stop(
    packed: tuple[np.ndarray, pd.DataFrame, pd.DataFrame, pd.DataFrame],
) -> None:
    images, rows, split, targets = packed
    with pytest.raises(UserError, match="training split"):
        statistics(ImageStack([images]), rows, split.assign(split="test"), targets)
    with pytest.raises(UserError, match="totals of all 3 training images are the same"):
        statistics(ImageStack([images]), rows, split, targets.assign(total=5.0))
    with pytest.raises(UserError, match="pixels of all 3"):
        statistics(ImageStack([images * 0]), rows, split, targets)
