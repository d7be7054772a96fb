"""What the joint pipeline of a study reads and makes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sharpflow.anatomy import LIMBS, MODELS, BodyPart, Damage
from sharpflow.cohorts.radiographs import Radiograph, list_radiographs
from sharpflow.errors import UserError
from sharpflow.imaging.shards import shard_of
from sharpflow.workflow.plan.paths import (
    PHANTOM,
    Wildcards,
    existing,
    folder_name,
    shard_names,
)
from sharpflow.workflow.settings import Study
from sharpflow.workflow.settings.base import Weights
from sharpflow.workflow.settings.cohorts import JointCohort

NO_TOTALS = (
    "split: unit: joint puts joints of one patient into training and into test, so there are no "
    "sums of a patient's joints, and no comparison with whole images (scores/totals.csv, "
    "tables/pipelines, figures/pipelines). Set unit: patient for them."
)


class JointPlan:
    """The joint pipeline's cohorts, body parts, models, shards and files.

    Attributes:
        radiographs: the user's; empty where they are synthetic, and known only once made.
        body_parts: "hand" and "foot", or the one that the user has.
        models: the models of Table 1 of these body parts: name -> damage, body part.
        synthetic: the cohorts that the phantom makes: "joints", which is scored, or "boxed", which
            only trains the detector.
        boxed: the cohort whose boxes train the detector.
        has_truth: whether the true outlines and joints are known.
        has_scores: whether there are scores to learn from.
        has_totals: whether a patient's joints may be summed up.
    """

    def __init__(self, study: Study) -> None:
        """`study` has a cohort to score joint by joint."""
        cohort = study.cohorts.joints
        self.study = study
        self.own: JointCohort | None = cohort if isinstance(cohort, JointCohort) else None
        self.radiographs: Sequence[Radiograph] = []
        if self.own and self.own.radiographs:
            self.radiographs = list_radiographs(self.own.radiographs).radiographs
        # A cohort may have hands only. Without any radiographs both body parts stay, and the check
        # says what is wrong.
        found = {body_part_of(radiograph.limb) for radiograph in self.radiographs}
        self.body_parts: list[BodyPart] = [part for part in BodyPart if part in found or not found]
        self.models: dict[str, tuple[Damage, BodyPart]] = {
            name: (damage, body_part)
            for name, (damage, body_part) in MODELS.items()
            if body_part in self.body_parts
        }
        self.synthetic: set[str] = set()
        if self.own is None:
            self.synthetic = {"joints"}
        elif self.own.boxes == PHANTOM:
            self.synthetic = {"boxed"}
        self.boxed = "boxed" if "boxed" in self.synthetic else "joints"
        self.has_truth = self.own is None
        self.has_scores = self.own is None or self.own.scores is not None
        self.has_totals = self.has_scores and study.split.unit == "patient"
        self._set_aside = study.checks.on_problem == "set_aside"

    @property
    def cohorts(self) -> list[str]:
        """The cohort that is scored, and the one that trains the detector if it is another."""
        return sorted({"joints", self.boxed})

    def phantom_folder(self, cohort: str) -> str:
        """The folder that a synthetic cohort is made in."""
        return f"results/{self.study.study}/phantom/{cohort}"

    # Where a cohort comes from.

    def radiographs_source(self, wildcards: Wildcards) -> str | None:
        """The folder or CSV of a cohort's radiographs."""
        return self._source("radiographs", "radiographs", wildcards.cohort)

    def scores_source(self, wildcards: Wildcards) -> str | None:
        """The table of a cohort's scores."""
        return self._source("scores", "scores.csv", wildcards.cohort)

    def boxes_source(self, wildcards: Wildcards) -> str | None:
        """The folder of a cohort's boxes."""
        return self._source("boxes", "boxes", wildcards.cohort)

    def _source(self, key: str, made_at: str, cohort: str) -> str | None:
        if cohort in self.synthetic or self.own is None:
            return f"{self.phantom_folder(cohort)}/{made_at}"
        source: str | None = getattr(self.own, key)
        return source

    # Files of a cohort at present; of a synthetic one the folder that it is made in.

    def shard_radiograph_files(self, wildcards: Wildcards) -> str | list[str]:
        """The radiographs of one body part that belong to a shard."""
        return self._files(wildcards, lambda: [r.path for r in self._shard(wildcards)])

    def score_files(self, wildcards: Wildcards) -> str | list[str]:
        """The table of scores, if there is one."""
        own = self.own
        return self._files(wildcards, lambda: [own.scores] if own and own.scores else [])

    def box_files(self, wildcards: Wildcards) -> str | list[str]:
        """The files of boxes."""
        own = self.own
        return self._files(
            wildcards, lambda: sorted(Path(own.boxes).glob("*")) if own and own.boxes else []
        )

    def shard_rows(self, wildcards: Wildcards) -> list[list[Any]]:
        """A shard's radiographs as plain values; none where they are synthetic."""
        if wildcards.cohort in self.synthetic:
            return []
        return [
            [r.image_id, r.patient, r.limb, r.visit, str(r.path), r.listed]
            for r in self._shard(wildcards)
        ]

    def _files(
        self, wildcards: Wildcards, own: Callable[[], Sequence[str | Path]]
    ) -> str | list[str]:
        if wildcards.cohort in self.synthetic:
            return self.phantom_folder(wildcards.cohort)
        return existing(own())

    def _shard(self, wildcards: Wildcards) -> list[Radiograph]:
        shards = self.study.standardize.shards[wildcards.body_part]
        return [
            radiograph
            for radiograph in self.radiographs
            if body_part_of(radiograph.limb) == wildcards.body_part
            and shard_of(radiograph.image_id, shards) == wildcards.shard
        ]

    # Files of a stage.

    def every_shard(self, pattern: str, body_parts: Sequence[str] = ()) -> list[str]:
        """All shards of a stage, hands first; other wildcards than body_part and shard stay."""
        return [
            pattern.replace("{body_part}", body_part).replace("{shard}", shard)
            for body_part in body_parts or self.body_parts
            for shard in shard_names(self.study.standardize.shards[body_part])
        ]

    def shards(self, pattern: str) -> Callable[[Wildcards], list[str]]:
        """All shards of a stage, for the wildcard `body_part`."""
        return lambda wildcards: self.every_shard(pattern, [wildcards.body_part])

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

    def of_model(self, pattern: str) -> Callable[[Wildcards], str]:
        """The file of the body part that the wildcard `model` is of."""
        return lambda wildcards: pattern.replace("{body_part}", self.models[wildcards.model][1])

    def radiograph_tables(self, cohort: str) -> list[str]:
        """The tables of a cohort's radiographs, without what was set aside.

        Where problems stop the run they are the tables as read: those of the check would make a
        corrected score rerun everything.
        """
        if self._set_aside:
            return [f"<results>/cohort/{cohort}/kept/radiographs.csv"]
        return self.every_shard(
            f"<results>/cohort/{cohort}/radiographs/{{body_part}}/{{shard}}.csv"
        )

    def shard_table(self) -> str:
        """The table that tells which radiographs of a shard are standardized."""
        if self._set_aside:
            return "<results>/cohort/{cohort}/kept/radiographs.csv"
        return "<results>/cohort/{cohort}/radiographs/{body_part}/{shard}.csv"

    def cohort_table(self, name: str, cohort: str = "joints") -> str:
        """A cohort's "scores" or "boxes", without what was set aside."""
        return f"<results>/cohort/{cohort}/{'kept/' if self._set_aside else ''}{name}.csv"

    def boxed_masks(self, wildcards: Wildcards) -> str | list[str]:
        """The masks of the radiographs that train the detector: the U-Net's, or the true ones."""
        if self.boxed == "boxed":
            return self.phantom_folder("boxed")
        return self.every_shard(
            "<results>/masks/unet/{body_part}/{shard}.npy", [wildcards.body_part]
        )

    def truth(self) -> str | list[str]:
        """The folder of what is known of the scored cohort, where it is known."""
        return self.phantom_folder("joints") if self.has_truth else []

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
        return folder_name(self.own.radiographs)

    def notes(self) -> dict[str, str]:
        """What every table says of the data and the models behind it."""
        return {
            "data": self.data_name(),
            "base_weights": _weights_name(self.study.vgg16.weights),
            "detector": self.study.detector.model,
            "detector_data": self.data_name(self.boxed),
            "detector_weights": _weights_name(self.study.detector.weights),
            "rule": self.study.identification.rule,
            "unit": self.study.split.unit,
        }

    # What can be asked for by name.

    @property
    def tables(self) -> list[str]:
        """The tables that this study can have; others need scores or a known truth."""
        names = ["detection", "mask_yield", "little_found"]
        names += ["segmentation"] if self.has_truth else []
        return names + (["joint_scoring"] if self.has_scores else [])

    @property
    def figures(self) -> list[str]:
        """The figures that this study can have."""
        names = ["tan_fig2_clahe", "tan_fig3_good_masks", "tan_fig4_joints_boxed"]
        scored = ["tan_fig1_score_distributions", "tan_fig5_pipeline", "tan_fig6_confusion"]
        return names + (scored if self.has_scores else [])

    @property
    def further_results(self) -> list[str]:
        """Contact sheets, overlays, and the scores of the test patients' radiographs."""
        files = self.every_shard("<results>/masks/sheets/{body_part}-{shard}.png")
        files += self.every_shard("<results>/masks/sheets/{body_part}-{shard}-unet.png")
        files += ["<results>/scores/overlays"]
        files += ["<results>/timing/minutes_per_patient.csv"] * self.has_scores
        sums = ["<results>/scores/totals.csv", "<results>/scores/radiographs.csv"]
        return files + sums * self.has_totals

    # Settings by body part, and how much there is.

    def count_shards(self, wildcards: Wildcards) -> int:
        """How many shards a body part has."""
        return self.study.standardize.shards[wildcards.body_part]

    def crop_bottom(self, wildcards: Wildcards) -> float:
        """The share of a radiograph's height that is cut off below."""
        return self.study.standardize.crop_bottom[wildcards.body_part]

    def count_radiographs(self, wildcards: Wildcards) -> int:
        """How many radiographs of a body part a cohort has."""
        if getattr(wildcards, "cohort", "joints") in self.synthetic:
            return 2 * self.study.phantom.patients
        return sum(
            body_part_of(radiograph.limb) == wildcards.body_part for radiograph in self.radiographs
        )

    @property
    def count_all_radiographs(self) -> int:
        """How many radiographs the scored cohort has."""
        if "joints" in self.synthetic:
            return 2 * len(self.body_parts) * self.study.phantom.patients
        return len(self.radiographs)


def own_weights(weights: str | Weights) -> dict[str, str | None]:
    """A local weights file and its SHA-256; no file where weights are downloaded."""
    return {"file": None} if isinstance(weights, str) else weights.model_dump()


def _weights_name(weights: str | Weights) -> str:
    return weights if isinstance(weights, str) else Path(weights.file).name


def body_part_of(limb: str) -> BodyPart:
    """The body part that a limb is."""
    return LIMBS[limb].body_part
