"""The journal: what happened, when, to what; ids only grow, and several processes write at once."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One journal row; ``at`` is seconds since the epoch, ``subject`` the id it speaks of (P1, T3, A2, a run)."""

    id: int
    at: float
    kind: str
    subject: str
    data: dict[str, Any]


def append(connection: sqlite3.Connection, kind: str, subject: str, /, **data: Any) -> int:
    """Add an event inside the caller's transaction and return its id."""
    cursor = connection.execute(
        "INSERT INTO events (at, kind, subject, data) VALUES (?, ?, ?, ?)",
        (time.time(), kind, subject, json.dumps(data, sort_keys=True)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def events(
    connection: sqlite3.Connection,
    *,
    after: int = 0,
    kind: str | None = None,
    subject: str | None = None,
    limit: int | None = None,
) -> list[Event]:
    """The events with an id above ``after``, oldest first, narrowed by kind and subject."""
    rows = connection.execute(
        "SELECT id, at, kind, subject, data FROM events"
        " WHERE id > ? AND (? IS NULL OR kind = ?) AND (? IS NULL OR subject = ?) ORDER BY id LIMIT ?",
        (after, kind, kind, subject, subject, -1 if limit is None else limit),
    )
    return [Event(row["id"], row["at"], row["kind"], row["subject"], _read_back(row["data"])) for row in rows]


def _read_back(data: Any) -> dict[str, Any]:
    """The event's data; a damaged row is named as such, and hides no other."""
    try:
        document = json.loads(data)
    except (ValueError, TypeError):
        document = None
    return document if isinstance(document, dict) else {"damaged": repr(data)}


def last_id(connection: sqlite3.Connection) -> int:
    """The id of the newest event; 0 when there is none."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])


def beginning(connection: sqlite3.Connection) -> str:
    """What tells this journal from another: its first row; empty while it has none."""
    row = connection.execute("SELECT id, at FROM events ORDER BY id LIMIT 1").fetchone()
    return "" if row is None else f"{row['id']}@{row['at']}"
