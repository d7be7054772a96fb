"""What the parts of a manifest must be to fit together, and the networks that it asks for."""

from collections.abc import Container
from dataclasses import dataclass
from itertools import pairwise

from sharpflow.anatomy import DETECTOR_CLASSES, MODELS, BodyPart, n_classes
from sharpflow.bundle.manifest import JointModels, Manifest, WholeImageModels
from sharpflow.joints.detection.decoding import network_shape
from sharpflow.joints.detection.views import view_shape
from sharpflow.joints.scoring.vgg16 import FEATURES
from sharpflow.whole_image.experiment_types import SEVERITY_OUTPUTS


@dataclass(frozen=True)
class Sides:
    """Sides of a network's input and output but the first, the number of images.

    None for a side of any length.
    """

    given: tuple[int, ...]
    gives: tuple[int | None, ...]


def expected_networks(manifest: Manifest) -> dict[str, Sides]:
    """The networks that a bundle must have, by name, and the shapes that they must have."""
    found: dict[str, Sides] = {}
    if manifest.joints:
        found |= _joint_networks(manifest.joints)
    if manifest.whole_image:
        size = manifest.whole_image.size
        for name, network in manifest.whole_image.networks.items():
            outputs = SEVERITY_OUTPUTS if network.task == "severity" else 1
            found[name] = Sides((1, size, size), (outputs,))
    return found


def network_file(name: str) -> str:
    """The member that a network is in."""
    return f"networks/{name}.onnx"


def _joint_networks(joints: JointModels) -> dict[str, Sides]:
    mask = (joints.unet.height, joints.unet.width, 1)
    radiograph, asked = joints.standardize, joints.detector.image_size
    seen = network_shape(view_shape(radiograph.height, radiograph.width, asked), asked)
    crop = joints.crops.size
    found = {"base": Sides((crop, crop, 3), (FEATURES,))}
    for part, models in joints.body_parts.items():
        found[f"unet-{part}"] = Sides(mask, mask)
        found[f"detector-{part}"] = Sides((3, *seen), (4 + len(models.classes), None))
    for name, classes in joints.heads.items():
        found[f"head-{name}"] = Sides((FEATURES,), (classes,))
    return found


def problem(manifest: Manifest) -> tuple[str, str, str] | None:
    """What does not fit together, or not this version: where, found, expected."""
    if not manifest.joints and not manifest.whole_image:
        return "joints, whole_image", "neither", "at least one"
    if manifest.joints and (wrong := _joint_problem(manifest.joints)):
        return wrong
    if manifest.whole_image and (wrong := _whole_image_problem(manifest.whole_image)):
        return wrong
    if wrong := _calibration_problem(manifest):
        return wrong
    for name in expected_networks(manifest):
        if network_file(name) not in manifest.members:
            return "members", f"no {network_file(name)}", "every network that the bundle names"
    return None


def _joint_problem(joints: JointModels) -> tuple[str, str, str] | None:
    if not joints.body_parts:
        return "joints.body_parts", "none", "hand, foot or both"
    for part, models in joints.body_parts.items():
        expected = DETECTOR_CLASSES[BodyPart(part)]
        if models.classes != expected:
            where = f"joints.body_parts.{part}.classes"
            return where, ", ".join(models.classes)[:60], ", ".join(expected)
        for name in ("mean", "sd"):
            if (found := len(getattr(models.familiar, name))) != FEATURES:
                where = f"joints.body_parts.{part}.familiar.{name}"
                return where, f"{found} features", f"{FEATURES}, as the base gives"
    scores = {
        name: n_classes(body_part, damage)
        for name, (damage, body_part) in MODELS.items()
        if body_part.value in joints.body_parts
    }
    if joints.heads.keys() != scores.keys():
        return "joints.heads", ", ".join(joints.heads)[:60] or "none", ", ".join(scores)
    for name, classes in joints.heads.items():
        if classes != scores[name]:
            return f"joints.heads.{name}", f"{classes} scores", f"{scores[name]}, as the method has"
    return None


def _whole_image_problem(whole: WholeImageModels) -> tuple[str, str, str] | None:
    for name, stack in whole.stacks.items():
        where = f"whole_image.stacks.{name}"
        outputs = SEVERITY_OUTPUTS if stack.task == "severity" else 1
        for member in stack.members:
            if member not in whole.networks or whole.networks[member].task != stack.task:
                return f"{where}.members", member, f"networks of {stack.task}"
        if not stack.members:
            return f"{where}.members", "none", "a network or more"
        each = 1 if stack.principle == "single" else outputs
        if (
            len(stack.bias) != outputs
            or [len(row) for row in stack.weight] != [each * len(stack.members)] * outputs
        ):
            return where, "weights of another shape", "those of its members' outputs"
    tasks: dict[str, str] = {name: one.task for name, one in whole.networks.items()}
    tasks |= {name: one.task for name, one in whole.stacks.items()}
    for name, stack_name in whole.binned.items():
        if stack_name not in whole.stacks or tasks[stack_name] != "total":
            return f"whole_image.binned.{name}", stack_name, "a stack of totals"
    tasks |= dict.fromkeys(whole.binned, "severity")
    for task, chosen in (("total", whole.total), ("severity", whole.severity)):
        if chosen is not None and tasks.get(chosen) != task:
            return f"whole_image.{task}", chosen, f"an experiment with the task {task}"
    return None


def _calibration_problem(manifest: Manifest) -> tuple[str, str, str] | None:
    if not (found := manifest.calibration):
        return None
    heads = manifest.joints.heads if manifest.joints else {}
    for name in found.heads:
        if name not in heads:
            return "calibration.heads", name, f"heads among {', '.join(heads) or 'none'}"
        usual = found.heads[name].usual
        falls = all(lower < upper for upper, lower in pairwise(usual))
        if len(usual) != heads[name] - 1 or not falls:
            where = f"calibration.heads.{name}.usual"
            return where, f"{len(usual)} shares", f"{heads[name] - 1}, each below the one before"
    for counts in found.sums:
        if wrong := _sum_problem(counts, found.heads):
            return wrong
    if found.whole_image and not (manifest.whole_image and manifest.whole_image.total):
        return "calibration.whole_image", "intervals", "none without totals of whole images"
    return None


def _sum_problem(counts: str, heads: Container[str]) -> tuple[str, str, str] | None:
    """Of sums of so many hands and feet ("2h1f"), which all heads of these must be calibrated for.

    They are added up from the calibrated scores of both erosion and narrowing.
    """
    summed = {BodyPart.HAND: counts[0] != "0", BodyPart.FOOT: counts[2] != "0"}
    if not any(summed.values()):
        return "calibration.sums", f"{counts!r}", "at least one hand or foot"
    for name, (_, body_part) in MODELS.items():
        if summed[body_part] and name not in heads:
            where = f"calibration.sums.{counts}"
            return where, f"no calibrated head {name}", f"all heads of the {body_part} calibrated"
    return None
