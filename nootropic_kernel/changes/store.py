"""Where proposed changes are kept: files, hunks and their states in the workspace's database, payloads as blobs."""

from __future__ import annotations

import difflib
import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from nootropic_kernel.changes.changeset import ChangeSet, FileEdit, Hunk, HunkState, Provenance, build_changeset
from nootropic_kernel.changes.overview import Overview, overview
from nootropic_kernel.changes.proposal import (
    CheckResult,
    Proposal,
    ProposalDamaged,
    Status,
    damage,
    number_in,
    status_of,
)
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, get_blob, put_blob
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import check_paths

__all__ = ["CheckResult", "EmptyProposal", "NoSuchProposal", "Proposal", "ProposalDamaged", "ProposalStore", "Status",
           "no_such_proposal", "number_in", "put_text", "rebuilt", "set_hunk", "status_of"]  # fmt: skip

SCHEMA = """
CREATE TABLE IF NOT EXISTS proposals (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    task TEXT,
    created REAL NOT NULL,
    provenance TEXT NOT NULL,
    files TEXT NOT NULL,
    checks TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS proposals_by_task ON proposals (task);
CREATE TABLE IF NOT EXISTS proposal_hunks (
    proposal INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    hunk TEXT NOT NULL,
    edited TEXT,
    turn INTEGER,
    PRIMARY KEY (proposal, number)
);
CREATE INDEX IF NOT EXISTS proposal_hunks_states ON proposal_hunks (proposal, number, state, turn);
CREATE TABLE IF NOT EXISTS turns (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    reverses INTEGER,
    state TEXT NOT NULL,
    at REAL NOT NULL,
    commit_id TEXT,
    record TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS turn_hunks (
    turn INTEGER NOT NULL,
    proposal INTEGER NOT NULL,
    number INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    edited TEXT,
    PRIMARY KEY (turn, proposal, number)
);
CREATE INDEX IF NOT EXISTS turn_hunks_by_proposal ON turn_hunks (proposal, turn)
"""


class NoSuchProposal(NootropicError):
    """No proposal, hunk or file of that name."""


class EmptyProposal(NootropicError):
    """The edits change nothing."""

    def __init__(self) -> None:
        super().__init__("There is nothing to propose.", why="The edits leave every file as it is.")


