"""Bo et al.'s Tables 1 and 2 from predictions: every experiment, run or not, and marks.

Beside the paper's rows stand what the paper compares with (the human readers, Wang et al.'s
network) and, of ours, what always giving one answer would reach.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sharpflow.evaluation.seeds import over_seeds
from sharpflow.evaluation.whole_image_constants import best_constant_class, constant_totals
from sharpflow.evaluation.whole_image_metrics import (
    REGRESSION,
    SEVERITY,
    point_metrics,
    regression_metrics,
    severity_metrics,
)
from sharpflow.papers.bo_numbers import SECONDS_PER_EPOCH, TRAINING_IMAGES
from sharpflow.papers.bo_results import RESULTS, PaperValues, reported
from sharpflow.whole_image.experiment_types import (
    PRINTED_NETWORKS,
    Experiment,
    Label,
    NetworkExperiment,
)
from sharpflow.whole_image.experiments import EXPERIMENTS

if TYPE_CHECKING:
    import pandas as pd

RUN, NOT_RUN, PAPER_ONLY, CONSTANT = "run", "not run", "paper only", "constant"
LABELS = ("group", "model", "loss", "freezing", "principle", "batch")
PAPER_METRICS = {
    "total": ("pcc", "mae", "rmse"),
    "severity": ("accuracy", "balanced_accuracy", "pcc", "mae", "rmse"),
}
# What the paper compares with; the names are those of papers.bo_results.
REFERENCES: Mapping[str, Label] = {
    "human-readers": Label("Human readers"),
    "wang-resnetdwise50": Label("ResNet-Dwise50 (Wang et al.)", freezing="random weights"),
    "wang-resnetdwise50-chexpert": Label("ResNet-Dwise50 (Wang et al.)", freezing="from CheXpert"),
}


def regression_table(
    predictions: Mapping[str, "pd.DataFrame"],
    *,
    repeated: Sequence[Mapping[str, "pd.DataFrame"]] = (),
    data: str,
    seed: int,
    resamples: int = 2000,
) -> "pd.DataFrame":
    """tables/whole_regression.csv: Table 1's rows in its order, then marks to hold them against.

    Args:
        predictions: experiment name -> its predictions.csv; experiments of other tasks are left
            alone.
        repeated: the same experiments' predictions of each further seed.
        data: "phantom" or the cohort's name.
        seed: the study's.
        resamples: number of resamples.

    Returns:
        row, data, n (test images), patients, n_train, n_validation, pcc, mae, rmse, icc, each also
        with _low and _high of the first seed, and _seed_mean and _seed_sd over n_seeds trainings;
        paper_pcc, paper_mae, paper_rmse; group ("baseline", "transfer", "stack", "further",
        "reference", "constant"), model, loss, freezing, principle, batch as printed; state: "run",
        "not run", "paper only", "constant". Experiments not run are blank but for the paper's
        values; further ones are there only when run.
    """
    experiments = _table_experiments("total", predictions)
    trainings = (predictions, *repeated)
    lines = [_line(experiment, trainings, data, seed, resamples) for experiment in experiments]
    lines += [_reference(name) for name in REFERENCES]
    run = _first_run(experiments, predictions)
    if run is not None:
        for name, guess in constant_totals(run).items():
            label = Label(f"Always the training images' {name}")
            measured = regression_metrics(guess, seed=seed, resamples=resamples)
            line = {"row": f"constant-{name}", "data": data, "state": CONSTANT}
            lines.append(line | _printed("constant", label) | measured)
    return _as_table(lines, "total", tuple(REGRESSION))


def severity_table(
    predictions: Mapping[str, "pd.DataFrame"],
    *,
    repeated: Sequence[Mapping[str, "pd.DataFrame"]] = (),
    data: str,
    seed: int,
    resamples: int = 2000,
) -> "pd.DataFrame":
    """tables/whole_severity.csv: Table 2's rows in its order, and the best constant class.

    As `regression_table`, with accuracy, balanced_accuracy (fractions), pcc, mae, rmse (of class
    numbers), kappa, icc, paper_accuracy and so on, classes_absent and classes_few_patients; group
    also "binned".
    """
    experiments = _table_experiments("severity", predictions)
    trainings = (predictions, *repeated)
    lines = [_line(experiment, trainings, data, seed, resamples) for experiment in experiments]
    run = _first_run(experiments, predictions)
    if run is not None:
        line = {"row": "constant-best", "data": data, "state": CONSTANT}
        label = Label("Best constant class, measure by measure")
        lines.append(line | _printed("constant", label) | best_constant_class(run))
    table = _as_table(lines, "severity", tuple(SEVERITY))
    return table.astype({"classes_absent": "Int64"})


def time_table(
    histories: Mapping[str, "pd.DataFrame"], *, image_size: int, batch_factor: int, hardware: str
) -> "pd.DataFrame":
    """tables/whole_image_time.csv: how long an epoch took, beside the paper's.

    Args:
        histories: experiment name -> its history.csv (epoch, seconds, images_per_second).
        image_size: pixels a side.
        batch_factor: how many times the paper's the batches are.
        hardware: the machine in words.

    Returns:
        A row for each cohort, network, batch and freezing that was trained: cohort, network,
        batch, freezing, rows, epochs, seconds_per_epoch, images_per_second (medians over the epochs
        of all its rows), image_size, hardware, paper_seconds_per_epoch,
        paper_images_per_second (2,700 images on a V100; only for batch 4 of the whole cohort with
        nothing frozen).
    """
    import pandas as pd

    parts = []
    for name, experiment in EXPERIMENTS.items():
        if isinstance(experiment, NetworkExperiment) and name in histories:
            columns = histories[name][["seconds", "images_per_second"]]
            parts.append(
                columns.assign(
                    cohort=experiment.cohort,
                    network=experiment.network,
                    batch=experiment.batch * batch_factor,
                    freezing=experiment.freeze or "",
                    row=name,
                )
            )
    keys = ["cohort", "network", "batch", "freezing"]
    if not parts:
        parts = [pd.DataFrame(columns=[*keys, "row", "seconds", "images_per_second"])]
    table = (
        pd.concat(parts, ignore_index=True)
        .sort_values(keys, key=_order, kind="stable")
        .groupby(keys, sort=False)
        .agg(
            rows=("row", "nunique"),
            epochs=("row", "size"),
            seconds_per_epoch=("seconds", "median"),
            images_per_second=("images_per_second", "median"),
        )
        .reset_index()
    )
    table = table.assign(image_size=image_size, hardware=hardware)
    comparable = table["cohort"].eq("whole_image") & table["batch"].eq(4) & table["freezing"].eq("")
    paper = table["network"].map(SECONDS_PER_EPOCH).astype(float).where(comparable)
    return table.assign(
        paper_seconds_per_epoch=paper, paper_images_per_second=TRAINING_IMAGES / paper
    )


def _order(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Networks in their order, all else as it sorts."""
    networks = list(PRINTED_NETWORKS)
    return column.map(networks.index) if column.name == "network" else column


