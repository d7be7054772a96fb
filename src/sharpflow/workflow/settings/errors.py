"""What is wrong in a config, in words that a user can act on."""

import difflib
from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel, ValidationError

_WORDS = {
    "bool_type": "input should be true or false",
    "bool_parsing": "input should be true or false",
    "model_type": "input should be a section with keys of its own",
}
# What is wrong with a number; what it may be is then said whole.
_NOT_SUCH_A_NUMBER = {
    *("float_type", "float_parsing", "int_type", "int_parsing", "int_from_float", "finite_number"),
    *("greater_than", "greater_than_equal", "less_than", "less_than_equal"),
}
_BOUNDS = {
    "gt": "greater than",
    "ge": "greater than or equal to",
    "lt": "less than",
    "le": "less than or equal to",
}
_UNION_MEMBERS = ("JointCohort", "WholeImageCohort", "BoneAgeCohort", "Weights", "bool")


def explain(error: ValidationError, root: type[BaseModel]) -> Iterator[str]:
    """One line for each wrong key: its path, what was found, what is allowed.

    `root` is the model that refused the config; an unknown key is told its nearest right name.
    """
    items = [([str(key) for key in item["loc"] if _is_key(key)], item) for item in error.errors()]
    for keys, item in items:
        # Where a section may stand and is wrong inside, a word such as `phantom` was not meant.
        inside = any(other[: len(keys)] == keys and len(other) > len(keys) for other, _ in items)
        if item["type"] == "literal_error" and inside:
            continue
        path = ".".join(keys)
        if item["type"] == "extra_forbidden":
            allowed = sorted(_section(root, keys[:-1]).model_fields)
            near = difflib.get_close_matches(keys[-1], allowed, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(allowed)}."
            yield f"{path}: unknown key; {hint}"
        elif item["type"] == "missing":
            yield f"{path}: missing; config.yaml says what belongs there."
        else:
            found = "" if item["type"] == "value_error" else f"found {item['input']!r}; "
            words = _WORDS.get(item["type"])
            if item["type"] in _NOT_SUCH_A_NUMBER:
                words = _number(root, keys)
            yield f"{path}: {found}{words or _allowed(item['msg'])}."


def _is_key(key: str | int) -> bool:
    """Pydantic puts the names of union members among the keys; leave them out."""
    return not (isinstance(key, str) and (key in _UNION_MEMBERS or "[" in key))


def _allowed(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _number(root: type[BaseModel], keys: list[str]) -> str:
    """What number a key may have, with both its bounds; empty if its model does not say."""
    try:
        field = _section(root, keys[:-1]).model_fields[keys[-1]]
    except (KeyError, StopIteration):  # an item of a list, a key that the user chose
        return ""
    if field.annotation not in (int, float):
        return ""
    bounds = [
        f"{words} {getattr(bound, name):g}"
        for bound in field.metadata
        for name, words in _BOUNDS.items()
        if hasattr(bound, name)
    ]
    kind = "an integer" if field.annotation is int else "a number"
    return f"input should be {' '.join([kind, ' and '.join(bounds)]).strip()}"


def _section(section: type[BaseModel], keys: list[str]) -> type[BaseModel]:
    for key in keys:
        annotation = section.model_fields[key].annotation
        candidates = [annotation, *get_args(annotation)]
        section = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return section
