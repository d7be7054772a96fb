"""The ordinal head on kept features beside the plain way, which runs the frozen base each epoch.

Both train the same head on the same batches in this one run, and their losses must agree. The
plain way is timed for a few epochs, after one that builds its graph, and counted up to all.
Seconds are those that the processors spent on it, so that other work on the machine weighs little.

    PYTHONPATH=src python benchmarks/vgg16_head.py [--joints 256] [--size 64] [--epochs 250]
"""

import argparse
import time
from collections.abc import Callable, Iterator

import keras
import numpy as np
import pandas as pd

from sharpflow.epochs import train_epochs
from sharpflow.joint_scoring.features import extract_features, network_input
from sharpflow.joint_scoring.head_training import shuffled_batches
from sharpflow.joint_scoring.ordinal import encode
from sharpflow.joint_scoring.vgg16 import build_base, build_head, join

CLASSES, BATCH, SEED = 6, 32, 1
Pick = Callable[[np.ndarray], np.ndarray]


def train(
    model: keras.Model, pick: Pick, bits: np.ndarray, epochs: int, *, compiled: bool
) -> pd.DataFrame:
    """Train on the first four fifths, validate on the rest; `pick` gives the rows' input."""
    train_rows = len(bits) * 4 // 5
    rest = np.arange(train_rows, len(bits))
    model.compile(keras.optimizers.Adam(1e-4), "binary_crossentropy")

    def batches(_epoch: int, generator: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
        for rows in shuffled_batches(train_rows, BATCH, generator):
            yield pick(rows), bits[rows]

    def validate() -> dict[str, float]:
        return {"loss": float(model.test_on_batch(pick(rest), bits[rest]))}

    settings = {"epochs": epochs, "seed": SEED, "monitor": "validation_loss", "keep": "last"}
    return train_epochs(model, batches, validate, compiled=compiled, **settings)


def new_head() -> keras.Model:
    keras.utils.set_random_seed(SEED)
    return build_head(CLASSES)


def seconds(work: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--joints", type=int, default=256)
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
    extract_features(base, crops[:BATCH], BATCH)  # builds the graph

    extracting, features = seconds(lambda: extract_features(base, crops))
    training, kept = seconds(
        lambda: train(new_head(), features.__getitem__, bits, options.epochs, compiled=True)
    )

    def plain_way(epochs: int) -> pd.DataFrame:
        whole = join(base, new_head())
        return train(whole, lambda rows: network_input(crops[rows]), bits, epochs, compiled=False)

    first, _ = seconds(lambda: plain_way(1))
    more, plain = seconds(lambda: plain_way(1 + options.plain_epochs))
    an_epoch = (more - first) / options.plain_epochs

    for name in ("loss", "validation_loss"):
        ours = kept[name][: len(plain)]
        np.testing.assert_allclose(ours, plain[name], rtol=1e-3, err_msg=f"{name} differs")
    ratio = an_epoch * options.epochs / (extracting + training)
    print(f"{options.joints} crops of {options.size} pixels, {options.epochs} epochs")
    print(f"kept features: {extracting:.2f} s once + {training:.2f} s for all epochs")
    print(
        f"base run each epoch: {an_epoch:.2f} s an epoch, {an_epoch * options.epochs:.0f} s for all"
    )
    print(f"losses of {len(plain)} epochs agree; ratio {ratio:.0f}")


if __name__ == "__main__":
    main()
