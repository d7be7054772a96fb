"""A bundle whose networks' outputs are made up, and images to score with it."""

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sharpflow.bundle.manifest import Calibration, Manifest
from sharpflow.bundle.typed_json import from_plain
from sharpflow.files import read_table
from sharpflow.score import run
from tests.unit.bundles import NETWORK, as_plain, plain_manifest
from tests.unit.made_up_networks import HEIGHT, WIDTH, joint_models, networks


def made_up(left_out: int = 0) -> Any:
    """Networks of joints, and one that takes each radiograph of both hands for mean + 1 SD."""

    def total(inputs: Any, batch: int = 32) -> Any:
        return np.ones((len(inputs), 1), np.float32)

    return networks(left_out) | {NETWORK: total}


class Opened:
    """Stands for a bundle of joints and whole images."""

    def __init__(self, path: Path) -> None:
        plain = plain_manifest()
        joints = as_plain(joint_models())
        self.manifest = from_plain(Manifest, plain | {"joints": joints})

    def __enter__(self) -> "Opened":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Scoring opens a made-up bundle; given are its networks, which a test may change."""
    given = made_up()
    monkeypatch.setattr(run, "Bundle", Opened)
    monkeypatch.setattr(run, "load_networks", lambda opened, threads: given)
    return given


def calibrated(folder: Path) -> Opened:
    """A bundle that is calibrated for a hand, and for both hands and a foot."""
    heads = {
        name: {"slope": 1.0, "bias": 0.0, "spread": 1.0, "usual": [0.5**k for k in range(1, n)]}
        for name, n in joint_models().heads.items()
    }
    factors = {"patients": 30, "error_sd": 4.0, "erosion": 2.0, "narrowing": 2.0, "total": 2.0}
    told = {
        "heads": heads,
        "sums": {"1h0f": factors, "2h1f": factors},
        "whole_image": {"patients": 30, "error_sd": 5.0, "root_error": 1.0},
    }
    opened = Opened(folder)
    opened.manifest = replace(opened.manifest, calibration=from_plain(Calibration, told))
    return opened


def picture(
    folder: Path, name: str, grey: int = 90, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> str:
    image = np.full(size, grey, np.uint8)
    image[: size[0] // 2] += 40  # else it has no contrast
    return save(folder, name, image)


def save(folder: Path, name: str, image: Any) -> str:
    folder.mkdir(exist_ok=True)
    Image.fromarray(image).save(folder / f"{name}.png")
    return str(folder / f"{name}.png")


def scored(folder: Path, out: Path, **options: Any) -> tuple[pd.DataFrame, ...]:
    run.score([str(folder)], Path("made-up.sharpflow"), out, **options)
    return tuple(read_table(out / f"{name}.csv") for name in ("scores", "totals", "refused"))
