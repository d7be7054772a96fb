"""Batches of packed images: their order, and reading them ahead."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from sharpflow.imaging.shards import ImageStack

Images = ImageStack | npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int64]
AHEAD = 3  # batches; reading is much faster than a step


def epoch_order(
    targets: npt.NDArray[np.generic],
    generator: np.random.Generator,
    sampling: Literal["shuffled", "balanced"],
) -> Indices:
    """Order (n,) in which an epoch sees its n training images.

    "shuffled": each once. "balanced": sampled with replacement, each class as often as any other on
    average, by the inverse of its frequency; `targets` are then class numbers.
    """
    n = len(targets)
    if sampling == "shuffled":
        return generator.permutation(n).astype(np.int64)
    _, place, counts = np.unique(targets, return_inverse=True, return_counts=True)
    weights = (1 / counts)[place]
    return generator.choice(n, size=n, p=weights / weights.sum()).astype(np.int64)


def full_batches(order: Indices, batch: int) -> Indices:
    """Indices (batches, batch): whole batches only; an epoch's last up to batch - 1 are left out.

    A last batch of one image would break batch norm, and batches of one shape train fastest;
    each epoch leaves out others. Fewer images than `batch` make one batch.
    """
    batch = min(batch, len(order))
    return order[: len(order) // batch * batch].reshape(-1, batch)


def take(images: Images, indices: Indices, *, pin: bool = False) -> torch.Tensor:
    """Images as one tensor, uint8 (n, size, size); `pin` for a GPU to fetch them by itself."""
    taken = images.take(indices) if isinstance(images, ImageStack) else images[indices]
    batch = torch.from_numpy(np.ascontiguousarray(taken))
    return batch.pin_memory() if pin else batch


class Batches:
    """One pass over batches of indices: (uint8 images, targets), read ahead by a thread."""

    def __init__(
        self,
        images: Images,
        targets: torch.Tensor,
        batches: Sequence[Indices],
        *,
        pin: bool = False,
    ) -> None:
        """Give batches of `images[indices]` and `targets[indices]` for each of `batches`."""
        self._images, self._targets, self._batches, self._pin = images, targets, batches, pin

    def __len__(self) -> int:
        """Number of batches."""
        return len(self._batches)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Give the batches in order."""
        waiting: deque[Future[torch.Tensor]] = deque()
        with ThreadPoolExecutor(1) as thread:
            for step in range(len(self._batches) + AHEAD):
                if step < len(self._batches):
                    job = thread.submit(take, self._images, self._batches[step], pin=self._pin)
                    waiting.append(job)
                if step >= AHEAD:
                    indices = torch.from_numpy(self._batches[step - AHEAD])
                    yield waiting.popleft().result(), self._targets[indices]
