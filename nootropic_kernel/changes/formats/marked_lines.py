"""Lines marked with a space, a plus or a minus, as diffs and patches have them, made into a replacement."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.changes.formats.operations import Replace
from nootropic_kernel.changes.line_diff import Block


def replacement(
    lines: Sequence[str],
    path: str | None,
    *,
    anchors: tuple[str, ...] = (),
    at_end: bool = False,
    final_newline: bool | None = None,
) -> Replace:
    """The replacement that the marks tell, with the lines that they keep: these are not guessed from equal texts."""
    search: list[str] = []
    replace: list[str] = []
    changes: list[Block] = []
    for line in lines:
        old, new = len(search), len(replace)
        mark, text = line[:1], line[1:]
        if mark in " -":
            search.append(text)
        if mark in " +":
            replace.append(text)
        if mark == " ":
            continue
        if changes and changes[-1].old_to == old and changes[-1].new_to == new:
            changes[-1] = changes[-1]._replace(old_to=len(search), new_to=len(replace))
        else:
            changes.append(Block(old, len(search), new, len(replace)))
    return Replace(
        path,
        "".join(f"{line}\n" for line in search),
        "".join(f"{line}\n" for line in replace),
        changes=tuple(changes),
        anchors=anchors,
        at_end=at_end,
        final_newline=final_newline,
    )
