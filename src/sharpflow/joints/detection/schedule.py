"""When the detector's learning rate drops, and when it is validated."""

# darknet's steps 3200 and 3600 of 4000.
DROPS = (0.8, 0.9)
# Validation radiographs are looked at about this often, evenly over the second half of the run, the
# last epoch always; each time costs a pass over the training radiographs for the batch norms
# (ours).
VALIDATIONS = 5


def rate_factor(epoch: int, epochs: int) -> float:
    """Share of the first learning rate in an epoch (from 0): x0.1 at 80% and at 90% of the run."""
    return 0.1 ** sum(epoch >= round(drop * epochs) for drop in DROPS)


def is_validated(epoch: int, epochs: int) -> bool:
    """Whether an epoch (from 0) ends in a validation.

    Only now and then: on few radiographs it costs as much as training.
    """
    left = epochs - 1 - epoch
    every = max(1, round(epochs / 2 / VALIDATIONS))
    return left % every == 0 and left < epochs / 2
