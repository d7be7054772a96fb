"""The settings of a study: Pydantic models of config.yaml that refuse what they don't know.

Read by the Snakefile alone; the library gets its settings as values. What each key means
stands beside it in config.yaml.
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Generic, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sharpflow.anatomy import LimbKind
from sharpflow.errors import UserError

Value = TypeVar("Value")
Share = Annotated[float, Field(ge=0, lt=1)]
PositiveShare = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class Section(BaseModel):
    """A part of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PerLimbKind(Section, Generic[Value]):
    """One value for hands, one for feet."""

    hand: Value
    foot: Value

    def __getitem__(self, kind: str) -> Value:
        """The value of "hand" or "foot"."""
        value: Value = getattr(self, LimbKind(kind))
        return value


class JointCohort(Section):
    """Films of hands and feet with scores joint by joint (Tan et al.)."""

    films: str | None
    scores: str | None
    boxes: str | None

    @model_validator(mode="after")
    def _films_have_boxes(self) -> Self:
        if self.films is not None and self.boxes is None:
            raise ValueError(
                "boxes is null, but the detector learns from joint boxes: name the folder that "
                "labelImg wrote, or `phantom` to let it learn on drawn films"
            )
        return self


class Cohorts(Section):
    """The cohorts of both papers; "phantom" stands for drawn radiographs."""

    joints: JointCohort | Literal["phantom"]

    @model_validator(mode="before")
    @classmethod
    def _one_word_for_all(cls, value: Any) -> Any:
        return {"joints": "phantom"} if value == "phantom" else value


class Checks(Section):
    """What is checked before anything costly, and what happens to what is wrong."""

    on_problem: Literal["stop", "set_aside"]
    require_all_limbs: bool
    max_megapixels: Positive
    ignored_classes: list[str]


class Phantom(Section):
    """Drawn radiographs in place of, or beside, a cohort."""

    patients: Count
    film_height: Count


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
    """Films brought to one size and contrast (Tan et al., 2.2)."""

    height: Count
    width: Count
    crop_bottom: PerLimbKind[Share]
    clahe: Clahe
    shards: PerLimbKind[Count]


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
    batch: Count
    max_batches: Count
    optimizer: Literal["SGD", "Adam", "AdamW"]
    learning_rate: Positive
    precision: Literal["float32", "bfloat16", "auto"]
    confidence: PositiveShare


class Identity(Section):
    """Which joint is which (Tan et al., 2.3.3)."""

    rule: Literal["paper", "template"]


class Crops(Section):
    """Joints cut out of films."""

    size: Annotated[int, Field(ge=32)]
    margin: NotNegative
    jitter: Share


class DrawnJoints(Section):
    """Training of the VGG16 base on drawn joints, where no ImageNet weights are given."""

    joints: Count
    validation: PositiveShare
    epochs: Count
    batch: Count
    learning_rate: Positive
    precision: Literal["float32", "bfloat16", "auto"]


class VGG16(Section):
    """The convolutional base (Tan et al., 2.4.3)."""

    weights: Literal["download", "none"] | Weights
    drawn_joints: DrawnJoints


class Heads(Section):
    """The four ordinal heads (Tan et al., 2.4.3-2.4.7)."""

    epochs: Count
    batch: Count
    learning_rate: Positive
    keep: Literal["best", "last"]


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
    identity: Identity
    crops: Crops
    vgg16: VGG16
    heads: Heads
    evaluation: Evaluation


UNSET_COHORT = """\
No cohort is set, so there is nothing to score. Either
  - point config.yaml at yours: cohorts: joints: films, scores and boxes; or
  - run the demo, minutes on a laptop: snakemake --workflow-profile demo; or
  - run the papers' sizes on drawn radiographs: snakemake --config cohorts=phantom
    (1,468 films of 1500x1200; days without a GPU)."""


def load_study(config: Mapping[str, Any]) -> Study:
    """The checked settings of a run.

    Raises UserError that lists every wrong key: its path, what was found, what is allowed,
    and for an unknown key the nearest right name.
    """
    try:
        study = Study.model_validate(dict(config))
    except ValidationError as error:
        lines = "\n".join(f"  {line}" for line in _explain(error, config))
        raise UserError(f"config.yaml, or what was laid over it, is wrong:\n{lines}") from None
    joints = study.cohorts.joints
    if joints != "phantom" and joints.films is None:
        raise UserError(UNSET_COHORT)
    return study


def _explain(error: ValidationError, config: Mapping[str, Any]) -> Iterator[str]:
    for item in error.errors():
        keys = [str(key) for key in item["loc"] if _is_key(key, config)]
        path = ".".join(keys)
        if item["type"] == "extra_forbidden":
            allowed = sorted(_section(keys[:-1]).model_fields)
            near = difflib.get_close_matches(keys[-1], allowed, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(allowed)}."
            yield f"{path}: unknown key; {hint}"
        elif item["type"] == "missing":
            yield f"{path}: missing; config.yaml says what belongs there."
        else:
            found = "" if item["type"] == "value_error" else f"found {item['input']!r}; "
            yield f"{path}: {found}{_allowed(item['msg'])}."


def _is_key(key: str | int, config: Mapping[str, Any]) -> bool:
    """Pydantic puts the names of union members among the keys; leave them out."""
    return not (isinstance(key, str) and (key in ("JointCohort", "Weights") or "[" in key))


def _allowed(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _section(keys: list[str]) -> type[BaseModel]:
    section: type[BaseModel] = Study
    for key in keys:
        annotation = section.model_fields[key].annotation
        candidates = [annotation, *get_args(annotation)]
        section = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return section
