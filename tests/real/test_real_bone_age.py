"""ResNet-34, trained by the workflow on 560 real hands of children, tells the age of 100 others.

The folder that SHARPFLOW_RADIOGRAPHS names holds bone_age/ (700 hands in RSNA's layout: 560 to
train on, 140 to choose the epoch, dealt by a seed) and images/ with boneage-training-dataset.csv
(the 100 others, which choose nothing). The settings were chosen on the 140.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sharpflow.evaluation.agreement import BIAS, MAE, PCC, pair_sums, with_intervals
from sharpflow.whole_image.data.packing import pack
from sharpflow.whole_image.experiment_types import NetworkExperiment
from sharpflow.whole_image.experiments import EXPERIMENTS
from sharpflow.whole_image.training.predictions import predict_images
from sharpflow.whole_image.training.settings import TrainingSettings

ROOT = Path(__file__).parents[2]
FOLDER = os.environ.get("SHARPFLOW_RADIOGRAPHS")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SHARPFLOW_RADIOGRAPHS names no folder of real radiographs"
)
TABLE = "boneage-training-dataset.csv"
SEED, VALIDATION = 42, 140
WHOLE_IMAGE = {
    "size": 128,
    "contrast": "clahe",
    "rotations": [0],
    "jitter": 0.12,
    "batch_factor": 4,
    "optimizer": "AdamW",
    "schedule": "cosine",
    "pretraining": {"epochs": 100, "learning_rate": 3.0e-4},
    "split": {"train": 0.5, "validation": 0.25, "test": 0.25},
}
# Bone ages are there to pretrain for totals: a study has radiographs of both hands, too.
PHANTOM = {"patients": 12, "whole_image_patients": 12, "whole_image_height": 224}


def trained(study: Path, whole_image: dict[str, object]) -> Path:
    """The folder of the network that the workflow trained in a study's folder."""
    hands = Path(str(FOLDER)) / "bone_age"
    table = pd.read_csv(hands / TABLE, dtype={"id": str})
    dealt = np.random.default_rng(SEED).permutation(sorted(table["id"]))
    validates = table["id"].isin(dealt[:VALIDATION])
    table[~validates].to_csv(study / "training.csv", index=False)
    table[validates].to_csv(study / "validation.csv", index=False)
    images = str(hands / "images")
    bone_age = {
        "training_table": "training.csv",
        "training_images": images,
        "validation_table": "validation.csv",
        "validation_images": images,
    }
    cohorts = {"whole_image": "phantom", "bone_age": bone_age}
    settings = {"study": "real", "cohorts": cohorts, "phantom": PHANTOM, "whole_image": whole_image}
    (study / "study.yaml").write_text(yaml.safe_dump(settings))
    network = "results/real/whole_image/bone-age-resnet34"
    command = ["-m", "snakemake", f"{network}/model.pt", "--snakefile", str(ROOT / "Snakefile")]
    ended = subprocess.run(
        [sys.executable, *command, "--cores", "1", "--configfile", "study.yaml"],
        cwd=study,
        capture_output=True,
        text=True,
        timeout=7200,
        check=False,
    )
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-6000:]
    return study / network


def predicted(network: Path, images: Path, table: Path) -> pd.DataFrame:
    """What a trained network predicts of the hands in a folder, beside the table's months."""
    rows = pd.read_csv(table, dtype={"id": str}).rename(columns={"id": "image_id"})
    rows = rows.sort_values("image_id").assign(patient=lambda rows: rows["image_id"], split="test")
    paths = {name: images / f"{name}.png" for name in rows["image_id"]}
    size = WHOLE_IMAGE["size"]
    packed, _, problems = pack(paths, int(str(size)), contrast="clahe")
    assert problems.empty
    experiment = EXPERIMENTS["bone-age-resnet34"]
    assert isinstance(experiment, NetworkExperiment)
    statistics = network.parents[1] / "packed/bone_age/statistics.json"
    return predict_images(
        experiment,
        network / "model.pt",
        packed,
        rows,
        targets=rows["boneage"].to_numpy(),
        statistics=json.loads(statistics.read_text()),
        settings=TrainingSettings(epochs=1),
    )


@pytest.mark.slow
def test_the_age_of_real_hands_is_told_far_better_than_by_a_guess(tmp_path: Path) -> None:
    network = trained(tmp_path, WHOLE_IMAGE)
    folder = Path(str(FOLDER))
    tested = predicted(network, folder / "images", folder / TABLE)
    sums = pair_sums(tested["true"], tested["predicted"])
    found = with_intervals(
        tested["patient"].tolist(), sums, {"mae": MAE, "pcc": PCC, "bias": BIAS}, seed=SEED
    )
    guess = (tested["true"] - tested["true"].median()).abs().mean()
    print({name: round(value, 3) for name, value in found.items()}, f"median: {guess:.1f}")
    assert len(tested) == 100
    assert found["mae_high"] < 0.8 * guess
