"""The words of a brief with their neighbours, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass

from nootropic_kernel.planning.model import WordUse

# Small words that stand between a preposition and its noun.
ARTICLES = frozenset({"a", "an", "the", "my", "our", "your", "their", "this", "that", "some", "its", "his", "her"})

SENTENCE_ENDS = frozenset({".", ";", "!", "?", "\n", ":", "•", "*"})

# Neighbours that were taken for one of these are told as one phrase.
_JOINED = (
    "a field", "a thing", "who or what", "leave alone:", "leave out:", "keep:", "demand:", "to be done:", "a step:",
    "a question:", "could be a", "names the", "looks ",
)  # fmt: skip

_TOKEN = re.compile(
    r"(?P<quoted>`[^`\n]+`)"
    r"|(?P<symbol>[A-Za-z_][\w.]*\(\))"
    r"|(?P<path>\.?[\w-]+(?:/[\w.-]*[\w-])+|[\w-]+/(?=[\s,;:)]|$)|[\w-]+\.(?:py|ipynb|md|csv|tsv|xlsx?|parquet|jsonl?|rs|go|java|ts|tsx|jsx|rb|php|toml|ya?ml|sql|html|css))"
    r"|(?P<arrow>->|=>|→)"
    r"|(?P<word>[^\W\d_][\w]*(?:[-'’.][^\W_]\w*)*|_\w+)"
    r"|(?P<number>\d+(?:\.\d+)+-\d+(?:\.\d+)+|[$€£]?\d[\w.,:%]*|--?[\w-]+)"
    r"|(?P<stop>\n|[^\s\w])"
)

_ENTRY = re.compile(r"1[.)]")  # the first entry of a numbered list


@dataclass(eq=False)
class Token:
    """One word or sign; ``used`` once it needs no further look, ``verdict`` and ``meaning`` what it was taken for.

    ``at`` is its place in the brief; ``target`` says that it names a part of the repository; ``part`` is ``noun`` or
    ``verb`` for a word that can be both, as far as it is told (see :mod:`parts_of_speech`).
    """

    text: str
    kind: str
    lower: str
    at: int = 0
    target: bool = False
    used: bool = False
    part: str = ""
    verdict: str = ""
    meaning: str = ""

    @property
    def bare(self) -> str:
        """A name without its backticks or brackets."""
        return self.text.strip("`").removesuffix("()").strip()

    @property
    def end(self) -> int:
        """The place behind it."""
        return self.at + len(self.text)

    def mark(self, verdict: str, meaning: str) -> None:
        """Say what became of it; the first verdict stays."""
        if not self.verdict:
            self.used, self.verdict, self.meaning = True, verdict, meaning


class Tokens(list[Token]):
    """The tokens of a brief, in order."""

    @classmethod
    def of(cls, brief: str, stop: Container[str]) -> Tokens:
        """Cut a brief into tokens; ``stop`` words count as looked at."""
        tokens = cls()
        for found in _TOKEN.finditer(brief):
            token = Token(found.group(), str(found.lastgroup), found.group().lower().replace("’", "'"), found.start())
            token.used = token.kind in ("stop", "arrow") or (token.kind == "word" and token.lower in stop)
            tokens.append(token)
            if sign := tokens._sign_behind():
                token.text = token.text.removesuffix(sign)
                token.lower = token.lower.removesuffix(sign)
                tokens.append(Token(sign, "stop", sign, token.end, used=True))
        return tokens

    def _sign_behind(self) -> str:
        """The comma or full stop that the last token, a number, ends with; a number of a list keeps its own: `2. …`."""
        number = self[-1]
        if number.kind != "number" or not number.text.endswith((".", ",")):
            return ""
        listed = any(_ENTRY.fullmatch(token.text) for token in self[:-1])
        named = len(self) > 1 and self[-2].text[:1].isupper() and not listed  # "Postgres 16."
        return number.text[-1] if named or "." in number.text[:-1] or number.text[-1] == "," else ""

    def beside(self, index: int, step: int) -> str:
        """The word right before or after, in lower case; empty at the end of a clause."""
        place = index + step
        return self[place].lower if 0 <= place < len(self) and self[place].kind != "stop" else ""

    def before(self, index: int, passed: Container[str]) -> str:
        """The word before, those in ``passed`` skipped."""
        place = index - 1
        while place >= 0 and self[place].lower in passed:
            place -= 1
        return self[place].lower if place >= 0 else ""

    def follower(self, index: int) -> Token | None:
        """The next word when it still is unused and neither comma nor small word lies between."""
        place = index + 1
        if place < len(self) and self[place].kind == "word" and not self[place].used:
            return self[place]
        return None

    def relabel(self, meanings: tuple[str, ...], meaning: str, verdict: str = "not understood") -> None:
        """What was taken for one of ``meanings`` was something else after all."""
        for token in self:
            if token.meaning.startswith(meanings):
                token.verdict, token.meaning = verdict, meaning


def accounted(tokens: Iterable[Token]) -> tuple[WordUse, ...]:
    """Every content word once (a word that comes again with the same meaning is the same), phrases joined."""
    uses: dict[tuple[str, str], WordUse] = {}
    before: Token | None = None
    text = ""
    for token in [*tokens, None]:
        joins = token is not None and before is not None and token.meaning == before.meaning
        if joins and token is not None and token.meaning.startswith(_JOINED):
            text = f"{text} {token.text}"
        else:
            if before is not None and before.verdict:
                uses.setdefault((text.lower(), before.meaning), WordUse(text, before.verdict, before.meaning))
            text = token.text if token is not None else ""
        before = token
    return tuple(uses.values())
