"""Digest of the code that a script runs, so that an edit reruns what it touches and no more."""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = "sharpflow"
SOURCE = Path(__file__).resolve().parents[2]


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
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def imports_of(script: str | Path) -> set[str]:
    """The library modules that a script imports by itself."""
    return _imports(ast.parse(Path(script).read_bytes()))


def imported_modules(module: str) -> frozenset[str]:
    """The library modules that a library module imports by itself."""
    return _read(module).imports


def forget() -> None:
    """Read all modules again: for tests that edit them, since a run reads each once."""
    for cached in (code_digest, _read, _file):
        cached.cache_clear()


@cache
def _read(module: str) -> _Module:
    path = _file(module)
    if path is None:
        raise ModuleNotFoundError(module)
    tree = ast.parse(path.read_bytes())
    imports = frozenset(_imports(tree))
    _remove_docstrings(tree)
    table = path.with_suffix(".csv")
    data = table.read_bytes() if table.is_file() else b""
    return _Module(imports, hashlib.sha256(ast.dump(tree).encode() + data).hexdigest())


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if _file(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found |= {name} if _file(name) else {node.module} if _file(node.module) else set()
    return found


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
