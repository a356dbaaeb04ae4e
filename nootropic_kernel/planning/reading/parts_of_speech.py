"""Whether a word that can be a verb stands as one (`show`, `shows`, `showing`): told by the small words beside it."""

from __future__ import annotations

from nootropic_kernel.planning.reading.amounts import NUMBER_WORDS
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import (
    AFTER_NOUN,
    ASKS,
    BEFORE_VERB,
    CONDITIONS,
    DETERMINERS,
    GERUND_AFTER,
    HELPS,
    JOINS,
    NOUN,
    OBJECT_OPENS,
    ONE,
    PREPOSITIONS,
    SEVERAL,
    SUBJECTS,
    THIRD,
    VERB,
    WANTS,
)
from nootropic_kernel.planning.reading.strange_verbs import is_verb_here
from nootropic_kernel.planning.reading.tokens import SENTENCE_ENDS, Tokens
from nootropic_kernel.planning.reading.who_acts import ends_relative, is_done_by_people, is_noun_before, is_relative
from nootropic_kernel.planning.reading.wording import singular


def mark_parts(tokens: Tokens, lexicon: Lexicon) -> None:
    """Say of each word that a list knows as a verb whether it is a noun or a verb here; empty where nothing tells.

    A word that no list knows is marked only where it can be nothing but a verb: `users can endorse a skill`.
    """
    form = ""  # of the sentence's last verb: one that is joined to it has the same
    programs = lexicon.words("program_words") | {"program", "script"} | set(lexicon.signs)
    for index, token in enumerate(tokens):
        if token.text in SENTENCE_ENDS:
            form = ""
        if token.kind != "word" or token.lower in lexicon.words("stop"):
            continue
        if _has_particle(tokens, index, lexicon):
            token.part = VERB
        elif lexicon.verb(token.lower) is not None:
            token.part = _part(tokens, index, lexicon, form)
        elif is_verb_here(tokens, index, lexicon, form, programs):
            token.part = VERB
        if token.part == VERB:
            form = _form(token.lower, lexicon)


