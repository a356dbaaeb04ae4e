"""Edits written as a model would write them, one renderer a format; the inverse of what is tested."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CONTEXT = 3


@dataclass(frozen=True)
class LineEdit:
    """Lines ``start`` up to ``end`` of ``old`` become ``fresh``."""

    path: str
    old: tuple[str, ...]
    start: int
    end: int
    fresh: tuple[str, ...]

    @property
    def above(self) -> Sequence[str]:
        return self.old[max(0, self.start - CONTEXT) : self.start]

    @property
    def gone(self) -> Sequence[str]:
        return self.old[self.start : self.end]

    @property
    def below(self) -> Sequence[str]:
        return self.old[self.end : self.end + CONTEXT]

    @property
    def window(self) -> list[str]:
        """The lines that an edit with context shows."""
        return [*self.above, *self.gone, *self.below]

    def base(self) -> bytes:
        return joined(self.old).encode()

    def expected(self) -> bytes:
        return joined([*self.old[: self.start], *self.fresh, *self.old[self.end :]]).encode()

    def places(self) -> int:
        """In how many places of the file the window stands."""
        size = len(self.window)
        return sum(list(self.old[at : at + size]) == self.window for at in range(len(self.old) - size + 1))


Render = Callable[[LineEdit, Callable[[str], str]], str]


def joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def search_replace(edit: LineEdit, drift: Callable[[str], str]) -> str:
    above, below = [drift(line) for line in edit.above], [drift(line) for line in edit.below]
    search = [*above, *(drift(line) for line in edit.gone), *below]
    replace = [*above, *edit.fresh, *below]
    return f"{edit.path}\n<<<<<<< SEARCH\n{joined(search)}=======\n{joined(replace)}>>>>>>> REPLACE\n"


def unified(edit: LineEdit, drift: Callable[[str], str]) -> str:
    header = f"--- a/{edit.path}\n+++ b/{edit.path}\n@@ -7,{len(edit.window)} +9,4 @@ def wrong\n"
    return f"```diff\n{header}{joined(_marked(edit, drift))}```\n"


def codex(edit: LineEdit, drift: Callable[[str], str]) -> str:
    return f"*** Begin Patch\n*** Update File: {edit.path}\n@@\n{joined(_marked(edit, drift))}*** End Patch\n"


def tool_call(edit: LineEdit, drift: Callable[[str], str]) -> str:
    above, below = [drift(line) for line in edit.above], [drift(line) for line in edit.below]
    old = joined([*above, *(drift(line) for line in edit.gone), *below])
    new = joined([*above, *edit.fresh, *below])
    return json.dumps({"name": "edit", "arguments": {"path": edit.path, "old_string": old, "new_string": new}}) + "\n"


def whole_file(edit: LineEdit, drift: Callable[[str], str]) -> str:
    return f"{edit.path}\n```python\n{edit.expected().decode()}```\n"


def _marked(edit: LineEdit, drift: Callable[[str], str]) -> list[str]:
    return [
        *(f" {drift(line)}" for line in edit.above),
        *(f"-{drift(line)}" for line in edit.gone),
        *(f"+{line}" for line in edit.fresh),
        *(f" {drift(line)}" for line in edit.below),
    ]


MATCHING: dict[str, Render] = {
    "search_replace": search_replace, "unified": unified, "codex": codex, "tool_call": tool_call,
}  # fmt: skip
ALL: dict[str, Render] = {**MATCHING, "whole_file": whole_file}
