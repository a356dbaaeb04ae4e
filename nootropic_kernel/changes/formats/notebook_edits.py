"""Edits of a notebook's cells: sources, order and types change; outputs, metadata and ids stay with their cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nootropic_kernel.changes import notebook_file
from nootropic_kernel.changes.formats.elision import refuse_elision
from nootropic_kernel.changes.formats.errors import NoUsableEdit
from nootropic_kernel.changes.formats.operations import CellEdit, Replace
from nootropic_kernel.changes.formats.text_edits import TextEdits
from nootropic_kernel.changes.notebook_file import Cell, NotebookFile, source_of, with_ids, with_source

KINDS = ("code", "markdown", "raw")


class NotebookEdits:
    """A notebook under edit. Every edit names cells as they were before any of them."""

    def __init__(self, data: bytes, path: str) -> None:
        found = notebook_file.parse(data)
        if found is None:
            raise NoUsableEdit("not_text", f"{path} is not a notebook of format 4", path=path)
        self._path = path
        self._notebook: NotebookFile = found
        self._data = data
        self._edits: list[CellEdit | Replace] = []

    def add(self, edit: CellEdit | Replace) -> None:
        """Note an edit; the same one said twice is one."""
        if edit not in self._edits:
            self._edits.append(edit)

    def result(self) -> bytes:
        """The notebook's bytes with all edits made, in the style of its file.

        Raises:
            NoUsableEdit: an edit fits no cell or several, or two edits contradict each other.
        """
        old = self._notebook.cells
        cells: list[Cell | None] = list(old)
        before: dict[int, list[Cell]] = {}
        touched: Counter[tuple[int, str]] = Counter()
        texts: dict[int, TextEdits] = {}
        moves: list[tuple[int, int]] = []
        for edit in self._edits:
            if isinstance(edit, Replace):
                index = self._index(edit.cell) if edit.cell else self._holding(edit)
                texts.setdefault(index, TextEdits(source_of(old[index]), self._name(index))).replace(edit)
                refuse_elision(edit.replace, source_of(old[index]), self._kind_path(index))
                continue
            if edit.verb == "insert":
                place = self._place(edit)
                refuse_elision(edit.text, "", f"cell{_suffix(edit.kind)}")
                before.setdefault(place, []).append(self._fresh(edit))
                continue
            index = self._index(edit.cell)
            touched[index, edit.verb] += 1
            if edit.verb == "replace":
                refuse_elision(edit.text, source_of(old[index]), self._kind_path(index))
                cells[index] = with_source(cells[index] or old[index], _as_source(edit.text, source_of(old[index])))
            elif edit.verb == "retype":
                cells[index] = _retyped(cells[index] or old[index], edit.kind)
            elif edit.verb == "delete":
                cells[index] = None
            else:
                moves.append((index, self._place(edit)))
        self._refuse_clashes(touched, texts)
        for index, text in texts.items():
            cells[index] = with_source(cells[index] or old[index], text.text())
        return self._write(self._ordered(cells, before, moves))

    def _ordered(
        self, cells: Sequence[Cell | None], before: dict[int, list[Cell]], moves: Sequence[tuple[int, int]]
    ) -> list[Cell]:
        moved = {index for index, _ in moves}
        order: list[Cell] = []
        for place in range(len(cells) + 1):
            order += [cell for index, to in moves if to == place and (cell := cells[index]) is not None]
            order += before.get(place, [])
            if place < len(cells) and place not in moved and (own := cells[place]) is not None:
                order.append(own)
        return order

    def rewrite(self, data: bytes) -> bytes:
        """The notebook with the cells of a whole notebook that a model wrote.

        A model may leave outputs and metadata out, or invent them: cells paired by id, by equal source, or by place
        (where there are as many) keep their own.
        """
        told = notebook_file.parse(data)
        if told is None or not all(cell.get("cell_type") in KINDS for cell in told.cells):
            raise NoUsableEdit("broken", f"the new text of {self._path} is not a notebook", path=self._path)
        old = self._notebook.cells
        by_id = {cell["id"]: cell for cell in old if cell.get("id")}
        if len({cell.get("id") for cell in told.cells if cell.get("id")}) != sum(bool(c.get("id")) for c in told.cells):
            raise NoUsableEdit("broken", f"two cells of {self._path} have the same id", path=self._path)
        counts = Counter(source_of(cell) for cell in old)
        by_source = {source_of(cell): cell for cell in old if counts[source_of(cell)] == 1}
        fresh: list[Cell] = []
        used: list[int] = []
        for number, cell in enumerate(told.cells):
            mine = by_id.get(cell["id"]) if cell.get("id") else by_source.get(source_of(cell))
            if mine is None and not cell.get("id") and len(told.cells) == len(old):
                mine = old[number]
            if mine is not None and id(mine) in used:
                raise NoUsableEdit("broken", f"a cell of {self._path} is there twice", path=self._path)
            if mine is None:
                fresh.append(self._new_cell(str(cell["cell_type"]), source_of(cell), cell.get("id")))
                continue
            used.append(id(mine))
            refuse_elision(source_of(cell), source_of(mine), f"cell{_suffix(str(cell['cell_type']))}")
            kept = _retyped(mine, str(cell["cell_type"]))
            fresh.append(kept if source_of(kept) == source_of(cell) else with_source(kept, source_of(cell)))
        return self._write(fresh)

    def _write(self, cells: list[Cell]) -> bytes:
        if cells == self._notebook.cells:
            return self._data
        cells = with_ids(cells) if self._notebook.minor >= 5 else cells
        return notebook_file.write({**self._notebook.document, "cells": cells}, self._notebook.style)

    def _index(self, name: str | None) -> int:
        """The cell that an id or a number from 1 means."""
        cells = self._notebook.cells
        wanted = (name or "").strip()
        found = {index for index, cell in enumerate(cells) if cell.get("id") == wanted and wanted}
        if wanted.isdecimal() and 1 <= int(wanted) <= len(cells):
            found.add(int(wanted) - 1)
        if len(found) == 1:
            return found.pop()
        if found:
            why = f"{wanted} is the number of one cell of {self._path} and the id of another"
            raise NoUsableEdit("many_matches", why, path=self._path)
        known = ", ".join(str(cell.get("id") or number) for number, cell in enumerate(cells[:40], start=1))
        raise NoUsableEdit("no_match", f"{self._path} has no cell {wanted!r}; its cells: {known}", path=self._path)

    def _place(self, edit: CellEdit) -> int:
        if edit.place == "start":
            return 0
        if edit.place == "end":
            return len(self._notebook.cells)
        return self._index(edit.other) + (edit.place == "after")

    def _holding(self, edit: Replace) -> int:
        """The one cell whose source holds the lines to replace."""
        hits = []
        nearest: NoUsableEdit | None = None
        for index, cell in enumerate(self._notebook.cells):
            try:
                TextEdits(source_of(cell), self._name(index)).replace(edit)
                hits.append(index)
            except NoUsableEdit as problem:
                if problem.kind != "no_match":
                    raise
                nearest = nearest if nearest and nearest.data["lines"] else problem
        if len(hits) == 1:
            return hits[0]
        if hits:
            named = ", ".join(str(index + 1) for index in hits[:5])
            why = f"the text to replace is in several cells of {self._path} ({named}); name the cell"
            raise NoUsableEdit("many_matches", why, path=self._path)
        lines = nearest.data["lines"] if nearest else []
        why = f"the text to replace is in no cell of {self._path}"
        raise NoUsableEdit("no_match", why, path=self._path, lines=[(int(n), str(line)) for n, line in lines])

    def _refuse_clashes(self, touched: Counter[tuple[int, str]], texts: dict[int, TextEdits]) -> None:
        verbs: dict[int, list[str]] = {}
        for (index, verb), count in touched.items():
            verbs.setdefault(index, []).extend([verb] * count)
        for index in texts:
            verbs.setdefault(index, []).append("search")
        for index, told in verbs.items():
            sources = [verb for verb in told if verb in ("replace", "search", "delete")]
            if len(sources) > 1 or len(told) != len(set(told)) or ("delete" in told and len(told) > 1):
                raise NoUsableEdit("overlap", f"two edits change {self._name(index)}", path=self._path)

    def _fresh(self, edit: CellEdit) -> Cell:
        return self._new_cell(edit.kind or "code", edit.text.removesuffix("\n"), None)

    def _new_cell(self, kind: str, source: str, cell_id: str | None) -> Cell:
        cell: Cell = {"cell_type": kind}
        if kind == "code":
            cell["execution_count"] = None
        if self._notebook.minor >= 5:
            cell["id"] = cell_id or ""  # one is given to it when all cells are known
        cell["metadata"] = {}
        if kind == "code":
            cell["outputs"] = []
        plain = self._notebook.cells and all(isinstance(other.get("source"), str) for other in self._notebook.cells)
        return {**cell, "source": source if plain else source.splitlines(keepends=True)}

    def _name(self, index: int) -> str:
        return f"cell {index + 1} of {self._path}"

    def _kind_path(self, index: int) -> str:
        return f"cell {index + 1}{_suffix(str(self._notebook.cells[index].get('cell_type')))}"


def _suffix(kind: str) -> str:
    return ".md" if kind == "markdown" else ".txt" if kind == "raw" else ".py"


def _as_source(text: str, old: str) -> str:
    """A source as cells have it: without the line end that a block's last line has, unless the cell had one."""
    return text if old.endswith("\n") else text.removesuffix("\n")


def _retyped(cell: Cell, kind: str) -> Cell:
    if cell.get("cell_type") == kind:
        return cell
    code_only, text_only = ("outputs", "execution_count"), ("attachments",)
    gone = text_only if kind == "code" else code_only
    kept = {key: value for key, value in cell.items() if key not in gone} | {"cell_type": kind}
    return kept | {"execution_count": None, "outputs": []} if kind == "code" else kept
