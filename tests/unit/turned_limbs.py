"""Small images of limbs whose joints are bright squares, and a detector that finds them.

It finds them in any turn. A large square is a joint at the base of a digit, a small one within it.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from sharpflow.anatomy import DETECTED_JOINTS, DETECTOR_CLASSES, BodyPart, Side
from tests.unit.made_up_networks import HEIGHT, WIDTH, Array, networks, places

Grey = npt.NDArray[np.uint8]
SMALL, LARGE = 2, 5  # half a side, pixels
GROUND, BONE, JOINT = 45, 140, 255


def limb_image(part: BodyPart, side: Side = Side.LEFT) -> Grey:
    """A limb, its digits up: uint8 (160, 128)."""
    image = np.full((HEIGHT, WIDTH), GROUND, np.uint8)
    joints, centres = DETECTED_JOINTS[part], places(part)
    base = (WIDTH // 2, HEIGHT - 14)
    cv2.rectangle(image, (base[0] - 14, base[1] - 30), (base[0] + 14, HEIGHT - 1), BONE, -1)
    for centre in centres:
        x, y = (round(value) for value in centre)
        cv2.line(image, base, (x, y), BONE, 5)
    for joint, centre in zip(joints, centres, strict=True):
        x, y = (round(value) for value in centre)
        half = SMALL if joint.detector_class == "PIP" else LARGE
        image[y - half : y + half, x - half : x + half] = JOINT
    return image if side is Side.LEFT else np.ascontiguousarray(image[:, ::-1])


def both_hands(left: Side, right: Side) -> Grey:
    """Two hands beside each other: uint8 (160, 256)."""
    return two_limbs(BodyPart.HAND, left, right)


def two_limbs(part: BodyPart, left: Side, right: Side, *, touching: bool = False) -> Grey:
    """Two limbs beside each other, or so that they have one silhouette: uint8 (160, 256)."""
    image = np.hstack([limb_image(part, side) for side in (left, right)])
    if touching:
        image[-30:, WIDTH // 2 : -WIDTH // 2] = BONE
    return image


class Seeing:
    """A detector that finds the squares of its input, whatever they are the joints of.

    Attributes:
        seen: how many images it was given.
    """

    def __init__(self, part: BodyPart) -> None:
        self.classes, self.seen = DETECTOR_CLASSES[part], 0

    def __call__(self, inputs: Array, batch: int = 32) -> Array:
        self.seen += len(inputs)
        outputs = [self._find(image[0]) for image in inputs]
        most = max(len(output) for output in outputs)
        table = np.zeros((len(outputs), 6, max(most, 1)), np.float32)
        for number, output in enumerate(outputs):
            table[number, :, : len(output)] = np.array(output, np.float32).reshape(-1, 6).T
        return table

    def _find(self, image: Array) -> list[list[float]]:
        bright = (image > 0.9).astype(np.uint8)
        _, _, regions, _ = cv2.connectedComponentsWithStats(bright, connectivity=4)
        found = []
        for x, y, width, height, area in regions[1:]:
            if area >= 4 and max(width, height) < 20:
                kind = "PIP" if area < (SMALL + LARGE) ** 2 * 0.8 else self.classes[1]
                sure = [0.9 * (name == kind) for name in self.classes]
                found.append([x, y, x + width, y + height, *sure])
        return found


def seeing_networks() -> Any:
    """Made-up networks of which the detectors see."""
    return networks() | {f"detector-{part}": Seeing(part) for part in BodyPart}
