"""One path in a turn: what is wished for it, and what it becomes as a file, in HEAD and in the index."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.changes.commit import Entry
from nootropic_kernel.changes.files import FileState


@dataclass(frozen=True)
class Shift:
    """A wish for one path: from ``old`` to ``new`` (None: no file).

    ``mode`` is the permission that the file shall get, None for the one it has; ``reverses`` is the path's part in an
    earlier turn, for an exact way back; ``moved_from`` is the path that the file leaves to come here.
    """

    path: str
    old: bytes | None
    new: bytes | None
    mode: int | None = None
    reverses: PathPlan | None = None
    moved_from: str | None = None


@dataclass(frozen=True)
class PathPlan:
    """One path's way through a turn: the file before and after, and the same for HEAD and the index."""

    path: str
    before: FileState | None
    after: FileState | None
    shift_old: FileState | None
    shift_new: FileState | None
    head_before: Entry | None = None
    head_after: Entry | None = None
    index_before: Entry | None = None
    index_after: Entry | None = None
