"""ImageNet's weights for VGG16, fetched where the config asks for it."""

from typing import TYPE_CHECKING

from sharpflow.errors import UserError
from sharpflow.joints.scoring.vgg16 import build_base

if TYPE_CHECKING:
    import keras


def download_base(size: int) -> "keras.Model":
    """VGG16's base with ImageNet's weights, which Keras downloads; crops of `size` pixels.

    Raises UserError when they cannot be reached.
    """
    import keras

    try:
        pretrained = keras.applications.VGG16(include_top=False, weights="imagenet")
    except Exception as error:  # whatever the network or Keras raises
        raise UserError(
            f"ImageNet's weights of VGG16 could not be downloaded ({error}). Fetch the file by "
            "hand and set vgg16: weights: {file: ..., sha256: ...}, or weights: none to train the "
            "base on synthetic joints."
        ) from error
    base = build_base(None, size)
    base.set_weights(pretrained.get_weights())
    return base
