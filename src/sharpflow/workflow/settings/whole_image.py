"""The settings of the whole-image pipeline (Bo et al.)."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from sharpflow.workflow.settings.base import (
    Count,
    NotNegative,
    Positive,
    PositiveShare,
    Section,
    Shards,
    Share,
    UserFile,
)

# Snakemake's --config gives numbers within a section as text.
Devices = Annotated[
    Literal[1, 2, 4, "auto"],
    BeforeValidator(lambda value: int(value) if str(value).isdecimal() else value),
]
SeverityClass = Annotated[int, Field(ge=0, le=9)]
ImageSize = Annotated[int, Field(ge=32, le=8192)]
Rotations = Annotated[list[Literal[0, 90, 180, 270]], Field(min_length=1)]


class ImageShards(Section):
    """Files that the images of each cohort are spread over."""

    whole_image: Shards = Field(description="Files of the whole-image cohort.")
    bone_age: Shards = Field(description="Files of the bone-age cohort.")


class ImageSplit(Section):
    """Whole radiographs to train, validate and test on: numbers of images, or shares of them."""

    train: Positive = Field(description="Images to train on. The paper: 2,700.")
    validation: Positive = Field(description="Images to validate on. The paper: 760.")
    test: Positive = Field(description="Images to test on. The paper: 358.")
    bone_age_validation: PositiveShare = Field(
        description="Share of the bone-age training set that validates, where there is no "
        "validation table. The paper has one, of 1,425 images.",
    )
    random_state: int = Field(description="Random state of the split. Ours.")

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        asked = (self.train, self.validation, self.test)
        said = f"train {self.train:g}, validation {self.validation:g} and test {self.test:g}"
        if max(asked) >= 1 and any(value % 1 for value in asked):
            raise ValueError(
                f"{said} are neither three shares nor three numbers of images: give shares that "
                "add up to 1, or whole numbers"
            )
        if max(asked) < 1 and abs(sum(asked) - 1) > 1e-6:
            raise ValueError(
                f"the shares {said} add up to {sum(asked):g}: give shares that add up to 1, or "
                "numbers of images"
            )
        return self


class Pretraining(Section):
    """What differs in training on bone age (Bo et al., 2.4)."""

    epochs: Count = Field(description="Epochs on bone age. The paper: 50.")
    learning_rate: Positive = Field(
        description="Initial learning rate on bone age. The paper: 0.001.",
    )


class Stacking(Section):
    """The linear layer over three networks (Bo et al., 2.5)."""

    members: Literal["paper", "validation"] = Field(
        description="Which networks are stacked. `paper`: the paper's three. `validation`: of each "
        "network, the transfer experiment with the lowest loss on validation images.",
    )
    fitted_on: Literal["train", "validation"] = Field(
        description="The split on which the layer is fitted. Ours: `validation`, since the "
        "networks know the training images by heart.",
    )
    epochs: Count = Field(description="Epochs of the layer. Ours.")
    learning_rate: Positive = Field(description="Initial learning rate of the layer. Ours.")


class TotalCases(Section):
    """Bounds of the totals that are explained, in score points."""

    healthy_below: Positive = Field(
        description="TN: the true total is below this, and the error small. The paper: 5.",
    )
    severe_above: Positive = Field(
        description="TP: the true total is above this, and the error small. The paper: 200.",
    )
    small_error: Positive = Field(
        description="TN and TP: the predicted total is wrong by less than this. The paper: 10.",
    )
    large_error: Positive = Field(
        description="FP and FN: the predicted total is wrong by more than this. The paper: 50.",
    )


class SeverityCases(Section):
    """Bounds of the classes that are explained."""

    healthy_up_to: SeverityClass = Field(
        description="TN: the true and the predicted class are at most this. Ours.",
    )
    severe_from: SeverityClass = Field(
        description="TP: the true and the predicted class are at least this. Ours.",
    )
    large_error: SeverityClass = Field(
        description="FP and FN: the predicted class is wrong by this or more. Ours.",
    )


class GradCam(Section):
    """Which radiographs are explained, and a rheumatologist's comments (Bo et al., 2.6)."""

    totals: TotalCases = Field(
        description="Which radiographs count as TN, TP, FP and FN among totals.",
    )
    classes: SeverityCases = Field(
        description="Which radiographs count as TN, TP, FP and FN among severity classes.",
    )
    comments: UserFile | None = Field(
        description="A CSV with the columns image_id and comment, written below the panels of "
        "Figures 3 and 5. null: there are no comments.",
    )


