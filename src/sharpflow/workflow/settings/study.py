"""The settings of a study: all of config.yaml, read and checked."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from sharpflow.errors import UserError
from sharpflow.workflow.settings.base import Count, FileName, Section
from sharpflow.workflow.settings.cohorts import Checks, Cohorts, Phantom, Split
from sharpflow.workflow.settings.errors import explain
from sharpflow.workflow.settings.joint_scoring import VGG16, Crops, Heads
from sharpflow.workflow.settings.joints import Detector, Identification, Masks, Standardize, UNet
from sharpflow.workflow.settings.whole_image import WholeImage


class Evaluation(Section):
    """Confidence intervals by patient bootstrap."""

    resamples: Count


class Study(Section):
    """All of config.yaml."""

    study: FileName
    seed: Annotated[int, Field(ge=0)]
    cohorts: Cohorts
    checks: Checks
    phantom: Phantom
    split: Split
    standardize: Standardize
    masks: Masks
    unet: UNet
    detector: Detector
    identification: Identification
    crops: Crops
    vgg16: VGG16
    heads: Heads
    whole_image: WholeImage
    evaluation: Evaluation


UNSET_COHORT = """\
No cohort is set, so there is nothing to score. Either
  - point config.yaml at yours: cohorts: joints: radiographs, scores and boxes, or cohorts:
    whole_image: table and images; or
  - run the demo, minutes on a laptop: snakemake --workflow-profile demo; or
  - run the papers' sizes on synthetic radiographs: snakemake --config cohorts=phantom
    (1,468 radiographs of 1500x1200 and 17,854 of 1024x1024; not without GPUs)."""


def load_study(config: Mapping[str, Any]) -> Study:
    """The checked settings of a run.

    Raises UserError that lists every wrong key: its path, what was found, what is allowed,
    and for an unknown key the nearest right name.
    """
    try:
        study = Study.model_validate(dict(config))
    except ValidationError as error:
        lines = "\n".join(f"  {line}" for line in explain(error, Study))
        raise UserError(f"config.yaml, or what was laid over it, is wrong:\n{lines}") from None
    if not (study.cohorts.has_joints or study.cohorts.has_whole_image):
        raise UserError(UNSET_COHORT)
    return study
