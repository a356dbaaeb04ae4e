"""What is kept of turns: what each did to hunks and files, enough to finish it, take it back, and reverse it later."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from nootropic_kernel.changes.changeset import HunkState
from nootropic_kernel.changes.commit import Entry, new_mark
from nootropic_kernel.changes.files import FileState
from nootropic_kernel.changes.path_plan import PathPlan, Shift
from nootropic_kernel.changes.store import SCHEMA, number_in
from nootropic_kernel.workspace.database import StateDatabase, get_blob, put_blob
from nootropic_kernel.workspace.errors import NootropicError

Kind = Literal["accept", "undo", "redo"]
Mode = Literal["commit", "stage", "files"]


class NoSuchTurn(NootropicError):
    """No turn of that id."""


class TurnDamaged(NootropicError):
    """A stored turn that cannot be read back; the others still work."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(
            f"The record of the turn A{number} is damaged.",
            why=why,
            next="Use Git to go back: every accept is a commit. Other turns are not affected.",
            turn=f"A{number}",
        )


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
    def load(cls, connection: sqlite3.Connection, number: int) -> TurnRecord:
        """Read a turn's record back.

        Raises:
            TurnDamaged: it is not as it was written, or contents were erased.
        """
        with _readable(number):
            row = connection.execute("SELECT record FROM turns WHERE number = ?", (number,)).fetchone()
            document = json.loads(row["record"])
            return cls(**{**document, "paths": [_plan_from_json(connection, plan) for plan in document["paths"]]})


def load_turn(database: StateDatabase, name: str) -> Turn:
    """One turn that was carried out.

    Raises:
        NoSuchTurn: there is none of that id.
        TurnDamaged: it cannot be read back.
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
    """All turns, oldest first; damaged ones are left out (see `damaged_turns`)."""
    return [turn for turn in _all(database) if isinstance(turn, Turn)]


def damaged_turns(database: StateDatabase) -> list[TurnDamaged]:
    """The turns that cannot be read back, as errors that name them."""
    return [turn for turn in _all(database) if isinstance(turn, TurnDamaged)]


def record_of(database: StateDatabase, turn: Turn) -> tuple[TurnRecord, list[HunkMove]]:
    """What is kept of a turn, and the states that it changed."""
    connection = database.read()
    number = number_in(turn.id, "A")
    return TurnRecord.load(connection, number), moves_of(connection, number)


def modes_before(database: StateDatabase, turn: int) -> dict[str, int]:
    """The permissions that files had before a turn, by path."""
    row = database.read().execute("SELECT record FROM turns WHERE number = ?", (turn,)).fetchone()
    with _readable(turn):
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


def _all(database: StateDatabase) -> list[Turn | TurnDamaged]:
    database.ensure_schema(SCHEMA)
    connection = database.read()
    found: list[Turn | TurnDamaged] = []
    for row in connection.execute("SELECT * FROM turns WHERE state IN ('done', 'damaged') ORDER BY number").fetchall():
        try:
            if row["state"] == "damaged":
                raise TurnDamaged(row["number"], "It was cut off, so look at what `git status` shows.")
            found.append(_loaded(connection, row))
        except TurnDamaged as error:
            found.append(error)
    return found


def _loaded(connection: sqlite3.Connection, row: sqlite3.Row) -> Turn:
    with _readable(row["number"]):
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


@contextmanager
def _readable(number: int) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise TurnDamaged(number, f"It cannot be read ({type(error).__name__}).") from error


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
                raise ValueError("contents were erased")
            states[name] = FileState(content, document[name]["mode"])
    entries: dict[str, Any] = {name: None if document[name] is None else Entry(**document[name]) for name in _ENTRIES}
    return PathPlan(document["path"], **states, **entries)
