"""What the plan of a study asks of the split of its patients."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sharpflow.cohorts.own_split import read_own_split, split_patients_of
from sharpflow.cohorts.radiographs import Radiograph
from sharpflow.cohorts.split_sizes import few_tested, split_sizes
from sharpflow.errors import UserError
from sharpflow.workflow.plan.problems import warn_of_problems
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


def warn_of_own_split(
    table: str | None, scored: Sequence[Radiograph], unscored: Sequence[Radiograph]
) -> list[str]:
    """A warning where something is wrong with the user's own split, which the check will list.

    Args:
        table: the split, if there is one. A file that is not there is refused elsewhere.
        scored: radiographs of the patients who are split.
        unscored: radiographs that nobody has scored.
    """
    if not table or not scored or not Path(table).is_file():
        return []
    visits = {(radiograph.patient, radiograph.visit) for radiograph in unscored}
    problems = read_own_split(table, *split_patients_of([*scored, *unscored], visits)).problems
    return warn_of_problems("split.table", problems)
