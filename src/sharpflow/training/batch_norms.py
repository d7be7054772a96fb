"""Statistics of batch normalisation that belong to the weights beside which they are kept.

While a network trains, Keras moves the means and variances that it will be evaluated with a little
towards those of each batch (by 1 in 100), so they lag behind the weights: of a network of a few
thousand steps they are a mixture of all its past, and its predictions are then decided by rounding.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


class BatchNorms:
    """The batch norms of a model, whose statistics can be measured again."""

    def __init__(self, model: "keras.Model") -> None:
        """Find them; nothing is measured yet."""
        import keras

        self._norms = _layers(model, keras.layers.BatchNormalization)
        self._dropouts = _layers(model, keras.layers.Dropout)
        self._run = _compiled(model)

    def recompute(self, batches: Iterable[Any]) -> None:
        """Set all moving means and variances from training data.

        `batches` are inputs of the model. Each is run as in training, and the moving statistics
        become the mean of the batches' own, each example weighing the same: with all training data
        as one batch they are exact. With several, a variance lacks what lies between the means of
        the batches, which is little where a channel has many positions. Dropout leaves nothing out
        meanwhile, as when the model is evaluated. Nothing else of the model changes; without
        batches nothing does. (Wu and Johnson, arXiv:2105.07576, section 3.2.)
        """
        import keras

        moving = [each for norm in self._norms for each in (norm.moving_mean, norm.moving_variance)]
        own: list[list[Any]] = []
        sizes = []
        with self._measuring():
            for batch in batches:
                self._run(batch)
                own.append([np.array(keras.ops.convert_to_numpy(each)) for each in moving])
                sizes.append(len(batch))
        for each, values in zip(moving, zip(*own, strict=True), strict=False):
            each.assign(np.average(values, axis=0, weights=sizes))

    @contextmanager
    def _measuring(self) -> Iterator[None]:
        """Each batch replaces the statistics by its own, and dropout leaves nothing out."""
        momenta = [norm.momentum for norm in self._norms]
        rates = [dropout.rate for dropout in self._dropouts]
        try:
            for norm in self._norms:
                norm.momentum = 0.0
            for dropout in self._dropouts:
                dropout.rate = 0.0
            yield
        finally:
            for norm, momentum in zip(self._norms, momenta, strict=True):
                norm.momentum = momentum
            for dropout, rate in zip(self._dropouts, rates, strict=True):
                dropout.rate = rate


def _layers(model: "keras.Model", kind: type) -> list[Any]:
    return [layer for layer in model._flatten_layers() if isinstance(layer, kind)]


def _compiled(model: "keras.Model") -> Callable[[Any], object]:
    """The model as in training; a small one takes a fifth of the time where TensorFlow compiles it.

    It is compiled when it is first called, while the batch norms are measured.
    """
    import keras

    def run(batch: Any) -> None:
        model(batch, training=True)

    if keras.backend.backend() != "tensorflow":
        return run
    import tensorflow as tf

    compiled = tf.function(run, reduce_retracing=True)
    return lambda batch: compiled(tf.convert_to_tensor(batch))
