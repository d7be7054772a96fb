"""The settings of a study: all of config.yaml, read and checked."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from sharpflow.errors import UserError
from sharpflow.workflow.settings.base import (
    FileName,
    PositiveShare,
    Section,
    Share,
    UserFileOrFolder,
)
from sharpflow.workflow.settings.cohorts import Checks, Cohorts, Phantom, Split
from sharpflow.workflow.settings.errors import explain
from sharpflow.workflow.settings.joint_scoring import VGG16, Crops, Heads
from sharpflow.workflow.settings.joints import Detector, Identification, Masks, Standardize, UNet
from sharpflow.workflow.settings.whole_image import WholeImage

Seed = Annotated[int, Field(ge=0)]
Resamples = Annotated[int, Field(ge=40)]
AtLeastTwo = Annotated[int, Field(ge=2)]


class LittleFound(Section):
    """The radiographs that are listed since little was found in them."""

    joints: Share = Field(
        description="Radiographs of which a smaller share of the joints was found and named are "
        "listed. Ours: three quarters.",
    )
    mask_from: Share = Field(
        description="Radiographs of which the U-Net's mask covers a smaller share are listed. "
        "Ours: a tenth; a limb covers a quarter to a half.",
    )
    mask_to: PositiveShare = Field(
        description="Radiographs of which the U-Net's mask covers a larger share are listed. Ours: "
        "two thirds or so; such a mask has background in it.",
    )


class Evaluation(Section):
    """What tables measure, and what is shown and listed."""

    resamples: Resamples = Field(
        description="Resamples of patients for the 95% intervals of means and errors: at least 40, "
        "as of fewer none lies outside of 95%. Recalls and balanced accuracy need none. Ours.",
    )
    overlays: Literal["unseen", "all"] = Field(
        description="`unseen`: `scores/overlays` shows the radiographs that had no part in "
        "training: those of test patients, and those from which nothing learned. `all`: every "
        "radiograph. Each says which part it had.",
    )
    little_found: LittleFound = Field(
        description="Which radiographs `tables/little_found` lists: those in which few joints were "
        "found, or whose mask is implausible.",
    )


class Calibration(Section):
    """How probabilities and intervals of new radiographs' scores are calibrated, for the bundle."""

    folds: AtLeastTwo = Field(
        description="Folds of the training and validation patients: each head is trained anew "
        "without the patients of a fold, and predicts them. At least 2. Ours.",
    )


class Rehearsal(Section):
    """How much `snakemake rehearse` rehearses."""

    steps: AtLeastTwo = Field(
        description="Steps of each training, the first of which is not timed: at least 2. Ours.",
    )
    images: AtLeastTwo = Field(
        description="Phantom images of each kind (hands, feet, both hands, children's hands); "
        "batches are filled with copies of them. At least 2. Ours.",
    )


class Study(Section):
    """All of config.yaml."""

    study: FileName = Field(
        description="Name of the study. Results go to `results/<study>`.",
    )
    seed: Seed = Field(
        description="All randomness comes from this number, the name of what is done, and the "
        "epoch.",
    )
    cohorts: Cohorts = Field(
        description="Your data. The word `phantom` in place of the section puts synthetic "
        "radiographs in place of all three cohorts (`--config cohorts=phantom`). A study has a "
        "joint cohort, a whole-image cohort, or both.",
    )
    checks: Checks = Field(
        description="What is checked before anything costly, and what happens to what is wrong.",
    )
    phantom: Phantom = Field(
        description="Synthetic radiographs, in place of a cohort or for `cohorts: joints: boxes: "
        "phantom`.",
    )
    split: Split = Field(
        description="Which patients of the joint cohort train, validate and test. Masks, U-Nets, "
        "detectors and scores all use this split.",
    )
    standardize: Standardize = Field(
        description="Radiographs of the joint cohort brought to one size and contrast: the bottom "
        "is cropped, the rest is resized and padded with black, then CLAHE (Tan et al., 2.2).",
    )
    masks: Masks = Field(
        description="Entropy masks of the limb: local entropy, Otsu's threshold, contours, flood "
        "fill (Tan et al., 2.3.1).",
    )
    unet: UNet = Field(
        description="The lightweight U-Net, one for hands, one for feet (Tan et al., 2.3.2).",
    )
    detector: Detector = Field(
        description="The joint detector, one for hands, one for feet (Tan et al., 2.3.3).",
    )
    identification: Identification = Field(
        description="Which detected joint is which (Tan et al., 2.3.3).",
    )
    crops: Crops = Field(description="Joints cut out of the masked radiographs.")
    vgg16: VGG16 = Field(
        description="VGG16's convolutions, frozen while the heads are trained (Tan et al., 2.4.3).",
    )
    heads: Heads = Field(
        description="The four ordinal heads, for narrowing and erosion of hands and feet (Tan et "
        "al., 2.4.3 to 2.4.7).",
    )
    whole_image: WholeImage = Field(
        description="Totals and severity classes from whole radiographs (Bo et al.).",
    )
    evaluation: Evaluation = Field(
        description="What the tables measure, and what is shown and listed.",
    )
    score: UserFileOrFolder | None = Field(
        description="New radiographs, which the target `score` scores with the finished study and "
        "from which nothing learns (docs/how-to/score.md): a folder, with those within, or a CSV "
        "of `file` (relative to the CSV) and, where known, `limb`, `side`, `patient`, `visit`. "
        "`phantom`: two synthetic patients, made for it. null: there are none.",
    )
    calibration: Calibration = Field(
        description="How sure a bundle's scores of new radiographs are, measured on patients that "
        "its heads did not learn from. Only `snakemake bundle` needs it.",
    )
    rehearsal: Rehearsal = Field(
        description="How much the target `rehearse` does of each costly rule, at the sizes of this "
        "study. No result depends on it.",
    )


UNSET_COHORT = """\
No cohort is set, so there is nothing to score. Either
  - name yours in a copy of profiles/own/study.yaml: cp profiles/own/study.yaml mine.yaml, then
    snakemake --cores all --configfile mine.yaml (docs/how-to/your_own_data.md); or
  - run the demo, minutes on a laptop: snakemake --workflow-profile demo (its rules:
    snakemake --list --workflow-profile demo); or
  - run the papers' sizes on synthetic radiographs: snakemake --config cohorts=phantom
    (1,468 radiographs of 1500x1200 and 17,854 of 1024x1024; not without GPUs).
If you named a profile: expected one of those in profiles/. And --configfile takes the place of the
profile's own file, so name both: --configfile profiles/demo/study.yaml mine.yaml."""


def load_study(config: Mapping[str, Any]) -> Study:
    """The checked settings of a run.

    Args:
        config: what Snakemake read: config.yaml with a profile's study or `--config` laid over it.

    Raises:
        UserError: lists every wrong key: its path, what was found, what is allowed, and for an
            unknown key the nearest right name. Also where no cohort is set.
    """
    try:
        study = Study.model_validate(dict(config))
    except ValidationError as error:
        lines = "\n".join(f"  {line}" for line in explain(error, Study))
        raise UserError(f"config.yaml, or what was laid over it, is wrong:\n{lines}") from None
    if not (study.cohorts.has_joints or study.cohorts.has_whole_image):
        raise UserError(UNSET_COHORT)
    return study
