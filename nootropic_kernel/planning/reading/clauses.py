"""Clauses of a brief about code that is there: where each starts and ends, and whether it asks for something itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.report_sections import ReportSections
from nootropic_kernel.planning.reading.tokens import ARTICLES, Token, Tokens

LIMITS = ("leave alone:", "leave out:", "keep:")
PRONOUNS = frozenset({"it", "them", "its", "their", "there", "this", "that", "these", "those", "they", "which", "both"})
_ENDS = frozenset({".", ";", "!", "?", "•"})
_JOINS = frozenset({",", "and", "but", "-", "–", "—", "&", "plus"})
_BESIDES = frozenset({"also", "while", "ideally"})
_BULLETS = frozenset({"-", "*", "•", "–"})
_NUMBERED = re.compile(r"\d{1,2}[.):]")
_FILLERS = frozenset(
    {"and", "then", "also", "please", "just", "but", "so", "next", "finally", "first", "-", "–", "—", "*", ","}
)
# What a person says before the verb when asking: `could you`, `we should`, `I'd like you to`.
_ASKED = re.compile(
    r"(?:(?:could|can|would|will|shall|should|might) (?:you|we|i)"
    r"|(?:we|i|you) (?:should|must|need to|have to|want to|want you to|would like to|would like you to)"
    r"|i'd like (?:you )?to|we'd like to|let's|let us|it would be (?:nice|good|great|cool) (?:to|if you)"
    r"|while (?:you|we)['’]re at it|if possible|ideally|time to|todo|to do|feel free to|try to|help me(?: to)?"
    r"|i want|we want|we need|i need)\b"
)
_WANTS = frozenset({"i want", "we want", "we need", "i need"})
IS = frozenset(
    {"is", "are", "was", "were", "has", "have", "had", "does", "do", "did", "can't", "doesn't", "isn't", "don't"}
)
_MODALS = frozenset({"should", "must", "can", "could", "would", "may", "might", "shall", "will", "ought"})
# A noun may look like a verb before these: `and test of …`; verbs of moving take them all the same.
_NO_OBJECT = frozenset({"in", "to", "of", "from", "for", "and", "or", "is", "are", "on", "was", "has", "have", "can"})
_MOVING = frozenset({"move", "migrate", "switch", "upgrade", "convert", "transition"})
_OBJECT_ENDS = frozenset(
    {",", "(", "from", "in", "inside", "for", "because", "since", "as", "that", "which", "when", "if", "so", "before"}
)
_OBJECT = ARTICLES | {"all", "every", "each", "these", "those", "it", "them"}
_NEAR = 60  # words: what opens a clause stands near its beginning


@dataclass
class Clause:
    """Its tokens, the verb that it opens with (``None`` for a statement), and the sort of change that this asks for."""

    tokens: list[Token]
    verb: Token | None = None
    sort: str = ""
    listed: bool = False  # an entry of a list, or said with `also`
    section: str = ""  # the kind of heading that it stands below

    @property
    def object(self) -> list[Token]:
        """What its verb is about: up to the first comma, or to a word that begins to tell where, why or for what."""
        rest = self.tokens[1:] if self.verb is not None else self.tokens
        return rest[: next((at for at, token in enumerate(rest) if token.lower in _OBJECT_ENDS), len(rest))]

    @property
    def names(self) -> list[Token]:
        """The names of code in it."""
        return [token for token in self.tokens if token.target]

    @property
    def words(self) -> list[str]:
        """Its words in lower case, names of code left out."""
        return [token.lower for token in self.tokens if not token.target and token.kind == "word"]


def find_clauses(tokens: Tokens, lexicon: Lexicon) -> list[Clause]:
    """The clauses of a brief in order; limits are in none."""
    verbs = Verbs(lexicon)
    sections = ReportSections(lexicon)
    found: list[Clause] = []
    below = ""
    for sentence in _sentences(tokens, verbs):
        opened = sections.heading(sentence)
        if opened is not None:
            inline = bool(opened[1])
            below = below if inline else opened[0]
            found += _placed(_split(opened[1], verbs), opened[0])
        else:
            found += _placed(_split(sentence, verbs), below)
    return [clause for clause in found if clause.tokens]


def _placed(clauses: Iterator[Clause], section: str) -> list[Clause]:
    return [replace(clause, section=section) for clause in clauses]


class Verbs:
    """Which words open a clause, and the sort of change each asks for."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        table: Mapping[str, Sequence[str]] = lexicon.table("change_verbs")
        self.sorts: dict[str, str] = {}
        for sort, given in table.items():
            self.sorts |= dict.fromkeys(given, str(sort))

    def opening(self, tokens: Sequence[Token], *, joined: bool) -> tuple[int, str] | None:
        """The place and sort of the verb that opens these tokens; None where they open with none.

        :param joined: they follow a comma or `and`, where a noun is as likely: an object has to follow.
        """
        index, asked = _skipped(tokens)
        if index >= len(tokens) or tokens[index].kind not in ("word", "quoted"):
            return None
        if tokens[index].target or tokens[index].meaning.startswith(LIMITS):
            return None
        rest = tokens[index:]
        for size in (3, 2, 1):
            phrase = " ".join(token.lower for token in rest[:size])
            if phrase in self.sorts and len(rest) > size:
                loose = size > 1 or phrase in _MOVING
                if not joined or asked or loose or _object(rest[size]):
                    return index, self.sorts[phrase]
        word, after = rest[0].lower, rest[1] if len(rest) > 1 else None
        if after is None or word in self.lexicon.words("stop"):
            return None
        if self.lexicon.is_verb(word) and (asked or _object(after) or (not joined and after.lower not in _NO_OBJECT)):
            return index, "edit"
        plain = not word.endswith(("ing", "s", "ed")) and word not in self.lexicon.words("qualities")
        noun = self.lexicon.is_known_noun(word) or word in self.lexicon.words("code_words")
        if plain and not noun and (after.lower in _OBJECT or asked):
            return index, "edit"  # a word that no list knows, where a verb stands and an object follows
        return None


