"""What is written down again and again and belongs to nothing else: `a mood tracker of energy, stress and focus`."""

from __future__ import annotations

from nootropic_kernel.planning.reading.field_lists import (
    SMALL,
    Listed,
    field_of,
    is_abstract,
    is_unknown,
    items_from,
)
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import VERB
from nootropic_kernel.planning.reading.tokens import Token, Tokens
from nootropic_kernel.planning.reading.wording import own_name, singular

_TRACKERS = frozenset({"tracker", "log", "logbook", "diary", "journal", "record"})
_TRACKS = frozenset({"track", "log", "record", "monitor"})
_AFTER_VALUES = frozenset({"", ".", ";", "!", "\n", "per", "each", "every", "daily", "weekly", "over", "by"})
_ENTRY = "entry"  # what has values that nothing else has


def find_tracked_values(tokens: Tokens, lexicon: Lexicon) -> list[Listed]:
    """The entry that has the values of a brief, with one field each; their words are marked.

    One word for a property makes an entry of all of them. Of a tracker, two that cannot be counted do so as well:
    `a log of rain and wind`, but not `a log of visits and repairs`.
    """
    for index, token in enumerate(tokens):
        tracker = token.lower in _TRACKERS and token.part != VERB and tokens.beside(index, +1) in ("of", "for")
        track_of = token.lower == "track" and tokens.beside(index, +1) == "of"
        if not tracker and not track_of and not (token.part == VERB and lexicon.base(token.lower) in _TRACKS):
            continue
        items, end = items_from(tokens, index + (2 if tracker or track_of else 1), lexicon)
        after = tokens[end].lower if end < len(tokens) else ""
        values = [item for item in items if item[-1].lower in lexicon.table("attributes")]
        plain = all(len(item) == 1 and (item in values or _is_uncounted(item[0], lexicon)) for item in items)
        several = tracker and len(items) > 1 and not _has_articles(tokens, index + 2, end)
        if plain and (values or several) and after in _AFTER_VALUES:
            return [_entry(tokens, index if tracker else None, items, lexicon)]
    return []


def _entry(tokens: Tokens, tracker: int | None, items: list[list[Token]], lexicon: Lexicon) -> Listed:
    which = tokens[tracker - 1] if tracker else None
    if which is not None and (which.kind != "word" or which.used or not is_unknown(which, lexicon)):
        which = None
    name = own_name(f"{which.lower} {_ENTRY}") if which else _ENTRY
    holder = tokens[tracker] if tracker is not None and is_unknown(tokens[tracker], lexicon) else None
    for part in filter(None, (which, holder)):
        part.mark("matched", f"a thing to keep: {name}")
    fields = {"created": "date"}
    for item in items:
        field, kind = field_of(item, lexicon)
        fields[field] = kind
        item[0].mark("matched", f"a field of {name}: {field} ({kind})")
    return Listed(name, fields)


def _is_uncounted(token: Token, lexicon: Lexicon) -> bool:
    known = token.part == VERB or not lexicon.is_unknown(token.lower, noun=True)
    return singular(token.lower) == token.lower and (not known or is_abstract(token, lexicon))


def _has_articles(tokens: Tokens, start: int, end: int) -> bool:
    """`a log for our boat`: of what an article stands before there are several, or one that is known."""
    return any(token.lower in SMALL for token in tokens[start:end])
