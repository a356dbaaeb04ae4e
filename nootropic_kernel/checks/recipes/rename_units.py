"""What a rename looks at: Python files and notebooks as parsed units with resolved names and exact positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nootropic_kernel.changes import notebook_file
from nootropic_kernel.changes.notebook_file import NotebookFile, source_of, with_source
from nootropic_kernel.checks.parsing import mask_magics, parse_problem
from nootropic_kernel.checks.recipes.files import RepoFiles
from nootropic_kernel.checks.recipes.packages import module_name
from nootropic_kernel.checks.recipes.python_text import PythonText, Splice, line_starts, splice
from nootropic_kernel.checks.recipes.registry import RecipeRefused

Place = tuple[int, int]  # 1-based line, 0-based column


@dataclass
class Unit:
    """One Python file, or the code cells of one notebook taken as one module."""

    path: str
    data: bytes
    module: str
    source: str
    python: PythonText | None = None
    notebook: NotebookFile | None = None
    cell_lines: list[int] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    @property
    def is_package(self) -> bool:
        return self.path.endswith("__init__.py")

    @cached_property
    def wrapper(self) -> Any:
        from libcst import MetadataWrapper, parse_module

        return MetadataWrapper(parse_module(self.source), unsafe_skip_copy=True)

    @cached_property
    def _names(self) -> Any:
        from libcst.metadata import QualifiedNameProvider

        return self.wrapper.resolve(QualifiedNameProvider)

    @cached_property
    def _positions(self) -> Any:
        from libcst.metadata import PositionProvider

        return self.wrapper.resolve(PositionProvider)

    @cached_property
    def parents(self) -> Any:
        from libcst.metadata import ParentNodeProvider

        return self.wrapper.resolve(ParentNodeProvider)

    @cached_property
    def _nodes(self) -> list[Any]:
        return list(_walk(self.wrapper.module))

    def find(self, matcher: Any, within: Any = None) -> list[Any]:
        """Every node that a LibCST matcher (or a choice of them) fits, in the order of the source."""
        from libcst.matchers import matches

        # Only nodes of a fitting class are matched in full: this is what makes large files bearable.
        kinds = {type(option).__name__ for option in getattr(matcher, "options", (matcher,))}
        nodes = self._nodes if within is None else _walk(within)
        return [node for node in nodes if type(node).__name__ in kinds and matches(node, matcher)]

    def names_of(self, node: Any) -> set[str]:
        """The absolute dotted names that a node may stand for."""
        found = self._names.get(node, ())
        found = found() if callable(found) else found
        return {self._absolute(each.name, each.source.name == "LOCAL") for each in found or ()}

    def place(self, node: Any) -> Place:
        start = self._positions[node].start
        return start.line, start.column

    def imports(self) -> Iterator[tuple[Any, str]]:
        """Each `from … import …` with the absolute name of its module."""
        import libcst.matchers as m
        from libcst.helpers import get_full_name_for_node

        for node in self.find(m.ImportFrom()):
            name = "." * len(node.relative) + (get_full_name_for_node(node.module) or "" if node.module else "")
            yield node, self._absolute(name, False)

    def replaced(self, places: set[Place], old: str, new: str) -> bytes:
        """The unit's bytes with ``old`` at these places replaced by ``new``."""
        if self.python is not None:
            starts = line_starts(self.python.text)
            edits = [Splice(starts[line - 1] + col, starts[line - 1] + col + len(old), new) for line, col in places]
            return self.python.encode(splice(self.python.text, edits))
        assert self.notebook is not None
        cells = list(self.notebook.document["cells"])
        for index, first in enumerate(self.cell_lines):
            if first < 0:
                continue
            source = source_of(cells[index])
            starts = line_starts(source)
            edits = [
                Splice(starts[line - first] + col, starts[line - first] + col + len(old), new)
                for line, col in places
                if 0 <= line - first < len(starts)
            ]
            if edits:
                cells[index] = with_source(cells[index], splice(source, edits))
        return notebook_file.write({**self.notebook.document, "cells": cells}, self.notebook.style)

    def _absolute(self, name: str, local: bool) -> str:
        if local:
            return f"{self.module}.{name}"
        level = len(name) - len(name.lstrip("."))
        if not level:
            return name
        package = self.module.split(".") if self.is_package else self.module.split(".")[:-1]
        package = package[: len(package) - (level - 1)]
        return ".".join([*package, *filter(None, [name.lstrip(".")])])


def _walk(node: Any) -> Iterator[Any]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


def load_units(files: RepoFiles, word: str) -> list[Unit]:
    """Every file that mentions ``word``; raises RecipeRefused for one that mentions it but cannot be understood."""
    paths = set(files.paths())
    wanted = re.compile(rf"\b{re.escape(word)}\b")
    units: list[Unit] = []
    for path in sorted(paths):
        data = files.read(path) if path.endswith((".py", ".ipynb")) else None
        if data is None or not wanted.search(data.decode("utf-8", "replace")):
            continue
        unit = _python_unit(path, data, paths) if path.endswith(".py") else _notebook_unit(path, data, wanted)
        if unit is not None:
            units.append(unit)
    return units


def _python_unit(path: str, data: bytes, paths: set[str]) -> Unit:
    problem = parse_problem(path, data)
    if problem:
        raise RecipeRefused(f"{path} mentions the name but does not parse.", why=problem, next="Mend that file first.")
    python = PythonText.decode(path, data)
    return Unit(path, data, module_name(path, paths), python.text, python=python)


def _notebook_unit(path: str, data: bytes, wanted: re.Pattern[str]) -> Unit | None:
    notebook = notebook_file.parse(data)
    if notebook is None:
        raise RecipeRefused(f"{path} mentions the name but is not a notebook.", why="It is not one of format 4.")
    lines: list[str] = []
    firsts: list[int] = []
    hidden: list[str] = []
    for cell in notebook.document["cells"]:
        source = source_of(cell).replace("\r\n", "\n")
        if cell.get("cell_type") != "code":
            firsts.append(-1)
            continue
        masked = mask_magics(source)
        if parse_problem("cell.py", masked.encode()):
            hidden += [line.strip() for line in source.split("\n") if wanted.search(line)]
            masked = "\n" * source.count("\n")
        else:
            pairs = zip(source.split("\n"), masked.split("\n"), strict=True)
            hidden += [line.strip() for line, seen in pairs if line != seen and wanted.search(line)]
        firsts.append(len(lines) + 1)
        lines += masked.split("\n")
    module = "notebook:" + path.replace(".", "_")
    return Unit(path, data, module, "\n".join(lines) + "\n", notebook=notebook, cell_lines=firsts, hidden=hidden)
