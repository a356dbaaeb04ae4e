"""The one form of every wish to change files: a ChangeSet of file edits, cut into hunks that a person decides on.

Hunks are derived from the bytes that the agent read and the bytes that it wants. They never overlap, so any subset of
them gives a well-defined file: all of them exactly the new bytes, none of them exactly the old bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Literal

from nootropic_kernel.changes import notebook
from nootropic_kernel.changes.line_diff import Block, changed_blocks, decode, lines_of, split_lines
from nootropic_kernel.workspace.errors import NootropicError

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


class HunkNotEditable(NootropicError):
    """A hunk that can be accepted or rejected, but has no text of its own to edit."""


@dataclass(frozen=True)
class FileEdit:
    """What one file was and shall be: ``base`` None = created, ``new`` None = deleted, ``mode`` None = as it is."""

    path: str
    base: bytes | None
    new: bytes | None
    renamed_from: str | None = None
    mode: int | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that the edit touches."""
        return (self.path,) if self.renamed_from is None else (self.renamed_from, self.path)


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
    """Where a change comes from: enough to follow it back to task, prompt, context and model."""

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
        return tuple(hunk for hunk in self.hunks if hunk.path == path)

    def with_states(self, states: Mapping[int, HunkState]) -> ChangeSet:
        """The same changes with these states; hunks not named keep theirs."""
        return replace(self, hunks=tuple(replace(h, state=states.get(h.number, h.state)) for h in self.hunks))

    def outcome(self, edit: FileEdit, chosen: Mapping[int, str | None]) -> FileOutcome:
        """The file that the chosen hunks (their numbers in this ChangeSet, with edited text or None) give."""
        own = self.hunks_of(edit.path)
        return outcome(edit, chosen, first=own[0].number if own else 1)


@dataclass(frozen=True)
class FileOutcome:
    """What a choice of hunks makes of one file: where it lies, its bytes (None: no file), its mode if that changes."""

    path: str
    content: bytes | None
    mode: int | None = None
    removes: str | None = None


@dataclass(frozen=True)
class _Piece:
    """One hunk in the making: a whole-file matter, a block of lines, or a change of a notebook cell."""

    what: Literal["rename", "mode", "created", "deleted", "binary", "layout", "block", "cell"]
    block: Block | None = None
    cell: notebook.CellChange | None = None


def build_changeset(edits: Iterable[FileEdit], provenance: Provenance | None = None) -> ChangeSet:
    """Cut the edits into hunks; edits that change nothing are left out.

    Raises:
        DamagedEdit: two edits touch the same path.
    """
    files: list[FileEdit] = []
    hunks: list[Hunk] = []
    seen: set[str] = set()
    for edit in edits:
        pieces = _pieces(edit)
        if not pieces:
            continue
        twice = seen.intersection(edit.paths)
        if twice:
            raise DamagedEdit(
                f"{sorted(twice)[0]} is edited twice in one change",
                why="A ChangeSet holds each file once, so that any choice of its hunks is one file.",
                next="Give one edit with the final content for each file.",
            )
        seen.update(edit.paths)
        files.append(edit)
        hunks += [_hunk(edit, piece, number) for number, piece in enumerate(pieces, start=len(hunks) + 1)]
    return ChangeSet(tuple(files), provenance or Provenance(), tuple(hunks))


def apply_hunks(edit: FileEdit, chosen: Mapping[int, str | None], *, first: int = 1) -> bytes | None:
    """The bytes that the chosen hunks give, None for no file.

    Args:
        edit: the file's edit.
        chosen: number of each chosen hunk, with the person's edited text or None for the text as proposed.
        first: the number of the edit's first hunk (1 when the edit stands alone).
    """
    return outcome(edit, chosen, first=first).content


def outcome(edit: FileEdit, chosen: Mapping[int, str | None], *, first: int = 1) -> FileOutcome:
    """As `apply_hunks`, with the path and mode that the choice gives."""
    picked = [(piece, first + k in chosen, chosen.get(first + k)) for k, piece in enumerate(_pieces(edit))]
    path, removes, mode = edit.path, None, None
    content_pieces: list[tuple[_Piece, bool, str | None]] = []
    content = edit.base
    for piece, taken, text in picked:
        if taken and text is not None and not _editable(piece):
            raise HunkNotEditable(
                f"a hunk of {edit.path} cannot be accepted with another text",
                why=f"It is about the whole file ({_WHAT[piece.what]}), not about lines of text.",
                next="Accept or reject it as it is.",
            )
        if piece.what == "rename":
            path, removes = (edit.path, edit.renamed_from) if taken else (edit.renamed_from or edit.path, None)
        elif piece.what == "mode":
            mode = edit.mode if taken else None
        elif piece.what in ("created", "deleted", "binary", "layout"):
            if taken:
                content = edit.new if text is None else text.encode()
                mode = edit.mode if piece.what == "created" else mode
        else:
            content_pieces.append((piece, taken, text))
    if content_pieces:
        content = _compose(edit, content_pieces)
    return FileOutcome(path, content, mode, removes)


