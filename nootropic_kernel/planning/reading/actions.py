"""What a project is to do, in the brief's own words: `converts CSV to JSON` becomes “Convert CSV to JSON”."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.parts_of_speech import MODALS, NOUN, PASSIVE, VERB, is_object_pronoun
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import is_participle, own_name, singular

_ENDS = frozenset({".", ";", "\n", "!", "?", ":", "(", ")", "—", "–", "•"})
_BEFORE = frozenset(
    {"", "and", "or", "to", "can", "that", "which", "should", "must", "will", "could", "may", "who", "then", "also",
     "please", "it", "they", "users", "you", "people", "would", "let", "lets", "them", "automatically"}
)  # fmt: skip
_MODALS = frozenset({"can", "should", "must", "will", "could", "may", "would", "to"})
# Verbs that say what a program does; those of keeping records are told by the things that are kept.
ACTS = frozenset({"work out", "run", "send", "analyse", "train", "migrate"})
_SHOWS = frozenset({"make something new", "show records", "find records", "change records", "test", "document"})
_STRANGE = "something else"  # a verb that no list knows
PARTICLES = frozenset({"up", "off", "out", "down", "in", "on", "for", "back", "over", "aside"})
_JOINS = frozenset({",", "and", "or", "then", "but"})
_KEEPS_THEM = re.compile(
    r"(?:store|keep|save|hold) (?:them|it|these|those|all|everything)"
    r"(?: (?:all|both))?(?: (?:as|in|to|on|into) (?:a |the )?(?:json |text |local )*(?:files?|disk|folder|json))?"
)
# Done to whatever is kept: no task of its own follows.
KEPT = frozenset(
    {"add", "create", "keep", "store", "save", "enter", "record", "list", "show", "view", "see", "display", "find",
     "edit", "change", "update", "delete", "remove", "make", "hold"}
)  # fmt: skip
_PRONOUNS = frozenset({"it", "them", "him", "her"})
_LONGEST = 12
MAX_ACTIONS = 12


@dataclass(frozen=True)
class Action:
    """Something the project does. ``name`` is a Python name, ``word`` the verb as it stands in the brief.

    ``at`` is its place in the brief, ``about`` the kept things that it deals with; ``typed`` is `command` or
    `option` where the brief names one that does it.
    """

    name: str
    title: str
    word: str
    at: int = 0
    about: tuple[str, ...] = ()
    typed: str = ""


def find_actions(tokens: Tokens, lexicon: Lexicon, *, main: str, owns_objects: bool) -> list[Action]:
    """The actions of a brief; their words are marked.

    :param main: what the brief's first verb means ("" for none): that of making the project itself is no action.
    :param owns_objects: what is acted on is no thing to be kept.
    """
    found: dict[str, Action] = {}
    index = 0
    first = True
    records = keeps_records(tokens, lexicon)
    while index < len(tokens):
        token = tokens[index]
        meaning = _verb_here(tokens, index, lexicon)
        if meaning is None:
            index += 1
            continue
        opening = (
            first and meaning in ("make something new", "add to what is there", "keep records") and main == meaning
        )
        first = False
        phrase = _phrase(tokens, index, lexicon)
        if lexicon.particle_verb(token.lower, phrase[-1].lower):
            meaning = _STRANGE  # "check guests in and out" tests nothing
        before = tokens.beside(index, -1)
        who = before in MODALS or (before not in lexicon.words("stop") and lexicon.verb(before) is None)
        acts = _is_action(phrase, meaning, lexicon, owns_objects, records, told=who and token.part == VERB)
        if opening or not acts or len(found) >= MAX_ACTIONS:
            index += 1
            continue
        action = _action(phrase, lexicon)
        found.setdefault(action.name, action)
        for part in phrase:
            mine = owns_objects or part is token or not _may_be_kept(phrase, part, lexicon)
            if part.kind in ("word", "number") and part.lower not in lexicon.words("stop") and mine:
                part.mark("matched" if part is token else "assumed", f"to be done: {action.title}")
        index += 1
    return list(found.values())


def keeps_what_is_named(action: Action) -> bool:
    """`store them as files`: what the stores of the kept things do anyway."""
    return _KEEPS_THEM.fullmatch(action.title.lower()) is not None


def keeps_records(tokens: Tokens, lexicon: Lexicon) -> bool:
    """Whether something with a name is to be kept: `track expenses`, not `store it as CSV`."""
    passed = lexicon.words("qualities") | ARTICLES
    for index, token in enumerate(tokens):
        if token.part == VERB and lexicon.verb(token.lower) in ("keep records", "add to what is there"):
            place = index + 1
            while place < len(tokens) and tokens[place].lower in passed:
                place += 1
            if (
                place < len(tokens)
                and tokens[place].kind == "word"
                and tokens[place].lower not in lexicon.words("stop")
            ):
                return True
    return False


def _may_be_kept(phrase: list[Token], part: Token, lexicon: Lexicon) -> bool:
    """A thing that the library knows, or unknown ones right after the verb: `pick up parcels`."""
    if lexicon.is_known_noun(part.lower):
        return True
    if lexicon.base(phrase[0].lower) in lexicon.words("dealings") and lexicon.is_unknown(part.lower):
        return singular(part.lower) != part.lower  # "lend books to readers"
    at = next(index for index, each in enumerate(phrase) if each is part)
    if phrase[at - 1].lower in ("each", "every") and lexicon.is_unknown(part.lower, noun=part.part == NOUN):
        return True  # "the wetness of the soil in every field"
    place = 1
    while place < len(phrase) and phrase[place].lower in PARTICLES | ARTICLES | lexicon.words("qualities"):
        place += 1
    run = []
    while place < len(phrase) and lexicon.is_unknown(phrase[place].lower, noun=phrase[place].part == NOUN):
        if phrase[place].lower in lexicon.words("stop"):
            break
        run.append(phrase[place])
        place += 1
    one = bool(lexicon.particle_verb(phrase[0].lower, phrase[1].lower)) and len(run) == 1 and run[0] is phrase[-1]
    return any(each is part for each in run) and (one or singular(run[-1].lower) != run[-1].lower)


def _verb_here(tokens: Tokens, index: int, lexicon: Lexicon) -> str | None:
    """What the word means, when it stands where a verb stands and an object follows."""
    token = tokens[index]
    if token.kind != "word" or token.used or lexicon.ability(token.lower) is not None:
        return None
    meaning = lexicon.verb(token.lower) or (_STRANGE if token.part == VERB else None)
    if meaning is None or token.part == NOUN or not tokens.beside(index, +1):
        return None
    if is_participle(token.lower) and tokens.beside(index, -1) in PASSIVE:
        return None  # said of what it is done to: see `passives`
    if token.part == VERB and lexicon.particle_verb(token.lower, tokens.beside(index, +1)):
        return _STRANGE
    before = tokens.beside(index, -1)
    if meaning == _STRANGE:
        acts = before in MODALS or singular(before) != before or is_object_pronoun(tokens, index + 1, lexicon)
        return meaning if acts else None
    if token.lower.endswith("ing"):
        return meaning if before in ("for", "by", "and", "") else None
    if token.lower.endswith("ed") and not lexicon.is_verb(token.lower):
        return None
    if token.part == VERB or before in _BEFORE or lexicon.verb(before) is not None:
        return meaning
    inflected = not lexicon.is_verb(token.lower)
    plural_before = singular(before) != before and lexicon.is_known_noun(before)
    programs = inflected and token.lower.endswith("s") and before in lexicon.words("program_words")
    return meaning if programs or (plural_before and not inflected) else None


def _phrase(tokens: Tokens, index: int, lexicon: Lexicon) -> list[Token]:
    """The verb, verbs that share its object, and the object up to the end of the clause."""
    phrase = [tokens[index]]
    place = index + 1
    while (
        place + 1 < len(tokens)
        and len(phrase) < _LONGEST
        and tokens[place].lower in (",", "and", "or")
        and _same_form(tokens, index, place + 1, lexicon)
    ):
        if tokens.beside(place + 1, +1) not in (",", "and", "or") and len(phrase) == 1 and tokens[place].lower == ",":
            break
        phrase += tokens[place : place + 2]
        place += 2
    while place < len(tokens) and len(phrase) < _LONGEST:
        token = tokens[place]
        if token.lower in _ENDS or token.meaning.startswith(("leave", "keep:")):
            break
        said = any(each.lower not in lexicon.words("stop") for each in phrase[1:])
        if token.lower in ("that", "which", "who", "so", "when", "because", "while", "but", "then") and said:
            break
        if token.lower in _JOINS and _new_clause(tokens, place + 1, lexicon):
            break
        phrase.append(token)
        place += 1
    while phrase and (phrase[-1].kind == "stop" or phrase[-1].lower in lexicon.words("stop") | _JOINS):
        if phrase[-1].lower in ("them", "it", "other", "ones"):
            break
        if lexicon.particle_verb(phrase[0].lower, phrase[-1].lower) or (
            phrase[-2:-1] and phrase[-2].lower in _PRONOUNS
        ):
            break  # "pick them up", "mark it done"
        phrase.pop()
    return phrase


def _same_form(tokens: Tokens, index: int, other: int, lexicon: Lexicon) -> bool:
    """Whether another verb stands in the same form: `reading and writing`, `resize, crop and rotate`."""
    one, word = tokens[index].lower, tokens[other].lower
    ending = next((end for end in ("ing", "s") if one.endswith(end) and not lexicon.is_verb(one)), "")
    return lexicon.verb(word) is not None and (word.endswith(ending) if ending else lexicon.is_verb(word))


def _new_clause(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether what follows a comma or `and` is a clause with a verb of its own."""
    while index < len(tokens) and tokens[index].lower in ("and", "then", "also", "or", "please", *_MODALS):
        index += 1
    if index >= len(tokens):
        return True
    token = tokens[index]
    acts = lexicon.is_verb(token.lower) or (lexicon.verb(token.lower) and token.lower.endswith(("s", "ing")))
    if token.part == VERB or (acts and token.part != NOUN):
        return True
    if singular(token.lower) != token.lower and tokens.beside(index + 1, +1) in _PRONOUNS:
        return True  # "…, and teachers grade it"
    place = index + 1
    while place < len(tokens) and place < index + 3 and tokens[place].kind == "word" and not tokens[place].part:
        place += 1
    if place < len(tokens) and tokens[place].part == VERB:
        return True  # "…, donors drop goods"
    after = tokens[index + 1].lower if index + 1 < len(tokens) else ""
    return after in _MODALS - {"to"} or token.meaning.startswith(("leave", "keep:"))


