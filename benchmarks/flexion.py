"""Does flexion of the fingers change what networks predict of whole radiographs?

    PYTHONPATH=src uv run python benchmarks/flexion.py results/phantom [--patients 200]

Bo et al. leave this open: patients in a late stage may fail to straighten their fingers. New
phantom patients are radiographed several times: with flat fingers, with flat fingers and other
noise (a yardstick), and with all fingers flexed by 15, 30 and 42 degrees, the phantom's most.
Bones, damage, place, scale, exposure, marker and (but for the yardstick) noise are the same. All
networks and stacks for totals and severity that a finished study trained on the phantom, with its
first seed, predict each radiograph.

Printed are, by network and flexion: the mean prediction less that of flat fingers, the SD of these
differences, MAE (also less that of flat fingers) and PCC, in score points (severity: classes), with
95% intervals by patient. A bias shows in the first, a growing error in the last three. Classes
of which too few change have no interval.

Flexion is modelled as foreshortening: middle and distal phalanges, with the flesh about them, are
as long as the cosine says, proximal ones lose half as much; joint spaces keep their width. Not
modelled are bones that overlap and hide the joint space, ends of bones seen from above, thicker
bone and flesh along the ray, flexion at the MCP joints, finger tips magnified since they leave the
plate, and that damaged fingers flex more. The study's own radiographs are modelled alike: 85% of
their hands have fingers that seldom flex beyond 15 degrees, the others up to 42. So the numbers say
whether networks take shorter fingers for damage, and nothing of what flexion hides in reality.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import torch

from sharpflow.evaluation.agreement import BIAS, MAE, PCC, difference_of, pair_sums, with_intervals
from sharpflow.evaluation.whole_image_metrics import interval_seed
from sharpflow.phantom.bones.hands import MOST_FLEXION
from sharpflow.phantom.cohorts.joints import JPEG_QUALITY
from sharpflow.phantom.cohorts.whole_images import SEVERITY, total_of_hands, who
from sharpflow.phantom.damage.severity import sample_scores
from sharpflow.phantom.projection.bilateral import make_bilateral
from sharpflow.seeds import seed_for
from sharpflow.whole_image.data.packing import pack
from sharpflow.whole_image.experiment_types import (
    BinnedExperiment,
    Experiment,
    NetworkExperiment,
    StackExperiment,
)
from sharpflow.whole_image.experiments import EXPERIMENTS
from sharpflow.whole_image.outputs import output_columns
from sharpflow.whole_image.stacking.stack import bin_stack, predict_stack
from sharpflow.whole_image.training.predictions import predict_images, prediction_table
from sharpflow.whole_image.training.settings import TrainingSettings

FLAT, OTHER_NOISE = "flat", "flat, other noise"
Way = tuple[str, float, int]  # what it is called, degrees, number of the noise


def make_radiographs(
    folder: Path, ways: Sequence[Way], *, patients: int, seed: int, height: int
) -> tuple[dict[str, Path], pd.DataFrame]:
    """JPEGs of each patient in each way, as a study keeps its own, and their rows."""
    paths, rows = {}, []
    for number in range(1, patients + 1):
        patient = f"P{number:04d}"
        scores = sample_scores(patient, seed, severity=SEVERITY)
        person, _, _ = who(patient, seed)
        for place, (way, degrees, noise) in enumerate(ways):
            radiograph = make_bilateral(
                person,
                scores,
                seed=seed,
                patient=patient,
                height=height,
                flexion=degrees,
                noise=noise,
            )
            name = f"{patient}-{place}"
            paths[name] = folder / f"{name}.jpg"
            quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
            paths[name].write_bytes(cv2.imencode(".jpg", radiograph.image, quality)[1].tobytes())
            rows.append((name, patient, "test", way, total_of_hands(scores)))
    return paths, pd.DataFrame(rows, columns=["image_id", "patient", "split", "way", "total"])


def trained(folder: Path) -> dict[str, tuple[Experiment, dict[str, Any]]]:
    """A study's experiments on totals and severity, and the settings of those with weights."""
    found = {}
    for name, experiment in EXPERIMENTS.items():
        if experiment.task != "bone_age" and (folder / name / "predictions.csv").exists():
            card = folder / name / "model_card.json"
            settings = json.loads(card.read_text())["settings"] if card.exists() else {}
            found[name] = (experiment, settings)
    return found


