"""The manifest of a study's bundle, from its settings and from what its trainings left."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from sharpflow.anatomy import MODELS, n_classes
from sharpflow.bundle.export.calibration import calibrate
from sharpflow.bundle.manifest import FORMAT, MOST_MEGAPIXELS, VERSION, Manifest, Statistics
from sharpflow.bundle.typed_json import WrongValueError, from_plain
from sharpflow.cohorts.splits import SPLITS
from sharpflow.errors import UserError
from sharpflow.evaluation.compared_patients import finger_line as fit_finger_line
from sharpflow.files import read_table
from sharpflow.joints.detection.confidence import chosen_confidence
from sharpflow.joints.scoring.familiarity import fit_familiar
from sharpflow.research_only import not_for
from sharpflow.whole_image.experiment_types import NetworkExperiment, StackExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS


def describe(
    *,
    study: str,
    code: Mapping[str, str | None],
    joints: Mapping[str, Any] | None,
    whole_image: Mapping[str, Any] | None,
    data: Mapping[str, str],
    splits: Mapping[str, str],
    units: Mapping[str, str],
    max_megapixels: float,
    statistics: str | None = None,
    stacks: Mapping[str, str] | None = None,
    confidences: Mapping[str, str] | None = None,
    familiar: Mapping[str, tuple[str, str]] | None = None,
    out_of_fold: Mapping[str, str] | None = None,
    totals: str | None = None,
    finger_line: Sequence[str] = (),
) -> Manifest:
    """The manifest of a bundle, without its members.

    Args:
        study: its name.
        code: version of the code.
        joints: `BundlePlan.joints`.
        whole_image: `BundlePlan.whole_image`.
        data: "joints", "whole_image" -> what tables say their data are.
        splits: likewise, the table of its split.
        units: likewise, what was split; "joints" are counted in the tables of `familiar`.
        max_megapixels: that a radiograph of the study may have.
        statistics: file of the whole images' statistics.
        stacks: experiment -> its model.pt, a model_card.json beside it.
        confidences: body part -> the table of `tabulate_confidences`, where it chooses.
        familiar: body part -> files of its joints' features and crops, with joints of each.
        out_of_fold: head -> the table of `predict_out_of_fold`.
        totals: predictions.csv of the experiment whose totals are the study's.
        finger_line: `BundlePlan.finger_line`.

    Raises:
        UserError: a setting of the study is out of the bounds that readers of bundles hold to.
    """
    tables: dict[str, Sequence[str]] = {name: [path] for name, path in splits.items()}
    if units.get("joints") == "joints":
        tables["joints"] = [crops for _, crops in (familiar or {}).values()]
    trained_on = {
        name: _trained_on(data[name], paths, units[name]) for name, paths in tables.items()
    }
    plain: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "study": study,
        "code": dict(code),
        "not_for": not_for(*data.values()),
        "joints": None,
        "whole_image": None,
        "members": {},
        "max_megapixels": min(float(max_megapixels), MOST_MEGAPIXELS),
        "calibration": calibrate(
            {name: read_table(path) for name, path in (out_of_fold or {}).items()},
            read_table(totals) if totals else None,
        ),
        "finger_line": _finger_line(*finger_line) if finger_line else None,
    }
    if joints:
        sites = {name: MODELS[name] for name in joints["heads"]}
        heads = {name: n_classes(part, damage) for name, (damage, part) in sites.items()}
        plain["joints"] = {
            **joints,
            "body_parts": _with_measured(joints["body_parts"], confidences or {}, familiar or {}),
            "heads": heads,
            "trained_on": trained_on["joints"],
        }
    if whole_image:
        assert statistics, "a study with whole images has measured them"
        measured = json.loads(Path(statistics).read_text())
        fitted = {name: _stack(name, Path(path)) for name, path in (stacks or {}).items()}
        plain["whole_image"] = {
            **whole_image,
            "trained_on": trained_on["whole_image"],
            "statistics": {field.name: measured[field.name] for field in fields(Statistics)},
            "networks": _needed(whole_image, fitted),
            "stacks": fitted,
        }
    try:
        return from_plain(Manifest, plain)
    except WrongValueError as error:
        raise UserError(
            f"the study {study} cannot be bundled: {error}. Correct the setting that it is from."
        ) from None


def _finger_line(predictions: str, images: str, scores: str, split: str) -> dict[str, float] | None:
    visits = read_table(images)[["image_id", "visit"]]
    whole = read_table(predictions).merge(visits, on="image_id")
    line = fit_finger_line(whole, read_table(scores), read_table(split))
    return {"slope": line[0], "intercept": line[1]} if line else None


def _trained_on(data: str, tables: Sequence[str], unit: str) -> dict[str, Any]:
    counts = Counter(name for path in tables for name in read_table(path)["split"])
    return {"data": data, "unit": unit, **{name: counts[name] for name in SPLITS}}


def _with_measured(
    body_parts: Mapping[str, dict[str, Any]],
    confidences: Mapping[str, str],
    familiar: Mapping[str, tuple[str, str]],
) -> dict[str, dict[str, Any]]:
    """Body parts with the confidences that validation chose, and what their joints are like."""
    found = {part: dict(models) for part, models in body_parts.items()}
    for part, path in confidences.items():
        found[part]["confidence"] = chosen_confidence(read_table(path))
    for part, (features, crops) in familiar.items():
        rows = read_table(crops)
        fitted = fit_familiar(np.load(features), rows["image_id"].tolist(), rows["split"].tolist())
        found[part]["familiar"] = asdict(fitted) | {
            name: list(getattr(fitted, name)) for name in ("mean", "sd")
        }
    return found


def _stack(name: str, path: Path) -> dict[str, Any]:
    from sharpflow.whole_image.stacking.stack import load_stack

    experiment = EXPERIMENTS[name]
    assert isinstance(experiment, StackExperiment)
    card = json.loads(path.with_name("model_card.json").read_text())
    weight, bias = load_stack(path)
    return {
        "task": experiment.task,
        "principle": experiment.principle,
        "members": list(card["settings"]["members"]),
        "weight": weight.tolist(),
        "bias": bias.tolist(),
    }


def _needed(
    whole_image: Mapping[str, Any], stacks: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, str]]:
    """The networks whose predictions are wanted, or that a stack has chosen."""
    wanted = {whole_image["total"], whole_image["severity"]}
    wanted |= {member for stack in stacks.values() for member in stack["members"]}
    found: dict[str, dict[str, str]] = {}
    for name in whole_image["networks"]:
        experiment = EXPERIMENTS[name]
        assert isinstance(experiment, NetworkExperiment)
        if name in wanted:
            found[name] = {"task": experiment.task, "loss": experiment.loss}
    return found
