"""What a study can say by itself for a reporting checklist, from its settings and its tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from sharpflow.reporting.tables import number_with_interval, with_interval
from sharpflow.research_only import RESEARCH_ONLY
from sharpflow.whole_image.severity_classes import CLASSES, LOWER_BOUNDS

_SPLITS = {"train": "training", "validation": "validation", "test": "test"}
_NAMES = {
    "joints": "Joint cohort",
    "boxed": "Synthetic cohort that trains the detector",
    "whole_image": "Whole radiographs",
    "bone_age": "Children's hands",
}


@dataclass(frozen=True)
class StudyTables:
    """What a study's facts are taken from.

    Attributes:
        settings: of the study, as run.json has them.
        record: run.json; its code, packages and hardware are used.
        data: cohort -> "phantom" or its name.
        splits: cohort -> patient, split.
        counts: cohort -> its radiographs.
        problems: cohort -> problems.csv.
        results: name of a table -> the table, those that there are.
        networks: names of the networks that were trained on whole radiographs.
    """

    settings: Mapping[str, Any]
    record: Mapping[str, Any]
    data: Mapping[str, str]
    splits: Mapping[str, pd.DataFrame]
    counts: Mapping[str, int]
    problems: Mapping[str, pd.DataFrame]
    results: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    networks: Sequence[str] = ()

    @property
    def has_joints(self) -> bool:
        """Whether radiographs are scored joint by joint."""
        return "joints" in self.splits

    @property
    def has_images(self) -> bool:
        """Whether whole radiographs are scored."""
        return "whole_image" in self.splits


def study_facts(tables: StudyTables) -> dict[str, str]:
    """The facts, by the names that checklists.csv uses; empty where the study has none."""
    return {
        **_facts_of_data(tables),
        **_facts_of_models(tables),
        **_facts_of_evaluation(tables),
        **_facts_of_results(tables),
    }


def _facts_of_data(tables: StudyTables) -> dict[str, str]:
    settings = tables.settings
    split, images = settings["split"], settings["whole_image"]
    sources = [
        f"{_NAMES[cohort]}: {_data(tables.data[cohort])}, {tables.counts[cohort]} radiographs of "
        f"{_patients(tables.splits[cohort])} patients."
        for cohort in tables.splits
    ]
    partition = [
        f"{_NAMES[cohort]}: {_by_split(table)}." for cohort, table in tables.splits.items()
    ]
    standard, clahe = settings["standardize"], settings["standardize"]["clahe"]
    left_out = sum(len(table) for table in tables.problems.values())
    return {
        "sources": _join(*sources),
        "eligibility": "Radiographs that can be read and, to train and test on, have scores. "
        + (f"{left_out} problems were set aside." if left_out else "Nothing was set aside."),
        "checks": "Every file is decoded and compared with the tables before any training. What is "
        "wrong stops the study or is set aside and listed; what is implausible is listed as a "
        "warning.",
        "preprocessing": _join(
            tables.has_joints
            and f"Joint pipeline: the lowest {_share(standard['crop_bottom']['hand'])} of hands "
            f"and {_share(standard['crop_bottom']['foot'])} of feet cut off, resized and padded to "
            f"{standard['height']} by {standard['width']} pixels, CLAHE (clip limit "
            f"{clahe['clip_limit']}, grid {clahe['grid']}).",
            tables.has_images
            and f"Whole-image pipeline: resized to {images['size']} by {images['size']} pixels, "
            f"contrast: {images['contrast']}; grey values by mean and SD of training radiographs.",
        ),
        "subsets": _join(
            tables.has_joints
            and "The U-Net learns from entropy masks of good quality, the detector from "
            "radiographs with boxes, the heads from all joints with scores."
        ),
        "missing": _join(
            "Radiographs without scores are predicted, and neither trained on nor measured.",
            tables.has_joints
            and "Joints that were not found have no score: they are counted, count as wrong in "
            "columns of their own, and sums over them are blank.",
        ),
        "partition": _join(
            *partition,
            tables.has_joints
            and (
                "The joint cohort's split is the author's own table."
                if split["table"]
                else f"Joint cohort: at random (random state {split['random_state']})."
            ),
            tables.has_images
            and f"Whole radiographs: at random (random state {images['split']['random_state']}).",
        ),
        "apart": _join(
            tables.has_joints
            and (
                "Joint pipeline: patients, all visits and limbs of whom are in one partition."
                if split["unit"] == "patient"
                else "Joint pipeline: joints. Patients are in training and in test."
            ),
            tables.has_images and "Whole-image pipeline: patients, where the table names them.",
        ),
        "size": _join(*partition),
        "flow": _join(*sources, f"Problems set aside: {left_out}. See the page of cohorts."),
        "characteristics": "The page of cohorts has, by partition, what the cohorts' tables tell: "
        "totals, age, sex or bone age.",
    }


def _facts_of_models(tables: StudyTables) -> dict[str, str]:
    settings = tables.settings
    unet, detector, heads = settings["unet"], settings["detector"], settings["heads"]
    images, crops = settings["whole_image"], settings["crops"]
    joints, whole = tables.has_joints, tables.has_images
    weights = {"none": "random weights", "download": "published weights"}
    networks = ", ".join(tables.networks)
    return {
        "technology": "Deep learning: "
        + _join(
            joints and "U-Net, YOLOv3 and VGG16 with ordinal heads (joint by joint).",
            whole and "ResNet and MobileNetV2 (whole radiographs).",
        ),
        "predictors": "The radiograph's pixels alone, with its limb and side (joint pipeline). No "
        "clinical data."
        if joints
        else "The radiograph's pixels alone. No clinical data.",
        "model": _join(
            joints
            and f"U-Net ({unet['height']} by {unet['width']} pixels, {unet['filters']} first "
            f"filters) gives the limb's mask; {detector['model']} ({detector['image_size']} "
            "pixels) finds the joints; they are named by the rule "
            f"'{settings['identification']['rule']}'; VGG16 on crops of {crops['size']} pixels "
            "with an ordinal head for each damage and body part gives the score.",
            whole and f"Networks on whole radiographs: {networks}.",
            "Model cards beside the models have inputs, outputs and settings.",
        ),
        "start": _join(
            joints
            and f"Detector: {weights.get(str(detector['weights']), 'given weights')}. VGG16: "
            + {
                "none": "base trained on synthetic joints",
                "download": "ImageNet's weights",
            }.get(str(settings["vgg16"]["weights"]), "given weights")
            + ".",
            whole and "Whole-image networks: random weights, or those of training on bone age.",
        ),
        "training": _join(
            joints
            and f"U-Net: up to {unet['epochs']} epochs, batch {unet['batch']}, learning rate "
            f"{unet['learning_rate']:g}. Detector: up to {detector['max_batches']} batches of "
            f"{detector['batch']}, {detector['optimizer']}, learning rate "
            f"{detector['learning_rate']:g}. Heads: {heads['epochs']} epochs, batch "
            f"{heads['batch']}, learning rate {heads['learning_rate']:g}, dropout "
            f"{heads['dropout']:g}.",
            whole
            and f"Whole-image networks: pretraining of {images['pretraining']['epochs']} epochs, "
            f"rotations {', '.join(map(str, images['rotations']))} degrees; the model cards have "
            "each network's.",
            f"Seed {settings['seed']}. See the learning curves.",
        ),
        "choice": _join(
            joints
            and "Validation patients stop the U-Net and choose the detector's epoch. Heads keep "
            f"the {heads['keep']} weights.",
            whole and "Whole-image networks keep the epoch of the least validation loss.",
            "Test patients choose nothing.",
        ),
        "ensemble": _join(
            joints and "Joint pipeline: none.",
            whole
            and "A linear layer over the stacked networks, fitted on "
            f"{images['stacking']['fitted_on']} radiographs.",
        ),
        "imbalance": _join(
            joints
            and "Undamaged joints are under-sampled in training; accuracies are balanced over "
            "scores.",
            whole and "Balanced accuracy of severity classes is reported beside accuracy.",
        ),
        "output": _join(
            joints
            and "A whole score for each joint and damage, and their sums, without wrist sites.",
            whole
            and f"A total score of both hands, and a severity class of 0 to {CLASSES - 1}. The "
            f"classes begin at totals of {', '.join(map(str, LOWER_BOUNDS))}: up to 20 as Bo et "
            "al. say, then by our choice, since they name no more.",
        ),
        "updating": "None: models are trained once on the training patients.",
        "software": _software(tables.record),
        "code": _code(tables.record),
        "files": "Weights and model cards are in unet/, detector/, vgg16/, heads/ and whole_image/ "
        "of the study's results.",
    }


def _facts_of_evaluation(tables: StudyTables) -> dict[str, str]:
    settings = tables.settings
    joints, whole = tables.has_joints, tables.has_images
    synthetic = [_NAMES[name].lower() for name, data in tables.data.items() if data == "phantom"]
    return {
        "use": RESEARCH_ONLY,
        "goal": "Development of models that score joint damage (Sharp/van der Heijde) on "
        "radiographs, and their internal evaluation beside two published studies.",
        "reference": _join(
            "Scores by the Sharp/van der Heijde method.",
            joints and "Erosion 0 to 5 (feet 0 to 10) and narrowing 0 to 4 of each joint.",
            whole and "Totals of both hands.",
            bool(synthetic) and f"Known by construction in: {', '.join(synthetic)}.",
        ),
        "annotation": f"Synthetic, without readers: {', '.join(synthetic)}." if synthetic else "",
        "measures": _join(
            joints
            and "Balanced accuracy, the same within one point, mean absolute error, quadratic "
            "kappa; Dice and IoU of masks and shares of joints found and named where known.",
            whole
            and "Pearson's correlation, mean absolute error, RMSE and ICC of totals; accuracy, "
            "balanced accuracy and kappa of classes.",
            "Beside them the best constant guess and the papers' values.",
        ),
        "uncertainty": "95% intervals by patient, of means and errors from "
        f"{settings['evaluation']['resamples']} resamples; their coverage was simulated. "
        "Differences between experiments are paired.",
        "robustness": _join(
            joints and f"Heads: {settings['heads']['seeds']} seeds.",
            whole and f"Whole-image networks: {settings['whole_image']['seeds']} seeds.",
        ),
        "explanation": _join(
            joints and "Scores stand on each joint's box (overlays and patients' pages).",
            whole and "Grad-CAM, and how much of its heat falls on joints where these are known.",
        ),
        "internal": "Test patients of the same cohorts. "
        + _join(
            *(
                f"{_NAMES[name]}: {_patients(table[table['split'] == 'test'])} test patients."
                for name, table in tables.splits.items()
                if name in ("joints", "whole_image")
            )
        ),
        "prediction": "By the models of the first seed, on the radiograph alone, without any label "
        "of a test patient.",
        "limits": _join(
            joints and "Wrist sites are not scored.",
            "One cohort, split at random; no external test.",
            bool(synthetic)
            and f"Synthetic: {', '.join(synthetic)}. Results on synthetic radiographs do not show "
            "how well radiographs of patients are read.",
        ),
    }


def _facts_of_results(tables: StudyTables) -> dict[str, str]:
    results = tables.results
    joints = _rows(results, "joint_scoring")
    totals, classes = (
        [row for row in _rows(results, f"whole_{task}") if row["state"] == "run"]
        for task in ("regression", "severity")
    )
    errors = [
        *(
            f"{row['model']}: MAE {_measured(row, 'mae')}, kappa {_measured(row, 'kappa')}, "
            f"{int(row['n'])} joints, {int(row['n_not_found'])} not found."
            for row in joints
        ),
        *(
            f"{row['row']}: MAE {_measured(row, 'mae')}, {int(row['n'])} radiographs."
            for row in totals
        ),
        *(
            f"{row['row']}: kappa {_measured(row, 'kappa')}, {int(row['n'])} radiographs."
            for row in classes
        ),
    ]
    named = [(row["model"], row) for row in joints] + [(row["row"], row) for row in classes]
    accuracies = [
        f"{name}: balanced accuracy {with_interval(*_with_bounds(row, 'balanced_accuracy'))}%."
        for name, row in named
    ]
    little = results.get("little_found")
    return {
        "errors": _join(
            *errors,
            bool(errors)
            and "Of test patients, against the reference; learning curves have the losses of "
            "training and validation patients.",
        ),
        "accuracies": _join(
            *accuracies,
            bool(joints) and "The table joint_recalls has the recall of each score.",
            bool(accuracies) and "See the confusion matrices. No ROC curve, no calibration.",
        ),
        "failures": _join(
            little is not None and f"Little was found in {len(little)} radiographs.",
            "See confusion matrices and examples of the worst results.",
        ),
    }


def _rows(results: Mapping[str, pd.DataFrame], name: str) -> list[dict[str, Any]]:
    """The rows of a table; none where the study lacks it."""
    table = results.get(name)
    return [] if table is None else [dict(row) for _, row in table.iterrows()]


def _measured(row: Mapping[str, Any], metric: str) -> str:
    return number_with_interval(*_with_bounds(row, metric), 2)


def _with_bounds(row: Mapping[str, Any], metric: str) -> tuple[float, float, float]:
    middle, low, high = (float(row[f"{metric}{end}"]) for end in ("", "_low", "_high"))
    return middle, low, high


def _join(*sentences: str | bool) -> str:
    return " ".join(sentence for sentence in sentences if isinstance(sentence, str) and sentence)


def _data(name: str) -> str:
    return "synthetic radiographs (the phantom)" if name == "phantom" else name


def _patients(split: pd.DataFrame) -> int:
    return int(split["patient"].nunique())


def _by_split(split: pd.DataFrame) -> str:
    counts = split.drop_duplicates("patient")["split"].value_counts()
    return ", ".join(f"{counts.get(key, 0)} {word}" for key, word in _SPLITS.items()) + " patients"


def _share(share: float) -> str:
    return f"{100 * share:g}%"


def _software(record: Mapping[str, Any]) -> str:
    packages = {
        name: version for name, version in (record.get("packages") or {}).items() if version
    }
    listed = ", ".join(f"{name} {version}" for name, version in packages.items())
    return f"Sharpflow with {listed}." if listed else ""


def _code(record: Mapping[str, Any]) -> str:
    code = record.get("code") or {}
    if not code.get("commit"):
        return "Sharpflow (MIT licence)."
    changed = ", with changes that are not committed" if code.get("modified") else ""
    return f"Sharpflow (MIT licence), commit {code['commit']}{changed}; settings in run.json."
