"""Where proposed changes are kept: files, hunks and their states in the workspace's database, payloads as blobs."""

from __future__ import annotations

import difflib
import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from nootropic_kernel.changes.changeset import ChangeSet, FileEdit, Hunk, HunkState, Provenance, build_changeset
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, get_blob, put_blob
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.rules import check_path

Status = Literal["open", "accepted", "partial", "rejected", "undone"]

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
)
"""


class NoSuchProposal(NootropicError):
    """No proposal, hunk or file of that name."""


class EmptyProposal(NootropicError):
    """The edits change nothing."""

    def __init__(self) -> None:
        super().__init__("There is nothing to propose.", why="The edits leave every file as it is.")


class ProposalDamaged(NootropicError):
    """A stored proposal that cannot be read back as it was made; the others still work."""


@dataclass(frozen=True)
class CheckResult:
    """What one check said; ``passed`` None = it could not be run; ``vouched_by`` says who saw it pass."""

    name: str
    passed: bool | None
    detail: str = ""
    vouched_by: str = ""


@dataclass(frozen=True)
class Proposal:
    """A stored ChangeSet with the states of its hunks; ``edited`` holds a person's own text beside the proposed one.

    ``undoable`` is the latest turn on it that stands, ``redoable`` the latest undo of one.
    """

    id: str
    changeset: ChangeSet
    created: float
    checks: tuple[CheckResult, ...] = ()
    status: Status = "open"
    turns: tuple[str, ...] = ()
    edited: Mapping[int, str] = field(default_factory=dict)
    undoable: str | None = None
    redoable: str | None = None

    @property
    def task(self) -> str | None:
        """The task that it is for."""
        return self.changeset.provenance.task

    @property
    def number(self) -> int:
        """The number in its id."""
        return int(self.id[1:])

    def ref(self, number: int) -> str:
        """The name of one hunk."""
        return f"{self.id}:{number}"


def status_of(states: Sequence[HunkState]) -> Status:
    """What the states of all hunks make of the proposal."""
    if HunkState.PENDING in states:
        return "open"
    standing = sum(state.in_tree for state in states)
    if standing:
        return "accepted" if standing == len(states) else "partial"
    return "undone" if HunkState.UNDONE in states else "rejected"


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
        for edit in changeset.files:
            for path in edit.paths:
                check_path(self.workspace, path)
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
                paths = [edit.path for edit in changeset.files]
                journal.append(
                    connection,
                    "proposal.made",
                    f"P{number}",
                    task=provenance.task,
                    title=provenance.title,
                    how=provenance.how,
                    model=provenance.model,
                    paths=paths,
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


def number_in(name: str, letter: str) -> int:
    """The number in an id such as P12; 0, which nothing has, when it is none."""
    digits = name[1:]
    return int(digits) if name[:1].upper() == letter and digits.isascii() and digits.isdigit() else 0


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
        raise _damage(proposal.id, "Its hunks do not follow from its files.")
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
        provenance = Provenance(**{**told, "context": tuple(told["context"])})
        checks = tuple(CheckResult(**check) for check in json.loads(row["checks"]))
        rows = connection.execute(
            "SELECT * FROM proposal_hunks WHERE proposal = ? ORDER BY number", (row["number"],)
        ).fetchall()
        hunks = tuple(Hunk(**json.loads(each["hunk"]), state=HunkState(each["state"])) for each in rows)
        edited = {each["number"]: _blob(connection, name, each["edited"]).decode() for each in rows if each["edited"]}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damage(name, f"Its record cannot be read ({type(error).__name__}).") from error
    if not hunks or [hunk.number for hunk in hunks] != list(range(1, len(hunks) + 1)):
        raise _damage(name, "Hunks of it are missing.")
    turns = connection.execute(
        "SELECT number, kind, EXISTS (SELECT 1 FROM turns later WHERE later.reverses = turns.number"
        " AND later.state = 'done') AS reversed FROM turns WHERE state = 'done'"
        " AND number IN (SELECT turn FROM turn_hunks WHERE proposal = ?) ORDER BY number",
        (row["number"],),
    ).fetchall()
    standing = [f"A{turn['number']}" for turn in turns if not turn["reversed"] and turn["kind"] != "undo"]
    undone = [f"A{turn['number']}" for turn in turns if not turn["reversed"] and turn["kind"] == "undo"]
    return Proposal(
        id=name,
        changeset=ChangeSet(files, provenance, hunks),
        created=row["created"],
        checks=checks,
        status=status_of([hunk.state for hunk in hunks]),
        turns=tuple(f"A{turn['number']}" for turn in turns),
        edited=edited,
        undoable=standing[-1] if standing else None,
        redoable=undone[-1] if undone else None,
    )


def _loaded_edit(connection: sqlite3.Connection, name: str, stored: Mapping[str, Any]) -> FileEdit:
    base, new = (None if stored[side] is None else _blob(connection, name, stored[side]) for side in ("base", "new"))
    return FileEdit(stored["path"], base, new, stored["renamed_from"], stored["mode"])


def _blob(connection: sqlite3.Connection, name: str, digest: str) -> bytes:
    data = get_blob(connection, digest)
    if data is None or _digest(data) != digest:
        raise _damage(name, "A file's content is missing or was altered.")
    return data


def _damage(name: str, why: str) -> ProposalDamaged:
    return ProposalDamaged(
        f"The proposal {name} is damaged.",
        why=why,
        next="Ask for the change again; other proposals are not affected.",
        proposal=name,
    )
