"""The second step: rows become checked records; those that make none are told, not dropped in silence."""

from __future__ import annotations

import collections.abc
import dataclasses
import typing

from .extract import Row
from .values import parse

T = typing.TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Fault:
    """A row that makes no record, and why."""

    line: int
    why: str


def transform(
    rows: collections.abc.Iterable[tuple[int, Row]], kind: type[T], types: collections.abc.Mapping[str, str]
) -> tuple[list[T], list[Fault]]:
    """Records of `kind` from rows, in their order; `types` says what each column holds."""
    records: list[T] = []
    faults: list[Fault] = []
    for line, row in rows:
        try:
            records.append(kind(**{name: _value(row, name, wanted) for name, wanted in types.items()}))
        except (ValueError, KeyError) as problem:
            faults.append(Fault(line, str(problem.args[0] if problem.args else problem)))
    return records, faults


def _value(row: Row, name: str, kind: str) -> typing.Any:
    if name not in row:
        raise KeyError(f"the column {name} is missing")
    try:
        return parse(kind, row[name])
    except ValueError as problem:
        raise ValueError(f"{name}: {problem}") from problem
