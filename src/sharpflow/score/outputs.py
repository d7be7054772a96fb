"""What scoring writes: tables that grow batch by batch, and an overlay a radiograph."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pandas as pd
from PIL import Image

from sharpflow.bundle.manifest import Manifest
from sharpflow.errors import UserError, in_short
from sharpflow.files import atomic_write
from sharpflow.reporting.overlays import label_radiograph
from sharpflow.score.joints import ScoredJoints
from sharpflow.score.tables import REFUSED_COLUMNS, SCORE_COLUMNS, TOTAL_COLUMNS

SCORES, TOTALS, REFUSED = "scores.csv", "totals.csv", "refused.csv"
TABLES = {SCORES: SCORE_COLUMNS, TOTALS: TOTAL_COLUMNS, REFUSED: REFUSED_COLUMNS}
OVERLAYS = "overlays"
PART = "A new radiograph, scored by a bundle."


class Tables:
    """Tables of a folder that are appended to."""

    def __init__(self, files: dict[str, Path]) -> None:
        """Take files that are there, by the table's name; `open_tables` makes them."""
        self._files = files

    def append(self, name: str, rows: pd.DataFrame) -> None:
        """Append rows, which have the table's columns in their order."""
        with self._files[name].open("a", encoding="utf-8", newline="") as file:
            rows[TABLES[name]].to_csv(file, index=False, header=False, lineterminator="\n")


@contextmanager
def open_tables(folder: Path) -> Iterator[Tables]:
    """Tables with headers alone, which appear under their names when all is done.

    Raises:
        UserError: the folder cannot be made or written to, or has tables of another call, which
            would be mixed with these.
    """
    if there := [name for name in TABLES if (folder / name).exists()]:
        raise UserError(
            f"{folder}: found {there[0]} of an earlier call; expected a new or empty folder. Name "
            "another (--out), or delete this one."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            files = {name: stack.enter_context(atomic_write(folder / name)) for name in TABLES}
            for name, columns in TABLES.items():
                files[name].write_text(",".join(columns) + "\n")
            yield Tables(files)
    except OSError as error:
        raise UserError(
            f"{folder}: found a folder that cannot be written to ({in_short(error)}); expected one "
            "with room that is yours. Name another (--out)."
        ) from None


def write_overlays(folder: Path, scored: ScoredJoints, image_ids: Sequence[str], note: str) -> None:
    """Label radiographs with their joints and scores: folder/overlays/<image_id>.png of each."""
    for image_id in image_ids:
        joints = scored.joints[scored.joints["image_id"] == image_id]
        standardized = scored.images[image_id].image
        labelled = label_radiograph(standardized, joints, note=note, part=PART)
        with atomic_write(folder / OVERLAYS / f"{image_id}.png") as temporary:
            Image.fromarray(labelled).save(temporary)


def overlay_note(manifest: Manifest) -> str:
    """Which models scored, and what they learned from; stands on each overlay."""
    assert manifest.joints, "overlays are of joints"
    data = manifest.joints.trained_on.data
    learned = "synthetic radiographs" if data == "phantom" else data
    return f"Models of the study {manifest.study}, trained on {learned}"
