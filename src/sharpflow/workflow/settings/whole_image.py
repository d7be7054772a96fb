"""The settings of the whole-image pipeline (Bo et al.)."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sharpflow.workflow.settings.base import (
    Count,
    NotNegative,
    Positive,
    PositiveShare,
    Section,
    Share,
)

# Snakemake's --config gives numbers within a section as text.
Devices = Annotated[
    Literal[1, 2, 4, "auto"],
    BeforeValidator(lambda value: int(value) if str(value).isdecimal() else value),
]
SeverityClass = Annotated[int, Field(ge=0, le=9)]


class ImageShards(Section):
    """Files that the images of each cohort are spread over."""

    whole_image: Count
    bone_age: Count


class ImageSplit(Section):
    """Whole radiographs to train, validate and test on: numbers of images, or shares of them."""

    train: Positive
    validation: Positive
    test: Positive
    bone_age_validation: PositiveShare
    random_state: int

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        asked = (self.train, self.validation, self.test)
        if max(asked) < 1 and abs(sum(asked) - 1) > 1e-6:
            raise ValueError(
                f"the shares train {self.train:g}, validation {self.validation:g} and test "
                f"{self.test:g} add up to {sum(asked):g}: give shares that add up to 1, or numbers "
                "of images"
            )
        return self


class Pretraining(Section):
    """What of the training is other for bone age (Bo et al., 2.4)."""

    epochs: Count
    learning_rate: Positive


class Stacking(Section):
    """The linear layer over three networks (Bo et al., 2.5)."""

    members: Literal["paper", "validation"]
    fitted_on: Literal["train", "validation"]
    epochs: Count
    learning_rate: Positive


class SeverityCases(Section):
    """Bounds of the classes that are explained."""

    healthy_up_to: SeverityClass
    severe_from: SeverityClass
    large_error: SeverityClass


class GradCam(Section):
    """Which radiographs are explained, and a rheumatologist's comments (Bo et al., 2.6)."""

    classes: SeverityCases
    comments: str | None


class WholeImage(Section):
    """Whole-image scoring (Bo et al.)."""

    size: Annotated[int, Field(ge=32)]
    contrast: Literal["none", "clahe"]
    rotations: Annotated[list[Literal[0, 90, 180, 270]], Field(min_length=1)]
    shards: ImageShards
    split: ImageSplit
    experiments: Literal["all", "core"] | list[str]
    core: list[str]
    seeds: Count
    epochs: Count
    experiment_epochs: dict[str, Count]
    pretraining: Pretraining
    learning_rate: Positive
    schedule: Literal["constant", "cosine"]
    momentum: Share
    weight_decay: NotNegative
    precision: Literal["float32", "bfloat16", "auto"]
    channels_last: bool | Literal["auto"]
    compile: bool | Literal["auto"]
    activation_checkpointing: bool
    devices: Devices
    stacking: Stacking
    grad_cam: GradCam

    @model_validator(mode="after")
    def _compiled_networks_keep_all(self) -> Self:
        if self.activation_checkpointing and self.compile is True:
            raise ValueError(
                "activation_checkpointing and compile exclude each other: leave compile at auto"
            )
        return self
