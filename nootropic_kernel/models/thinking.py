"""Parting what a model thinks aloud from its answer, when it writes both into one text: ``<think>…</think>answer``."""

from __future__ import annotations

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkingFilter:
    """Takes an answer piece by piece. Only an answer that begins with the tag has thoughts: later it is plain text."""

    def __init__(self) -> None:
        self._state = "start"
        self._held = ""

    def add(self, piece: str) -> tuple[str, str]:
        """The reasoning and the answer's text in ``piece``, and in what had been held back before it."""
        if self._state == "text":
            return "", piece
        self._held += piece
        if self._state == "after":
            return "", self._after()
        if self._state == "start":
            head = self._held.lstrip()
            if not head.startswith(_OPEN):
                if _OPEN.startswith(head):
                    return "", ""
                self._state = "text"
                return "", self._release()
            self._state, self._held = "thought", head[len(_OPEN) :]
        thought, closed, rest = self._held.partition(_CLOSE)
        if closed:
            self._state, self._held = "after", rest
            return thought, self._after()
        keep = _overlap(self._held)
        self._held, thought = self._held[len(self._held) - keep :], self._held[: len(self._held) - keep]
        return thought, ""

    def finish(self) -> tuple[str, str]:
        """What is still held back when the answer ends, as reasoning and as text."""
        held = self._release()
        return (held, "") if self._state == "thought" else ("", held)

    def _after(self) -> str:
        # Models put empty lines between their thoughts and their answer.
        text = self._held.lstrip()
        self._held = ""
        if text:
            self._state = "text"
        return text

    def _release(self) -> str:
        held, self._held = self._held, ""
        return held


def _overlap(text: str) -> int:
    """How many characters at the end of ``text`` may be the beginning of the closing tag."""
    return next((size for size in range(len(_CLOSE) - 1, 0, -1) if text.endswith(_CLOSE[:size])), 0)