def predict(
    folder: Path, images: np.ndarray, rows: pd.DataFrame, statistics: Mapping[str, float]
) -> dict[str, pd.DataFrame]:
    """Predictions of a study's experiments; members stand before their stacks in EXPERIMENTS."""
    tables: dict[str, pd.DataFrame] = {}
    targets = rows["total"].to_numpy()
    for name, (experiment, settings) in trained(folder).items():
        model = folder / name / "model.pt"
        if isinstance(experiment, NetworkExperiment):
            known = {field.name for field in fields(TrainingSettings)} & settings.keys()
            tables[name] = predict_images(
                experiment,
                model,
                images,
                rows,
                targets=targets,
                statistics=statistics,
                settings=TrainingSettings(**{key: settings[key] for key in known}),
            )
        elif isinstance(experiment, StackExperiment):
            members = [output_columns(tables[member]) for member in settings["members"]]
            tables[name] = prediction_table(
                experiment.task,
                rows,
                targets=targets,
                outputs=predict_stack(experiment, model, np.stack(members, axis=1)),
                statistics=statistics,
            )
        elif isinstance(experiment, BinnedExperiment):
            tables[name] = bin_stack(tables[experiment.stack])
    return tables


def compare(table: pd.DataFrame, flat: pd.DataFrame, seed: int) -> list[str]:
    """One way's predictions beside the flat one's, of the same patients, in words."""
    true, predicted, straight = (
        column.to_numpy(float) for column in (table["true"], table["predicted"], flat["predicted"])
    )
    patients = table["patient"].tolist()
    sides = np.stack([pair_sums(true, predicted), pair_sums(true, straight)], axis=1)

    def told(terms: np.ndarray, digits: int, **measure: Any) -> str:
        (name,) = measure
        found = with_intervals(patients, terms, measure, seed=interval_seed(seed))
        value, low, high = (f"{found[name + end]:.{digits}f}" for end in ("", "_low", "_high"))
        return f"{value} ({low} to {high})".replace("(nan to nan)", "(no interval)")

    of_errors = [told(sides[:, 0], 2, mae=MAE), told(sides[:, 0], 3, pcc=PCC)]
    if table is flat:
        return ["–", "–", of_errors[0], "–", of_errors[1]]
    return [
        told(pair_sums(straight, predicted), 2, shift=BIAS),
        f"{(predicted - straight).std(ddof=1):.2f}",
        of_errors[0],
        told(sides, 2, mae=difference_of(MAE)),
        of_errors[1],
    ]


def print_table(name: str, table: pd.DataFrame, ways: pd.Series, seed: int) -> None:
    of_way = {str(way): rows for way, rows in table.groupby(ways.to_numpy(), sort=False)}
    print(f"\n{name}")
    heads = ["fingers", "less flat", "SD", "MAE", "MAE less flat's", "PCC"]
    lines = [heads, *([way, *compare(rows, of_way[FLAT], seed)] for way, rows in of_way.items())]
    for line in lines:
        widths = (18, 22, 6, 22, 22, 22)
        print(
            "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--degrees", type=float, nargs="+", default=[15, 30, MOST_FLEXION])
    parser.add_argument("--seed", type=int, default=1, help="of the new patients")
    parser.add_argument("--keep", type=Path, help="a folder for the radiographs, to look at them")
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    if not all(0 < degrees <= MOST_FLEXION for degrees in asked.degrees):
        parser.error(f"--degrees must be above 0, and at most the phantom's {MOST_FLEXION:g}")
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(asked.threads)
    study = json.loads((asked.results / "run.json").read_text())["settings"]
    packed = asked.results / "packed/whole_image"
    ways = [(FLAT, 0.0, 0), (OTHER_NOISE, 0.0, 1)]
    ways += [(f"{degrees:g} degrees", degrees, 0) for degrees in asked.degrees]
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        paths, rows = make_radiographs(
            folder,
            ways,
            patients=asked.patients,
            # Other patients than any study's, whatever its seed.
            seed=seed_for(asked.seed, "phantom", "flexion"),
            height=study["phantom"]["whole_image_height"],
        )
        size, contrast = (study["whole_image"][key] for key in ("size", "contrast"))
        images, found, _ = pack(paths, size, contrast=contrast)
    assert found["image_id"].tolist() == rows["image_id"].tolist()
    statistics = json.loads((packed / "statistics.json").read_text())
    totals = rows.loc[rows["way"] == FLAT, "total"]
    print(
        f"{asked.patients} patients, totals {totals.min()} to {totals.max()}, mean "
        f"{totals.mean():.1f}; {size} pixels; study {study['study']}"
    )
    for name, table in predict(asked.results / "whole_image", images, rows, statistics).items():
        print_table(name, table, rows["way"], study["seed"])


if __name__ == "__main__":
    main()
