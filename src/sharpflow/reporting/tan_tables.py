"""The tables of the joint pipeline beside what Tan et al. report.

Each function takes a table of fractions with the columns named below, writes it as
CSV, Markdown and LaTeX, and says under it what a reader must know: the data, the base's
weights, the detector, the rule for naming, and that no wrist sites are scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from sharpflow.anatomy import MODELS
from sharpflow.evaluation.coverage import coverage_note
from sharpflow.evaluation.proportions import FEW_PATIENTS
from sharpflow.papers.tan_numbers import CHOSEN_MASKS, IDENTIFICATION_ACCURACY, RADIOGRAPHS
from sharpflow.reporting.tables import (
    check_columns,
    interval_column,
    number,
    number_with_interval,
    per_cent,
    publish,
)

FEW = "†"  # marks a score that few patients have

_METRICS = ("balanced_accuracy", "balanced_accuracy_within_one")
_GUESSES = ("constant_guess", "constant_guess_within_one")
_ACCURACIES = (
    *(f"{metric}{part}" for metric in _METRICS for part in ("", "_low", "_high")),
    *(f"{metric}{part}" for metric in _METRICS for part in ("_seed_mean", "_seed_sd")),
    *(f"{metric}_all_joints{part}" for metric in _METRICS for part in ("", "_low", "_high")),
    *_GUESSES,
    *(f"paper_{metric}" for metric in _METRICS),
)
_JOINT_SCORING = ("model", "data", "n", "n_not_found", *_ACCURACIES)
_LIMBS = {"hand": "Hands", "foot": "Feet"}


@dataclass(frozen=True)
class StudyNotes:
    """What made the numbers; the notes under every table are written from it.

    Attributes:
        data: "phantom" or the cohort's name, as in the column `data`.
        base_weights: the VGG16 base's weights: "none", "download" or a file name.
        detector: the detector's model, "yolov3", "yolov3-tiny".
        detector_data: what boxes trained the detector, "phantom" or the label folder's name.
        detector_weights: what the detector's training began from: "none", "download" or a file.
        rule: how joints got their names for scoring, "paper" or "template".
        unit: what was split for scoring, "patient" or "joint".
    """

    data: str
    base_weights: str
    detector: str
    detector_data: str
    detector_weights: str
    rule: str
    unit: str

    def of_data(self) -> str:
        """A sentence on the data."""
        if self.data == "phantom":
            return "Data: phantom, that is synthetic radiographs, not real radiographs."
        return f"Data: {self.data}."

    def of_base(self) -> str:
        """A sentence on where the VGG16 base's weights come from."""
        if self.base_weights == "none":
            return "VGG16 base trained on synthetic joints, not ImageNet."
        if self.base_weights == "download":
            return "VGG16 base with ImageNet weights, frozen."
        return f"VGG16 base with the weights of {self.base_weights}, frozen."

    def of_detector(self) -> list[str]:
        """Sentences on the detector, its boxes and its first weights."""
        start = {
            "none": "from random weights, where the paper began from COCO's",
            "download": "from COCO weights",
        }.get(self.detector_weights, f"from the weights of {self.detector_weights}")
        boxes = (
            "synthetic radiographs"
            if self.detector_data == "phantom"
            else f"radiographs of {self.detector_data}"
        )
        return [
            f"Detector: {self.detector}, the YOLOv3 backbone with ultralytics' anchor-free head "
            "(the paper's has darknet's head with three anchors).",
            f"Detector trained on boxes of {boxes}, {start}.",
        ]

    def of_split(self) -> list[str]:
        """Sentences on who is tested, where joints are scored."""
        if self.unit == "patient":
            return ["Split by patient: no joint of a test patient was learned from."]
        return [
            "Split by joint, which the paper may mean: joints are tested whoever's they are. "
            "Nearly every one has others of its patient, often of its radiograph, in training, and "
            "the U-Net and the detector learned from most of these radiographs. This does not "
            "measure how well new patients are scored, and is not comparable with a split by "
            "patient.",
            "Test joints are cropped from the detector's boxes, never from labels; on radiographs "
            "that the detector learned from, its boxes are better than on others.",
        ]

    def of_rule(self) -> str:
        """A sentence on how joints got their names."""
        if self.rule == "paper":
            return (
                "Joints named by the paper's rule: by horizontal order, one with fewer than 10 "
                "(foot: 6) boxes left unnamed; where the thumb or great toe lies is told by the "
                "layout of the boxes, not by the radiograph's side."
            )
        return (
            "Joints named by a template of the limb's joints fitted to the boxes (ours), also "
            "where boxes lack."
        )


