"""The tables of the joint pipeline beside what Tan et al. report.

Each function takes a table of fractions with the columns named below, writes it as
CSV, Markdown and LaTeX, and says under it what a reader must know: the data, the base's
weights, the detector, the rule for naming, and that no wrist sites are scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sharpflow.anatomy import MODELS
from sharpflow.evaluation.coverage import coverage_note
from sharpflow.reporting.tables import MISSING, check_columns, interval_column, per_cent, publish

PAPER_DETECTION = 0.99991  # section 3; of what, on which films, is not said
PAPER_FILMS = 734  # of each limb kind: 367 patients, two sides
PAPER_GOOD_MASKS = {"hand": 296, "foot": 238}  # section 2.3.2

_METRICS = ("balanced_accuracy", "balanced_accuracy_within_one")
_JOINT_SCORING = (
    "model",
    "data",
    "n",
    *(f"{metric}{part}" for metric in _METRICS for part in ("", "_low", "_high")),
    "constant_guess",
    "constant_guess_within_one",
    *(f"paper_{metric}" for metric in _METRICS),
)
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
    """

    data: str
    base_weights: str
    detector: str
    detector_data: str
    detector_weights: str
    rule: str

    def of_data(self) -> str:
        """A sentence on the data."""
        if self.data == "phantom":
            return "Data: phantom, that is radiographs drawn by this program, not real film."
        return f"Data: {self.data}."

    def of_base(self) -> str:
        """A sentence on where the VGG16 base's weights come from."""
        if self.base_weights == "none":
            return "VGG16 base trained on drawn joints, not ImageNet."
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
            "drawn films" if self.detector_data == "phantom" else f"films of {self.detector_data}"
        )
        return [
            f"Detector: {self.detector}, the YOLOv3 backbone with ultralytics' anchor-free head "
            "(the paper's has darknet's head with three anchors).",
            f"Detector trained on boxes of {boxes}, {start}.",
        ]

    def of_rule(self) -> str:
        """A sentence on how joints got their names."""
        if self.rule == "paper":
            return (
                "Joints named by the paper's rule: by side and horizontal order, a film with fewer "
                "than 10 (foot: 6) boxes left unnamed."
            )
        return (
            "Joints named by side and horizontal order, and by a template of the limb's joints "
            "where the counts of the classes are wrong or boxes lack (ours)."
        )


