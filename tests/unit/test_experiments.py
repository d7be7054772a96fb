"""The experiments: every one of the paper's tables, and choosing some with what they need."""

import pytest

from sharpflow.errors import UserError
from sharpflow.evaluation.whole_image_tables import REFERENCES
from sharpflow.papers.bo_results import RESULTS, PaperValues, reported
from sharpflow.whole_image.experiment_types import (
    BinnedExperiment,
    NetworkExperiment,
    StackExperiment,
)
from sharpflow.whole_image.experiments import EXPERIMENTS, candidates, choose_experiments


def count(task: str, group: str) -> int:
    return sum(
        (experiment.task, experiment.group) == (task, group) for experiment in EXPERIMENTS.values()
    )


def names(*arguments: object, **options: object) -> list[str]:
    return [experiment.name for experiment in choose_experiments(*arguments, **options)]  # type: ignore[arg-type]


def test_the_experiments_are_the_papers():
    assert [count("total", group) for group in ("baseline", "transfer", "stack")] == [9, 9, 2]
    severity = [count("severity", g) for g in ("baseline", "transfer", "stack", "binned")]
    assert severity == [6, 9, 4, 1]
    assert count("bone_age", "pretraining") == 3
    assert len(choose_experiments("all", [])) == 43


@pytest.mark.parametrize(
    ("name", "paper"),
    [
        ("total-resnet50-smooth-batch4", PaperValues(0.838, 16.87, 26.02)),
        ("total-mobilenetv2-mse-batch16", PaperValues(0.903, 14.99, 20.48)),
        ("total-resnet50-rbs1", PaperValues(0.918, 13.58, 18.88)),
        ("total-stack-batch16", PaperValues(0.925, 12.57, 18.02)),
        ("severity-resnet34-batch4", PaperValues(0.829, 1.24, 1.76, 0.321, 0.312)),
        ("severity-mobilenetv2-irbs3", PaperValues(0.832, 1.17, 1.67, 0.349, 0.339)),
        ("severity-stack-single-batch16", PaperValues(0.859, 1.12, 1.62, 0.358, 0.349)),
        ("severity-binned-stack", PaperValues(0.861, 1.14, 1.54, 0.288, 0.290)),
    ],
)
def test_the_papers_values_are_those_of_experiments(name: str, paper: PaperValues):
    assert name in EXPERIMENTS
    assert reported(name) == paper


def test_every_published_result_belongs_to_an_experiment_or_is_compared_with():
    compared = {"human-readers", "wang-resnetdwise50", "wang-resnetdwise50-chexpert"}
    assert compared == set(REFERENCES)
    assert set(RESULTS) - compared == {
        experiment.name
        for experiment in EXPERIMENTS.values()
        if experiment.group not in ("pretraining", "further")
    }


def test_labels_are_as_printed():
    label = EXPERIMENTS["total-resnet34-smooth-batch4"].label
    assert (label.model, label.loss, label.batch) == ("ResNet-34", "Smooth", "4")
    label = EXPERIMENTS["severity-mobilenetv2-irbs2"].label
    assert (label.model, label.freezing, label.batch) == ("MobileNetV2", "IRBs-2", "4")
    assert EXPERIMENTS["total-resnet50-finetuned"].label.freezing == "No"
    assert EXPERIMENTS["severity-stack-all-batch4"].label.principle == "All classes"


def test_names_that_experiments_refer_to_exist_and_fit():
    for experiment in EXPERIMENTS.values():
        if isinstance(experiment, NetworkExperiment) and experiment.start:
            start = EXPERIMENTS[experiment.start]
            assert isinstance(start, NetworkExperiment)
            assert (start.task, start.network) == ("bone_age", experiment.network)
        if isinstance(experiment, StackExperiment):
            tasks = [EXPERIMENTS[member].task for member in experiment.members]
            assert tasks == [experiment.task] * (2 if experiment.group == "further" else 3)
            assert len(candidates(experiment, EXPERIMENTS, "validation")) == len(tasks)
        if isinstance(experiment, BinnedExperiment):
            assert EXPERIMENTS[experiment.stack].task == "total"


def test_what_experiments_are_trained_with():
    experiment = EXPERIMENTS["severity-resnet34-rbs2"]
    assert isinstance(experiment, NetworkExperiment)
    assert (experiment.loss, experiment.batch, experiment.outputs, experiment.cohort) == (
        "cross_entropy",
        4,
        10,
        "whole_image",
    )
    pretraining = EXPERIMENTS["bone-age-mobilenetv2"]
    assert isinstance(pretraining, NetworkExperiment)
    assert (pretraining.loss, pretraining.batch, pretraining.outputs) == ("mse", 4, 1)
    assert pretraining.cohort == "bone_age"


def test_an_experiment_brings_what_it_needs():
    assert names("total-resnet50-rbs1", []) == ["bone-age-resnet50", "total-resnet50-rbs1"]
    assert names("severity-binned-stack", []) == [
        "bone-age-resnet50",
        "bone-age-resnet34",
        "bone-age-mobilenetv2",
        "total-resnet50-rbs1",
        "total-resnet34-finetuned",
        "total-mobilenetv2-irbs3",
        "total-stack-batch16",
        "severity-binned-stack",
    ]


def test_core_and_names_add_up():
    core = ["total-resnet34-mse-batch4"]
    assert names("core", core) == core
    both = names(["core", "severity-resnet34-finetuned-ordinal"], core)
    assert both == ["bone-age-resnet34", *core, "severity-resnet34-finetuned-ordinal"]


def test_all_leaves_out_the_further_experiments():
    assert not any(experiment.group == "further" for experiment in choose_experiments("all", []))


def test_an_unknown_experiment_is_named_with_the_nearest():
    with pytest.raises(
        UserError, match=r"total-resnet50-rbs3'; did you mean 'total-resnet50-rbs2'"
    ):
        choose_experiments(["total-resnet50-rbs3"], [])


def test_members_by_validation_are_chosen_among_the_experiments_that_run():
    stack = EXPERIMENTS["total-stack-batch4"]
    assert isinstance(stack, StackExperiment)
    run = names(["total-resnet50-finetuned", "total-resnet50-rbs2", stack.name], [], "validation")
    assert "total-resnet50-rbs1" not in run  # the paper's member is not needed here
    assert candidates(stack, run, "validation") == (
        ("total-resnet50-finetuned", "total-resnet50-rbs2"),
        ("total-resnet34-finetuned",),  # none was asked for: the paper's
        ("total-mobilenetv2-irbs3",),
    )
    assert candidates(stack, run, "paper") == tuple((name,) for name in stack.members)