def _has_particle(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`students hand in homework`, not `by hand in the hall`."""
    before = tokens.beside(index, -1)
    said = (tokens[index].lower, tokens.beside(index, +1))
    known = lexicon.particle_verb(*said) or lexicon.ability_of_verb(*said)
    return bool(known) and before not in DETERMINERS | PREPOSITIONS


def _form(word: str, lexicon: Lexicon) -> str:
    """How a verb ends: `s`, `ing`, or `base`."""
    if lexicon.is_verb(word):
        return "base"
    return "ing" if word.endswith("ing") else "s" if word.endswith("s") else "base"


def _part(tokens: Tokens, index: int, lexicon: Lexicon, form: str) -> str:
    word, before, after = tokens[index].lower, tokens.beside(index, -1), tokens.beside(index, +1)
    relative = is_relative(tokens, index)
    if not relative and (before in DETERMINERS or before in NUMBER_WORDS or before[:1].isdigit()):
        return NOUN
    if before.endswith("'s") or (before not in BEFORE_VERB and lexicon.is_quality(before) and before[-2:] != "ly"):
        return NOUN
    starts = lexicon.is_verb(word) and (not before or before in JOINS)
    if starts and after in ASKS:
        return VERB  # "show who owes what"
    brackets = index + 1 < len(tokens) and tokens[index + 1].text == "("
    if brackets or (after in AFTER_NOUN and before not in BEFORE_VERB | WANTS):
        return "" if after == "of" and lexicon.verb(before) is not None else NOUN  # "keep track of"
    if lexicon.is_verb(word):
        return _of_base(tokens, index, lexicon, form)
    if word.endswith("ing"):
        return _of_gerund(tokens, index, form)
    if word.endswith("s"):
        return VERB if relative else _of_third_person(tokens, index, lexicon, form)
    return VERB if before in SUBJECTS else ""


def _of_base(tokens: Tokens, index: int, lexicon: Lexicon, form: str) -> str:
    """`track`: a verb after `to`, `can`, `users`, or where a sentence starts; a noun after a preposition or a noun."""
    before, after = tokens.beside(index, -1), tokens.beside(index, +1)
    if before in BEFORE_VERB:
        return VERB
    if before in WANTS:
        return VERB if after else NOUN
    if ends_relative(tokens, index):
        return VERB
    if after and tokens.beside(index - 1, -1) == "to" and lexicon.is_unknown(before):
        return VERB  # "to bulk rename photos"
    if before in PREPOSITIONS or _is_object(tokens, index, lexicon):
        return NOUN
    if not after:
        return NOUN if (before and before not in JOINS) or form == "s" else ""
    if before in JOINS or (not before and index and tokens[index - 1].text == ","):
        if form == "s" and after not in OBJECT_OPENS:
            return NOUN
        if form or after in OBJECT_OPENS:
            return VERB
        return "" if _opens_sentence(tokens, index) else NOUN
    if not before:
        return NOUN if _names_a_program(tokens, index, lexicon) else VERB if after not in PREPOSITIONS else ""
    if singular(before) != before or before in SEVERAL:
        return VERB if after not in JOINS | PREPOSITIONS else ""
    return "" if lexicon.verb(before) is not None or before.endswith("ly") else NOUN


def _of_gerund(tokens: Tokens, index: int, form: str) -> str:
    """`cooking time` is a noun; `for cooking meals`, `an app tracking meals` have a verb."""
    before, after = tokens.beside(index, -1), tokens.beside(index, +1)
    if before in GERUND_AFTER or after in OBJECT_OPENS:
        return VERB
    if before in JOINS:
        return VERB if form == "ing" else NOUN
    if after and before and before not in PREPOSITIONS:
        return VERB
    return NOUN if not before or before in PREPOSITIONS else ""


def _of_third_person(tokens: Tokens, index: int, lexicon: Lexicon, form: str) -> str:
    """`prints`: a verb after `it`, `that` or a program; a noun after a preposition, in a list, before its own verb."""
    before, after = tokens.beside(index, -1), tokens.beside(index, +1)
    if before == "which" and not is_noun_before(tokens, index - 1, lexicon):
        return NOUN  # "who lent which books"
    if before in THIRD:
        return VERB
    if not after and is_done_by_people(tokens, index, lexicon):
        return VERB  # "…, the pharmacist approves"
    if before in PREPOSITIONS or not after or after in JOINS or _is_object(tokens, index, lexicon):
        return NOUN
    if after in OBJECT_OPENS or (before and after in ASKS - {"who", "which"}):
        return VERB  # "the kitchen sees how many meals are ordered"
    if before in JOINS or (not before and index and tokens[index - 1].text == ","):
        return VERB if form == "s" else NOUN
    if not before:
        return VERB if after not in PREPOSITIONS else ""
    opens = tokens.beside(index - 1, -1)  # "when stock runs low"
    if before in lexicon.words("program_words") or opens in ONE or (opens in CONDITIONS and singular(before) == before):
        return VERB
    return NOUN


def _is_object(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`renames log files`: what follows a verb is what it acts on; `helps plan trips` has two verbs."""
    return index > 0 and tokens[index - 1].part == VERB and lexicon.base(tokens[index - 1].lower) not in HELPS


def _opens_sentence(tokens: Tokens, index: int) -> bool:
    """Whether only a small word stands between it and the start of a sentence, and no list goes on with it."""
    return index < 2 or (
        not tokens.beside(index - 1, -1) and "," not in (tokens[index - 1].text, tokens[index - 2].text)
    )


def _names_a_program(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`book club app`: nouns in the singular, the last of them a program."""
    place = index
    while tokens.beside(place, +1) and tokens[place + 1].kind == "word":
        place += 1
        word = tokens[place].lower
        if word in lexicon.words("stop") or singular(word) != word:
            return False
        if word in lexicon.words("program_words"):
            return True
    return False
