"""Values as people type them: in forms, commands and CSV files."""

from __future__ import annotations

import datetime
import decimal
import math
import typing


def parse(kind: str, text: str) -> typing.Any:
    """A value of a field's type from text; nothing typed is None where the type allows it (`date | None`).

    Raises ValueError when the text is no such value.
    """
    optional = kind.endswith(" | None")
    plain = kind.removesuffix(" | None")
    text = text.strip() if plain != "str" else text
    if optional and not text:
        return None
    if plain.startswith("list["):
        inner = plain.removeprefix("list[").removesuffix("]")
        return [parse(inner, part.strip()) for part in text.split(",") if part.strip()]
    if plain == "bool":
        return text.lower() in ("1", "on", "true", "yes")
    if plain == "Decimal":
        return _exact(text)
    if plain == "float":
        return _finite(text)
    readers: dict[str, typing.Callable[[str], typing.Any]] = {
        "str": str,
        "int": int,
        "date": datetime.date.fromisoformat,
        "datetime": datetime.datetime.fromisoformat,
    }
    return readers[plain](text)


def show(value: object) -> str:
    """A value as `parse` reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(show, value))
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number that can be kept")
    return number


def _exact(text: str) -> decimal.Decimal:
    try:
        amount = decimal.Decimal(text)
    except decimal.InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount") from error
    if not amount.is_finite():
        raise ValueError(f"{text!r} is not an amount")
    return amount
