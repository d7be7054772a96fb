"""What a bundle says of itself: manifest.json, as dataclasses.

Every value is checked when it is read (`typed_json`); `manifest_check` says what does not fit
together.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from sharpflow.bundle.typed_json import Matches, Within

FORMAT, VERSION = "sharpflow bundle", 1
MOST_MEGAPIXELS = 1000.0  # a gigabyte in memory, whatever a bundle says

# Neither controls, nor what breaks or turns lines, nor halves of letters, which no file can hold.
_ONE_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]{0,500}"
Text = Annotated[str, Matches(_ONE_LINE, "a text in one line")]
Name = Annotated[str, Matches(r"[a-z0-9][a-z0-9-]{0,60}", "small letters, digits and -")]
Digest = Annotated[str, Matches(r"[0-9a-f]{64}", "a SHA-256 in 64 digits")]
Side = Annotated[int, Within(1, 8192)]  # pixels
CropSide = Annotated[int, Within(32, 1024)]
Grid = Annotated[int, Within(1, 256)]
Count = Annotated[int, Within(0, 10**9)]
Share = Annotated[float, Within(0, 1)]
Crop = Annotated[float, Within(0, 0.9)]
Positive = Annotated[float, Within(1e-6, 1e6)]
LimbCounts = Annotated[str, Matches(r"[0-2]h[0-2]f", "hands and feet, as 2h2f")]
Factor = Annotated[float, Within(0, 1e6)]
Megapixels = Annotated[float, Within(1e-3, MOST_MEGAPIXELS)]
Part = Literal["hand", "foot"]


@dataclass(frozen=True)
class Member:
    """A file of the bundle."""

    bytes: Annotated[int, Within(1, 2**31 - 1)]
    sha256: Digest


@dataclass(frozen=True)
class Code:
    """The version of the code that made the bundle; None where it is not known."""

    commit: Text | None
    uncommitted: Text | None


@dataclass(frozen=True)
class TrainedOn:
    """Data that models learned from.

    Attributes:
        data: "phantom", or the cohort's name.
        train: how many trained.
        validation: likewise.
        test: likewise, of those that no model saw.
        unit: what is counted, and was split; a patient's joints can be in all parts.
    """

    data: Text
    train: Count
    validation: Count
    test: Count
    unit: Literal["patients", "radiographs", "joints"] = "patients"


@dataclass(frozen=True)
class Standardize:
    """How radiographs of one limb are brought to one size and contrast."""

    height: Side
    width: Side
    clahe_clip: Positive
    clahe_grid: Grid


@dataclass(frozen=True)
class UNet:
    """The size of the U-Nets' input."""

    height: Side
    width: Side


@dataclass(frozen=True)
class Detector:
    """How joints are detected; see `detect`."""

    image_size: Side
    view: Literal["radiograph", "limb"]
    overlap: Share


@dataclass(frozen=True)
class Identification:
    """How joints are named; see `name_joints`."""

    rule: Literal["paper", "template"]
    mirrored_share: Share


@dataclass(frozen=True)
class Crops:
    """How joints are cut out; see `crop_boxes`."""

    size: CropSide
    margin: Annotated[float, Within(0, 10)]


@dataclass(frozen=True)
class FamiliarFeatures:
    """What the features of joints are like; see `familiarity.Familiar`."""

    mean: tuple[Annotated[float, Within(-1e6, 1e6)], ...]
    sd: tuple[Positive, ...]
    most: Factor


@dataclass(frozen=True)
class BodyPartModels:
    """What is another for each body part.

    Attributes:
        crop_bottom: share of a radiograph that is cut off below.
        classes: of the detector, in the order of its outputs.
        confidence: from which its boxes count.
        familiar: what the heads learned from is like.
    """

    crop_bottom: Crop
    classes: tuple[Text, ...]
    confidence: Share
    familiar: FamiliarFeatures


@dataclass(frozen=True)
class LittleFound:
    """From where on a study lists a radiograph as one in which little was found.

    Attributes:
        joints: smallest share of the joints.
        mask_from: smallest share of a radiograph that a plausible mask covers.
        mask_to: largest.
    """

    joints: Share
    mask_from: Share
    mask_to: Share


@dataclass(frozen=True)
class JointModels:
    """The joint pipeline.

    Attributes:
        trained_on: patients; of all but the detectors and the base.
        detector_data: what the detectors learned from, as `trained_on.data`.
        base_weights: what VGG16's base began with: "download" (ImageNet's), "none" (it learned on
            synthetic joints), or a file's name.
        body_parts: those that have models.
        heads: name of `anatomy.MODELS` -> number of scores.
    """

    trained_on: TrainedOn
    detector_data: Text
    base_weights: Text
    standardize: Standardize
    unet: UNet
    detector: Detector
    identification: Identification
    crops: Crops
    little_found: LittleFound
    body_parts: dict[Part, BodyPartModels]
    heads: dict[Name, Annotated[int, Within(2, 20)]]


