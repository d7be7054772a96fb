"""Check each radiograph: whether it can be read, and whether it is there twice."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from sharpflow.anatomy import LIMBS
from sharpflow.cohorts.findings import Finding, Scope
from sharpflow.cohorts.radiographs import Radiograph
from sharpflow.imaging.dicom import has_burned_in_text
from sharpflow.imaging.dicom_limb import OnContradiction, check_limb
from sharpflow.imaging.image_error import ImageError
from sharpflow.imaging.reading import Grey, image_digest, read_image

RADIOGRAPH_TABLE = [
    "image_id",
    "patient",
    "limb",
    "body_part",
    "side",
    "visit",
    "file",
    "height",
    "width",
    "digest",
]
# What is wrong with a radiograph that cannot be read; blank for the others.
WRONG = ["found", "expected", "remedy"]


def read_radiographs(
    radiographs: Sequence[Radiograph],
    *,
    max_pixels: int,
    contradicting_headers: OnContradiction = "problem",
    workers: int = 1,
    look: Callable[[str, Grey, str, bool], None] | None = None,
) -> pd.DataFrame:
    """Decode radiographs for what a check must know of them.

    Args:
        radiographs: as `list_radiographs` gave them.
        max_pixels: a radiograph with more pixels counts as one that cannot be read.
        contradicting_headers: whether one whose DICOM header names another limb counts so too
            ("problem"), or is looked at and logged ("warn").
        workers: number of threads that decode.
        look: called in these threads with each radiograph's image_id, pixels, what its header says
            against the list (blank where nothing), and whether it says that text is burned in.

    Returns:
        A row a radiograph, in order: image_id, patient, limb, body_part, side, visit, file, height,
        width (pixels; 0 for a radiograph that cannot be read), digest (of the decoded pixels) and,
        for one that cannot be read, found, expected, remedy.
    """

    def content(radiograph: Radiograph) -> tuple[int, int, str, str, str, str]:
        try:
            image = read_image(radiograph.path, max_pixels)
            limb = LIMBS[radiograph.limb]
            named = "the list of radiographs" if radiograph.listed else "the file's name"
            says = check_limb(
                radiograph.path, limb.body_part, limb.side, named, contradicting_headers
            )
            burned_in = has_burned_in_text(radiograph.path)
        except ImageError as error:
            return 0, 0, "", error.found, error.expected, error.remedy
        if look:
            look(radiograph.image_id, image, says, burned_in)
        return *image.shape, image_digest(image), "", "", ""

    with ThreadPoolExecutor(workers) as pool:
        contents = list(pool.map(content, radiographs))
    rows = []
    for radiograph, seen in zip(radiographs, contents, strict=True):
        limb = LIMBS[radiograph.limb]
        names = (
            radiograph.image_id,
            radiograph.patient,
            radiograph.limb,
            str(limb.body_part),
            str(limb.side),
        )
        rows.append((*names, radiograph.visit, str(radiograph.path), *seen))
    return pd.DataFrame(rows, columns=[*RADIOGRAPH_TABLE, *WRONG])


def unreadable(table: pd.DataFrame, radiographs: Sequence[Radiograph]) -> list[Finding]:
    """A finding for each radiograph that could not be read."""
    by_id = {radiograph.image_id: radiograph for radiograph in radiographs}
    return [
        Finding(
            str(row["file"]),
            where(by_id[row["image_id"]]),
            row["found"],
            row["expected"],
            row["remedy"],
            Scope.RADIOGRAPH,
            row["image_id"],
        )
        for row in table[table["height"] == 0].to_dict("records")
    ]


def where(radiograph: Radiograph) -> str:
    """Where a radiograph stands, for a message."""
    return (
        f"{radiograph.listed}, radiograph {radiograph.image_id}"
        if radiograph.listed
        else f"radiograph {radiograph.image_id}"
    )


def same_content(table: pd.DataFrame, radiographs: Iterable[Radiograph]) -> list[Finding]:
    """A finding for each group of radiographs that have the same pixels."""
    by_id = {radiograph.image_id: radiograph for radiograph in radiographs}
    readable = table[table["height"] > 0]
    problems = []
    for _, group in readable.groupby("digest", sort=False):
        first, *others = [by_id[image_id] for image_id in group["image_id"]]
        named = [f"{other.path} ({where(other)}, patient {other.patient})" for other in others]
        if others:
            problems.append(
                Finding(
                    str(first.path),
                    f"{where(first)}, patient {first.patient}",
                    f"the same pixels as {' and '.join(named)}",
                    "each radiograph once",
                    "Find out whose it is and delete the other, with its rows in all tables, or "
                    "export the right radiograph.",
                    Scope.RADIOGRAPH,
                    first.image_id,
                    also=tuple(other.image_id for other in others),
                )
            )
    return problems
