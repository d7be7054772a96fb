"""How much the costly rules work off over a whole study: radiographs, joints, epochs."""

from sharpflow.workflow.plan.joints import JointPlan
from sharpflow.workflow.plan.paths import Wildcards
from sharpflow.workflow.plan.whole_image import WholeImagePlan


class JointAmounts:
    """Those of the joint pipeline's rules."""

    def __init__(self, plan: JointPlan) -> None:
        """`plan`: of the study."""
        self.plan, self.study = plan, plan.study

    def unet_images(self, wildcards: Wildcards) -> int:
        """Radiographs that a body part's U-Net sees: all, as if all were trained on."""
        return self.study.unet.epochs * self.plan.counts.job_radiographs(wildcards)

    @property
    def detector_images(self) -> int:
        """Radiographs that a detector sees."""
        return self.study.detector.max_batches * self.study.detector.batch

    @property
    def base_joints(self) -> int:
        """Synthetic joints that the base sees."""
        base = self.study.vgg16.synthetic_joints
        return base.epochs * base.joints * len(self.plan.body_parts)

    @property
    def head_epochs(self) -> int:
        """Epochs of a head, with all seeds."""
        return self.study.heads.seeds * self.study.heads.epochs


class WholeImageAmounts:
    """Those of the whole-image pipeline's."""

    def __init__(self, plan: WholeImagePlan) -> None:
        """`plan`: of the study."""
        self.plan = plan

    def network_images(self, wildcards: Wildcards) -> int:
        """Images that a network sees: all of its cohort, as if all were trained on."""
        network = self.plan.networks[wildcards.network]
        epochs: int = self.plan.training_settings(wildcards)["epochs"]
        return self.plan.images.count_images(network.cohort) * epochs

    @property
    def test_images(self) -> int:
        """Images of the test split."""
        asked = self.plan.study.whole_image.split.test
        return round(asked * (self.plan.images.count_images("whole_image") if asked < 1 else 1))
