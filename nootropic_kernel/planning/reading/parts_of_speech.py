"""Whether a word that can be a verb stands as one (`show`, `shows`, `showing`): told by the small words beside it."""

from __future__ import annotations

from collections.abc import Container

from nootropic_kernel.planning.reading.amounts import NUMBER_WORDS
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.tokens import ARTICLES, SENTENCE_ENDS, Tokens
from nootropic_kernel.planning.reading.wording import singular

NOUN, VERB = "noun", "verb"

OBJECT_OPENS = frozenset(
    {"a", "an", "the", "it", "them", "each", "all", "every", "my", "our", "their", "this", "that", "these", "those",
     "his", "her", "its", "your", "us", "me", "him", "any", "some"}
)  # fmt: skip
PREPOSITIONS = frozenset(
    {"of", "in", "on", "at", "by", "from", "with", "without", "for", "per", "about", "into", "between", "as", "like",
     "under", "over", "via", "during", "within", "through", "than"}
)  # fmt: skip
# What says how two things belong together: `songs belong to albums`.
HOLD = frozenset({"contain", "contains", "containing", "include", "includes", "hold", "holds"})
HOLD_OF = frozenset({"consist", "consists", "consisting", "composed"})
BELONG = frozenset({"belong", "belongs", "belonging"})
_DETERMINERS = ARTICLES | {
    "each", "every", "any", "no", "another", "both", "several", "many", "few", "all", "more", "such", "other", "own",
    "next", "last", "first", "whose", "these", "those",
}  # fmt: skip
_SINGULAR = frozenset({"a", "an", "each", "every", "one", "this"})
MODALS = frozenset({"can", "could", "should", "must", "will", "would", "may", "might", "shall", "cannot", "can't"})
_SUBJECTS = frozenset({"i", "we", "you", "they", "i'd", "we'd", "i'll", "we'll", "i've", "we've", "they've", "you've"})
_THIRD = frozenset({"it", "he", "she", "who", "that", "which", "one", "someone", "somebody", "everyone", "nobody"})
_BEFORE_VERB = MODALS | _SUBJECTS | {"to", "please", "who", "that", "which", "not", "don't", "let", "lets", "people"}
_ASKS = frozenset({"who", "which", "what", "when", "where", "how", "whether", "whom", "whose"})
_HELPS = frozenset({"help", "go", "come", "let"})
_WANTS = frozenset({"want", "wants", "wanna"})
_AFTER_NOUN = frozenset(
    {"have", "has", "is", "are", "was", "were", "with", "of", *MODALS, "need", "needs", "who", "which", "that"}
)
PASSIVE = frozenset({"be", "been", "being", "is", "are", "was", "were", "gets", "get"})
_PARTICLES = frozenset({"up", "off", "out", "down", "back", "away"})
OBJECT_PRONOUNS = frozenset({"them", "him", "us", "me"})
_IS = frozenset({"is", "was", "has", "does"})
# What opens an object, and hardly ever a clause of its own behind a noun: `sports events the club visits`.
_OBJECT_FOLLOWS = OBJECT_OPENS - {"that", "this", "all", "each", "every", "it", "them"}
_SEVERAL = frozenset({"people", "children", "staff", "men", "women", "police"})
_JOINS = frozenset({"and", "or", "then", "but", "also", "&"})
_GERUND_AFTER = frozenset({"for", "by", "of", "when", "while", "after", "before", "keep", "keeps", "start", "stop"})


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
        elif _is_verb_here(tokens, index, lexicon, form, programs):
            token.part = VERB
        if token.part == VERB:
            form = _form(token.lower, lexicon)


def _is_verb_here(tokens: Tokens, index: int, lexicon: Lexicon, form: str, programs: Container[str]) -> bool:
    """Whether a word that no list knows as a verb stands as one."""
    if lexicon.is_unknown(tokens[index].lower):
        return _is_strange_verb(tokens, index, form, programs, lexicon)
    return lexicon.is_thing(tokens[index].lower) and _is_done_to(tokens, index, lexicon)


