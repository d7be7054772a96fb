"""Children's left hands with their bone age, as the RSNA's challenge gives them (Bo et al., 2.3).

Tables come in two layouts, `id,boneage,male` and `Image ID,male,Bone Age (months)`, and either may
be training's or validation's. Only the standard library is imported at module level: the workflow
calls `list_bone_age` while it is parsed.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sharpflow.cohort.csv_rows import Rows, read_rows
from sharpflow.cohort.findings import Finding
from sharpflow.cohort.labelled import SEXES, ImageList, Reading, each_once, list_rows

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

LAYOUTS = (
    {"image": "id", "months": "boneage", "male": "male"},
    {"image": "Image ID", "months": "Bone Age (months)", "male": "male"},
)
# The atlas ends at 19 years (228 months); beyond 250 something else was written down.
OLDEST_MONTHS = 250.0
MALE = {True: ("true", *SEXES["M"]), False: ("false", *SEXES["F"])}
BONE_AGE_TABLE = ["image_id", "patient", "months", "male", "part"]


def list_bone_age(
    training_table: str | Path,
    training_images: str | Path,
    validation_table: str | Path | None,
    validation_images: str | Path | None,
) -> ImageList:
    """List the images of both parts without opening them; without validation, of training alone.

    A table is a CSV in either of the RSNA's layouts. An image is the file that has its id as name,
    in the folder or in one within. What is wrong is returned, not raised.
    """
    parts = _list_parts(training_table, training_images, validation_table, validation_images)
    return each_once([listed for listed, _ in parts.values()])


def read_bone_age(
    training_table: str | Path,
    training_images: str | Path,
    validation_table: str | Path | None,
    validation_images: str | Path | None,
) -> "tuple[pd.DataFrame, list[Finding]]":
    """Read the bone ages, and collect all that is wrong with them.

    Gives image_id, patient (the image_id: the RSNA names no children), months (0-250), male (bool)
    and part ("training", "validation"), sorted by image_id, of the images whose values are all
    right; and the problems. Images without a row are left alone and counted in the log.
    """
    import pandas as pd

    parts = _list_parts(training_table, training_images, validation_table, validation_images)
    listed = each_once([each for each, _ in parts.values()])
    if listed.unlisted:
        log.warning("%d images of bone age have no row", len(listed.unlisted))
    part_of = {image.table: part for part, (each, _) in parts.items() for image in each.images}
    problems = list(listed.problems)
    rows = []
    for image in listed.images:
        part = part_of[image.table]
        reading = Reading(image, parts[part][1])
        months = reading.number("months", 0, OLDEST_MONTHS)
        male = reading.choice("male", MALE)
        problems += reading.problems
        if not reading.problems:
            rows.append((image.image_id, image.image_id, months, male, part))
    frame = pd.DataFrame(rows, columns=BONE_AGE_TABLE)
    return frame.astype({"months": float, "male": bool}), problems


def _list_parts(
    training_table: str | Path,
    training_images: str | Path,
    validation_table: str | Path | None,
    validation_images: str | Path | None,
) -> dict[str, tuple[ImageList, dict[str, str | None]]]:
    """Each part's images, and the columns of its table."""
    sources = {"training": (training_table, training_images)}
    if validation_table is not None and validation_images is not None:
        sources["validation"] = (validation_table, validation_images)
    parts = {}
    for part, (table, images) in sources.items():
        rows, columns = _read_layout(Path(table))
        listed = list_rows(rows, str(table), Path(images), columns["image"])
        parts[part] = (listed, dict[str, str | None](columns))
    return parts


def _read_layout(table: Path) -> tuple[Rows, dict[str, str]]:
    """A table's rows and columns, in the layout of which its header has more."""
    both = " or ".join(",".join(layout.values()) for layout in LAYOUTS)
    read = [
        (read_rows(table, list(layout.values()), f"a table of bone ages: {both}"), layout)
        for layout in LAYOUTS
    ]
    return min(read, key=lambda each: sum(p.where.startswith("row 1,") for p in each[0].problems))
