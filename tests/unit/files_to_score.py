"""Small files to score, and what was told of each."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sharpflow.score.sources import Source
from tests.unit.dicom_files import image, save


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), 90).save(path)
    return path


def dicom(path: Path, **elements: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return save(path, image(np.arange(64, dtype=np.uint16).reshape(8, 8), **elements))


def told(sources: list[Source]) -> list[tuple[str, ...]]:
    return [(s.image_id, s.patient, s.visit, s.limb, s.limb_from) for s in sources]
