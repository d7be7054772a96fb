"""The ordinal head on kept features beside the plain way, which runs the frozen base each epoch.

Both train the same head on the same batches in this one run, and their losses must be equal. The
plain way is timed for a few epochs, after one that builds its graph, and counted up to all.
Seconds are those that the one thread spent computing, so that other work on the machine weighs
little.

    PYTHONPATH=src python benchmarks/vgg16_head.py [--joints 512] [--size 64] [--epochs 250]
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}  # before keras

import keras
import numpy as np
import pandas as pd

from sharpflow.joints.scoring.features import extract_features
from sharpflow.joints.scoring.head_training import shuffled_batches
from sharpflow.joints.scoring.ordinal import encode
from sharpflow.joints.scoring.vgg16 import build_base, build_head
from sharpflow.training.epochs import train_epochs

CLASSES, BATCH, SEED = 6, 32, 1


def train(get_features: Callable[[], np.ndarray], bits: np.ndarray, epochs: int) -> pd.DataFrame:
    """Train a head on the first four fifths, validate on the rest; gives the losses."""
    keras.utils.set_random_seed(SEED)
    head = build_head(CLASSES)
    head.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy")
    train_rows = len(bits) * 4 // 5
    features = np.empty(0)

    def batches(_epoch: int, generator: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
        nonlocal features
        features = get_features()
        for rows in shuffled_batches(train_rows, BATCH, generator):
            yield features[rows], bits[rows]

    def validate() -> dict[str, float]:
        return {"loss": float(head.test_on_batch(features[train_rows:], bits[train_rows:]))}

    return train_epochs(
        head, batches, validate, epochs=epochs, seed=SEED, monitor="loss", compiled=True
    )


def seconds(work: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--joints", type=int, default=512)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=250)
    parser.add_argument("--plain-epochs", type=int, default=2)
    options = parser.parse_args()
    generator = np.random.default_rng(SEED)
    shape = (options.joints, options.size, options.size)
    crops = generator.integers(0, 256, shape, dtype=np.uint8)
    bits = encode(generator.integers(0, CLASSES, options.joints), CLASSES)
    keras.utils.set_random_seed(SEED)
    base = build_base(None, options.size)

    def extract() -> np.ndarray:
        return extract_features(base, crops)

    extract()  # builds the graph
    extracting, features = seconds(extract)
    training, kept = seconds(lambda: train(lambda: features, bits, options.epochs))
    first, _ = seconds(lambda: train(extract, bits, 1))
    more, plain = seconds(lambda: train(extract, bits, 1 + options.plain_epochs))
    an_epoch = (more - first) / options.plain_epochs
    every = an_epoch * options.epochs

    losses = ["loss", "validation_loss"]
    if not kept[losses][: len(plain)].equals(plain[losses]):
        raise SystemExit(f"losses differ:\n{kept[losses][: len(plain)]}\n{plain[losses]}")
    print(f"{options.joints} crops of {options.size} pixels, {options.epochs} epochs")
    print(f"kept features: {extracting:.2f} s once + {training:.2f} s for all epochs")
    print(f"base run each epoch: {an_epoch:.2f} s an epoch, {every:.0f} s for all")
    print(f"losses of {len(plain)} epochs are equal; ratio {every / (extracting + training):.0f}")


if __name__ == "__main__":
    main()
