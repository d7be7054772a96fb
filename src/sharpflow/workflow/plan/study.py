"""The plan of a study: its pipelines, and what they share."""

from collections.abc import Mapping
from typing import Any

from sharpflow.cohorts.near_ids import near_ids
from sharpflow.errors import UserError, first_of
from sharpflow.workflow.plan.bundle import BundlePlan
from sharpflow.workflow.plan.checks import OWN, Checks
from sharpflow.workflow.plan.joints import JointPlan
from sharpflow.workflow.plan.new_radiographs import NewRadiographs
from sharpflow.workflow.plan.pages import PagesPlan
from sharpflow.workflow.plan.paths import (
    Wildcards,
    figure_files,
    problem_files,
    table_files,
)
from sharpflow.workflow.plan.published import (
    Published,
    published_of_joints,
    published_of_whole_images,
)
from sharpflow.workflow.plan.whole_image import WholeImagePlan
from sharpflow.workflow.settings import Study, load_study

NO_PIPELINE = (
    "this study has no {} pipeline, since config.yaml, or what is laid over it, sets no "
    "cohorts: {}. Name the cohort there, or ask for another target."
)


NO_BUNDLE = (
    "this study trains no network that scores radiographs, so there is nothing to bundle: its "
    "radiographs have no scores. Set cohorts: joints: scores, or ask for another target."
)


