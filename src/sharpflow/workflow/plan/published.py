"""What a study makes for people to look at: tables, figures and the rest."""

from dataclasses import dataclass

from sharpflow.workflow.plan.joints import JointPlan
from sharpflow.workflow.plan.paths import figure_files, table_files
from sharpflow.workflow.plan.whole_image import WholeImagePlan


@dataclass(frozen=True)
class Published:
    """What a pipeline makes.

    Attributes:
        tables: the tables' names.
        figures: the figures' names.
        further: files.
    """

    tables: list[str]
    figures: list[str]
    further: list[str]

    @property
    def files(self) -> list[str]:
        """All of it."""
        return [*table_files(self.tables), *figure_files(self.figures), *self.further]


def published_of_joints(plan: JointPlan) -> Published:
    """The joint pipeline's; what needs scores, boxes or a known truth only where there are such."""
    tables = ["mask_yield", "little_found"]
    tables += ["detection"] * plan.has_boxes
    tables += ["segmentation"] * plan.has_truth
    tables += ["joint_scoring"] * plan.has_scores
    figures = ["tan_fig2_clahe", "tan_fig3_good_masks", "tan_fig4_joints_boxed"]
    figures += ["tan_learning_curves"]
    scored = ["tan_fig1_score_distributions", "tan_fig5_pipeline", "tan_fig6_confusion"]
    further = [
        *plan.every_shard("<results>/masks/sheets/{body_part}-{shard}.png"),
        *plan.every_shard("<results>/masks/sheets/{body_part}-{shard}-unet.png"),
        "<results>/scores/overlays",
        "<results>/report/masks.html",
        "<results>/report/detections.html",
    ]
    of_scores = ("report/scores.html", "scores/patients")
    further += [f"<results>/{name}" for name in of_scores if plan.has_scores]
    further += table_files(["minutes_per_patient"] * plan.has_scores, "timing")
    sums = ["<results>/scores/totals.csv", "<results>/scores/radiographs.csv"]
    further += sums * plan.has_totals
    of_unscored = ("totals.csv", "overlays", "little_found.html") if plan.unscored else ()
    further += [f"<results>/scores/unscored/{name}" for name in of_unscored]
    return Published(tables, figures + scored * plan.has_scores, further)


def published_of_whole_images(plan: WholeImagePlan) -> Published:
    """The whole-image pipeline's; what Grad-CAM finds is measured only where the truth is known."""
    tables = ["whole_regression", "whole_severity", "whole_differences"]
    tables += ["grad_cam"] * bool(plan.images.is_synthetic() and plan.explained)
    figures = [
        "bo_fig1_radiograph_and_classes",
        "bo_fig2_predicted_true",
        "bo_fig4_confusion",
        "bo_learning_curves",
    ]
    numbers = {"total": "bo_fig3", "severity": "bo_fig5"}
    figures += [f"{numbers[task]}_grad_cam_{task}" for task in plan.explained]
    further = table_files(["whole_image_time"], "timing")
    further += ["<results>/scores/unscored/whole_images.csv"] * bool(plan.images.unscored(""))
    return Published(tables, figures, further)
