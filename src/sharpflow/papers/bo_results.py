"""What Bo et al. report of each experiment on test images (Tables 1 and 2).

Beside them the results that they compare with: between the two human readers (section 2.1), and
of Wang et al.'s ResNet-Dwise50 from random weights and pretrained on CheXpert (section 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from sharpflow.papers.reading import rows_beside


@dataclass(frozen=True)
class PaperValues:
    """Published results; None where the table has no such column or experiment.

    Attributes:
        pcc: Pearson's correlation of predicted and true.
        mae: mean absolute error, in score points, or classes.
        rmse: root mean squared error, likewise.
        accuracy: a fraction.
        balanced_accuracy: a fraction.
    """

    pcc: float | None = None
    mae: float | None = None
    rmse: float | None = None
    accuracy: float | None = None
    balanced_accuracy: float | None = None


NOT_REPORTED = PaperValues()


def _values(row: Mapping[str, str]) -> PaperValues:
    names = [field.name for field in fields(PaperValues)]
    return PaperValues(**{name: float(row[name]) for name in names if row[name]})


# Wang et al.'s network and results; theirs was pretrained on chest radiographs, ours on bone age.
_REPORTED_AS = {
    "total-resnetdwise50-mse-batch4": "wang-resnetdwise50",
    "total-resnetdwise50-finetuned": "wang-resnetdwise50-chexpert",
}
# An experiment's name, or that of a result to compare with -> what is reported of it.
RESULTS: Mapping[str, PaperValues] = {row["row"]: _values(row) for row in rows_beside(__file__)}


def reported(experiment: str) -> PaperValues:
    """What is published of an experiment, by its name."""
    return RESULTS.get(_REPORTED_AS.get(experiment, experiment), NOT_REPORTED)
