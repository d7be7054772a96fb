"""VGG16 with batch normalisation for training from nothing, folded into plain VGG16 afterwards.

VGG16's 13 convolutions without normalisation hardly train from random weights. With a batch
normalisation after each they do (Ioffe and Szegedy, 2015), and since that is linear once its
statistics are fixed, the trained network is a plain VGG16 to rounding: same layers, same
14,714,688 parameters, same features.
"""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters, convolutions
MOMENTUM = 0.9  # moving statistics that follow a training of a few hundred steps
EPSILON = 1e-3


def build_normalized_vgg16(size: int, *, precision: str = "float32") -> "keras.Model":
    """(n, size, size, 3) in [0, 1] -> (n, 512) features; He-initialised, to be trained.

    `precision` is a Keras dtype policy; with "mixed_bfloat16" the weights stay float32.
    """
    import keras
    from keras import layers

    x = inputs = keras.Input((size, size, 3))
    for block, (filters, convolutions) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(
                filters,
                3,
                padding="same",
                use_bias=False,
                kernel_initializer="he_normal",
                dtype=precision,
                name=name,
            )(x)
            x = layers.BatchNormalization(
                momentum=MOMENTUM, epsilon=EPSILON, dtype=precision, name=f"{name}_normalization"
            )(x)
            x = layers.ReLU(dtype=precision, name=f"{name}_relu")(x)
        x = layers.MaxPooling2D(2, dtype=precision, name=f"block{block}_pool")(x)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, features, name="normalized_vgg16")


def fold(normalized: "keras.Model", base: "keras.Model") -> None:
    """Put a trained `build_normalized_vgg16` into the plain VGG16 `base`, same features."""
    for block, (_, convolutions) in enumerate(BLOCKS, 1):
        for number in range(1, convolutions + 1):
            name = f"block{block}_conv{number}"
            (kernel,) = normalized.get_layer(name).get_weights()
            gamma, beta, mean, variance = normalized.get_layer(
                f"{name}_normalization"
            ).get_weights()
            factor = gamma / np.sqrt(variance + EPSILON)
            base.get_layer(name).set_weights([kernel * factor, beta - mean * factor])
