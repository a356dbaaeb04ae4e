"""The one SQLite file that holds a workspace's journal, runs and proposals, shared by several processes."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nootropic_kernel.workspace.errors import WorkspaceUnusable
from nootropic_kernel.workspace.location import Workspace

SCHEMA_VERSION = 1
_BUSY_TIMEOUT_S = 30.0

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


class StateDatabase:
    """Access to ``state.db``: write-ahead log, full synchronisation, one connection a thread.

    Rooms that keep tables of their own register them once with :meth:`ensure_schema`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._guard = threading.Lock()

    @classmethod
    def open(cls, workspace: Workspace) -> StateDatabase:
        """Open (and on first use create) the workspace's database.

        :raises WorkspaceUnusable: when it cannot be opened, is damaged, or was made by a newer version.
        """
        workspace.ensure()
        database = cls(workspace.state_dir / "state.db")
        try:
            connection = database._connection()
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version == 0:
                database.ensure_schema(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except sqlite3.Error as error:
            database.close()
            raise WorkspaceUnusable(
                f"The state database {str(database.path)!r} cannot be opened.",
                why=str(error),
                next="Move the file away to start with an empty history; your code is in Git and not affected.",
                path=str(database.path),
            ) from error
        if version > SCHEMA_VERSION:
            database.close()
            raise WorkspaceUnusable(
                f"The state database has version {version}; this Nootropic knows {SCHEMA_VERSION}.",
                why="A newer Nootropic made it.",
                next="Update Nootropic, or move .nootropic/state.db away.",
                path=str(database.path),
            )
        return database

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
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

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
            connection = sqlite3.connect(
                self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
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
