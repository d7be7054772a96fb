"""Numbers of Tan et al.: masks chosen, joints identified, and the joint scores (Table 1)."""

from collections.abc import Mapping

from sharpflow.papers.reading import numbers_beside

_NUMBERS = numbers_beside(__file__)
# Of each body part: two sides of each patient.
RADIOGRAPHS = 2 * int(_NUMBERS["patients"][""])
# Body part -> masks picked by eye to train its U-Net.
CHOSEN_MASKS: Mapping[str, int] = {
    body_part: int(masks) for body_part, masks in _NUMBERS["chosen_masks"].items()
}
# Detection and identification together; of what, on which radiographs, is not said.
IDENTIFICATION_ACCURACY = _NUMBERS["identification_accuracy"][""]
# Measure -> a name of anatomy.MODELS -> fraction.
JOINT_SCORING: Mapping[str, Mapping[str, float]] = {
    measure: _NUMBERS[measure] for measure in ("balanced_accuracy", "balanced_accuracy_within_one")
}
