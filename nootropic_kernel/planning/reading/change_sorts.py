"""What sort of change a clause of a brief asks for: from its verb, the signs in it and what it points to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nootropic_kernel.planning.reading.clauses import Clause
from nootropic_kernel.planning.reading.durations_asked import find_duration
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.word_places import WordPlaces
from nootropic_kernel.planning.reading.wording import singular

DOCSTRINGS = frozenset({"docstring", "docstrings"})
_DOCUMENTS = frozenset({"docs", "document", "documentation", "describe", "explain", "guide", "manual", "tutorial"})
_MORE_THAN_DOCSTRINGS = frozenset({"docs", "document", "documentation", "guide", "manual", "tutorial", "readme"})
_EMPTY = frozenset(
    {"function", "functions", "class", "classes", "module", "modules", "package", "name", "names", "public", "missing"}
)
MAKES = frozenset({"write", "add", "create", "generate", "make"})
_ALL_OF_IT = frozenset({"code", "codebase", "project", "api", "repository", "repo", "library", "everything"})
_DONE_WITH_THEM = frozenset({"publish", "host", "deploy", "release", "translate", "move", "delete", "remove"})
NO_BEHAVIOUR = frozenset({"hints", "hint", "annotations", "comment", "comments", "license", "types", "typing"})
_NO_TEST_SHOWS = frozenset(
    {"lint", "linter", "warning", "warnings", "typo", "typos", "spelling", "grammar", "formatting", "style", "wording"}
)
_AWAY_FROM = frozenset({"from", "in", "inside"})
_AN_ERROR = re.compile(r"[A-Z]\w*(?:Error|Exception)\b")
_FAILS = re.compile(r"\b(?:(?:doesn|don|isn|aren|won|didn)['’]t|(?:does|do|did|will|is|are) not|no longer)\b", re.I)
_ABOUT_US = re.compile(r"(?:we|i|you|there|nobody|people|users?)\b", re.I)


def docstrings_only(text: str) -> bool:
    """Whether a text asks for docstrings, and for no other document."""
    words = set(re.findall(r"\w+", text.lower()))
    return bool(words & DOCSTRINGS) and not words & _MORE_THAN_DOCSTRINGS


class ChangeSorts:
    """Tells the sorts apart: rename, delete, speed, upgrade, move, shape, fix, clean, document, tests, or an edit."""

    def __init__(self, lexicon: Lexicon, places: WordPlaces, data: Sequence[str]) -> None:
        self.lexicon = lexicon
        self.word_places = places
        self.data = data
        self.slow = [f" {word} " for word in lexicon.table("change_signs").get("slow", ())]
        self.helpers = lexicon.words("change_helpers")

    def of(self, text: str, clause: Clause, going: bool) -> str:
        """The sort of change that a clause asks for.

        :param text: its words as they stand in the brief.
        :param going: what it says to delete is there.
        """
        words = clause.words
        if any(token.meaning == "rename" for token in clause.tokens):
            return "rename"
        if clause.verb is not None and clause.verb.lower == "rename":
            return "rename-other"
        said = set(words)
        if self._documents(clause, words):
            return "document"
        asked, sort = clause.verb is not None, clause.sort
        helper = asked and clause.verb is not None and clause.verb.lower in self.helpers
        if sort == "speed" or ((not asked or helper) and self._slow(text)):
            return "speed"
        if sort == "delete" and going and not self._part_of(clause):
            return "delete"
        packages = self.word_places.packages(clause.tokens)
        if packages and (sort == "upgrade" or (self.word_places.versions(clause.tokens) and sort in ("move", ""))):
            return "upgrade"
        if sort == "move" and not clause.names and (packages or self._technology(clause)):
            return "move"
        if sort == "clean" or (sort == "fix" and self.data and not clause.names):
            here = bool(self.data) and not self._faulty(
                [word for word in words if clause.verb is None or word != clause.verb.lower]
            )
            return "clean" if here else ("shape" if sort == "clean" else "fix")
        if sort == "shape" or (sort == "move" and clause.names and self._into(clause)):
            return "shape"
        errors = any(_AN_ERROR.search(token.bare) for token in clause.tokens)
        if not asked and (errors or self._fails(text)):
            return "fix"
        if sort == "fix" and said & _NO_TEST_SHOWS:
            return "edit"
        weight = self._faulty(words)
        if weight > (3 if MAKES & said else 0) and not (asked and sort in ("delete", "move", "upgrade", "test")):
            return "fix"  # "add error handling" mends nothing
        if {"test", "tests"} & said and (MAKES & said or sort == "test"):
            return "tests"
        return "edit"

    def _documents(self, clause: Clause, words: list[str]) -> bool:
        if clause.verb is not None and clause.verb.lower in _DONE_WITH_THEM:
            return False  # "publish it on Read the Docs" writes none
        plain = DOCSTRINGS | _EMPTY | self.lexicon.words("stop")
        rest = [word for word in words if word not in plain and not self.lexicon.verb(word)]
        if (DOCSTRINGS | _DOCUMENTS) & set(words) and not [word for word in rest if word not in _DOCUMENTS]:
            return True
        if clause.sort == "document" and (clause.names or not [word for word in rest if word not in _ALL_OF_IT]):
            return True
        return bool(MAKES & set(words)) and rest[:1] != [] and rest[0] in _DOCUMENTS and not set(words) & NO_BEHAVIOUR

    def _slow(self, text: str) -> bool:
        said = f" {' '.join(re.findall(r'[a-z]+', text.lower()))} "
        return any(sign in said for sign in self.slow) or bool(find_duration(text).now)

    def _fails(self, text: str) -> bool:
        """`the numbers don't add up`: what somebody other than the writer does not do."""
        return _FAILS.search(text) is not None and not _ABOUT_US.match(text)

    def _part_of(self, clause: Clause) -> bool:
        """`remove dead cells from night.ipynb`: what is taken away is a part of what is named."""
        lower = [token.lower for token in clause.tokens]
        at = next((index for index, word in enumerate(lower) if word in _AWAY_FROM), len(lower))
        return at < len(lower) and not any(token.target for token in clause.tokens[:at])

    def _technology(self, clause: Clause) -> bool:
        return any(token.meaning.startswith(("technology", "what is there now")) for token in clause.tokens)

    def _into(self, clause: Clause) -> bool:
        return bool({"to", "into"} & {token.lower for token in clause.tokens})

    def _faulty(self, words: Sequence[str]) -> float:
        """How strongly the words point to a fault."""
        known = self.lexicon.library.archetypes.get("bug-fix")
        if known is None:
            return 0.0
        said = f" {' '.join(words)} "
        single = {form for word in words for form in (word, singular(word))}
        phrases = [entry["weight"] for sign, entry in known.words.items() if " " in sign and f" {sign} " in said]
        return float(sum(known.words[form]["weight"] for form in single if form in known.words) + sum(phrases))
