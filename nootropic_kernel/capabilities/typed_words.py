"""Words as people type them: split, quoted, and the name that a mistyped one was most likely meant to be."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# Other words for how a task stands, that no slip of the finger makes of one another.
_MEANT = {
    "finished": "done", "complete": "done", "completed": "done", "closed": "done", "todo": "pending", "open": "pending",
    "doing": "running", "started": "running", "postponed": "deferred", "later": "deferred", "canceled": "cancelled",
    "stuck": "blocked", "broken": "failed",
}  # fmt: skip
_NEAR = 0.6  # a slip or two; below, the words only share letters: `finished` and `failed`


def split_words(text: str) -> list[str]:
    """Split a line into words the way people type prompts: an apostrophe inside a word is a letter.

    A quote opens only at the start of a word (or after ``=``) and closes only at its end; one that
    never closes is a plain character. So ``don't 'stop here'`` is two words and nothing raises.
    """
    words: list[str] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        word, at = _word(text, at)
        words.append(word)
    return words


def _word(text: str, at: int) -> tuple[str, int]:
    word: list[str] = []
    opening = True
    while at < len(text) and not text[at].isspace():
        char = text[at]
        if opening and char in "\"'":
            end = _closing(text, at)
            if end is not None:
                inner = text[at + 1 : end]
                word.append(re.sub(r'\\(["\\])', r"\1", inner) if char == '"' else inner)
                at, opening = end + 1, False
                continue
        if char == "\\" and at + 1 < len(text) and (text[at + 1].isspace() or text[at + 1] in "\"'\\"):
            at += 1
            char = text[at]
        word.append(char)
        opening = char == "=" and "".join(word).startswith("--")
        at += 1
    return "".join(word), at


def _closing(text: str, start: int) -> int | None:
    """Where the quote that opens at ``start`` closes: followed by a space or the end."""
    quote, at = text[start], start + 1
    while at < len(text):
        if quote == '"' and text[at] == "\\" and text[at + 1 : at + 2] in ('"', "\\"):
            at += 2
            continue
        if text[at] == quote and (at + 1 == len(text) or text[at + 1].isspace()):
            return at
        at += 1
    return None


def quote_word(word: str) -> str:
    """Write a word so that :func:`split_words` reads it back."""
    if word and not re.search(r"[\s\"'\\]", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that ``word`` was most likely meant to be; dashes before both say nothing about it."""
    known = list(known)
    if (meant := _MEANT.get(word.lower())) in known:
        return meant
    plain = {name.lstrip("-"): name for name in sorted(known)}
    matches = difflib.get_close_matches(word.lower().lstrip("-"), plain, n=1, cutoff=_NEAR)
    return plain[matches[0]] if matches else None
