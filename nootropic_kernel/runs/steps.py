"""The journal of a run's steps: every request with its answer, so that a broken-off run resumes from there."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from typing import Any

from nootropic_kernel.runs import effects
from nootropic_kernel.runs.effects import Effect
from nootropic_kernel.workspace.database import StateDatabase

_RECORDS = {
    cls.__name__: cls for cls in vars(effects).values() if isinstance(cls, type) and dataclasses.is_dataclass(cls)
}


class StepLog:
    """The journalled requests and answers of one run, in order."""

    def __init__(self, database: StateDatabase, run: str) -> None:
        self.database = database
        self.run = run
        self._next = 0

    def replay(self, effect: Effect) -> tuple[bool, Any]:
        """(True, answer) when this request was answered before at this place; otherwise (False, None).

        A request that differs from the journalled one drops it and all that follow.
        """
        row = (
            self.database.read()
            .execute("SELECT request, answer FROM steps WHERE run = ? AND seq = ?", (self.run, self._next))
            .fetchone()
        )
        if row is None:
            return False, None
        if row["request"] != fingerprint(effect):
            with self.database.transaction() as connection:
                connection.execute("DELETE FROM steps WHERE run = ? AND seq >= ?", (self.run, self._next))
            return False, None
        self._next += 1
        return True, decode(row["answer"])

    def record(self, effect: Effect, answer: Any) -> None:
        """Journal the answer to the request at this place."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO steps (run, seq, request, answer) VALUES (?, ?, ?, ?)",
                (self.run, self._next, fingerprint(effect), encode(answer)),
            )
        self._next += 1

    def forget(self) -> None:
        """Drop the run's rows: its result is kept elsewhere, or it is to start afresh."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM steps WHERE run = ?", (self.run,))
        self._next = 0


def fingerprint(effect: Effect) -> str:
    """A digest that is equal for equal requests."""
    return hashlib.sha256(encode(effect)).hexdigest()


def encode(value: Any) -> bytes:
    """A value made of plain data, bytes and our own records, as JSON bytes; :func:`decode` is its inverse."""
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=True).encode()


def decode(data: bytes) -> Any:
    """The value that :func:`encode` was given (tuples of records come back as they were)."""
    return _value(json.loads(data))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_plain(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_plain(key), _plain(item)] for key, item in value.items()]}
    if dataclasses.is_dataclass(value) and type(value).__name__ in _RECORDS:
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"record": type(value).__name__, "fields": fields}
    return value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    if "bytes" in plain:
        return base64.b64decode(plain["bytes"])
    if "tuple" in plain:
        return tuple(_value(item) for item in plain["tuple"])
    if "dict" in plain:
        return {_value(key): _value(item) for key, item in plain["dict"]}
    return _RECORDS[plain["record"]](**{name: _value(item) for name, item in plain["fields"].items()})