def _object(token: Token) -> bool:
    return token.target or (token.kind not in ("stop", "arrow") and token.lower not in _NO_OBJECT)


def _skipped(tokens: Sequence[Token]) -> tuple[int, bool]:
    """Where the words begin that say something, and whether what stands before asks for it."""
    index, asked = 0, False
    while index < len(tokens):
        if tokens[index].lower in _FILLERS or tokens[index].kind == "stop":
            index += 1
            continue
        said = " ".join(token.lower for token in tokens[index : index + 7])
        found = _ASKED.match(said)
        if found is None or (found.group() in _WANTS):
            break
        index += len(found.group().split())
        asked = True
    return index, asked


def _sentences(tokens: Tokens, verbs: Verbs) -> Iterator[list[Token]]:
    sentence: list[Token] = []
    for index, token in enumerate(tokens):
        if token.text == "\n":
            over = _line_ends(tokens, index, verbs)
        else:
            over = token.text in _ENDS or token.meaning.startswith(LIMITS) or token.lower == "then"
        if over:
            yield sentence
            sentence = []
        elif token.text != "\n":
            sentence.append(token)
    yield sentence


def _line_ends(tokens: Tokens, index: int, verbs: Verbs) -> bool:
    """Whether a sentence ends with the line: not where it only was too long for it."""
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    if following is None or following.kind != "word" or not following.text[:1].islower():
        return True
    return verbs.opening(tokens[index + 1 : index + 8], joined=False) is not None


def _split(sentence: list[Token], verbs: Verbs) -> Iterator[Clause]:
    listed = bool(sentence) and (sentence[0].text in _BULLETS or _NUMBERED.fullmatch(sentence[0].text) is not None)
    for index, clause in enumerate(_parts(sentence[1:] if listed else sentence, verbs)):
        yield replace(clause, listed=clause.listed or (listed and index == 0))


def _parts(sentence: list[Token], verbs: Verbs) -> Iterator[Clause]:
    clause: list[Token] = []
    for index, token in enumerate(sentence):
        joins = bool(clause) and token.lower in _JOINS and not _told_by_another(clause[:_NEAR], verbs)
        rest = sentence[index + 1 : index + 1 + _NEAR] if joins else []
        if joins and (verbs.opening(rest, joined=True) is not None or _says_too(clause, rest, verbs)):
            yield _clause(clause, verbs)
            clause = []
        else:
            clause.append(token)
    yield _clause(clause, verbs)


def _says_too(clause: Sequence[Token], rest: Sequence[Token], verbs: Verbs) -> bool:
    """`the page flickers, and the board is slow`: behind the first statement a second one with a subject of its own."""
    while rest and rest[0].lower in _FILLERS:
        rest = rest[1:]
    if not rest or not (rest[0].lower in ARTICLES or rest[0].target) or rest[0].lower in PRONOUNS:
        return False
    upto = next((at for at, token in enumerate(rest) if token.lower in _JOINS), len(rest))
    said = any(token.lower in IS for token in rest[1:upto])
    return said and verbs.opening(clause, joined=False) is None


def _told_by_another(clause: Sequence[Token], verbs: Verbs) -> bool:
    """`it should skip them and print …`: what somebody else is to do goes on, and asks for nothing more."""
    return verbs.opening(clause, joined=False) is None and bool({token.lower for token in clause} & _MODALS)


def _clause(tokens: list[Token], verbs: Verbs) -> Clause:
    start = 0
    while start < len(tokens) and (tokens[start].lower in _FILLERS or tokens[start].kind == "stop"):
        start += 1
    skipped, tokens = tokens[:start], tokens[start:]
    found = verbs.opening(tokens, joined=False)
    also = bool(_BESIDES & {token.lower for token in [*skipped, *tokens[: found[0] if found else 0]]})
    if found is None:
        return Clause(tokens, listed=also)
    return Clause(tokens[found[0] :], tokens[found[0]], found[1], also)


def text_of(brief: str, tokens: Sequence[Token]) -> str:
    """The words as they stand in the brief, on one line, without what joins them to others."""
    if not tokens:
        return ""
    text = " ".join(brief[tokens[0].at : tokens[-1].end].split())
    text = re.sub(r"^(?:(?:and|but|then|also|please)\b[\s,]*|[,:*#•>–—-]\s+)+", "", text, flags=re.I)
    text = re.sub(r"(?:[\s,:(–—-]|(?:,?\s*\b(?:and|but|then|please)$))+$", "", text, flags=re.I)
    return text if re.search(r"\w", text) else ""
