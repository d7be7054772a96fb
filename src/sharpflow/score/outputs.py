"""What scoring writes: tables that grow batch by batch, and an overlay a radiograph."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.bundle.manifest import Manifest, TrainedOn
from sharpflow.cohorts.whole_images import MOST
from sharpflow.errors import UserError, in_short
from sharpflow.files import atomic_write
from sharpflow.reporting.names import INDEX_NAME
from sharpflow.reporting.overlays import caption_radiograph, label_radiograph, save_overlay
from sharpflow.score.change import CHANGE_COLUMNS
from sharpflow.score.joints import ScoredJoints
from sharpflow.score.tables import REFUSED_COLUMNS, SCORE_COLUMNS, TOTAL_COLUMNS
from sharpflow.whole_image.severity_classes import LOWER_BOUNDS

SCORES, TOTALS, CHANGE, REFUSED = "scores.csv", "totals.csv", "change.csv", "refused.csv"
OVERLAYS, PAGES = "overlays", "pages"
TABLES = {
    SCORES: SCORE_COLUMNS,
    TOTALS: TOTAL_COLUMNS,
    CHANGE: CHANGE_COLUMNS,
    REFUSED: REFUSED_COLUMNS,
}
PART = "A new radiograph, scored by a bundle."


class Tables:
    """Tables of a folder that are appended to."""

    def __init__(self, files: dict[str, Path]) -> None:
        """Take files that are there, by the table's name; `open_tables` makes them."""
        self._files = files

    def append(self, name: str, rows: pd.DataFrame) -> None:
        """Append rows, which have the table's columns in their order."""
        with self._files[name].open("a", encoding="utf-8", newline="") as file:
            rows[TABLES[name]].to_csv(
                file, index=False, header=False, lineterminator="\n", float_format=_number
            )


def _number(value: Any) -> str:
    """With four digits behind the point, as many as networks agree in; 5 rather than 5.0."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


@contextmanager
def open_tables(folder: Path) -> Iterator[Tables]:
    """Tables with headers alone, which appear under their names when all is done.

    Raises:
        UserError: the folder cannot be made or written to, or has tables of another call, which
            would be mixed with these.
    """
    try:
        _refuse_used(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(_taken(folder))
            files = {name: stack.enter_context(atomic_write(folder / name)) for name in TABLES}
            for name, columns in TABLES.items():
                files[name].write_text(",".join(columns) + "\n")
            yield Tables(files)
    except OSError as error:
        raise UserError(
            f"{folder}: found a folder that cannot be written to ({in_short(error)}); expected one "
            "with room that is yours. Name another (--out)."
        ) from None


@contextmanager
def _taken(folder: Path) -> Iterator[None]:
    """Hold a folder against a second call: the folder of overlays is made by one of them alone."""
    overlays = folder / OVERLAYS
    try:
        overlays.mkdir()
    except FileExistsError:
        raise _used(folder, OVERLAYS) from None
    try:
        yield
    finally:
        with suppress(OSError):  # if it is empty
            overlays.rmdir()


def _used(folder: Path, what: str) -> UserError:
    return UserError(
        f"{folder}: found {what} of another call; expected a new or empty folder. Name another "
        "(--out), or delete this one."
    )


def _refuse_used(folder: Path) -> None:
    """Refuse a file, and a folder with results of another call."""
    made = (*TABLES, f"{INDEX_NAME}.html", OVERLAYS, PAGES)
    if there := [name for name in made if (folder / name).exists()]:
        raise _used(folder, there[0])
    if folder.exists() and not folder.is_dir():
        raise UserError(
            f"{folder}: found a file; expected a folder, new or empty. Name another (--out)."
        )


def overlay_path(folder: Path, image_id: str) -> Path:
    """Where a radiograph's overlay is."""
    return folder / OVERLAYS / f"{image_id}.png"


def write_overlays(
    folder: Path, scored: ScoredJoints, trust: Mapping[tuple[str, str], str], note: str
) -> None:
    """Label radiographs with their joints and scores.

    Args:
        folder: of all that comes out.
        scored: the batch.
        trust: "yes" or "no" by image_id and joint, of the radiographs to label.
        note: stands below each.
    """
    keys = zip(scored.joints["image_id"], scored.joints["joint"], strict=True)
    joints = scored.joints.assign(trust=[trust.get(key, "") for key in keys])
    for image_id in dict.fromkeys(image_id for image_id, _ in trust):
        own = joints[joints["image_id"] == image_id]
        labelled = label_radiograph(scored.images[image_id].image, own, note=note, part=PART)
        save_overlay(labelled, overlay_path(folder, image_id))


def write_captioned(
    folder: Path, images: Mapping[str, npt.NDArray[np.uint8]], totals: pd.DataFrame, note: str
) -> None:
    """Write what the whole-image pipeline says below radiographs of both hands.

    No heat map shows where it looked: that takes gradients, which a bundle's networks do not give.

    Args:
        folder: of all that comes out.
        images: uint8 (height, width), by image_id.
        totals: their rows of totals.csv.
        note: stands below each.
    """
    for _, row in totals.iterrows():
        image_id = row["image_id"]
        lines = [
            f"{image_id}. {PART}",
            f"Both hands, wrists included: {whole_image_words(row)}.",
            f"{note}. Research use only.",
        ]
        captioned = caption_radiograph(images[image_id], lines)
        save_overlay(captioned, overlay_path(folder, image_id))


def whole_image_words(row: "pd.Series[float]") -> str:
    """ "total 31.2 (of 280), severity class 5 (total 30 to 45)", or what is known."""
    told = []
    if pd.notna(row["whole_image_total"]):
        told.append(f"total {row['whole_image_total']:.1f} (of {MOST:g})")
    if pd.notna(row["whole_image_severity"]):
        told.append(f"severity class {class_words(int(row['whole_image_severity']))}")
    return ", ".join(told) or "no estimate"


def class_words(number: int) -> str:
    """ "5 (total 30 to 45)"."""
    bounds = (*LOWER_BOUNDS, MOST)
    return f"{number} (total {bounds[number]:g} to {bounds[number + 1]:g})"


def models_note(manifest: Manifest, trained_on: TrainedOn) -> str:
    """Which models scored, and what they learned from; stands on each overlay."""
    return f"Models of the study {manifest.study}, trained on {learned_from(trained_on.data)}"


def models_lines(manifest: Manifest) -> list[str]:
    """Which bundle scored, and what its networks learned from."""
    code = f", made by version {manifest.code.commit[:12]}" if manifest.code.commit else ""
    changed = ", with changes that were not committed" if manifest.code.uncommitted else ""
    lines = [f"The bundle of the study {manifest.study}{code}{changed}."]
    if joints := manifest.joints:
        lines.append(
            f"Joints: {_trained_on(joints.trained_on)} Detectors learned from "
            f"{learned_from(joints.detector_data)}."
        )
    if whole := manifest.whole_image:
        lines.append(f"Both hands on one radiograph: {_trained_on(whole.trained_on)}")
    return lines


def _trained_on(trained_on: TrainedOn) -> str:
    counts = f"{trained_on.train} {trained_on.unit} to train, {trained_on.validation} to validate"
    return f"trained on {learned_from(trained_on.data)}: {counts}, {trained_on.test} to test."


def learned_from(data: str) -> str:
    """What a manifest calls data, in words."""
    return "synthetic radiographs" if data == "phantom" else data
