"""Markdown fences in a model's answer: what is code, what it was said to be, and which file it names."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

_OPEN = re.compile(r"^(?P<indent> {0,3})(?P<ticks>`{3,}|~{3,})\s*(?P<info>[^`]*)$")
_PATH = re.compile(r"[\w./\\-]*[\w-]\.\w+|[\w./-]+/[\w.-]+")
_LABELS = frozenset({"file", "path", "filename", "python"})
_DECORATION = "`*#:'\"() "


@dataclass(frozen=True)
class Fence:
    """One fenced block: its info string, the path it or the line before it names, its body, and whether it closes."""

    info: str
    path: str | None
    body: str
    closed: bool

    @property
    def language(self) -> str:
        return self.info.split()[0].lower() if self.info.split() else ""


def fences(text: str, known: Collection[str] = ()) -> list[Fence]:
    """The fenced blocks of an answer, in order. ``known`` are paths that may be named by their last part alone."""
    found: list[Fence] = []
    before = ""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        opening = _OPEN.match(lines[number].rstrip("\r"))
        if opening is None:
            before = lines[number] if lines[number].strip() else before
            number += 1
            continue
        close = _closing(lines, number, opening["ticks"])
        body = lines[number + 1 : close]
        info = opening["info"].strip()
        path = _path_in(info, known) or _path_in(before, known)
        found.append(Fence(info, path, "".join(f"{line}\n" for line in body), close < len(lines)))
        before = ""
        number = close + 1
    return found


def _closing(lines: list[str], start: int, ticks: str) -> int:
    """The line of the closing fence; a fenced block inside (as in Markdown files) is passed over."""
    depth = 0
    for number in range(start + 1, len(lines)):
        line = lines[number].strip()
        if line.startswith(ticks) and set(line) == {ticks[0]}:
            if depth == 0:
                return number
            depth -= 1
        elif line.startswith(ticks) and re.fullmatch(r"[`~]{3,}\w[\w+-]*", line):
            depth += 1
    if depth:  # the inner fences did not pair up: take the first closing one
        for number in range(start + 1, len(lines)):
            line = lines[number].strip()
            if line.startswith(ticks) and set(line) == {ticks[0]}:
                return number
    return len(lines)


def _path_in(text: str, known: Collection[str]) -> str | None:
    words = [word.strip(_DECORATION) for word in re.split(r"[\s=]+", text.replace(":", ": "))]
    words = [word for word in words if word]
    for word in words:
        if word in known:
            return word
    for word in words:
        ends = [path for path in known if path.endswith("/" + word)]
        if len(ends) == 1 and "." in word:
            return ends[0]
    # A name of a file that is not known counts only when it stands alone: prose mentions many files.
    alone = len(words) == 1 or (len(words) == 2 and words[0].rstrip(":").lower() in _LABELS)
    return words[-1] if alone and _PATH.fullmatch(words[-1]) else None
