"""Who does something in a clause, and what it is done to: told by the small words beside them."""

from __future__ import annotations

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import IS, JOINS, MODALS, OBJECT_PRONOUNS, PREPOSITIONS, SEVERAL
from nootropic_kernel.planning.reading.tokens import ARTICLES, Tokens
from nootropic_kernel.planning.reading.wording import singular


def is_object_pronoun(tokens: Tokens, place: int, lexicon: Lexicon) -> bool:
    """Whether `it` or `them` stands there as what something is done to, rather than as who does something."""
    word, after = tokens.beside(place, 0), tokens.beside(place, +1)
    acts = after in MODALS or after in IS or (after.endswith("s") and lexicon.verb(after) is not None)
    return word in OBJECT_PRONOUNS or (word == "it" and not acts)


def is_relative(tokens: Tokens, index: int) -> bool:
    """`a tool that prints`, not `that print`: a word stands before `that`, or no noun can follow it in that form."""
    if tokens.beside(index, -1) != "that":
        return False
    return bool(tokens.beside(index - 1, -1)) or tokens[index].lower.endswith("s")


def ends_relative(tokens: Tokens, index: int) -> bool:
    """`photos that guests upload`: behind several who act, in a clause that says which ones."""
    before, after = tokens.beside(index, -1), tokens.beside(index, +1)
    several = singular(before) != before or before in SEVERAL
    return several and tokens.beside(index - 1, -1) in ("that", "which") and (not after or after in PREPOSITIONS)


def is_noun_before(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether a noun stands right before, as far as the lists tell."""
    before = tokens.beside(index, -1)
    return bool(before) and before not in lexicon.words("stop") and lexicon.verb(before) is None


def moves(tokens: Tokens, index: int) -> bool:
    """`cars drive in and out`: behind the small word no noun follows, so that it belongs to the verb."""
    after = tokens.beside(index + 1, +1)
    return tokens.beside(index, +1) in ("in", "on", "over") and (not after or after in JOINS)


def is_who_acts(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether a noun opens its clause, so that a verb can follow it: `…, and teachers grade the homework`."""
    place = index - 1
    while place >= 0 and (tokens[place].lower in ARTICLES or lexicon.is_quality(tokens[place].lower)):
        place -= 1
    return (
        place < 0 or tokens[place].kind == "stop" or tokens[place].lower in JOINS | {"where", "when", "whose", "that"}
    )


def is_done_by_people(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether somebody does it in a clause of its own, and it is the name of nothing."""
    who = tokens.beside(index, -1)
    people = singular(who) == who and lexicon.is_of_people(who) and is_who_acts(tokens, index - 1, lexicon)
    return people and not lexicon.is_thing(tokens[index].lower)
