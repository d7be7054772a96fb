"""Fewer undamaged joints in training (Tan et al., 2.4.6)."""

import numpy as np
import numpy.typing as npt


def undersample(scores: npt.ArrayLike, generator: np.random.Generator) -> npt.NDArray[np.intp]:
    """Indices, ascending, of the joints to train on: zeros cut to the next largest class's count.

    Which zeros stay is sampled from `generator`. All joints stay when 0 is not the largest class or
    is the only one. For training joints only: validation and test keep the classes as they are.
    """
    scores = np.asarray(scores, dtype=np.int64)
    zeros, others = np.flatnonzero(scores == 0), np.flatnonzero(scores != 0)
    if not len(others):
        return zeros
    kept = min(len(zeros), int(np.bincount(scores[others]).max()))
    chosen = generator.choice(zeros, kept, replace=False)
    return np.sort(np.concatenate([chosen, others]))
