"""Single numbers of Bo et al.: their training images, and how long an epoch took."""

from collections.abc import Mapping

from sharpflow.papers.reading import numbers_beside

_NUMBERS = numbers_beside(__file__)
TRAINING_IMAGES = int(_NUMBERS["training_images"][""])
# Network -> an epoch of regression with batches of 4 on a V100, nothing frozen.
SECONDS_PER_EPOCH: Mapping[str, float] = _NUMBERS["seconds_per_epoch"]