_WHAT = {
    "rename": "renamed",
    "mode": "its mode",
    "created": "new",
    "deleted": "deleted",
    "binary": "not text",
    "block": "lines",
    "cell": "a cell",
}


def _editable(piece: _Piece) -> bool:
    if piece.what == "cell":
        return piece.cell is not None and piece.cell.editable
    return piece.what in ("block", "created")


def is_notebook(path: str) -> bool:
    """Whether the file is a Jupyter notebook by its name."""
    return path.endswith(".ipynb")


def _pieces(edit: FileEdit) -> list[_Piece]:
    pieces: list[_Piece] = []
    if edit.base is None or edit.new is None:
        if edit.base is not None:
            return [_Piece("deleted")]
        return [_Piece("created")] if edit.new is not None else []
    if edit.renamed_from is not None and edit.renamed_from != edit.path:
        pieces.append(_Piece("rename"))
    if edit.mode is not None:
        pieces.append(_Piece("mode"))
    if edit.base != edit.new:
        pieces.extend(_content_pieces(is_notebook(edit.path), edit.base, edit.new))
    return pieces


@lru_cache(maxsize=256)
def _content_pieces(as_notebook: bool, base: bytes, new: bytes) -> tuple[_Piece, ...]:
    if as_notebook:
        cells = notebook.cell_changes(base, new)
        if cells is not None and not cells:
            return (_Piece("layout"),)
        if cells:
            return tuple(_Piece("cell", cell=cell) for cell in cells)
    if decode(base) is None or decode(new) is None:
        return (_Piece("binary"),)
    return tuple(_Piece("block", block=block) for block in changed_blocks(split_lines(base), split_lines(new)))


def _compose(edit: FileEdit, picked: list[tuple[_Piece, bool, str | None]]) -> bytes:
    assert edit.base is not None and edit.new is not None
    if all(taken and text is None for _, taken, text in picked):
        return edit.new
    if not any(taken for _, taken, _ in picked):
        return edit.base
    if picked[0][0].what == "cell":
        chosen = {k: text for k, (_, taken, text) in enumerate(picked) if taken}
        return notebook.compose(edit.base, edit.new, chosen)
    old, new = split_lines(edit.base), split_lines(edit.new)
    parts: list[bytes] = []
    at = 0
    for piece, taken, text in picked:
        assert piece.block is not None
        block = piece.block
        parts.extend(old[at : block.old_from])
        at = block.old_to
        if not taken:
            parts.extend(old[block.old_from : block.old_to])
        elif text is None:
            parts.extend(new[block.new_from : block.new_to])
        else:
            parts.append(_fitted(text, edit.base, edit.new, last=at == len(old)))
    parts.extend(old[at:])
    return b"".join(parts)


def _fitted(text: str, base: bytes, new: bytes, *, last: bool) -> bytes:
    """A person's text with the file's line endings; only at the end of the file may the last one be missing."""
    data = text.encode()
    sample = base if b"\n" in base else new
    ending = b"\r\n" if sample.count(b"\r\n") * 2 > sample.count(b"\n") else b"\n"
    if ending == b"\r\n":
        data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if data and not data.endswith(b"\n") and not (last and not new.endswith(b"\n")):
        data += ending
    return data


def _hunk(edit: FileEdit, piece: _Piece, number: int) -> Hunk:
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
    header = {"created": "new file", "deleted": "deleted file"}.get(piece.what, "binary file")
    if decode(edit.base or b"") is None or decode(edit.new or b"") is None:
        header = {"created": "new binary file", "deleted": "deleted binary file"}.get(piece.what, "binary file")
    elif piece.what == "created" and not edit.new:
        header = "new empty file"
    return Hunk(number, edit.path, "file", old, new, 1 if old else 0, _count(old), 1 if new else 0, _count(new), header)


def _text_hunk(edit: FileEdit, block: Block, number: int) -> Hunk:
    old, new = lines_of(edit.base or b""), lines_of(edit.new or b"")
    old_count, new_count = block.old_to - block.old_from, block.new_to - block.new_from
    old_start = block.old_from + (1 if old_count else 0)
    new_start = block.new_from + (1 if new_count else 0)
    header = f"@@ -{old_start},{old_count} +{new_start},{new_count} @@{_section(old, block.old_from)}"
    return Hunk(
        number,
        edit.path,
        "text",
        b"".join(old[block.old_from : block.old_to]).decode(),
        b"".join(new[block.new_from : block.new_to]).decode(),
        old_start,
        old_count,
        new_start,
        new_count,
        header,
    )


def _section(lines: Sequence[bytes], before: int) -> str:
    """The nearest line above that opens a section (def, class, heading), as Git shows it."""
    for line in reversed(lines[max(0, before - 200) : before]):
        text = line.decode().rstrip()
        if _SECTION.match(text):
            return " " + text.strip()[:80]
    return ""


def _shown(data: bytes | None) -> str:
    if not data:
        return ""
    text = decode(data)
    return text if text is not None else f"({len(data)} bytes that are not text)\n"


def _count(text: str) -> int:
    return text.count("\n") + (1 if text and not text.endswith("\n") else 0)
