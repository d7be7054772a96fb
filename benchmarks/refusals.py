"""What `sharpflow score` refuses and how it finds limbs: on radiographs, and on what is none.

    PYTHONPATH=src python benchmarks/refusals.py BUNDLE RADIOGRAPHS [--known LH] [--every N]
        [--phantom FOLDER] [--pictures] [--sheets FOLDER]

RADIOGRAPHS is a folder of good radiographs of one limb each. Nothing is told of their limbs. Each
is looked at as it lies, turned by 90, 180 and 270 degrees, mirrored and inverted; a joint counts as
named alike where it has the same name and its middle lies in the box that it has in the upright
radiograph. --known says what limb they show, for how often it is found.

--phantom names a folder of a study's phantom radiographs (results/STUDY/phantom/joints/radiographs,
or .../whole_image/images), which are looked at likewise, and cropped, darkened, black and as noise.
--pictures looks at the pictures that scikit-image and pydicom bring along, as limbs that nothing is
known of, as left hands, and as both hands. --sheets draws the good radiographs with their joints.

Heads are not run. Counts are printed; docs/reference/scoring.md has them.
"""

import argparse
import importlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import BOX_COLUMNS, LIMBS
from sharpflow.bundle.read import Bundle
from sharpflow.cohorts.radiographs import SUFFIXES, read_name
from sharpflow.imaging.image_error import ImageError
from sharpflow.imaging.reading import read_image
from sharpflow.joints.identification.templates import template
from sharpflow.score.correction import Correction
from sharpflow.score.finding import LimbFinder
from sharpflow.score.joints import JointScorer
from sharpflow.score.known import CODES
from sharpflow.score.networks import load_networks
from sharpflow.score.orientation import Laid
from sharpflow.score.run import LEAST_SIDE
from sharpflow.score.sources import Source

Grey = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]
BATCH = 16
ALIKE: dict[str, Callable[[Grey], Grey]] = {
    "mirrored": np.fliplr,
    "inverted": lambda image: np.asarray(255 - image),
    "turned by 90": lambda image: np.rot90(image, 1),
    "turned by 180": lambda image: np.rot90(image, 2),
    "turned by 270": lambda image: np.rot90(image, 3),
}


def black(image: Grey) -> Grey:
    """2% of the brightness."""
    return np.asarray(image * 0.02, np.uint8)


def noise(image: Grey) -> Grey:
    """Noise of the same size."""
    return np.random.default_rng(0).integers(0, 256, image.shape, np.uint8)