def publish_joint_scoring(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Tan et al.'s Table 1: folder/joint_scoring.csv, .md, .tex.

    Args:
        table: what `evaluation.joint_scoring.joint_scoring_table` gave.
        folder: the study's tables.
        study: what made the numbers.
    """
    fractions = [name for name in _JOINT_SCORING if name not in ("model", "data", "n")]
    table = check_columns(table, _JOINT_SCORING, fractions)
    shown = pd.DataFrame({("", "Model"): [_model_name(model) for model in table["model"]]})
    for metric, guess, title in zip(
        _METRICS,
        ("constant_guess", "constant_guess_within_one"),
        ("Balanced accuracy, %", "±1 balanced accuracy, %"),
        strict=True,
    ):
        shown[title, "this study (95% interval)"] = interval_column(table, metric)
        shown[title, "paper"] = [per_cent(x, 2) for x in table[f"paper_{metric}"]]
        shown[title, "best constant guess"] = [per_cent(x) for x in table[guess]]
    shown["", "Joints (n)"] = _whole_numbers(table["n"])
    if "patients" in table:
        shown["", "Patients (n)"] = _whole_numbers(table["patients"])
    counts = table[[name for name in table if str(name).startswith("n_class_")]]
    if counts.shape[1]:
        shown["", "Joints of score 0, 1, 2, ... (n)"] = [
            ", ".join(str(int(count)) for count in row if pd.notna(count))
            for row in counts.itertuples(index=False)
        ]
    shown["", "Data"] = table["data"].astype(str)
    notes = [
        study.of_data(),
        study.of_base(),
        *study.of_detector(),
        study.of_rule(),
        "Test patients' joints that were found and named; the others have no score, and count in "
        "the table of detection. 95% intervals by bootstrap over patients.",
        "Balanced accuracy: mean over the scores that test joints have; a score that none has "
        "is left out.",
        "No wrist sites are scored, as in the paper; the thumb's IP has no narrowing score.",
        "Paper: Tan et al., Table 1, on the CLEAR and TETRAD cohorts; no interval given there.",
    ]
    caption = "Balanced accuracy of the joint scores, beside Tan et al., Table 1"
    return publish(table, folder, "joint_scoring", shown=shown, caption=caption, notes=notes)


def publish_segmentation(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Overlap of masks with the truth: folder/segmentation.csv, .md, .tex.

    `table` has limb ("hand", "foot"), method ("bootstrap", "unet"), data, n (films), dice, iou as
    fractions; dice_low and so on are shown when there. No rows when no truth is known.
    """
    table = check_columns(table, ("limb", "method", "data", "n", "dice", "iou"), ("dice", "iou"))
    methods = {"bootstrap": "Entropy masks, chosen", "unet": "U-Net"}
    shown = pd.DataFrame(
        {
            "Limb": _limb_names(table),
            "Method": [methods.get(method, method) for method in table["method"]],
            "Dice, % (95% interval)": interval_column(table, "dice", 2),
            "IoU, % (95% interval)": interval_column(table, "iou", 2),
            "Films (n)": _whole_numbers(table["n"]),
            "Data": table["data"].astype(str),
        }
    )
    notes = [
        study.of_data(),
        "Test patients only; mean over films of the overlap with the true mask of the limb.",
        coverage_note({"dice": "Dice", "iou": "IoU"}, ["masks"]),
        "The paper reports no such measure.",
    ]
    caption = "Overlap of the limb masks with the truth"
    return publish(table, folder, "segmentation", shown=shown, caption=caption, notes=notes)


def publish_detection(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """Joints found and rightly named: folder/detection.csv, .md, .tex.

    `table` has limb, rule ("paper", "template"), data, n_joints, found, named_right as fractions
    of all true joints. The paper's 99.991% is added as paper_accuracy.
    """
    columns = ("limb", "rule", "data", "n_joints", "found", "named_right")
    table = check_columns(table, columns, ("found", "named_right"))
    table = table.assign(paper_accuracy=PAPER_DETECTION)
    rules = {"paper": "Paper's", "template": "Template"}
    shown = pd.DataFrame(
        {
            "Limb": _limb_names(table),
            "Naming rule": [rules.get(rule, rule) for rule in table["rule"]],
            "Found, % (95% interval)": interval_column(table, "found", 2),
            "Found and rightly named, % (95% interval)": interval_column(table, "named_right", 2),
            "Paper, %": [per_cent(x, 3) for x in table["paper_accuracy"]],
            "Joints (n)": _whole_numbers(table["n_joints"]),
            "Data": table["data"].astype(str),
        }
    )
    notes = [
        study.of_data(),
        *study.of_detector(),
        "Test patients only; of all true joints, those on films left unnamed included.",
        "Found: a box of IoU at least 0.5 with the true one, one to one. Rightly named: found, and "
        "given the right joint's name.",
        coverage_note({"found": "found", "named_right": "rightly named"}, ["joints"]),
        "Paper's rule: a film with fewer than 10 (foot: 6) boxes stays unnamed. Template (ours): "
        "what was found on such a film is named too.",
        "Paper: Tan et al., section 3, 99.991% for detection and identification together; of what, "
        "on which films, is not said there.",
    ]
    caption = "Joints found and rightly named, beside Tan et al., section 3"
    return publish(table, folder, "detection", shown=shown, caption=caption, notes=notes)


def mask_yield(chosen: pd.DataFrame, *, data: str) -> pd.DataFrame:
    """How many bootstrap masks were good, of all films, beside the paper's.

    Args:
        chosen: image_id, limb_kind, proposed (bool), chosen (bool), chosen_by ("quality" or
            "person"), a row for each film.
        data: "phantom" or the cohort's name.

    Returns:
        limb, data, films, proposed, chosen, overruled (by a person), share, paper_films,
        paper_chosen, paper_share; a row for each limb kind that has films.
    """
    rows = []
    for limb in [kind for kind in _LIMBS if kind in set(chosen["limb_kind"])]:
        films = chosen[chosen["limb_kind"] == limb]
        n_chosen = int(films["chosen"].sum())
        rows.append(
            {
                "limb": limb,
                "data": data,
                "films": len(films),
                "proposed": int(films["proposed"].sum()),
                "chosen": n_chosen,
                "overruled": int((films["chosen"] != films["proposed"]).sum()),
                "share": n_chosen / len(films),
                "paper_films": PAPER_FILMS,
                "paper_chosen": PAPER_GOOD_MASKS[limb],
                "paper_share": PAPER_GOOD_MASKS[limb] / PAPER_FILMS,
            }
        )
    return pd.DataFrame(rows)


def publish_mask_yield(table: pd.DataFrame, folder: str | Path, study: StudyNotes) -> list[Path]:
    """What `mask_yield` gave: folder/mask_yield.csv, .md, .tex."""
    shown = pd.DataFrame(
        {
            "Limb": _limb_names(table),
            "Films": _whole_numbers(table["films"]),
            "Proposed": _whole_numbers(table["proposed"]),
            "Overruled by a person": _whole_numbers(table["overruled"]),
            "Chosen": _whole_numbers(table["chosen"]),
            "Chosen, %": [per_cent(x) for x in table["share"]],
            "Paper, chosen of films": [
                f"{chosen} of {films}"
                for chosen, films in zip(table["paper_chosen"], table["paper_films"], strict=True)
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

    `table` has step, seconds (wall clock of the step over all its films) and patients. Added:
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
            "Seconds": _numbers(table["seconds"], 1),
            "Patients": _whole_numbers(table["patients"]),
            "Minutes a patient": _numbers(table["minutes_per_patient"], 3),
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
    damage, kind = MODELS[model]
    return f"{damage.value.capitalize()}, {_LIMBS[kind.value].lower()}"


def _limb_names(table: pd.DataFrame) -> list[str]:
    return [_LIMBS.get(limb, limb) for limb in table["limb"]]


def _numbers(values: "pd.Series[float]", digits: int) -> list[str]:
    return [MISSING if pd.isna(value) else f"{value:.{digits}f}" for value in values]


def _whole_numbers(values: "pd.Series[int] | Sequence[int]") -> list[str]:
    return [f"{int(value)}" for value in values]
