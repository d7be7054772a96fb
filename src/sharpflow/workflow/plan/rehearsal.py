"""What `snakemake rehearse` rehearses of a study: which rules, with what, and how much there is.

Networks and body parts that cost the same are rehearsed once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sharpflow.anatomy import DETECTED_JOINTS, BodyPart
from sharpflow.whole_image.experiment_types import PRINTED_NETWORKS, NetworkExperiment
from sharpflow.workflow.plan.amounts import JointAmounts, WholeImageAmounts
from sharpflow.workflow.plan.joints import JointPlan
from sharpflow.workflow.plan.paths import Wildcards
from sharpflow.workflow.plan.whole_image import WholeImagePlan
from sharpflow.workflow.settings import Study

FOLDER = "<results>/rehearsal/records"
ALONE = "all"  # the file of a rule without wildcards

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A rehearsal: what stands for others that cost the same.

    Attributes:
        value: of the rule's wildcard; empty where it has none.
        of: what a reader calls it.
        arguments: of the rehearsal's function; plain values.
        jobs: of the study that it stands for.
        amount: what these work off together: radiographs, joints, crops or epochs.
    """

    value: str
    of: str
    arguments: Arguments
    jobs: int
    amount: int


@dataclass(frozen=True)
class HeavyRule:
    """A rule that is rehearsed.

    Attributes:
        name: the rule's.
        wildcard: by which its rehearsals differ; empty where there is one.
        parts: its rehearsals.
    """

    name: str
    wildcard: str
    parts: tuple[Part, ...]

    @property
    def record(self) -> str:
        """Where a rehearsal's record goes."""
        return self._file(f"{{{self.wildcard}}}" if self.wildcard else ALONE)

    @property
    def suffix(self) -> str:
        """What distinguishes its jobs' logs from each other."""
        return f"/{{{self.wildcard}}}" if self.wildcard else ""

    def records(self) -> list[str]:
        """Those of all its rehearsals."""
        return [self._file(part.value or ALONE) for part in self.parts]

    def arguments(self, wildcards: Wildcards) -> Arguments:
        """What a rehearsal is given, for a job."""
        (part,) = [part for part in self.parts if part.value in ("", *self._values(wildcards))]
        return part.arguments

    def _values(self, wildcards: Wildcards) -> list[str]:
        return [getattr(wildcards, self.wildcard)] if self.wildcard else []

    def _file(self, name: str) -> str:
        return f"{FOLDER}/{self.name}/{name}.json"


class RehearsalPlan:
    """The rehearsals of a study.

    Attributes:
        rules: in the order in which data flow.
        radiographs, whole_images: the settings of the phantom images that they read (see
            `rehearsal.phantom`); empty where the study has no such pipeline.
        body_parts: of the radiographs.
    """

    def __init__(
        self, study: Study, joints: JointPlan | None, whole_image: WholeImagePlan | None
    ) -> None:
        """`joints` and `whole_image`: the plans of the pipelines that the study has."""
        self.rules: list[HeavyRule] = []
        self.radiographs: Arguments = {}
        self.whole_images: Arguments = {}
        self.body_parts: list[str] = []
        phantom = study.phantom
        if joints:
            self.body_parts = list(map(str, joints.body_parts))
            self.radiographs = _standardize(study) | phantom.model_dump(
                include={"radiograph_height"}
            )
            self.rules += _JointRehearsals(joints).rules()
        if whole_image:
            sizes = study.whole_image.model_dump(include={"size", "contrast"})
            heights = {"whole_image_height", "child_radiograph_height"}
            self.whole_images = sizes | phantom.model_dump(include=heights)
            self.rules += _WholeImageRehearsals(whole_image).rules()

    def records(self) -> list[str]:
        """The records of all rehearsals."""
        return [record for rule in self.rules for record in rule.records()]

    def parts(self) -> list[dict[str, Any]]:
        """What each record is of, and how much the study has of it: rule, of, jobs, amount."""
        return [
            {"rule": rule.name, "of": part.of, "jobs": part.jobs, "amount": part.amount}
            for rule in self.rules
            for part in rule.parts
        ]


def _standardize(study: Study) -> Arguments:
    """How radiographs are standardized."""
    settings = study.standardize.model_dump(exclude={"shards"})
    return settings | {"max_megapixels": study.checks.max_megapixels}


