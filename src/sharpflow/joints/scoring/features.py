"""The frozen base run once per crop: its 512 features serve erosion and narrowing alike."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sharpflow.joints.scoring.vgg16 import FEATURES

if TYPE_CHECKING:
    import keras


def network_input(crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Grey crops (n, size, size) uint8 -> (n, size, size, 3) in [0, 1] (Tan et al., 2.2.1)."""
    scaled = crops.astype(np.float32) / np.float32(255)
    return np.repeat(scaled[..., None], 3, axis=-1)


def extract_features(
    base: "keras.Model", crops: npt.NDArray[np.uint8], batch: int = 128
) -> npt.NDArray[np.float32]:
    """Run crops through the frozen base.

    Args:
        base: the base; it is compiled here.
        crops: uint8 (n, size, size); may be a memory map.
        batch: number of crops in memory at a time.

    Returns:
        Features, float32 (n, 512), in the order of the crops.
    """
    base.compile(jit_compile=False)  # XLA takes up to nine times as long on small crops
    features = np.empty((len(crops), FEATURES), np.float32)
    for start in range(0, len(crops), batch):
        chunk = network_input(np.asarray(crops[start : start + batch]))
        features[start : start + batch] = base.predict_on_batch(chunk)
    return features
