"""How figures name the experiments of Bo et al."""

from sharpflow.whole_image.experiment_types import BinnedExperiment, Experiment, StackExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS


def experiment_title(name: str) -> str:
    """An experiment in words, "ResNet-50: RBs-1" or "Stack of totals, batch 16"."""
    experiment = EXPERIMENTS[name]
    label = experiment.label
    if isinstance(experiment, BinnedExperiment):
        return f"{experiment_title(experiment.stack)}, binned"
    if isinstance(experiment, StackExperiment):
        if experiment.task == "total":
            what = "two networks" if len(experiment.members) == 2 else "totals"
            return f"Stack of {what}, batch {label.batch}"
        return f"Stack of classes, {label.principle.lower()}, batch {label.batch}"
    return f"{label.model}{_trained(experiment)}"


def frozen_in_words(experiment: Experiment) -> str:
    """Which layers stay as they were pretrained: "finetuned" for none, else "RBs-1" and so on."""
    freezing = experiment.label.freezing
    return "finetuned" if freezing == "No" else freezing


def _trained(experiment: Experiment) -> str:
    label = experiment.label
    further = [
        *(["ordinal"] if label.loss == "Ordinal" else []),
        *(["balanced sampling"] if getattr(experiment, "sampling", "") == "balanced" else []),
    ]
    if label.freezing:
        return ", ".join([f": {frozen_in_words(experiment)}", *further])
    loss = [f"{label.loss.replace('Smooth', 'smooth')} loss"] if label.loss else []
    return ", ".join([", baseline", *loss, f"batch {label.batch}", *further])