class _JointRehearsals:
    def __init__(self, plan: JointPlan) -> None:
        self.plan, self.study = plan, plan.study
        self.amounts = JointAmounts(plan)
        self.seed = {"seed": plan.study.seed}
        self.training = self.seed | {"steps": plan.study.rehearsal.steps}

    def rules(self) -> list[HeavyRule]:
        """Those that the study has."""
        rules = [*self._of_radiographs(), *self._of_detectors()]
        if self.plan.has_scores:
            rules += [*self._of_base(), self._heads()]
        return rules

    def _of_radiographs(self) -> Iterable[HeavyRule]:
        masks = self.study.masks.model_dump(exclude={"good_quality", "overrides"})
        unet = {"settings": self.study.unet.model_dump()}
        radiographs = self.plan.counts.job_radiographs
        yield self._rule("standardize", radiographs, {"settings": _standardize(self.study)})
        yield self._rule("make_entropy_masks", radiographs, {"settings": masks})
        yield self._rule("train_unet", self.amounts.unet_images, unet | self.training)
        yield self._rule("segment", radiographs, unet)

    def _of_detectors(self) -> Iterable[HeavyRule]:
        detector = self.study.detector
        settings = detector.model_dump(exclude={"weights", "confidence"})
        yield self._rule(
            "train_detector",
            lambda _: self.amounts.detector_images,
            {"settings": settings} | self.training,
        )
        kept = detector.model_dump(include={"model", "image_size", "view"})
        yield self._rule("detect_joints", self.plan.counts.job_radiographs, kept)

    def _of_base(self) -> Iterable[HeavyRule]:
        vgg16, crops = self.study.vgg16, {"crops": self.study.crops.model_dump()}
        if vgg16.weights == "none":
            made, standard = vgg16.synthetic_joints, self.study.standardize
            few = {
                "radiograph_height": standard.height,
                "clahe": standard.clahe.model_dump(),
                "joints": self.study.rehearsal.images,
            }
            yield self._rule("make_synthetic_joints", lambda _: made.joints, few | self.seed)
            body_parts = list(map(str, self.plan.body_parts))
            settings = {"settings": made.model_dump(exclude={"joints"}), "body_parts": body_parts}
            arguments = settings | crops | self.training
            part = Part("", _both(body_parts), arguments, 1, self.amounts.base_joints)
            yield HeavyRule("train_base", "", (part,))
        yield self._rule("extract_features", self._crops, crops)

    def _crops(self, wildcards: Wildcards) -> int:
        """The crops of a body part, if every joint is found."""
        joints = len(DETECTED_JOINTS[BodyPart(wildcards.body_part)])
        return joints * self.plan.counts.job_radiographs(wildcards)

    def _heads(self) -> HeavyRule:
        def part(model: str) -> Part:
            body_part = _wildcards(body_part=self.plan.models[model][1])
            arguments = {
                "model": model,
                "settings": self.study.heads.model_dump(),
                "n_radiographs": self.plan.counts.job_radiographs(body_part),
            }
            return Part(model, model, arguments | self.seed, 1, self.amounts.head_epochs)

        return HeavyRule("train_head", "model", tuple(map(part, self.plan.models)))

    def _rule(
        self, name: str, amount: Callable[[Wildcards], int], arguments: Arguments
    ) -> HeavyRule:
        """A rule of each body part, of which the first stands for all: they cost the same."""
        parts = list(map(str, self.plan.body_parts))
        amounts = [amount(_wildcards(body_part=body_part)) for body_part in parts]
        own = arguments | {"body_part": parts[0]}
        part = Part(parts[0], _both(parts), own, len(parts), sum(amounts))
        return HeavyRule(name, "body_part", (part,))


class _WholeImageRehearsals:
    def __init__(self, plan: WholeImagePlan) -> None:
        self.plan = plan
        self.amounts = WholeImageAmounts(plan)

    def rules(self) -> list[HeavyRule]:
        """Those that the study has."""
        alike: dict[tuple[Any, ...], list[NetworkExperiment]] = {}
        for network in self.plan.networks.values():
            alike.setdefault((network.network, network.batch, network.freeze), []).append(network)
        trained = tuple(map(self._training, alike.values()))
        explained = tuple(map(self._explanation, self.plan.explained))
        return [
            HeavyRule("train_network", "network", trained),
            *[HeavyRule("explain_network", "task", explained)] * bool(explained),
        ]

    def _training(self, alike: list[NetworkExperiment]) -> Part:
        first = alike[0]
        wildcards = _wildcards(network=first.name)
        frozen = f", {first.freeze} frozen" if first.freeze else ""
        seeds = len(self.plan.replicates)
        study = self.plan.study
        experiment = self.plan.experiment(wildcards)
        arguments = {
            "experiment": experiment,
            "settings": self.plan.training_settings(wildcards),
            "steps": study.rehearsal.steps,
            "seed": study.seed,
        }
        return Part(
            first.name,
            f"{PRINTED_NETWORKS[first.network]}, batch {experiment['batch']}{frozen}",
            arguments,
            seeds * len(alike),
            seeds * sum(self.amounts.network_images(_wildcards(network=e.name)) for e in alike),
        )

    def _explanation(self, task: str) -> Part:
        name = self.plan.explained[task]
        arguments = {"experiment": name, "rules": self.plan.case_rules(_wildcards(task=task))}
        return Part(task, name, arguments, 1, self.amounts.test_images)


def _both(body_parts: Iterable[str]) -> str:
    return " and ".join(body_parts)


def _wildcards(**values: str) -> Any:
    """The wildcards of a job that asks for these values."""
    return SimpleNamespace(**values)
