"""Digest of the code that a script runs, so that an edit reruns what it touches and no more."""

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sharpflow.files import atomic_write

PACKAGE = "sharpflow"
SOURCE = Path(__file__).resolve().parents[2]
# What was read of modules of the same text, since each start of Snakemake, a job's too, reads all.
KEPT = Path(__file__).parent / "__pycache__" / "code_digests.json"
MOST_KEPT = 1000  # of several versions of some 200 modules


@dataclass(frozen=True)
class _Module:
    """What is kept of a library module; its syntax tree, a thousand times as large, is not."""

    imports: frozenset[str]  # library modules
    digest: str  # of the tree, docstrings taken out, and of the CSV beside the module


@cache
def code_digest(script: str | Path) -> str:
    """Digest of the library modules that a script imports, directly or not.

    Imports inside functions count, and a CSV beside a module that has its name; comments,
    docstrings and layout don't. A package's
    `__init__` counts when a name is imported from the package itself. The script's own text is
    left out, since Snakemake watches it.
    """
    modules: set[str] = set()
    waiting = imports_of(script)
    while waiting:
        module = waiting.pop()
        modules.add(module)
        waiting |= imported_modules(module) - modules
    text = "\n".join(f"{module} {_read(module).digest}" for module in sorted(modules))
    _keep()
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def imports_of(script: str | Path) -> set[str]:
    """The library modules that a script imports by itself."""
    return _existing(_imports(ast.parse(Path(script).read_bytes())))


def imported_modules(module: str) -> frozenset[str]:
    """The library modules that a library module imports by itself."""
    return _read(module).imports


def forget() -> None:
    """Read all modules again: for tests that edit them, since a run reads each once."""
    for cached in (code_digest, _read, _file, _kept):
        cached.cache_clear()


@cache
def _read(module: str) -> _Module:
    path = _file(module)
    if path is None:
        raise ModuleNotFoundError(module)
    text, table = path.read_bytes(), path.with_suffix(".csv")
    data = table.read_bytes() if table.is_file() else b""
    version = str(sys.version_info).encode()  # syntax trees differ between versions
    key = hashlib.sha256(b"\0".join((version, text, data))).hexdigest()
    if key not in _kept():
        tree = ast.parse(text)
        imports = sorted(_imports(tree))
        _remove_docstrings(tree)
        digest = hashlib.sha256(ast.dump(tree).encode() + data).hexdigest()
        _kept()[key] = {"imports": imports, "digest": digest}
        _new.add(key)
    known = _kept()[key]
    return _Module(frozenset(_existing(known["imports"])), known["digest"])


_new: set[str] = set()  # keys that are not in the file yet


@cache
def _kept() -> dict[str, Any]:
    """What an earlier process wrote; nothing if there is none, or it cannot be read."""
    try:
        found = json.loads(KEPT.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and len(found) < MOST_KEPT else {}


def _keep() -> None:
    """Write what is new, where this user may."""
    if _new:
        _new.clear()
        with suppress(OSError), atomic_write(KEPT) as temporary:
            temporary.write_text(json.dumps(_kept()))


def _imports(tree: ast.Module) -> set[str]:
    """All that is imported from the library; a name may be a module, or something in one."""
    found: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".", maxsplit=1)[0] == PACKAGE}


def _existing(names: Iterable[str]) -> set[str]:
    """The modules among imported names, and those that hold the others."""
    parents = {name: name.rpartition(".")[0] for name in names}
    found = {name if _file(name) else parent for name, parent in parents.items()}
    return {name for name in found if _file(name)}


def _remove_docstrings(tree: ast.Module) -> None:
    for node in _statements(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """The module and all its statements, however deep. Expressions, most of a tree, hold none."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, field, ())


@cache
def _file(module: str) -> Path | None:
    if module.split(".", maxsplit=1)[0] != PACKAGE:
        return None
    path = SOURCE.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)
