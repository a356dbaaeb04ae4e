"""Carrying a change over to bytes that moved on meanwhile: three-way merge, of lines, cells or exports."""

from __future__ import annotations

import tempfile
from pathlib import Path

from nootropic_kernel.changes import notebook_merge
from nootropic_kernel.changes.changeset import is_notebook
from nootropic_kernel.changes.encoding import detect
from nootropic_kernel.changes.export_merge import merge_exports
from nootropic_kernel.workspace.git import Git


class MergeConflict(Exception):
    """The two sides changed the same lines or cell. For callers in this room, who know whose fault to name."""


def merge(path: str, base: bytes | None, ours: bytes | None, theirs: bytes | None) -> bytes | None:
    """What ``ours`` becomes with the change from ``base`` to ``theirs``; None is a file that is not there.

    Raises:
        MergeConflict: both changed the same place.
    """
    if ours == base:
        return theirs
    if ours == theirs or base == theirs:
        return ours
    if ours is None or theirs is None:
        raise MergeConflict(path)
    if base is None:
        merged = None
    elif is_notebook(path):  # lines of JSON that merge are not yet a notebook that merged
        merged = notebook_merge.merge(base, ours, theirs, merge_texts)
    else:
        merged = merge_texts(base, ours, theirs)
    if merged is None and path.endswith(".py"):
        merged = merge_exports(base, ours, theirs)
    if merged is None:
        raise MergeConflict(path)
    return merged


def merge_texts(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Lines merged by Git; None on a conflict, or when a side is not text."""
    if ours in (base, theirs):
        return theirs
    if base == theirs:
        return ours
    sides = (base, ours, theirs)
    encodings = [detect(side) for side in sides]
    wide = any(encoding is not None and encoding.codec.startswith(("utf-16", "utf-32")) for encoding in encodings)
    macintosh = not any(b"\n" in side for side in sides)
    if not wide and not macintosh:
        return None if any(b"\0" in side for side in sides) else _merge_lines(*sides)
    # Git knows lines that end with the byte 10 only: others are merged as UTF-8 with such lines.
    encoding = encodings[0]
    if encoding is None or encodings != [encoding] * 3:
        return None
    end = "\r" if macintosh or not any("\n" in encoding.decode(side) for side in sides) else "\n"
    merged = _merge_lines(*(encoding.decode(side).replace(end, "\n").encode() for side in sides))
    return None if merged is None else encoding.bom + encoding.encode(merged.decode().replace("\n", end))


def _merge_lines(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="nootropic-merge-") as folder:
        names = []
        for name, data in (("ours", ours), ("base", base), ("theirs", theirs)):
            (Path(folder) / name).write_bytes(data)
            names.append(name)
        done = Git(Path(folder)).result("merge-file", "-p", "-q", *names, ok=None)
    return done.stdout if done.returncode == 0 else None
