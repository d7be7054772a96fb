"""Which experiments are compared, and how their metrics differ on the same test images.

Test images choose nothing here: where a comparison needs the best experiment, it is the best on the
validation images.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sharpflow.errors import UserError
from sharpflow.evaluation.agreement import Array, difference_of, with_intervals
from sharpflow.evaluation.intervals import patient_sums
from sharpflow.evaluation.proportions import share_difference
from sharpflow.evaluation.recalls import balanced_accuracy_difference
from sharpflow.evaluation.seeds import over_seeds
from sharpflow.evaluation.whole_image_metrics import (
    image_parts,
    interval_seed,
    number_measures,
    pairs_of,
    point_metrics,
    split_rows,
    statistics_of,
)
from sharpflow.whole_image.experiment_types import NetworkExperiment, StackExperiment, Task
from sharpflow.whole_image.experiments import EXPERIMENTS

if TYPE_CHECKING:
    import pandas as pd

# A field in which two experiments may differ -> its values in the plainer one.
_PLAIN: Mapping[str, tuple[object, ...]] = {
    "loss": ("mse", "cross_entropy"),
    "batch": (4,),
    "start": (None,),
    "freeze": (None,),
    "sampling": ("shuffled",),
}
_QUESTIONS: Mapping[tuple[str, ...], str] = {
    ("loss",): "loss",
    ("batch",): "batch",
    ("start",): "transfer",
    ("start", "freeze"): "transfer",
    ("freeze",): "freezing",
    ("sampling",): "sampling",
}


def comparisons(predictions: Mapping[str, "pd.DataFrame"]) -> list[tuple[str, str, str]]:
    """The pairs of experiments that answer the paper's questions, for `difference_table`.

    Args:
        predictions: name -> predictions.csv of each experiment that was run.

    Returns:
        (experiment, compared_with, question): "transfer" (pretrained, finetuned or frozen, against
        the baseline of the same loss and batch), "freezing" (frozen against finetuned), "batch" (16
        against 4), "loss" (smooth against MSE; ordinal against cross-entropy), "sampling" (balanced
        against shuffled), "stacking" (a stack against the network that did best on the validation
        images, by RMSE), "binning" (the binned stack against the stacked classifiers).
    """
    run = [experiment for name, experiment in EXPERIMENTS.items() if name in predictions]
    pairs = []
    for experiment in run:
        if isinstance(experiment, NetworkExperiment):
            pairs += [
                (experiment.name, other, question) for other, question in _plainer(experiment)
            ]
        elif isinstance(experiment, StackExperiment):
            best = best_on_validation(predictions, experiment.task)
            pairs += [(experiment.name, best, "stacking")] if best else []
        else:
            stacks = [other for other in run if isinstance(other, StackExperiment)]
            pairs += [
                (experiment.name, stack.name, "binning")
                for stack in stacks
                if stack.task == experiment.task
            ]
    return [pair for pair in pairs if pair[1] in predictions]


def best_on_validation(predictions: Mapping[str, "pd.DataFrame"], task: Task) -> str | None:
    """The single network with the least RMSE on the validation images; None where none was run."""
    errors = {}
    for name, experiment in EXPERIMENTS.items():
        if (
            isinstance(experiment, NetworkExperiment)
            and experiment.task == task
            and name in predictions
        ):
            rows = predictions[name].query("split == 'validation'")
            errors[name] = float(np.sqrt(((rows["predicted"] - rows["true"]) ** 2).mean()))
    return min(errors, key=errors.__getitem__) if errors else None


def _plainer(experiment: NetworkExperiment) -> list[tuple[str, str]]:
    """The experiments that differ from one in the answer to a single question, and which.

    A frozen experiment differs from its baseline in weights and freezing at once: that is a
    question of transfer still, since nothing can be frozen without it.
    """
    found = []
    for other in EXPERIMENTS.values():
        if not isinstance(other, NetworkExperiment) or other.network != experiment.network:
            continue
        differs = tuple(name for name in _PLAIN if _value(experiment, name) != _value(other, name))
        question = _QUESTIONS.get(differs)
        plain = all(_value(other, name) in _PLAIN[name] for name in differs)
        if other.task == experiment.task and question and plain:
            found.append((other.name, question))
    return found


def _value(experiment: NetworkExperiment, name: str) -> object:
    return getattr(experiment, name)


def paired_difference(
    first: "pd.DataFrame",
    second: "pd.DataFrame",
    *,
    task: Task,
    seed: int,
    resamples: int = 2000,
) -> "pd.DataFrame":
    """How two experiments' metrics differ on the same images, with 95% intervals by patient.

    Args:
        first: predictions as for `regression_metrics`.
        second: predictions of the same images, of one target.
        task: "total", "bone_age" or "severity": which metrics.
        seed: the study's.
        resamples: number of resamples.

    Returns:
        metric, n, patients, first, second, difference (first - second), low, high; a row a metric.
        An interval without 0 in it says that the two differ by more than the choice of patients.

    Raises:
        UserError: the two are not of the same images and true values.
    """
    import pandas as pd

    tables = [split_rows(table, task) for table in (first, second)]
    one, other = (table.sort_values("image_id", ignore_index=True) for table in tables)
    keys = ["image_id", "patient"]
    if not (one[keys].equals(other[keys]) and np.allclose(one["true"], other["true"])):
        raise UserError(
            f"two experiments have other test images or true values than each other "
            f"({len(one)} and {len(other)} images): they can only be compared on the same ones. "
            "Run both again with the study's one split."
        )
    sides = [image_parts(table, task) for table in (one, other)]
    patients = one["patient"].tolist()
    numbers = sides if task != "severity" else [pairs_of(side) for side in sides]
    found = with_intervals(
        patients,
        np.stack(numbers, axis=1),
        {name: difference_of(measure) for name, measure in number_measures(task).items()},
        seed=interval_seed(seed),
        resamples=resamples,
    )
    if task == "severity":
        found |= _accuracy_differences(patients, sides)
    rows = []
    for name, measure in statistics_of(task).items():
        values = [float(measure(side.sum(axis=0))) for side in sides]
        rows.append(
            {
                "metric": name,
                "n": len(one),
                "patients": len(set(patients)),
                "first": values[0],
                "second": values[1],
                "difference": values[0] - values[1],
                "low": found[f"{name}_low"],
                "high": found[f"{name}_high"],
            }
        )
    return pd.DataFrame(rows)


def _accuracy_differences(patients: list[str], sides: list[Array]) -> dict[str, float]:
    """Intervals of the differences of both accuracies, as name_low and name_high."""
    first, second = (patient_sums(patients, side)[1] for side in sides)
    right = np.stack([np.trace(side, axis1=1, axis2=2) for side in (first, second)], axis=1)
    n = np.stack([side.sum(axis=(1, 2)) for side in (first, second)], axis=1)
    low, high = share_difference(right, n)
    balanced = balanced_accuracy_difference(first, second)
    return {
        "accuracy_low": low,
        "accuracy_high": high,
        "balanced_accuracy_low": balanced[0],
        "balanced_accuracy_high": balanced[1],
    }


def difference_table(
    predictions: Mapping[str, "pd.DataFrame"],
    pairs: Iterable[tuple[str, str, str]],
    *,
    repeated: Sequence[Mapping[str, "pd.DataFrame"]] = (),
    data: str,
    seed: int,
    resamples: int = 2000,
) -> "pd.DataFrame":
    """tables/whole_differences.csv: `paired_difference` of pairs of experiments.

    Args:
        predictions: experiment name -> its predictions.csv.
        pairs: (experiment, compared_with, question), for instance ("total-resnet50-finetuned",
            "total-resnet50-mse-batch4", "transfer"); pairs of which an experiment was not run are
            left out.
        repeated: the same experiments' predictions of each further seed.
        data: "phantom" or the cohort's name.
        seed: the study's.
        resamples: number of resamples.

    Returns:
        question, row, compared_with, metric, data, n, patients, value, compared_value, difference
        (value - compared_value), low, high, difference_seed_mean, difference_seed_sd (over all
        seeds; both experiments of a difference have the same), n_seeds.
    """
    import pandas as pd

    columns = [
        *("question", "row", "compared_with", "metric", "data", "n", "patients"),
        *("value", "compared_value", "difference", "low", "high"),
        *("difference_seed_mean", "difference_seed_sd", "n_seeds"),
    ]
    tables = [
        paired_difference(
            predictions[experiment],
            predictions[other],
            task=EXPERIMENTS[experiment].task,
            seed=seed,
            resamples=resamples,
        ).assign(
            question=question,
            row=experiment,
            compared_with=other,
            data=data,
            **_difference_over_seeds([predictions, *repeated], experiment, other),
        )
        for experiment, other, question in pairs
        if experiment in predictions and other in predictions
    ]
    if not tables:
        return pd.DataFrame(columns=columns)
    table = pd.concat(tables, ignore_index=True)
    return table.rename(columns={"first": "value", "second": "compared_value"})[columns]


def _difference_over_seeds(
    trainings: Sequence[Mapping[str, "pd.DataFrame"]], experiment: str, other: str
) -> dict[str, list[float]]:
    """The columns of `difference_table` over seeds, in the order of the metrics."""
    task = EXPERIMENTS[experiment].task
    differences = []
    for predictions in trainings:
        one, two = (point_metrics(predictions[name], task) for name in (experiment, other))
        differences.append({name: one[name] - two[name] for name in one})
    found, names = over_seeds(differences), list(differences[0])
    columns = {
        f"difference_seed_{part}": [found[f"{name}_seed_{part}"] for name in names]
        for part in ("mean", "sd")
    }
    return columns | {"n_seeds": [found["n_seeds"]] * len(names)}
