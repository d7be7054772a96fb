"""Making the radiographs of a cohort in several processes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Made = TypeVar("Made")


def in_processes(
    make: Callable[[Task], Made], tasks: list[Task], workers: int, *, chunk: int = 1
) -> Iterator[Made]:
    """Make each task's thing.

    Args:
        make: a function of a module, so that another process finds it.
        tasks: its arguments, one for each call.
        workers: processes; 1 works in this one.
        chunk: tasks that a process takes at a time; more for quick ones.

    Yields:
        What `make` returns, in the order of the tasks.
    """
    if workers <= 1:
        yield from map(make, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(make, tasks, chunksize=chunk)