def _is_action(
    phrase: list[Token], meaning: str, lexicon: Lexicon, owns_objects: bool, records: bool, *, told: bool
) -> bool:
    """Whether it is something that the project does itself.

    :param told: somebody is said to do it: `players rate them`.
    """
    deals = lexicon.base(phrase[0].lower) in lexicon.words("dealings")
    words = [token for token in phrase[1:] if token.kind in ("word", "path", "quoted", "number", "symbol")]
    content = [token for token in words if token.lower not in lexicon.words("stop")]
    done = told and lexicon.base(phrase[0].lower) not in KEPT
    said = {"them", "it", "other"} & {each.lower for each in (*phrase[1:2], phrase[-1])}
    pronoun = bool(said) and (owns_objects or deals or done or meaning == _STRANGE)
    if not (content or pronoun) or any(token.target or lexicon.ability(token.lower) is not None for token in phrase):
        return False  # an ability is told by its own word
    if meaning in ACTS or meaning == _STRANGE or (pronoun and done):
        return True
    if deals:
        return True
    if owns_objects and not records:
        return True  # nothing is kept, so whatever is done is done to what it is given
    if meaning not in _SHOWS and not (owns_objects and meaning == "add to what is there"):
        return False
    known = [token for token in content if lexicon.is_known_noun(token.lower)]
    return owns_objects and not known


def _action(phrase: list[Token], lexicon: Lexicon) -> Action:
    said = [token.text for token in phrase]
    if len(phrase) > 1:
        said[0] = lexicon.particle_verb(phrase[0].lower, phrase[1].lower) or said[0]
    if phrase[0].part == VERB and lexicon.verb(said[0].lower()) is None:
        said[0] = singular(said[0].lower())  # "the teacher grades it"
    for index, token in enumerate(phrase):
        small = token.lower in ("and", "or")
        if token.kind == "word" and not small and (lexicon.verb(token.lower) is None or token.part == NOUN):
            break
        if token.kind == "word" and token.lower not in ("and", "or"):
            said[index] = lexicon.base(token.lower)
    verb, title = said[0], " ".join(said)
    title = title.replace(" ,", ",").replace("( ", "(").replace(" )", ")")
    words = [token.lower for token in phrase[1:] if token.lower not in lexicon.words("stop") and token.kind == "word"]
    name = own_name("_".join([verb, *words[:3]]), "action")
    return Action(name, title[:1].upper() + title[1:], phrase[0].text, phrase[0].at)
