"""What the joint pipeline of a study reads and makes."""

from collections.abc import Callable, Sequence
from typing import Any

from sharpflow.anatomy import MODELS, BodyPart, Damage
from sharpflow.cohorts.said_of_images import read_verdicts
from sharpflow.errors import UserError
from sharpflow.workflow.plan.joint_counts import JointCounts
from sharpflow.workflow.plan.joint_sources import JointSources
from sharpflow.workflow.plan.paths import (
    PHANTOM,
    Wildcards,
    cohort_name,
    shard_names,
)
from sharpflow.workflow.plan.problems import warn_of_problems
from sharpflow.workflow.plan.splits import refuse_too_few, warn_of_own_split
from sharpflow.workflow.plan.unscored import (
    UNSCORED,
    ListedRadiographs,
    UnscoredRadiographs,
    body_part_of,
    list_by_scores,
    visits_in_words,
)
from sharpflow.workflow.plan.weights import weights_name
from sharpflow.workflow.settings import Study
from sharpflow.workflow.settings.cohorts import JointCohort
from sharpflow.workflow.user_paths import as_they_stand

NO_TOTALS = (
    "split: unit: joint puts joints of one patient into training and into test, so there are no "
    "sums of a patient's joints, and no comparison with whole images (scores/totals.csv, "
    "tables/pipelines, figures/pipelines). Set unit: patient for them."
)