@dataclass(frozen=True)
class Statistics:
    """Means and SDs of the training images' pixels, as 0 to 1, and of their totals."""

    pixel_mean: Annotated[float, Within(0, 1)]
    pixel_sd: Positive
    target_mean: Annotated[float, Within(-1e6, 1e6)]
    target_sd: Positive


@dataclass(frozen=True)
class WholeNetwork:
    """A network for whole radiographs."""

    task: Literal["total", "severity"]
    loss: Literal["mse", "smooth", "cross_entropy", "ordinal"]


@dataclass(frozen=True)
class Stack:
    """A linear layer over the outputs of networks, as `stacking.combine` takes it."""

    task: Literal["total", "severity"]
    principle: Literal["total", "all", "single"]
    members: tuple[Name, ...]
    weight: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]


@dataclass(frozen=True)
class WholeImageModels:
    """The whole-image pipeline.

    Attributes:
        size: pixels a side of the networks' input.
        contrast: "clahe" where it is equalised.
        networks: by the experiment's name.
        stacks: likewise.
        binned: likewise; each the stack of totals that it puts into classes.
        total: the experiment whose totals are the study's; None where there is none.
        severity: the one whose classes are, likewise.
    """

    trained_on: TrainedOn
    size: Side
    contrast: Literal["none", "clahe"]
    statistics: Statistics
    networks: dict[Name, WholeNetwork]
    stacks: dict[Name, Stack]
    binned: dict[Name, Name]
    total: Name | None
    severity: Name | None


@dataclass(frozen=True)
class HeadCalibration:
    """What makes a head's probabilities true; see `BitCalibration`."""

    slope: Annotated[float, Within(1e-3, 1e3)]
    bias: Annotated[float, Within(-100, 100)]
    spread: Annotated[float, Within(1e-3, 1e3)]
    usual: tuple[Annotated[float, Within(1e-9, 1 - 1e-9)], ...]


@dataclass(frozen=True)
class SumCalibration:
    """How far sums of joints are off: half a 95% interval, in predicted SDs; see `sum_bounds`.

    Attributes:
        patients: how many it was measured on.
        error_sd: SD of the total's errors, in points; None where there were too few patients.
        erosion: of the sums of erosion; None where there were too few patients.
        narrowing: likewise.
        total: likewise.
    """

    patients: Count
    error_sd: Factor | None
    erosion: Factor | None
    narrowing: Factor | None
    total: Factor | None


@dataclass(frozen=True)
class TotalCalibration:
    """How far whole-image totals are off: half a 95% interval, in square roots; see `total_bounds`.

    Attributes:
        patients: how many it was measured on.
        error_sd: SD of the errors, in points; None where there were too few patients.
        root_error: likewise.
    """

    patients: Count
    error_sd: Factor | None
    root_error: Factor | None


@dataclass(frozen=True)
class Calibration:
    """What was measured on patients that the models did not learn from.

    Attributes:
        heads: name of `anatomy.MODELS` -> its calibration.
        sums: how many hands and feet are summed up -> their intervals.
        whole_image: of the totals of `WholeImageModels.total`; None where there are none.
    """

    heads: dict[Name, HeadCalibration]
    sums: dict[LimbCounts, SumCalibration]
    whole_image: TotalCalibration | None


@dataclass(frozen=True)
class FingerLine:
    """The line total = intercept + slope * sum of both hands' finger scores, in points.

    Fitted on true values of training patients, see `evaluation.compared_patients`.
    """

    intercept: Annotated[float, Within(-1e6, 1e6)]
    slope: Annotated[float, Within(-1e6, 1e6)]


@dataclass(frozen=True)
class Manifest:
    """All of manifest.json.

    Attributes:
        study: the study's name.
        code: that made the bundle.
        not_for: what the bundle must not be used for.
        joints: None where the study has no joint pipeline with scores.
        whole_image: None where it has no whole-image pipeline.
        members: every other file of the bundle.
        max_megapixels: larger radiographs are refused, as in the study.
        calibration: None where nothing was measured.
        finger_line: None where the pipelines were not compared.
    """

    format: Literal["sharpflow bundle"]
    version: int
    study: Text
    code: Code
    not_for: Text
    joints: JointModels | None
    whole_image: WholeImageModels | None
    members: dict[str, Member]
    max_megapixels: Megapixels = 100.0
    calibration: Calibration | None = None
    finger_line: FingerLine | None = None
