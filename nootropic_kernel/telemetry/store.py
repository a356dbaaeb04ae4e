"""Where spans are kept: one SQLite file a workspace, apart from the journal because spans expire and may be lost.

Spans are numbered in the order in which they were kept. Whoever wants all of them (a follower in a terminal, the
forwarder, the metrics) reads on from the last number it saw, so none of them is in the way of the work.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEEP_DAYS = 14
_BUSY_TIMEOUT_S = 1.0
_COLUMNS = "trace_id, span_id, parent_id, name, start_ns, end_ns, error, attributes"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spans (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_id TEXT,
    name TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    error TEXT,
    attributes TEXT NOT NULL,
    UNIQUE (trace_id, span_id)
);
CREATE INDEX IF NOT EXISTS spans_by_end ON spans (end_ns);
CREATE TABLE IF NOT EXISTS forwarded (
    destination TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    failing_since REAL,
    reason TEXT NOT NULL DEFAULT '',
    refused INTEGER NOT NULL DEFAULT 0
);
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


@dataclass(frozen=True)
class Forwarding:
    """How far a destination has got: the last span that it took, since when it fails (seconds since the epoch) and
    why, and how many spans it refused for good."""

    destination: str
    seq: int
    failing_since: float | None = None
    reason: str = ""
    refused: int = 0


class SpanStore:
    """Reads and writes a ``spans.db``. Nothing is held open between calls, so the folder may be removed at any time.

    Spans only tell: a damaged file of theirs reads as empty, so that it stops no verb that wanted to show them.
    """

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
            connection.executemany(f"INSERT OR REPLACE INTO spans ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def expire(self, *, keep_days: float = KEEP_DAYS, now: float | None = None) -> int:
        """Forget spans that ended more than ``keep_days`` ago, and return how many those were."""
        if not self.path.is_file():
            return 0
        before = int(((time.time() if now is None else now) - keep_days * 86400) * 1e9)
        with closing(self._connect()) as connection, connection:
            return connection.execute("DELETE FROM spans WHERE end_ns < ?", (before,)).rowcount

    def trace(self, trace_id: str) -> list[SpanRecord]:
        """The spans of a trace in order of their start; empty when they expired or were never kept."""
        return self._spans("WHERE trace_id = ? ORDER BY start_ns, end_ns DESC", (trace_id,))

    def roots(self, limit: int = 20, *, like: str = "", leave_out: Sequence[str] = ()) -> list[SpanRecord]:
        """The latest finished traces by their first span, newest first.

        :param like: the begin of their id.
        :param leave_out: names of spans that are not wanted.
        """
        marks = ", ".join("?" for _ in leave_out)
        return self._spans(
            f"WHERE parent_id IS NULL AND substr(trace_id, 1, ?) = ? AND name NOT IN ({marks})"
            " ORDER BY start_ns DESC LIMIT ?",
            (len(like), like, *leave_out, limit),
        )

    def trace_ids_with(self, attribute: str, value: str) -> list[str]:
        """The traces in which a span has this attribute, newest first."""
        path = f'$."{attribute}"'
        rows = self._read(
            "SELECT trace_id FROM spans WHERE json_extract(attributes, ?) = ? GROUP BY trace_id"
            " ORDER BY max(start_ns) DESC",
            (path, value),
        )
        return [row[0] for row in rows]

    def since(self, seq: int, limit: int = 256) -> list[tuple[int, SpanRecord]]:
        """The spans kept after the number ``seq``, with their numbers, in the order in which they were kept."""
        rows = self._read(f"SELECT seq, {_COLUMNS} FROM spans WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
        return [(row[0], _record(row[1:])) for row in rows]

    def last_seq(self, before_s: float | None = None) -> int:
        """The number of the last span kept; with ``before_s``, of the last that ended before that time."""
        condition, values = ("", ()) if before_s is None else ("WHERE end_ns < ?", (int(before_s * 1e9),))
        rows = self._read(f"SELECT max(seq) FROM spans {condition}", values)
        return int(rows[0][0] or 0) if rows else 0

    def forwarding(self) -> dict[str, Forwarding]:
        """How far each destination has got."""
        rows = self._read("SELECT destination, seq, failing_since, reason, refused FROM forwarded", ())
        return {row[0]: Forwarding(*row) for row in rows}

    def note_forwarding(self, state: Forwarding) -> None:
        """Keep how far a destination has got.

        :raises sqlite3.Error: when the file cannot be written.
        """
        with closing(self._connect()) as connection, connection:
            connection.execute(
                "INSERT OR REPLACE INTO forwarded (destination, seq, failing_since, reason, refused)"
                " VALUES (?, ?, ?, ?, ?)",
                (state.destination, state.seq, state.failing_since, state.reason, state.refused),
            )

    def _spans(self, condition: str, values: tuple[Any, ...]) -> list[SpanRecord]:
        return [_record(row) for row in self._read(f"SELECT {_COLUMNS} FROM spans {condition}", values)]

    def _read(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        if not self.path.is_file():
            return []
        try:
            with closing(self._connect()) as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.Error:
            return []

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables; the spans of a file from before they were numbered are taken over."""
    columns = [row[1] for row in connection.execute("PRAGMA table_info(spans)")]
    if "seq" in columns:
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        columns = [row[1] for row in connection.execute("PRAGMA table_info(spans)")]
        if "seq" in columns:
            return
        if columns:
            connection.execute("ALTER TABLE spans RENAME TO unnumbered")
        for statement in filter(str.strip, _SCHEMA.split(";")):
            connection.execute(statement)
        if columns:
            connection.execute(f"INSERT INTO spans ({_COLUMNS}) SELECT {_COLUMNS} FROM unnumbered ORDER BY start_ns")
            connection.execute("DROP TABLE unnumbered")


def _record(row: tuple[Any, ...]) -> SpanRecord:
    trace_id, span_id, parent_id, name, start_ns, end_ns, error, attributes = row
    return SpanRecord(trace_id, span_id, parent_id, name, start_ns, end_ns, error, json.loads(attributes))
