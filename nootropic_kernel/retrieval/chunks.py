"""Cutting files into chunks: functions and classes, notebook cells, else windows of lines.

What a person asked Nootropic in a notebook, and the fields of its plan, are left out: a search would find itself.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

WINDOW = 80
SPEC = "project-spec.md"
_ASKED = ("%noo", "%%noo", "!noo")


@dataclass(frozen=True)
class Chunk:
    """A piece of a file: its first and last line (1-based, inclusive), what it is called, and its text.

    In a notebook the lines are those of the cell, and ``name`` says which cell.
    """

    path: str
    start: int
    end: int
    name: str
    text: str

    @property
    def header(self) -> str:
        """Path and name as words; searched along with the text."""
        return f"{self.path} {self.name}"


def chunks_of(path: str, data: bytes) -> list[Chunk]:
    """The chunks of a file; none for what is not text."""
    if b"\0" in data[:8192]:
        return []
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".ipynb":
        return list(_cells(path, text))
    if suffix in {".py", ".pyi"}:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return list(_windows(path, text.splitlines(), 1, ""))
        return sorted(_python(path, text.splitlines(), tree), key=lambda chunk: (chunk.start, chunk.end))
    if PurePosixPath(path).name == SPEC:
        return list(_prose(path, text.splitlines()))
    return list(_windows(path, text.splitlines(), 1, ""))


def _prose(path: str, lines: list[str]) -> Iterator[Chunk]:
    """The text between front matter and fenced blocks, whose fields would match every question about the plan."""
    closing = "---" if lines[:1] == ["---"] else ""
    start = 1
    for number, line in enumerate(lines, start=1):
        if closing:
            if line == closing and number > 1:
                closing, start = "", number + 1
        elif line.startswith("```yaml"):
            yield from _windows(path, lines[start - 1 : number - 1], start, "")
            closing = "```"
    if not closing:
        yield from _windows(path, lines[start - 1 :], start, "")


def _python(path: str, lines: list[str], tree: ast.Module) -> Iterator[Chunk]:
    taken: set[int] = set()

    def visit(body: list[ast.stmt], prefix: str) -> Iterator[Chunk]:
        for node in body:
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                continue
            start = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            end = node.end_lineno or node.lineno
            name = f"{prefix}{node.name}"
            own = set(range(start, end + 1))
            taken.update(own)
            if isinstance(node, ast.ClassDef):
                inner = list(visit(node.body, f"{name}."))
                yield from inner
                covered = {line for chunk in inner for line in range(chunk.start, chunk.end + 1)}
                head = max((line for line in own - covered if not covered or line < min(covered)), default=start)
                yield from _windows(path, lines[start - 1 : head], start, name)
            else:
                yield from _windows(path, lines[start - 1 : end], start, name)

    yield from visit(tree.body, "")
    rest: list[int] = []
    for number in range(1, len(lines) + 2):
        if number <= len(lines) and number not in taken:
            rest.append(number)
        elif rest:
            yield from _windows(path, lines[rest[0] - 1 : rest[-1]], rest[0], "")
            rest = []


def _windows(path: str, lines: list[str], start: int, name: str) -> Iterator[Chunk]:
    for first in range(0, len(lines), WINDOW):
        piece = lines[first : first + WINDOW]
        if any(line.strip() for line in piece):
            yield Chunk(path, start + first, start + first + len(piece) - 1, name, "\n".join(piece))


def _cells(path: str, text: str) -> Iterator[Chunk]:
    try:
        cells = json.loads(text)["cells"]
        for number, cell in enumerate(cells, start=1):
            source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            if cell.get("cell_type") == "code" and _asks_nootropic(source):
                continue
            name = f"cell {number}" + (f" ({cell['id']})" if cell.get("id") else "")
            yield from _windows(path, source.splitlines(), 1, name)
    except (ValueError, KeyError, TypeError, AttributeError):
        yield from _windows(path, text.splitlines(), 1, "")


def _asks_nootropic(source: str) -> bool:
    """Whether a cell begins with a call of ours, comments and blank lines aside."""
    lines = (line.strip() for line in source.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return (first.split() or [""])[0] in _ASKED
