"""Words that no list knows as verbs, and that stand as one: `users endorse a skill`, `teachers grade it`."""

from __future__ import annotations

from collections.abc import Container

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import (
    AFTER_NOUN,
    CONDITIONS,
    GERUND_AFTER,
    JOINS,
    MODALS,
    MOVING,
    OBJECT_FOLLOWS,
    OBJECT_OPENS,
    ONE,
    PREPOSITIONS,
    SEVERAL,
    SUBJECTS,
)
from nootropic_kernel.planning.reading.tokens import Tokens
from nootropic_kernel.planning.reading.who_acts import (
    ends_relative,
    is_noun_before,
    is_object_pronoun,
    is_relative,
    is_who_acts,
    moves,
)
from nootropic_kernel.planning.reading.wording import singular


def is_verb_here(tokens: Tokens, index: int, lexicon: Lexicon, form: str, programs: Container[str]) -> bool:
    """Whether a word that no list knows as a verb stands as one."""
    if lexicon.is_unknown(tokens[index].lower):
        return _is_strange_verb(tokens, index, form, programs, lexicon)
    return lexicon.is_thing(tokens[index].lower) and _is_done_to(tokens, index, lexicon)


def _is_strange_verb(tokens: Tokens, index: int, form: str, programs: Container[str], lexicon: Lexicon) -> bool:
    """`can endorse a skill`, `we liked it`, `nobody remembers the set`, `a pupil belongs to one class`."""
    word, before, after = tokens[index].lower, tokens.beside(index, -1), tokens.beside(index, +1)
    if before == "to" and lexicon.is_verb(after):
        return False  # "to bulk rename photos"
    if before in MODALS or (before == "to" and after in OBJECT_OPENS):
        return True
    if before == "to" and after and tokens.beside(index - 1, -1) in programs:
        return True  # "a tool to lint YAML files"
    if before in SUBJECTS | {"he", "she", "nobody", "everyone", "everybody", "someone", "somebody"}:
        return True
    if not before and index and after in MOVING:
        return singular(word) == word  # "…, settle up"
    if word.endswith("ing") and set(word[:-3]) & set("aeiouy"):  # "bring" is no gerund
        return before in GERUND_AFTER - {"for", "of"}
    if (singular(before) != before or before in SEVERAL) and singular(word) == word:
        if after in OBJECT_OPENS | MOVING or ends_relative(tokens, index) or moves(tokens, index):
            return True  # "passengers request a seat", "guests jot down wishes", "cars drive in and out"
        if before in SEVERAL and after in ("for", "about", "to"):
            return is_who_acts(tokens, index - 1, lexicon)  # "people ask for pumps"
        people = before in SEVERAL or lexicon.is_of_people(singular(before))
        follows = {after, tokens.beside(index + 1, +1) if after not in lexicon.words("stop") else after}
        several = any(singular(word) != word for word in follows)  # "farmers weigh lambs", "visitors bring broken toys"
        return people and several and is_who_acts(tokens, index - 1, lexicon)
    plural = word.endswith("s") and not word.endswith(("ss", "us", "is"))
    if before == "which" and (after in ("are", "is", "were") or not is_noun_before(tokens, index - 1, lexicon)):
        return False  # "see which flats are empty"
    if before in ("it", "who", "which", "one") or is_relative(tokens, index):
        return plural or word.endswith("ed")
    if plural and form == "s" and not before and index and tokens[index - 1].text == ",":
        return bool(after) and after not in JOINS | AFTER_NOUN
    one = tokens.beside(index - 1, -1) if before else ""
    if plural and one in ONE:
        return after in OBJECT_OPENS | PREPOSITIONS | CONDITIONS | {"to"}  # "a barrier opens when …"
    return plural and one in ("my", "our") and after in OBJECT_OPENS


def _is_done_to(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`teachers grade it`, `can grade homework`: what else is a thing stands as a verb between who acts and an object.

    `sports event the club visits` and `in each grade it lists` have a noun there.
    """
    word, before, after = tokens[index].lower, tokens.beside(index, -1), tokens.beside(index, +1)
    base = singular(word) == word
    if base and (before in MODALS or before in SUBJECTS):
        return bool(after)
    if before == "who":
        return bool(after) and after not in AFTER_NOUN
    pronoun = is_object_pronoun(tokens, index + 1, lexicon)
    several = singular(before) != before or before in SEVERAL
    small = before in lexicon.words("stop") or lexicon.is_quality(before)
    if not base:
        return pronoun and bool(before) and not several and not small  # "the teacher grades it"
    if pronoun:
        return several or not before or before in JOINS | {"to"}
    told = after in OBJECT_FOLLOWS and tokens.beside(index + 1, +1) not in lexicon.words("measures")
    return told and (before == "to" or (several and is_who_acts(tokens, index - 1, lexicon)))
