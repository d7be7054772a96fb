"""The settings of the joint pipeline up to named joints (Tan et al.)."""

from typing import Annotated, Literal

from pydantic import Field

from sharpflow.workflow.settings.base import (
    Count,
    Odd,
    PerBodyPart,
    Pixels,
    Positive,
    PositiveShare,
    Section,
    Shards,
    Share,
    UserFile,
    Weights,
    WholeShare,
)

ImageSize = Annotated[Pixels, Field(multiple_of=32)]
Tiles = Annotated[int, Field(gt=0, le=256)]


class Clahe(Section):
    """Contrast-limited adaptive histogram equalisation."""

    clip_limit: Positive = Field(description="OpenCV's clip limit. The paper: 2.")
    grid: Tiles = Field(description="Tiles along each side of the image. The paper: 8.")


class Standardize(Section):
    """Radiographs brought to one size and contrast (Tan et al., 2.2)."""

    height: Pixels = Field(
        description="Height of a standardized radiograph, in pixels. The paper: 1500x1200; ours: "
        "1500 is the height.",
    )
    width: Pixels = Field(description="Width of a standardized radiograph, in pixels.")
    crop_bottom: PerBodyPart[Share] = Field(
        description="Share of the height that is cut off at the bottom. The paper: a quarter for "
        "feet; its number for hands is lost. Ours: a tenth for hands.",
    )
    clahe: Clahe = Field(description="Contrast-limited adaptive histogram equalisation.")
    shards: PerBodyPart[Shards] = Field(
        description="Files that the radiographs are spread over, by a hash of their ids. A "
        "radiograph that is added or changed redoes its shard alone. `auto`: one file for each 256 "
        "radiographs; where an added radiograph changes that number, all are made again.",
    )


class Masks(Section):
    """Entropy masks, and which of them are good (Tan et al., 2.3.1)."""

    window: Odd = Field(
        description="Side of the square window in which entropy is measured, in pixels; odd. The "
        "paper: 37, at a height of 1500 pixels.",
    )
    smallest_share: Share = Field(
        description="Regions smaller than this share of the white area are dropped. The paper: 1%.",
    )
    cut_padding: bool = Field(
        description="Whether the black padding is left out of the entropy and the threshold. "
        "The paper does not mention it, so false is its value. Ours: true.",
    )
    largest_only: bool = Field(
        description="Whether only the largest white region is kept, which drops markers. The paper "
        "does not mention it, so false is its value. Ours: true.",
    )
    shrink: Share = Field(
        description="How far the outline is moved inwards, as a share of the window, since the "
        "window smears it outwards. The paper does not mention it, so 0 is its value. Ours: a "
        "quarter.",
    )
    good_quality: PositiveShare = Field(
        description="Masks of at least this quality (0 to 1) are proposed as good. Ours; the paper "
        "picked by eye.",
    )
    overrides: UserFile | None = Field(
        description="A CSV of your own verdicts with the columns image_id, good (true or false) "
        "and, optionally, comment, which overrule the proposals. null: there are none.",
    )


class UNet(Section):
    """The lightweight U-Net (Tan et al., 2.3.2)."""

    height: Pixels = Field(description="Height of the network's input, in pixels. Ours.")
    width: Pixels = Field(description="Width of the network's input, in pixels. Ours.")
    filters: Count = Field(description="Filters of the first block. Ours.")
    kernels: list[Count] = Field(
        description="Kernel sizes of the multi-scale blocks, in pixels. Ours."
    )
    epochs: Count = Field(description="Epochs at most. The paper: 200, with early stopping.")
    batch: Count = Field(description="Radiographs in a training step. The paper: 16.")
    learning_rate: Positive = Field(description="Learning rate of Adam. The paper: 1e-4.")
    patience: Count = Field(
        description="Epochs without a better validation loss after which training stops. Ours.",
    )
    flip: bool = Field(
        description="Whether a random half of the training radiographs is mirrored. Ours: true.",
    )
    brightness: Share = Field(
        description="By how much the brightness of training radiographs is changed at most, as a "
        "share. Ours.",
    )


class Detector(Section):
    """YOLOv3 (Tan et al., 2.3.3)."""

    model: Literal["yolov3", "yolov3-spp", "yolov3-tiny", "yolov3-tiny-3l"] = Field(
        description="The backbone, with ultralytics' anchor-free head. The paper: YOLOv3. "
        "`yolov3-tiny-3l`, for small radiographs, has a third output at stride 8 and no pretrained "
        "weights.",
    )
    weights: Literal["download", "none"] | Weights = Field(
        description="The weights that training begins with. `download`: COCO's, as in the paper. "
        "`none`: random ones. A section: a local file.",
    )
    image_size: ImageSize = Field(
        description="Longer side of the network's input, in pixels. Ours: darknet's default.",
    )
    view: Literal["limb", "radiograph"] = Field(
        description="What the network sees. `limb`: the limb, cut out by its mask and enlarged to "
        "fit, its grey values stretched. `radiograph`: the whole masked radiograph. Ours: `limb`.",
    )
    batch: Count = Field(
        description="Radiographs in a training step. Ours: darknet's default.",
    )
    max_batches: Count = Field(
        description="Training steps; the learning rate drops tenfold at 80% and at 90% of them. "
        "The paper: 4000.",
    )
    optimizer: Literal["SGD", "Adam", "AdamW"] = Field(
        description="The optimizer. Ours: darknet's default.",
    )
    learning_rate: Positive = Field(
        description="The highest learning rate, reached after the first tenth of the steps. Ours: "
        "darknet's default.",
    )
    precision: Literal["float32", "bfloat16", "auto"] = Field(
        description="Number format of the network's layers in training. `auto`: bfloat16 where the "
        "hardware has it, which is faster, else float32. Ours.",
    )
    grey_changes: WholeShare = Field(
        description="Share of the training radiographs whose grey values are changed at random in "
        "each epoch: gamma, contrast, shading, sharpness, noise. 0: only their brightness, by "
        "ultralytics. Ours.",
    )
    confidence: PositiveShare | Literal["auto"] = Field(
        description="Boxes below this confidence are not counted. The paper: 0.5. `auto`: the "
        "lowest at which 98 of 100 boxes on the detector's validation radiographs are joints and "
        "half of the joints have one, else that of the highest F1 score "
        "(`detector/<body part>/confidence.csv`); for radiographs unlike those that it learned on.",
    )


class Identification(Section):
    """Which joint is which (Tan et al., 2.3.3)."""

    rule: Literal["paper", "template"] = Field(
        description="Which rule names the joints that are scored; `tables/detection` measures "
        "both. `paper`: by horizontal position, and a radiograph with fewer than 10 boxes (hand) "
        "or 6 (foot) stays unnamed. `template`: a hand or foot is fitted to the boxes, which also "
        "works when boxes are missing. Ours: `template`.",
    )
    mirrored_share: Share = Field(
        description="Share of radiographs that are shown mirrored; 0 where none is. The larger it "
        "is, the sooner the template takes an incomplete limb for one of the other side. Ours.",
    )