def publish_joint_scoring(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Tan et al.'s Table 1: folder/joint_scoring.csv, .md, .tex.

    Args:
        table: what `evaluation.joint_scoring.joint_scoring_table` gave.
        folder: the study's tables.
        study: what made the numbers.
    """
    table = check_columns(table, _JOINT_SCORING, _ACCURACIES)
    shown = pd.DataFrame({("", "Model"): [_model_name(model) for model in table["model"]]})
    for metric, guess, title in zip(
        _METRICS,
        _GUESSES,
        ("Balanced accuracy, %", "±1 balanced accuracy, %"),
        strict=True,
    ):
        shown[title, "this study (95% interval)"] = interval_column(table, metric)
        shown[title, "mean ± SD over seeds"] = _over_seeds(table, metric)
        shown[title, "joints not found count as wrong"] = interval_column(
            table, f"{metric}_all_joints"
        )
        shown[title, "paper"] = [per_cent(x, 2) for x in table[f"paper_{metric}"]]
        shown[title, "best constant guess"] = [per_cent(x) for x in table[guess]]
    for metric, title in (("mae", "Mean absolute error"), ("kappa", "Quadratic kappa")):
        bounds = table[[metric, f"{metric}_low", f"{metric}_high"]]
        shown["", f"{title} (95% interval)"] = [
            number_with_interval(value, low, high, 2)
            for value, low, high in bounds.itertuples(index=False)
        ]
        if metric == "mae":
            shown["", f"{title}: best constant guess"] = [
                number(x, 2) for x in table["constant_guess_mae"]
            ]
    shown["", "Joints (n)"] = _integers(table["n"])
    shown["", "Not found (n)"] = _integers(table["n_not_found"])
    shown["", "Patients (n)"] = _integers(table["patients"])
    shown["", "Joints of score 0, 1, 2, ... (n)"] = [
        _class_counts(row) for _, row in table.iterrows()
    ]
    shown["", "Data"] = table["data"].astype(str)
    notes = [
        study.of_data(),
        study.of_base(),
        *study.of_detector(),
        study.of_rule(),
        *study.of_split(),
        "Test joints for which the detector has a box of that name, wherever it lies: a box that "
        "is off or wrongly named is scored against the truth of its name (detection tells how many "
        "are right). Joints without one have no score, and count as wrong in a column of their "
        "own.",
        "Undamaged joints are under-sampled in training, as in the paper, so scores come out too "
        "high where most joints are undamaged: the mean absolute error can exceed that of the best "
        "constant guess, which is often 0.",
        "Values are of the first seed, whose scores are used; beside them mean and standard "
        f"deviation over {_seeds(table)} of the heads, on the same crops and patients.",
        coverage_note(
            {
                "balanced_accuracy": "balanced accuracy",
                "balanced_accuracy_within_one": "±1 balanced accuracy",
                "mae": "mean absolute error",
                "kappa": "kappa",
            },
            list(table["model"]),
        ),
        "Balanced accuracy: mean over the scores that test joints have; a score that none has is "
        f"left out. Scores marked {FEW} are those of fewer than {FEW_PATIENTS} patients: their "
        "recall, and with it the mean, rests on little (see joint_recalls).",
        "No wrist sites are scored, as in the paper; the thumb's IP has no narrowing score.",
        "Paper: Tan et al., Table 1, on the CLEAR and TETRAD cohorts; no interval given there.",
    ]
    caption = "Balanced accuracy of the joint scores, beside Tan et al., Table 1"
    return publish(table, folder, "joint_scoring", shown=shown, caption=caption, notes=notes)


def publish_joint_recalls(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """What balanced accuracy is the mean of: folder/joint_recalls.csv, .md, .tex.

    `table` is what `evaluation.joint_scoring.recalls_table` gave.
    """
    shown = pd.DataFrame(
        {
            "Model": [_model_name(model) for model in table["model"]],
            "Score": [
                f"{score}{FEW * few}"
                for score, few in zip(table["score"], table["few_patients"], strict=True)
            ],
            "Recall, % (95% interval)": interval_column(table, "recall"),
            "Within one, % (95% interval)": interval_column(table, "recall_within_one"),
            "Joints (n)": _integers(table["n"]),
            "Patients (n)": _integers(table["n_patients"]),
            "Data": table["data"].astype(str),
        }
    )
    notes = [
        study.of_data(),
        *study.of_split(),
        "Recall: share of the test joints of a score that are given it; within one: it or a "
        "neighbour. Joints that were found and named, first seed.",
        coverage_note(
            {"recall": "recall", "recall_within_one": "recall within one"},
            sorted(set(table["model"])),
        ),
        f"{FEW} fewer than {FEW_PATIENTS} patients have this score.",
    ]
    caption = "Recall of each joint score"
    return publish(table, folder, "joint_recalls", shown=shown, caption=caption, notes=notes)


def publish_segmentation(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Overlap of masks with the truth: folder/segmentation.csv, .md, .tex.

    `table` has limb ("hand", "foot"), method ("bootstrap", "unet"), data; n (radiographs), dice,
    iou as fractions, of the radiographs on which both methods are compared; n_all, dice_all,
    iou_all of all test radiographs; dice_low and so on are shown when there.
    """
    means = ("dice", "iou", "dice_all", "iou_all")
    columns = ("limb", "method", "data", "n", "dice", "iou", "n_all", "dice_all", "iou_all")
    table = check_columns(table, columns, means)
    methods = {"bootstrap": "Entropy mask", "unet": "U-Net"}
    shown = pd.DataFrame({("", "Limb"): _limb_names(table)})
    shown["", "Method"] = [methods.get(method, method) for method in table["method"]]
    for title, suffix in (("With a chosen entropy mask", ""), ("All test radiographs", "_all")):
        for measure, name in (("Dice", "dice"), ("IoU", "iou")):
            values = interval_column(table, f"{name}{suffix}", 2)
            shown[title, f"{measure}, % (95% interval)"] = values
        shown[title, "n"] = _integers(table[f"n{suffix}"])
    shown["", "Data"] = table["data"].astype(str)
    notes = [
        study.of_data(),
        "Test patients only; mean over radiographs (n) of the overlap with the limb's true mask.",
        "Compare the methods on the radiographs whose entropy mask was chosen as good: there both "
        "are judged on the same ones. Over all test radiographs the entropy masks include those "
        "that were not chosen and serve nobody.",
        coverage_note({"dice": "Dice", "iou": "IoU"}, ["masks"]),
        "The paper reports no such measure.",
    ]
    caption = "Overlap of the limb masks with the truth"
    return publish(table, folder, "segmentation", shown=shown, caption=caption, notes=notes)


def publish_detection(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Joints found and rightly named: folder/detection.csv, .md, .tex.

    `table` has limb, rule ("paper", "template"), data, truth (where the true joints' names come
    from: "phantom", "given", "template" or "given and template"), n_radiographs_left_out, n_joints,
    found, named_right as fractions of all true joints. The paper's 99.991% is added as
    paper_accuracy.
    """
    columns = ("limb", "rule", "data", "truth", "n_radiographs_left_out", "n_joints", "found")
    table = check_columns(table, (*columns, "named_right"), ("found", "named_right"))
    table = table.assign(paper_accuracy=IDENTIFICATION_ACCURACY)
    rules = {"paper": "Paper's", "template": "Template"}
    shown = pd.DataFrame(
        {
            "Limb": _limb_names(table),
            "Naming rule": [rules.get(rule, rule) for rule in table["rule"]],
            "Found, % (95% interval)": interval_column(table, "found", 2),
            "Found and rightly named, % (95% interval)": interval_column(table, "named_right", 2),
            "Paper, %": [per_cent(x, 3) for x in table["paper_accuracy"]],
            "Joints (n)": _integers(table["n_joints"]),
            "True names": table["truth"].astype(str),
            "Data": table["data"].astype(str),
        }
    )
    notes = [
        study.of_data(),
        *study.of_detector(),
        "Test patients only; of all true joints, those on radiographs left unnamed included.",
        "Found: a box of IoU at least 0.5 with the true one, one to one. Rightly named: found, and "
        "given the right joint's name.",
        *_notes_of_truth(table),
        coverage_note({"found": "found", "named_right": "rightly named"}, ["joints"]),
        "Paper's rule: an image with fewer than 10 (foot: 6) boxes stays unnamed. Template (ours): "
        "what was found on such an image is named too.",
        "Paper: Tan et al., section 3, 99.991% for detection and identification together; of what, "
        "on which radiographs, is not said there.",
    ]
    caption = "Joints found and rightly named, beside Tan et al., section 3"
    return publish(table, folder, "detection", shown=shown, caption=caption, notes=notes)


def _notes_of_truth(table: pd.DataFrame) -> list[str]:
    """Where the true joints' names come from, and what that does to the numbers."""
    notes = []
    if table["truth"].str.contains("given").any():
        notes.append("True names given: in the labels, by who drew the boxes.")
    if table["truth"].str.contains("template").any():
        notes.append(
            "True names by the template: the labels give classes alone, so the template was fitted "
            "to the boxes drawn by hand. Naming is then partly measured against itself: where the "
            "template errs on both boxes, it counts as right. Labels that name each joint (PIP2, "
            "MCP5) avoid this."
        )
    if left_out := int(table.drop_duplicates("limb")["n_radiographs_left_out"].sum()):
        notes.append(
            f"Test radiographs with boxes that are left out, since their labels name no joints and "
            f"the template does not fit all of the boxes: {left_out}. They may be the hardest."
        )
    return notes


def mask_yield(chosen: pd.DataFrame, *, data: str) -> pd.DataFrame:
    """How many entropy masks were good, of all radiographs, beside the paper's.

    Args:
        chosen: image_id, body_part, proposed (bool), chosen (bool), chosen_by ("quality" or
            "person"), a row for each radiograph.
        data: "phantom" or the cohort's name.

    Returns: limb, data, radiographs, proposed, chosen, overruled (by a person), share,
        paper_radiographs, paper_chosen, paper_share; a row for each body part that has radiographs.
    """
    rows = []
    for limb in [body_part for body_part in _LIMBS if body_part in set(chosen["body_part"])]:
        radiographs = chosen[chosen["body_part"] == limb]
        n_chosen = int(radiographs["chosen"].sum())
        rows.append(
            {
                "limb": limb,
                "data": data,
                "radiographs": len(radiographs),
                "proposed": int(radiographs["proposed"].sum()),
                "chosen": n_chosen,
                "overruled": int((radiographs["chosen"] != radiographs["proposed"]).sum()),
                "share": n_chosen / len(radiographs),
                "paper_radiographs": RADIOGRAPHS,
                "paper_chosen": CHOSEN_MASKS[limb],
                "paper_share": CHOSEN_MASKS[limb] / RADIOGRAPHS,
            }
        )
    return pd.DataFrame(rows)


def publish_mask_yield(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """What `mask_yield` gave: folder/mask_yield.csv, .md, .tex."""
    shown = pd.DataFrame(
        {
            "Limb": _limb_names(table),
            "Radiographs": _integers(table["radiographs"]),
            "Proposed": _integers(table["proposed"]),
            "Overruled by a person": _integers(table["overruled"]),
            "Chosen": _integers(table["chosen"]),
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
        "needs no truth, and a person may overrule; the paper's were picked by eye.",
    ]
    caption = "Entropy masks chosen to train the U-Nets, beside Tan et al., section 2.3.2"
    return publish(table, folder, "mask_yield", shown=shown, caption=caption, notes=notes)


def publish_minutes(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Time to score a patient: folder/minutes_per_patient.csv, .md, .tex.

    `table` has step, seconds (wall clock of the step over all its radiographs) and patients. Added:
    minutes_per_patient, and a last row `all`. Wall times differ from run to run, so this table does
    too.
    """
    table = check_columns(table, ("step", "seconds", "patients"))
    table = table.assign(minutes_per_patient=table["seconds"] / 60 / table["patients"])
    total = {
        "step": "all",
        "seconds": table["seconds"].sum(skipna=False),
        "patients": table["patients"].max(),
        "minutes_per_patient": table["minutes_per_patient"].sum(skipna=False),
    }
    table = pd.concat([table, pd.DataFrame([total])], ignore_index=True)
    shown = pd.DataFrame(
        {
            "Step": [*(str(step) for step in table["step"][:-1]), "All"],
            "Seconds": [number(x, 1) for x in table["seconds"]],
            "Patients": _integers(table["patients"]),
            "Minutes a patient": [number(x, 3) for x in table["minutes_per_patient"]],
            "Paper": [*("" for _ in table["step"][:-1]), "a couple of minutes"],
        }
    )
    notes = [
        study.of_data(),
        "Wall time of scoring with trained models; training is not in it.",
        "Paper: Tan et al., abstract: 'within a couple of minutes', the machine is not named.",
    ]
    caption = "Time from a patient's radiographs to the scores"
    return publish(table, folder, "minutes_per_patient", shown=shown, caption=caption, notes=notes)


def _model_name(model: str) -> str:
    damage, body_part = MODELS[model]
    return f"{damage.value.capitalize()}, {_LIMBS[body_part.value].lower()}"


def _over_seeds(table: pd.DataFrame, metric: str) -> list[str]:
    """ "61.2 ± 1.5", per cent; without the second of one training."""
    pairs = zip(table[f"{metric}_seed_mean"], table[f"{metric}_seed_sd"], strict=True)
    return [
        per_cent(mean) if pd.isna(sd) else f"{per_cent(mean)} ± {per_cent(sd)}"
        for mean, sd in pairs
    ]


def _seeds(table: pd.DataFrame) -> str:
    numbers = sorted(set(table["n_seeds"].astype(int)))
    return f"{' or '.join(map(str, numbers))} seed{'s' * (numbers != [1])}"


def _class_counts(row: "pd.Series[Any]") -> str:
    """ "210, 31, 8†": the joints of each score that a model has, † where few patients have it."""
    few = str(row["few_patients"]).split()
    counts = {
        str(name).removeprefix("n_class_"): int(count)
        for name, count in row.items()
        if str(name).startswith("n_class_") and pd.notna(count)
    }
    return ", ".join(f"{count}{FEW * (score in few)}" for score, count in counts.items())


def _limb_names(table: pd.DataFrame) -> list[str]:
    return [_LIMBS.get(limb, limb) for limb in table["limb"]]


def _integers(values: "pd.Series[int] | Sequence[int]") -> list[str]:
    return [f"{int(value)}" for value in values]
