"""Plain JSON values as dataclasses, every value checked: its type, its bounds, no key too many."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from reprlib import Repr
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")
MOST = 1e30  # of any number's size
MOST_TOLD = 60  # letters of a value
MOST_WHERE = 100  # letters of its path

_REPR = Repr()  # of the first few keys and values, and not of what is nested deeply
_REPR.maxlevel, _REPR.maxstring, _REPR.maxlong, _REPR.maxother = 2, MOST_TOLD, MOST_TOLD, MOST_TOLD


def shown(value: Any) -> str:
    """A value for a message: in one line of at most 60 letters, however large or deep it is."""
    told = _REPR.repr(value)
    return told if len(told) <= MOST_TOLD else f"{told[: MOST_TOLD - 3]}..."


class WrongValueError(Exception):
    """A value is not what it should be."""

    def __init__(self, where: str, found: Any, expected: str) -> None:
        """`where` is the value's path, as "joints.crops.size"; its keys may hold anything."""
        self.where = ascii(where[:MOST_WHERE])[1:-1]
        self.found, self.expected = shown(found), expected
        super().__init__(f"{self.where}: found {self.found}; expected {expected}")


@dataclass(frozen=True)
class Within:
    """Bounds of a number, both included."""

    low: float
    high: float

    def check(self, value: Any, where: str) -> None:
        """WrongValueError if a value is outside."""
        if not self.low <= value <= self.high:
            raise WrongValueError(where, value, f"{self.low:g} to {self.high:g}")


@dataclass(frozen=True)
class Matches:
    """A pattern of a whole text."""

    pattern: str
    in_words: str

    def check(self, value: Any, where: str) -> None:
        """WrongValueError if a text is another."""
        if not re.fullmatch(self.pattern, value):
            raise WrongValueError(where, value, self.in_words)


def from_plain(kind: type[Kind], value: Any, where: str = "") -> Kind:
    """A dataclass from what JSON gives.

    Fields may be dataclasses, str, int, float, bool, Literal, `X | None`, `tuple[X, ...]`,
    `dict[str, X]`, and these in Annotated with bounds (`Within`, `Matches`). A field that has a
    default need not be there.

    Raises:
        WrongValueError: a value has another type or is out of bounds, a key is missing or unknown.
    """
    read: Kind = _read(kind, value, where)
    return read


def _read(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in _OF_ORIGIN:
        return _OF_ORIGIN[origin](get_args(kind), value, where)
    if is_dataclass(kind):
        return _dataclass(kind, _mapping(value, where), where)
    return _simple(kind, value, where)


def _bounded(args: Any, value: Any, where: str) -> Any:
    inner, *bounds = args
    read = _read(inner, value, where)
    for bound in bounds:
        bound.check(read, where)
    return read


def _optional(args: Any, value: Any, where: str) -> Any:
    (inner,) = (one for one in args if one is not type(None))
    return None if value is None else _read(inner, value, where)


def _literal(args: Any, value: Any, where: str) -> Any:
    if value not in args:
        raise WrongValueError(where, value, " or ".join(map(repr, args)))
    return value


def _list(args: Any, value: Any, where: str) -> Any:
    if not isinstance(value, list):
        raise WrongValueError(where, value, "a list")
    return tuple(_read(args[0], one, f"{where}[{place}]") for place, one in enumerate(value))


def _named(args: Any, value: Any, where: str) -> Any:
    name, inner = args
    pairs = _mapping(value, where).items()
    return {
        _read(name, key, where): _read(inner, one, f"{where}.{key}"[:MOST_WHERE])
        for key, one in pairs
    }


def _dataclass(kind: Any, value: Mapping[str, Any], where: str) -> Any:
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in fields(kind)]
    before = f"{where}." if where else ""
    for field in fields(kind):
        if field.name not in value and field.default is MISSING:
            raise WrongValueError(f"{before}{field.name}", None, "a value")
    for key in value:
        if key not in names:
            raise WrongValueError(f"{before}{key}", value[key], "no such key")
    return kind(**{name: _read(hints[name], value[name], f"{before}{name}") for name in value})


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise WrongValueError(where or "it", value, "keys and values")
    return value


def _simple(kind: Any, value: Any, where: str) -> Any:
    words = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    if kind is float:
        is_right = type(value) in (int, float) and -MOST <= value <= MOST  # NaN is not
    else:
        is_right = type(value) is kind
    if not is_right:
        raise WrongValueError(where, value, words[kind])
    return float(value) if kind is float else value


_OF_ORIGIN: dict[Any, Callable[[Any, Any, str], Any]] = {
    Annotated: _bounded,
    Literal: _literal,
    Union: _optional,
    UnionType: _optional,
    dict: _named,
    tuple: _list,
}
