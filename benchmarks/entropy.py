"""Local entropy: scikit-image's against ours, on the same images, in one thread.

    PYTHONPATH=src uv run python benchmarks/entropy.py [--rounds 3]

Radiographs are synthetic here: speed depends on how many neighbouring pixels are equal. Seconds are
those that the one thread spent computing, of the fastest round, so that other work on the machine
weighs little.
"""

import argparse
import time
from collections.abc import Callable

import cv2
import numpy as np
from skimage.filters.rank import entropy

from sharpflow.imaging import local_entropy
from sharpflow.imaging.standardize import standardize

HEIGHT, WIDTH, WINDOW = 1500, 1200, 37  # the paper's
SKELETON = [  # a hand's bones as lines, in fractions of the radiograph
    ((0.50, 0.98), (0.50, 0.62)),
    *(((0.50, 0.70), (x, 0.45)) for x in (0.32, 0.44, 0.55, 0.66)),
    *(((x, 0.45), (2 * x - 0.5, y)) for x, y in ((0.32, 0.2), (0.44, 0.08), (0.55, 0.1))),
    ((0.66, 0.45), (0.80, 0.2)),
    ((0.45, 0.75), (0.16, 0.5)),
]


def make_radiograph(seed: int, height: int, width: int) -> np.ndarray:
    """Soft tissue around bones on a nearly black ground, with grain and a marker."""
    rng = np.random.default_rng(seed)
    radiograph = np.zeros((height, width), np.float32)
    for thickness, grey, blur in ((0.11, 70, 0.02), (0.035, 80, 0.005)):
        layer = np.zeros((height, width), np.float32)
        for ends in SKELETON:
            points = [(int(x * width), int(y * height)) for x, y in ends]
            cv2.line(layer, *points, float(grey), int(thickness * width))
        radiograph += cv2.GaussianBlur(layer, (0, 0), blur * width)
    radiograph += 8 + 10 * np.linspace(0, 1, width, dtype=np.float32)
    radiograph += rng.normal(0, 2.5, radiograph.shape).astype(np.float32)
    grey = np.clip(radiograph, 0, 255).astype(np.uint8)
    cv2.putText(grey, "L", (width // 20, height // 10), cv2.FONT_HERSHEY_SIMPLEX, 3, 255, 8)
    return grey


def fastest(work: Callable[[], np.ndarray], rounds: int) -> tuple[float, np.ndarray]:
    """Seconds of the fastest round, and the result."""
    seconds = []
    for _ in range(rounds):
        start = time.thread_time()
        result = work()
        seconds.append(time.thread_time() - start)
    return min(seconds), result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    radiograph = make_radiograph(0, HEIGHT, WIDTH)
    images = {
        "radiograph": radiograph,
        "radiograph, standardized": standardize(make_radiograph(1, 1609, 1253), HEIGHT, WIDTH, 0.1)[
            0
        ],
        "noise": np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8),
        "black": np.zeros((HEIGHT, WIDTH), np.uint8),
    }
    footprint = np.ones((WINDOW, WINDOW))
    compiling, _ = fastest(lambda: local_entropy(radiograph[:50, :50], WINDOW), 1)
    print(f"{HEIGHT} x {WIDTH} pixels, window {WINDOW} x {WINDOW}, one thread")
    print(f"ours compiles once a process: {compiling:.2f} s, not counted below")
    print(f"{'':20} {'scikit-image':>14} {'sharpflow':>12} {'ratio':>8} {'difference':>12}")
    for name, image in images.items():
        plain, expected = fastest(lambda image=image: entropy(image, footprint), rounds)
        ours, found = fastest(lambda image=image: local_entropy(image, WINDOW), rounds)
        difference = np.abs(found - expected).max()
        print(f"{name:20} {plain:12.3f} s {ours:10.3f} s {plain / ours:7.1f}x {difference:12.1e}")


if __name__ == "__main__":
    main()
