"""The wheel holds the library, and scoring needs no more than the extra `score` installs."""

import configparser
import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sharpflow.workflow.code_digest import imported_modules

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
HEAVY = {"torch", "tensorflow", "keras", "snakemake", "skimage", "numba", "sklearn", "ultralytics"}
# As if packages were not installed; tells each module that needs one of them.
WITHOUT = """
import sys
from importlib import import_module

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Absent())
for module in sys.argv[2:]:
    try:
        import_module(module)
    except ImportError as error:
        print(f"{module}: {error}")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree, built without the internet."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_the_wheel_has_all_files_of_the_library_and_no_others(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        (scripts,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        commands = configparser.ConfigParser()
        commands.read_string(archive.read(scripts).decode())
    assert packed == {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "sharpflow").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert dict(commands["console_scripts"]) == {"sharpflow": "sharpflow.cli:app"}


def installed_by_score() -> set[str]:
    """The distributions that the extra `score` brings, with what those need themselves."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting = [*project["dependencies"], *project["optional-dependencies"]["score"]]
    names = set[str]()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name in names or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        names.add(name)
        waiting += metadata.requires(name) or []
    return names


def absent_modules() -> set[str]:
    """The top-level modules of this environment that the extra `score` does not bring."""
    installed = installed_by_score()
    return {
        module
        for module, distributions in metadata.packages_distributions().items()
        if not installed & {canonicalize_name(name) for name in distributions}
    }


def used_by_scoring() -> list[str]:
    """The library's modules that the command and sharpflow.score import, at once or when called."""
    score = [f"sharpflow.score.{path.stem}" for path in (SOURCE / "sharpflow/score").glob("*.py")]
    waiting, seen = {"sharpflow.cli", *score} - {"sharpflow.score.__init__"}, set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= imported_modules(name) - seen
    return sorted(seen)


def failed_imports(absent: set[str], modules: list[str], source: Path) -> str:
    """A line for each module that can't be imported from `source` without the `absent` ones."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT, ",".join(sorted(absent)), *modules],
        env=os.environ | {"PYTHONPATH": str(source)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_scoring_imports_nothing_that_the_extra_lacks(wheel: Path, tmp_path: Path) -> None:
    absent = absent_modules()
    assert absent >= HEAVY
    used = used_by_scoring()
    assert {"sharpflow.bundle.read", "sharpflow.imaging.reading"} < set(used)  # and many more
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    assert failed_imports(absent, used, tmp_path) == ""


def test_a_heavy_import_is_seen(tmp_path: Path) -> None:
    (tmp_path / "heavy.py").write_text("from sklearn.metrics import auc\n")
    assert failed_imports(absent_modules(), ["heavy", "numpy"], tmp_path) == (
        "heavy: No module named 'sklearn'\n"
    )


def test_the_command_answers_before_it_imports_what_scores() -> None:
    program = "import sys, sharpflow.cli; print(*sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "typer" in imported
    assert not {"numpy", "pandas", "cv2", "scipy", "onnxruntime", "pydicom"} & set(imported)


def test_without_the_extra_the_command_says_what_to_install() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT, "typer", "sharpflow.cli"],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: the command sharpflow needs typer.")
    assert 'pip install ".[score]"' in ended.stderr
