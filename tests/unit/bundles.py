"""A bundle of a few kilobytes, for tests: one network that gives an image's mean."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from sharpflow.bundle.export.graph import Graph
from sharpflow.bundle.manifest import JointModels, Manifest
from sharpflow.bundle.pack import write_bundle
from sharpflow.bundle.typed_json import from_plain

NETWORK = "total-resnet34-finetuned"
SIZE = 8


def mean_network() -> bytes:
    """(n, 1, 8, 8) -> (n, 1): twice the mean."""
    graph = Graph()
    doubled = graph.multiply(graph.mean("input"), np.array([[2.0]]), np.array([0.0]))
    return graph.model([1, SIZE, SIZE], doubled, [1])


def plain_manifest(**changes: Any) -> dict[str, Any]:
    """The manifest of whole images alone, as JSON has it."""
    trained_on = {"data": "phantom", "train": 3, "validation": 2, "test": 1}
    statistics = {"pixel_mean": 0.5, "pixel_sd": 0.25, "target_mean": 40.0, "target_sd": 20.0}
    return {
        "format": "sharpflow bundle",
        "version": 1,
        "study": "tiny",
        "code": {"commit": None, "uncommitted": None},
        "not_for": "Research use only.",
        "joints": None,
        "whole_image": {
            "trained_on": trained_on,
            "size": SIZE,
            "contrast": "none",
            "statistics": statistics,
            "networks": {NETWORK: {"task": "total", "loss": "mse"}},
            "stacks": {},
            "binned": {},
            "total": NETWORK,
            "severity": None,
        },
        "members": {},
        **changes,
    }


def write_small_bundle(path: Path) -> Path:
    """Write it, with a card."""
    manifest = from_plain(Manifest, plain_manifest())
    members = {f"networks/{NETWORK}.onnx": mean_network(), f"cards/{NETWORK}.json": b"{}\n"}
    write_bundle(path, manifest, members)
    return path


def as_plain(part: Manifest | JointModels) -> dict[str, Any]:
    """A manifest, or a part of it, as JSON has it."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(part)))
    return plain
