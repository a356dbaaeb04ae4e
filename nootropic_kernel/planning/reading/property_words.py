"""Words for properties: `due dates` is a field of what was named before."""

from __future__ import annotations

import re

from nootropic_kernel.planning.reading.amounts import NUMBER_WORDS
from nootropic_kernel.planning.reading.field_lists import SMALL_NOUNS
from nootropic_kernel.planning.reading.nouns import CALLED, Nouns
from nootropic_kernel.planning.reading.things import Things
from nootropic_kernel.planning.reading.tokens import ARTICLES, SENTENCE_ENDS, Token, Tokens
from nootropic_kernel.planning.reading.wording import identifier, own_name, singular

# Nouns that are made of an adjective or a verb: wetness, humidity, usage, appearance.
_MADE_OF = re.compile(r"\w{2,}(?:ness|ity|age|ance|ence|ancy|ency|ature)")
_MEASURES = frozenset(
    {"measure", "log", "record", "track", "monitor", "watch", "compute", "calculate", "estimate", "predict"}
)
_LISTED_ALREADY = "the brief lists the fields itself; no field follows from this word"


def property_word(nouns: Nouns, things: Things, index: int, token: Token, word: str) -> bool:
    """Give the word's property to its thing, and mark it; `borrowed books` tells that a book can be borrowed.

    :return: whether it is one.
    """
    kinds = nouns.lexicon.table("attributes")
    head = singular(word)
    in_a_name = nouns.is_in_a_name(index + 1)
    if head in kinds and head == word and in_a_name:
        token.mark("assumed", CALLED)
        return True
    counted = nouns.tokens[index - 1] if index else None
    if head in kinds and head != word and counted is not None and _is_number(counted):
        token.mark("assumed", "tells how many; no task of its own")  # "10 times"
        return True
    if head in kinds:
        before = nouns.tokens[index - 1] if index else token
        parts = [before, token] if before.lower in SMALL_NOUNS and not before.verdict else [token]
        name, kind = (f"{before.lower}_{head}", "str") if len(parts) > 1 else (head, kinds[head])
        attached = things.attach({name: kind}, _owner(nouns.tokens, index))
        for part in parts:
            part.mark(*(("matched", f"a field: {name} ({kind})") if attached else ("not understood", _LISTED_ALREADY)))
        return True
    if not in_a_name and _is_quality(nouns.tokens, index, word):
        _quality(nouns, things, index, word)
        return True
    following = None if in_a_name else nouns.tokens.follower(index)
    if following is not None and (last := singular(following.lower)) in kinds:
        name = identifier(f"{word} {last}")
        attached = things.attach({name: kinds[last]}, _owner(nouns.tokens, index))
        meaning = f"a field: {name} ({kinds[last]})" if attached else _LISTED_ALREADY
        for part in (token, following):
            part.mark("matched" if attached else "not understood", meaning)
        return True
    if word.endswith("ed") and len(word) > 4 and nouns.noun_follows(index):
        things.later(identifier(word), "bool")
        token.mark("assumed", f"a field: {identifier(word)} (yes or no)")
        return True
    return False


def _is_number(token: Token) -> bool:
    return token.lower in NUMBER_WORDS or token.text[:1].isdigit()


def _quality(nouns: Nouns, things: Things, index: int, word: str) -> None:
    """Give what is measured to its thing; of what cannot be counted (`of soil`) it is a value of another thing."""
    kind = "float" if _is_measured(nouns, index) else "str"
    place = index + 2
    while place < len(nouns.tokens) and nouns.tokens[place].lower in ARTICLES:
        place += 1
    of = nouns.tokens[place] if place < len(nouns.tokens) else None
    owner = _owned_by(nouns, things, index)
    parts, name = [nouns.tokens[index]], identifier(word)
    if of is not None and not owner and things.fields and _is_uncounted(nouns, place):
        parts, name = [*parts, of], identifier(f"{of.lower} {word}")
    if not owner and len(parts) == 1:
        things.later(name, kind)  # what has it comes next
    elif not things.attach({name: kind}, owner):
        for part in parts:
            part.mark("not understood", _LISTED_ALREADY)
    for part in parts:
        part.mark("matched", f"a field: {name} ({kind})")


def _is_uncounted(nouns: Nouns, place: int) -> bool:
    """`of soil`, `of the air`: an unknown noun of which nobody says that there are several."""
    token = nouns.tokens[place]
    one = singular(token.lower) == token.lower and nouns.tokens[place - 1].lower not in ("a", "an")
    return one and not token.used and nouns.unknown(token)


def _is_quality(tokens: Tokens, index: int, word: str) -> bool:
    """`measure the wetness of soil`: a noun made of an adjective or a verb is a property of what follows `of`."""
    made = _MADE_OF.fullmatch(word) is not None and singular(word) == word
    return made and tokens.beside(index, +1) == "of" and tokens.beside(index, -1) not in ("a", "an", "each", "every")


def _is_measured(nouns: Nouns, index: int) -> bool:
    """Whether a number of it is wanted: what its sentence says is to be measured."""
    place = index
    while place > 0 and nouns.tokens[place - 1].text not in SENTENCE_ENDS:
        place -= 1
        if nouns.lexicon.base(nouns.tokens[place].lower) in _MEASURES:
            return True
    return False


def _owned_by(nouns: Nouns, things: Things, index: int) -> str:
    """The thing behind `of`, where it is there already."""
    place = index + 2
    while place < len(nouns.tokens) and nouns.tokens[place].lower in ARTICLES | {"each", "every", "all"}:
        place += 1
    word = nouns.tokens[place].lower if place < len(nouns.tokens) else ""
    return next((name for name in (nouns.lexicon.thing(word), own_name(singular(word))) if name in things.fields), "")


def _owner(tokens: Tokens, index: int) -> str:
    """The thing right before `with`: `loans with their due dates`; empty for none."""
    while index > 0 and tokens[index - 1].lower in ARTICLES:
        index -= 1
    before = tokens[index - 1].lower if index else ""
    owner = tokens[index - 2] if index > 1 and before in ("with", "having") else None
    return owner.meaning.rpartition(": ")[2] if owner is not None and owner.meaning.startswith("a thing") else ""
