"""What was spent: one line a model call, in the person's own folder, because a day's budget holds for all workspaces.

Unlike spans these lines do not expire, and a call that a budget has let pass is written down before it is made: who is
killed in the middle of it has spent at most that.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.location import person_home

_BUSY_TIMEOUT_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    workspace TEXT NOT NULL,
    run TEXT NOT NULL,
    plan TEXT NOT NULL,
    task TEXT NOT NULL,
    backend TEXT NOT NULL,
    model TEXT NOT NULL,
    local INTEGER NOT NULL,
    usd REAL,
    label TEXT NOT NULL,
    cpu_s REAL,
    wall_s REAL NOT NULL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    error TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_by_time ON calls (at);
CREATE INDEX IF NOT EXISTS calls_by_run ON calls (run);
"""


@dataclass(frozen=True)
class Call:
    """One model call.

    :param at: seconds since the epoch.
    :param run: the trace that it is part of.
    :param usd: what it cost; None when that is unknown.
    :param label: where ``usd`` comes from.
    :param cpu_s: CPU seconds of the process here that answered; None when there is none that we can ask.
    """

    at: float
    workspace: str
    run: str
    plan: str
    task: str
    backend: str
    model: str
    local: bool
    usd: float | None
    label: str
    cpu_s: float | None = None
    wall_s: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str = ""


_COLUMNS = ", ".join(field.name for field in fields(Call))
_MARKS = ", ".join("?" for _ in fields(Call))


class Ledger:
    """Reads and writes the person's ``spend.db``; nothing is held open between calls."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or person_home() / "spend.db"

    def add(self, call: Call) -> int:
        """Write a call down and return its number.

        :raises sqlite3.Error, OSError: when that is not possible.
        """
        with self.transaction() as connection:
            return insert(connection, call)

    def settle(self, number: int, call: Call) -> None:
        """Put what a call really was in the place of what it was foreseen to be.

        :raises sqlite3.Error, OSError: when that is not possible.
        """
        assignments = ", ".join(f"{field.name} = ?" for field in fields(Call))
        with self.transaction() as connection:
            connection.execute(f"UPDATE calls SET {assignments} WHERE id = ?", (*astuple(call), number))

    def drop(self, number: int) -> None:
        """Take back a call that was foreseen and not made."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM calls WHERE id = ?", (number,))

    def calls(self, since: float = 0.0, workspace: str | None = None) -> list[Call]:
        """The calls since a time (seconds since the epoch), oldest first; of one workspace, if it is named."""
        if not self.path.is_file():
            return []
        condition = "at >= ?" + ("" if workspace is None else " AND workspace = ?")
        values: Sequence[Any] = (since,) if workspace is None else (since, workspace)
        with closing(self._connect()) as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM calls WHERE {condition} ORDER BY id", values).fetchall()
        return [replace(Call(*row), local=bool(row[7])) for row in rows]

    def average_usd(self, model: str) -> float | None:
        """What the calls of a local model cost on average, as far as that is known; None when it is of none."""
        if not self.path.is_file():
            return None
        with closing(self._connect()) as connection:
            query = "SELECT avg(usd) FROM calls WHERE model = ? AND local"
            average: float | None = connection.execute(query, (model,)).fetchone()[0]
        return average

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction that no other process's comes between.

        :raises sqlite3.Error, OSError: when the file cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            # Outlives a killed process; what a power cut may take is the last lines.
            connection.execute("PRAGMA synchronous = NORMAL")
            if not connection.execute("PRAGMA table_info(calls)").fetchone():
                connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
        return connection


def insert(connection: sqlite3.Connection, call: Call) -> int:
    """Write a call down within a transaction, and return its number."""
    done = connection.execute(f"INSERT INTO calls ({_COLUMNS}) VALUES ({_MARKS})", astuple(call))
    return int(done.lastrowid or 0)


def spent(connection: sqlite3.Connection, condition: str, values: Sequence[Any]) -> float:
    """USD of the calls that meet an SQL condition, as far as they are known."""
    return float(connection.execute(f"SELECT total(usd) FROM calls WHERE {condition}", values).fetchone()[0])


def day_start(now: float | None = None) -> float:
    """When the present day began here, in seconds since the epoch."""
    today = datetime.fromtimestamp(time.time() if now is None else now)
    return today.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
