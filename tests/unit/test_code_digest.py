"""An edit reruns what it touches: the digest follows imports and nothing but code."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sharpflow.workflow import code_digest as module
from sharpflow.workflow.code_digest import code_digest, imported_modules

ROOT = Path(__file__).parents[2]

# Highest first; a package imports only from packages below it.
PACKAGES = (
    "workflow",
    "score",
    "reporting",
    "bundle",
    "evaluation",
    "rehearsal",
    "whole_image",
    "joints",
    "training",
    "phantom",
    "cohorts",
    "imaging",
    "papers",
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A little package sharpflow: script -> stage -> helper; other stands alone."""
    folder = tmp_path / "sharpflow"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "stage.py").write_text(
        "def run():\n    from sharpflow.helper import two\n    return two()\n"
    )
    (folder / "helper.py").write_text('"""Doc."""\ndef two():\n    return 2\n')
    (folder / "other.py").write_text("x = 1\n")
    (tmp_path / "script.py").write_text("from sharpflow.stage import run\nrun()\n")
    monkeypatch.setattr(module, "SOURCE", tmp_path)
    monkeypatch.setattr(module, "KEPT", tmp_path / "kept" / "digests.json")
    return tmp_path


def digest(package: Path) -> str:
    module.forget()
    return code_digest(package / "script.py")


def test_an_edit_of_what_is_imported_indirectly_changes_the_digest(package: Path) -> None:
    before = digest(package)
    (package / "sharpflow/helper.py").write_text("def two():\n    return 3\n")
    assert digest(package) != before


def test_modules_are_read_once_for_all_processes(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(package)
    parse = ast.parse
    parsed: list[bytes] = []
    monkeypatch.setattr(module.ast, "parse", lambda text: parsed.append(text) or parse(text))
    assert digest(package) == before
    assert parsed == [(package / "script.py").read_bytes()]
    (package / "sharpflow/helper.py").write_text("from sharpflow.other import x as two\n")
    changed = digest(package)
    (package / "sharpflow/other.py").write_text("x = 2\n")
    assert len({before, changed, digest(package)}) == 3


@pytest.mark.parametrize("text", ["", "[1]", '{"half'])
def test_what_was_kept_badly_is_read_anew(package: Path, text: str) -> None:
    before = digest(package)
    module.KEPT.write_text(text)
    assert digest(package) == before


def test_a_table_beside_a_module_counts(package: Path) -> None:
    before = digest(package)
    (package / "sharpflow/helper.csv").write_text("x\n1\n")
    assert digest(package) != before


def test_an_edited_script_changes_the_digest(package: Path) -> None:
    before = digest(package)
    (package / "script.py").write_text("from sharpflow.stage import run\nrun(), run()\n")
    assert digest(package) != before


@pytest.mark.parametrize(
    "text",
    [
        "from sharpflow.stage import run  # why\n\n\nrun()\n",
        '"""What it does."""\n\nfrom sharpflow.stage import (\n    run,\n)\n\nrun(\n)\n',
    ],
)
def test_a_scripts_comments_docstring_and_layout_do_not(package: Path, text: str) -> None:
    before = digest(package)
    (package / "script.py").write_text(text)
    assert digest(package) == before


def test_a_description_counts_for_modules_that_read_such(package: Path) -> None:
    before = digest(package)
    (package / "sharpflow/network.yaml").write_text("layers: 3\n")
    assert digest(package) == before
    (package / "sharpflow/helper.py").write_text("def two():\n    return open('network.yaml')\n")
    reading = digest(package)
    (package / "sharpflow/network.yaml").write_text("layers: 4\n")
    assert digest(package) not in (before, reading)


def supported() -> range:
    """The minor versions of Python 3 that the project is for."""
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    return range(*map(int, re.findall(r"3\.(\d+)", requires)))


def python(minor: int) -> str:
    """A Python of this minor version, on the path or of pyenv's or uv's; skip without one."""
    version, home = f"3.{minor}", Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    candidates = [
        shutil.which(f"python{version}"),
        *pyenv.glob(f"versions/{version}.*/bin/python"),
        *home.glob(f".local/share/uv/python/cpython-{version}.*/bin/python"),
    ]
    for candidate in filter(None, candidates):
        program = "import sys; print(sys.version_info.minor)"
        told = subprocess.run([candidate, "-c", program], check=False, capture_output=True)
        if told.stdout.decode().strip() == str(minor):  # a version manager's may be a name alone
            return str(candidate)
    pytest.skip(f"no Python {version} is on this machine")


DIGESTS = f"""
import json, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT / "src")!r})
from sharpflow.workflow import code_digest as module
module.KEPT = Path("/dev/null/none")  # what another Python has kept would be its own digests
scripts = sorted(Path({str(ROOT / "workflow" / "scripts")!r}).rglob("*.py"))
print(json.dumps({{script.name: module.code_digest(script) for script in scripts}}))
"""


def all_digests(interpreter: str) -> dict[str, str]:
    """The digest of each script of the workflow, as a Python without packages computes it."""
    told = subprocess.run([interpreter, "-IBc", DIGESTS], check=True, capture_output=True)
    return dict(json.loads(told.stdout))


@pytest.mark.parametrize("minor", [n for n in supported() if n != sys.version_info.minor])
def test_all_versions_of_python_agree(minor: int) -> None:
    other = all_digests(python(minor))
    assert len(other) > 50
    assert other == all_digests(sys.executable)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("other.py", "x = 2\n"),
        ("helper.py", '"""Another."""\n\n\ndef two():\n    # why\n    return 2\n'),
        ("helper.py", '"""Doc."""\ndef two():\n    """Gives two."""\n    return 2\n'),
    ],
)
def test_other_modules_comments_and_docstrings_do_not(package: Path, file: str, text: str) -> None:
    before = digest(package)
    (package / "sharpflow" / file).write_text(text)
    assert digest(package) == before


def library() -> list[str]:
    """The names of all modules of the library but the packages themselves."""
    source = ROOT / "src"
    return [
        ".".join(path.relative_to(source).with_suffix("").parts)
        for path in sorted((source / "sharpflow").rglob("*.py"))
        if path.stem != "__init__"
    ]


def test_every_package_has_its_height() -> None:
    packages = {path.parent.name for path in (ROOT / "src/sharpflow").glob("*/__init__.py")}
    assert packages == set(PACKAGES)


def test_packages_import_downwards_only() -> None:
    heights = {package: height for height, package in enumerate(PACKAGES)}
    heights |= {"__main__": -2, "cli": -1}  # modules that call the packages
    for importing in library():
        own = heights.get(importing.split(".")[1], len(PACKAGES))
        for name in imported_modules(importing):
            other = heights.get(name.split(".")[1], len(PACKAGES))
            assert other >= own, f"{importing} imports {name}"


def test_no_module_imports_itself_by_way_of_others() -> None:
    left = {name: imported_modules(name) for name in library()}
    while ready := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in ready:
            del left[name]
    assert not left


def test_the_library_does_not_know_snakemake() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        text = path.read_text()
        assert "import snakemake" not in text and "from snakemake" not in text, path


def test_training_does_not_depend_on_how_figures_look() -> None:
    module.forget()
    for script in ("train_unet", "train_detector", "train_base", "train_head"):
        waiting, seen = module.imports_of(_script(script)), set()
        while waiting:
            name = waiting.pop()
            seen.add(name)
            waiting |= imported_modules(name) - seen
        assert not [name for name in seen if ".reporting" in name], script


def _script(name: str) -> Path:
    return ROOT / "workflow" / "scripts" / "joints" / f"{name}.py"
