"""The one form of every wish to change files: a ChangeSet of file edits, cut into hunks that a person decides on.

Hunks are derived from the bytes that the agent read and the bytes that it wants. They never overlap, so any subset of
them gives a well-defined file: all of them exactly the new bytes, none of them exactly the old bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

from nootropic_kernel.changes.encoding import detect
from nootropic_kernel.changes.file_edit import (
    FileEdit,
    FileOutcome,
    HunkNotEditable,
    Piece,
    apply_hunks,
    is_notebook,
    outcome,
    pieces_of,
)
from nootropic_kernel.changes.files import check_size
from nootropic_kernel.changes.line_diff import Block
from nootropic_kernel.changes.text_pair import encoding_names, read_pair
from nootropic_kernel.workspace.errors import NootropicError

__all__ = ["ChangeSet", "DamagedEdit", "FileEdit", "FileOutcome", "Hunk", "HunkNotEditable", "HunkState", "Provenance",
           "apply_hunks", "build_changeset", "is_notebook", "outcome"]  # fmt: skip

HunkKind = Literal["text", "cell", "file"]
_SECTION = re.compile(r"^\s{0,8}(?:async def|def|class|function|export)\b|^#{1,4} |^\[")


class HunkState(StrEnum):
    """What the person decided; ``edited`` is accepted with the person's own text."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    UNDONE = "undone"

    @property
    def in_tree(self) -> bool:
        """Whether the hunk's change stands in the files."""
        return self in (HunkState.ACCEPTED, HunkState.EDITED)


class DamagedEdit(NootropicError):
    """A set of edits that contradicts itself."""


@dataclass(frozen=True)
class Hunk:
    """One decision for a person. Positions are those of unified diffs, without context lines."""

    number: int
    path: str
    kind: HunkKind
    old: str
    new: str
    old_start: int = 0
    old_lines: int = 0
    new_start: int = 0
    new_lines: int = 0
    header: str = ""
    cell_id: str | None = None
    state: HunkState = HunkState.PENDING


@dataclass(frozen=True)
class Provenance:
    """Where a change comes from: enough to follow it back to task, prompt, context and model.

    ``tasks`` are done by the change as a whole, beside the one ``task`` that it was made for.
    """

    task: str | None = None
    title: str = ""
    how: str = "person"
    model: str | None = None
    prompt: str | None = None
    prompt_version: str | None = None
    format: str | None = None
    trace_id: str | None = None
    context: tuple[str, ...] = ()
    answer_blob: str | None = None
    tasks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeSet:
    """File edits, their hunks (numbered from 1 over all files), and where they come from."""

    files: tuple[FileEdit, ...]
    provenance: Provenance = field(default_factory=Provenance)
    hunks: tuple[Hunk, ...] = ()

    def hunk(self, number: int) -> Hunk | None:
        """The hunk of that number, or None."""
        return self.hunks[number - 1] if 1 <= number <= len(self.hunks) else None

    def hunks_of(self, path: str) -> tuple[Hunk, ...]:
        """The hunks of one file."""
        return tuple(self._by_path.get(path, ()))

    @cached_property
    def _by_path(self) -> dict[str, list[Hunk]]:
        found: dict[str, list[Hunk]] = {}
        for hunk in self.hunks:
            found.setdefault(hunk.path, []).append(hunk)
        return found

    def outcome(self, edit: FileEdit, chosen: Mapping[int, str | None]) -> FileOutcome:
        """The file that the chosen hunks (their numbers in this ChangeSet, with edited text or None) give."""
        own = self.hunks_of(edit.path)
        return outcome(edit, chosen, first=own[0].number if own else 1)


def build_changeset(edits: Iterable[FileEdit], provenance: Provenance | None = None) -> ChangeSet:
    """Cut the edits into hunks; edits that change nothing are left out.

    A path may be left by one edit and taken by another (two files that change names, a new file in the place of a moved
    one). Where a file is deleted and another comes to its path, that is one edit of the path.

    Raises:
        DamagedEdit: two edits begin or end at the same path.
        FileTooLarge: a file is too large to be reviewed.
    """
    files: list[FileEdit] = []
    hunks: list[Hunk] = []
    begun: set[str] = set()
    ended: set[str] = set()
    for edit in _replacing(list(edits)):
        check_size(edit.path, edit.base, edit.new)
        pieces = pieces_of(edit)
        if not pieces:
            continue
        begins = {edit.renamed_from or edit.path} if edit.base is not None else set()
        ends = {edit.path} if edit.new is not None else set()
        if twice := (begun & begins) | (ended & ends):
            raise DamagedEdit(
                f"{sorted(twice)[0]} is edited twice in one change",
                why="A ChangeSet holds each file once, so that any choice of its hunks is one file.",
                next="Give one edit with the final content for each file.",
            )
        begun |= begins
        ended |= ends
        files.append(edit)
        hunks += [_hunk(edit, piece, number) for number, piece in enumerate(pieces, start=len(hunks) + 1)]
    return ChangeSet(tuple(files), provenance or Provenance(), tuple(hunks))


