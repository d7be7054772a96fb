"""Real hands, without scores, from radiograph to named joints."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = os.environ.get("SHARPFLOW_RADIOGRAPHS")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SHARPFLOW_RADIOGRAPHS names no folder of real radiographs"
)

STUDY = {
    "study": "real",
    "checks": {
        "require_all_limbs": False,
        "ignored_classes": ["DIP", "Radius", "Ulna", "Wrist"],
    },
    "standardize": {"height": 375, "width": 300, "shards": {"hand": 1, "foot": 1}},
    "masks": {"window": 9},
    "unet": {"height": 96, "width": 80, "filters": 4, "epochs": 3, "learning_rate": 3.0e-3},
    "detector": {
        "model": "yolov3-tiny",
        "weights": "none",
        "image_size": 160,
        "batch": 8,
        "max_batches": 20,
        "optimizer": "AdamW",
    },
}


def test_real_hands_pass_every_stage_up_to_their_names(tmp_path: Path) -> None:
    radiographs = sorted(Path(str(FOLDER)).glob("images/*.png"))
    table = pd.DataFrame({"image_id": [path.stem for path in radiographs], "limb": "LH"})
    table["patient"] = table["image_id"]
    table["file"] = [str(path) for path in radiographs]
    table.to_csv(tmp_path / "radiographs.csv", index=False)
    boxes = str(Path(str(FOLDER)) / "joints_voc")
    cohort = {"radiographs": "radiographs.csv", "scores": None, "boxes": boxes}
    study = STUDY | {"cohorts": {"joints": cohort}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))

    command = ["-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    ended = subprocess.run(
        [sys.executable, *command, "--configfile", "study.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-6000:]
    results = tmp_path / "results" / "real"
    masks = pd.read_csv(results / "masks/chosen/hand.csv")
    assert len(masks) == len(radiographs)
    assert masks["chosen"].mean() > 0.3
    assert (results / "masks/sheets/hand-00.png").is_file()
    detection = pd.read_csv(results / "tables/detection.csv")
    assert set(detection["limb"]) == {"hand"}
    assert not (results / "tables/joint_scoring.csv").exists()
