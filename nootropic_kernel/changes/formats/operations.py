"""What the parsers read out of an answer: wishes about files, in the order written, before any file is touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.line_diff import Block

CellVerb = Literal["replace", "insert", "delete", "move", "retype"]
Place = Literal["before", "after", "start", "end"]


@dataclass(frozen=True)
class Rewrite:
    """The whole new text of a file that exists or not. ``path`` None is the only file given."""

    path: str | None
    text: str


@dataclass(frozen=True)
class Replace:
    """Lines to find and what to put there.

    Args:
        path: the file; None is the only file given.
        search: what is there now; empty only for a file that is empty or new.
        replace: what it becomes.
        changes: which lines of both differ, where the edit says so; None when it is to be found out.
        anchors: lines above the place, outermost first, as the Codex format names them.
        at_end: the lines are the last ones of the file.
        within_lines: the text may begin and end inside a line.
        final_newline: what the edit says about the line end at the end of the file, None when nothing.
        cell: the cell of a notebook whose source is meant, by id or number.
    """

    path: str | None
    search: str
    replace: str
    changes: tuple[Block, ...] | None = None
    anchors: tuple[str, ...] = ()
    at_end: bool = False
    within_lines: bool = False
    final_newline: bool | None = None
    cell: str | None = None


@dataclass(frozen=True)
class InsertAfter:
    """Text to put after a line, counted from 1; 0 is the beginning of the file."""

    path: str | None
    line: int
    text: str


@dataclass(frozen=True)
class Create:
    """A new file; it must not be one of the files given."""

    path: str
    text: str


@dataclass(frozen=True)
class Delete:
    """Remove a file. ``search`` is its content as the edit believes it, empty when it does not say."""

    path: str
    search: str = ""


@dataclass(frozen=True)
class Move:
    """Give a file another path; edits of its content are operations of their own."""

    path: str
    to: str


@dataclass(frozen=True)
class SetMode:
    """Give a file another mode (an octal number of Git: 644 or 755)."""

    path: str
    mode: int


@dataclass(frozen=True)
class CellEdit:
    """A change of a notebook's cells. Cells are named by id or by number from 1, as the notebook was shown."""

    path: str | None
    verb: CellVerb
    cell: str = ""
    text: str = ""
    kind: str = ""
    place: Place = "end"
    other: str = ""


Operation: TypeAlias = Rewrite | Replace | InsertAfter | Create | Delete | Move | SetMode | CellEdit


@dataclass(frozen=True)
class Claim:
    """The lines ``start`` up to ``end`` (exclusive) of an answer belong to one format and mean these operations.

    ``problem`` is why they mean nothing; it counts only when they are no part of a larger claim.
    """

    start: int
    end: int
    operations: tuple[Operation, ...] = ()
    problem: NoUsableEdit | None = None
