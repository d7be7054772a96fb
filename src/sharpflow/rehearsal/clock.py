"""How long a step takes, timed from outside of the code that takes it."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from itertools import pairwise
from statistics import median
from typing import Any, TypeVar
from unittest import mock

Item = TypeVar("Item")


@contextmanager
def ends_of(owner: Any, name: str) -> Iterator[list[float]]:
    """Note when each call of a function ends, while the block runs.

    Args:
        owner: the class or module that has the function.
        name: of the function.

    Yields:
        Seconds of one clock, a number each call; still empty when the block begins.
    """
    called, ends = getattr(owner, name), []

    @wraps(called)
    def noted(*arguments: Any, **named: Any) -> Any:
        result = called(*arguments, **named)
        wait_for_gpu()
        ends.append(time.monotonic())
        return result

    with mock.patch.object(owner, name, noted):
        yield ends


def seconds_between(ends: Sequence[float]) -> float:
    """The median time from the end of a step to that of the next.

    So the first step does not count, in which networks are compiled; nor, for three or more, what
    lies between two epochs.

    Raises:
        ValueError: there are fewer than two ends.
    """
    if len(ends) < 2:
        raise ValueError(f"{len(ends)} steps ended; it takes two to tell how long one lasts")
    return median(later - earlier for earlier, later in pairwise(ends))


def seconds_each(work: Callable[[Item], object], items: Sequence[Item]) -> float:
    """The mean time that `work` takes for an item.

    The first item is done once more before, since what is compiled or loaded then does not count.
    """
    work(items[0])
    began = time.monotonic()
    for item in items:
        work(item)
    return (time.monotonic() - began) / len(items)


def wait_for_gpu() -> None:
    """Wait until a GPU has done what it was told, if torch told it anything."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
