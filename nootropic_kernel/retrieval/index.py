"""The index: chunks of the repository's files in SQLite, kept up to date by content hash.

It is derived: damaged or from another version, it is thrown away and made anew.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from nootropic_kernel.retrieval.chunks import Chunk, chunks_of
from nootropic_kernel.retrieval.tokens import tokens
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import lexical_fault

VERSION = 2
MAX_FILE_BYTES = 1_000_000
# A file changed this shortly before it was indexed may change again within the same timestamp.
_RACY_NS = 2_000_000_000
# JupyterLab's copies of saved notebooks say everything twice, and in an older form.
_COPIES = ".ipynb_checkpoints"
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", ".venv", "venv", "build", "dist"})

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, sha TEXT, size INTEGER, mtime INTEGER, seen INTEGER);
CREATE TABLE IF NOT EXISTS chunks (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, first INTEGER, last INTEGER, name TEXT, text TEXT
);
CREATE INDEX IF NOT EXISTS chunks_by_path ON chunks (path);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (name, header, body, tokenize = "unicode61 remove_diacritics 0");
"""

_LOCK_S = 30.0


class Index:
    """The index of one workspace. Cheap to make; each call opens the file anew, so any thread or process may."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.path = workspace.state_dir / "index.db"

    def refresh(self) -> int:
        """Bring the index up to date with the files as they are now; returns how many files were read again."""
        self.workspace.ensure()
        try:
            return self._refresh()
        except sqlite3.DatabaseError as problem:
            if isinstance(problem, sqlite3.OperationalError) and "locked" in str(problem):
                raise
            self._discard()
            return self._refresh()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries."""
        with closing(self._connect()) as connection:
            yield connection

    def _refresh(self) -> int:
        with closing(self._connect()) as connection:
            known = {row["path"]: row for row in connection.execute("SELECT * FROM files")}
            present = dict(self._files())
            changed = []
            for path, status in present.items():
                row = known.get(path)
                settled = row is not None and row["seen"] - row["mtime"] > _RACY_NS
                if settled and row is not None and (row["size"], row["mtime"]) == (status.st_size, status.st_mtime_ns):
                    continue
                data = self._read(path)
                if data is None:
                    continue
                sha = hashlib.sha256(data).hexdigest()
                changed.append((path, data, sha, status, row is not None and row["sha"] == sha))
            gone = [path for path in known if path not in present]
            if not changed and not gone:
                return 0
            connection.execute("BEGIN IMMEDIATE")
            for path in [*gone, *(path for path, *_, same in changed if not same)]:
                self._drop(connection, path)
            for path, data, sha, status, same in changed:
                if not same:
                    self._add(connection, chunks_of(path, data))
                connection.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)",
                    (path, sha, status.st_size, status.st_mtime_ns, time.time_ns()),
                )
            connection.execute("COMMIT")
            return sum(not same for *_, same in changed) + len(gone)

    def _add(self, connection: sqlite3.Connection, pieces: list[Chunk]) -> None:
        for chunk in pieces:
            cursor = connection.execute(
                "INSERT INTO chunks (path, first, last, name, text) VALUES (?, ?, ?, ?, ?)",
                (chunk.path, chunk.start, chunk.end, chunk.name, chunk.text),
            )
            words = (" ".join(tokens(part)) for part in (chunk.name, chunk.header, chunk.text))
            connection.execute(
                "INSERT INTO words (rowid, name, header, body) VALUES (?, ?, ?, ?)", (cursor.lastrowid, *words)
            )

    def _drop(self, connection: sqlite3.Connection, path: str) -> None:
        connection.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM chunks WHERE path = ?)", (path,))
        connection.execute("DELETE FROM chunks WHERE path = ?", (path,))
        connection.execute("DELETE FROM files WHERE path = ?", (path,))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_LOCK_S, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            _use_write_ahead_log(connection)
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version not in (0, VERSION):
                connection.close()
                self._discard()
                return self._connect()
            if version == 0:
                connection.executescript(_SCHEMA)
                connection.execute(f"PRAGMA user_version = {VERSION}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _discard(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Files that may be read into a prompt: regular, inside the root, not ignored, not secret, not huge."""
        root = self.workspace.root
        inside: dict[Path, bool] = {}
        for path in Git(root).files() if self.workspace.has_git else _walk(root):
            place = root / path
            folder = place.parent
            if folder not in inside:
                inside[folder] = Path(os.path.realpath(folder)) == Path(os.path.realpath(root)) / Path(path).parent
            if lexical_fault(path) or not inside[folder] or not _is_text(path) or _COPIES in Path(path).parts:
                continue
            try:
                status = os.lstat(place)
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode) and status.st_size <= MAX_FILE_BYTES:
                yield path, status

    def _read(self, path: str) -> bytes | None:
        try:
            return (self.workspace.root / path).read_bytes()
        except OSError:
            return None


def _is_text(path: str) -> bool:
    """Whether a name is text: one whose bytes are not UTF-8 can neither be kept here nor be said to a model."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _walk(root: Path) -> Iterator[str]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in _SKIPPED_FOLDERS and not name.startswith("."))
        for name in sorted(files):
            yield (Path(folder) / name).relative_to(root).as_posix()


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """SQLite does not wait here, whatever its time limit, when another process makes the file at the same moment."""
    until = time.monotonic() + _LOCK_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= until:
                raise
        time.sleep(0.02)
