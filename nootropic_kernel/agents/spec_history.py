"""The latest revisions of project-spec.md as they were written here: what later edits of the file are compared with."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase

_KEPT = 30
_SCHEMA = """
CREATE TABLE IF NOT EXISTS spec_revisions (
    plan TEXT NOT NULL,
    revision INTEGER NOT NULL,
    state TEXT NOT NULL,
    message TEXT NOT NULL,
    commit_id TEXT,
    content BLOB NOT NULL,
    seen BLOB,
    base_revision INTEGER,
    base BLOB,
    at REAL NOT NULL,
    PRIMARY KEY (plan, revision)
)
"""


_IS_THERE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'spec_revisions'"


@dataclass(frozen=True)
class Revision:
    """One revision as it was written; ``finished`` once the file stands and Git was asked to commit it.

    ``seen`` is the file as a later revision took it over: with what a person had edited by then. ``base`` is what an
    unfinished one was made from.
    """

    revision: int
    content: bytes
    seen: bytes
    message: str
    commit: str | None
    finished: bool
    base: bytes | None


def unfinished(database: StateDatabase) -> list[str]:
    """The plans of which a revision is being written, or was when its process was killed."""
    connection = database.read()
    if not connection.execute(_IS_THERE).fetchone():
        return []
    rows = connection.execute("SELECT DISTINCT plan FROM spec_revisions WHERE state = 'intent'").fetchall()
    return [str(row["plan"]) for row in rows]


class SpecHistory:
    """The revisions of one plan."""

    def __init__(self, database: StateDatabase, plan: str) -> None:
        self._database, self._plan = database, plan

    def intend(self, revision: int, content: bytes, message: str, base: tuple[int, bytes] | None) -> None:
        """Note what is about to be written, and the revision and the file it was made from; the oldest are let go."""
        self._database.ensure_schema(_SCHEMA)
        base_revision, base_content = base if base is not None else (None, None)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO spec_revisions VALUES (?, ?, 'intent', ?, NULL, ?, NULL, ?, ?, ?)",
                (
                    self._plan, revision, message, zlib.compress(content), base_revision,
                    None if base_content is None else zlib.compress(base_content), time.time(),
                ),
            )  # fmt: skip
            connection.execute(
                "DELETE FROM spec_revisions WHERE plan = ? AND revision NOT IN"
                " (SELECT revision FROM spec_revisions WHERE plan = ? ORDER BY at DESC LIMIT ?)",
                (self._plan, self._plan, _KEPT),
            )

    def finish(self, revision: int, commit: str | None, kind: str = "", **told: Any) -> None:
        """Note that it was written, and the commit that holds it; it took over what was edited in its base.

        :param kind: the event that the journal gets with it, none where empty; ``told`` is its data.
        """
        with self._database.transaction() as connection:
            if kind:
                journal.append(connection, kind, self._plan, revision=revision, commit=commit, **told)
            row = connection.execute(
                "SELECT base_revision, base FROM spec_revisions WHERE plan = ? AND revision = ?",
                (self._plan, revision),
            ).fetchone()
            if row is not None and row["base"] is not None:
                connection.execute(
                    "UPDATE spec_revisions SET seen = ? WHERE plan = ? AND revision = ?",
                    (row["base"], self._plan, row["base_revision"]),
                )
            connection.execute(
                "UPDATE spec_revisions SET state = 'done', commit_id = ?, base = NULL WHERE plan = ? AND revision = ?",
                (commit, self._plan, revision),
            )

    def drop(self, revision: int) -> None:
        """Forget what was never written."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM spec_revisions WHERE plan = ? AND revision = ?", (self._plan, revision))

    def latest(self) -> Revision | None:
        """What was written, or about to be, last."""
        return self._one("ORDER BY at DESC LIMIT 1")

    def find(self, revision: int) -> Revision | None:
        """A revision that is still kept."""
        return self._one("AND revision = ?", revision)

    def _one(self, narrowed: str, *values: int) -> Revision | None:
        if not self._database.read().execute(_IS_THERE).fetchone():
            return None  # whoever only looks makes no table
        row = (
            self._database.read()
            .execute(f"SELECT * FROM spec_revisions WHERE plan = ? {narrowed}", (self._plan, *values))
            .fetchone()
        )
        if row is None:
            return None
        content = zlib.decompress(row["content"])
        seen = content if row["seen"] is None else zlib.decompress(row["seen"])
        base = None if row["base"] is None else zlib.decompress(row["base"])
        done = row["state"] == "done"
        return Revision(row["revision"], content, seen, row["message"], row["commit_id"], done, base)
