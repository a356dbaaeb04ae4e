"""Where spans are kept: one SQLite file a workspace, apart from the journal because spans expire and may be lost."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEEP_DAYS = 14
_BUSY_TIMEOUT_S = 1.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spans (
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_id TEXT,
    name TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    error TEXT,
    attributes TEXT NOT NULL,
    PRIMARY KEY (trace_id, span_id)
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class SpanRecord:
    """One finished span: ids as hex, times in nanoseconds since the epoch, ``error`` when it failed."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int
    error: str | None
    attributes: Mapping[str, Any]

    @property
    def duration_s(self) -> float:
        """How long it took."""
        return (self.end_ns - self.start_ns) / 1e9


class SpanStore:
    """Reads and writes a ``spans.db``. Nothing is held open between calls, so the folder may be removed at any time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, records: Iterable[SpanRecord]) -> None:
        """Keep ``records``; does nothing while the state folder does not exist.

        A verb that only looks must leave no folder behind, and verbs that keep anything make the folder themselves.
        :raises sqlite3.Error: when the file cannot be written.
        """
        if not self.path.parent.is_dir():
            return
        rows = [
            (r.trace_id, r.span_id, r.parent_id, r.name, r.start_ns, r.end_ns, r.error, json.dumps(dict(r.attributes)))
            for r in records
        ]
        with closing(self._connect()) as connection, connection:
            connection.execute(_SCHEMA)
            connection.executemany("INSERT OR REPLACE INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def expire(self, *, keep_days: float = KEEP_DAYS, now: float | None = None) -> int:
        """Forget spans that ended more than ``keep_days`` ago, and return how many those were."""
        if not self.path.is_file():
            return 0
        before = int(((time.time() if now is None else now) - keep_days * 86400) * 1e9)
        with closing(self._connect()) as connection, connection:
            connection.execute(_SCHEMA)
            return connection.execute("DELETE FROM spans WHERE end_ns < ?", (before,)).rowcount

    def trace(self, trace_id: str) -> list[SpanRecord]:
        """The spans of a trace in order of their start; empty when they expired or were never kept."""
        if not self.path.is_file():
            return []
        try:
            with closing(self._connect()) as connection:
                rows = connection.execute(
                    "SELECT * FROM spans WHERE trace_id = ? ORDER BY start_ns, end_ns DESC", (trace_id,)
                ).fetchall()
        except sqlite3.Error:
            # Spans only tell; a damaged file of theirs must not stop the verb that wanted to show them.
            return []
        return [_record(row) for row in rows]

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        return connection


def _record(row: tuple[Any, ...]) -> SpanRecord:
    trace_id, span_id, parent_id, name, start_ns, end_ns, error, attributes = row
    return SpanRecord(trace_id, span_id, parent_id, name, start_ns, end_ns, error, json.loads(attributes))
