"""Python source as text with positions: decode, splice, encode, so that untouched bytes stay as they are."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass

from nootropic_kernel.checks.recipes.registry import RecipeRefused

_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class Splice:
    """Replace the characters from ``start`` to ``end`` by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class PythonText:
    """A Python file decoded as Python itself would, with what is needed to write it back byte for byte."""

    path: str
    text: str
    encoding: str
    newline: str

    @classmethod
    def decode(cls, path: str, data: bytes) -> PythonText:
        """Raise RecipeRefused when the bytes are not text in the declared encoding."""
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            text = data.decode(encoding)
        except (SyntaxError, UnicodeDecodeError, LookupError) as problem:
            raise RecipeRefused(f"{path} cannot be read as Python text.", why=str(problem)) from problem
        first = _LINE_END.search(text)
        return cls(path, text, encoding, first.group() if first else "\n")

    def encode(self, text: str) -> bytes:
        return text.encode(self.encoding)

    def offset(self, line: int, column: int) -> int:
        """The character offset of a 1-based line and 0-based column."""
        return line_starts(self.text)[line - 1] + column

    def lines(self, *lines: str) -> str:
        """Lines joined and ended in this file's own way."""
        return "".join(line + self.newline for line in lines)


def line_starts(text: str) -> list[int]:
    """The character offset at which each line starts."""
    return [0, *(match.end() for match in _LINE_END.finditer(text))]


def splice(text: str, edits: Iterable[Splice]) -> str:
    """The text after non-overlapping replacements; equal replacements of one place count once."""
    pieces: list[str] = []
    done = 0
    for edit in sorted(set(edits), key=lambda each: (each.start, each.end)):
        if edit.start < done:
            raise ValueError("overlapping edits")
        pieces += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join([*pieces, text[done:]])
