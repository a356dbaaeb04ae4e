"""The journal of a run's answers, so that a broken-off run resumes from there."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from nootropic_kernel.runs.effects import Single
from nootropic_kernel.runs.records import decode, encode
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import WorkspaceUnusable

KEPT_S = 14 * 24 * 3600.0
KEPT_RUNS = 100

# `steps` held the answers of earlier versions, copies of files among them.
# An answer lies in its own row, apart from the blobs that proposals share: forgetting a run erases it, and only it.
_SCHEMA = """
DROP TABLE IF EXISTS steps;
CREATE TABLE IF NOT EXISTS run_answers (
    run TEXT NOT NULL,
    step INTEGER NOT NULL,
    part INTEGER NOT NULL,
    request TEXT NOT NULL,
    answer BLOB NOT NULL,
    digest TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (run, step, part)
)
"""


class Place(NamedTuple):
    """Where in a run a request stands: the how-manieth effect it belongs to, and which part of that."""

    step: int
    part: int


class Found(NamedTuple):
    """A journalled answer."""

    answer: Any


class StepLog:
    """The journalled answers of one run.

    ``replayed`` and ``recorded`` count what this process took over and added; ``damage`` is why answers that were kept
    could not be used, empty when that did not happen.
    """

    def __init__(self, database: StateDatabase, run: str) -> None:
        self.database = database
        self.run = run
        self.replayed = 0
        self.recorded = 0
        self.damage = ""
        with self._writing() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            _sweep(connection)

    def find(self, place: Place, request: str) -> Found | None:
        """The answer that this request was given at this place by an earlier try.

        A request that differs from the journalled one drops it and the answers to all later effects; so does an answer
        that cannot be read.
        """
        with _usable(self.database):
            row = (
                self.database.read()
                .execute(
                    "SELECT request, answer, digest FROM run_answers WHERE run = ? AND step = ? AND part = ?",
                    (self.run, *place),
                )
                .fetchone()
            )
        if row is None:
            return None
        if row["request"] == request:
            try:
                found = Found(_undamaged(row["answer"], row["digest"]))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                self.damage = f"{type(error).__name__}: {error}"
            else:
                self.replayed += 1
                return found
        with self._writing() as connection:
            connection.execute(
                "DELETE FROM run_answers WHERE run = ? AND (step > ? OR (step = ? AND part = ?))",
                (self.run, place.step, *place),
            )
        return None

    def record(self, place: Place, request: str, answer: Any) -> None:
        """Journal the answer to the request at this place."""
        data = encode(answer)
        with self._writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO run_answers VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self.run, *place, request, data, _digest(data), time.time()),
            )
        self.recorded += 1

    def forget(self) -> None:
        """Erase the run's answers: its result is kept elsewhere, or it is to start afresh."""
        with self._writing() as connection:
            connection.execute("DELETE FROM run_answers WHERE run = ?", (self.run,))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with _usable(self.database), self.database.transaction() as connection:
            # Answers may quote files, so a row that is deleted is overwritten, too.
            connection.execute("PRAGMA secure_delete = ON")
            yield connection


@contextmanager
def _usable(database: StateDatabase) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise WorkspaceUnusable(
            "The answers of this run cannot be kept.",
            why=str(error),
            next="Make room on the disk, make the state folder writable, or move a damaged state.db away; "
            "then run this again.",
            path=str(database.path),
        ) from error


def request_digest(effect: Single, depends_on: str = "") -> str:
    """A digest that is equal for equal requests under equal circumstances."""
    return hashlib.sha256(encode(effect) + b"\0" + depends_on.encode("utf-8", "surrogateescape")).hexdigest()


def _sweep(connection: sqlite3.Connection) -> None:
    """Erase the answers of runs that nobody took up again."""
    connection.execute(
        "DELETE FROM run_answers WHERE run IN (SELECT run FROM run_answers GROUP BY run HAVING max(at) < ?)"
        " OR run NOT IN (SELECT run FROM run_answers GROUP BY run ORDER BY max(at) DESC LIMIT ?)",
        (time.time() - KEPT_S, KEPT_RUNS),
    )


def _undamaged(data: Any, digest: str) -> Any:
    if not isinstance(data, bytes) or _digest(data) != digest:
        raise ValueError("the kept answer is damaged")
    return decode(data)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
