"""Shards: whole, in order, and the same for an id whatever else is there."""

import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sharpflow.imaging.shards import ImageStack, choose_images, read_shards, shard_of, write_shard

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 12, 9), dtype=np.uint8)


def rows_of(*ids: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"image_id": [f"00{i}" for i in ids], "patient": "007", "scale": [i / 3 for i in ids]}
    )


def test_shard_of_an_id_is_fixed() -> None:
    """By `printf UAB001-LH | sha256sum`: another hash would make every study's shards again."""
    assert shard_of("UAB001-LH", 1000) == f"{0xBBF62B92FF2615B4 % 1000:02d}"
    assert shard_of("UAB002-LH", 7) == f"{0x9F9DF2D73EFE7945 % 7:02d}"
    assert shard_of("anything", 1) == "00"


def test_shards_are_about_even() -> None:
    counts = Counter(shard_of(f"P{i:04d}-{limb}", 8) for i in range(500) for limb in ("LH", "RF"))
    assert sorted(counts) == [f"{i:02d}" for i in range(8)]
    assert max(counts.values()) < 1.4 * min(counts.values())


def test_images_and_rows_come_back_in_order(tmp_path: Path) -> None:
    write_shard(tmp_path / "hand" / "00.npy", IMAGES[:3], rows_of(0, 1, 2))
    write_shard(tmp_path / "hand" / "01.npy", [], rows_of())
    write_shard(tmp_path / "hand" / "02.npy", (image for image in IMAGES[3:]), rows_of(3, 4, 5, 6))
    stack, rows = read_shards([tmp_path / "hand" / f"0{i}.npy" for i in range(3)])
    assert len(stack) == len(rows) == 7
    assert stack.size == (12, 9)
    pd.testing.assert_frame_equal(rows, rows_of(*range(7)), check_dtype=False)
    for i, image in enumerate(stack):
        np.testing.assert_array_equal(image, IMAGES[i])
    np.testing.assert_array_equal(stack[-1], IMAGES[6])
    np.testing.assert_array_equal(stack.take([5, 0, 2, 5]), IMAGES[[5, 0, 2, 5]])


def test_pixels_stay_on_disk(tmp_path: Path) -> None:
    write_shard(tmp_path / "00.npy", IMAGES, rows_of(*range(7)))
    stack, _ = read_shards([tmp_path / "00.npy"])
    assert isinstance(stack[0], np.memmap)
    assert not isinstance(stack.take([0]), np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        stack[0][0, 0] = 1


def test_an_empty_shard_reads_back(tmp_path: Path) -> None:
    write_shard(tmp_path / "00.npy", [], rows_of())
    stack, rows = read_shards([tmp_path / "00.npy"])
    assert len(stack) == len(rows) == 0
    assert list(rows) == ["image_id", "patient", "scale"]
    assert stack.take([]).shape == (0, 0, 0)
    with pytest.raises(IndexError):
        stack[0]


@pytest.mark.parametrize(
    ("images", "ids", "said"),
    [
        (IMAGES[:2], (0,), "more images"),
        (IMAGES[:2], (0, 1, 2), "2 images for 3 rows"),
        ([], (0,), "no images for 1 rows"),
        ([IMAGES[0], IMAGES[1][:5]], (0, 1), "image 1 is uint8"),
        ([IMAGES[0].astype(float)], (0,), "float64"),
    ],
)
def test_a_wrong_shard_leaves_no_file(
    tmp_path: Path, images: list[np.ndarray], ids: tuple[int, ...], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        write_shard(tmp_path / "00.npy", images, rows_of(*ids))
    assert not list(tmp_path.iterdir())


def test_refuses_shards_of_two_sizes() -> None:
    with pytest.raises(ValueError, match="one image size"):
        ImageStack([IMAGES, IMAGES[:, :5]])


def test_refuses_a_table_that_is_not_the_shards(tmp_path: Path) -> None:
    write_shard(tmp_path / "00.npy", IMAGES[:2], rows_of(0, 1))
    rows_of(0).to_csv(tmp_path / "00.csv", index=False)
    with pytest.raises(ValueError, match="holds 2 images, its table 1"):
        read_shards([tmp_path / "00.npy"])


def test_chosen_images_are_those_of_the_stack() -> None:
    chosen = choose_images(ImageStack([IMAGES[:3], IMAGES[3:]]), [4, 1, 3])
    assert len(chosen) == 3
    assert (chosen[0] == IMAGES[4]).all()
    assert (chosen.take([2, 1]) == IMAGES[[3, 1]]).all()


def test_a_stack_travels_to_another_process_without_its_pixels(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 50, 40), np.uint8)  # 12 kB
    rows = pd.DataFrame({"image_id": list("abcdef")})
    write_shard(tmp_path / "00.npy", images, rows)
    stack, _ = read_shards([tmp_path / "00.npy"])
    mixed = ImageStack([*stack._shards, images[:2], stack._shards[0][3:]])
    for sent, size in ((choose_images(stack, [4, 1]), 1000), (mixed, 12_000)):
        message = pickle.dumps(sent)
        assert len(message) < size
        received = pickle.loads(message)
        every = range(len(sent))
        np.testing.assert_array_equal(received.take(every), sent.take(every))