def _replacing(edits: Sequence[FileEdit]) -> list[FileEdit]:
    """The edits, a deletion and what comes to the same path made one; the path keeps its mode unless one is given."""
    deleted = {edit.path: edit for edit in edits if edit.base is not None and edit.new is None}
    coming = [edit for edit in edits if edit.path in deleted and edit.new is not None]
    comes = {edit.path: edit for edit in coming if edit.base is None or edit.renamed_from not in (None, edit.path)}
    found: list[FileEdit] = []
    for edit in edits:
        if edit is deleted.get(edit.path) and edit.path in comes:
            continue
        if edit is not comes.get(edit.path):
            found.append(edit)
            continue
        found.append(FileEdit(edit.path, deleted[edit.path].base, edit.new, mode=edit.mode))
        if edit.renamed_from is not None:
            found.append(FileEdit(edit.renamed_from, edit.base, None))
    return found


def _hunk(edit: FileEdit, piece: Piece, number: int) -> Hunk:
    if piece.cell is not None:
        cell = piece.cell
        return Hunk(
            number,
            edit.path,
            "cell",
            cell.old,
            cell.new,
            cell.old_start,
            _count(cell.old),
            cell.new_start,
            _count(cell.new),
            cell.header,
            cell.cell_id,
        )
    if piece.block is not None:
        return _text_hunk(edit, piece.block, number)
    if piece.what == "rename":
        return Hunk(
            number, edit.path, "file", edit.renamed_from or "", edit.path, header=f"renamed from {edit.renamed_from}"
        )
    if piece.what == "mode":
        return Hunk(number, edit.path, "file", "", f"{edit.mode:o}", header=f"mode becomes {edit.mode:o}")
    if piece.what == "layout":
        return Hunk(number, edit.path, "file", "", "", header="the file's layout only; cells and metadata are the same")
    old, new = _shown(edit.base), _shown(edit.new)
    header = _file_header(edit, piece.what)
    return Hunk(number, edit.path, "file", old, new, 1 if old else 0, _count(old), 1 if new else 0, _count(new), header)


def _text_hunk(edit: FileEdit, block: Block, number: int) -> Hunk:
    pair = read_pair(edit.base or b"", edit.new or b"")
    assert pair is not None
    old, new = pair.old, pair.new
    old_count, new_count = block.old_to - block.old_from, block.new_to - block.new_from
    old_start = block.old_from + (1 if old_count else 0)
    new_start = block.new_from + (1 if new_count else 0)
    header = f"@@ -{old_start},{old_count} +{new_start},{new_count} @@{_section(old, block.old_from)}"
    return Hunk(
        number,
        edit.path,
        "text",
        "".join(old[block.old_from : block.old_to]),
        "".join(new[block.new_from : block.new_to]),
        old_start,
        old_count,
        new_start,
        new_count,
        header,
    )


def _file_header(edit: FileEdit, what: str) -> str:
    sides = [side for side in (edit.base, edit.new) if side is not None]
    names = encoding_names(*sides) if what == "whole" else None
    if names is not None:
        if not edit.new or not edit.base:
            return "the file is emptied" if edit.base else "the empty file gets a text"
        return f"the encoding changes from {names[0]} to {names[1]}"
    kind = "" if all(detect(side) is not None for side in sides) else "binary "
    if what == "created":
        return f"new {kind}file" if edit.new else "new empty file"
    return f"{'deleted ' if what == 'deleted' else ''}{kind}file"


def _section(lines: Sequence[str], before: int) -> str:
    """The nearest line above that opens a section (def, class, heading), as Git shows it."""
    for line in reversed(lines[max(0, before - 200) : before]):
        text = line[:400].rstrip()
        if _SECTION.match(text):
            return " " + text.strip()[:80]
    return ""


def _shown(data: bytes | None) -> str:
    if not data:
        return ""
    encoding = detect(data)
    return encoding.decode(data) if encoding is not None else f"({len(data)} bytes that are not text)\n"


def _count(text: str) -> int:
    return text.count("\n") + (1 if text and not text.endswith("\n") else 0)
