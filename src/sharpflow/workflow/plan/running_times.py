"""How long each rule works, and how a rule turns that into what it asks a cluster for.

Memory and GPUs stand in each rule, beside its `threads`. What one cluster alone wants otherwise
(partitions, its longest job, fewer CPUs) is said in profiles/slurm/config.yaml; the how-to on
clusters tells where the numbers are from. A run on one machine is not held to any of this.
"""

from collections.abc import Callable
from typing import Any

from sharpflow.workflow.plan.amounts import JointAmounts, WholeImageAmounts
from sharpflow.workflow.plan.joints import JointPlan
from sharpflow.workflow.plan.paths import Wildcards
from sharpflow.workflow.plan.whole_image import WholeImagePlan
from sharpflow.workflow.settings import Study

Amount = float | Callable[[Wildcards], float]

# One job asks for no more minutes than this, however often it is tried: trainings go on where they
# were, but for the detector's, which must end in one job.
A_DAY = 24 * 60


def ask(*, gigabytes: Amount, seconds: Amount, gpus: int = 0) -> dict[str, Any]:
    """A rule's `resources`: its memory, and time for twice its work and ten minutes more.

    Each further attempt asks for as much memory and time again.

    Args:
        gigabytes: of memory.
        seconds: of work, of one CPU or, with `gpus`, of these.
        gpus: how many; 0 asks for none.
    """

    def mem_mb(wildcards: Wildcards, attempt: int) -> int:
        return attempt * round(1000 * _of(gigabytes, wildcards))

    def runtime(wildcards: Wildcards, attempt: int, threads: int) -> int:
        work = _of(seconds, wildcards) / (1 if gpus else threads)
        return round(min(attempt * (10 + 2 * work / 60), A_DAY))

    return {"mem_mb": mem_mb, "runtime": runtime} | ({"gpu": gpus} if gpus else {})


def _of(amount: Amount, wildcards: Wildcards) -> float:
    return amount(wildcards) if callable(amount) else amount


class JointWork:
    """Seconds of work of the joint pipeline's rules: of one CPU, or of one GPU (a V100, float32).

    Measured at the papers' sizes, times how much more, or less, this study wants.
    """

    def __init__(self, plan: JointPlan) -> None:
        """`plan`: of the study whose rules ask."""
        self.plan = plan
        self.counts, self.amounts = plan.counts, JointAmounts(plan)
        study = plan.study
        self.study = study
        # Relative to the paper's sizes.
        self.radiograph = study.standardize.height * study.standardize.width / (1500 * 1200)
        self.crop = (study.crops.size / 64) ** 2

    @property
    def make_phantom(self) -> float:
        """All radiographs of a synthetic cohort."""
        phantom = self.study.phantom
        radiographs = 2 * len(self.plan.body_parts) * phantom.patients * phantom.visits
        return radiographs * 0.3 * (phantom.radiograph_height / 1600) ** 2

    def standardize(self, wildcards: Wildcards) -> float:
        """A shard's radiographs."""
        return self._in_shard(wildcards) * self.radiograph * 0.03

    def entropy_masks(self, wildcards: Wildcards) -> float:
        """A shard's radiographs."""
        return self._in_shard(wildcards) * self.radiograph * 0.25

    def train_unet(self, wildcards: Wildcards) -> float:
        """All epochs, on a GPU."""
        unet = self.study.unet
        step = 0.013 * unet.height * unet.width * unet.filters**2 / (512 * 416 * 16**2)
        return self.amounts.unet_images(wildcards) * step

    def segment(self, wildcards: Wildcards) -> float:
        """A shard's radiographs, on a GPU."""
        return self._in_shard(wildcards) * 0.1

    @property
    def train_detector(self) -> float:
        """All batches, on a GPU."""
        return self.amounts.detector_images * 0.02 * (self.study.detector.image_size / 416) ** 2

    def detect_joints(self, wildcards: Wildcards) -> float:
        """A body part's radiographs, on a GPU."""
        return self.counts.job_radiographs(wildcards) * 0.1

    def locate_true_joints(self, wildcards: Wildcards) -> float:
        """A body part's radiographs."""
        return self.counts.job_radiographs(wildcards) * 0.01

    def crop_joints(self, wildcards: Wildcards) -> float:
        """A body part's radiographs."""
        return self.counts.job_radiographs(wildcards) * self.radiograph * 0.05

    @property
    def make_synthetic_joints(self) -> float:
        """One body part's joints."""
        return self.study.vgg16.synthetic_joints.joints * 0.02

    @property
    def train_base(self) -> float:
        """All epochs, on a GPU."""
        return self.amounts.base_joints * self.crop * 0.002

    def extract_features(self, wildcards: Wildcards) -> float:
        """A body part's crops, on a GPU."""
        return self.counts.job_radiographs(wildcards) * self.crop * 0.02

    @property
    def train_head(self) -> float:
        """All epochs with all seeds."""
        return self.amounts.head_epochs

    @property
    def predict_out_of_fold(self) -> float:
        """All epochs of each fold of each head."""
        return len(self.plan.models) * self.study.calibration.folds * self.study.heads.epochs

    @property
    def label_radiographs(self) -> float:
        """All radiographs, if all are asked for."""
        return self.counts.cohort("joints") * self.radiograph * 0.3

    def _in_shard(self, wildcards: Wildcards) -> float:
        return self.counts.job_radiographs(wildcards) / self.counts.job_shards(wildcards)


# Seconds of a GPU for one image of 1024 pixels in training, forth and back.
TRAIN_IMAGE = {"resnet50": 0.066, "resnetdwise50": 0.066, "resnet34": 0.055, "mobilenetv2": 0.04}


class WholeImageWork:
    """The same of the whole-image pipeline's rules, and the memory that its images take."""

    def __init__(self, plan: WholeImagePlan) -> None:
        """`plan`: of the study whose rules ask."""
        self.plan = plan
        self.amounts = WholeImageAmounts(plan)
        self.study: Study = plan.study
        devices = plan.study.whole_image.devices
        self.gpus = 1 if devices == "auto" else devices

    @property
    def make_whole_image_phantom(self) -> float:
        """All radiographs of both hands."""
        phantom = self.study.phantom
        return phantom.whole_image_patients * 0.7 * (phantom.whole_image_height / 1600) ** 2

    @property
    def make_bone_age_phantom(self) -> float:
        """All radiographs of children's hands."""
        phantom = self.study.phantom
        return phantom.children * 0.3 * (phantom.child_radiograph_height / 1600) ** 2

    def packed_gigabytes(self, cohort: str) -> float:
        """A cohort's packed images: read once an epoch, they stay in memory if they can."""
        return self.plan.images.count_images(cohort) * self.study.whole_image.size**2 / 1e9

    def measure_memory(self, wildcards: Wildcards) -> float:
        """Gigabytes that statistics of a cohort take."""
        return 2 + self.packed_gigabytes(wildcards.images)

    def measure(self, wildcards: Wildcards) -> float:
        """Statistics of a cohort's pixels."""
        return 10 * self.packed_gigabytes(wildcards.images)

    def training_memory(self, wildcards: Wildcards) -> float:
        """Gigabytes that a training takes."""
        return 6 + self.packed_gigabytes(self.plan.networks[wildcards.network].cohort)

    def train_network(self, wildcards: Wildcards) -> float:
        """All epochs of a training, on its GPUs."""
        seconds = TRAIN_IMAGE[self.plan.networks[wildcards.network].network]
        seconds *= (self.study.whole_image.size / 1024) ** 2 / self.gpus
        return float(self.amounts.network_images(wildcards) * seconds)
