"""Steps of data work, clause by clause: `load sales.csv, clean it, plot revenue by month`; and questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.small_words import NOUN, VERB
from nootropic_kernel.planning.reading.tokens import Token, Tokens
from nootropic_kernel.planning.reading.wording import identifier, stems

DATA_FILE = re.compile(
    r".+\.(?:csv|tsv|xlsx?|parquet|jsonl?|ndjson|feather|db|sqlite3?|hdf5|h5|txt|gz|zip|avro|orc|arff|pkl)", re.I
)
_BREAKS = frozenset({".", ";", "\n", "!", "?", "•", "*", ":"})
_JOINS = frozenset({",", "and", "then", "but", "—", "–", "-"})
_PASSED = frozenset(
    {
        "and",
        "then",
        "also",
        "please",
        "to",
        "we",
        "i",
        "it",
        "that",
        "which",
        "should",
        "must",
        "-",
        "*",
        "first",
        "finally",
        "next",
    }
)
_LONGEST = 72
_PRONOUN = re.compile(r"(?:them|it|these|those|this|that)(?!\w)", re.I)
MAX_STEPS = 15


@dataclass(frozen=True)
class StepAsked:
    """One step: its kind (``get``, ``clean`` …), and its words."""

    kind: str
    title: str
    name: str


def find_data_files(tokens: Tokens) -> list[str]:
    """Data files that the brief names; their words are marked."""
    found: dict[str, None] = {}
    for token in tokens:
        if not token.used and DATA_FILE.fullmatch(token.bare):
            found[token.bare] = None
            token.mark("matched", f"data: {token.bare}")
    return list(found)


def find_steps(
    text: str, tokens: Tokens, lexicon: Lexicon, others: Mapping[str, str], *, made: bool = False, data: str = ""
) -> tuple[list[StepAsked], list[str]]:
    """The steps and the questions of a brief; their words are marked.

    :param others: verbs, or kinds of step, that are taken for another kind here.
    :param data: what the data is called, where the brief says it.
    :param made: the first verb says that something is made, and is no step itself.
    """
    steps: dict[str, StepAsked] = {}
    questions: list[str] = []
    named = ""
    for clause in _clauses(tokens, lexicon):
        at = _verb_at(clause, lexicon)
        before, named = named, _last_nouns(clause, lexicon) or named
        said = _text(text, clause)
        if not said:
            continue
        if clause[-1].text == "?":
            questions.append(said[:1].upper() + said[1:])
            _mark(clause, f"a question: {_short(said)}", lexicon)
            continue
        if at is None:
            continue
        first, made = made and lexicon.verb(clause[at].lower) == "make something new", False
        kind = None if first else _kind(clause, at, lexicon)
        kind = others.get(lexicon.base(clause[at].lower), others.get(kind or "", kind))
        if kind is None or len(steps) >= MAX_STEPS:
            continue
        verb = clause[at]
        rest = _text(text, clause[at + 1 :])
        if kind == "get" and (pronoun := _PRONOUN.match(rest)):
            rest = f"the {data or before or 'data'}{rest[pronoun.end() :]}"
        title = _short(f"{_base(verb, lexicon)} {rest}".strip())
        step = StepAsked(kind, title[:1].upper() + title[1:], identifier(title.lower(), "step"))
        steps.setdefault(step.name, step)
        _mark(clause[at:], f"a step: {step.title}", lexicon)
    return list(steps.values()), questions


def _last_nouns(clause: Sequence[Token], lexicon: Lexicon) -> str:
    """What a clause speaks of last: `analyse my photos` is about photos, which a pronoun behind it stands for."""
    end = len(clause)
    while end and not _is_noun(clause[end - 1], lexicon):
        end -= 1
    start = end
    while start and _is_noun(clause[start - 1], lexicon):
        start -= 1
    return " ".join(token.text for token in clause[start:end])


def _is_noun(token: Token, lexicon: Lexicon) -> bool:
    small = token.lower in lexicon.words("stop") or lexicon.is_quality(token.lower)
    return token.kind == "word" and token.part != VERB and not small and not step_kind(token.lower, lexicon)


def _base(token: Token, lexicon: Lexicon) -> str:
    if lexicon.is_verb(lexicon.base(token.lower)):
        return lexicon.base(token.lower)
    words = {word for words in lexicon.table("steps").values() for word in words.split()}
    return next((form for form in stems(token.lower) if form in words), token.lower)


def _clauses(tokens: Tokens, lexicon: Lexicon) -> Iterator[list[Token]]:
    clause: list[Token] = []
    for index, token in enumerate(tokens):
        if token.lower in _BREAKS:
            if token.text == "?":
                clause.append(token)
            if clause:
                yield clause
            clause = []
        elif (token.lower in _JOINS or token.lower in ("that", "which")) and _step_follows(
            clause, tokens, index, lexicon
        ):
            if clause:
                yield clause
            clause = []
        else:
            clause.append(token)
    if clause:
        yield clause


def _verb_follows(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    while index < len(tokens) and tokens[index].lower in _PASSED:
        index += 1
    if index >= len(tokens):
        return False
    token = tokens[index]
    return step_kind(token.lower, lexicon) is not None and token.kind == "word" and token.part != NOUN


def _step_follows(clause: Sequence[Token], tokens: Tokens, joint: int, lexicon: Lexicon) -> bool:
    """Whether a verb stands behind the joint; behind a step or the data a comma is enough: `…, compute the length`."""
    if _verb_follows(tokens, joint + 1, lexicon):
        return True
    if tokens[joint].text != "," or not clause or joint + 2 >= len(tokens):
        return False
    verb, after = tokens[joint + 1 : joint + 3]
    begun = _verb_at(clause, lexicon) is not None or clause[-1].meaning.startswith("data: ")
    takes = after.kind in ("word", "number", "path") and after.lower not in lexicon.words("stop") | _JOINS
    if not (begun and takes and lexicon.is_verb(verb.lower) and step_kind(verb.lower, lexicon)):
        return False
    verb.part = VERB
    return True


def _verb_at(clause: Sequence[Token], lexicon: Lexicon) -> int | None:
    """The first word of a step: the clause's first content word, or one after `to`, `that`, `for`."""
    fresh = True
    for index, token in enumerate(clause):
        if token.kind == "word" and token.part != NOUN and step_kind(token.lower, lexicon) is not None:
            gerund = token.lower.endswith("ing") and clause[index - 1].lower == "for" if index else False
            if (
                fresh
                or gerund
                or (index and clause[index - 1].lower in ("to", "that", "which", "it", "we", "should", "must"))
            ):
                return index
        if token.kind == "word" and token.lower not in lexicon.words("stop") and token.lower not in _PASSED:
            fresh = False
    return None


