"""The lightweight U-Net of Ding et al. (IEEE Access 2019;7:68436), as Tan et al. (2.3.2) use it.

Both papers give two down-samplings, two up-samplings, skip connections and multi-scale blocks whose
filters have different kernel sizes. Neither gives sizes: filters, kernels and the order of layers
in a block are ours. With only two down-samplings the context comes from the largest kernel.
"""

from collections.abc import Sequence
from typing import Any


def build_unet(height: int, width: int, *, filters: int, kernels: Sequence[int]) -> Any:
    """Build the network for images of one size.

    Args:
        height: of the images, pixels, a multiple of 4.
        width: likewise.
        filters: number of filters at full resolution, shared out evenly over the kernels; it
            doubles at each of the two lower resolutions.
        kernels: their sides, odd.

    Returns:
        An uncompiled `keras.Model`. Its input is float (n, height, width, 1) in [0, 1]; its output
        has the same shape and is the probability of limb.

    Raises:
        ValueError: the two down-samplings cannot halve these sizes, or there are too few filters.
    """
    import keras
    from keras import layers

    if height % 4 or width % 4:
        raise ValueError(f"the U-Net needs sides that are multiples of 4, not {height} x {width}")
    if filters < len(kernels):
        raise ValueError(f"{filters} filters cannot be shared out over {len(kernels)} kernel sizes")

    image = keras.Input((height, width, 1), name="image")
    full = _multi_scale_block(image, filters, kernels)
    half = _multi_scale_block(layers.MaxPooling2D()(full), 2 * filters, kernels)
    quarter = _multi_scale_block(layers.MaxPooling2D()(half), 4 * filters, kernels)
    half = _up(quarter, half, 2 * filters, kernels)
    full = _up(half, full, filters, kernels)
    probability = layers.Conv2D(1, 1, activation="sigmoid", name="probability")(full)
    return keras.Model(image, probability, name="lightweight_unet")


def _multi_scale_block(features: Any, filters: int, kernels: Sequence[int]) -> Any:
    """Parallel convolutions of different kernel sizes, concatenated, then merged by a 3x3 one."""
    from keras import layers

    share, rest = divmod(filters, len(kernels))
    scales = [
        _convolution(features, share + (index < rest), kernel)
        for index, kernel in enumerate(kernels)
    ]
    joined = layers.Concatenate()(scales) if len(scales) > 1 else scales[0]
    return _convolution(joined, filters, 3)


def _convolution(features: Any, filters: int, kernel: int) -> Any:
    """Convolution, batch normalization, ReLU."""
    from keras import layers

    features = layers.Conv2D(
        filters, kernel, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(features)
    # Short trainings need averages that follow within an epoch or two: 0.9, not Keras' 0.99.
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(features))


def _up(below: Any, skip: Any, filters: int, kernels: Sequence[int]) -> Any:
    """Double the resolution, join the skip connection, and mix."""
    from keras import layers

    doubled = layers.UpSampling2D(interpolation="bilinear")(below)
    return _multi_scale_block(layers.Concatenate()([doubled, skip]), filters, kernels)
