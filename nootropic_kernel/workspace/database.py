"""The one SQLite file that holds a workspace's journal, runs and proposals, shared by several processes."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nootropic_kernel.workspace.connection import StateDamaged, connect, damage_mark
from nootropic_kernel.workspace.errors import WorkspaceUnusable
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.salvage import salvage

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_subject ON events (subject, id);
CREATE TABLE IF NOT EXISTS blobs (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL);
"""

_HAS_EVENTS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'events'"


class StateDatabase:
    """Access to ``state.db``: write-ahead log, full synchronisation, one connection a thread.

    Rooms that keep tables of their own register them once with :meth:`ensure_schema`.
    """

    def __init__(self, path: Path, notes: tuple[str, ...] = ()) -> None:
        self.path = path
        self.notes = notes  # what the person should be told of how it was opened
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    @classmethod
    def open(cls, workspace: Workspace) -> StateDatabase:
        """Open (and on first use create) the workspace's database; of a damaged one, what can be read is saved first.

        :raises WorkspaceUnusable: when it cannot be opened, or was made by a newer version.
        :raises StateBusy: when another process holds it for too long.
        """
        workspace.ensure()
        path = workspace.state_dir / "state.db"
        if not damage_mark(path).exists():
            try:
                return cls(path)._ready()
            except StateDamaged:
                pass  # marked now, and mended next
        try:
            saved = salvage(path)
        except OSError as error:
            raise WorkspaceUnusable(
                f"The state database {str(path)!r} is damaged, and what can be read of it could not be saved.",
                why=error.strerror or str(error),
                next="Make room on the disk, or move the file away to start with an empty history.",
                path=str(path),
            ) from error
        return cls(path, () if saved is None else (saved.note,))._ready()

    def _ready(self) -> StateDatabase:
        try:
            connection = self._connection()
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > SCHEMA_VERSION:
                raise WorkspaceUnusable(
                    f"The state database has version {version}; this Nootropic knows {SCHEMA_VERSION}.",
                    why="A newer Nootropic made it.",
                    next="Update Nootropic, or move .nootropic/state.db away.",
                    path=str(self.path),
                )
            if version != SCHEMA_VERSION or not connection.execute(_HAS_EVENTS).fetchone():
                self.ensure_schema(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except BaseException:
            self.close()
            raise
        return self

    def ensure_schema(self, sql: str) -> None:
        """Create a room's tables; ``sql`` holds only ``CREATE … IF NOT EXISTS`` statements."""
        with self.transaction() as connection:
            for statement in sql.split(";"):
                if statement.strip():
                    connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed at the end, rolled back on any error. Nested uses join the outer one."""
        connection = self._connection()
        nested = connection.in_transaction
        if nested:
            yield connection
            return
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # on a full disk SQLite rolls back by itself
                connection.execute("ROLLBACK")
            raise

    def read(self) -> sqlite3.Connection:
        """A connection for reading."""
        return self._connection()

    def close(self) -> None:
        """Close the connections of every thread."""
        with self._guard:
            for connection in self._all:
                connection.close()
            self._all.clear()
        self._local = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.path)
            self._local.connection = connection
            with self._guard:
                self._all.append(connection)
        return connection


def put_blob(connection: sqlite3.Connection, data: bytes) -> str:
    """Keep ``data`` under its sha256 and return that; the same bytes are kept once."""
    digest = hashlib.sha256(data).hexdigest()
    connection.execute("INSERT OR IGNORE INTO blobs (sha256, data) VALUES (?, ?)", (digest, data))
    return digest


def get_blob(connection: sqlite3.Connection, digest: str) -> bytes | None:
    """The bytes kept under ``digest``, or None when they were erased."""
    row = connection.execute("SELECT data FROM blobs WHERE sha256 = ?", (digest,)).fetchone()
    return None if row is None else bytes(row["data"])
