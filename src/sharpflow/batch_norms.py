"""Statistics of batch normalisation that belong to the weights beside which they are kept.

While a network trains, Keras moves the means and variances that it will be evaluated with a little
towards those of each batch (by 1 in 100), so they lag behind the weights: of a network of a few
thousand steps they are a mixture of all its past, and its predictions are then decided by rounding.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


def recompute_batch_norms(model: "keras.Model", batches: Iterable[Any]) -> None:
    """Set the moving means and variances of all batch norms in `model` from training data.

    `batches` are inputs of the model. Each is run as in training, and the moving statistics become
    the mean of the batches' own, each example weighing the same: with all training data as one
    batch they are exact. With several, a variance lacks what lies between the means of the batches,
    which is little where a channel has many positions. Dropout leaves nothing out meanwhile, as
    when the model is evaluated. Nothing else of the model changes; without batches nothing does.
    (Wu and Johnson, arXiv:2105.07576, section 3.2.)
    """
    import keras

    norms = _layers(model, keras.layers.BatchNormalization)
    dropouts = _layers(model, keras.layers.Dropout)
    momenta, rates = [norm.momentum for norm in norms], [dropout.rate for dropout in dropouts]
    try:
        for dropout in dropouts:
            dropout.rate = 0.0
        seen = 0
        for batch in batches:
            seen += len(batch)
            for norm in norms:
                norm.momentum = 1 - len(batch) / seen
            model(batch, training=True)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for dropout, rate in zip(dropouts, rates, strict=True):
            dropout.rate = rate


def _layers(model: "keras.Model", kind: type) -> list[Any]:
    return [layer for layer in model._flatten_layers() if isinstance(layer, kind)]