class JointPlan:
    """The joint pipeline's cohorts, body parts, models, shards and files.

    Attributes:
        radiographs: the user's; empty where they are synthetic, and known only once made.
        unscored: those of them whose visits nobody has scored, a cohort of their own: they are
            predicted, and nothing is trained on them or measured.
        own_patients: whom the user's radiographs are of, with scores or without, and where each
            patient's are listed.
        only_visits_of_own: see `visits.only_visits`.
        body_parts: "hand" and "foot", or the one that the user has.
        models: the models of Table 1 of these body parts: name -> damage, body part.
        synthetic: the cohorts that the phantom makes: "joints", which is scored, or "boxed", which
            only trains the detector.
        counts: of radiographs and shards.
        sources: the files and folders that the cohorts come from.
        boxed: the cohort whose boxes train the detector.
        has_truth: whether the true outlines and joints are known.
        has_boxes: whether joints of the scored cohort are known, which detection is measured on.
        has_scores: whether there are scores to learn from.
        has_totals: whether a patient's joints may be summed up.
        warnings: of what is implausible, though it can be run.
    """

    def __init__(self, study: Study) -> None:
        """`study` has a cohort to score joint by joint."""
        cohort = study.cohorts.joints
        self.study = study
        self.own: JointCohort | None = cohort if isinstance(cohort, JointCohort) else None
        listed = list_by_scores(self.own) if self.own else ListedRadiographs()
        self.radiographs = listed.scored
        self.own_patients = listed.places
        self.only_visits_of_own = listed.only_visits
        # A cohort may have hands only. Without any radiographs both body parts stay, and the check
        # says what is wrong.
        found = {body_part_of(radiograph.limb) for radiograph in self.radiographs}
        self.body_parts: list[BodyPart] = [part for part in BodyPart if part in found or not found]
        self.models: dict[str, tuple[Damage, BodyPart]] = {
            name: (damage, body_part)
            for name, (damage, body_part) in MODELS.items()
            if body_part in self.body_parts
        }
        self.unscored = UnscoredRadiographs(listed.unscored, self.models, study.standardize.shards)
        self.synthetic: set[str] = set()
        if self.own is None:
            self.synthetic = {"joints"}
        elif self.own.boxes == PHANTOM:
            self.synthetic = {"boxed"}
        self.counts = JointCounts(
            study,
            self.radiographs,
            self.unscored,
            synthetic=self.synthetic,
            body_parts=self.body_parts,
        )
        self.sources = JointSources(
            study.study, self.own, listed, synthetic=self.synthetic, counts=self.counts
        )
        self.boxed = "boxed" if "boxed" in self.synthetic else "joints"
        self.has_truth = self.own is None
        self.has_boxes = self.boxed == "joints"
        self.has_scores = self.own is None or self.own.scores is not None
        self.has_totals = self.has_scores and study.split.unit == "patient"
        self._set_aside = study.checks.on_problem == "set_aside"
        self.warnings = [
            *self._refuse_too_few(listed),
            *self._warn_of_tables(listed),
            *warn_of_own_split(study.split.table, listed.scored, listed.unscored),
            *self.unscored.warnings,
        ]

    def _refuse_too_few(self, listed: ListedRadiographs) -> list[str]:
        """UserError where a part of the split would have no patient; warnings where few test.

        Where rows of scores have no radiographs, whoever has none may be theirs, and counts.
        """
        scored = {radiograph.patient for radiograph in self.radiographs}
        own = len(listed.places if listed.has_strays else scored)
        patients = {
            cohort: self.study.phantom.patients if cohort in self.synthetic else own
            for cohort in self.cohorts
            if not self.split_tables(cohort)
        }
        return refuse_too_few(self.study.split, patients, self.synthetic, bool(self.unscored))

    def _warn_of_tables(self, listed: ListedRadiographs) -> list[str]:
        """What is wrong with the user's tables and files, as far as no radiograph is decoded."""
        wrong = {f"cohorts.joints.{key}": found for key, found in listed.problems.items()}
        known = {r.image_id for r in (*listed.scored, *listed.unscored)}
        if self.study.masks.overrides and known:
            wrong["masks.overrides"] = read_verdicts(self.study.masks.overrides, known).problems
        return [text for key, found in wrong.items() for text in warn_of_problems(key, found)]

    def split_tables(self, cohort: str) -> list[str]:
        """The user's own split, of the scored cohort alone; none where it is sampled."""
        table = self.study.split.table
        return [table] if table and cohort == "joints" else []

    def split_table(self, wildcards: Wildcards) -> str | list[str]:
        """The same for the wildcard `cohort`."""
        return as_they_stand(self.split_tables(wildcards.cohort))

    def override_table(self, wildcards: Wildcards) -> str | list[str]:
        """The user's verdicts on masks, of the scored cohort alone; none where there are none."""
        table = self.study.masks.overrides
        return as_they_stand([table] if table and wildcards.cohort == "joints" else [])

    def sampled_split(self, wildcards: Wildcards) -> dict[str, Any]:
        """How the patients of a cohort will be split; nothing where the user did it."""
        return {} if self.split_tables(wildcards.cohort) else self.split_shares

    @property
    def split_shares(self) -> dict[str, Any]:
        """How patients are split, where it is sampled."""
        return self.study.split.model_dump(include={"test", "validation", "random_state"})

    @property
    def cohorts(self) -> list[str]:
        """The cohort that is scored, and the one that trains the detector if it is another."""
        return sorted({"joints", self.boxed})

    def phantom_mix(self, wildcards: Wildcards) -> dict[str, float]:
        """Whose radiographs a synthetic cohort has; what is scored has grown people's alone."""
        if wildcards.cohort != "boxed":
            return {}
        return self.study.phantom.boxed.model_dump(include={"children", "varied"})

    @property
    def rough_masks(self) -> float:
        """Share of the true masks that are made rough for the detector; masks of one's own are."""
        return self.study.phantom.boxed.rough_masks if self.boxed == "boxed" else 0.0

    def check_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """How a cohort is checked; a synthetic one has the body parts of the user's own."""
        own = wildcards.cohort not in self.synthetic
        settings = self.study.checks.model_dump(exclude={"warnings", "near_ids"})
        return settings | {"require_all_limbs": own and settings["require_all_limbs"]}

    def crop_bottom(self, wildcards: Wildcards) -> float:
        """The share of a radiograph's height that is cut off below."""
        return self.study.standardize.crop_bottom[wildcards.body_part]

    # Files of a stage.

    def every_shard(
        self, pattern: str, body_parts: Sequence[str] = (), cohort: str = "joints"
    ) -> list[str]:
        """All shards of a stage, hands first; other wildcards than body_part and shard stay."""
        return [
            pattern.replace("{body_part}", body_part).replace("{shard}", shard)
            for body_part in body_parts or self.body_parts
            for shard in shard_names(self.counts.shards(cohort, body_part))
        ]

    def shards(self, pattern: str, cohort: str = "joints") -> Callable[[Wildcards], list[str]]:
        """All shards of a stage, for the wildcard `body_part`."""
        return lambda wildcards: self.every_shard(pattern, [wildcards.body_part], cohort)

    def cohort_shards(self, pattern: str) -> Callable[[Wildcards], list[str]]:
        """All shards of a stage of both cohorts, for the wildcard `cohort`."""
        return lambda wildcards: self.every_shard(
            pattern.replace("{cohort}", wildcards.cohort), cohort=wildcards.cohort
        )

    def first_shards(self, pattern: str) -> list[str]:
        """All shards of the first body part that there is."""
        return self.every_shard(pattern, self.body_parts[:1])

    def first(self, pattern: str) -> str:
        """A stage's file of the first body part that there is."""
        return self.each_body_part(pattern)[0]

    def each_body_part(self, pattern: str) -> list[str]:
        """A stage's file of each body part."""
        return [pattern.replace("{body_part}", body_part) for body_part in self.body_parts]

    def each_model(self, pattern: str) -> list[str]:
        """A file of each model."""
        return [pattern.replace("{model}", model) for model in self.models]

    @property
    def predictions(self) -> list[str]:
        """The predicted scores of each model; none in a study without scores."""
        return self.each_model("<results>/heads/{model}/predictions.csv") * self.has_scores

    @property
    def scored_crops(self) -> list[str]:
        """The joints that models learn from or predict; none in a study without scores."""
        return self.each_body_part("<results>/crops/{body_part}/crops.csv") * self.has_scores

    def of_model(self, pattern: str) -> Callable[[Wildcards], str]:
        """The file of the body part that the wildcard `model` is of."""
        return lambda wildcards: pattern.replace("{body_part}", self.models[wildcards.model][1])

    def checked(self, folder: str) -> Callable[[Wildcards], list[str]]:
        """The tables of all radiographs of a cohort, as read; those without scores too."""

        def tables(wildcards: Wildcards) -> list[str]:
            pattern = f"<results>/cohort/{{cohort}}/{folder}/{{body_part}}/{{shard}}.csv"
            every = self.cohort_shards(pattern)(wildcards)
            if wildcards.cohort in self.synthetic:
                return every
            return every + self.unscored.every_shard(pattern.replace("{cohort}", UNSCORED))

        return tables

    def radiograph_tables(self, cohort: str) -> list[str]:
        """The tables of a cohort's radiographs, without what was set aside.

        Where problems stop the run they are the tables as read: those of the check would make a
        corrected score rerun everything.
        """
        if self._set_aside:
            return [f"<results>/cohort/{cohort}/kept/radiographs.csv"]
        pattern = f"<results>/cohort/{cohort}/radiographs/{{body_part}}/{{shard}}.csv"
        return self.every_shard(pattern, cohort=cohort)

    def split_radiographs(self, wildcards: Wildcards) -> list[str]:
        """The same for the wildcard `cohort`."""
        return self.radiograph_tables(wildcards.cohort)

    def shard_table(self, wildcards: Wildcards) -> str:
        """The table that tells which radiographs of a shard are standardized."""
        if self._set_aside and wildcards.cohort == UNSCORED:
            return "<results>/cohort/joints/kept/unscored.csv"
        if self._set_aside:
            return f"<results>/cohort/{wildcards.cohort}/kept/radiographs.csv"
        place = f"{wildcards.cohort}/radiographs/{wildcards.body_part}/{wildcards.shard}"
        return f"<results>/cohort/{place}.csv"

    def cohort_table(self, name: str, cohort: str = "joints") -> str:
        """A cohort's "scores" or "boxes", without what was set aside."""
        return f"<results>/cohort/{cohort}/{'kept/' if self._set_aside else ''}{name}.csv"

    def boxed_masks(self, wildcards: Wildcards) -> str | list[str]:
        """The masks of the radiographs that train the detector: the U-Net's, or the true ones."""
        if self.boxed == "boxed":
            return self.sources.phantom_folder("boxed")
        return self.every_shard(
            "<results>/masks/unet/{body_part}/{shard}.npy", [wildcards.body_part]
        )

    def truth(self) -> str | list[str]:
        """The folder of what is known of the scored cohort, where it is known."""
        return self.sources.phantom_folder("joints") if self.has_truth else []

    def summed_scores(self, wildcards: Wildcards) -> str:
        """The scores of joints, for what sums them up; refused where patients are not apart."""
        if self.study.split.unit == "joint":
            raise UserError(NO_TOTALS)
        return "<results>/scores/joints.csv"

    # Models and their names.

    @property
    def vgg16_base(self) -> str:
        """The VGG16 base that the study asks for."""
        name = "synthetic_joints" if self.study.vgg16.weights == "none" else "imagenet"
        return f"<results>/vgg16/{name}.keras"

    @property
    def base_history(self) -> str | list[str]:
        """How the base was trained, if it was."""
        is_trained = self.has_scores and self.study.vgg16.weights == "none"
        return "<results>/vgg16/history.csv" if is_trained else []

    @property
    def detector_start(self) -> str | list[str]:
        """The weights that the detector's training begins from, if any."""
        return [] if self.study.detector.weights == "none" else "<results>/detector/coco.pt"

    def data_name(self, cohort: str = "joints") -> str:
        """What tables say their data are: "phantom", or the cohort's name."""
        if self.own and self.own.name and cohort not in self.synthetic:
            return self.own.name
        return self.folder(cohort)

    def folder(self, cohort: str = "joints") -> str:
        """What a model's card says its data are, so that another name trains nothing again."""
        if cohort in self.synthetic or self.own is None:
            return PHANTOM
        return cohort_name(self.own.radiographs, self.study.study)

    def notes(self) -> dict[str, str]:
        """What every table says of the data and the models behind it."""
        return {
            "data": self.data_name(),
            "base_weights": weights_name(self.study.vgg16.weights),
            "detector": self.study.detector.model,
            "detector_data": self.data_name(self.boxed),
            "detector_weights": weights_name(self.study.detector.weights),
            "rule": self.study.identification.rule,
            "unit": self.study.split.unit,
            "visits": visits_in_words(self.study.phantom if self.own is None else self.radiographs),
        }
