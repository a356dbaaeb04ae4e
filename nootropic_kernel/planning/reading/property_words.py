"""Words for properties: `due dates` is a field of what was named before."""

from __future__ import annotations

from nootropic_kernel.planning.reading.nouns import CALLED, Nouns
from nootropic_kernel.planning.reading.things import Things
from nootropic_kernel.planning.reading.tokens import Token, Tokens
from nootropic_kernel.planning.reading.wording import identifier, singular

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
    if head in kinds:
        if things.attach({head: kinds[head]}, _owner(nouns.tokens, index)):
            token.mark("matched", f"a field: {head} ({kinds[head]})")
        else:
            token.mark("not understood", _LISTED_ALREADY)
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


def _owner(tokens: Tokens, index: int) -> str:
    """The thing right before `with`: `loans with due dates`; empty for none."""
    before = tokens[index - 1].lower if index else ""
    owner = tokens[index - 2] if index > 1 and before in ("with", "having") else None
    return owner.meaning.rpartition(": ")[2] if owner is not None and owner.meaning.startswith("a thing") else ""
