"""Digest of the code that a script runs, so that an edit reruns what it touches and no more."""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "sharpflow"
SOURCE = Path(__file__).resolve().parents[2]


@cache
def code_digest(script: str | Path) -> str:
    """Digest of the library modules that a script imports, directly or not.

    Imports inside functions count, and a CSV beside a module that has its name; comments,
    docstrings and layout don't. A package's
    `__init__` counts when a name is imported from the package itself. The script's own text is
    left out, since Snakemake watches it.
    """
    modules: set[str] = set()
    waiting = _imports(ast.parse(Path(script).read_bytes()))
    while waiting:
        module = waiting.pop()
        if module not in modules:
            modules.add(module)
            waiting |= _imports(_tree(module))
    text = "\n".join(f"{module} {_module_digest(module)}" for module in sorted(modules))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def imported_modules(module: str) -> set[str]:
    """The library modules that a library module imports by itself."""
    return _imports(_tree(module))


def _imports(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if _file(alias.name)}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found |= {name} if _file(name) else {node.module} if _file(node.module) else set()
    return found


def _file(module: str) -> Path | None:
    if module.split(".", maxsplit=1)[0] != PACKAGE:
        return None
    path = SOURCE.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


@cache
def _tree(module: str) -> ast.Module:
    path = _file(module)
    if path is None:
        raise ModuleNotFoundError(module)
    return ast.parse(path.read_bytes())


@cache
def _module_digest(module: str) -> str:
    """Digest of a module's syntax tree, docstrings taken out, and of the CSV beside it."""
    tree = _tree(module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    path = _file(module)
    table = path.with_suffix(".csv") if path else None
    data = table.read_bytes() if table and table.is_file() else b""
    return hashlib.sha256(ast.dump(tree).encode() + data).hexdigest()
