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
        environment: the rule's conda environment, a name in envs/.
        parts: its rehearsals.
    """

    name: str
    wildcard: str
    environment: str
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
        heights: of the phantom radiographs that they read, by cohort.
    """

    def __init__(
        self, study: Study, joints: JointPlan | None, whole_image: WholeImagePlan | None
    ) -> None:
        """`joints` and `whole_image`: the plans of the pipelines that the study has."""
        self.rules: list[HeavyRule] = []
        self.heights: dict[str, int] = {}
        phantom = study.phantom
        if joints:
            self.heights |= {"joints": phantom.radiograph_height}
            self.rules += _JointRehearsals(joints).rules()
        if whole_image:
            self.heights |= {
                "whole_image": phantom.whole_image_height,
                "bone_age": phantom.child_radiograph_height,
            }
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


class _JointRehearsals:
    def __init__(self, plan: JointPlan) -> None:
        self.plan, self.study = plan, plan.study
        self.amounts = JointAmounts(plan)
        self.common = {"seed": plan.study.seed}
        self.training = self.common | {"steps": plan.study.rehearsal.steps}
        # Body parts differ in nothing that costs time or memory.
        self.first = str(plan.body_parts[0])
        self.standardize = plan.study.standardize.model_dump(include={"height", "width", "clahe"})
        self.standardize |= {
            "crop_bottom": plan.study.standardize.crop_bottom[self.first],
            "max_megapixels": plan.study.checks.max_megapixels,
        }
        self.synthetic = {
            "radiograph_height": plan.study.standardize.height,
            "clahe": plan.study.standardize.clahe.model_dump(),
            "images": plan.study.rehearsal.images,
            **self.common,
        }

    def rules(self) -> list[HeavyRule]:
        """Those that the study has."""
        rules = [*self._of_radiographs(), *self._of_detectors()]
        if self.plan.has_scores:
            rules += [*self._of_base(), self._heads()]
        return rules

    def _of_radiographs(self) -> Iterable[HeavyRule]:
        masks = self.study.masks.model_dump(exclude={"good_quality", "overrides"})
        unet = self.study.unet.model_dump()
        radiographs = self.plan.count_radiographs
        shown = {"standardize": self.standardize}
        yield self._rule("standardize", "imaging", radiographs, shown)
        yield self._rule("make_entropy_masks", "imaging", radiographs, shown | {"settings": masks})
        yield self._rule(
            "train_unet",
            "keras",
            self.amounts.unet_images,
            shown | {"settings": unet} | self.training,
        )
        yield self._rule("segment", "keras", radiographs, shown | {"settings": unet})

    def _of_detectors(self) -> Iterable[HeavyRule]:
        detector = self.study.detector
        settings = detector.model_dump(exclude={"weights", "confidence"})
        shown = {"standardize": self.standardize}
        yield self._rule(
            "train_detector",
            "torch",
            lambda _: self.amounts.detector_images,
            shown | {"settings": settings} | self.training,
        )
        kept = detector.model_dump(include={"model", "image_size", "view", "confidence"})
        yield self._rule("detect_joints", "torch", self.plan.count_radiographs, shown | kept)

    def _of_base(self) -> Iterable[HeavyRule]:
        vgg16, crops = self.study.vgg16, self.study.crops.model_dump()
        if vgg16.weights == "none":
            made = vgg16.synthetic_joints
            yield self._rule(
                "make_synthetic_joints", "imaging", lambda _: made.joints, self.synthetic
            )
            body_parts = list(map(str, self.plan.body_parts))
            arguments = {
                "body_parts": body_parts,
                "settings": made.model_dump(exclude={"joints"}),
                "crops": crops,
                **self.synthetic,
                **self.training,
            }
            part = Part("", " and ".join(body_parts), arguments, 1, self.amounts.base_joints)
            yield HeavyRule("train_base", "", "keras", (part,))
        yield self._rule(
            "extract_features", "keras", self._crops, self.synthetic | {"crops": crops}
        )

    def _crops(self, wildcards: Wildcards) -> int:
        """The crops of a body part, if every joint is found."""
        joints = len(DETECTED_JOINTS[BodyPart(wildcards.body_part)])
        return joints * self.plan.count_radiographs(wildcards)

    def _heads(self) -> HeavyRule:
        def part(model: str) -> Part:
            body_part = _wildcards(body_part=self.plan.models[model][1])
            arguments = {
                "model": model,
                "settings": self.study.heads.model_dump(),
                "radiographs": self.plan.count_radiographs(body_part),
                **self.common,
            }
            return Part(model, model, arguments, 1, self.amounts.head_epochs)

        return HeavyRule("train_head", "model", "keras", tuple(map(part, self.plan.models)))

    def _rule(
        self,
        name: str,
        environment: str,
        amount: Callable[[Wildcards], int],
        arguments: Arguments,
    ) -> HeavyRule:
        """A rule of each body part, of which the first one is rehearsed."""
        parts = self.plan.body_parts
        part = Part(
            self.first,
            " and ".join(parts),
            arguments | {"body_part": self.first},
            len(parts),
            sum(amount(_wildcards(body_part=body_part)) for body_part in parts),
        )
        return HeavyRule(name, "body_part", environment, (part,))


class _WholeImageRehearsals:
    def __init__(self, plan: WholeImagePlan) -> None:
        self.plan = plan
        self.amounts = WholeImageAmounts(plan)
        self.shown = plan.study.whole_image.model_dump(include={"size", "contrast"})

    def rules(self) -> list[HeavyRule]:
        """Those that the study has."""
        alike: dict[tuple[Any, ...], list[NetworkExperiment]] = {}
        for network in self.plan.networks.values():
            alike.setdefault((network.network, network.batch, network.freeze), []).append(network)
        trained = tuple(map(self._training, alike.values()))
        explained = tuple(map(self._explanation, self.plan.explained))
        return [
            HeavyRule("train_network", "network", "torch", trained),
            *[HeavyRule("explain_network", "task", "torch", explained)] * bool(explained),
        ]

    def _training(self, alike: list[NetworkExperiment]) -> Part:
        first = alike[0]
        wildcards = _wildcards(network=first.name)
        frozen = f", {first.freeze} frozen" if first.freeze else ""
        seeds = len(self.plan.replicates)
        study = self.plan.study
        arguments = {
            "experiment": self.plan.experiment(wildcards),
            "settings": self.plan.training_settings(wildcards),
            "steps": study.rehearsal.steps,
            "seed": study.seed,
            **self.shown,
        }
        return Part(
            first.name,
            f"{PRINTED_NETWORKS[first.network]}, batch {first.batch}{frozen}",
            arguments,
            seeds * len(alike),
            seeds * sum(self.amounts.network_images(_wildcards(network=e.name)) for e in alike),
        )

    def _explanation(self, task: str) -> Part:
        name = self.plan.explained[task]
        settings = self.plan.study.whole_image
        arguments = {
            "experiment": name,
            "classes": settings.grad_cam.classes.model_dump(),
            **self.shown,
        }
        return Part(task, name, arguments, 1, self.amounts.test_images)


def _wildcards(**values: str) -> Any:
    """The wildcards of a job that asks for these values."""
    return SimpleNamespace(**values)
