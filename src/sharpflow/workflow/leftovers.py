"""Removes results of radiographs that are no longer in the study, after a run that succeeded."""

from pathlib import Path

from sharpflow.workflow.by_content import RECORDS
from sharpflow.workflow.plan.leftovers import leftovers_of_joints, leftovers_of_whole_images
from sharpflow.workflow.plan.study import StudyPlan


def remove_leftovers(plan: StudyPlan, folder: str | Path = ".") -> list[Path]:
    """Remove them, with their records; the files that are gone.

    Args:
        plan: of the study. That its cohorts can be read is checked before, by the run.
        folder: in which the run works.
    """
    results = Path(folder) / plan.results
    found: list[Path] = []
    if plan.joints:
        found += leftovers_of_joints(plan.joints, results)
    if plan.whole_image:
        found += leftovers_of_whole_images(plan.whole_image, results)
    files = sorted({path for path in found if path.is_file()})
    for path in files:
        path.unlink()
        record = results / RECORDS / path.relative_to(results)
        record.with_name(f"{record.name}.json").unlink(missing_ok=True)
    for parent in {path.parent for path in files}:
        if parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
    return files
