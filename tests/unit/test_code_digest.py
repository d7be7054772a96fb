"""An edit reruns what it touches: the digest follows imports and nothing but code."""

import ast
import shutil
import subprocess
import sys
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
    "evaluation",
    "rehearsal",
    "bundle",
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


OTHERS = [
    path
    for number in (11, 12, 13)
    if (path := shutil.which(f"python3.{number}")) and number != sys.version_info.minor
]


@pytest.mark.skipif(not OTHERS, reason="no other Python is here")
def test_all_versions_of_python_agree() -> None:
    script = _script("train_unet")
    program = "import sys; from sharpflow.workflow.code_digest import code_digest as digest; "
    program += f"print(digest({str(script)!r}))"
    module.forget()
    environment = {"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    for python in OTHERS:
        told = subprocess.run(
            [python, "-c", program], check=False, capture_output=True, env=environment
        )
        if told.returncode == 0:  # a name alone, as of a version manager, is no Python
            assert told.stdout.decode().strip() == code_digest(script)


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
