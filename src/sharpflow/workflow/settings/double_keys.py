"""Keys that a file of settings has twice, of which YAML takes the last in silence."""

from collections.abc import Iterable
from pathlib import Path

import yaml

from sharpflow.errors import UserError


def refuse_double_keys(files: Iterable[str | Path]) -> None:
    """Refuse files of settings in which a key stands twice in one section.

    As where a block of small sizes was left above the full ones.

    Raises:
        UserError: names each key with both its lines.
    """
    found = [line for path in files for line in _double_keys(Path(path))]
    if found:
        lines = "\n".join(f"  {line}" for line in found)
        raise UserError(f"Keys stand twice, of which the first would not count:\n{lines}")


def _double_keys(path: Path) -> list[str]:
    """A line for each; none of what cannot be read, which Snakemake says."""
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    return [
        f"{path}, lines {first} and {second}: {key}. Leave one."
        for key, first, second in _in_section(tree)
    ]


def _in_section(node: yaml.Node | None, place: str = "") -> Iterable[tuple[str, int, int]]:
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        name, line = f"{place}{key.value}", key.start_mark.line + 1
        if name in lines:
            yield name, lines[name], line
        lines.setdefault(name, line)
        yield from _in_section(value, f"{name}: ")
