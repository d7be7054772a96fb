"""The settings of the joint pipeline, as far as named joints (Tan et al.)."""

from typing import Annotated, Literal

from pydantic import Field

from sharpflow.workflow.settings.base import (
    Count,
    PerBodyPart,
    Positive,
    PositiveShare,
    Section,
    Share,
    Weights,
)


class Clahe(Section):
    """Contrast-limited adaptive histogram equalisation."""

    clip_limit: Positive
    grid: Count


class Standardize(Section):
    """Radiographs brought to one size and contrast (Tan et al., 2.2)."""

    height: Count
    width: Count
    crop_bottom: PerBodyPart[Share]
    clahe: Clahe
    shards: PerBodyPart[Count]


class Masks(Section):
    """Masks by entropy, and which of them are good (Tan et al., 2.3.1)."""

    window: Count
    smallest_share: Share
    cut_padding: bool
    largest_only: bool
    shrink: Share
    good_quality: PositiveShare
    overrides: str | None


class UNet(Section):
    """The lightweight U-Net (Tan et al., 2.3.2)."""

    height: Count
    width: Count
    filters: Count
    kernels: list[Count]
    epochs: Count
    batch: Count
    learning_rate: Positive
    patience: Count
    flip: bool
    brightness: Share


class Detector(Section):
    """YOLOv3 (Tan et al., 2.3.3)."""

    model: Literal["yolov3", "yolov3-spp", "yolov3-tiny", "yolov3-tiny-3l"]
    weights: Literal["download", "none"] | Weights
    image_size: Annotated[int, Field(gt=0, multiple_of=32)]
    view: Literal["limb", "radiograph"]
    batch: Count
    max_batches: Count
    optimizer: Literal["SGD", "Adam", "AdamW"]
    learning_rate: Positive
    precision: Literal["float32", "bfloat16", "auto"]
    confidence: PositiveShare


class Identification(Section):
    """Which joint is which (Tan et al., 2.3.3)."""

    rule: Literal["paper", "template"]
    mirrored_share: Annotated[float, Field(ge=0, lt=1)]
