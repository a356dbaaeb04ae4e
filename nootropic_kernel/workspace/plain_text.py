"""Text as a reader can trust it: nothing in it steers the terminal, turns the order of words, or stays unseen.

See "Trojan Source: Invisible Vulnerabilities" (Boucher and Anderson, 2021) for what hidden characters do to a review.
"""

from __future__ import annotations

import re
import unicodedata

# The colours that our own diffs use; every other control sequence is shown as signs.
_OURS = r"\x1b\[(?:0|1|2|7|22|27|31|32|33|36|39)m"
# Controls (but tab and line end), bidirectional and zero-width formats, fillers, variation selectors, tags, surrogates.
_HIDDEN = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
_HIDDEN_CHARACTER = re.compile(_HIDDEN)
_OURS_OR_HIDDEN = re.compile(f"({_OURS})|{_HIDDEN}")
# How `visible` shows a hidden character: one without a picture of its own, and any.
UNSEEN = re.compile(r"⟨U\+[0-9A-F]{4,6}⟩")
SIGN = re.compile(UNSEEN.pattern + r"|[\u2400-\u2421]")


def visible(text: str) -> str:
    """``text`` with each character that hides or commands as a sign (``␛``, ``⟨U+202E⟩``); tabs and line ends stay.

    Joiners stay where writing needs them: within emoji, and between letters of Arabic and Indic scripts.
    """
    return _HIDDEN_CHARACTER.sub(_sign, text)


def readable(text: str) -> str:
    """``text`` for a terminal: as :func:`visible`, but the colours that we use ourselves stay."""
    return _OURS_OR_HIDDEN.sub(lambda found: found[1] or _sign(found), text)


def width(text: str) -> int:
    """How many columns of a terminal the text takes: wide letters two (Unicode TR 11), marks and joined signs none."""
    if text.isascii():
        return len(text)
    columns, before = 0, ""
    for character in text:
        joined = before == "\u200d" or "\U0001f3fb" <= character <= "\U0001f3ff"
        if not joined and unicodedata.category(character) not in ("Mn", "Me", "Cf"):
            columns += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        before = character
    return columns


def fitted(text: str, columns: int) -> str:
    """The text cut to so many columns, ``…`` where something is missing, and padded to them."""
    if width(text) > columns:
        while width(text) > columns - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (columns - width(text))


def _sign(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if _is_writing(found.string[found.start() - 1 : found.start()], character, found.string[found.end() :][:1]):
        return character
    return f"⟨U+{code:04X}⟩"


def _is_writing(before: str, character: str, after: str) -> bool:
    """Whether the character does between its neighbours what it is there for."""
    if character in "\ufe0e\ufe0f":  # text or emoji style of the sign before it
        return bool(before) and (before in "#*0123456789" or unicodedata.category(before) in ("So", "Sm", "Po", "Pd"))
    if character not in "\u200c\u200d" or not (before and after):
        return False
    if "\u0600" <= before <= "\u0dff" and "\u0600" <= after <= "\u0dff":
        return True
    joined = before == "\ufe0f" or unicodedata.category(before) in ("So", "Sk")
    return character == "\u200d" and joined and unicodedata.category(after) in ("So", "Sm")
