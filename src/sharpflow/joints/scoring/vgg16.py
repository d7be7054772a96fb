"""Tan et al.'s network (2.4.3, 2.4.7): VGG16's convolutions, frozen, and a small trained head.

The paper speaks of the original VGG16, but its parameter counts (15,113,049 = 396,815 trainable
+ 14,716,234 not, for 5 classes) fit one arrangement to the last parameter: 512 features, then
Dense 512, Dense 256 and Dense `classes`, each with a bias and followed by batch normalisation, then
a sigmoid. Not said, ours: the features are means over the positions that are left, ReLU comes
before the normalisation of a hidden layer, and dropout after it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sharpflow.errors import UserError

if TYPE_CHECKING:
    import keras

FEATURES = 512
SMALLEST_SIZE = 32  # five halvings
HIDDEN_UNITS = (512, 256)


def build_base(weights: str | Path | None, size: int) -> "keras.Model":
    """VGG16's convolutions, frozen: (n, size, size, 3) in [0, 1] -> (n, 512).

    `weights` is None (random) or a local file in keras.applications' layout: the ImageNet weights
    without the top (.h5), or a `.weights.h5` of this model. Nothing is downloaded. Pixels are
    divided by 255 as the paper says (2.2.1), also for ImageNet's weights. Crops below 64 pixels
    leave one position, with nothing to average. UserError for a file that does
    not fit and for crops below 32 pixels.
    """
    import keras

    if size < SMALLEST_SIZE:
        raise UserError(f"crops of {size} pixels are too small for VGG16: at least {SMALLEST_SIZE}")
    base = keras.applications.VGG16(
        include_top=False, weights=None, input_shape=(size, size, 3), pooling="avg", name="vgg16"
    )
    if weights is not None:
        load_base_weights(base, weights)
    base.trainable = False
    return base


def load_base_weights(base: "keras.Model", weights: str | Path) -> None:
    """Load a local weights file into VGG16's convolutions; UserError when it does not fit."""
    try:
        base.load_weights(weights)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{weights}: not the weights of VGG16 without its top ({error}). Expected "
            "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 or a .weights.h5 of this project."
        ) from error


def build_head(classes: int, dropout: float = 0.0) -> "keras.Model":
    """The trained part: (n, 512) features -> (n, classes) probabilities of the ordinal bits.

    `dropout` is the share of each hidden layer's units that a training step leaves out, in [0, 1).
    """
    import keras
    from keras import layers

    head = keras.Sequential([keras.Input((FEATURES,), name="features")], name="head")
    for units in HIDDEN_UNITS:
        head.add(layers.Dense(units))
        head.add(layers.Activation("relu"))
        head.add(layers.BatchNormalization())
        if dropout:
            head.add(layers.Dropout(dropout))
    head.add(layers.Dense(classes))
    head.add(layers.BatchNormalization())
    head.add(layers.Activation("sigmoid"))
    return head
