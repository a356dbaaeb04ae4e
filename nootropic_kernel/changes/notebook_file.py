"""Jupyter notebooks as files: read without loss, written back in the style that the file has."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Cell = dict[str, Any]
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Style:
    """How a notebook's JSON is laid out."""

    indent: int | str | None = 1
    ascii_only: bool = False
    ending: bytes = b"\n"
    line: bytes = b"\n"
    bom: bool = False
    sort_keys: bool = False
    separators: tuple[str, str] | None = None


@dataclass(frozen=True)
class NotebookFile:
    """A parsed notebook (format 4) with the style of its file."""

    document: dict[str, Any]
    style: Style

    @property
    def cells(self) -> list[Cell]:
        """The cells, in order."""
        cells: list[Cell] = self.document["cells"]
        return cells

    @property
    def minor(self) -> int:
        """The minor version of the format."""
        return int(self.document.get("nbformat_minor", 0))

    def about(self) -> dict[str, Any]:
        """Everything but the cells."""
        return {key: value for key, value in self.document.items() if key != "cells"}


def parse(data: bytes) -> NotebookFile | None:
    """Read a notebook; None when it is not one of format 4 that we could write back."""
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("nbformat") != 4 or not isinstance(document.get("cells"), list):
        return None
    if not isinstance(document.get("nbformat_minor", 0), int) or not isinstance(document.get("metadata", {}), dict):
        return None
    if not all(isinstance(cell, dict) and isinstance(cell.get("source", ""), str | list) for cell in document["cells"]):
        return None
    if not all(_plain(cell.get("source", "")) and isinstance(cell.get("id", ""), str) for cell in document["cells"]):
        return None
    return NotebookFile(document, _style(data, document))


def write(document: dict[str, Any], style: Style) -> bytes:
    """The notebook's bytes in that style."""
    text = json.dumps(
        document,
        indent=style.indent,
        ensure_ascii=style.ascii_only,
        sort_keys=style.sort_keys,
        separators=style.separators,
    )
    body = text.encode("utf-8", "surrogatepass").replace(b"\n", style.line)
    return (_BOM if style.bom else b"") + body + style.ending


def source_of(cell: Cell | None) -> str:
    """The cell's source as one text."""
    source = (cell or {}).get("source", "")
    return source if isinstance(source, str) else "".join(source)


def with_source(cell: Cell, text: str) -> Cell:
    """The cell with another source, kept as text or as a list of lines as it was."""
    kept: str | list[str] = text if isinstance(cell.get("source"), str) else text.splitlines(keepends=True)
    return {**cell, "source": kept}


def ids_are_usable(cells: Sequence[Cell]) -> bool:
    """Whether every cell has an id of its own."""
    ids = [cell.get("id") for cell in cells]
    return all(ids) and len(set(ids)) == len(ids)


def with_ids(cells: Sequence[Cell]) -> list[Cell]:
    """The cells, those without an id given one that follows from their content and place."""
    used = {cell["id"] for cell in cells if cell.get("id")}
    result: list[Cell] = []
    for index, cell in enumerate(cells):
        if not cell.get("id"):
            seed = f"{index}\0{cell.get('cell_type')}\0{source_of(cell)}"
            fresh = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            while fresh in used:
                fresh = hashlib.sha256(fresh.encode()).hexdigest()[:8]
            used.add(fresh)
            # Where Jupyter writes it: after the cell type.
            cell = {"cell_type": cell.get("cell_type"), **cell, "id": fresh}
        result.append(cell)
    return result


def _plain(source: Any) -> bool:
    return isinstance(source, str) or all(isinstance(line, str) for line in source)


def _style(data: bytes, document: dict[str, Any]) -> Style:
    bom = data.startswith(_BOM)
    body = data[len(_BOM) :] if bom else data
    stripped = body.rstrip()
    line = b"\r\n" if b"\r\n" in stripped else b"\n"
    first = re.match(rb"\{[ \t]*\r?\n([ \t]*)", stripped)
    indent: int | str | None = None
    if first is not None:
        blank = first.group(1).decode()
        indent = blank if "\t" in blank else len(blank)
    ascii_only = stripped.isascii() and re.search(rb"\\u(?!00[01])[0-9a-fA-F]{4}", stripped) is not None
    guess = Style(
        indent,
        ascii_only,
        body[len(stripped) :],
        line,
        bom,
        list(document) == sorted(document) and list(document) != ["cells"],
    )
    for separators in (None, (",", ":"), (", ", ": "), (",", ": ")):
        for sort_keys in (guess.sort_keys, not guess.sort_keys):
            style = Style(guess.indent, guess.ascii_only, guess.ending, guess.line, guess.bom, sort_keys, separators)
            if write(document, style) == data:
                # Sorting is only the style of the file when it is needed to get the file.
                unsorted = Style(style.indent, style.ascii_only, style.ending, style.line, style.bom, False, separators)
                return unsorted if write(document, unsorted) == data else style
    return Style(guess.indent, guess.ascii_only, guess.ending, guess.line, guess.bom, False, None)
