"""Seeing that an answer repeats itself, while it is written: a small model that lost its way goes on to its limit."""

from __future__ import annotations

# How an answer ended that was stopped because of this; beside a model's own `stop` and `length`.
REPEATS = "repeats"

_LINES = 6
_BLOCKS = 4
_LONGEST_BLOCK = 24
_TAIL = 400
_PIECES = 5
_LONGEST_PIECE = 200


class Repetition:
    """Watches a ``text`` as it grows. ``found`` is what it repeats, or empty; ``useful`` is the text before that.

    Lines that stand just as often in ``known`` (the files that are shown) are not a model's doing.
    """

    def __init__(self, known: str = "") -> None:
        self._known = "\n".join(_solid(known.splitlines()))
        self.text = ""
        self._lines: list[str] = []
        self._open = ""
        self.found = ""
        self.useful = ""

    def add(self, piece: str) -> bool:
        """Take a piece of the text; True as soon as it repeats itself."""
        return bool(self.found) or any(self._take(part) for part in piece.splitlines(keepends=True))

    def _take(self, part: str) -> bool:
        self.text += part
        self._open += part
        if not part.endswith("\n"):
            return self._within_the_line()
        line, self._open = self._open.rstrip(), ""
        if not line:
            return False
        self._lines.append(line)
        return self._in_lines()

    def _in_lines(self) -> bool:
        lines = self._lines
        for size in range(1, _LONGEST_BLOCK + 1):
            total = size * (_LINES if size < 3 else _BLOCKS)
            if total > len(lines):
                continue
            if lines[-total:-size] == lines[size - total :] and "\n".join(lines[-total:]) not in self._known:
                self.found = "\n".join(lines[-size:])
                self.useful = "\n".join(lines[: len(lines) + size - total])
                return True
        return False

    def _within_the_line(self) -> bool:
        for size in range(1, _LONGEST_PIECE + 1):
            length = max(_TAIL, _PIECES * size)
            if len(self._open) < length:
                return False
            tail = self._open[-length:]
            if tail[size:] == tail[:-size] and tail not in self._known:
                self.found = tail[-size:].strip() or "blanks"
                self.useful = self.text[: -length + size]
                return True
        return False


def repetition_in(text: str, known: str = "") -> Repetition:
    """The watcher of a text that is there as a whole."""
    watcher = Repetition(known)
    watcher.add(text)
    return watcher


def _solid(lines: list[str]) -> list[str]:
    return [line.rstrip() for line in lines if line.strip()]
