"""Which sort of project a brief is about: from the words that point to one, where they stand, and its first verb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nootropic_kernel.planning.methods.library import Archetype
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import VERB
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens
from nootropic_kernel.planning.reading.wording import singular
from nootropic_kernel.planning.repository.facts import RepositoryFacts

_HEAD_ENDS = frozenset(
    {"that", "which", "for", "to", "with", "of", "in", "from", "using", "who", "where", "on", "by", "so", "when", "and"}
)
_THERE = frozenset({"the", "our", "my", "this", "existing", "current", "your", "its"})
_IN_HEAD = 2.0
_IS_THERE = 0.5  # a word for what is there already
_NOTHING_THERE = 0.2  # for work on code, where there is none
_FOR_IT = 0.25  # … or for whom it is made
_SURE = 8.0  # a phrase that names one sort of project
_LEAST = 1.5  # below, nothing speaks for an archetype
_BUILDS = "make something new"
_ADDS = "add to what is there"
DEFAULT = "application"


@dataclass(frozen=True)
class Sign:
    """A word or phrase (tokens ``start`` to ``end``) that points to archetypes, with its entry for each of them."""

    start: int
    end: int
    phrase: str
    entries: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Choice:
    """The archetype, what spoke for each one, the signs, and the brief's first verb with what it means (its intent)."""

    archetype: Archetype
    scores: Mapping[str, float]
    signs: tuple[Sign, ...]
    intent: str = ""
    verb: str = ""
    extends: bool = False

    def strongest(self) -> float:
        """The weight of the strongest sign of the archetype itself."""
        name = self.archetype.name
        return max((float(sign.entries[name]["weight"]) for sign in self.signs if name in sign.entries), default=0.0)

    def buildable(self, known: Mapping[str, Archetype]) -> float:
        """The highest score of an archetype that something new is built by."""
        return max((score for name, score in self.scores.items() if known[name].builds), default=0.0)


@dataclass
class _Scores:
    values: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, score: float) -> None:
        if score > 0:
            self.values[name] = self.values.get(name, 0.0) + score


def find_signs(tokens: Tokens, lexicon: Lexicon) -> tuple[Sign, ...]:
    """Every place that points to an archetype, longer phrases first, none within another."""
    found: dict[int, Sign] = {}
    taken: set[int] = set()
    longest = max((len(phrase.split()) for phrase in lexicon.signs), default=1)
    for size in range(longest, 0, -1):
        for start in range(len(tokens) - size + 1):
            window = tokens[start : start + size]
            if taken & set(range(start, start + size)) or any(_is_taken(t) for t in window):
                continue
            if all(token.lower in GLUE for token in window):
                continue
            phrase = _listed([token.lower.removesuffix("'s") for token in window], lexicon)
            if phrase:
                found[start] = Sign(start, start + size, phrase, lexicon.signs[phrase])
                taken |= set(range(start, start + size))
    return tuple(found[start] for start in sorted(found))


GLUE = frozenset(
    {
        "up",
        "and",
        "of",
        "the",
        "for",
        "from",
        "to",
        "not",
        "no",
        "does",
        "doesn't",
        "a",
        "every",
        "e",
        "that",
        "which",
        "in",
    }
)


def _is_taken(token: Token) -> bool:
    """Whether another part of the reading took it; technologies may point to an archetype as well."""
    return token.used and token.lower not in GLUE and not token.meaning.startswith("technology: ")


def _listed(words: Sequence[str], lexicon: Lexicon) -> str:
    """The phrase as the archetypes list it, its last word in the singular where only that is listed."""
    exact = " ".join(words)
    if exact in lexicon.signs:
        return exact
    if len(words) == 1 and (lexicon.is_thing(words[0]) or lexicon.is_verb(singular(words[0]))):
        return ""  # "model trains" train nothing
    last = " ".join([*words[:-1], singular(words[-1])])
    return last if last in lexicon.signs else ""