def _table_experiments(task: str, predictions: Mapping[str, Any]) -> list[Experiment]:
    return [
        experiment
        for experiment in EXPERIMENTS.values()
        if experiment.task == task
        and (experiment.group != "further" or experiment.name in predictions)
    ]


def _first_run(
    experiments: Iterable[Experiment], predictions: Mapping[str, "pd.DataFrame"]
) -> "pd.DataFrame | None":
    return next(
        (
            predictions[experiment.name]
            for experiment in experiments
            if experiment.name in predictions
        ),
        None,
    )


def _line(
    experiment: Experiment,
    trainings: Sequence[Mapping[str, "pd.DataFrame"]],
    data: str,
    seed: int,
    resamples: int,
) -> dict[str, Any]:
    line: dict[str, Any] = {"row": experiment.name, "data": data, "state": NOT_RUN}
    line |= _printed(experiment.group, experiment.label) | _paper(
        reported(experiment.name), PAPER_METRICS[experiment.task]
    )
    each = [
        predictions[experiment.name] for predictions in trainings if experiment.name in predictions
    ]
    if not each:
        return line
    measured = severity_metrics if experiment.task == "severity" else regression_metrics
    counts = each[0]["split"].value_counts()
    return line | {
        "state": RUN,
        "n_train": int(counts.get("train", 0)),
        "n_validation": int(counts.get("validation", 0)),
        **measured(each[0], seed=seed, resamples=resamples),
        **over_seeds([point_metrics(predictions, experiment.task) for predictions in each]),
    }


def _reference(name: str) -> dict[str, Any]:
    line = {"row": name, "state": PAPER_ONLY} | _printed("reference", REFERENCES[name])
    return line | _paper(RESULTS[name], PAPER_METRICS["total"])


def _printed(group: str, label: Label) -> dict[str, str]:
    return {"group": group} | {name: getattr(label, name) for name in LABELS[1:]}


def _paper(values: PaperValues, metrics: Iterable[str]) -> dict[str, float | None]:
    return {f"paper_{name}": getattr(values, name) for name in metrics}


def _as_table(lines: list[dict[str, Any]], task: str, metrics: tuple[str, ...]) -> "pd.DataFrame":
    import pandas as pd

    counts = ["n", "patients", "n_train", "n_validation", "n_seeds"]
    parts = ("", "_low", "_high", "_seed_mean", "_seed_sd")
    measured = [f"{name}{part}" for name in metrics for part in parts]
    columns = ["row", "data", *counts, *measured]
    columns += [f"paper_{name}" for name in PAPER_METRICS[task]]
    columns += [*LABELS, "state"]
    if task == "severity":
        columns += ["classes_absent", "classes_few_patients"]
    table = pd.DataFrame(lines).reindex(columns=columns)
    numbers = [name for name in columns if name in measured or name.startswith("paper_")]
    return table.astype({**dict.fromkeys(numbers, float), **dict.fromkeys(counts, "Int64")})
