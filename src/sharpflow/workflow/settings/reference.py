"""The configuration reference: every key of config.yaml, as its model describes it.

`python -m sharpflow.workflow.settings.reference > docs/reference/configuration.md` writes it anew.
"""

import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sharpflow.workflow.settings.base import FILE_NAME, SHA256, PerBodyPart, Section
from sharpflow.workflow.settings.study import Study

CONFIG = Path(__file__).parents[4] / "config.yaml"
INTRODUCTION = """\
# Configuration reference

Every key of [config.yaml](../../config.yaml). This page is generated from the models in
`src/sharpflow/workflow/settings/`; to change it, change a description there and run
`PYTHONPATH=src python -m sharpflow.workflow.settings.reference > docs/reference/configuration.md`.

"Default" is the value in config.yaml. "The paper" is Tan et al. for the joint pipeline and Bo et
al. for `whole_image`. "Ours" marks what the paper does not say: the value is then our choice.
An unknown key or a value that is not allowed stops the run, which names the key and says what is
allowed.
"""
HEADER = "| key | value | default | what it does |\n|---|---|---|---|"
_SYMBOLS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
_NAMES: dict[Any, str] = {
    int: "integer",
    float: "number",
    str: "text",
    bool: "`true`, `false`",
    types.NoneType: "`null`",
}
_CONTAINERS: dict[Any, str] = {list: "list of", dict: "by name"}
_PATTERNS = {
    SHA256: "of 64 hexadecimal digits",
    FILE_NAME: "of letters, digits, `_`, `.`, `-`",
}


def configuration_reference(config: Mapping[str, Any]) -> str:
    """The reference as Markdown: a table for each section.

    Args:
        config: config.yaml as it was read; its values are the defaults.
    """
    fields = Study.model_fields
    plain = {name: field for name, field in fields.items() if not sections_of(field)}
    parts = [INTRODUCTION, _part("The study", "", plain, config)]
    for name, field in fields.items():
        if name not in plain:
            (section,) = sections_of(field)
            text = f"{field.description}\n\n"
            parts.append(_part(f"`{name}`", text, section.model_fields, config[name]))
    return "\n".join(parts)


def sections_of(field: FieldInfo) -> list[type[Section]]:
    """The section that a key may hold; none where it holds a value, or one for each body part."""
    options = [field.annotation, *get_args(field.annotation)]
    return [
        option
        for option in options
        if isinstance(option, type)
        and issubclass(option, Section)
        and not issubclass(option, PerBodyPart)
    ]


def _part(title: str, text: str, fields: Mapping[str, FieldInfo], values: Any) -> str:
    rows = "\n".join(_rows(fields, values, ""))
    return f"## {title}\n\n{text}{HEADER}\n{rows}\n"


def _rows(fields: Mapping[str, FieldInfo], values: Any, prefix: str) -> Iterator[str]:
    """A line for each key, those of inner sections after their section."""
    for name, field in fields.items():
        inner = sections_of(field)
        value = values.get(name) if isinstance(values, Mapping) else None
        is_section = isinstance(value, Mapping) and bool(inner)
        has_default = isinstance(values, Mapping) and not is_section
        default = f"`{_written(value)}`" if has_default else ""
        cells = (f"`{prefix}{name}`", _kind(field.annotation, field.metadata), default)
        yield _row(*cells, str(field.description))
        for section in inner:
            yield from _rows(section.model_fields, value, f"{prefix}{name}.")


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _kind(annotation: Any, limits: list[Any]) -> str:
    """What a key may hold, in words: "integer > 0", "text or `null`"."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner, *fields = arguments
        return _kind(inner, [limit for field in fields for limit in getattr(field, "metadata", [])])
    if origin is Literal:
        return ", ".join(f"`{_written(value)}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(option, []) for option in arguments)
    if origin in (list, dict):
        return f"{_CONTAINERS[origin]}: {_kind(arguments[-1], [])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _section_kind(annotation)
    return f"{_NAMES[annotation]} {_limits(limits)}".strip()


def _section_kind(section: type[BaseModel]) -> str:
    if not issubclass(section, PerBodyPart):
        return "section"
    field = section.model_fields["hand"]
    return f"for `hand` and `foot`: {_kind(field.annotation, field.metadata)}"


def _limits(limits: list[Any]) -> str:
    """Bounds, steps and patterns, as pydantic keeps them."""
    said = [
        f"{symbol} {getattr(limit, name):g}"
        for limit in limits
        for name, symbol in _SYMBOLS.items()
        if hasattr(limit, name)
    ]
    said += [
        f"a multiple of {limit.multiple_of}" for limit in limits if hasattr(limit, "multiple_of")
    ]
    said += [_PATTERNS[limit.pattern] for limit in limits if getattr(limit, "pattern", None)]
    return ", ".join(said)


def _written(value: Any) -> str:
    """A value as one would write it in config.yaml, on one line."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


if __name__ == "__main__":
    sys.stdout.write(configuration_reference(yaml.safe_load(CONFIG.read_text())))
