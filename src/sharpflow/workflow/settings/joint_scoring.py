"""The settings of the joint scores: crops, VGG16 and the ordinal heads (Tan et al.)."""

from typing import Annotated, Literal

from pydantic import Field

from sharpflow.workflow.settings.base import (
    Count,
    NotNegative,
    Positive,
    PositiveShare,
    Section,
    Share,
    Weights,
)


class Crops(Section):
    """Joints cut out of radiographs."""

    size: Annotated[int, Field(ge=32)]
    margin: NotNegative
    jitter: Share


class SyntheticJoints(Section):
    """Training of the VGG16 base on synthetic joints, where no ImageNet weights are given."""

    joints: Count
    validation: PositiveShare
    epochs: Count
    batch: Count
    learning_rate: Positive
    precision: Literal["float32", "bfloat16", "auto"]


class VGG16(Section):
    """The convolutional base (Tan et al., 2.4.3)."""

    weights: Literal["download", "none"] | Weights
    synthetic_joints: SyntheticJoints


class Heads(Section):
    """The four ordinal heads (Tan et al., 2.4.3-2.4.7)."""

    epochs: Count
    batch: Count
    learning_rate: Positive
    keep: Literal["best", "last"]
    averaged_share: Share
    dropout: Share
    seeds: Count
