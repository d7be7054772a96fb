"""A fitted stack applied to its members' outputs, in numpy."""

import numpy as np

from sharpflow.whole_image.experiment_types import Principle
from sharpflow.whole_image.outputs import Floats


def combine(principle: Principle, weight: Floats, bias: Floats, outputs: Floats) -> Floats:
    """A stack's outputs (n, k) from its members' (n, members, k).

    Args:
        principle: "single": each class from the members' outputs for that class alone; else each
            output from all of them.
        weight: (k, members), or (k, members * k).
        bias: (k,).
        outputs: of the members, in the stack's order.
    """
    if principle == "single":
        return np.asarray(np.einsum("nmk,km->nk", outputs, weight) + bias)
    return np.asarray(outputs.reshape(len(outputs), -1) @ weight.T + bias)
