"""Notebooks as JSON that is written back in the style it was read: indent, escapes, final newline, source form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NotebookText:
    """A parsed notebook and the style of its bytes. ``exact`` tells that an unchanged notebook is written as it was."""

    document: dict[str, Any]
    indent: int | str | None
    ascii_only: bool
    tail: str
    newline: str
    exact: bool

    @classmethod
    def read(cls, data: bytes) -> NotebookText:
        """Raise ValueError when the bytes are not a notebook."""
        text = data.decode("utf-8")
        document = json.loads(text)
        if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
            raise ValueError("there is no list of cells")
        newline = "\r\n" if "\r\n" in text else "\n"
        body = text.rstrip()
        tail = text[len(body) :]
        second = text.split("\n")[1] if "\n" in body else ""
        lead = second[: len(second) - len(second.lstrip())]
        indent: int | str | None = (lead if "\t" in lead else len(lead)) if lead else None
        best: NotebookText | None = None
        for ascii_only in (False, True):
            style = cls(document, indent, ascii_only, tail, newline, False)
            if style.write(document) == data:
                return cls(document, indent, ascii_only, tail, newline, True)
            best = best or style
        assert best is not None
        return cls(document, indent, "\\u" in text and text.isascii(), tail, newline, False)

    def write(self, document: dict[str, Any]) -> bytes:
        """The bytes of ``document`` in this notebook's style."""
        text = json.dumps(document, ensure_ascii=self.ascii_only, indent=self.indent)
        if self.newline != "\n":
            text = text.replace("\n", self.newline)
        return (text + self.tail).encode("utf-8")


def cell_source(cell: dict[str, Any]) -> str:
    """The cell's source as one text."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def with_source(cell: dict[str, Any], source: str) -> dict[str, Any]:
    """The cell with another source, in the form (text or lines) it had before; all else stays."""
    as_lines = not isinstance(cell.get("source"), str)
    return {**cell, "source": source.splitlines(keepends=True) if as_lines else source}
