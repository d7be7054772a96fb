"""COCO's weights for the detectors, fetched where the config asks for it."""

import shutil
import tempfile
from pathlib import Path

from sharpflow.errors import UserError
from sharpflow.files import atomic_write


def download_coco_weights(model: str, path: str | Path) -> None:
    """Let ultralytics download its anchor-free `model` ("yolov3", ...) and put it at `path`.

    Raises UserError when it cannot be reached.
    """
    from ultralytics.utils.downloads import attempt_download_asset

    name = f"{model}u.pt"
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = Path(attempt_download_asset(str(Path(folder) / name)))
        except Exception as error:  # whatever the network or ultralytics raises
            raise UserError(_unreachable(name, str(error))) from error
        if not found.is_file():
            raise UserError(_unreachable(name, "nothing came"))
        with atomic_write(path) as temporary:
            shutil.copyfile(found, temporary)


def _unreachable(name: str, reason: str) -> str:
    return (
        f"COCO's weights {name} could not be downloaded ({reason}). Fetch the file by hand and set "
        "detector: weights: {file: ..., sha256: ...}, or weights: none to begin from random ones."
    )