def choose(
    tokens: Tokens,
    lexicon: Lexicon,
    facts: RepositoryFacts,
    *,
    renames: bool = False,
    listed: bool = False,
    spoken_for: Mapping[str, float] | None = None,
    begun: bool = False,
) -> Choice:
    """Choose the archetype.

    :param renames: the brief renames a name of the repository.
    :param listed: the brief lists the fields of something that is kept.
    :param begun: a project of this brief is being made: `remove broken ones` mends nothing in it.
    :param spoken_for: points that other parts of the brief give (technologies, data files).
    """
    known = lexicon.library.archetypes
    signs = find_signs(tokens, lexicon)
    at, intent, verb = _intent(tokens, lexicon)
    head = _head_end(tokens, at + 1 if verb else 0)
    in_head = [sign for sign in signs if sign.start < head]
    fixed = any(known[name].builds for sign in in_head for name in sign.entries)
    ignores_others = begun or intent == _BUILDS or (not verb and fixed and not _is_there(tokens, in_head))
    scores = _Scores()
    builds_only = 1.0 if facts.has_code else _NOTHING_THERE
    for sign in signs:
        headed = sign.start < head
        for name, entry in sign.entries.items():
            archetype = known[name]
            tells = _tells_which(tokens, sign, lexicon)
            if tells and entry.get("alone"):
                continue  # "library management system"
            if not archetype.builds and ignores_others and (not headed or tells):
                continue
            if not archetype.builds and not facts.paths and sign.start != at and _is_of_others(tokens, sign, lexicon):
                continue
            weight = float(entry["weight"]) * (_IN_HEAD if headed else 1.0)
            if archetype.builds and (is_setting(tokens, sign, lexicon) or _is_source(tokens, sign, lexicon)):
                weight *= _FOR_IT
            elif archetype.builds and _is_there(tokens, [sign]):
                weight *= _IS_THERE
            if not archetype.builds and not facts.paths and lexicon.is_verb(sign.phrase):
                continue  # "rename my scans": nothing is there whose names could be changed
            scores.add(name, weight * (1.0 if archetype.builds else builds_only))
    for name, archetype in known.items():
        bonus = max(archetype.intents.get(intent, 0.0), archetype.intents.get(verb, 0.0)) if verb else 0.0
        if archetype.builds or facts.paths:
            scores.add(name, bonus * (1.0 if archetype.builds else builds_only))
        scores.add(name, (spoken_for or {}).get(name, 0.0))
    listed = listed or (not verb and not in_head and _lists_things(tokens, lexicon))
    values = scores.values
    if listed and not _keeps_nothing(in_head, known):
        values = {name: score for name, score in values.items() if known[name].keeps_things}
    extends = facts.has_code and (intent == _ADDS or bool(signs and _is_there(tokens, signs[:1])))
    if renames and "refactor" in known and not (fixed and intent == _BUILDS):
        return Choice(known["refactor"], values, signs, intent, verb, extends)
    order = list(known)
    if values and max(values.values()) >= _LEAST:
        best = min(values, key=lambda name: (-values[name], order.index(name)))
        return Choice(known[best], values, signs, intent, verb, extends)
    return Choice(known.get(DEFAULT, known[order[0]]), values, signs, intent, verb, extends)


def _keeps_nothing(in_head: Sequence[Sign], known: Mapping[str, Archetype]) -> bool:
    """Whether the brief opens by naming a project without records: a documentation site lists what its pages tell."""
    return any(
        known[name].builds and not (known[name].keeps_things or known[name].reads) and float(entry["weight"]) >= _SURE
        for sign in in_head
        for name, entry in sign.entries.items()
    )


