"""What a study's bundle is made from."""

from collections.abc import Iterable
from typing import Any

from sharpflow.anatomy import DETECTOR_CLASSES
from sharpflow.joints.detection.decoding import OVERLAP
from sharpflow.workflow.plan.joints import JointPlan
from sharpflow.workflow.plan.weights import weights_name
from sharpflow.workflow.plan.whole_image import WholeImagePlan

# The paper's best classes; else those of any stack, of its totals, of any network.
BEST_CLASSES = "severity-stack-single-batch16"


class BundlePlan:
    """The networks of a bundle, and what they expect.

    Of the whole-image experiments it has those that the study's totals and classes are from, with
    the members of their stacks; all of them would be gigabytes.

    Attributes:
        networks: name in the bundle -> the network's file. Of a stack's members, all among which
            they are chosen.
        cards: name in the bundle -> model card.
        stacks: experiment -> its fitted layer.
    """

    def __init__(
        self, joints: JointPlan | None, whole_image: WholeImagePlan | None, *, compares: bool
    ) -> None:
        """The study's pipelines, and whether they are compared; joints without scores are none."""
        self._compares = compares
        self._joints = joints if joints and joints.has_scores else None
        self._whole_image = whole_image
        self.networks: dict[str, str] = {}
        self.cards: dict[str, str] = {}
        self.stacks: dict[str, str] = {}
        if self._joints:
            self._add_joints(self._joints)
        if self._whole_image:
            self._add_whole_images(self._whole_image)

    def __bool__(self) -> bool:
        """Whether there is anything to bundle."""
        return bool(self.networks)

    def _add_joints(self, plan: JointPlan) -> None:
        self.networks["base"] = plan.vgg16_base
        if plan.base_history:
            self.cards["base"] = "<results>/vgg16/model_card.json"
        for part in plan.body_parts:
            self._add(f"unet-{part}", f"<results>/unet/{part}", "model.keras")
            self._add(f"detector-{part}", f"<results>/detector/{part}", "best.pt")
        for model in plan.models:
            self._add(f"head-{model}", f"<results>/heads/{model}", "model.keras")

    def _add_whole_images(self, plan: WholeImagePlan) -> None:
        for name in self._experiments(plan):
            folder = f"<results>/whole_image/{name}"
            if name in plan.networks:
                self._add(name, folder, "model.pt")
            elif name in plan.stacks:
                self.stacks[name] = f"{folder}/model.pt"
                self.cards[name] = f"{folder}/model_card.json"

    def _add(self, name: str, folder: str, file: str) -> None:
        self.networks[name] = f"{folder}/{file}"
        self.cards[name] = f"{folder}/model_card.json"

    def _experiments(self, plan: WholeImagePlan) -> Iterable[str]:
        wanted = {plan.compared, self._classes(plan)} - {None}
        wanted |= {plan.binned[name].stack for name in wanted if name in plan.binned}
        stacks = [name for name in wanted if name in plan.stacks]
        wanted |= {member for stack in stacks for member in plan.candidates(stack)}
        return (e.name for e in plan.experiments if e.name in wanted)

    def _classes(self, plan: WholeImagePlan) -> str | None:
        """The experiment whose severity classes are the study's."""
        kinds: list[Any] = [*plan.stacks.values(), *plan.binned.values(), *plan.networks.values()]
        names = [one.name for one in kinds if one.task == "severity"]
        return BEST_CLASSES if BEST_CLASSES in names else next(iter(names), None)

    # What the job is told: plain values, as in the bundle's manifest.

    @property
    def joints(self) -> dict[str, Any] | None:
        """The joint pipeline, but for whom it learned from."""
        if not self._joints:
            return None
        plan, study = self._joints, self._joints.study
        size, clahe = study.standardize, study.standardize.clahe
        return {
            "detector_data": plan.data_name(plan.boxed),
            "base_weights": weights_name(study.vgg16.weights),
            "standardize": {
                "height": size.height,
                "width": size.width,
                "clahe_clip": clahe.clip_limit,
                "clahe_grid": clahe.grid,
            },
            "unet": study.unet.model_dump(include={"height", "width"}),
            "detector": {
                **study.detector.model_dump(include={"image_size", "view"}),
                "overlap": OVERLAP,
            },
            "identification": study.identification.model_dump(),
            "crops": study.crops.model_dump(include={"size", "margin"}),
            "little_found": study.evaluation.little_found.model_dump(),
            "body_parts": {
                str(part): {
                    "crop_bottom": size.crop_bottom[part],
                    "classes": list(DETECTOR_CLASSES[part]),
                    "confidence": study.detector.confidence,
                }
                for part in plan.body_parts
            },
            "heads": list(plan.models),
        }

    @property
    def whole_image(self) -> dict[str, Any] | None:
        """The whole-image pipeline, but for whom it learned from, statistics and stacks."""
        if not self._whole_image:
            return None
        plan = self._whole_image
        settings, classes = plan.study.whole_image, self._classes(plan)
        binned = {classes: plan.binned[classes].stack} if classes in plan.binned else {}
        return {
            "size": settings.size,
            "contrast": settings.contrast,
            "networks": [name for name in self._experiments(plan) if name in plan.networks],
            "binned": binned,
            "total": plan.compared,
            "severity": classes,
        }

    @property
    def confidences(self) -> dict[str, str]:
        """Body part -> the table in which its detector's confidence is chosen, if it is."""
        plan = self._joints
        if not plan or plan.study.detector.confidence != "auto":
            return {}
        return {str(part): f"<results>/detector/{part}/confidence.csv" for part in plan.body_parts}

    @property
    def familiar(self) -> dict[str, list[str]]:
        """Body part -> features and crops of the joints that its heads learned from."""
        parts = self._joints.body_parts if self._joints else []
        return {
            str(part): [f"<results>/features/{part}.npy", f"<results>/crops/{part}/crops.csv"]
            for part in parts
        }

    @property
    def out_of_fold(self) -> dict[str, str]:
        """Head -> its predictions of patients whom it did not learn from."""
        models = self._joints.models if self._joints else ()
        return {name: f"<results>/calibration/{name}.csv" for name in models}

    @property
    def totals(self) -> list[str]:
        """The predictions of the experiment whose totals are the study's, if any."""
        compared = self._whole_image.compared if self._whole_image else None
        return [f"<results>/whole_image/{compared}/predictions.csv"] * bool(compared)

    @property
    def finger_line(self) -> list[str]:
        """What the line from sums of fingers to totals is fitted on; none where it is not.

        Predictions of whole images, their list, true scores and split of the joints.
        """
        if not (self._compares and self._joints and self._whole_image):
            return []
        compared = self._whole_image.compared
        return [
            f"<results>/whole_image/{compared}/predictions.csv",
            "<results>/cohort/whole_image/images.csv",
            self._joints.cohort_table("scores"),
            "<results>/cohort/joints/split.csv",
        ]

    @property
    def splits(self) -> dict[str, str]:
        """Pipeline -> its split."""
        has = {"joints": self._joints, "whole_image": self._whole_image}
        return {name: f"<results>/cohort/{name}/split.csv" for name, plan in has.items() if plan}

    @property
    def data(self) -> dict[str, str]:
        """Pipeline -> what tables say its data are."""
        images = self._whole_image and self._whole_image.images
        has = {"joints": self._joints, "whole_image": images}
        return {name: cohorts.data_name() for name, cohorts in has.items() if cohorts}

    @property
    def units(self) -> dict[str, str]:
        """Pipeline -> what was split."""
        found = {}
        if self._joints:
            found["joints"] = f"{self._joints.study.split.unit}s"
        if self._whole_image:
            found["whole_image"] = "radiographs"
        return found

    @property
    def statistics(self) -> list[str]:
        """The statistics of the images that the whole-image networks learned from, if any."""
        return ["<results>/packed/whole_image/statistics.json"] * bool(self._whole_image)
