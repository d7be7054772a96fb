"""The settings of a study: Pydantic models of config.yaml that refuse what they don't know.

Only the Snakefile reads them; the library gets its settings as values.
"""

from sharpflow.workflow.settings.base import PerBodyPart, Section, Weights
from sharpflow.workflow.settings.cohorts import (
    BoneAgeCohort,
    Checks,
    Cohorts,
    JointCohort,
    Phantom,
    Split,
    WholeImageCohort,
    WholeImageColumns,
)
from sharpflow.workflow.settings.joint_scoring import VGG16, Crops, Heads, SyntheticJoints
from sharpflow.workflow.settings.joints import (
    Clahe,
    Detector,
    Identification,
    Masks,
    Standardize,
    UNet,
)
from sharpflow.workflow.settings.study import Evaluation, Study, load_study
from sharpflow.workflow.settings.whole_image import (
    GradCam,
    ImageShards,
    ImageSplit,
    Pretraining,
    SeverityCases,
    Stacking,
    TotalCases,
    WholeImage,
)

__all__ = [
    "VGG16",
    "BoneAgeCohort",
    "Checks",
    "Clahe",
    "Cohorts",
    "Crops",
    "Detector",
    "Evaluation",
    "GradCam",
    "Heads",
    "Identification",
    "ImageShards",
    "ImageSplit",
    "JointCohort",
    "Masks",
    "PerBodyPart",
    "Phantom",
    "Pretraining",
    "Section",
    "SeverityCases",
    "Split",
    "Stacking",
    "Standardize",
    "Study",
    "SyntheticJoints",
    "TotalCases",
    "UNet",
    "Weights",
    "WholeImage",
    "WholeImageCohort",
    "WholeImageColumns",
    "load_study",
]
