"""A bundle of a few kilobytes, for tests: one network that gives an image's mean."""

import hashlib
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sharpflow.bundle.export.graph import Graph
from sharpflow.bundle.manifest import JointModels, Manifest
from sharpflow.bundle.pack import write_bundle
from sharpflow.bundle.read import Bundle
from sharpflow.bundle.typed_json import from_plain
from sharpflow.errors import UserError
from sharpflow.score.networks import load_networks

NETWORK = "total-resnet34-finetuned"
SIZE = 8
MEMBER = f"networks/{NETWORK}.onnx"

Members = dict[str, bytes]
Zip = zipfile.ZipFile


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


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A small bundle without a fault."""
    return write_small_bundle(tmp_path / "whole.sharpflow")


def as_plain(part: Manifest | JointModels) -> dict[str, Any]:
    """A manifest, or a part of it, as JSON has it."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(part)))
    return plain


def members_of(path: Path) -> Members:
    with Zip(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def sealed(members: Members, **changes: Any) -> Members:
    """Members with a manifest that names them rightly, as who wants to do harm would have it."""
    others = {name: content for name, content in members.items() if name != "manifest.json"}
    told = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in others.items()
    }
    manifest = json.loads(members["manifest.json"]) | changes | {"members": told}
    return {"manifest.json": json.dumps(manifest).encode(), **others}


def write_zip(path: Path, members: Members, **options: Any) -> Path:
    with Zip(path, "w", **options) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def refused(path: Path, words: str) -> None:
    """The whole bundle, as it is read to score, ends in one readable error."""
    with pytest.raises(UserError, match=words) as error, Bundle(path) as bundle:
        load_networks(bundle, threads=1)
    assert str(error.value).startswith(str(path))
    assert "expected" in str(error.value)
    assert len(str(error.value)) < 600
