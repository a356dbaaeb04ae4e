"""What is kept of turns: what each did to hunks and files, enough to finish it, take it back, and reverse it later."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from nootropic_kernel.changes.changeset import HunkState
from nootropic_kernel.changes.commit import Entry, new_mark
from nootropic_kernel.changes.files import FileState
from nootropic_kernel.changes.layers import PathPlan, Shift
from nootropic_kernel.changes.store import SCHEMA, number_in
from nootropic_kernel.workspace.database import StateDatabase, get_blob, put_blob
from nootropic_kernel.workspace.errors import NootropicError

Kind = Literal["accept", "undo", "redo"]
Mode = Literal["commit", "stage", "files"]


class NoSuchTurn(NootropicError):
    """No turn of that id."""


@dataclass(frozen=True)
class Turn:
    """One accept, undo or redo. ``already``: it was done before, and nothing was changed now."""

    id: str
    kind: Kind
    commit: str | None
    proposal: str
    hunks: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    already: bool = False
    reverses: str | None = None
    at: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HunkMove:
    """A hunk's change of state in a turn; ``edited`` is the blob of the person's own text."""

    proposal: int
    number: int
    before: HunkState
    after: HunkState
    edited: str | None = None


@dataclass(frozen=True)
class TurnPlan:
    """What a turn is to do, before it is known whether files and Git allow it."""

    kind: Kind
    subject: str
    proposals: tuple[str, ...]
    tasks: tuple[str, ...]
    shifts: tuple[Shift, ...]
    moves: tuple[HunkMove, ...]
    reverses: int | None = None
    notes: tuple[str, ...] = ()


@dataclass
class TurnRecord:
    """What is kept of a turn: enough to finish it, take it back, and reverse it later.

    ``mark`` finds the turn's own commit among those of other worktrees, which count turns from A1 as well.
    """

    mode: Mode
    parent: str | None
    subject: str
    proposals: list[str]
    paths: list[PathPlan]
    notes: list[str] = field(default_factory=list)
    mark: str = field(default_factory=new_mark)

    def to_json(self, connection: sqlite3.Connection) -> str:
        """The record as text; contents go into blobs."""
        document = {**self.__dict__, "paths": [_plan_to_json(connection, plan) for plan in self.paths]}
        return json.dumps(document)

    @classmethod
    def from_json(cls, connection: sqlite3.Connection, text: str) -> TurnRecord:
        """Read it back."""
        document = json.loads(text)
        return cls(**{**document, "paths": [_plan_from_json(connection, plan) for plan in document["paths"]]})


def load_turn(database: StateDatabase, name: str) -> Turn:
    """One turn that was carried out.

    Raises:
        NoSuchTurn: there is none of that id.
    """
    connection = database.read()
    row = connection.execute(
        "SELECT * FROM turns WHERE number = ? AND state = 'done'", (number_in(name, "A"),)
    ).fetchone()
    if row is None:
        known = [turn.id for turn in turns(database)][::-1][:5]
        raise NoSuchTurn(
            f"There is no turn {name}.",
            known=known,
            next=f"The latest are {', '.join(known)}." if known else "Nothing was accepted here yet.",
        )
    return _loaded(connection, row)


def turns(database: StateDatabase) -> list[Turn]:
    """All turns, oldest first."""
    database.ensure_schema(SCHEMA)
    connection = database.read()
    rows = connection.execute("SELECT * FROM turns WHERE state = 'done' ORDER BY number").fetchall()
    return [_loaded(connection, row) for row in rows]


def record_of(database: StateDatabase, turn: Turn) -> tuple[TurnRecord, list[HunkMove]]:
    """What is kept of a turn, and the states that it changed."""
    connection = database.read()
    number = number_in(turn.id, "A")
    row = connection.execute("SELECT record FROM turns WHERE number = ?", (number,)).fetchone()
    return TurnRecord.from_json(connection, row["record"]), moves_of(connection, number)


def modes_before(database: StateDatabase, turn: int) -> dict[str, int]:
    """The permissions that files had before a turn, by path."""
    row = database.read().execute("SELECT record FROM turns WHERE number = ?", (turn,)).fetchone()
    paths = json.loads(row["record"])["paths"] if row else []
    return {plan["path"]: plan["before"]["mode"] for plan in paths if plan["before"] is not None}


def refs_of(moves: Sequence[HunkMove]) -> list[str]:
    """The names of the hunks."""
    return [f"P{move.proposal}:{move.number}" for move in moves]


def moves_of(connection: sqlite3.Connection, number: int) -> list[HunkMove]:
    """The hunks that a turn moved."""
    rows = connection.execute("SELECT * FROM turn_hunks WHERE turn = ? ORDER BY proposal, number", (number,))
    return [
        HunkMove(r["proposal"], r["number"], HunkState(r["before"]), HunkState(r["after"]), r["edited"]) for r in rows
    ]


def _loaded(connection: sqlite3.Connection, row: sqlite3.Row) -> Turn:
    record = json.loads(row["record"])
    reverses = None if row["reverses"] is None else f"A{row['reverses']}"
    return Turn(
        f"A{row['number']}",
        row["kind"],
        row["commit_id"],
        record["proposals"][0],
        tuple(refs_of(moves_of(connection, row["number"]))),
        tuple(plan["path"] for plan in record["paths"]),
        False,
        reverses,
        row["at"],
        tuple(record["notes"]),
    )


_STATES = ("before", "after", "shift_old", "shift_new")
_ENTRIES = ("head_before", "head_after", "index_before", "index_after")


def _plan_to_json(connection: sqlite3.Connection, plan: PathPlan) -> dict[str, Any]:
    document: dict[str, Any] = {"path": plan.path}
    for name in _STATES:
        state: FileState | None = getattr(plan, name)
        document[name] = None if state is None else {"blob": put_blob(connection, state.content), "mode": state.mode}
    for name in _ENTRIES:
        entry: Entry | None = getattr(plan, name)
        document[name] = None if entry is None else asdict(entry)
    return document


def _plan_from_json(connection: sqlite3.Connection, document: Mapping[str, Any]) -> PathPlan:
    states: dict[str, Any] = {name: None for name in _STATES}
    for name in _STATES:
        if document[name] is not None:
            content = get_blob(connection, document[name]["blob"])
            if content is None:
                raise NootropicError(
                    f"The record of a turn on {document['path']} is incomplete.",
                    why="Contents were erased from the database.",
                    next="Use Git to go back: every accept is a commit.",
                )
            states[name] = FileState(content, document[name]["mode"])
    entries: dict[str, Any] = {name: None if document[name] is None else Entry(**document[name]) for name in _ENTRIES}
    return PathPlan(document["path"], **states, **entries)