def _has_particle(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`students hand in homework`, not `by hand in the hall`."""
    before = tokens.beside(index, -1)
    said = (tokens[index].lower, tokens.beside(index, +1))
    known = lexicon.particle_verb(*said) or lexicon.ability_of_verb(*said)
    return bool(known) and before not in _DETERMINERS | PREPOSITIONS


def _form(word: str, lexicon: Lexicon) -> str:
    """How a verb ends: `s`, `ing`, or `base`."""
    if lexicon.is_verb(word):
        return "base"
    return "ing" if word.endswith("ing") else "s" if word.endswith("s") else "base"


def _part(tokens: Tokens, index: int, lexicon: Lexicon, form: str) -> str:
    word, before, after = tokens[index].lower, tokens.beside(index, -1), tokens.beside(index, +1)
    relative = _is_relative(tokens, index)
    if not relative and (before in _DETERMINERS or before in NUMBER_WORDS or before[:1].isdigit()):
        return NOUN
    if before.endswith("'s") or (before not in _BEFORE_VERB and lexicon.is_quality(before) and before[-2:] != "ly"):
        return NOUN
    starts = lexicon.is_verb(word) and (not before or before in _JOINS)
    if starts and after in _ASKS:
        return VERB  # "show who owes what"
    brackets = index + 1 < len(tokens) and tokens[index + 1].text == "("
    if brackets or (after in _AFTER_NOUN and before not in _BEFORE_VERB | _WANTS):
        return "" if after == "of" and lexicon.verb(before) is not None else NOUN  # "keep track of"
    if lexicon.is_verb(word):
        return _of_base(tokens, index, lexicon, form)
    if word.endswith("ing"):
        return _of_gerund(tokens, index, form)
    if word.endswith("s"):
        return VERB if relative else _of_third_person(tokens, index, lexicon, form)
    return VERB if before in _SUBJECTS else ""


def _is_relative(tokens: Tokens, index: int) -> bool:
    """`a tool that prints`, not `that print`: a word stands before `that`, or no noun can follow it in that form."""
    if tokens.beside(index, -1) != "that":
        return False
    return bool(tokens.beside(index - 1, -1)) or tokens[index].lower.endswith("s")


def _of_base(tokens: Tokens, index: int, lexicon: Lexicon, form: str) -> str:
    """`track`: a verb after `to`, `can`, `users`, or where a sentence starts; a noun after a preposition or a noun."""
    before, after = tokens.beside(index, -1), tokens.beside(index, +1)
    if before in _BEFORE_VERB:
        return VERB
    if before in _WANTS:
        return VERB if after else NOUN
    if _ends_relative(tokens, index):
        return VERB
    if before in PREPOSITIONS or _is_object(tokens, index, lexicon):
        return NOUN
    if not after:
        return NOUN if (before and before not in _JOINS) or form == "s" else ""
    if before in _JOINS or (not before and index and tokens[index - 1].text == ","):
        if form == "s" and after not in OBJECT_OPENS:
            return NOUN
        if form or after in OBJECT_OPENS:
            return VERB
        return "" if _opens_sentence(tokens, index) else NOUN
    if not before:
        return NOUN if _names_a_program(tokens, index, lexicon) else VERB if after not in PREPOSITIONS else ""
    if singular(before) != before or before in _SEVERAL:
        return VERB if after not in _JOINS | PREPOSITIONS else ""
    return "" if lexicon.verb(before) is not None or before.endswith("ly") else NOUN


def _ends_relative(tokens: Tokens, index: int) -> bool:
    """`photos that guests upload`: behind several who act, in a clause that says which ones."""
    before, after = tokens.beside(index, -1), tokens.beside(index, +1)
    several = singular(before) != before or before in _SEVERAL
    return several and tokens.beside(index - 1, -1) in ("that", "which") and (not after or after in PREPOSITIONS)


def _of_gerund(tokens: Tokens, index: int, form: str) -> str:
    """`cooking time` is a noun; `for cooking meals`, `an app tracking meals` have a verb."""
    before, after = tokens.beside(index, -1), tokens.beside(index, +1)
    if before in _GERUND_AFTER or after in OBJECT_OPENS:
        return VERB
    if before in _JOINS:
        return VERB if form == "ing" else NOUN
    if after and before and before not in PREPOSITIONS:
        return VERB
    return NOUN if not before or before in PREPOSITIONS else ""


def _of_third_person(tokens: Tokens, index: int, lexicon: Lexicon, form: str) -> str:
    """`prints`: a verb after `it`, `that` or a program; a noun after a preposition, in a list, before its own verb."""
    before, after = tokens.beside(index, -1), tokens.beside(index, +1)
    if before in _THIRD:
        return VERB
    if before in PREPOSITIONS or not after or after in _JOINS or _is_object(tokens, index, lexicon):
        return NOUN
    if after in OBJECT_OPENS:
        return VERB
    if before in _JOINS or (not before and index and tokens[index - 1].text == ","):
        return VERB if form == "s" else NOUN
    if not before:
        return VERB if after not in PREPOSITIONS else ""
    if before in lexicon.words("program_words") or tokens.beside(index - 1, -1) in _SINGULAR:
        return VERB
    return NOUN


def _is_strange_verb(tokens: Tokens, index: int, form: str, programs: Container[str], lexicon: Lexicon) -> bool:
    """`can endorse a skill`, `we liked it`, `nobody remembers the set`, `a pupil belongs to one class`."""
    word, before, after = tokens[index].lower, tokens.beside(index, -1), tokens.beside(index, +1)
    if before in MODALS or (before == "to" and after in OBJECT_OPENS):
        return True
    if before == "to" and after and tokens.beside(index - 1, -1) in programs:
        return True  # "a tool to lint YAML files"
    if before in _SUBJECTS | {"he", "she", "nobody", "everyone", "everybody", "someone", "somebody"}:
        return True
    if word.endswith("ing") and set(word[:-3]) & set("aeiouy"):  # "bring" is no gerund
        return before in _GERUND_AFTER - {"for", "of"}
    if (singular(before) != before or before in _SEVERAL) and singular(word) == word:
        if after in OBJECT_OPENS | _PARTICLES or _ends_relative(tokens, index):
            return True  # "passengers request a seat", "guests jot down wishes"
        people = before in _SEVERAL or lexicon.is_of_people(singular(before))
        return people and singular(after) != after and _is_who_acts(tokens, index - 1, lexicon)  # "farmers weigh lambs"
    plural = word.endswith("s") and not word.endswith(("ss", "us", "is"))
    if before in ("it", "who", "which", "one") or _is_relative(tokens, index):
        return plural or word.endswith("ed")
    if plural and form == "s" and not before and index and tokens[index - 1].text == ",":
        return bool(after) and after not in _JOINS | _AFTER_NOUN
    one = tokens.beside(index - 1, -1) if before else ""
    if plural and one in _SINGULAR:
        return after in OBJECT_OPENS | PREPOSITIONS | {"to"}
    return plural and one in ("my", "our") and after in OBJECT_OPENS


def _is_done_to(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`teachers grade it`, `can grade homework`: what else is a thing stands as a verb between who acts and an object.

    `sports event the club visits` and `in each grade it lists` have a noun there.
    """
    word, before, after = tokens[index].lower, tokens.beside(index, -1), tokens.beside(index, +1)
    base = singular(word) == word
    if base and (before in MODALS or before in _SUBJECTS):
        return bool(after)
    if before == "who":
        return bool(after) and after not in _AFTER_NOUN
    pronoun = is_object_pronoun(tokens, index + 1, lexicon)
    several = singular(before) != before or before in _SEVERAL
    small = before in lexicon.words("stop") or lexicon.is_quality(before)
    if not base:
        return pronoun and bool(before) and not several and not small  # "the teacher grades it"
    if pronoun:
        return several or not before or before in _JOINS | {"to"}
    told = after in _OBJECT_FOLLOWS and tokens.beside(index + 1, +1) not in lexicon.words("measures")
    return told and (before == "to" or (several and _is_who_acts(tokens, index - 1, lexicon)))


def _is_who_acts(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether a noun opens its clause, so that a verb can follow it: `…, and teachers grade the homework`."""
    place = index - 1
    while place >= 0 and (tokens[place].lower in ARTICLES or lexicon.is_quality(tokens[place].lower)):
        place -= 1
    return (
        place < 0 or tokens[place].kind == "stop" or tokens[place].lower in _JOINS | {"where", "when", "whose", "that"}
    )


def is_object_pronoun(tokens: Tokens, place: int, lexicon: Lexicon) -> bool:
    """Whether `it` or `them` stands there as what something is done to, rather than as who does something."""
    word, after = tokens.beside(place, 0), tokens.beside(place, +1)
    acts = after in MODALS or after in _IS or (after.endswith("s") and lexicon.verb(after) is not None)
    return word in OBJECT_PRONOUNS or (word == "it" and not acts)


def _is_object(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """`renames log files`: what follows a verb is what it acts on; `helps plan trips` has two verbs."""
    return index > 0 and tokens[index - 1].part == VERB and lexicon.base(tokens[index - 1].lower) not in _HELPS


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
