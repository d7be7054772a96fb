"""Made-up networks of the joint pipeline, whose outputs are known: nothing that trains."""

from typing import Any

import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import DETECTED_JOINTS, DETECTOR_CLASSES, MODELS, BodyPart, n_classes
from sharpflow.bundle.manifest import JointModels
from sharpflow.bundle.typed_json import from_plain
from sharpflow.joints.detection import decoding
from sharpflow.joints.identification.templates import template

HEIGHT, WIDTH = 160, 128
Array = npt.NDArray[np.float32]


def joint_models(**changes: Any) -> JointModels:
    plain = {
        "trained_on": {"data": "phantom", "train": 3, "validation": 2, "test": 1},
        "detector_data": "phantom",
        "base_weights": "none",
        "standardize": {"height": HEIGHT, "width": WIDTH, "clahe_clip": 2.0, "clahe_grid": 8},
        "unet": {"height": 32, "width": 24},
        "detector": {
            "image_size": 160,
            "view": "radiograph",
            "overlap": 0.45,
        },
        "identification": {"rule": "template", "mirrored_share": 0.05},
        "crops": {"size": 32, "margin": 0.1},
        "little_found": {"joints": 0.75, "mask_from": 0.1, "mask_to": 0.65},
        "body_parts": {
            part: {
                "crop_bottom": 0.0,
                "classes": list(DETECTOR_CLASSES[BodyPart(part)]),
                "confidence": 0.5,
                "familiar": {"mean": [0.0] * 512, "sd": [1.0] * 512, "most": 1e6},
            }
            for part in ("hand", "foot")
        },
        "heads": {name: n_classes(part, damage) for name, (damage, part) in MODELS.items()},
    }
    return from_plain(JointModels, plain | changes)


def places(body_part: BodyPart) -> npt.NDArray[np.float64]:
    """Centres of a left limb's joints in standardized pixels, as anatomy has them."""
    points = template(body_part).points
    spread = points.max(axis=0) - points.min(axis=0)
    scale = 0.7 * min(WIDTH / spread[0], HEIGHT / spread[1])
    return points * scale + [WIDTH / 2, HEIGHT / 2]


class Detector:
    """Finds the joints of a left limb where they are, but for those left out."""

    def __init__(self, body_part: BodyPart, left_out: int = 0) -> None:
        classes = DETECTOR_CLASSES[body_part]
        joints = DETECTED_JOINTS[body_part][left_out:]
        centres = places(body_part)[left_out:]
        output = np.zeros((6, len(joints) + 1), np.float32)
        # The view is as large as the radiograph, its input's sides are multiples of 32.
        assert decoding.network_shape((HEIGHT, WIDTH), 160) == (160, 128)
        output[:4, :-1] = np.hstack([centres - 8, centres + 8]).T
        for place, joint in enumerate(joints):
            output[4 + classes.index(str(joint.detector_class)), place] = 0.9 - 0.01 * place
        output[:4, -1], output[4, -1] = output[:4, 0] + 1, 0.6  # a worse box of the first joint
        self.output = output

    def __call__(self, inputs: Array, batch: int = 32) -> Array:
        assert inputs.shape[1:] == (3, 160, 128)
        return np.repeat(self.output[None], len(inputs), axis=0)


def unet(inputs: Array, batch: int = 32) -> Array:
    assert inputs.shape[1:] == (32, 24, 1)
    return np.ones_like(inputs)


def base(inputs: Array, batch: int = 32) -> Array:
    """The first feature is the mean of the crop."""
    features = np.zeros((len(inputs), 512), np.float32)
    features[:, 0] = inputs.mean(axis=(1, 2, 3))
    return features


class Head:
    """The score is how often a tenth fits into the first feature, at most the highest."""

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def __call__(self, inputs: Array, batch: int = 32) -> Array:
        bits = inputs[:, :1] * 10 - np.arange(self.classes) + 0.5
        return np.asarray(bits.clip(0, 1), np.float32)


def networks(left_out: int = 0) -> Any:
    found: dict[str, Any] = {"base": base, "unet-hand": unet, "unet-foot": unet}
    found |= {f"detector-{part}": Detector(part, left_out) for part in BodyPart}
    return found | {
        f"head-{name}": Head(n_classes(part, damage)) for name, (damage, part) in MODELS.items()
    }
