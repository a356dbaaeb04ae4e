"""The Python of files and of notebooks' cells, with IPython's own syntax taken out, and places in it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from nootropic_kernel.changes.encoding import detect
from nootropic_kernel.checks.parsing import mask_magics

# Cell magics whose body is Python all the same.
_PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
# Magics that define names in ways nobody can read off the source.
_OPAQUE = re.compile(r"^\s*%(?:run|pylab|load|store)\b", re.MULTILINE)


class Unread(Exception):
    """Why nobody can tell which names a file has."""


def source_cells(path: str, data: bytes) -> list[str]:
    """The Python of a file in one piece, of a notebook by cells.

    :raises Unread: when it is no text or no notebook, or magics define names nobody can see.
    """
    if not path.lower().endswith(".ipynb"):
        try:
            return [text_of(data)]
        except ValueError as problem:
            raise Unread(f"{path} cannot be read as text") from problem
    try:
        cells = cells_of(data)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Unread(f"{path} cannot be read as a notebook") from problem
    if cells is None:
        raise Unread(f"{path} has magics that define names nobody can see")
    return [python_of(cell) for cell in cells]


def text_of(data: bytes) -> str:
    """The text of a file; ValueError where it is none."""
    encoding = detect(data)
    if encoding is None:
        raise ValueError("it is not text")
    return encoding.decode(data)


def cells_of(data: bytes) -> list[str] | None:
    """The source of each cell of a notebook, blank for prose; None when magics define names nobody can see."""
    sources = []
    for cell in json.loads(data)["cells"]:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["cell_type"] != "code":
            source = "\n" * source.count("\n")
        elif _OPAQUE.search(source):
            return None
        sources.append(source)
    return sources


def python_of(source: str) -> str:
    """A cell as plain Python, with its lines where they were."""
    bare = source.lstrip()
    if bare.startswith(_PYTHON_MAGICS):
        first, _, rest = bare.partition("\n")
        lead = "\n" * source[: len(source) - len(bare)].count("\n")
        return f"{lead}# {first}\n{mask_magics(rest)}"
    return mask_magics(source)


def place_in(path: str, cells: Sequence[str], line: int) -> str:
    """A line of the joined cells as people find it in the file."""
    if not path.lower().endswith(".ipynb"):
        return f"line {line}"
    for number, source in enumerate(cells, start=1):
        height = source.count("\n") + 1
        if line <= height:
            return f"cell {number}, line {line}"
        line -= height
    return f"line {line}"
