"""A notebook's cells around the hunks of a change: of which kind they are, and which stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from nootropic_kernel.changes.changeset import FileEdit, Hunk, is_notebook
from nootropic_kernel.changes.notebook_file import Cell, NotebookFile, parse, source_of
from nootropic_kernel.workspace.plain_text import visible

_MOST_HEADS = 20
_HEAD = 80


class CellHead(BaseModel):
    """A cell that stays: its place from 1, its kind, its first line."""

    place: int
    kind: str
    text: str


class CellRun(BaseModel):
    """Cells that stay, one after the other, above a hunk (None: below the last); ``heads`` are the first of them."""

    before: int | None
    count: int
    heads: list[CellHead]


def cells_of(edit: FileEdit) -> tuple[dict[tuple[str, int], tuple[str, int]], str]:
    """Kind and number of outputs of each cell, by side (old, new) and place from 1; the notebook's language."""
    if not is_notebook(edit.path):
        return {}, ""
    found: dict[tuple[str, int], tuple[str, int]] = {}
    language = ""
    for side, data in (("old", edit.base), ("new", edit.new)):
        notebook = parse(data) if data else None
        if notebook is None:
            continue
        for place, cell in enumerate(notebook.cells, start=1):
            outputs = cell.get("outputs")
            found[side, place] = _kind(cell), len(outputs) if isinstance(outputs, list) else 0
        language = _language(notebook) or language
    return found, language


def cell_runs(edit: FileEdit, hunks: Sequence[Hunk], *, whole: bool) -> list[CellRun]:
    """The cells of the new notebook that no hunk is about, between the hunks.

    :param whole: the hunks are all of the file's; otherwise nothing is said of what is below the last one.
    """
    notebook = parse(edit.new) if is_notebook(edit.path) and edit.new else None
    if notebook is None or not hunks or any(hunk.kind != "cell" for hunk in hunks):
        return []
    changed = {hunk.new_start for hunk in hunks if hunk.new_start}
    runs = []
    at = 1
    for hunk in hunks:
        if hunk.new_start >= at:
            runs.append(_run(notebook, range(at, hunk.new_start), changed, hunk.number))
            at = hunk.new_start + 1
    if whole:
        runs.append(_run(notebook, range(at, len(notebook.cells) + 1), changed, None))
    return [run for run in runs if run.count]


def _run(notebook: NotebookFile, places: range, changed: set[int], before: int | None) -> CellRun:
    kept = [place for place in places if place not in changed]
    heads = [CellHead(place=p, kind=_kind(notebook.cells[p - 1]), text=_head(notebook.cells[p - 1])) for p in
             kept[:_MOST_HEADS]]  # fmt: skip
    return CellRun(before=before, count=len(kept), heads=heads)


def _kind(cell: Cell) -> str:
    return str(cell.get("cell_type", ""))[:40]


def _head(cell: Cell) -> str:
    lines = source_of(cell)[:2000].split("\n")
    first = next((line for line in lines if line.strip()), "")
    return visible(first[:_HEAD]).encode("utf-8", "replace").decode()


def _language(notebook: NotebookFile) -> str:
    metadata = notebook.document.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        told = about.get(key)
        if isinstance(told, dict) and isinstance(told.get(name), str):
            return str(told[name])[:40]
    return ""
