"""A SQLite connection whose errors tell a person what happened and what to do."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.errors import NootropicError, WorkspaceUnusable

BUSY_TIMEOUT_S = 30.0
# Result codes of SQLite (sqlite.org/rescode.html), the primary part.
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REFUSED = (
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
)  # fmt: skip


class StateBusy(NootropicError):
    """Another process writes to the state database for longer than we are willing to wait."""


class StateDamaged(WorkspaceUnusable):
    """The state database is damaged; whoever opens it next saves what can be read."""


def damage_mark(path: Path) -> Path:
    """The file that says that a database was found damaged while it was used; it holds that file's `identity`."""
    return path.with_name(f"{path.name}-damaged")


def identity(path: Path) -> str:
    """What tells a file from another that took its name; empty when there is none."""
    try:
        return str(path.stat().st_ino)
    except OSError:
        return ""


@contextmanager
def told(path: Path, opened: str) -> Iterator[None]:
    """Turn SQLite's errors about the file at ``path`` into ours; those about a statement stay, they are bugs.

    Args:
        path: the database.
        opened: the `identity` of the file that was opened; another one may have its name by now.

    Raises:
        StateBusy: another process writes to it.
        StateDamaged: it is damaged; this is noted beside it.
        WorkspaceUnusable: the disk is full, or the file cannot be read or written.
    """
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # Text that is none, in a row or in what SQLite says of its own table of contents, has no code.
        undecodable = isinstance(error, UnicodeDecodeError) or "decode to UTF-8" in str(error)
        code = sqlite3.SQLITE_CORRUPT if undecodable else getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _BUSY:
            raise StateBusy(
                "The state database is busy.",
                why=f"Another process has been writing to it for more than {BUSY_TIMEOUT_S:g} s.",
                next="Wait for it to end, then run this again: what was begun is finished or taken back then.",
                path=str(path),
            ) from error
        if code in _DAMAGED:
            try:
                mark = damage_mark(path)
                draft = mark.with_name(f"{mark.name}-{os.getpid()}-{threading.get_ident()}")
                draft.write_text(opened)
                draft.replace(mark)  # nobody reads half a mark
            except OSError:
                pass  # the file system is worse off than the database, and what follows will say so
            raise StateDamaged(
                f"The state database {str(path)!r} is damaged.",
                why=str(error),
                next="Run this again: what can be read is saved then, and the damaged file is kept beside it.",
                path=str(path),
            ) from error
        if code in _REFUSED:
            raise WorkspaceUnusable(
                f"The state database {str(path)!r} cannot be used.",
                why=str(error),
                next="Make room on the disk and the folder writable, then run this again: what was begun is finished"
                " or taken back then. Code is in Git and not affected.",
                path=str(path),
            ) from error
        raise


class StateConnection(sqlite3.Connection):
    """A connection to ``path``; its errors are told as ours, also those that come while rows are read."""

    path: Path
    opened: str

    def cursor(self, factory: Any = None) -> Any:
        """A cursor that tells errors likewise."""
        return super().cursor(factory or _Cursor)

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run one statement."""
        cursor: sqlite3.Cursor = self.cursor().execute(sql, parameters)
        return cursor

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        """Run one statement for each set of parameters."""
        cursor: sqlite3.Cursor = self.cursor().executemany(sql, parameters)
        return cursor


class _Cursor(sqlite3.Cursor):
    def execute(self, *arguments: Any) -> _Cursor:
        with self._told():
            super().execute(*arguments)
        return self

    def executemany(self, *arguments: Any) -> _Cursor:
        with self._told():
            super().executemany(*arguments)
        return self

    def fetchone(self) -> Any:
        with self._told():
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with self._told():
            return super().fetchall()

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except (sqlite3.Error, UnicodeDecodeError):
            with self._told():
                raise

    def _told(self) -> Any:
        assert isinstance(self.connection, StateConnection)
        return told(self.connection.path, self.connection.opened)


def connect(path: Path) -> StateConnection:
    """Open the database: write-ahead log, full synchronisation, rows by name.

    Raises:
        StateBusy, StateDamaged, WorkspaceUnusable: it cannot be opened.
    """
    opened = identity(path)  # asked before: whoever takes a new file for the old one would have it saved once more
    with told(path, opened):
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, factory=StateConnection
        )
    connection.path, connection.opened = path, opened
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection
