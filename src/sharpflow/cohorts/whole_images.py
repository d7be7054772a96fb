"""Radiographs of both hands with their total score: Wang et al.'s labels (Bo et al., 2.1).

How its label file looks is not public, so the config names the columns of whatever table there is.
Only the standard library is imported at module level: the workflow calls `list_whole_images` while
it is parsed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sharpflow.anatomy import ALL_SITES, LIMBS, MAX_SCORE, BodyPart, Damage
from sharpflow.cohorts.csv_rows import read_rows
from sharpflow.cohorts.findings import Finding
from sharpflow.cohorts.labelled import (
    SEXES,
    ImageList,
    LabelledImage,
    Reading,
    list_rows,
)
from sharpflow.cohorts.radiographs import ID, ID_RULE, ONLY_VISIT, visit_name

if TYPE_CHECKING:
    import pandas as pd

# Most that both hands can score, wrists included: 280.
MOST = sum(
    MAX_SCORE[limb.body_part, damage]
    for limb in LIMBS.values()
    for site in ALL_SITES[limb.body_part]
    for damage in Damage
    if limb.body_part is BodyPart.HAND and site.column(damage)
)
OLDEST = 120.0
WHOLE_IMAGE_TABLE = ["image_id", "patient", "visit", "total", "age", "sex"]


def list_whole_images(
    table: str | Path, images: str | Path, columns: Mapping[str, str | None]
) -> ImageList:
    """List the images that a table of labels names, without opening them.

    Args:
        table: a CSV with a row an image. It names an image by a path in the folder, or by a file's
            name, with or without suffix, in the folder or in one within.
        images: the folder of the files.
        columns: what the table calls image, total and, where it has them, id, patient, visit, age
            and sex (else None).

    Returns:
        The images. Their image_id is what the column of ids says or, without one, the file's name
        without suffix. What is wrong is returned, not raised.
    """
    required = [name for name in columns.values() if name]
    what = f"the labels of whole images, with the columns {', '.join(required)} (see the config)"
    named_in = "cohorts: whole_image: columns"
    rows = read_rows(Path(table), required, what, named_in, partial=True)
    return list_rows(rows, str(table), Path(images), columns)


def is_scored(image: LabelledImage) -> bool:
    """Whether an image has a total, right or wrong; one without is predicted only.

    Where the column of totals is missing, which stops the run, each counts as one that has.
    """
    return bool(image.row.values.get(str(image.columns["total"]), "no such column"))


def read_whole_images(listed: ImageList) -> "tuple[pd.DataFrame, list[Finding]]":
    """Read the labels of the images that `list_whole_images` gave, and collect all that is wrong.

    Gives image_id, patient (the image_id where the table has no patients), visit ("1" where it
    names none), total (0-280; halves and thirds too, as it is a mean of readers; NaN where
    nobody has scored the image), age (years, 0-120, NaN where unknown) and sex (M or F,
    NaN where unknown; 1 is male and 0 female), sorted by image_id, of the images whose values are
    all right; and the problems: those of the list, a total or age that is not a number or
    impossible, a sex that cannot be read, a patient without id.
    """
    import pandas as pd

    problems = list(listed.problems)
    rows = []
    for image in (*listed.images, *listed.unlocated):
        reading = Reading(image)
        patient = image.image_id
        if image.columns.get("patient"):
            patient = reading.check("patient", ID.fullmatch, f"an id of {ID_RULE}")
        visit = ONLY_VISIT
        if reading.text("visit"):
            visit = visit_name(reading.check("visit", ID.fullmatch, f"a name of {ID_RULE}"))
        total = reading.number("total", 0, MOST, blank=True)
        age = reading.number("age", 0, OLDEST, blank=True)
        sex = reading.choice("sex", SEXES, blank=True)
        problems += reading.problems
        if image.image_id and not reading.problems:
            rows.append((image.image_id, patient, visit, total, age, sex))
    frame = pd.DataFrame(rows, columns=WHOLE_IMAGE_TABLE)
    return frame.astype({"total": float, "age": float}), problems
