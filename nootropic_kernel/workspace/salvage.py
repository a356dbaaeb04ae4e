"""Saving what can be read of a damaged state database: the rest of the history, and with it the product, goes on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.connection import damage_mark, identity
from nootropic_kernel.workspace.locks import process_lock

# Rows between two damaged places are looked up one by one, at most so many.
_MOST_LOOKUPS = 500_000
_MOST_FILLED_UP = 2**40
_WAIT_S = 600.0
_UNREADABLE = (sqlite3.Error, UnicodeDecodeError)


@dataclass(frozen=True)
class Salvaged:
    """How many rows of each table were kept, and the folder that holds the damaged file."""

    kept: dict[str, int]
    folder: Path

    @property
    def note(self) -> str:
        """The sentence for the person."""
        rows = ", ".join(f"{count} {table}" for table, count in self.kept.items() if count) or "nothing"
        return (
            f"The state database was damaged. Kept were {rows}; the rest of the history is lost, your code is not"
            f" affected. The damaged file is in {self.folder}."
        )


def salvage(path: Path) -> Salvaged | None:
    """Put a new database with every readable row in the place of a damaged one, which is kept in a folder beside it.

    Returns:
        What was kept, None when another process did it meanwhile.

    Raises:
        LockBusy: another process is at it for too long.
        OSError: the file system refuses.
    """
    with process_lock(path.with_name("salvage.lock"), timeout_s=_WAIT_S):
        try:
            marked = damage_mark(path).read_text()
        except FileNotFoundError:
            return None
        if marked and marked != identity(path):  # somebody had the damaged file open when it was replaced
            damage_mark(path).unlink()
            return None
        draft = path.with_name(f"{path.name}-salvaged")
        draft.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="salvage-") as reading:
            kept = _copy(_to_read(path, Path(reading)), draft)
        folder = _new_folder(path)
        result = Salvaged(kept, folder)
        _tell(draft, result)
        # The log first: laid over the new database it would damage that. The mark goes last, so that whoever is killed
        # here is followed by somebody who does it again.
        for ending in ("-wal", "-shm"):
            if path.with_name(path.name + ending).exists():
                os.rename(path.with_name(path.name + ending), folder / (path.name + ending))
        try:
            os.link(path, folder / path.name)
        except OSError:  # no hard links on this file system
            shutil.copyfile(path, folder / path.name)
        os.replace(draft, path)
        damage_mark(path).unlink()
        return result


def _new_folder(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    for attempt in range(1000):
        folder = path.with_name(f"damaged-{stamp}-{attempt}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(str(path))


def _to_read(path: Path, folder: Path) -> Path:
    """A copy to read from, with its log; what was cut off is filled up, or SQLite would not read the rest either."""
    copy = folder / path.name
    shutil.copyfile(path, copy)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        shutil.copyfile(log, folder / log.name)
    with copy.open("r+b") as file:
        header = file.read(100)
        # sqlite.org/fileformat.html, 1.3: page size (1 stands for 65,536), and the number of pages.
        page = int.from_bytes(header[16:18], "big")
        whole = (65_536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
        if file.seek(0, os.SEEK_END) < whole <= _MOST_FILLED_UP:
            file.truncate(whole)
    return copy


def _copy(damaged: Path, draft: Path) -> dict[str, int]:
    kept: dict[str, int] = {}
    with closing(sqlite3.connect(damaged, isolation_level=None)) as source, closing(_new(draft)) as target:
        try:
            source.execute("PRAGMA cell_size_check = ON")
            version = int(source.execute("PRAGMA user_version").fetchone()[0])
            tables = source.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
        except _UNREADABLE:
            return kept  # not even its table of contents can be read
        target.execute("BEGIN")
        for table, sql in tables:
            try:
                target.execute(sql)
            except (sqlite3.Error, TypeError):
                continue  # the room that needs it makes it anew
            kept[table] = sum(_put(target, table, row) for row in _rows(source, table))
        for table, last in _sequences(source):  # ids only grow, also past those of lost rows
            target.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            target.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))
        target.execute("COMMIT")
        target.execute(f"PRAGMA user_version = {max(version, 0)}")
    return kept


def _new(draft: Path) -> sqlite3.Connection:
    return sqlite3.connect(draft, isolation_level=None)


def _rows(source: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """Every readable row with its rowid: from the front, from the back, and one by one between two damaged places."""
    first = last = None
    try:
        for row in source.execute(f'SELECT rowid, * FROM "{table}" ORDER BY rowid'):
            first = row[0]
            yield row
        return
    except _UNREADABLE:
        pass
    try:
        for row in source.execute(f'SELECT rowid, * FROM "{table}" ORDER BY rowid DESC'):
            if first is not None and row[0] <= first:
                return
            last = row[0]
            yield row
    except _UNREADABLE:
        pass
    begin = 1 if first is None else first + 1
    end = begin + _MOST_LOOKUPS if last is None else min(last, begin + _MOST_LOOKUPS)
    if last is None:
        end = min(end, dict(_sequences(source)).get(table, 10_000) + 1)
    for rowid in range(begin, end):
        try:
            row = source.execute(f'SELECT rowid, * FROM "{table}" WHERE rowid = ?', (rowid,)).fetchone()
        except _UNREADABLE:
            continue
        if row is not None:
            yield row


def _put(target: sqlite3.Connection, table: str, row: tuple[Any, ...]) -> int:
    values = list(row[1:])
    if table == "blobs" and not _is_whole(values):
        return 0
    places = ", ".join("?" * len(values))
    try:
        cursor = target.execute(f'INSERT OR IGNORE INTO "{table}" VALUES ({places})', values)
    except sqlite3.Error:
        return 0  # a value that its column cannot hold
    return cursor.rowcount


def _is_whole(values: list[Any]) -> bool:
    digest, data = values
    return isinstance(data, bytes) and hashlib.sha256(data).hexdigest() == digest


def _sequences(source: sqlite3.Connection) -> list[tuple[str, int]]:
    try:
        found = source.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    except _UNREADABLE:
        return []
    return [(name, last) for name, last in found if isinstance(name, str) and isinstance(last, int)]


def _tell(draft: Path, result: Salvaged) -> None:
    """Journal it in the new database."""
    document = json.dumps({"kept": result.kept, "folder": str(result.folder)}, sort_keys=True)
    with closing(_new(draft)) as connection:
        try:
            connection.execute(
                "INSERT INTO events (at, kind, subject, data) VALUES (?, 'state.salvaged', 'state', ?)",
                (time.time(), document),
            )
        except sqlite3.OperationalError:
            pass  # the journal's table was lost too; the note to the person says so
