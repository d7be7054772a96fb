"""What the whole-image pipeline of a study reads, trains and makes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from sharpflow.errors import UserError
from sharpflow.seeds import replicate_seed
from sharpflow.whole_image.experiment_types import (
    BinnedExperiment,
    NetworkExperiment,
    StackExperiment,
)
from sharpflow.whole_image.experiments import candidates, choose_experiments
from sharpflow.whole_image.training.settings import TrainingSettings
from sharpflow.workflow.by_content import ToldText
from sharpflow.workflow.plan.image_cohorts import COHORTS, ImageCohorts
from sharpflow.workflow.plan.paths import Wildcards
from sharpflow.workflow.settings import Study

# The networks that the paper's Figures 3 and 5 explain, if they are run.
EXPLAINED = {"total": "total-resnet50-rbs1", "severity": "severity-resnet50-finetuned"}
# What is compared with the joint pipeline: the paper's best, or the first total that there is.
BEST_OF_PAPER = "total-stack-batch16"


class WholeImagePlan:
    """The whole-image pipeline's experiments, seeds and files.

    Attributes:
        experiments: those of this run, with all that they need.
        networks, stacks, binned: the same by kind and name.
        explained: task -> the network of which Grad-CAM is made.
        replicates: folder of each seed's trainings in <results>/whole_image -> the seed. The first
            seed's, whose scores are used, lie in no folder of their own.
        images: the cohorts that the networks are trained on, or predict.
        warnings: of what is implausible, though it can be run.
    """

    def __init__(self, study: Study) -> None:
        """`study` has a cohort of whole images; UserError where it names unknown experiments."""
        self.study = study
        settings = study.whole_image
        for key in ("experiments", "core", "experiment_epochs"):
            names = getattr(settings, key)
            try:
                choose_experiments([] if isinstance(names, str) else list(names), [])
            except UserError as error:
                raise UserError(f"whole_image.{key}: {error}") from None
        self.experiments = choose_experiments(
            settings.experiments, settings.core, settings.stacking.members
        )
        self.networks = {e.name: e for e in self.experiments if isinstance(e, NetworkExperiment)}
        self.stacks = {e.name: e for e in self.experiments if isinstance(e, StackExperiment)}
        self.binned = {e.name: e for e in self.experiments if isinstance(e, BinnedExperiment)}
        self.explained = self._explained()
        self.replicates = {
            f"seed-{number}/" if number > 1 else "": replicate_seed(study.seed, number)
            for number in range(1, settings.seeds + 1)
        }
        self.images = ImageCohorts(study)
        idle = [name for name in settings.experiment_epochs if name not in self.networks]
        self.warnings = [
            f"whole_image.experiment_epochs: {', '.join(idle)} is no network that this study "
            "trains, so its epochs do nothing. Name it under experiments, or delete it here."
        ] * bool(idle)
        self.warnings += self.images.warnings

    def _explained(self) -> dict[str, str]:
        """The paper's networks, or the first of the task that there is."""
        explained = {}
        for task, of_paper in EXPLAINED.items():
            names = [name for name, network in self.networks.items() if network.task == task]
            if names:
                explained[task] = of_paper if of_paper in names else names[0]
        return explained

    @property
    def cohorts(self) -> list[str]:
        """The cohort that is scored, and the one that networks are pretrained on."""
        return sorted(COHORTS)

    @property
    def compared(self) -> str | None:
        """The experiment that is compared with the joint pipeline."""
        tried: list[StackExperiment | NetworkExperiment]
        tried = [*self.stacks.values(), *self.networks.values()]
        totals = [experiment.name for experiment in tried if experiment.task == "total"]
        return BEST_OF_PAPER if BEST_OF_PAPER in totals else next(iter(totals), None)

    @property
    def scored(self) -> list[str]:
        """The experiments of which there are scores: all but the pretrainings."""
        return [e.name for e in self.experiments if e.cohort == "whole_image"]

    @property
    def trained(self) -> list[str]:
        """The networks that are trained on the scored radiographs, not on bone age."""
        return [name for name in self.networks if name in self.scored]

    # Files of a stage.

    def unscored_predictions(self, wildcards: Wildcards) -> list[str]:
        """Predictions of images without scores, by the networks that a stack can choose from."""
        return self.files("unscored.csv", self.candidates(wildcards.stack))

    def every_unscored_prediction(self) -> list[str]:
        """Predictions of images without scores, by each experiment with a model of its own."""
        names = [name for name in self.scored if name not in self.binned]
        return self.files("unscored.csv", names)

    def network_inputs(self, wildcards: Wildcards) -> dict[str, str | list[str]]:
        """What a network is trained on and, where it is pretrained, the model it starts from."""
        network = self.networks[wildcards.network]
        start = [network.start] if network.start else []
        return {
            "images": self.images.packed(".npy", network.cohort),
            "table": f"<results>/cohort/{network.cohort}/images.csv",
            "split": f"<results>/cohort/{network.cohort}/split.csv",
            "statistics": f"<results>/packed/{network.cohort}/statistics.json",
            "start": self.files("model.pt", start, wildcards.replicate),
        }

    def files(self, what: str, names: Iterable[str], replicate: str = "") -> list[str]:
        """A file of each of these experiments, by default of the study's own seed."""
        return [f"<results>/whole_image/{replicate}{name}/{what}" for name in names]

    def repeated_files(self, what: str, names: Iterable[str]) -> list[str]:
        """The same of all further seeds."""
        names = list(names)
        return [
            file
            for replicate in self.replicates
            if replicate
            for file in self.files(what, names, replicate)
        ]

    def seed(self, wildcards: Wildcards) -> int:
        """The seed of a training."""
        return self.replicates[wildcards.replicate]

    def members(self, wildcards: Wildcards) -> list[str]:
        """Predictions of the networks among which a stack's members are chosen."""
        return self.files("predictions.csv", self.candidates(wildcards.stack), wildcards.replicate)

    def candidates(self, name: str) -> list[str]:
        """The networks among which a stack's members are chosen."""
        members = self.study.whole_image.stacking.members
        groups = candidates(self.stacks[name], self.networks, members)
        return [name for group in groups for name in group]

    def binned_stack(self, wildcards: Wildcards) -> list[str]:
        """Predictions of the stack whose totals become classes."""
        stack = self.binned[wildcards.binned].stack
        return self.files("predictions.csv", [stack], wildcards.replicate)

    def explained_file(self, what: str) -> Callable[[Wildcards], list[str]]:
        """A file of the network that the wildcard `task` explains."""
        return lambda wildcards: self.files(what, [self.explained[wildcards.task]])

    def case_rules(self, wildcards: Wildcards) -> dict[str, float]:
        """Which radiographs are shown of the network that the wildcard `task` explains."""
        settings = self.study.whole_image.grad_cam
        rules = settings.classes if wildcards.task == "severity" else settings.totals
        return rules.model_dump()

    def explained_name(self, wildcards: Wildcards) -> str:
        """The network that the wildcard `task` explains."""
        return self.explained[wildcards.task]

    # Settings and notes.

    def training_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """How a network is trained; some of it is other for bone age."""
        settings = self.study.whole_image
        pretrains = self.networks[wildcards.network].task == "bone_age"
        own = settings.pretraining if pretrains else settings
        all_settings = {
            field.name: getattr(settings, field.name) for field in fields(TrainingSettings)
        }
        return all_settings | {
            "epochs": settings.experiment_epochs.get(wildcards.network, own.epochs),
            "learning_rate": own.learning_rate,
        }

    def experiment(self, wildcards: Wildcards) -> dict[str, Any]:
        """What an experiment says of its network, so that a change of it trains it again."""
        network = self.networks[wildcards.network]
        batch = network.batch * self.study.whole_image.batch_factor
        told = asdict(replace(network, batch=batch))
        del told["label"]  # how tables print it
        return told

    def trained_on(self, wildcards: Wildcards) -> ToldText:
        """What a network's card says it was trained on."""
        return ToldText(self.images.folder(self.networks[wildcards.network].cohort))

    def notes(self) -> Mapping[str, Any]:
        """What every table says of the data and the training behind it."""
        settings = self.study.whole_image
        by_patient = self.images.source("whole_image")["columns"]["patient"]
        return {
            "data": self.images.data_name(),
            "pretraining_data": self.images.data_name("bone_age"),
            "image_size": settings.size,
            "contrast": settings.contrast,
            "rotations": settings.rotations,
            "jitter": settings.jitter,
            "batch_factor": settings.batch_factor,
            "optimizer": settings.optimizer,
            "epochs": settings.epochs,
            "experiment_epochs": settings.experiment_epochs,
            "pretraining_epochs": settings.pretraining.epochs,
            "split_by": "patient" if by_patient else "image",
            "members": settings.stacking.members,
            "fitted_on": settings.stacking.fitted_on,
        }
