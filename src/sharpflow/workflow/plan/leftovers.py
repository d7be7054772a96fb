"""Results of radiographs that are no longer in the study: shards that the plan does not make.

Who removes radiographs, or no longer has any without scores, would else keep their pixels and
scores among the results. Trained models stay, whatever they were trained on.
"""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from sharpflow.anatomy import BodyPart
from sharpflow.workflow.plan.image_cohorts import UNSCORED as UNSCORED_IMAGES
from sharpflow.workflow.plan.joints import JointPlan
from sharpflow.workflow.plan.paths import shard_names
from sharpflow.workflow.plan.unscored import UNSCORED
from sharpflow.workflow.plan.whole_image import WholeImagePlan

COHORTS = ("joints", "boxed", UNSCORED)
_OF_COHORT = ("cohort/{}/radiographs", "cohort/{}/appearance", "standardized/{}")
_OF_SCORED = ("masks/entropy", "masks/quality", "masks/unet")
# What there is only with radiographs that nobody has scored.
_JOINTS_UNSCORED = ("unscored/detection", "unscored/crops", "unscored/features")
_JOINT_SCORES = ("joints.csv", "totals.csv", "radiographs.csv", "little_found.*", "overlays/*")


def leftovers_of_joints(plan: JointPlan, results: Path) -> Iterator[Path]:
    """Files of the joint pipeline that hold radiographs and that the study does not make."""
    for part in BodyPart:
        for cohort in COHORTS:
            names = _shards(plan, cohort, part)
            folders = [folder.format(cohort) for folder in _OF_COHORT]
            folders += _OF_SCORED if cohort == "joints" else ()
            folders += ["unscored/masks"] if cohort == UNSCORED else ()
            for folder in folders:
                yield from _others(results.joinpath(folder, part).glob("*.*"), names)
        names = [f"{part}-{shard}" for shard in _shards(plan, "joints", part)]
        yield from _others((results / "masks/sheets").glob(f"{part}-*.png"), names)
    if not plan.unscored:
        for folder in _JOINTS_UNSCORED:
            yield from results.joinpath(folder).rglob("*.*")
        for name in _JOINT_SCORES:
            yield from (results / "scores/unscored").glob(name)


def leftovers_of_whole_images(plan: WholeImagePlan, results: Path) -> Iterator[Path]:
    """The same of the whole-image pipeline."""
    for cohort in plan.cohorts:
        names = shard_names(plan.images.count_shards_of(cohort))
        yield from _others((results / "packed" / cohort).glob("[0-9]*.*"), names)
    names = [Path(path).name for path in plan.images.unscored("")]
    yield from _others((results / "packed" / UNSCORED_IMAGES).glob("*.*"), names)
    if not names:
        yield from (results / "scores/unscored").glob("whole_images.csv")
        yield from (results / "whole_image").glob("*/unscored.csv")


def _others(files: Iterable[Path], names: Collection[str]) -> Iterator[Path]:
    """The files of other shards than these."""
    for file in files:
        shard = file.name.partition(".")[0].removesuffix("-unet")
        if shard not in names and not file.name.startswith("."):
            yield file


def _shards(plan: JointPlan, cohort: str, part: BodyPart) -> list[str]:
    """The shards of a body part that a cohort has; none where it has no radiographs."""
    if cohort == UNSCORED:
        return [Path(path).name for path in plan.unscored.every_shard("{shard}", [part])]
    if cohort not in plan.cohorts or part not in plan.body_parts:
        return []
    return shard_names(plan.counts.shards(cohort, part))
