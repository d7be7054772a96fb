"""What the plan of a study asks of the split of its patients."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sharpflow.cohorts.csv_rows import read_rows
from sharpflow.cohorts.split_sizes import few_tested, split_sizes
from sharpflow.errors import UserError
from sharpflow.workflow.settings.cohorts import Split


def refuse_too_few(
    split: Split,
    patients: Mapping[str, int],
    synthetic: Collection[str],
    has_unscored: bool = False,
) -> list[str]:
    """Refuse a split that would leave a part without patients.

    Args:
        split: the settings.
        patients: how many each cohort has that is split by them. None is for the check to say.
        synthetic: those of the cohorts that the phantom makes.
        has_unscored: whether the user has patients without scores, who are not among them.

    Returns:
        A warning where few patients of the scored cohort test.

    Raises:
        UserError: a part would have no patient.
    """
    sizes = {}
    for cohort, count in sorted(patients.items(), reverse=True):  # the user's own first
        if not count:
            continue
        try:
            sizes[cohort] = split_sizes(count, test=split.test, validation=split.validation)
        except UserError as error:
            own = cohort not in synthetic
            key = "cohorts.joints.radiographs" if own else "phantom.patients"
            note = (
                " Of patients, those without scores do not count." if own and has_unscored else ""
            )
            raise UserError(f"{key}: {error}{note}") from None
    warning = few_tested(sizes["joints"]) if "joints" in sizes else ""
    return [warning] if warning else []


def patients_of_splits(tables: Sequence[str]) -> set[str]:
    """The patients whom the user's own splits name; what is wrong with these is for the job."""
    columns = ["patient", "split"]
    rows = (row for table in tables for row in read_rows(Path(table), columns, "a split").rows)
    return {row.values["patient"] for row in rows}
