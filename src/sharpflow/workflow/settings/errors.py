"""What is wrong in a config, in words that a user can act on."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sharpflow.workflow.settings.base import FILE_NAME, SHA256

_WORDS = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "model_type": "a section with keys of its own",
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
_UNION_MEMBERS = (
    *("JointCohort", "WholeImageCohort", "BoneAgeCohort", "Weights"),
    *("bool", "int", "str", "constrained-int"),
)
# Keys of former versions, with their new names: those of CHANGELOG.md, which a test compares.
RENAMED = {
    "cohorts.joints.films": "radiographs",
    "cohorts.whole": "whole_image",
    "phantom.film_height": "radiograph_height",
    "phantom.child_film_height": "child_radiograph_height",
    "phantom.whole_patients": "whole_image_patients",
    "phantom.whole_film_height": "whole_image_height",
    "identity": "identification",
    "vgg16.drawn_joints": "synthetic_joints",
    "whole_image.turns": "rotations",
    "whole_image.rows": "experiments",
    "whole_image.row_epochs": "experiment_epochs",
    "whole_image.shards.whole": "whole_image",
}
_PATTERNS = {
    SHA256: "64 hexadecimal digits, as `sha256sum` gives them",
    FILE_NAME: "letters, digits, '_', '.' and '-', beginning with a letter or digit",
}


def explain(error: ValidationError, root: type[BaseModel]) -> Iterator[str]:
    """One line for each wrong key: its path, what was found, what is allowed.

    `root` is the model that refused the config; an unknown key is told its nearest right name.
    """
    wrong: dict[tuple[str, ...], list[Any]] = {}
    for item in error.errors():
        keys = tuple(str(key) for key in item["loc"] if _is_key(key))
        wrong.setdefault(keys, []).append(item)
    for keys, items in wrong.items():
        # Where a section may stand and is wrong inside, a word such as `phantom` was not meant.
        if not any(other[: len(keys)] == keys and len(other) > len(keys) for other in wrong):
            yield f"{'.'.join(keys)}: {_explain_key(root, keys, items)}"


def _explain_key(root: type[BaseModel], keys: Sequence[str], items: list[Any]) -> str:
    """What is wrong with one key, which may hold one of several kinds of value."""
    first = items[0]
    if first["type"] == "extra_forbidden":
        renamed = RENAMED.get(".".join(keys))
        if renamed:
            return f"renamed: it is {renamed} now (see Renamed in CHANGELOG.md)."
        allowed = sorted(_section(root, keys[:-1]).model_fields)
        near = difflib.get_close_matches(keys[-1], allowed, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(allowed)}."
        return f"unknown key; {hint}"
    if first["type"] == "missing":
        return "missing; config.yaml says what belongs there."
    # What a model of ours says of the whole section is more than that it is not a word either.
    for item in items:
        if item["type"] == "value_error":
            return f"{_allowed(item['msg'])}."
    kinds = dict.fromkeys(_words(root, keys, item) for item in items)
    return f"found {first['input']!r}; input should be {', or '.join(kinds)}."


def _words(root: type[BaseModel], keys: Sequence[str], item: Mapping[str, Any]) -> str:
    """What a key may hold, after "input should be"."""
    if item["type"] == "string_type" and isinstance(item["input"], int | float | date):
        return f'text: put it in quotes, "{item["input"]}"'
    if item["type"] == "string_pattern_mismatch":
        return f"of {_PATTERNS[item['ctx']['pattern']]}"
    words = _WORDS.get(item["type"])
    if item["type"] in _NOT_SUCH_A_NUMBER:
        words = _number(root, keys)
    return words or _allowed(item["msg"]).removeprefix("input should be ").split(", unable")[0]


def _is_key(key: str | int) -> bool:
    """Pydantic puts the names of union members among the keys; leave them out."""
    return not (isinstance(key, str) and (key in _UNION_MEMBERS or "[" in key))


def _allowed(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def _number(root: type[BaseModel], keys: Sequence[str]) -> str:
    """What number a key may have, with both its bounds; empty if its model does not say."""
    try:
        field = _section(root, keys[:-1]).model_fields[keys[-1]]
    except (KeyError, StopIteration):  # an item of a list, a key that the user chose
        return ""
    kind, metadata = field.annotation, field.metadata
    for option in get_args(kind):  # a number or a word
        if get_origin(option) is Annotated:
            kind, metadata = option.__origin__, option.__metadata__[0].metadata
    if kind not in (int, float):
        return ""
    bounds = [
        f"{words} {getattr(bound, name):g}"
        for bound in metadata
        for name, words in _BOUNDS.items()
        if hasattr(bound, name)
    ]
    noun = "an integer" if kind is int else "a number"
    return " ".join([noun, " and ".join(bounds)]).strip()


def _section(section: type[BaseModel], keys: Sequence[str]) -> type[BaseModel]:
    for key in keys:
        annotation = section.model_fields[key].annotation
        candidates = [annotation, *get_args(annotation)]
        section = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return section
