"""How fast a bundle scores, against calling the networks joint by joint; and its memory.

    PYTHONPATH=src python benchmarks/scoring.py BUNDLE FOLDER [--images 16] [--keras RESULTS]

FOLDER holds radiographs named <patient>-<LH|RH|LF|RF>. The peers do what a person writes who calls
one model on one joint after the other, in float32: each radiograph by itself, and VGG16's features
computed anew for erosion and for narrowing. `onnxruntime` runs the bundle's own networks so, with
all threads; `keras` the study's Keras models (U-Net, VGG16, heads) on Keras's backend, called
without `predict`, which is slower for one crop. Reading, masks, boxes and names are shared code.

Ways take turns on the same radiographs. Seconds of the processor are printed beside those of the
clock, since other work on the machine disturbs only the latter. Before that, whole calls of
`sharpflow score`, tables and overlays included, on 25, 50 and 100 radiographs, with their peak of
memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sharpflow.bundle.read import Bundle
from sharpflow.cohorts.radiographs import read_name
from sharpflow.imaging.reading import read_image
from sharpflow.score.joints import JointScorer, Radiograph, ScoredJoints, joined
from sharpflow.score.networks import load_networks

COUNTS = (25, 50, 100)
BATCH = 8


class OneAtATime:
    """A network that is called for one image or joint after the other, so many times each."""

    def __init__(self, call: Callable[[Any], Any], times: int = 1) -> None:
        """Take a network, and how often each input is put to it."""
        self.call, self.times = call, times

    def __call__(self, inputs: Any, batch: int = 1) -> Any:
        """Outputs of inputs; `batch` counts for nothing."""
        if not len(inputs):
            return self.call(inputs)
        outputs = []
        for place in range(len(inputs)):
            for _ in range(self.times):
                output = self.call(inputs[place : place + 1])
            outputs.append(output)
        return np.concatenate(outputs)


def keras_model(path: Path) -> Callable[[Any], Any]:
    import keras

    model = keras.saving.load_model(path, compile=False)
    return lambda inputs: np.asarray(keras.ops.convert_to_numpy(model(inputs, training=False)))


def times_of(name: str) -> int:
    """VGG16's features serve two models a joint."""
    return 2 if name == "base" else 1


def peers(networks: Any, results: Path | None) -> dict[str, Any]:
    found = {
        "onnxruntime": {n: OneAtATime(network, times_of(n)) for n, network in networks.items()}
    }
    if results:
        (base,) = (results / "vgg16").glob("*.keras")
        own = {"base": base}
        for name in networks:
            kind, _, which = name.partition("-")
            if kind in ("unet", "head"):
                folder = "unet" if kind == "unet" else "heads"
                own[name] = results / folder / which / "model.keras"
        by_keras = {n: OneAtATime(keras_model(path), times_of(n)) for n, path in own.items()}
        found["keras"] = found["onnxruntime"] | by_keras
    return found


def read_folder(folder: Path, count: int) -> list[Radiograph]:
    found = []
    for path in sorted(folder.iterdir()):
        named = read_name(path.stem)
        if named and len(found) < count:
            patient, visit, limb = named
            found.append(Radiograph(path.stem, patient, visit, limb, read_image(path)))
    return found


def score_in_batches(
    scorer: JointScorer, radiographs: Sequence[Radiograph], batch: int
) -> ScoredJoints:
    starts = range(0, len(radiographs), batch)
    return joined(scorer.score(radiographs[start : start + batch]) for start in starts)


def compare(bundle: Path, radiographs: list[Radiograph], results: Path | None) -> None:
    with Bundle(bundle) as opened:
        manifest = opened.manifest
        networks = load_networks(opened, threads=os.cpu_count() or 1)
    assert manifest.joints
    scorers = {"bundle": (JointScorer(manifest.joints, networks), BATCH)}
    for name, own in peers(networks, results).items():
        scorers[name] = (JointScorer(manifest.joints, own), 1)
    for scorer, batch in scorers.values():  # the first call of a network takes longer
        score_in_batches(scorer, radiographs[:batch], batch)
    spent = dict.fromkeys(scorers, (0.0, 0.0))
    scores = {}
    for start in range(0, len(radiographs), BATCH):
        part = radiographs[start : start + BATCH]
        for name, (scorer, batch) in scorers.items():
            clock, processor = time.perf_counter(), time.process_time()
            scored = score_in_batches(scorer, part, batch)
            spent[name] = (
                spent[name][0] + time.perf_counter() - clock,
                spent[name][1] + time.process_time() - processor,
            )
            ordered = scored.joints.sort_values(["image_id", "joint"])
            scores.setdefault(name, []).append(ordered.filter(like="predicted").to_numpy(float))
    first = np.concatenate(scores["bundle"])
    for name, (clock, processor) in spent.items():
        other = np.concatenate(scores[name])
        differ = int((~((first == other) | (np.isnan(first) & np.isnan(other)))).sum())
        print(
            f"{name}: {len(radiographs) / clock:.2f} radiographs a second by the clock, "
            f"{len(radiographs) / processor:.2f} a second of the processor; bundle's ratio "
            f"{clock / spent['bundle'][0]:.2f} and {processor / spent['bundle'][1]:.2f}; "
            f"{differ} of {first.size} joint scores differ",
            flush=True,
        )


def measure_calls(bundle: Path, folder: Path, counts: Sequence[int]) -> None:
    files = [path for path in sorted(folder.iterdir()) if read_name(path.stem)]
    for count in counts:
        with tempfile.TemporaryDirectory() as there:
            scans = Path(there, "scans")
            scans.mkdir()
            for number in range(count):
                path = files[number % len(files)]
                limb = path.stem.rsplit("-", 1)[1]
                (scans / f"P{number}-{limb}{path.suffix}").symlink_to(path.resolve())
            command = [sys.executable, "-m", "sharpflow", "score", str(scans)]
            began = time.perf_counter()
            process = subprocess.Popen(
                [*command, "--bundle", str(bundle), "--out", f"{there}/out"],
                stdout=subprocess.DEVNULL,
            )
            _, status, used = os.wait4(process.pid, 0)
            clock = time.perf_counter() - began
            processor = used.ru_utime + used.ru_stime
            print(
                f"one call with {count}: exit {os.waitstatus_to_exitcode(status)}, {clock:.1f} s "
                f"by the clock, {processor:.1f} s of the processor, peak of memory "
                f"{used.ru_maxrss / 1000:.0f} MB",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--keras", type=Path, metavar="RESULTS")
    parser.add_argument("--calls", type=int, nargs="*", default=COUNTS)
    given = parser.parse_args()
    # Before anything large is loaded: a process counts the peak of the one that started it, too.
    measure_calls(given.bundle, given.folder, given.calls)
    if given.images:
        compare(given.bundle, read_folder(given.folder, given.images), given.keras)


if __name__ == "__main__":
    main()
