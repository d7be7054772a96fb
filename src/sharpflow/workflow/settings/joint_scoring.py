"""The settings of the joint scores: crops, VGG16 and the ordinal heads (Tan et al.)."""

from typing import Annotated, Literal

from pydantic import Field

from sharpflow.workflow.settings.base import (
    Count,
    Positive,
    PositiveShare,
    Section,
    Share,
    Weights,
)

CropSize = Annotated[int, Field(ge=32, le=1024)]
Margin = Annotated[float, Field(ge=0, le=10)]


class Crops(Section):
    """Joints cut out of radiographs."""

    size: CropSize = Field(description="Side of the square crop, in pixels. Ours.")
    margin: Margin = Field(
        description="Margin around the joint's box, as a share of its longer side. Ours.",
    )
    jitter: Share = Field(
        description="Standard deviation of the random shift and resizing of training boxes, as a "
        "share of the box, so that they are as uncertain as detected boxes. Ours.",
    )


class SyntheticJoints(Section):
    """Training of the VGG16 base on synthetic joints, where no ImageNet weights are given."""

    joints: Count = Field(description="Synthetic joints of each body part.")
    validation: PositiveShare = Field(
        description="Share of them that is held out to choose the epoch.",
    )
    epochs: Count = Field(description="Epochs of training.")
    batch: Count = Field(description="Joints in a training step.")
    learning_rate: Positive = Field(
        description="Highest learning rate of Adam, which rises over a tenth of the training and "
        "falls to 0.",
    )
    precision: Literal["float32", "bfloat16", "auto"] = Field(
        description="Number format of the training steps. `auto`: bfloat16 where the hardware has "
        "it, which is faster, else float32.",
    )


class VGG16(Section):
    """The convolutional base (Tan et al., 2.4.3)."""

    weights: Literal["download", "none"] | Weights = Field(
        description="The weights of the convolutions. `download`: ImageNet's, as in the paper. "
        "`none`: the base first learns on synthetic joints, and every table says so. A section: a "
        "local file.",
    )
    synthetic_joints: SyntheticJoints = Field(
        description="Training of the base on synthetic joints, only with `weights: none`. Ours.",
    )


class Heads(Section):
    """The four ordinal heads (Tan et al., 2.4.3-2.4.7)."""

    epochs: Count = Field(description="Epochs of training. The paper: 250.")
    batch: Count = Field(description="Joints in a training step. Ours.")
    learning_rate: Positive = Field(description="Learning rate of Adam. The paper: 1e-4.")
    keep: Literal["best", "last"] = Field(
        description="Which weights are kept. `last`: those of the last epochs. `best`: those of "
        "the epoch with the lowest loss of validation joints, each score weighing the same. Ours: "
        "`last`, since a small study has too few validation joints.",
    )
    averaged_share: Share = Field(
        description="With `keep: last`, the mean of the weights over this last share of the epochs "
        "is kept; 0: the last epoch's alone. Ours.",
    )
    dropout: Share = Field(
        description="Share of a hidden layer's units that are left out at a time in training; 0: "
        "none. Ours: a half, as between the dense layers of the original VGG16.",
    )
    seeds: Count = Field(
        description="Seeds with which each head is trained. Scores are the first seed's; tables "
        "show mean and standard deviation over all beside it. Ours; the paper trained once.",
    )
