"""Children's left hands with their bone age, as the RSNA's challenge gives them (Bo et al., 2.3).

Tables come in two layouts, `id,boneage,male` and `Image ID,male,Bone Age (months)`, and either may
be training's or validation's. Only the standard library is imported at module level: the workflow
calls `list_bone_age` while it is parsed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sharpflow.cohorts.csv_rows import Rows, read_rows
from sharpflow.cohorts.findings import Finding
from sharpflow.cohorts.labelled import (
    SEXES,
    ImageList,
    Reading,
    each_once,
    list_rows,
)

if TYPE_CHECKING:
    import pandas as pd

LAYOUTS: tuple[Mapping[str, str | None], ...] = (
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
    sources = [(training_table, training_images)]
    if validation_table is not None and validation_images is not None:
        sources.append((validation_table, validation_images))
    lists = []
    for table, images in sources:
        rows, columns = _read_layout(Path(table))
        lists.append(list_rows(rows, str(table), Path(images), columns))
    return each_once(lists)


def read_bone_age(
    listed: ImageList, training_table: str | Path
) -> "tuple[pd.DataFrame, list[Finding]]":
    """Read the bone ages of the images that `list_bone_age` gave, and collect all that is wrong.

    Gives image_id, patient (the image_id: the RSNA names no children), months (0-250), male (bool)
    and part ("training" for images of `training_table`, else "validation"), sorted by image_id, of
    the images whose values are all right; and the problems.
    """
    import pandas as pd

    problems = list(listed.problems)
    rows = []
    for image in (*listed.images, *listed.unlocated):
        reading = Reading(image)
        months = reading.number("months", 0, OLDEST_MONTHS)
        male = reading.choice("male", MALE)
        problems += reading.problems
        if image.image_id and not reading.problems:
            part = "training" if image.table == str(training_table) else "validation"
            rows.append((image.image_id, image.image_id, months, male, part))
    frame = pd.DataFrame(rows, columns=BONE_AGE_TABLE)
    return frame.astype({"months": float, "male": bool}), problems


def _read_layout(table: Path) -> tuple[Rows, Mapping[str, str | None]]:
    """A table's rows and columns, in the layout of which its header has more."""
    both = " or ".join(",".join(map(str, layout.values())) for layout in LAYOUTS)
    what = f"a table of bone ages: {both}"
    read = [
        (read_rows(table, list(map(str, layout.values())), what, partial=True), layout)
        for layout in LAYOUTS
    ]
    return min(read, key=lambda each: sum("no such column" in p.found for p in each[0].problems))
