"""Digest of the code that a script runs, so that an edit reruns what it touches and no more.

It is of syntax trees, written down here rather than by `ast.dump`, which writes them otherwise in
each version of Python.
"""

import ast
import hashlib
import json
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
    digest: str  # of the tree, docstrings taken out, and of the data beside the module


@cache
def code_digest(script: str | Path) -> str:
    """Digest of a script, and of the library modules that it imports, directly or not.

    Imports inside functions count, and data beside a module: a CSV that has its name, and if the
    module speaks of YAML files, those in its folder. Comments, docstrings and layout don't. A
    package's `__init__` counts when a name is imported from the package itself.
    """
    tree = ast.parse(Path(script).read_bytes())
    modules: set[str] = set()
    waiting = _existing(_imports(tree))
    while waiting:
        module = waiting.pop()
        modules.add(module)
        waiting |= imported_modules(module) - modules
    lines = [f"{module} {_read(module).digest}" for module in sorted(modules)]
    lines.append(_digest_of(tree))
    _keep()
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


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
    text = path.read_bytes()
    data = b"\0".join(beside.read_bytes() for beside in _data_beside(path, text))
    key = hashlib.sha256(b"\0".join((text, data))).hexdigest()
    if key not in _kept():
        tree = ast.parse(text)
        imports = sorted(_imports(tree))
        digest = hashlib.sha256(_digest_of(tree).encode() + data).hexdigest()
        _kept()[key] = {"imports": imports, "digest": digest}
        _new.add(key)
    known = _kept()[key]
    return _Module(frozenset(_existing(known["imports"])), known["digest"])


def _data_beside(path: Path, text: bytes) -> list[Path]:
    """The files that a module reads from its own folder."""
    table = path.with_suffix(".csv")
    found = [table] if table.is_file() else []
    return found + (sorted(path.parent.glob("*.yaml")) if b".yaml" in text else [])


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


def _digest_of(tree: ast.Module) -> str:
    """Digest of a syntax tree, without its docstrings, which are taken out."""
    _remove_docstrings(tree)
    parts: list[str] = []
    _write_down(tree, parts)
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _write_down(node: Any, parts: list[str]) -> None:
    """A part of a syntax tree as text, the same in Python 3.11 to 3.13.

    What is empty is left out, since later versions have more fields; so is `kind`, the u of u"".
    """
    if isinstance(node, ast.AST):
        parts.append(f"{type(node).__name__}(")
        for name, value in ast.iter_fields(node):
            is_value = isinstance(node, ast.Constant) and name == "value"
            if name != "kind" and (is_value or not (value is None or value == [])):
                parts.append(f"{name}=")
                _write_down(value, parts)
        parts.append(")")
    elif isinstance(node, list):
        parts.append("[")
        for part in node:
            _write_down(part, parts)
        parts.append("]")
    else:
        parts.append(f"{node!a},")  # which letters `repr` writes as they are differs, too


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
