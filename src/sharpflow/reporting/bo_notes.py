"""What the notes under the whole-image tables say of the data and the trainings."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from sharpflow.evaluation.whole_image_tables import RUN

QUARTERS = {0, 90, 180, 270}


@dataclass(frozen=True)
class WholeImageNotes:
    """What made the numbers; the notes under every table are written from it.

    Attributes:
        data: "phantom" or the cohort's name, as in the column `data`.
        pretraining_data: "phantom" (synthetic children's hands) or the bone-age cohort's name.
        image_size: pixels a side of the packed images.
        contrast: "none" (the paper's) or "clahe", of each radiograph.
        rotations: degrees by which training images are turned.
        jitter: largest change of their size, angle (radians) and place; 0 (the paper's): none.
        batch_factor: how many times the paper's the networks' batches are.
        optimizer: "SGD" (the paper's) or "AdamW".
        epochs: of the experiments on the cohort.
        experiment_epochs: of single experiments where they are other.
        pretraining_epochs: of the experiments on bone age.
        split_by: "patient" where the cohort names patients, else "image".
        members: how a stack's members were chosen, "paper" or "validation".
        fitted_on: the split on which the stacks' linear layers were fitted.
    """

    data: str
    pretraining_data: str
    image_size: int
    contrast: str
    rotations: tuple[int, ...]
    jitter: float
    batch_factor: int
    optimizer: str
    epochs: int
    experiment_epochs: Mapping[str, int]
    pretraining_epochs: int
    split_by: str
    members: str
    fitted_on: str

    def of_data(self) -> str:
        """A sentence on the data."""
        if self.data == "phantom":
            return (
                "Data: phantom, that is synthetic radiographs of both hands, not real radiographs."
            )
        return f"Data: {self.data}."

    def of_split(self, table: pd.DataFrame) -> str:
        """A sentence on the images of each split and on what test images were used for."""
        run = table[table["state"] == RUN]
        by = "patient: none is in two splits"
        if self.split_by != "patient":
            by = "image: the cohort names no patients, so one may be in two splits"
        if not len(run):
            return f"Split by {by}."
        counts = run.iloc[0]
        return (
            f"Split by {by}; {counts['n_train']} images to train, {counts['n_validation']} to "
            f"validate, {counts['n']} to test. Numbers are of test images only, which chose "
            "nothing: no epoch, no network, no member of a stack."
        )

    def of_training(self) -> str:
        """A sentence on image size, batches, optimizer, epochs and the pretraining."""
        phantom = "synthetic hands of children (phantom)"
        source = phantom if self.pretraining_data == "phantom" else self.pretraining_data
        own = ""
        if self.contrast == "clahe":
            own += "each radiograph's contrast evened by CLAHE (not in the paper); "
        if set(self.rotations) != QUARTERS:
            turned = ", ".join(map(str, self.rotations))
            own += f"turned by {turned} degrees in training (paper: 0, 90, 180, 270); "
        if self.jitter:
            own += f"size, angle and place varied by up to {self.jitter:g} (paper: not); "
        if self.batch_factor != 1:
            own += f"networks' batches {self.batch_factor} times the paper's; "
        if self.optimizer != "SGD":
            own += f"{self.optimizer} (paper: SGD); "
        other = ", ".join(f"{name} {epochs}" for name, epochs in self.experiment_epochs.items())
        return (
            f"Images of {self.image_size}x{self.image_size} pixels (paper: 1024x1024); {own}"
            f"{self.epochs} epochs (paper: 100 for baselines), the one with the least validation "
            f"loss kept; transfer from bone age of {source}, {self.pretraining_epochs} epochs "
            "(paper: RSNA, 50)" + (f"; other epochs: {other}." if other else ".")
        )

    def of_stacks(self) -> str:
        """A sentence on the stacks."""
        members = (
            "the paper's (of our own stacks, those named)"
            if self.members == "paper"
            else "the best on the validation images"
        )
        return f"Stacks: members are {members}; the linear layer is fitted on {self.fitted_on}."


def of_seeds(table: pd.DataFrame) -> str:
    """A sentence on the trainings behind the experiments."""
    seeds = n_trainings(table)
    if seeds == 1:
        return (
            "One training of each experiment, as in the paper: how much its values change with the "
            "random seed is not measured here (the setting whole_image: seeds)."
        )
    return (
        "Values and intervals are of the first seed, whose scores are used; beside them mean and "
        f"standard deviation over {seeds} seeds, each with a pretraining and stacks of its own, on "
        "the same split."
    )


def n_trainings(table: pd.DataFrame) -> int:
    """How many times each experiment was trained; 1 where none was."""
    return int(table["n_seeds"].fillna(1).max()) if len(table) else 1