class WholeImage(Section):
    """Whole-image scoring (Bo et al.)."""

    size: ImageSize = Field(
        description="Side of the square that radiographs are resized to, in pixels. The paper: "
        "1024.",
    )
    contrast: Literal["none", "clahe"] = Field(
        description="`none`: grey values as they are, as in the paper. `clahe`: each radiograph's "
        "contrast is first equalised locally, for studies with too few radiographs to learn that "
        "exposure means nothing; the tables say so.",
    )
    rotations: Rotations = Field(
        description="Angles by which training radiographs are rotated, in degrees, each equally "
        "likely. The paper: all four. `[0]` suits small studies whose radiographs are all upright.",
    )
    jitter: Share = Field(
        description="Largest random change of training radiographs: of their size as a share, of "
        "their angle in radians, of their place as a share of half the side. The tables say so. "
        "The paper: 0.",
    )
    shards: ImageShards = Field(
        description="Files that the images are spread over, by a hash of their ids. `auto`: one "
        "file for each 256 images; where an added image changes that number, all are packed again.",
    )
    split: ImageSplit = Field(
        description="Numbers of images that add up to all, or shares that add up to 1. Images are "
        "split by patient where the cohort names patients; patients of the joint cohort keep their "
        "split. Patients keep theirs when others come or go; another `random_state`, or other "
        "shares, deal all anew.",
    )
    experiments: Literal["all", "core"] | list[str] = Field(
        description="Which experiments (rows of the paper's Tables 1 and 2) are trained. `all`: "
        "the paper's. `core`: those under `core`. A list: those named. What they need "
        "(pretraining, members of a stack) is added. docs/reference/experiments.md has the names.",
    )
    core: list[str] = Field(description="The experiments that `experiments: core` trains.")
    seeds: Count = Field(
        description="Seeds with which all experiments are trained, pretraining and stacks too, on "
        "the same split. Scores are the first seed's; tables show mean and standard deviation over "
        "all beside it. The paper trained once.",
    )
    epochs: Count = Field(
        description="Epochs of training. The paper: 100 for baselines. Ours: the same for "
        "transfer.",
    )
    experiment_epochs: dict[str, Count] = Field(
        description="Epochs of single experiments, by name, in place of `epochs` or of the "
        "pretraining's, as `{bone-age-resnet50: 1}`.",
    )
    pretraining: Pretraining = Field(description="Training on bone age.")
    batch_factor: Count = Field(
        description="Networks are trained in batches that are so many times the paper's 4 or 16 "
        "images; the tables say so. Processors take larger batches faster. The paper: 1.",
    )
    optimizer: Literal["SGD", "AdamW"] = Field(
        description="Optimizer of the networks. The paper: SGD. AdamW learns in fewer epochs, at "
        "another learning rate; the tables say so.",
    )
    learning_rate: Positive = Field(description="Initial learning rate. The paper: 0.001.")
    schedule: Literal["constant", "cosine"] = Field(
        description="`constant`: the learning rate stays. `cosine`: it rises over a tenth of the "
        "steps, then falls to near 0. Ours: `constant`.",
    )
    momentum: Share = Field(
        description="Momentum of SGD, of AdamW the first of its two. The paper: 0.9.",
    )
    weight_decay: NotNegative = Field(description="Weight decay. The paper: 0.001.")
    precision: Literal["float32", "bfloat16", "auto"] = Field(
        description="Number format of training steps. `auto`: bfloat16 where the hardware has it, "
        "which is faster, else float32. Predictions and validation losses are always in float32. "
        "Ours.",
    )
    channels_last: bool | Literal["auto"] = Field(
        description="Whether images lie in memory with the channels last. `auto`: what is faster "
        "on the hardware. Ours.",
    )
    compile: bool | Literal["auto"] = Field(
        description="Whether networks are compiled before training. `auto`: what is faster on the "
        "hardware. Ours.",
    )
    activation_checkpointing: bool = Field(
        description="For GPUs on which a batch does not fit. true: activations are computed again "
        "for the gradient instead of being kept, which takes a third more time for the same steps; "
        "networks are then not compiled.",
    )
    devices: Devices = Field(
        description="GPUs of one training, which share each batch; without a GPU, processes. "
        "`auto`: those that its job was given, one unless a profile gives `train_network` more.",
    )
    stacking: Stacking = Field(description="The linear layer over three networks.")
    grad_cam: GradCam = Field(description="Which test radiographs Grad-CAM shows.")

    @field_validator("experiments", mode="before")
    @classmethod
    def _some_experiments(cls, value: Any) -> Any:
        if isinstance(value, str) and value not in ("all", "core"):
            raise ValueError(
                f"found {value!r}; input should be 'all', 'core', or a list of names in brackets, "
                f"as [{value}]"
            )
        if value == []:
            raise ValueError(
                "found no name; input should be 'all', 'core', or a list of at least one name. A "
                "study without cohorts: whole_image trains none"
            )
        return value

    @model_validator(mode="after")
    def _core_has_some(self) -> Self:
        if self.experiments == "core" and not self.core:
            raise ValueError("experiments is core, but core names no experiment")
        return self

    @model_validator(mode="after")
    def _compiled_networks_keep_all(self) -> Self:
        if self.activation_checkpointing and self.compile is True:
            raise ValueError(
                "activation_checkpointing and compile exclude each other: leave compile at auto"
            )
        return self
