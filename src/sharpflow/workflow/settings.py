"""The settings of a study: Pydantic models of config.yaml that refuse what they don't know.

Read by the Snakefile alone; the library gets its settings as values. What each key means
stands beside it in config.yaml.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sharpflow.anatomy import BodyPart
from sharpflow.errors import UserError
from sharpflow.workflow.settings_errors import explain

Value = TypeVar("Value")
Share = Annotated[float, Field(ge=0, lt=1)]
PositiveShare = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(gt=0)]
# Snakemake's --config gives numbers within a section as text.
Devices = Annotated[
    Literal[1, 2, 4, "auto"],
    BeforeValidator(lambda value: int(value) if str(value).isdecimal() else value),
]
SeverityClass = Annotated[int, Field(ge=0, le=9)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class Section(BaseModel):
    """A part of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PerBodyPart(Section, Generic[Value]):
    """One value for hands, one for feet."""

    hand: Value
    foot: Value

    def __getitem__(self, body_part: str) -> Value:
        """The value of "hand" or "foot"."""
        value: Value = getattr(self, BodyPart(body_part))
        return value


class JointCohort(Section):
    """Radiographs of hands and feet with scores joint by joint (Tan et al.)."""

    radiographs: str | None
    scores: str | None
    boxes: str | None

    @model_validator(mode="after")
    def _radiographs_have_boxes(self) -> Self:
        if self.radiographs is not None and self.boxes is None:
            raise ValueError(
                "boxes is null, but the detector learns from joint boxes: name the folder that "
                "labelImg wrote, or `phantom` to let it learn on synthetic radiographs"
            )
        return self


class WholeImageColumns(Section):
    """What the table of whole radiographs calls its columns; null where it has none."""

    image: str
    total: str
    age: str | None
    sex: str | None
    patient: str | None


class WholeImageCohort(Section):
    """Radiographs of both hands with the total of hands and wrists (Bo et al.)."""

    table: str | None
    images: str | None
    columns: WholeImageColumns

    @model_validator(mode="after")
    def _table_has_images(self) -> Self:
        if (self.table is None) != (self.images is None):
            raise ValueError("table and images belong together: name both, or neither")
        return self


class BoneAgeCohort(Section):
    """Children's hands with bone ages, in RSNA's layouts, to pretrain on (Bo et al., 2.4)."""

    training_table: str | None
    training_images: str | None
    validation_table: str | None
    validation_images: str | None

    @model_validator(mode="after")
    def _tables_have_images(self) -> Self:
        for part in ("training", "validation"):
            if (getattr(self, f"{part}_table") is None) != (
                getattr(self, f"{part}_images") is None
            ):
                raise ValueError(f"{part}_table and {part}_images belong together")
        if self.training_table is None and self.validation_table is not None:
            raise ValueError("validation_table without training_table")
        return self


class Cohorts(Section):
    """The cohorts of both papers; "phantom" stands for synthetic radiographs."""

    joints: JointCohort | Literal["phantom"]
    whole_image: WholeImageCohort | Literal["phantom"]
    bone_age: BoneAgeCohort | Literal["phantom"]

    @model_validator(mode="before")
    @classmethod
    def _one_word_for_all(cls, value: Any) -> Any:
        return dict.fromkeys(cls.model_fields, "phantom") if value == "phantom" else value

    @model_validator(mode="after")
    def _whole_images_have_pretraining(self) -> Self:
        if self.has_whole_image and not self.has_bone_age:
            raise ValueError(
                "whole_image is set, but bone_age is not, on which its networks are pretrained: "
                "name RSNA's files, or put `phantom` to pretrain on synthetic hands of children"
            )
        return self

    @property
    def has_joints(self) -> bool:
        """Whether there is a cohort to score joint by joint."""
        return self.joints == "phantom" or self.joints.radiographs is not None

    @property
    def has_whole_image(self) -> bool:
        """Whether there is a cohort of whole radiographs."""
        return self.whole_image == "phantom" or self.whole_image.table is not None

    @property
    def has_bone_age(self) -> bool:
        """Whether there is a cohort to pretrain on."""
        return self.bone_age == "phantom" or self.bone_age.training_table is not None


class Checks(Section):
    """What is checked before anything costly, and what happens to what is wrong."""

    on_problem: Literal["stop", "set_aside"]
    require_all_limbs: bool
    max_megapixels: Positive
    ignored_classes: list[str]


class Phantom(Section):
    """Synthetic radiographs in place of, or beside, a cohort."""

    patients: Count
    radiograph_height: Count
    whole_image_patients: Count
    whole_image_height: Count
    children: Count
    child_radiograph_height: Count


class Split(Section):
    """Who is trained on, validated on, tested on."""

    table: str | None
    unit: Literal["patient", "joint"]
    test: PositiveShare
    validation: PositiveShare
    random_state: int


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


class Weights(Section):
    """Pretrained weights from a local file, whose SHA-256 is checked."""

    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


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