def _intent(tokens: Tokens, lexicon: Lexicon) -> tuple[int, str, str]:
    """The brief's first word of content when it is a verb as it stands: its place, what it means, itself."""
    for index, token in enumerate(tokens):
        if token.kind != "word" or token.lower in lexicon.words("stop") or lexicon.is_quality(token.lower):
            continue
        if token.lower in lexicon.words("measures"):
            continue  # "every Monday download …"
        if (
            lexicon.is_verb(token.lower)
            and tokens.beside(index, +1)
            and tokens.before(index, ()) not in ("a", "an", "the")
        ):
            return index, lexicon.verb(token.lower) or "", token.lower
        break
    return -1, "", ""


def _head_end(tokens: Tokens, start: int) -> int:
    """Where the first noun phrase ends."""
    seen = False
    for index in range(start, len(tokens)):
        token = tokens[index]
        if seen and (token.kind == "stop" or token.lower in _HEAD_ENDS):
            return index
        seen = seen or (token.kind == "word" and not token.used) or token.kind in ("symbol", "quoted", "path")
    return len(tokens)


def _lists_things(tokens: Tokens, lexicon: Lexicon) -> bool:
    """`recipes with hops and yeast, batches with readings`: two of what it names have parts of their own.

    One will do behind a colon, which announces it: `a log: recipes with hops and yeast`.
    """
    passed = lexicon.words("stop") | lexicon.words("qualities")
    having = [
        index
        for index, token in enumerate(tokens)
        if token.lower in ("with", "has", "have")
        and _are_several(tokens, index - 1, lexicon)
        and tokens.beside(index, +1) not in ("", *passed)
    ]
    announced = any(token.text == ":" for token in tokens[: having[0]]) if having else False
    return len(having) > 1 or announced


def _are_several(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether a noun in the plural stands there: what can be counted can be kept."""
    if index < 0 or tokens[index].kind != "word" or tokens[index].lower in lexicon.words("stop"):
        return False
    return tokens[index].part != VERB and singular(tokens[index].lower) != tokens[index].lower


def _is_there(tokens: Tokens, signs: Sequence[Sign]) -> bool:
    """Whether the first of them is said to be there: `the shop`, `our command line tool`."""
    if not signs:
        return False
    index = signs[0].start - 1
    while index >= 0 and tokens[index].kind == "word" and tokens[index].meaning.startswith("technology"):
        index -= 1
    return index >= 0 and tokens[index].lower in _THERE


def is_setting(tokens: Tokens, sign: Sign, lexicon: Lexicon) -> bool:
    """`software for my library`: for whom it is made."""
    passed = ARTICLES | lexicon.words("qualities")
    start = sign.start
    if tokens.beside(start - 1, -1) in ("my", "our") and lexicon.is_unknown(tokens[start - 1].lower):
        start -= 1  # "for my father shop"
    return tokens.before(start, passed) == "for"


def _is_source(tokens: Tokens, sign: Sign, lexicon: Lexicon) -> bool:
    """`rates from an open API`: where something is taken from, or what it goes through."""
    return tokens.before(sign.start, ARTICLES | lexicon.words("qualities") | {"open"}) in (
        "from",
        "via",
        "using",
        "against",
    )


def _is_of_others(tokens: Tokens, sign: Sign, lexicon: Lexicon) -> bool:
    """`a repair café`, `broken toys`, `volunteers mend them`: what others do or have asks for no work on code."""
    before = tokens.beside(sign.start, -1)
    several = singular(before) != before and before not in lexicon.words("stop")
    if several and tokens[sign.start].part == VERB:
        return True
    following = tokens[sign.end].lower if sign.end < len(tokens) else ""
    return _tells_which(tokens, sign, lexicon) and lexicon.is_unknown(following)


def _tells_which(tokens: Tokens, sign: Sign, lexicon: Lexicon) -> bool:
    """`bug tracker`, `error logger`: a word right before another noun only tells which."""
    if sign.end >= len(tokens) or tokens[sign.end].kind != "word":
        return False
    following = tokens[sign.end].lower
    return (following not in lexicon.words("stop") and lexicon.verb(following) is None) or following in lexicon.words(
        "program_words"
    )
