"""From a JPG to a limb's mask: with scikit-image's entropy against ours, in one thread.

    PYTHONPATH=src uv run python benchmarks/jpg_to_mask.py [--radiographs 4]

Both ways read, standardize and mask the same synthetic radiographs with the same code; the plain
way only has `skimage.filters.rank.entropy` in place of `sharpflow.imaging.local_entropy`. Seconds
are those that the one thread spent computing.
"""

import argparse
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from entropy import HEIGHT, WIDTH, WINDOW, make_radiograph
from PIL import Image
from skimage.filters import rank

from sharpflow.imaging.reading import read_image
from sharpflow.imaging.standardize import standardize
from sharpflow.joints.masks import entropy_masks

CROP_BOTTOM = 0.1


def plain_entropy(image: np.ndarray, size: int) -> np.ndarray:
    return rank.entropy(image, np.ones((size, size)))


def mask_radiographs(paths: list[Path]) -> tuple[list[float], list[np.ndarray]]:
    """Seconds for each radiograph, and its mask."""
    seconds, masks = [], []
    for path in paths:
        start = time.thread_time()
        image, _ = standardize(read_image(path), HEIGHT, WIDTH, CROP_BOTTOM)
        masks.append(entropy_masks.entropy_mask(image, window=WINDOW))
        seconds.append(time.thread_time() - start)
    return seconds, masks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--radiographs", type=int, default=4)
    radiographs = parser.parse_args().radiographs
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{radiograph}.jpg" for radiograph in range(radiographs)]
        for seed, path in enumerate(paths):
            Image.fromarray(make_radiograph(seed, 1609, 1253)).save(path, quality=92)
        mask_radiographs(paths[:1])  # compiles
        ours, our_masks = mask_radiographs(paths)
        with patch.object(entropy_masks, "local_entropy", plain_entropy):
            plain, plain_masks = mask_radiographs(paths)
    same = all(np.array_equal(a, b) for a, b in zip(our_masks, plain_masks, strict=True))
    white = np.mean([mask.mean() / 255 for mask in our_masks])
    print(
        f"{radiographs} of 1609 x 1253 to {HEIGHT} x {WIDTH}, window {WINDOW}, one thread; median"
    )
    print(f"scikit-image {np.median(plain):8.3f} s a radiograph")
    print(f"sharpflow    {np.median(ours):8.3f} s a radiograph")
    print(f"ratio        {np.median(plain) / np.median(ours):8.1f}x")
    print(f"the same masks: {'yes' if same else 'NO'}; {white:.0%} of the image is limb")


if __name__ == "__main__":
    main()
