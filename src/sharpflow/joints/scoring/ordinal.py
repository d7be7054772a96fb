"""Ordinal classes as cumulative bits (Tan et al., 2.4.4).

Class k of n is k + 1 ones, then zeros: of three classes, 0 is [1, 0, 0], 1 is [1, 1, 0], 2 is
[1, 1, 1]. So the first bit is always 1 and says nothing, and bit k asks "k or more?". The paper's
prose (2.4.5) counts the decisions otherwise, the first of them between 0 and the rest; that one is
the second bit here. We keep the bits as the paper prints them: the parameter counts it gives, with
as many outputs as classes, want them so.
"""

import numpy as np
import numpy.typing as npt


def encode(scores: npt.ArrayLike, classes: int) -> npt.NDArray[np.float32]:
    """Bits of scores 0..classes-1, (n, classes) float32. ValueError for other scores."""
    scores = np.asarray(scores)
    if scores.size and not np.isin(scores, np.arange(classes)).all():
        raise ValueError(f"scores must be whole numbers from 0 to {classes - 1}")
    return (np.arange(classes) <= scores[:, None]).astype(np.float32)


def decode(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Scores from the bits' probabilities, (n, classes) in [0, 1].

    The paper does not say how. Ours: the bits of at least 0.5 before the first lower one, as Cheng,
    Wang and Pollastri (IJCNN 2008) read this code. So [1, 0.2, 0.9] is 0: "not even 1" is taken at
    its word. The first bit, which is 1 of every joint, is taken as 1 whatever its probability.
    """
    return decode_bits(np.asarray(probabilities)[:, 1:])


def decode_bits(bits: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """As `decode`, of bits (n, classes - 1) without the first, which is always 1."""
    leading = np.logical_and.accumulate(np.asarray(bits) >= 0.5, axis=1)
    return np.asarray(leading.sum(axis=1, dtype=np.int64))


def score_probabilities(bits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The probability of each score from bits that say "1 or more", "2 or more" and so on.

    A bit cannot be surer than one before it, so that none is below 0: of [0.2, 0.9] the second
    counts as 0.2. The score that `decode` gives is the median.

    Args:
        bits: (n, classes - 1) in [0, 1], without the first bit, which is always 1.

    Returns:
        (n, classes), each row of sum 1.
    """
    reached = np.minimum.accumulate(np.asarray(bits, np.float64), axis=1)
    or_more = np.pad(reached, [(0, 0), (1, 1)], constant_values=[(0, 0), (1, 0)])
    return np.asarray(or_more[:, :-1] - or_more[:, 1:])