class ProposalStore:
    """Proposals of one workspace. Every change of theirs is journalled in the same transaction."""

    def __init__(self, database: StateDatabase, workspace: Workspace) -> None:
        self.database = database
        self.workspace = workspace
        database.ensure_schema(SCHEMA)

    def propose(self, changeset: ChangeSet, *, checks: Sequence[CheckResult] = ()) -> Proposal:
        """Keep a change for review; the same change for the same task is the proposal that exists already.

        Raises:
            PathRefused: a file that no change may touch.
            EmptyProposal: nothing changes.
        """
        if not changeset.hunks:
            raise EmptyProposal()
        paths = dict.fromkeys(path for edit in changeset.files for path in edit.paths)
        made = {edit.path for edit in changeset.files if edit.new is not None}
        check_paths(self.workspace, list(paths), going=[path for path in paths if path not in made])
        key = _key(changeset)
        provenance = changeset.provenance
        with self.database.transaction() as connection:
            row = connection.execute("SELECT number FROM proposals WHERE key = ?", (key,)).fetchone()
            if row is None:
                files = [_stored_edit(connection, edit) for edit in changeset.files]
                number = connection.execute(
                    "INSERT INTO proposals (key, task, created, provenance, files, checks) VALUES (?, ?, ?, ?, ?, ?)",
                    (key, provenance.task, time.time(), json.dumps(asdict(provenance)), json.dumps(files), "[]"),
                ).lastrowid
                connection.executemany(
                    "INSERT INTO proposal_hunks (proposal, number, state, hunk) VALUES (?, ?, ?, ?)",
                    [(number, h.number, h.state.value, json.dumps(_hunk_document(h))) for h in changeset.hunks],
                )
                journal.append(
                    connection,
                    "proposal.made",
                    f"P{number}",
                    task=provenance.task,
                    title=provenance.title,
                    how=provenance.how,
                    model=provenance.model,
                    paths=[edit.path for edit in changeset.files],
                    hunks=len(changeset.hunks),
                )
            else:
                number = row["number"]
            if checks:
                self._set_checks(connection, f"P{number}", checks)
        return self.get(f"P{number}")

    def set_checks(self, proposal: str, checks: Sequence[CheckResult]) -> Proposal:
        """Keep what the checks said about a proposal."""
        with self.database.transaction() as connection:
            self._set_checks(connection, proposal, checks)
        return self.get(proposal)

    def get(self, proposal: str) -> Proposal:
        """One proposal.

        Raises:
            NoSuchProposal: there is none of that id.
            ProposalDamaged: it cannot be read back.
        """
        number = number_in(proposal, "P")
        connection = self.database.read()
        row = connection.execute("SELECT * FROM proposals WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise no_such_proposal(connection, proposal)
        return _loaded(connection, row)

    def damaged(self) -> list[ProposalDamaged]:
        """The proposals that cannot be read back, as errors that name them."""
        return [p for p in self._all(None) if isinstance(p, ProposalDamaged)]

    def ids(self) -> list[str]:
        """Every id, oldest first, without reading the proposals."""
        rows = self.database.read().execute("SELECT number FROM proposals ORDER BY number")
        return [f"P{row['number']}" for row in rows]

    def overview(self, task: str | None = None) -> Overview:
        """Every proposal (of a task) as a table shows it; no contents are read."""
        return overview(self.database.read(), task)

    def alternatives(self, proposal: str) -> tuple[str, ...]:
        """Other proposals for the same task that are still to decide, oldest first."""
        rows = self.database.read().execute(
            "SELECT other.number FROM proposals own JOIN proposals other ON other.task = own.task"
            " WHERE own.number = ? AND other.number != own.number AND EXISTS (SELECT 1 FROM proposal_hunks hunks"
            " WHERE hunks.proposal = other.number AND hunks.state = 'pending') ORDER BY other.number",
            (number_in(proposal, "P"),),
        )
        return tuple(f"P{row['number']}" for row in rows)

    def note_shown(self, proposal: str, face: str) -> None:
        """Journal that a person saw a proposal, once for each face: what was seen and left differs from the unseen."""
        connection = self.database.read()
        seen = journal.events(connection, kind="proposal.shown", subject=proposal)
        if not any(event.data.get("face") == face for event in seen):
            with self.database.transaction() as connection:
                journal.append(connection, "proposal.shown", proposal, face=face)

    def _all(self, task: str | None) -> list[Proposal | ProposalDamaged]:
        connection = self.database.read()
        rows = connection.execute(
            "SELECT * FROM proposals WHERE ? IS NULL OR task = ? ORDER BY number", (task, task)
        ).fetchall()
        found: list[Proposal | ProposalDamaged] = []
        for row in rows:
            try:
                found.append(_loaded(connection, row))
            except ProposalDamaged as error:
                found.append(error)
        return found

    def _set_checks(self, connection: sqlite3.Connection, proposal: str, checks: Sequence[CheckResult]) -> None:
        listed = [asdict(check) for check in checks]
        changed = connection.execute(
            "UPDATE proposals SET checks = ? WHERE number = ?", (json.dumps(listed), number_in(proposal, "P"))
        )
        if not changed.rowcount:
            raise no_such_proposal(connection, proposal)
        journal.append(connection, "proposal.checked", proposal, checks=listed)

    def list(self, task: str | None = None, status: str | None = None) -> list[Proposal]:
        """The proposals, oldest first; damaged ones are left out (see `damaged`)."""
        return [p for p in self._all(task) if isinstance(p, Proposal) and (status is None or p.status == status)]


def set_hunk(
    connection: sqlite3.Connection, proposal: int, number: int, state: HunkState, edited: str | None, turn: int | None
) -> None:
    """Record a decision on one hunk, inside the caller's transaction; ``edited`` is the blob of the person's text."""
    connection.execute(
        "UPDATE proposal_hunks SET state = ?, edited = ?, turn = ? WHERE proposal = ? AND number = ?",
        (state.value, edited, turn, proposal, number),
    )


def put_text(connection: sqlite3.Connection, text: str | None) -> str | None:
    """Keep a person's own text as a blob and return its name; None where there is none."""
    return None if text is None else put_blob(connection, text.encode("utf-8", "surrogatepass"))


def no_such_proposal(connection: sqlite3.Connection, name: str) -> NoSuchProposal:
    """The error for an id that nothing has, with the nearest ones that exist."""
    known = [f"P{row['number']}" for row in connection.execute("SELECT number FROM proposals ORDER BY number DESC")]
    if not known:
        return NoSuchProposal(
            f"There is no proposal {name}.",
            why="Nothing has been proposed in this workspace yet.",
            next="`noo run` or `noo code` make proposals.",
            known=[],
        )
    near = difflib.get_close_matches(name.upper(), known, n=3, cutoff=0.5) or known[:3]
    return NoSuchProposal(
        f"There is no proposal {name}.", next=f"Did you mean {', '.join(near)}? `noo review` lists all.", known=known
    )


def rebuilt(proposal: Proposal) -> ChangeSet:
    """The ChangeSet cut anew from the stored bytes, which must give the hunks that the person saw.

    Raises:
        ProposalDamaged: it does not.
    """
    fresh = build_changeset(proposal.changeset.files, proposal.changeset.provenance)
    seen = [replace(hunk, state=HunkState.PENDING) for hunk in proposal.changeset.hunks]
    if list(fresh.hunks) != seen:
        raise damage(proposal.id, "Its hunks do not follow from its files.")
    return fresh


def _key(changeset: ChangeSet) -> str:
    parts: list[Any] = [changeset.provenance.task]
    parts += [[e.path, _digest(e.base), _digest(e.new), e.renamed_from, e.mode] for e in changeset.files]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def _stored_edit(connection: sqlite3.Connection, edit: FileEdit) -> dict[str, Any]:
    return {
        "path": edit.path,
        "renamed_from": edit.renamed_from,
        "mode": edit.mode,
        "base": None if edit.base is None else put_blob(connection, edit.base),
        "new": None if edit.new is None else put_blob(connection, edit.new),
    }


def _hunk_document(hunk: Hunk) -> dict[str, Any]:
    document = asdict(hunk)
    del document["state"]
    return document


def _loaded(connection: sqlite3.Connection, row: sqlite3.Row) -> Proposal:
    name = f"P{row['number']}"
    try:
        files = tuple(_loaded_edit(connection, name, stored) for stored in json.loads(row["files"]))
        told = json.loads(row["provenance"])
        provenance = Provenance(**{**told, "context": tuple(told["context"]), "tasks": tuple(told.get("tasks", ()))})
        checks = tuple(CheckResult(**check) for check in json.loads(row["checks"]))
        rows = connection.execute(
            "SELECT * FROM proposal_hunks WHERE proposal = ? ORDER BY number", (row["number"],)
        ).fetchall()
        hunks = tuple(Hunk(**json.loads(each["hunk"]), state=HunkState(each["state"])) for each in rows)
        edited = {
            each["number"]: _blob(connection, name, each["edited"]).decode("utf-8", "surrogatepass")
            for each in rows
            if each["edited"]
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise damage(name, f"Its record cannot be read ({type(error).__name__}).") from error
    if not hunks or [hunk.number for hunk in hunks] != list(range(1, len(hunks) + 1)):
        raise damage(name, "Hunks of it are missing.")
    turns = connection.execute(
        "SELECT DISTINCT turn FROM turn_hunks JOIN turns ON turns.number = turn"
        " WHERE proposal = ? AND turns.state = 'done' ORDER BY turn",
        (row["number"],),
    ).fetchall()
    standing = [each["turn"] for each in rows if each["turn"] and HunkState(each["state"]).in_tree]
    undone = [each["turn"] for each in rows if each["turn"] and each["state"] == HunkState.UNDONE]
    return Proposal(
        id=name,
        changeset=ChangeSet(files, provenance, hunks),
        created=row["created"],
        checks=checks,
        status=status_of([hunk.state for hunk in hunks]),
        turns=tuple(f"A{turn['turn']}" for turn in turns),
        edited=edited,
        undoable=f"A{max(standing)}" if standing else None,
        redoable=f"A{max(undone)}" if undone else None,
    )


def _loaded_edit(connection: sqlite3.Connection, name: str, stored: Mapping[str, Any]) -> FileEdit:
    base, new = (None if stored[side] is None else _blob(connection, name, stored[side]) for side in ("base", "new"))
    return FileEdit(stored["path"], base, new, stored["renamed_from"], stored["mode"])


def _blob(connection: sqlite3.Connection, name: str, digest: str) -> bytes:
    data = get_blob(connection, digest)
    if data is None or _digest(data) != digest:
        raise damage(name, "A file's content is missing or was altered.")
    return data
