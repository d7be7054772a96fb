"""Tables of the joint pipeline's masks, detection and timing, beside what Tan et al. report.

Each function writes a table of fractions as CSV, Markdown and LaTeX, with notes for the reader on
the data, the models and the measures.
"""

from pathlib import Path

import pandas as pd

from sharpflow.evaluation.coverage import coverage_note
from sharpflow.papers.tan_numbers import IDENTIFICATION_ACCURACY
from sharpflow.reporting.study_notes import StudyNotes
from sharpflow.reporting.tables import (
    check_columns,
    integers,
    interval_column,
    limb_names,
    number,
    per_cent,
    publish,
)


def publish_segmentation(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Overlap of masks with the truth: folder/segmentation.csv, .md, .tex, .html.

    Args:
        table: what `evaluation.segmentation.segmentation_table` returned; the bounds of the means
            may be missing.
        folder: the study's tables.
        study: what made the numbers.

    Returns:
        The files.
    """
    means = ("dice", "iou", "dice_all", "iou_all")
    columns = ("limb", "method", "data", "n", "dice", "iou", "n_all", "dice_all", "iou_all")
    table = check_columns(table, columns, means)
    methods = {"bootstrap": "Entropy mask", "unet": "U-Net"}
    shown = pd.DataFrame({("", "Limb"): limb_names(table)})
    shown["", "Method"] = [methods.get(method, method) for method in table["method"]]
    for title, suffix in (("With a chosen entropy mask", ""), ("All test radiographs", "_all")):
        for measure, name in (("Dice", "dice"), ("IoU", "iou")):
            values = interval_column(table, f"{name}{suffix}", 2)
            shown[title, f"{measure}, % (95% interval)"] = values
        shown[title, "n"] = integers(table[f"n{suffix}"])
    shown["", "Data"] = table["data"].astype(str)
    notes = [
        study.of_data(),
        "Test patients only; mean over radiographs (n) of the overlap with the limb's true mask.",
        "Compare the methods on the radiographs whose entropy mask was chosen as good. Over all "
        "test radiographs, the entropy masks include those that were not chosen and are not used.",
        coverage_note({"dice": "Dice", "iou": "IoU"}, ["masks"]),
        "The paper reports no such measure.",
    ]
    caption = "Overlap of the limb masks with the truth"
    return publish(table, folder, "segmentation", shown=shown, caption=caption, notes=notes)


def publish_detection(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Joints found and rightly named: folder/detection.csv, .md, .tex, .html.

    The paper's 99.991% is added as paper_accuracy.

    Args:
        table: what `evaluation.detection.detection_table` returned.
        folder: the study's tables.
        study: what made the numbers.

    Returns:
        The files.
    """
    columns = ("limb", "rule", "data", "truth", "n_radiographs_left_out", "n_joints", "found")
    table = check_columns(table, (*columns, "named_right"), ("found", "named_right"))
    table = table.assign(paper_accuracy=IDENTIFICATION_ACCURACY)
    rules = {"paper": "Paper's", "template": "Template"}
    shown = pd.DataFrame(
        {
            "Limb": limb_names(table),
            "Naming rule": [rules.get(rule, rule) for rule in table["rule"]],
            "Found, % (95% interval)": interval_column(table, "found", 2),
            "Found and rightly named, % (95% interval)": interval_column(table, "named_right", 2),
            "Paper, %": [per_cent(x, 3) for x in table["paper_accuracy"]],
            "Joints (n)": integers(table["n_joints"]),
            "True names": table["truth"].astype(str),
            "Data": table["data"].astype(str),
        }
    )
    notes = [
        study.of_data(),
        *study.of_detector(),
        "Test patients only; shares of all true joints, also of radiographs left unnamed.",
        "Found: matched one to one to a detected box with an IoU of at least 0.5. Rightly named: "
        "found, and this box has the joint's name.",
        *_notes_of_truth(table),
        coverage_note({"found": "found", "named_right": "rightly named"}, ["joints"]),
        "Paper's rule: a radiograph with fewer than 10 boxes (foot: 6) is left unnamed. Template "
        "(ours): the boxes of such a radiograph are named too.",
        "Paper: Tan et al., section 3, 99.991% for detection and identification together; the "
        "paper does not say of which joints and radiographs.",
    ]
    caption = "Joints found and rightly named, beside Tan et al., section 3"
    return publish(table, folder, "detection", shown=shown, caption=caption, notes=notes)


def _notes_of_truth(table: pd.DataFrame) -> list[str]:
    """The source of the true joints' names, and what it means for the numbers."""
    notes = []
    if (nothing := table["truth"] == "none").any():
        limbs = " or ".join(dict.fromkeys(name.lower() for name in limb_names(table[nothing])))
        notes.append(
            f"No test patient's radiograph of {limbs} has boxes whose joints have true names, so "
            "nothing is measured there. Boxes of test patients' radiographs would change that; the "
            "detector does not learn from them."
        )
    if table["truth"].str.contains("given").any():
        notes.append("True names given: by the labels, which name each box's joint.")
    if table["truth"].str.contains("template").any():
        notes.append(
            "True names by the template: the labels give only classes, so the template was fitted "
            "to the hand-drawn boxes. The template rule is then partly compared with itself: an "
            "error that it makes on both the hand-drawn and the detected boxes counts as right. "
            "Labels that name each joint (PIP2, MCP5) avoid this."
        )
    if left_out := int(table.drop_duplicates("limb")["n_radiographs_left_out"].sum()):
        notes.append(
            "Test radiographs with boxes that are left out, since their labels name no joints and "
            f"the template does not fit all of their boxes: {left_out}. They may be the hardest."
        )
    return notes


def publish_mask_yield(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Entropy masks chosen to train the U-Nets: folder/mask_yield.csv, .md, .tex, .html.

    Args:
        table: what `evaluation.mask_yield.mask_yield` returned.
        folder: the study's tables.
        study: what made the numbers.

    Returns:
        The files.
    """
    shown = pd.DataFrame(
        {
            "Limb": limb_names(table),
            "Radiographs": integers(table["radiographs"]),
            "Proposed": integers(table["proposed"]),
            "Overruled by a person": integers(table["overruled"]),
            "Chosen": integers(table["chosen"]),
            "Chosen, %": [per_cent(x) for x in table["share"]],
            "Paper, chosen of radiographs": [
                f"{chosen} of {radiographs}"
                for chosen, radiographs in zip(
                    table["paper_chosen"], table["paper_radiographs"], strict=True
                )
            ],
            "Paper, %": [per_cent(x) for x in table["paper_share"]],
            "Data": table["data"].astype(str),
        }
    )
    notes = [
        study.of_data(),
        "Entropy masks good enough to train the U-Nets. Ours are proposed by a quality score that "
        "needs no true masks, and a person may overrule it; the paper's were chosen by eye.",
    ]
    caption = "Entropy masks chosen to train the U-Nets, beside Tan et al., section 2.3.2"
    return publish(table, folder, "mask_yield", shown=shown, caption=caption, notes=notes)


def publish_minutes(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Time to score a patient: folder/minutes_per_patient.csv, .md, .tex, .html.

    Args:
        table: what `evaluation.timing.minutes_per_patient` returned. Wall times differ from run to
            run, and so does this table.
        folder: where the files go.
        study: what made the numbers.

    Returns:
        The files.
    """
    table = check_columns(table, ("step", "seconds", "patients", "minutes_per_patient"))
    shown = pd.DataFrame(
        {
            "Step": [*(str(step) for step in table["step"][:-1]), "All"],
            "Seconds": [number(x, 1) for x in table["seconds"]],
            "Patients": integers(table["patients"]),
            "Minutes a patient": [number(x, 3) for x in table["minutes_per_patient"]],
            "Paper": [*("" for _ in table["step"][:-1]), "a couple of minutes"],
        }
    )
    notes = [
        study.of_data(),
        "Wall time of scoring with trained models, without training.",
        "Paper: Tan et al., abstract: 'within a couple of minutes'; the machine is not named.",
    ]
    caption = "Time from a patient's radiographs to the scores"
    return publish(table, folder, "minutes_per_patient", shown=shown, caption=caption, notes=notes)
