"""The settings of warnings: from where on something well formed counts as implausible."""

from typing import Annotated

from pydantic import Field

from sharpflow.workflow.settings.base import (
    Count,
    NotNegative,
    PerBodyPart,
    Positive,
    PositiveShare,
    Section,
)

Fraction = Annotated[float, Field(ge=0, le=1)]


class Warnings(Section):
    """From where on something well formed is implausible. Ours, all of them."""

    smallest_side: Count = Field(
        description="Pixels of a radiograph's longer side; smaller ones are warned of. Ours.",
    )
    least_contrast: NotNegative = Field(
        description="Grey levels, of 256, between the 1st and the 99th percentile; with less a "
        "radiograph is black or uniform. Ours.",
    )
    bright_border: PerBodyPart[Fraction] = Field(
        description="The background's place between dark (0) and bright (1); above it a radiograph "
        "may be inverted. Of a hand the negative must show the fingers too. Ours.",
    )
    least_fingers: PerBodyPart[NotNegative] = Field(
        description="By how many fingers one half of the limb must have more across it than the "
        "other (an upright hand: about 1.6); less is no hand. 0: not looked for. Ours.",
    )
    turned: PerBodyPart[NotNegative] = Field(
        description="The same downwards or to a side; more is a turned limb. Ours.",
    )
    thumb_side: NotNegative = Field(
        description="Degrees by which the gap beside the little finger may be wider than the one "
        "beside the thumb; above it the hand is of the other side, or mirrored. Ours.",
    )
    least_limb: Fraction = Field(
        description="Share of the picture that the limb must cover. Ours.",
    )
    box_overlap: PositiveShare = Field(
        description="Two boxes of a radiograph that overlap by more (intersection over union) are "
        "one joint boxed twice. Ours.",
    )
    box_size: Positive = Field(
        description="Times the median box of its radiograph by which a box may be larger, or "
        "smaller. Ours.",
    )
    pip_distance: Positive = Field(
        description="How far the PIP boxes of a hand may lie from the MCP boxes, as a share of the "
        "width of the four knuckles; further off lie DIP joints. Ours.",
    )
    boxes_on_limb: Fraction = Field(
        description="Share of a radiograph's boxes that must lie on the limb. Ours.",
    )
