"""Augmented training batches from the packed shard beside those from the original files.

    PYTHONPATH=src python benchmarks/image_loading.py [--radiographs 6] [--epochs 10] [--size 1024]

Both ways give the same batches' worth of images, turned, flipped, brightened and normalised (Bo et
al., 2.2), in one thread. The plain way opens, decodes and resizes each radiograph with Pillow every
epoch, then augments it with torchvision's transforms. Ours packs once, then takes batches from the
shard and augments them at once. Packing is told apart: it is paid once, whatever the epochs and
networks. Originals are synthetic, of about the given height, two hands wide, and saved as PNG.
Seconds are those that the one thread spent computing, so that other work on the machine weighs
little.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import cv2
import numpy as np
import torch
from PIL import Image
from torchvision import transforms

from sharpflow.imaging.shards import read_shards, write_shard
from sharpflow.phantom.bones.limb import Person
from sharpflow.phantom.damage.severity import sample_scores
from sharpflow.phantom.projection.bilateral import make_bilateral
from sharpflow.whole_image.data.augmentation import augment
from sharpflow.whole_image.data.packing import pack

BATCH, PIXEL_MEAN, PIXEL_SD = 4, 0.25, 0.2


def plain_epoch(paths: list[Path], size: int) -> Iterator[torch.Tensor]:
    """Batches as most training scripts make them: each radiograph from its file."""
    turns = [transforms.RandomRotation((angle, angle)) for angle in (0, 90, 180, 270)]
    prepare = transforms.Compose(
        [
            transforms.Resize((size, size)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(brightness=(0.9, 1.1)),
            transforms.RandomChoice(turns),
            transforms.ToTensor(),
            transforms.Normalize([PIXEL_MEAN], [PIXEL_SD]),
        ]
    )
    for start in range(0, len(paths), BATCH):
        radiographs = []
        for path in paths[start : start + BATCH]:
            with Image.open(path) as radiograph:
                radiographs.append(prepare(radiograph.convert("L")))
        yield torch.stack(radiographs)


def packed_epoch(shard: Path, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Batches from the packed radiographs, opened anew."""
    stack, _ = read_shards([shard])
    order = torch.randperm(len(stack), generator=generator).tolist()
    for start in range(0, len(order), BATCH):
        radiographs = torch.from_numpy(stack.take(order[start : start + BATCH]))
        yield augment(radiographs, generator, pixel_mean=PIXEL_MEAN, pixel_sd=PIXEL_SD)


def seconds(epoch: Callable[[], Iterator[torch.Tensor]], times: int) -> float:
    """Median seconds that the thread spends on an epoch; batches are let go, as in training."""
    spent = []
    for _ in range(times):
        start = time.thread_time()
        for _batch in epoch():
            pass
        spent.append(time.thread_time() - start)
    return float(np.median(spent))


def draw(folder: Path, radiographs: int, height: int) -> dict[str, Path]:
    paths = {}
    for number in range(radiographs):
        name = f"radiograph{number}"
        scores = sample_scores(name, 1)
        radiograph = make_bilateral(Person(), scores, seed=1, patient=name, height=height).image
        paths[name] = folder / f"{name}.png"
        Image.fromarray(radiograph).save(paths[name])
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--radiographs", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--height", type=int, default=1800)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = draw(folder, asked.radiographs, asked.height)
        start = time.process_time()
        images, rows, _ = pack(paths, asked.size)
        write_shard(folder / "00.npy", images, rows)
        packing = (time.process_time() - start) / asked.radiographs
        files = list(paths.values())
        seconds(lambda: packed_epoch(folder / "00.npy", generator), 1)  # both ways warm
        seconds(lambda: plain_epoch(files[:BATCH], asked.size), 1)
        ours = seconds(lambda: packed_epoch(folder / "00.npy", generator), asked.epochs)
        plain = seconds(lambda: plain_epoch(files, asked.size), max(1, asked.epochs // 5))
    ours, plain = ours / asked.radiographs, plain / asked.radiographs
    height, width = rows["height"].median(), rows["width"].median()
    print(
        f"{asked.radiographs} PNG files of about {width:.0f} x {height:.0f} to {asked.size} x "
        f"{asked.size}, batches of {BATCH}, one thread; median epoch"
    )
    print(f"from the files {1 / plain:8.1f} radiographs a second")
    print(f"from the shard {1 / ours:8.1f} radiographs a second")
    print(f"ratio          {plain / ours:8.1f}x")
    print(f"packing, once  {1 / packing:8.1f} radiographs a second")


if __name__ == "__main__":
    main()