BAD: dict[str, Callable[[Grey], Grey]] = {
    "lower half": lambda image: image[len(image) // 2 :],
    "upper half": lambda image: image[: len(image) // 2],
    "upper third": lambda image: image[: len(image) // 3],
    "left half": lambda image: image[:, : image.shape[1] // 2],
    "right half": lambda image: image[:, image.shape[1] // 2 :],
    "black": black,
    "uniform": lambda image: np.full_like(image, 90),
    "noise": noise,
}


@dataclass
class Outcome:
    """What came of a radiograph.

    Attributes:
        limbs: codes that were found.
        undone: what was changed.
        boxes: of each joint, in pixels of the radiograph as it was given.
        reason: why it is refused; empty where it is scored.
    """

    limbs: tuple[str, ...] = ()
    undone: str = ""
    boxes: dict[str, Boxes] = field(default_factory=dict)
    reason: str = ""

    @property
    def short(self) -> str:
        """The reason without its numbers."""
        words = self.reason.removeprefix("found ").split(";")[0].split(":")[0]
        return "".join("N" if sign.isdigit() else sign for sign in words)[:70]


def look(
    finder: LimbFinder, images: Iterable[tuple[str, Grey]], limb: str = ""
) -> dict[str, Outcome]:
    """What comes of images by name, told to be of a limb or of none."""
    outcomes: dict[str, Outcome] = {}
    for batch in in_batches(images):
        pairs = []
        for name, image in batch:
            if min(image.shape) < LEAST_SIDE:
                outcomes[name] = Outcome(reason="found too few pixels; ")
            else:
                pairs.append((Source(Path(name), name, name, "", "1", "", limb, ""), image))
        found = finder.find(pairs)
        outcomes |= {one.image: Outcome(reason=one.reason) for one in found.refused}
        for source, _ in found.both_hands:
            outcomes[source.image] = Outcome(("BH",), str(source.correction or ""))
        for source, laid in found.limbs:
            own = outcomes.setdefault(source.image, Outcome())
            own.limbs += (source.limb,)
            own.undone = str(source.correction or "")
            half = f"{source.limb} " if source.correction and source.correction.columns else ""
            own.boxes |= {half + name: box for name, box in named_boxes(source, laid).items()}
    return outcomes


def named_boxes(source: Source, laid: Laid) -> dict[str, Boxes]:
    """Joint -> its box in the radiograph as it was given."""
    assert laid.fitted and source.correction, "refused, else"
    names = template(laid.body_part).names
    rows = list(laid.fitted.pairs.values())
    corners = laid.detected.boxes[BOX_COLUMNS].to_numpy(float)[rows]
    placement = laid.detected.standardized.placement
    x, y = placement.to_radiograph(corners[:, [0, 2]], corners[:, [1, 3]])
    as_scored = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)
    back = source.correction.to_file(as_scored)
    return {names[joint]: box for joint, box in zip(laid.fitted.pairs, back, strict=True)}


def in_batches(images: Iterable[tuple[str, Grey]]) -> Iterator[list[tuple[str, Grey]]]:
    """At most BATCH at a time."""
    batch: list[tuple[str, Grey]] = []
    for one in images:
        batch.append(one)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def read_all(paths: Sequence[Path], change: Callable[[Grey], Grey]) -> Iterator[tuple[str, Grey]]:
    """Radiographs by name, changed, as they are asked for."""
    for path in paths:
        yield str(path), np.ascontiguousarray(change(read_image(path)))


def upright_boxes(boxes: dict[str, Boxes], how: str, shape: tuple[int, int]) -> dict[str, Boxes]:
    """Boxes in a changed radiograph as boxes in the upright one, of `shape`."""
    if how.startswith("turned"):
        turn = Correction(*shape, turns=int(how.removeprefix("turned by ")) // 90)
        return {name: turn.to_file(box[None])[0] for name, box in boxes.items()}
    if how == "mirrored":
        width = shape[1]
        return {
            name: np.array([width - x2, y1, width - x1, y2])
            for name, (x1, y1, x2, y2) in boxes.items()
        }
    return boxes


def is_same(box: Boxes, other: Boxes | None) -> bool:
    """Whether the middle of another box lies in a box."""
    if other is None:
        return False
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return bool(box[0] < x < box[2] and box[1] < y < box[3])


def look_at_good(
    finder: LimbFinder, paths: Sequence[Path], known: str, sheets: Path | None = None
) -> None:
    """Print what comes of good radiographs in each way of lying, and draw the upright ones."""
    upright = look(finder, read_all(paths, lambda image: image))
    print_outcomes("upright", upright, known)
    if sheets:
        draw_sheets(paths, upright, sheets)
    shapes = {str(path): read_image(path).shape for path in paths}
    joints = sum(len(one.boxes) for one in upright.values())
    for how, change in ALIKE.items():
        changed = look(finder, read_all(paths, change))
        print_outcomes(how, changed, known)
        same = 0
        for name, one in upright.items():
            back = upright_boxes(changed[name].boxes, how, shapes[name])
            same += sum(is_same(box, back.get(joint)) for joint, box in one.boxes.items())
        share = same / max(joints, 1)
        print(f"    of {joints} joints named upright {same} have the same name ({share:.1%})")


def print_outcomes(title: str, outcomes: dict[str, Outcome], known: str = "") -> None:
    """How many were scored, as which limb, and why others were refused."""
    scored = [one for one in outcomes.values() if not one.reason]
    limbs = Counter("+".join(one.limbs) for one in scored)
    print(f"{title}: {len(scored)} of {len(outcomes)} scored; limbs {dict(limbs)}", flush=True)
    if known:
        print(f"    found to be {known}: {limbs[known]}")
    for undone, count in Counter(one.undone for one in scored if one.undone).items():
        print(f"    {count} were {undone}")
    for reason, count in Counter(
        one.short for one in outcomes.values() if one.reason
    ).most_common():
        print(f"    {count} refused: {reason}")


def look_at_phantom(finder: LimbFinder, folder: Path, every: int) -> None:
    """Phantom radiographs as they are, in other ways, and spoilt."""
    paths = sorted(folder.glob("*.jpg"))[::every]
    by_limb: dict[str, list[Path]] = {}
    for path in paths:
        name = read_name(path.stem, CODES)
        by_limb.setdefault(name[2] if name else "", []).append(path)
    for limb, own in by_limb.items():
        print(f"\nphantom {limb}")
        look_at_good(finder, own, limb if limb in LIMBS else "BH+LH+RH")
        for how, change in BAD.items():
            for told in ("", limb):
                outcomes = look(finder, read_all(own, change), told)
                print_outcomes(f"{how}, {'told ' + told if told else 'not told'}", outcomes)


def look_at_pictures(finder: LimbFinder) -> None:
    """The pictures of scikit-image and pydicom."""
    for package, folder in (("skimage.data", "."), ("pydicom.data", "test_files")):
        root = Path(str(importlib.import_module(package).__file__)).parent / folder
        read, unreadable = [], 0
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() not in (*SUFFIXES, ".dcm"):
                continue
            try:
                read.append((str(path), read_image(path)))
            except ImageError:
                unreadable += 1
        print(f"\n{package}: {unreadable} of {unreadable + len(read)} cannot be read")
        for told in ("", "LH", "BH"):
            outcomes = look(finder, read, told)
            print_outcomes(f"told {told}" if told else "not told", outcomes)
            for name, one in outcomes.items():
                if not one.reason:
                    print(f"      passes: {Path(name).name} {one.limbs} {one.undone}")


def draw_sheets(paths: Sequence[Path], outcomes: dict[str, Outcome], folder: Path) -> None:
    """Radiographs with their joints, 20 to a sheet; those that are refused with the reason."""
    cells = []
    for path in paths:
        image, one = read_image(path), outcomes[str(path)]
        scale = min(360 / image.shape[0], 300 / image.shape[1])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        bright = np.clip(small * (230 / max(np.percentile(small, 99), 1)), 0, 255).astype(np.uint8)
        cell = np.zeros((380, 304, 3), np.uint8)
        cell[18 : 18 + small.shape[0], : small.shape[1]] = bright[..., None]
        for joint, box in one.boxes.items():
            x1, y1, x2, y2 = (int(value) for value in box * scale)
            cv2.rectangle(cell, (x1, y1 + 18), (x2, y2 + 18), (0, 200, 255), 1)
            cv2.putText(cell, joint, (x1, y1 + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1)
        told = f"{path.stem} {'+'.join(one.limbs)} {one.undone or one.short}"
        cv2.putText(cell, told[:48], (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (255, 255, 255), 1)
        cells.append(cell)
    cells += [np.zeros_like(cells[0])] * (-len(cells) % 20)
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(cells), 20):
        rows = [np.hstack(cells[start : start + 5]) for start in range(first, first + 20, 5)]
        cv2.imwrite(str(folder / f"found-{first:03d}.png"), np.vstack(rows))


def main() -> None:
    """Parse the command line, look, and print."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("radiographs", type=Path)
    parser.add_argument("--known", default="", choices=["", *CODES])
    parser.add_argument("--every", type=int, default=1, help="take each Nth file of a folder")
    parser.add_argument("--phantom", type=Path, action="append", default=[])
    parser.add_argument("--pictures", action="store_true")
    parser.add_argument("--sheets", type=Path)
    given = parser.parse_args()
    start = time.time()
    with Bundle(given.bundle) as bundle:
        manifest = bundle.manifest
        networks = load_networks(bundle, threads=2)
    joints = JointScorer(manifest.joints, networks) if manifest.joints else None
    finder = LimbFinder(joints, manifest.whole_image)
    paths = sorted(p for p in given.radiographs.iterdir() if p.suffix.lower() in SUFFIXES)
    paths = paths[:: given.every]
    if paths:
        look_at_good(finder, paths, given.known, given.sheets)
    for folder in given.phantom:
        look_at_phantom(finder, folder, given.every)
    if given.pictures:
        look_at_pictures(finder)
    print(f"\n{time.time() - start:.0f} s")


if __name__ == "__main__":
    main()
