"""Dataclasses of the plan to plain JSON values and back, checking every type on the way in."""

from __future__ import annotations

import json
import math
import re
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, cast

T = TypeVar("T")

# Marks that turn the order of the words that a reader sees ("Trojan Source", Boucher and Anderson, 2021).
TURNING = "\u202a-\u202e\u2066-\u2069"
# Characters that JSON leaves as they are, but that some reader would take for a line end, could not encode, or shows
# in another order.
_ESCAPED = re.compile(f"[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff{TURNING}]")
# YAML 1.1 takes a number with an exponent and no point for a text.
_EXPONENT = re.compile(r"\d[eE][+-]?\d")
_POINTLESS = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![\d.])(-?\d+)([eE][+-]?\d+)')


class RecordInvalid(ValueError):
    """A value of the wrong type, or an unknown or missing key; ``key`` says which."""

    def __init__(self, key: str, problem: str) -> None:
        self.key = key
        super().__init__(problem)


def encode(value: Any) -> str:
    """A value as JSON on one line."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if _EXPONENT.search(text):
        text = _POINTLESS.sub(lambda found: f"{found[1]}.0{found[2]}" if found[1] else found.group(), text)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def decode(text: str) -> Any:
    """A JSON value.

    :raises ValueError: when it is not one, or holds NaN, infinity or a whole number of more than 64 bits.
    """
    return _decoder().decode(text)


@cache
def _decoder() -> json.JSONDecoder:
    # One for all: a plan has a value on each of its thousands of lines.
    return json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, parse_int=_whole)


def to_plain(value: Any) -> Any:
    """Dataclasses as dictionaries, tuples as lists."""
    if isinstance(value, str | int | float | None):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name, _ in _defaults(cast(Any, type(value)))}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value


def shown(
    value: Any, *, leave_out: frozenset[str] = frozenset(), always: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The fields of a dataclass that are not at their default (or ``always``), as plain values, in their order."""
    found = {}
    for name, default in _defaults(cast(Any, type(value))):
        current = getattr(value, name)
        if name in leave_out:
            continue
        if name in always or default is MISSING or current != default or type(current) is not type(default):
            found[name] = to_plain(current)
    return found


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    """The fields of a dataclass, each with its default; what a factory made is only compared with."""
    return tuple(
        (entry.name, entry.default_factory() if entry.default_factory is not MISSING else entry.default)
        for entry in fields(kind)
    )


def from_plain(kind: type[T], record: Any, where: str = "") -> T:
    """A dataclass from a dictionary.

    :raises RecordInvalid: naming the key that does not fit.
    """
    if not isinstance(record, dict):
        raise RecordInvalid(where, f"{where} must be an object, not {_called(record)}")
    hints = _hints(cast(Any, kind))
    for key in record:
        if key not in hints:
            raise RecordInvalid(key, f"{key!r} is not a known key; keys of your own go into `ext`")
    values = {key: _convert(value, hints[key], f"{where}.{key}" if where else key) for key, value in record.items()}
    for name, default in _defaults(cast(Any, kind)):
        if default is MISSING and name not in values:
            wanted = f'"{name}": …' if where else f"{name}: …"
            place = f"into {where!r}" if where else "as a line of its own"
            kind_of = _NAMES.get(hints[name], "a value")
            raise RecordInvalid(where or name, f"{name!r} is missing: write `{wanted}` {place}, with {kind_of}")
    return kind(**values)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


@cache
def _shape(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    return typing.get_origin(hint), typing.get_args(hint)


def _convert(value: Any, hint: Any, where: str) -> Any:
    origin, arguments = _shape(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _convert(value, next(argument for argument in arguments if argument is not type(None)), where)
    if origin is tuple:
        if not isinstance(value, list):
            raise RecordInvalid(where, f"{where} must be a list, not {_called(value)}")
        return tuple(_convert(item, arguments[0], f"{where}[{index}]") for index, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise RecordInvalid(where, f"{where} must be an object, not {_called(value)}")
        return value
    if is_dataclass(hint):
        return from_plain(cast(type, hint), value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is not bool and isinstance(value, bool)):
        raise RecordInvalid(where, f"{where} must be {_NAMES.get(hint, hint)}, not {_called(value)}")
    return value


_NAMES = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


def _called(value: Any) -> str:
    text = encode(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _whole(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{text[:20]}… is too large a number")
    return number


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON value")
