"""Scores of each joint of new radiographs, by the networks of a bundle (Tan et al.).

Step by step what the workflow does with radiographs that nobody has scored, by the same functions;
only the networks run elsewhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from sharpflow.anatomy import BOX_COLUMNS, DETECTED_JOINTS, LIMBS, MODELS, BodyPart
from sharpflow.bundle.manifest import JointModels
from sharpflow.cohorts.splits import every_joint
from sharpflow.imaging.standardize import Placement, standardize
from sharpflow.joints.detection import decoding
from sharpflow.joints.detection.views import MaskedRadiographs, Views
from sharpflow.joints.identification.rules import name_joints
from sharpflow.joints.identification.template_fit import Fitted
from sharpflow.joints.masks.unet_prediction import as_input, mask_of, resize_for_unet
from sharpflow.joints.radiographs import found_joints, judge_masks, mask_share
from sharpflow.joints.scoring.calibration import bit_columns
from sharpflow.joints.scoring.choose_crops import detected_crops
from sharpflow.joints.scoring.crops import crop_boxes
from sharpflow.joints.scoring.features import network_input
from sharpflow.joints.scoring.ordinal import decode
from sharpflow.joints.scoring.scores import NO_SCORES, has_score, score_joints
from sharpflow.score.networks import Networks

Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
ROW = ["image_id", "patient", "visit", "limb"]


@dataclass(frozen=True)
class Shown:
    """What a radiograph shows.

    Attributes:
        image_id: unique among the radiographs scored.
        patient: whom it shows.
        visit: when.
        limb: "LH", "RH", "LF" or "RF".
    """

    image_id: str
    patient: str
    visit: str
    limb: str


@dataclass(frozen=True)
class Radiograph(Shown):
    """A radiograph of one limb, as it was read: uint8 (height, width)."""

    image: Grey


@dataclass(frozen=True)
class Standardized:
    """A radiograph as the networks saw it.

    Attributes:
        image: uint8 (height, width).
        mask: of the limb, 0 or 255, likewise.
        placement: where the radiograph lies in it.
    """

    image: Grey
    mask: Grey
    placement: Placement


@dataclass(frozen=True)
class Detected:
    """What may be joints of a radiograph.

    Attributes:
        standardized: the radiograph.
        boxes: class, confidence, x_min, y_min, x_max, y_max in its pixels; best first.
        fitted: where the template lies on them; None where it does not, or is not yet known.
    """

    standardized: Standardized
    boxes: pd.DataFrame
    fitted: Fitted | None = None


@dataclass(frozen=True)
class ScoredJoints:
    """What a batch of radiographs gave.

    Attributes:
        joints: what `scores.score_joints` returns: each joint, found or not. Boxes are in pixels of
            the standardized images.
        bits: for each model ("erosion-hand" and so on) image_id, joint and the ordinal bits
            bit_1, bit_2, ... of each joint that was found: the probability of a score of so many or
            more. Summed by `total_scores` and `radiograph_scores`, as in a study.
        radiographs: image_id, patient, visit, limb, scale, x_offset, y_offset (of the placement),
            boxes, joints, joints_expected, lowest_confidence (see `found_joints`), mask_share,
            mask ("empty", "small", "large" or blank).
        boxes: every box that was found: image_id, class, confidence, x_min, y_min, x_max, y_max.
        crops: image_id, patient, visit, limb, joint, x_min..y_max of the joints that were scored.
        features: theirs, (n, 512), in their order.
        images: the standardized radiographs by image_id.
    """

    joints: pd.DataFrame
    bits: dict[str, pd.DataFrame]
    radiographs: pd.DataFrame
    boxes: pd.DataFrame
    crops: pd.DataFrame
    features: Floats
    images: dict[str, Standardized]


class JointScorer:
    """Scores radiographs batch by batch; memory holds no more than one."""

    def __init__(self, models: JointModels, networks: Networks) -> None:
        """Take the joint pipeline of a bundle's manifest, and the bundle's networks."""
        self.models, self._networks = models, networks

    def can_score(self, limb: str) -> bool:
        """Whether the bundle has models of a limb's body part."""
        return LIMBS[limb].body_part.value in self.models.body_parts

    def score(self, radiographs: Sequence[Radiograph]) -> ScoredJoints:
        """Score radiographs of limbs that it `can_score`, which lie upright.

        Args:
            radiographs: any number, at least one; all are in memory at once.

        Returns:
            Joints, and tables of radiographs, in the order given, hands before feet.
        """
        detected: list[tuple[Shown, Detected]] = []
        for body_part in BodyPart:
            own = [r for r in radiographs if LIMBS[r.limb].body_part is body_part]
            found = self.detect([radiograph.image for radiograph in own], body_part)
            detected += zip(own, found, strict=True)
        return self.score_detected(detected)

    def detect(self, images: Sequence[Grey], body_part: BodyPart) -> list[Detected]:
        """Find what may be joints, before anything is named or scored.

        Args:
            images: uint8 (height, width), each of one limb of the body part.
            body_part: one that the bundle has models of.
        """
        if not images:
            return []
        placed = self._standardize(images, body_part)
        stack = np.stack([standardized.image for standardized in placed])
        masks = np.stack([standardized.mask for standardized in placed])
        boxes = self._detect(stack, masks, body_part)
        return [Detected(*pair) for pair in zip(placed, boxes, strict=True)]

    def score_detected(self, found: Sequence[tuple[Shown, Detected]]) -> ScoredJoints:
        """As `score`, of upright radiographs in which joints were already detected."""
        parts = []
        for body_part in BodyPart:
            own = [pair for pair in found if LIMBS[pair[0].limb].body_part is body_part]
            if own:
                parts.append(self._score_body_part(own, body_part))
        return joined(parts)

    def _score_body_part(
        self, found: Sequence[tuple[Shown, Detected]], body_part: BodyPart
    ) -> ScoredJoints:
        images = {radiograph.image_id: detected.standardized for radiograph, detected in found}
        rows = _rows([radiograph for radiograph, _ in found], images)
        stack = [standardized.image for standardized in images.values()]
        masks = [standardized.mask for standardized in images.values()]
        boxes = _concatenated(
            detected.boxes.assign(image_id=radiograph.image_id)[decoding.COLUMNS]
            for radiograph, detected in found
        )
        named = self._name(found)
        crops = detected_crops(named, rows)
        features = self._features(stack, masks, rows, crops)
        bits, predictions = self._predict(crops, features, body_part)
        joints = score_joints(every_joint(rows), named, predictions, NO_SCORES)
        limits = self.models.little_found
        shares = [mask_share(image, mask) for image, mask in zip(stack, masks, strict=True)]
        counted = found_joints(rows, boxes, named).assign(
            mask_share=shares,
            mask=judge_masks(shares, mask_from=limits.mask_from, mask_to=limits.mask_to),
        )
        return ScoredJoints(joints, bits, counted, boxes, crops, features, images)

    def _standardize(self, images: Sequence[Grey], body_part: BodyPart) -> list[Standardized]:
        how, own = self.models.standardize, self.models.body_parts[body_part.value]
        placed = [
            standardize(
                image,
                how.height,
                how.width,
                own.crop_bottom,
                clahe_clip=how.clahe_clip,
                clahe_grid=how.clahe_grid,
            )
            for image in images
        ]
        size = self.models.unet
        inputs = as_input(resize_for_unet((image for image, _ in placed), size.height, size.width))
        probabilities = self._networks[f"unet-{body_part}"](inputs)[..., 0]
        return [
            Standardized(image, mask_of(probability, how.height, how.width), placement)
            for (image, placement), probability in zip(placed, probabilities, strict=True)
        ]

    def _detect(self, images: Grey, masks: Grey, body_part: BodyPart) -> list[pd.DataFrame]:
        """Boxes of each image: class, confidence and corners in its pixels."""
        how = self.models.detector
        seen = Views(images, masks, image_size=how.image_size, view=how.view)
        views = [seen[number] for number in range(len(seen))]
        inputs = np.stack([decoding.network_input(view.image, how.image_size) for view in views])
        outputs = self._networks[f"detector-{body_part}"](inputs, batch=16)
        own = self.models.body_parts[body_part.value]
        tables = []
        for view, output in zip(views, outputs, strict=True):
            corners, sure, numbers = decoding.decode_boxes(
                output,
                view.image.shape,
                how.image_size,
                confidence=own.confidence,
                overlap=how.overlap,
                most=len(DETECTED_JOINTS[body_part]),
            )
            table = pd.DataFrame(view.to_radiograph(corners), columns=BOX_COLUMNS)
            classes = np.array(own.classes, dtype=object)[numbers]
            tables.append(table.assign(**{"class": classes, "confidence": sure.astype(float)}))
        return tables

    def _name(self, found: Sequence[tuple[Shown, Detected]]) -> pd.DataFrame:
        how = self.models.identification
        return _concatenated(
            name_joints(
                detected.boxes,
                limb=shown.limb,
                rule=how.rule,
                mirrored_share=how.mirrored_share,
                fitted=detected.fitted,
            ).assign(image_id=shown.image_id)
            for shown, detected in found
        )

    def _features(
        self,
        images: Sequence[Grey],
        masks: Sequence[Grey],
        rows: pd.DataFrame,
        crops: pd.DataFrame,
    ) -> Floats:
        masked = MaskedRadiographs(np.stack(images), np.stack(masks))
        number = {image_id: place for place, image_id in enumerate(rows["image_id"])}
        how = self.models.crops
        cut = crop_boxes(
            (masked[number[image_id]] for image_id in crops["image_id"]),
            crops,
            how.size,
            how.margin,
        )
        return self._networks["base"](network_input(cut), batch=128)

    def _predict(
        self, crops: pd.DataFrame, features: Floats, body_part: BodyPart
    ) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
        """Bits and scores of the crops by each model of the body part."""
        bits, scores = {}, {}
        for name in self.models.heads:
            damage, own = MODELS[name]
            if own is not body_part:
                continue
            scored = has_score(crops, damage)
            probabilities = self._networks[f"head-{name}"](features[scored.to_numpy()], batch=1024)
            joints = crops.loc[scored, ["image_id", "joint"]].reset_index(drop=True)
            columns = bit_columns(probabilities.shape[1])
            of_bits = pd.DataFrame(probabilities[:, 1:], columns=columns)
            bits[name] = pd.concat([joints, of_bits], axis=1)
            scores[name] = joints.assign(predicted=decode(probabilities))
        return bits, scores


