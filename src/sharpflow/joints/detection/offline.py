"""ultralytics, kept from the network and from writing outside the run's folder.

By itself it looks for updates, sends usage events, downloads a font and weights, writes
settings into the user's home and results into ./runs. What stops it are environment
variables, which it reads when it is first imported.
"""

import logging
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

log = logging.getLogger(__name__)

INTEGRATIONS = ("clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb")


def import_ultralytics(folder: Path) -> ModuleType:
    """Import ultralytics with its settings in `folder`, offline and silent.

    The first caller of a process decides the folder, as ultralytics reads it only once.
    """
    if "ultralytics" not in sys.modules:
        folder = folder.resolve()
        (folder / "Ultralytics").mkdir(parents=True, exist_ok=True)
        os.environ["YOLO_OFFLINE"] = "true"
        os.environ["YOLO_CONFIG_DIR"] = str(folder)
        os.environ["YOLO_VERBOSE"] = "false"
        os.environ.setdefault("MPLCONFIGDIR", str(folder))
        _copy_font(folder / "Ultralytics" / "Arial.ttf")
    import ultralytics
    from ultralytics.utils import LOGGER, SETTINGS

    LOGGER.setLevel(logging.WARNING)
    wanted = {"sync": False, "vscode_msg": False, **dict.fromkeys(INTEGRATIONS, False)}
    if any(SETTINGS.get(key) != value for key, value in wanted.items()):
        SETTINGS.update(wanted)
    return ultralytics  # type: ignore[no-any-return]


def chosen_device() -> str:
    """The first GPU if there is one, else the CPU."""
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"


def _copy_font(path: Path) -> None:
    """Put matplotlib's font where ultralytics looks before it downloads one."""
    from matplotlib import get_data_path

    if not path.exists():
        shutil.copyfile(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", path)
