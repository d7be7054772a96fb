"""Keep what a finished demo trains its heads on, small enough for a repository.

    PYTHONPATH=src python tests/data/keep_joint_features.py results/demo joint_features.npz

Phantom joints only. For hand and foot: <body_part>_features, float16 (joints, 512);
<body_part>_erosion and <body_part>_narrowing, int8, -1 where a joint has no such score;
<body_part>_split, 0 train, 1 validation, 2 test.
"""

import argparse
from pathlib import Path

import numpy as np

from sharpflow.anatomy import BodyPart, Damage
from sharpflow.cohorts.splits import SPLITS
from sharpflow.files import read_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("kept", type=Path)
    options = parser.parse_args()
    scores = read_table(options.results / "cohort/joints/scores.csv")
    kept: dict[str, np.ndarray] = {}
    for body_part in BodyPart:
        crops = read_table(options.results / f"crops/{body_part}/crops.csv")
        features = np.load(options.results / f"features/{body_part}.npy")
        kept[f"{body_part}_features"] = features.astype(np.float16)
        kept[f"{body_part}_split"] = np.array(
            [SPLITS.index(name) for name in crops["split"]], np.int8
        )
        for damage in Damage:
            known = scores[scores["damage"] == damage].drop(columns="damage")
            joints = crops.merge(known, how="left", on=["patient", "limb", "joint"])
            kept[f"{body_part}_{damage}"] = joints["score"].fillna(-1).to_numpy(np.int8)
    np.savez_compressed(options.kept, **kept)  # type: ignore[arg-type]
    print(f"{options.kept}: {options.kept.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