def joined(parts: Iterable[ScoredJoints]) -> ScoredJoints:
    """Batches as one."""
    parts = list(parts)
    names = dict.fromkeys(name for part in parts for name in part.bits)
    return ScoredJoints(
        _concatenated(part.joints for part in parts),
        {
            name: _concatenated(part.bits[name] for part in parts if name in part.bits)
            for name in names
        },
        _concatenated(part.radiographs for part in parts),
        _concatenated(part.boxes for part in parts),
        _concatenated(part.crops for part in parts),
        np.concatenate([part.features for part in parts]),
        {image_id: image for part in parts for image_id, image in part.images.items()},
    )


def _rows(radiographs: Sequence[Shown], images: dict[str, Standardized]) -> pd.DataFrame:
    if len(images) < len(radiographs):
        raise ValueError("two radiographs of a batch have one image_id")
    rows = [(r.image_id, r.patient, r.visit, r.limb) for r in radiographs]
    placed = [standardized.placement for standardized in images.values()]
    return pd.concat(
        [
            pd.DataFrame(rows, columns=ROW),
            pd.DataFrame(placed, columns=["scale", "x_offset", "y_offset"]),
        ],
        axis=1,
    )


def _concatenated(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Tables one below the other; empty ones, whose columns have no types, left out."""
    tables = list(tables)
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
