"""The last step: what was read takes the place of what is in the database, all or nothing."""

from __future__ import annotations

import collections.abc
import typing

from .database import RecordStore

T = typing.TypeVar("T")


def load(store: RecordStore[T], records: collections.abc.Iterable[T]) -> int:
    """Keep exactly these records; returns how many."""
    return store.replace_all(records)
