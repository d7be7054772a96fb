"""The pages that a study makes for its report, and what they are made from."""

from collections.abc import Sequence

from sharpflow.workflow.plan.checks import OWN, Checks
from sharpflow.workflow.plan.image_cohorts import UNSCORED
from sharpflow.workflow.plan.joints import JointPlan
from sharpflow.workflow.plan.whole_image import WholeImagePlan


class PagesPlan:
    """The pages on the whole study.

    Attributes:
        cohorts: the study's, by the names of their folders; those of the joint pipeline first.
    """

    def __init__(
        self, joints: JointPlan | None, whole_image: WholeImagePlan | None, checks: Checks
    ) -> None:
        """The study's pipelines, and which of its cohorts the user brought."""
        self._joints, self._whole_image = joints, whole_image
        self._images = whole_image.images if whole_image else None
        self._own = checks.cohorts[OWN]
        self._of_joints = sorted(joints.cohorts, reverse=True) if joints else []
        self.cohorts: list[str] = [*self._of_joints, *(whole_image.cohorts if whole_image else [])]

    @property
    def files(self) -> list[str]:
        """The pages."""
        names = ("checklists", "cohorts", "cost")
        return [f"<results>/report/{name}.html" for name in names]

    def of_cohorts(self, name: str, cohorts: Sequence[str] | None = None) -> list[str]:
        """A file of each cohort, or of some."""
        chosen = self.cohorts if cohorts is None else cohorts
        return [f"<results>/cohort/{cohort}/{name}" for cohort in chosen]

    @property
    def image_tables(self) -> list[str]:
        """What is known of each image, in cohorts of whole images."""
        whole = [cohort for cohort in self.cohorts if cohort not in self._of_joints]
        return self.of_cohorts("images.csv", whole)

    @property
    def tables(self) -> list[str]:
        """The tables that the reporting checklists quote."""
        names = ["little_found"] if self._joints else []
        names += ["joint_scoring"] if self._joints and self._joints.has_scores else []
        names += ["whole_regression", "whole_severity"] if self._whole_image else []
        return [f"<results>/tables/{name}.csv" for name in names]

    @property
    def networks(self) -> list[str]:
        """The networks that are trained on whole radiographs."""
        return list(self._whole_image.networks) if self._whole_image else []

    @property
    def warnings(self) -> list[str]:
        """What is implausible in the user's own cohorts."""
        return self.of_cohorts("warnings.csv", self._own)

    @property
    def data(self) -> list[str]:
        """What tables say that each cohort's data are."""
        names = []
        for cohort in self.cohorts:
            own = self._joints if cohort in self._of_joints else self._images
            names.append(own.data_name(cohort) if own else "")
        return names

    @property
    def counts(self) -> list[int]:
        """How many radiographs each cohort has."""
        return [
            self._joints.counts.cohort(cohort)
            if self._joints and cohort in self._of_joints
            else self._images.count_images(cohort)
            if self._images
            else 0
            for cohort in self.cohorts
        ]

    @property
    def unscored(self) -> int:
        """How many radiographs nobody has scored."""
        of_joints = len(self._joints.unscored.radiographs) if self._joints else 0
        of_images = self._images.count_images(UNSCORED) if self._images else 0
        return of_joints + of_images
