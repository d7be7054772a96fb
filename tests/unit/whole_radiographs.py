"""Radiographs that tests of whole images make, and the sizes to which they are packed."""

from pathlib import Path

import numpy as np
from PIL import Image

SIZE, MAX_PIXELS = 16, 10_000


def save_radiograph(path: Path, seed: int, size: tuple[int, int] = (40, 60)) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    image = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    Image.fromarray(image).save(path)
