"""Changes to code that is there: each clause of a brief that names a part of the repository, in its own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nootropic_kernel.planning.facts import RepositoryFacts
from nootropic_kernel.planning.lexicon import Lexicon
from nootropic_kernel.planning.tokens import Token, Tokens
from nootropic_kernel.planning.wording import singular

_PRONOUNS = frozenset({"it", "them", "its", "their", "there", "this", "that", "these", "those"})
_SENTENCE_ENDS = frozenset({".", ";", "\n", "!", "?"})
_DOCSTRINGS = frozenset({"docstring", "docstrings"})
_DOCUMENTS = frozenset({"docs", "document", "documentation", "describe", "explain", "guide", "manual", "tutorial"})
_EMPTY = frozenset(
    {"function", "functions", "class", "classes", "module", "modules", "package", "name", "names", "public", "missing"}
)
_MAKES = frozenset({"write", "add", "create", "generate", "make"})
_NO_BEHAVIOUR = frozenset({"hints", "hint", "annotations", "comment", "comments", "license", "types", "typing"})
_LIMITS = ("leave alone:", "leave out:", "keep:")
_SHORT = 4
_LONGEST_TITLE = 72
_MAX_FILES = 8


@dataclass(frozen=True)
class Change:
    """One clause: its words, the names of code in it, the files they stand for, and what sort of change it is."""

    text: str
    names: tuple[str, ...]
    files: tuple[str, ...]
    missing: tuple[str, ...]
    kind: str  # edit | document | fix | rename
    docstrings: bool = False
    tests: bool = False
    adds: bool = False  # something new that a test has to show

    @property
    def title(self) -> str:
        """The clause as a title."""
        text = self.text
        text = text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1].rsplit(" ", 1)[0] + "…"
        return text[:1].upper() + text[1:]


def find_changes(brief: str, tokens: Tokens, lexicon: Lexicon, facts: RepositoryFacts) -> list[Change]:
    """Every clause with a word of its own, in order; `it` stands for what the clause before names."""
    changes: list[Change] = []
    before: tuple[str, ...] = ()
    for clause in _clauses(tokens, lexicon):
        text = _text(brief, clause)
        if not text or all(token.used and not token.verdict for token in clause):
            continue
        names = tuple(dict.fromkeys(token.bare for token in clause if token.target))
        follows = _PRONOUNS | ({"test", "tests"} if len(clause) <= _SHORT else set())  # "… and add tests"
        if not names and before and any(token.lower in follows for token in clause):
            names = before
        before = names or before
        changes.append(_change(text, names, clause, lexicon, facts))
    return changes


def _change(
    text: str, names: tuple[str, ...], clause: Sequence[Token], lexicon: Lexicon, facts: RepositoryFacts
) -> Change:
    words = [token.lower for token in clause if not token.target and token.kind == "word"]
    files: list[str] = []
    missing: list[str] = []
    for name in names:
        found = facts.places(name)
        files += found[:_MAX_FILES]
        if not found:
            (files if name.endswith((".py", ".ipynb", ".md")) else missing).append(name)
    if "readme" in words:
        files += [path for path in sorted(facts.paths) if re.fullmatch(r"readme(\.\w+)?", path, re.I)] or ["README.md"]
    if files or _MAKES - {"make"} & set(words):
        missing = []
    plain = _DOCSTRINGS | _EMPTY | lexicon.words("stop")
    rest = [word for word in words if word not in plain and not lexicon.verb(word)]
    kind = "edit"
    if any(token.meaning == "rename" for token in clause):
        kind = "rename"
    elif (_DOCSTRINGS | _DOCUMENTS) & set(words) and not [word for word in rest if word not in _DOCUMENTS]:
        kind = "document"
    elif _weight("bug-fix", words, lexicon) > (3 if _MAKES & set(words) else 0):  # "add error handling" mends nothing
        kind = "fix"
    docstrings = bool(_DOCSTRINGS & set(words))
    tests = bool({"test", "tests"} & set(words) and _MAKES & set(words))
    verbs = {lexicon.verb(word) for word in words}
    adds = kind == "edit" and not docstrings and not tests and not set(words) & _NO_BEHAVIOUR
    adds = adds and bool(verbs & {"add to what is there"} or {"let", "allow", "support", "accept"} & set(words))
    return Change(text, names, tuple(dict.fromkeys(files)), tuple(missing), kind, docstrings, tests, adds)


def _weight(archetype: str, words: list[str], lexicon: Lexicon) -> float:
    """How strongly the words point to an archetype."""
    known = lexicon.library.archetypes.get(archetype)
    if known is None:
        return 0.0
    forms = {form for word in words for form in (word, singular(word))}
    return float(sum(known.words[form]["weight"] for form in forms if form in known.words))


def _clauses(tokens: Tokens, lexicon: Lexicon) -> Iterator[list[Token]]:
    clause: list[Token] = []
    for index, token in enumerate(tokens):
        over = token.meaning.startswith(_LIMITS) or token.lower in _SENTENCE_ENDS or token.lower == "then"
        if over or (token.lower in (",", "and", "but") and _starts_clause(tokens, index + 1, lexicon)):
            yield clause
            clause = []
        else:
            clause.append(token)
    yield clause


def _starts_clause(tokens: Tokens, index: int, lexicon: Lexicon) -> bool:
    """Whether a verb with an object starts here."""
    while index < len(tokens) and tokens[index].lower in ("and", "then", "also", "please", ","):
        index += 1
    if index + 1 >= len(tokens) or tokens[index].target or tokens[index].meaning.startswith(_LIMITS):
        return False
    if not lexicon.is_verb(tokens[index].lower) and tokens[index].lower not in ("use", "make"):
        return False
    after = tokens[index + 1]
    return after.kind != "stop" and after.lower not in ("in", "to", "of", "from", "for", "and", "is", "are", "on")


def _text(brief: str, clause: Sequence[Token]) -> str:
    """The clause as it stands in the brief, on one line, without what joins it to others."""
    if not clause:
        return ""
    text = " ".join(brief[clause[0].at : clause[-1].at + len(clause[-1].text)].split())
    text = re.sub(r"^(?:(?:and|but|then|also|please)\b[\s,]*|[,:*#•>–—-]\s*)+", "", text, flags=re.I)
    text = re.sub(r"(?:[\s,:(–—-]|\b(?:and|but|then)$)+$", "", text, flags=re.I)
    return text if re.search(r"\w", text) else ""
