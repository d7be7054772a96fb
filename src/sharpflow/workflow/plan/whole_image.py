"""What the whole-image pipeline of a study reads, trains and makes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from sharpflow.cohorts.bone_age import list_bone_age
from sharpflow.cohorts.labelled import ImageList
from sharpflow.cohorts.whole_images import list_whole_images
from sharpflow.errors import UserError
from sharpflow.imaging.shards import shard_of
from sharpflow.seeds import replicate_seed
from sharpflow.whole_image.experiment_types import (
    BinnedExperiment,
    NetworkExperiment,
    StackExperiment,
)
from sharpflow.whole_image.experiments import candidates, choose_experiments
from sharpflow.whole_image.training.settings import TrainingSettings
from sharpflow.workflow.plan.paths import (
    PHANTOM,
    Wildcards,
    existing,
    folder_name,
    shard_names,
)
from sharpflow.workflow.settings import Study

# The networks that the paper's Figures 3 and 5 explain, if they are run.
EXPLAINED = {"total": "total-resnet50-rbs1", "severity": "severity-resnet50-finetuned"}
# What is compared with the joint pipeline: the paper's best, or the first total that there is.
BEST_OF_PAPER = "total-stack-batch16"
COHORTS = ("whole_image", "bone_age")
_COLUMNS = ("image", "total", "age", "sex", "patient")


class WholeImagePlan:
    """The whole-image pipeline's cohorts, experiments, seeds and files.

    Attributes:
        experiments: those of this run, with all that they need.
        networks, stacks, binned: the same by kind and name.
        explained: task -> the network of which Grad-CAM is made.
        replicates: folder of each seed's trainings in <results>/whole_image -> the seed. The first
            seed's, whose scores are used, lie in no folder of their own.
        is_phantom: whether the scored radiographs are synthetic.
    """

    def __init__(self, study: Study) -> None:
        """`study` has a cohort of whole images; UserError where it names unknown experiments."""
        self.study = study
        settings = study.whole_image
        try:
            self.experiments = choose_experiments(
                settings.experiments, settings.core, settings.stacking.members
            )
            choose_experiments(list(settings.experiment_epochs), [])  # are all known
        except UserError as error:
            keys = "experiments, core, experiment_epochs"
            raise UserError(f"whole_image ({keys}): {error}") from None
        self.networks = {e.name: e for e in self.experiments if isinstance(e, NetworkExperiment)}
        self.stacks = {e.name: e for e in self.experiments if isinstance(e, StackExperiment)}
        self.binned = {e.name: e for e in self.experiments if isinstance(e, BinnedExperiment)}
        self.explained = self._explained()
        self.replicates = {
            f"seed-{number}/" if number > 1 else "": replicate_seed(study.seed, number)
            for number in range(1, settings.seeds + 1)
        }
        self.is_phantom = study.cohorts.whole_image == PHANTOM
        self._own_images = {cohort: self._list_own(cohort) for cohort in COHORTS}

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

    # Cohorts of images.

    def phantom_folder(self, cohort: str) -> str:
        """The folder that a synthetic cohort is made in."""
        return f"results/{self.study.study}/phantom/{cohort}"

    def source(self, cohort: str) -> dict[str, Any]:
        """Where a cohort's tables and images lie, as the arguments of its reader."""
        settings, folder = getattr(self.study.cohorts, cohort), self.phantom_folder(cohort)
        if settings != PHANTOM:
            own: dict[str, Any] = settings.model_dump(exclude={"name"})
            return own
        if cohort == "whole_image":
            return {
                "table": f"{folder}/labels.csv",
                "images": f"{folder}/images",
                "columns": {name: name for name in _COLUMNS},
            }
        return {
            f"{part}_{what}": f"{folder}/boneage-{part}-dataset{suffix}"
            for part in ("training", "validation")
            for what, suffix in (("table", ".csv"), ("images", ""))
        }

    def source_of(self, wildcards: Wildcards) -> dict[str, Any]:
        """The same for the wildcard `images`."""
        return self.source(wildcards.images)

    def own_images(self, wildcards: Wildcards) -> dict[str, str]:
        """The user's images of one shard: image_id -> file. None where they are synthetic."""
        return self._own_images[wildcards.images].get(wildcards.shard, {})

    def image_files(self, wildcards: Wildcards) -> str | list[str]:
        """What a shard is packed from: its files, or the folder of a synthetic cohort."""
        if self.is_synthetic(wildcards.images):
            return self.phantom_folder(wildcards.images)
        return existing(self.own_images(wildcards).values())

    def label_tables(self, wildcards: Wildcards) -> str | list[str]:
        """The tables of labels that exist, or the folder of a synthetic cohort."""
        if self.is_synthetic(wildcards.images):
            return self.phantom_folder(wildcards.images)
        source = self.source(wildcards.images)
        return existing(path for key, path in source.items() if path and key.endswith("table"))

    def truth(self) -> str | list[str]:
        """The folder of what is known of the scored radiographs, where it is known."""
        return self.phantom_folder("whole_image") if self.is_phantom else []

    def count_shards(self, wildcards: Wildcards) -> int:
        """How many shards a cohort has."""
        shards: int = getattr(self.study.whole_image.shards, wildcards.images)
        return shards

    def count_images(self, cohort: str) -> int:
        """How many images a cohort has."""
        if self.is_synthetic(cohort):
            phantom = self.study.phantom
            return phantom.whole_image_patients if cohort == "whole_image" else phantom.children
        return sum(len(shard) for shard in self._own_images[cohort].values())

    def data_name(self, cohort: str = "whole_image") -> str:
        """What tables say their data are: "phantom", or the cohort's name."""
        if self.is_synthetic(cohort):
            return PHANTOM
        return getattr(self.study.cohorts, cohort).name or self.folder(cohort)

    def folder(self, cohort: str = "whole_image") -> str:
        """What a model's card says its data are, so that another name trains nothing again."""
        if self.is_synthetic(cohort):
            return PHANTOM
        settings = getattr(self.study.cohorts, cohort)
        return folder_name(settings.images if cohort == "whole_image" else settings.training_images)

    def is_synthetic(self, cohort: str) -> bool:
        """Whether the phantom makes a cohort."""
        return bool(getattr(self.study.cohorts, cohort) == PHANTOM)

    def _list_own(self, cohort: str) -> dict[str, dict[str, str]]:
        """The user's images by shard."""
        found: dict[str, dict[str, str]] = {}
        if self.is_synthetic(cohort):
            return found
        shards = getattr(self.study.whole_image.shards, cohort)
        reader: Callable[..., ImageList] = (
            list_whole_images if cohort == "whole_image" else list_bone_age
        )
        for image in reader(**self.source(cohort)).images:
            shard = shard_of(image.image_id, shards)
            found.setdefault(shard, {})[image.image_id] = str(image.path)
        return found

    # Files of a stage.

    def packed(self, suffix: str, cohort: str) -> list[str]:
        """All shards of a cohort."""
        count = getattr(self.study.whole_image.shards, cohort)
        return [f"<results>/packed/{cohort}/{name}{suffix}" for name in shard_names(count)]

    def packed_of(self, suffix: str) -> Callable[[Wildcards], list[str]]:
        """All shards of the cohort that the wildcard `images` names."""
        return lambda wildcards: self.packed(suffix, wildcards.images)

    def network_inputs(self, wildcards: Wildcards) -> dict[str, str | list[str]]:
        """What a network is trained on and, where it is pretrained, the model it starts from."""
        network = self.networks[wildcards.network]
        start = [network.start] if network.start else []
        return {
            "images": self.packed(".npy", network.cohort),
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
        stack = self.stacks[wildcards.stack]
        groups = candidates(stack, self.networks, self.study.whole_image.stacking.members)
        names = [name for group in groups for name in group]
        return self.files("predictions.csv", names, wildcards.replicate)

    def binned_stack(self, wildcards: Wildcards) -> list[str]:
        """Predictions of the stack whose totals become classes."""
        stack = self.binned[wildcards.binned].stack
        return self.files("predictions.csv", [stack], wildcards.replicate)

    def explained_file(self, what: str) -> Callable[[Wildcards], list[str]]:
        """A file of the network that the wildcard `task` explains."""
        return lambda wildcards: self.files(what, [self.explained[wildcards.task]])

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
        """All that an experiment says of its network, so that a change of it trains it again."""
        return asdict(self.networks[wildcards.network])

    def trained_on(self, wildcards: Wildcards) -> str:
        """What a network's card says it was trained on."""
        return self.folder(self.networks[wildcards.network].cohort)

    def notes(self) -> Mapping[str, Any]:
        """What every table says of the data and the training behind it."""
        settings, cohort = self.study.whole_image, self.study.cohorts.whole_image
        by_patient = cohort == "phantom" or cohort.columns.patient
        return {
            "data": self.data_name(),
            "pretraining_data": self.data_name("bone_age"),
            "image_size": settings.size,
            "contrast": settings.contrast,
            "rotations": settings.rotations,
            "epochs": settings.epochs,
            "experiment_epochs": settings.experiment_epochs,
            "pretraining_epochs": settings.pretraining.epochs,
            "split_by": "patient" if by_patient else "image",
            "members": settings.stacking.members,
            "fitted_on": settings.stacking.fitted_on,
        }

    # What can be asked for by name.

    @property
    def tables(self) -> list[str]:
        """The tables that this study can have; one needs a known truth."""
        names = ["whole_regression", "whole_severity", "whole_differences"]
        return names + (["grad_cam"] if self.is_phantom and self.explained else [])

    @property
    def figures(self) -> list[str]:
        """The figures that this study can have."""
        names = [
            "bo_fig1_radiograph_and_classes",
            "bo_fig2_predicted_true",
            "bo_fig4_confusion",
            "bo_learning_curves",
        ]
        numbers = {"total": "bo_fig3", "severity": "bo_fig5"}
        return names + [f"{numbers[task]}_grad_cam_{task}" for task in self.explained]
