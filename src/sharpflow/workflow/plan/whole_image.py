"""What the whole-image pipeline of a study reads, trains and makes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from sharpflow.cohorts.bone_age import list_bone_age
from sharpflow.cohorts.labelled import ImageList
from sharpflow.cohorts.said_of_images import read_comments
from sharpflow.cohorts.whole_images import is_scored, list_whole_images
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
from sharpflow.workflow.by_content import ToldText
from sharpflow.workflow.plan.paths import (
    PHANTOM,
    Wildcards,
    cohort_name,
    existing,
    shard_names,
    shards_for,
)
from sharpflow.workflow.plan.problems import warn_of_problems
from sharpflow.workflow.settings import Study
from sharpflow.workflow.user_paths import as_they_stand

# The networks that the paper's Figures 3 and 5 explain, if they are run.
EXPLAINED = {"total": "total-resnet50-rbs1", "severity": "severity-resnet50-finetuned"}
# What is compared with the joint pipeline: the paper's best, or the first total that there is.
BEST_OF_PAPER = "total-stack-batch16"
COHORTS = ("whole_image", "bone_age")
UNSCORED = "unscored_images"  # the cohort of the radiographs that nobody has scored
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
        own_patients: the patients whom the user's table of whole images names, and in which rows.
        unlisted: images of each cohort of the user's that no row names, by folder.
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
        self.is_phantom = study.cohorts.whole_image == PHANTOM
        self.own_patients: dict[str, list[str]] = {}
        self.unlisted: dict[str, dict[str, list[str]]] = {}
        idle = [name for name in settings.experiment_epochs if name not in self.networks]
        self.warnings = [
            f"whole_image.experiment_epochs: {', '.join(idle)} is no network that this study "
            "trains, so its epochs do nothing. Name it under experiments, or delete it here."
        ] * bool(idle)
        self._own_images: dict[str, dict[str, str]] = {UNSCORED: {}}
        for cohort in COHORTS:
            self._own_images |= self._list_own(cohort)
        self._own_images_by_shard = {
            cohort: self._by_shard(cohort, images) for cohort, images in self._own_images.items()
        }

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
        cohort = "whole_image" if cohort == UNSCORED else cohort
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

    def synthetic_source(self, wildcards: Wildcards) -> dict[str, Any]:
        """The same of a synthetic cohort, which only the job can list; else nothing."""
        return self.source(wildcards.images) if self.is_synthetic(wildcards.images) else {}

    def own_images(self, wildcards: Wildcards) -> dict[str, str]:
        """The user's images of one shard: image_id -> file. None where they are synthetic."""
        return self._own_images_by_shard[wildcards.images].get(wildcards.shard, {})

    def image_files(self, wildcards: Wildcards) -> str | list[str]:
        """What a shard is packed from: its files, or the folder of a synthetic cohort."""
        if self.is_synthetic(wildcards.images):
            return self.phantom_folder(wildcards.images)
        return as_they_stand(existing(self.own_images(wildcards).values()))

    def label_tables(self, wildcards: Wildcards) -> str | list[str]:
        """The tables of labels that exist, or the folder of a synthetic cohort."""
        if self.is_synthetic(wildcards.images):
            return self.phantom_folder(wildcards.images)
        source = self.source(wildcards.images)
        tables = (path for key, path in source.items() if path and key.endswith("table"))
        return as_they_stand(existing(tables))

    def comment_table(self, wildcards: Wildcards) -> str | list[str]:
        """A reader's comments, of the scored cohort alone; none where there are none."""
        table = self.study.whole_image.grad_cam.comments
        return as_they_stand([table] if table and wildcards.images == "whole_image" else [])

    def truth(self) -> str | list[str]:
        """The folder of what is known of the scored radiographs, where it is known."""
        return self.phantom_folder("whole_image") if self.is_phantom else []

    def count_shards(self, wildcards: Wildcards) -> int:
        """How many shards a cohort has."""
        return self.count_shards_of(wildcards.images)

    def count_shards_of(self, cohort: str) -> int:
        """How many shards a cohort has, by its name."""
        settings = self.study.whole_image.shards
        asked = getattr(settings, "whole_image" if cohort == UNSCORED else cohort)
        return shards_for(asked, self.count_images(cohort))

    def count_images(self, cohort: str) -> int:
        """How many images a cohort has."""
        if self.is_synthetic(cohort) and cohort != UNSCORED:
            phantom = self.study.phantom
            return phantom.whole_image_patients if cohort == "whole_image" else phantom.children
        return len(self._own_images[cohort])

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
        folder = settings.images if cohort == "whole_image" else settings.training_images
        return cohort_name(folder, self.study.study)

    def is_synthetic(self, cohort: str) -> bool:
        """Whether the phantom makes a cohort."""
        cohort = "whole_image" if cohort == UNSCORED else cohort
        return bool(getattr(self.study.cohorts, cohort) == PHANTOM)

    def _list_own(self, cohort: str) -> dict[str, dict[str, str]]:
        """The user's images, image_id -> file, of a cohort; those without scores are another."""
        if self.is_synthetic(cohort):
            return {cohort: {}}
        reader: Callable[..., ImageList] = (
            list_bone_age if cohort == "bone_age" else list_whole_images
        )
        source = self.source(cohort)
        listed = reader(**source)
        self.unlisted[cohort] = listed.unlisted
        self.warnings += warn_of_problems(f"cohorts.{cohort}", listed.problems)
        if patient := source.get("columns", {}).get("patient"):
            for image in listed.images:
                if named := image.row.values.get(patient):
                    self.own_patients.setdefault(named, []).append(f"row {image.row.number}")
        comments = self.study.whole_image.grad_cam.comments
        if cohort == "whole_image" and comments and listed.images:
            said = read_comments(comments, {image.image_id for image in listed.images})
            self.warnings += warn_of_problems("whole_image.grad_cam.comments", said.problems)
        if cohort == "bone_age":
            return {cohort: {image.image_id: str(image.path) for image in listed.images}}
        self._refuse_wrong_numbers(listed)
        found: dict[str, dict[str, str]] = {cohort: {}, UNSCORED: {}}
        for image in listed.images:
            found[cohort if is_scored(image) else UNSCORED][image.image_id] = str(image.path)
        return found

    def _refuse_wrong_numbers(self, listed: ImageList) -> None:
        """UserError where the numbers of the split do not add up to the images; shares always do.

        What is wrong with the images, or with a table without any total, is for the check to say.
        """
        split = self.study.whole_image.split
        asked = (split.train, split.validation, split.test)
        if max(asked) < 1 or listed.problems or self.study.checks.on_problem == "set_aside":
            return
        with_total = sum(map(is_scored, listed.images))
        if with_total and sum(asked) != with_total:
            raise UserError(
                f"whole_image.split: train {split.train:g}, validation {split.validation:g} and "
                f"test {split.test:g} are {sum(asked):g} images together, and the cohort has "
                f"{with_total} with a total. Give numbers that add up to it, or shares that add up "
                "to 1, as {train: 0.7, validation: 0.2, test: 0.1}."
            )

    def _by_shard(self, cohort: str, images: Mapping[str, str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for image_id, path in images.items():
            found.setdefault(shard_of(image_id, self.count_shards_of(cohort)), {})[image_id] = path
        return found

    # Files of a stage.

    def unscored(self, suffix: str) -> list[str]:
        """The shards that have images without scores."""
        shards = sorted(self._own_images_by_shard[UNSCORED])
        return [f"<results>/packed/{UNSCORED}/{shard}{suffix}" for shard in shards]

    def unscored_predictions(self, wildcards: Wildcards) -> list[str]:
        """Predictions of images without scores, by the networks that a stack can choose from."""
        return self.files("unscored.csv", self.candidates(wildcards.stack))

    def every_unscored_prediction(self) -> list[str]:
        """Predictions of images without scores, by each experiment with a model of its own."""
        names = [name for name in self.scored if name not in self.binned]
        return self.files("unscored.csv", names)

    def checked_packed(self, suffix: str) -> Callable[[Wildcards], list[str]]:
        """All shards of the cohort that the wildcard `images` names, those without scores too."""
        return lambda wildcards: [
            *self.packed(suffix, wildcards.images),
            *(self.unscored(suffix) if wildcards.images == "whole_image" else []),
        ]

    def packed(self, suffix: str, cohort: str) -> list[str]:
        """All shards of a cohort."""
        names = shard_names(self.count_shards_of(cohort))
        return [f"<results>/packed/{cohort}/{name}{suffix}" for name in names]

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
        return ToldText(self.folder(self.networks[wildcards.network].cohort))

    def notes(self) -> Mapping[str, Any]:
        """What every table says of the data and the training behind it."""
        settings = self.study.whole_image
        by_patient = self.source("whole_image")["columns"]["patient"]
        return {
            "data": self.data_name(),
            "pretraining_data": self.data_name("bone_age"),
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