class StudyPlan:
    """What a study has and makes.

    Attributes:
        joints: the joint pipeline's plan; None where the study has no such cohort.
        whole_image: the whole-image pipeline's, likewise.
        checks: which cohorts are checked before what.
        shares_patients: whether one name in both cohorts is one person, who keeps one split: both
            cohorts are the user's own, or both synthetic.
        compares: whether both pipelines can be compared on these patients.
        pages: the pages on the whole study, for its report.
        bundle: what its bundle is made from.
        new_radiographs: what it scores when it is finished.
    """

    def __init__(self, study: Study) -> None:
        """`study`: the checked settings."""
        self.study = study
        self.joints = JointPlan(study) if study.cohorts.has_joints else None
        self.whole_image = WholeImagePlan(study) if study.cohorts.has_whole_image else None
        self.shares_patients = self.compares = False
        if self.joints and self.whole_image:
            is_synthetic = self.whole_image.images.is_synthetic()
            self.shares_patients = self.joints.has_truth == is_synthetic
            self.compares = (
                self.shares_patients
                and self.joints.has_totals
                and self.whole_image.compared is not None
            )
        self.checks = Checks(
            {
                name: pipeline.cohorts
                for name, pipeline in (("joints", self.joints), ("whole_image", self.whole_image))
                if pipeline
            },
            self._synthetic(),
        )
        self.pages = PagesPlan(self.joints, self.whole_image, self.checks)
        self.bundle = BundlePlan(self.joints, self.whole_image, compares=self.compares)
        self.new_radiographs = NewRadiographs(study)

    @property
    def results(self) -> str:
        """The study's folder of results, for params, where Snakemake fills in no <results>."""
        return f"results/{self.study.study}"

    @property
    def warnings(self) -> list[str]:
        """What is implausible in the settings, though it can be run."""
        return [text for plan in (self.joints, self.whole_image) if plan for text in plan.warnings]

    def tables(self) -> list[str]:
        """Every table of the study."""
        names = [name for published in self._published() for name in published.tables]
        return table_files([*names, *self._of_both()])

    def figures(self) -> list[str]:
        """Every figure of the study."""
        names = [name for published in self._published() for name in published.figures]
        return figure_files([*names, *self._of_both()])

    def joint_results(self, wildcards: Wildcards | None = None) -> list[str]:
        """All that the joint pipeline makes alone, as an input function too.

        Raises:
            UserError: the study has no joint cohort.
        """
        if not self.joints:
            raise UserError(NO_PIPELINE.format("joint", "joints"))
        return published_of_joints(self.joints).files

    def whole_image_results(self, wildcards: Wildcards | None = None) -> list[str]:
        """All that the whole-image pipeline makes alone, as an input function too.

        Raises:
            UserError: the study has no cohort of whole images.
        """
        if not self.whole_image:
            raise UserError(NO_PIPELINE.format("whole-image", "whole_image"))
        return published_of_whole_images(self.whole_image).files

    def bundle_results(self, wildcards: Wildcards | None = None) -> list[str]:
        """The study's bundle, as an input function too.

        Raises:
            UserError: the study has no network that scores radiographs.
        """
        if not self.bundle:
            raise UserError(NO_BUNDLE)
        return [f"<results>/bundle/{self.study.study}.sharpflow"]

    def score_results(self, wildcards: Wildcards | None = None) -> list[str]:
        """The folder with the scores of new radiographs, as an input function too.

        Raises:
            UserError: there are no such radiographs, or nothing to score them with.
        """
        if not self.bundle:
            raise UserError(NO_BUNDLE)
        folder = self.new_radiographs.folder
        assert self.new_radiographs.count  # what is wrong with them is said before anything is run
        return [folder]

    def all_results(self) -> list[str]:
        """All that the study makes."""
        scored = [self.new_radiographs.folder] if self.bundle and self.new_radiographs.given else []
        return [*self.measured_results(), *self.pages.files, *scored]

    def measured_results(self) -> list[str]:
        """All that the study makes, without the pages on the whole study."""
        return [
            *self.problems("joints", "whole_image"),
            *(self.joint_results() if self.joints else []),
            *(self.whole_image_results() if self.whole_image else []),
            *self.tables(),
            *self.figures(),
        ]

    def problems(self, *pipelines: str) -> list[str]:
        """What is wrong with the cohorts of these pipelines, which a target lists too.

        With the warnings of the user's own cohorts.
        """
        return [*self.problem_lists(*pipelines), *self.checks.warning_sheets()]

    def problem_lists(self, *pipelines: str) -> list[str]:
        """The tables of these problems alone."""
        return problem_files(self.checks.before(*pipelines))

    def check_results(self) -> list[str]:
        """The check of what the user brought; of the synthetic cohorts only where that is nothing.

        Synthetic cohorts take long to make and are right.
        """
        pipelines = () if self.checks.cohorts[OWN] else ("joints", "whole_image")
        return [*self.problems(*pipelines), *self.checks.passed(*pipelines)]

    def own_patients(self) -> dict[str, dict[str, list[str]]]:
        """The patients of each cohort of the user's own that names them, and where it does."""
        patients: dict[str, dict[str, list[str]]] = {}
        if self.joints and self.joints.own:
            patients["joints"] = self.joints.own_patients
        if self.whole_image and self.whole_image.images.own_patients:
            patients["whole_image"] = self.whole_image.images.own_patients
        return patients

    def near_ids(self, wildcards: Wildcards) -> list[dict[str, list[str]]]:
        """Groups of the user's patients that may mean one person.

        id -> the file that names it, and where in it.

        For the check of a cohort, the wildcard `cohort` or `images`. A group of several cohorts is
        of the first of them.
        """
        if self.study.checks.near_ids == "accept":
            return []
        cohort = getattr(wildcards, "cohort", "") or wildcards.images
        patients = self.own_patients()
        first = {p: name for name, named in reversed(patients.items()) for p in named}
        groups = [group for group in near_ids(patients) if cohort in map(first.get, group)]
        if cohort != next(iter(patients), ""):
            groups = [group for group in groups if {first[p] for p in group} == {cohort}]
        return [
            {p: [self._names_patients(first[p]), first_of(patients[first[p]][p])] for p in group}
            for group in groups
        ]

    def _names_patients(self, cohort: str) -> str:
        """The file or folder that names a cohort's patients."""
        if cohort == "joints" and self.joints and self.joints.own:
            return str(self.joints.own.radiographs)
        return str(self.whole_image.images.source(cohort)["table"]) if self.whole_image else ""

    def split_of_images(self, wildcards: Wildcards) -> dict[str, Any]:
        """How a cohort of whole images will be split; nothing if the joints' decides too."""
        if not self.whole_image or (wildcards.images == "whole_image" and self.shares_patients):
            return {}
        return self.study.whole_image.split.model_dump()

    def shared_patients(self) -> str:
        """How many patients both of the user's cohorts have, in words; empty for fewer cohorts."""
        patients = list(self.own_patients().values())
        if len(patients) < 2:
            return ""
        first, second = patients
        return (
            f"{len(first.keys() & second.keys())} patients are in both cohorts, of {len(first)} "
            f"with radiographs of joints and {len(second)} with whole images."
        )

    def _published(self) -> list[Published]:
        joints = [published_of_joints(self.joints)] if self.joints else []
        whole = [published_of_whole_images(self.whole_image)] if self.whole_image else []
        return joints + whole

    def _of_both(self) -> list[str]:
        """Asked for with all tables and figures, not with one pipeline's."""
        return ["pipelines"] if self.compares else []

    def _synthetic(self) -> set[str]:
        names = set(self.joints.synthetic) if self.joints else set()
        if self.whole_image:
            images = self.whole_image.images
            names |= {c for c in self.whole_image.cohorts if images.is_synthetic(c)}
        return names


def plan_study(config: Mapping[str, Any]) -> StudyPlan:
    """The plan of a config.

    Raises:
        UserError: the config is wrong; the message lists every wrong key.
    """
    return StudyPlan(load_study(config))
