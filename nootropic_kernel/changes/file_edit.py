"""One file's edit, cut into pieces that can be taken one by one, and the file that a choice of them gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from nootropic_kernel.changes import notebook
from nootropic_kernel.changes.encoding import UTF8, detect
from nootropic_kernel.changes.line_diff import Block, changed_blocks
from nootropic_kernel.changes.text_pair import read_pair
from nootropic_kernel.workspace.errors import NootropicError


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
class FileOutcome:
    """What a choice of hunks makes of one file: where it lies, its bytes (None: no file), its mode if that changes."""

    path: str
    content: bytes | None
    mode: int | None = None
    removes: str | None = None


@dataclass(frozen=True)
class Piece:
    """One hunk in the making: a whole-file matter, a block of lines, or a change of a notebook cell."""

    what: Literal["rename", "mode", "created", "deleted", "whole", "layout", "block", "cell"]
    block: Block | None = None
    cell: notebook.CellChange | None = None


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
    picked = [(piece, first + k in chosen, chosen.get(first + k)) for k, piece in enumerate(pieces_of(edit))]
    path, removes, mode = edit.path, None, None
    content_pieces: list[tuple[Piece, bool, str | None]] = []
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
        elif piece.what in ("created", "deleted", "whole", "layout"):
            if taken:
                content = edit.new if text is None else _written(edit.new, text)
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
    "whole": "not text, or in another encoding",
    "block": "lines",
    "cell": "a cell",
}


def _editable(piece: Piece) -> bool:
    if piece.what == "cell":
        return piece.cell is not None and piece.cell.editable
    return piece.what in ("block", "created")


def editable_hunks(edit: FileEdit, *, first: int = 1) -> frozenset[int]:
    """The numbers of the edit's hunks that can be accepted with another text; ``first`` is that of its first hunk."""
    return frozenset(first + k for k, piece in enumerate(pieces_of(edit)) if _editable(piece))


def is_notebook(path: str) -> bool:
    """Whether the file is a Jupyter notebook by its name."""
    return path.endswith(".ipynb")


def pieces_of(edit: FileEdit) -> list[Piece]:
    """What can be decided about an edit, in the file's order; empty when it changes nothing."""
    pieces: list[Piece] = []
    if edit.base is None or edit.new is None:
        if edit.base is not None:
            return [Piece("deleted")]
        return [Piece("created")] if edit.new is not None else []
    if edit.renamed_from is not None and edit.renamed_from != edit.path:
        pieces.append(Piece("rename"))
    if edit.mode is not None:
        pieces.append(Piece("mode"))
    if edit.base != edit.new:
        pieces.extend(_content_pieces(is_notebook(edit.path), edit.base, edit.new))
    return pieces


def _content_pieces(as_notebook: bool, base: bytes, new: bytes) -> tuple[Piece, ...]:
    # Large files are cut anew rather than held in memory.
    few = len(base) + len(new) < 1_000_000
    return _kept_pieces(as_notebook, base, new) if few else _large_pieces(as_notebook, base, new)


def _cut(as_notebook: bool, base: bytes, new: bytes) -> tuple[Piece, ...]:
    if as_notebook:
        cells = notebook.cell_changes(base, new)
        if cells is not None and not cells:
            return (Piece("layout"),)
        if cells:
            return tuple(Piece("cell", cell=cell) for cell in cells)
    pair = read_pair(base, new)
    if pair is None:
        return (Piece("whole"),)
    return tuple(Piece("block", block=block) for block in changed_blocks(pair.old, pair.new))


_kept_pieces = lru_cache(maxsize=256)(_cut)
_large_pieces = lru_cache(maxsize=1)(_cut)


def _written(proposed: bytes | None, text: str) -> bytes:
    """A person's text for a whole new file, in the encoding of the proposed one."""
    encoding = detect(proposed or b"") or UTF8
    return encoding.bom + encoding.encode(text)


def _compose(edit: FileEdit, picked: list[tuple[Piece, bool, str | None]]) -> bytes:
    assert edit.base is not None and edit.new is not None
    if all(taken and text is None for _, taken, text in picked):
        return edit.new
    if not any(taken for _, taken, _ in picked):
        return edit.base
    if picked[0][0].what == "cell":
        chosen = {k: text for k, (_, taken, text) in enumerate(picked) if taken}
        return notebook.compose(edit.base, edit.new, chosen)
    pair = read_pair(edit.base, edit.new)
    assert pair is not None
    parts: list[str] = []
    at = 0
    for piece, taken, text in picked:
        assert piece.block is not None
        block = piece.block
        parts.extend(pair.old[at : block.old_from])
        at = block.old_to
        if not taken:
            parts.extend(pair.old[block.old_from : block.old_to])
        elif text is None:
            parts.extend(pair.new[block.new_from : block.new_to])
        else:
            parts.append(pair.fitted(text, last=at == len(pair.old)))
    parts.extend(pair.old[at:])
    return pair.join(parts)
