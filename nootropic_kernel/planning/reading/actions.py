"""What a project is to do, in the brief's own words: `converts CSV to JSON` becomes “Convert CSV to JSON”."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nootropic_kernel.planning.reading.action_phrases import is_condition, phrase_of_action
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import BELONG, HAVE, HOLD, MODALS, NOUN, OBJECT_OPENS, PASSIVE, VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.who_acts import is_object_pronoun
from nootropic_kernel.planning.reading.wording import is_participle, own_name, singular

_BEFORE = frozenset(
    {"", "and", "or", "to", "can", "that", "which", "should", "must", "will", "could", "may", "who", "then", "also",
     "please", "it", "they", "users", "you", "people", "would", "let", "lets", "them", "automatically"}
)  # fmt: skip
# Verbs that say what a program does; those of keeping records are told by the things that are kept.
ACTS = frozenset({"work out", "run", "send", "analyse", "train", "migrate"})
_SHOWS = frozenset({"make something new", "show records", "find records", "change records", "test", "document"})
_STRANGE = "something else"  # a verb that no list knows
PARTICLES = frozenset({"up", "off", "out", "down", "in", "on", "for", "back", "over", "aside"})
_KEEPS_THEM = re.compile(
    r"(?:store|keep|save|hold) (?:them|it|these|those|all|everything)"
    r"(?: (?:all|both))?(?: (?:as|in|to|on|into) (?:a |the )?(?:json |text |local )*(?:files?|disk|folder|json))?"
)
# Done to whatever is kept: no task of its own follows.
KEPT = frozenset(
    {"add", "create", "keep", "store", "save", "enter", "record", "list", "show", "view", "see", "display", "find",
     "edit", "change", "update", "delete", "remove", "make", "hold"}
)  # fmt: skip
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
        phrase = phrase_of_action(tokens, index, lexicon)
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
    at = next(index for index, each in enumerate(phrase) if each is part)
    if lexicon.base(phrase[0].lower) in lexicon.words("dealings") and lexicon.is_unknown(part.lower):
        one = at == 2 and phrase[1].lower in ("a", "an")  # "book a stylist"
        return one or singular(part.lower) != part.lower  # "lend books to readers"
    if phrase[at - 1].lower in ("each", "every") and lexicon.is_unknown(part.lower, noun=part.part == NOUN):
        return True  # "the wetness of the soil in every field"
    place = 1
    passed = PARTICLES | ARTICLES | lexicon.words("qualities")
    while place < len(phrase) and (phrase[place].lower in passed or is_participle(phrase[place].lower)):
        place += 1  # "bring broken toys"
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
    done = is_participle(token.lower) and not lexicon.is_verb(token.lower)
    if done and (tokens.beside(index, -1) in PASSIVE or not tokens.beside(index, -1)):
        return None  # said of what it is done to: see `passives`
    if is_condition(tokens, index):
        return None
    if token.part == VERB and lexicon.particle_verb(token.lower, tokens.beside(index, +1)):
        return _STRANGE
    before = tokens.beside(index, -1)
    if before in ("i", "we") and token.lower in HAVE:
        return None  # "we run a repair café" says who asks
    asked = tokens.beside(index - 1, -1)
    if before in ("who", "what") and (not asked or asked in lexicon.words("stop") or lexicon.verb(asked) is not None):
        return None  # "show who lent which book to whom" is a question
    if meaning == _STRANGE:
        itself = before == "it" and tokens.beside(index, +1) in OBJECT_OPENS and token.lower not in HOLD | BELONG
        object_ = is_object_pronoun(tokens, index + 1, lexicon)
        acts = before in MODALS | {"to"} or singular(before) != before or object_ or itself
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
