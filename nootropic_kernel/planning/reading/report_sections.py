"""Headings of bug reports and tickets: `Steps to reproduce`, `Expected: …`, `## Tasks`; and what stands below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.reading.tokens import Token

SHOWS, TELLS, LEAVES = "shows", "tells", "leaves"
_SIGNS = frozenset({"#", "*", "_", "-", ":", "="})


class ReportSections:
    """Finds the headings that `report_sections` of the methods lists."""

    def __init__(self, lexicon: Lexicon) -> None:
        table: Mapping[str, Sequence[str]] = lexicon.table("report_sections")
        listed = {tuple(phrase.split()): kind for kind, phrases in table.items() for phrase in phrases}
        self.phrases = dict(sorted(listed.items(), key=lambda entry: -len(entry[0])))

    def heading(self, sentence: Sequence[Token]) -> tuple[str, list[Token]] | None:
        """The kind of section that a sentence opens, and what it says itself behind a colon; None for no heading."""
        start = 0
        while start < len(sentence) and sentence[start].text in _SIGNS:
            start += 1
        said = list(sentence[start:])
        for phrase, kind in self.phrases.items():
            if tuple(token.lower for token in said[: len(phrase)]) != phrase:
                continue
            rest = said[len(phrase) :]
            bare = [token for token in rest if token.text not in _SIGNS]
            if not bare and (start or rest):
                return kind, []
            if bare and rest[0].text == ":":
                return kind, bare if rest[-1].text not in _SIGNS else list(rest[1:])
        return None

    def opens(self, tokens: Sequence[Token]) -> bool:
        """Whether the first line is a heading and nothing else."""
        line: list[Token] = []
        for token in tokens:
            if token.text != "\n":
                line.append(token)
            elif line:
                break
        opened = self.heading(line)
        return opened is not None and not opened[1]