def _kind(clause: Sequence[Token], at: int, lexicon: Lexicon) -> str | None:
    verb = clause[at].lower
    kind = step_kind(verb, lexicon)
    after = {token.lower for token in clause[at + 1 :]}
    if kind == "get" and lexicon.base(verb) in ("load", "put", "write", "insert") and after & {"into", "onto"}:
        return "keep"
    return kind


def step_kind(word: str, lexicon: Lexicon) -> str | None:
    """What sort of step of data work a verb is, in any of its forms."""
    table = lexicon.table("steps")
    for form in (word, lexicon.base(word), word.removesuffix("s")):
        for kind, words in table.items():
            if form in words.split():
                return str(kind)
    return None


def _mark(clause: Sequence[Token], meaning: str, lexicon: Lexicon) -> None:
    for token in clause:
        if token.kind not in ("stop", "arrow") and token.lower not in lexicon.words("stop"):
            token.mark("matched", meaning)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rsplit(" ", 1)[0] + "…"


def _text(text: str, clause: Sequence[Token]) -> str:
    if not clause:
        return ""
    said = " ".join(text[clause[0].at : clause[-1].at + len(clause[-1].text)].split())
    said = re.sub(r"^(?:(?:and|but|then|also|please)\b[\s,]*|[,:*#•>–—-]\s*)+", "", said, flags=re.I)
    return re.sub(r"(?:[\s,:(–—-]|\b(?:and|but|then)$)+$", "", said, flags=re.I)
