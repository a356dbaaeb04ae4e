"""Edits of notebooks as decisions about cells: each cell added, removed, changed or moved is one hunk.

Cells are paired by id, then by equal content, then (where ids are missing) by likeness. All hunks give exactly the new
file, none exactly the old one, and any subset a valid notebook in the old file's style.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Literal

from nootropic_kernel.changes.line_diff import equal_pairs, rising
from nootropic_kernel.changes.notebook_file import (
    Cell,
    NotebookFile,
    ids_are_usable,
    parse,
    source_of,
    with_ids,
    with_source,
    write,
)

ChangeKind = Literal["added", "removed", "changed", "moved", "metadata"]
_LIKE = 0.5


@dataclass(frozen=True)
class CellChange:
    """One hunk of a notebook; ``old`` and ``new`` are the cell's source, or JSON where only something else differs."""

    kind: ChangeKind
    cell_id: str | None
    old: str
    new: str
    header: str
    old_index: int | None = None
    new_index: int | None = None
    editable: bool = False

    @property
    def old_start(self) -> int:
        """The old cell's place, counted from 1; 0 when there is none."""
        return 0 if self.old_index is None else self.old_index + 1

    @property
    def new_start(self) -> int:
        """The new cell's place, counted from 1; 0 when there is none."""
        return 0 if self.new_index is None else self.new_index + 1


@dataclass(frozen=True)
class Alignment:
    """Which old cell became which new cell, and which of them kept their order."""

    old: NotebookFile
    new: NotebookFile
    pairs: tuple[tuple[int, int], ...]
    stable: frozenset[int]  # old indices


def cell_changes(base: bytes, new: bytes) -> tuple[CellChange, ...] | None:
    """The hunks between two notebooks: empty when they differ in layout only, None when either is no notebook."""
    found = _changes(base, new)
    return found[1] if found else None


def compose(base: bytes, new: bytes, chosen: Mapping[int, str | None]) -> bytes:
    """The notebook that a part of the hunks gives.

    Args:
        base: the old file.
        new: the new file.
        chosen: index into `cell_changes` of each chosen hunk, with a source of the person's own or None.
    """
    found = _changes(base, new)
    if found is None:
        return base
    alignment, changes = found
    taken = {_key(change): chosen.get(k) for k, change in enumerate(changes) if k in chosen}
    old_cells, new_cells = alignment.old.cells, alignment.new.cells

    def made(new_index: int, key: tuple[ChangeKind, int | None]) -> Cell:
        text = taken[key]
        cell = new_cells[new_index]
        return cell if text is None else with_source(cell, _as_source(text, source_of(cell)))

    to_new, to_old = dict(alignment.pairs), {j: i for i, j in alignment.pairs}
    cells: list[Cell] = []
    old_at = new_at = 0
    for i, j in [*((i, to_new[i]) for i in sorted(alignment.stable)), (len(old_cells), len(new_cells))]:
        for gone in range(old_at, i):
            kind: ChangeKind = "moved" if gone in to_new else "removed"
            if (kind, gone) not in taken:
                cells.append(old_cells[gone])
        for come in range(new_at, j):
            key: tuple[ChangeKind, int | None] = ("moved", to_old[come]) if come in to_old else ("added", come)
            if key in taken:
                cells.append(made(come, key))
        if i < len(old_cells):
            cells.append(made(j, ("changed", i)) if ("changed", i) in taken else old_cells[i])
        old_at, new_at = i + 1, j + 1
    about = alignment.new.about() if ("metadata", None) in taken else alignment.old.about()
    return write(_document(alignment, about, cells), alignment.old.style)


def _as_source(text: str, proposed: str) -> str:
    """A person's text as a cell's source, which has no line end after its last line unless the proposed one has."""
    text = text.replace("\r\n", "\n")
    return text if proposed.endswith("\n") else text.removesuffix("\n")


def align(old: NotebookFile, new: NotebookFile) -> Alignment:
    """Pair the cells of two versions of a notebook."""
    pairs: dict[int, int] = {}
    with_own_ids = ids_are_usable(old.cells) and ids_are_usable(new.cells)
    if with_own_ids:
        places = {cell["id"]: j for j, cell in enumerate(new.cells)}
        pairs = {i: places[cell["id"]] for i, cell in enumerate(old.cells) if cell["id"] in places}
    _pair_equal(old.cells, new.cells, pairs)
    if not with_own_ids:
        _pair_alike(old.cells, new.cells, pairs)
    ordered = sorted(pairs.items())
    kept = rising([j for _, j in ordered])
    return Alignment(old, new, tuple(ordered), frozenset(ordered[k][0] for k in kept))


@lru_cache(maxsize=64)
def _changes(base: bytes, new: bytes) -> tuple[Alignment, tuple[CellChange, ...]] | None:
    old_file, new_file = parse(base), parse(new)
    if old_file is None or new_file is None:
        return None
    alignment = align(old_file, new_file)
    to_new, to_old = dict(alignment.pairs), {j: i for i, j in alignment.pairs}
    changes: list[CellChange] = []
    if _about_for_diff(old_file) != _about_for_diff(new_file) or old_file.minor != new_file.minor:
        changes.append(_metadata_change(old_file, new_file))
    changes.extend(
        _cell_change("removed", old_file, new_file, i, None) for i in range(len(old_file.cells)) if i not in to_new
    )
    for j, cell in enumerate(new_file.cells):
        i = to_old.get(j)
        if i is None:
            changes.append(_cell_change("added", old_file, new_file, None, j))
        elif i not in alignment.stable:
            changes.append(_cell_change("moved", old_file, new_file, i, j))
        elif _differs(old_file.cells[i], cell):
            changes.append(_cell_change("changed", old_file, new_file, i, j))
    changes.sort(key=_reading_order)
    return alignment, tuple(changes)


def _reading_order(change: CellChange) -> tuple[int, int]:
    if change.kind == "metadata":
        return (-1, 0)
    place = change.new_index if change.new_index is not None else change.old_index
    return (place or 0, 0 if change.kind == "removed" else 1)


def _key(change: CellChange) -> tuple[ChangeKind, int | None]:
    return change.kind, change.new_index if change.kind == "added" else change.old_index


def _differs(old: Cell, new: Cell) -> bool:
    # An id that the newer format brings is no change of the cell; the ids come with the format.
    if "id" not in old:
        new = {key: value for key, value in new.items() if key != "id"}
    elif "id" not in new:
        old = {key: value for key, value in old.items() if key != "id"}
    return _canonical(old) != _canonical(new)


def _canonical(cell: Cell) -> Cell:
    return {**cell, "source": source_of(cell)}


def _cell_change(kind: ChangeKind, old: NotebookFile, new: NotebookFile, i: int | None, j: int | None) -> CellChange:
    before = old.cells[i] if i is not None else None
    after = new.cells[j] if j is not None else None
    cell = after if after is not None else before or {}
    cell_id = cell.get("id") or (before or {}).get("id")
    name = f"{cell.get('cell_type', 'unknown')} cell {(j if j is not None else i or 0) + 1}"
    header = {"added": f"new {name}", "removed": f"{name} removed", "moved": f"{name} moved from {(i or 0) + 1}"}.get(
        kind, f"{name} changed"
    )
    if cell_id:
        header += f" ({cell_id})"
    old_text, new_text = source_of(before), source_of(after)
    if before is not None and after is not None and old_text == new_text and _differs(before, after):
        fields = [key for key in {**before, **after} if key != "source" and before.get(key) != after.get(key)]
        header += ": " + ", ".join(sorted(fields))
        return CellChange(kind, cell_id, _json(before, fields), _json(after, fields), header, i, j)
    return CellChange(kind, cell_id, old_text, new_text, header, i, j, editable=after is not None)


def _metadata_change(old: NotebookFile, new: NotebookFile) -> CellChange:
    fields = [key for key in {**new.about(), **old.about()} if new.about().get(key) != old.about().get(key)]
    return CellChange("metadata", None, _json(old.about(), fields), _json(new.about(), fields), "notebook metadata")


def _about_for_diff(file: NotebookFile) -> dict[str, Any]:
    return {key: value for key, value in file.about().items() if key != "nbformat_minor"}


def _json(values: Mapping[str, Any], fields: Sequence[str]) -> str:
    shown = {key: values[key] for key in sorted(fields) if key in values}
    return json.dumps(shown, indent=1, sort_keys=True, ensure_ascii=False) + "\n" if shown else ""


def _document(alignment: Alignment, about: dict[str, Any], cells: list[Cell]) -> dict[str, Any]:
    """A whole notebook; it takes the newer of the two formats, because cells of the older are valid in it."""
    minor = max(alignment.old.minor, alignment.new.minor)
    if minor >= 5:
        lent = {id(alignment.old.cells[i]): alignment.new.cells[j].get("id") for i, j in alignment.pairs}
        used = {cell["id"] for cell in cells if cell.get("id")}
        for k, cell in enumerate(cells):
            name = None if cell.get("id") else lent.get(id(cell))
            if name and name not in used:
                used.add(name)
                cells[k] = {"cell_type": cell.get("cell_type"), **cell, "id": name}
        cells = with_ids(_without_twin_ids(cells))
    order = list(alignment.old.document)
    document = {key: cells if key == "cells" else about[key] for key in order if key == "cells" or key in about}
    document |= {key: value for key, value in about.items() if key not in document}
    document["nbformat_minor"] = minor
    return document


def _without_twin_ids(cells: list[Cell]) -> list[Cell]:
    seen: set[str] = set()
    result = []
    for cell in cells:
        if cell.get("id") in seen:
            cell = {key: value for key, value in cell.items() if key != "id"}
        elif cell.get("id"):
            seen.add(cell["id"])
        result.append(cell)
    return result


def _pair_equal(old: Sequence[Cell], new: Sequence[Cell], pairs: dict[int, int]) -> None:
    """Pair what has equal type and source: first in order, then wherever it went."""
    taken = set(pairs.values())
    free_old = [i for i in range(len(old)) if i not in pairs]
    free_new = [j for j in range(len(new)) if j not in taken]
    old_keys = [(old[i].get("cell_type"), source_of(old[i])) for i in free_old]
    new_keys = [(new[j].get("cell_type"), source_of(new[j])) for j in free_new]
    for a, b in equal_pairs(old_keys, new_keys):
        pairs[free_old[a]] = free_new[b]
    taken = set(pairs.values())
    rest: dict[tuple[Any, str], list[int]] = {}
    for b, j in enumerate(free_new):
        if j not in taken:
            rest.setdefault(new_keys[b], []).append(j)
    for a, i in enumerate(free_old):
        if i not in pairs and rest.get(old_keys[a]):
            pairs[i] = rest[old_keys[a]].pop(0)


def _pair_alike(old: Sequence[Cell], new: Sequence[Cell], pairs: dict[int, int]) -> None:
    """Between cells already paired, pair what is left by likeness of the source, in order."""
    at = 0
    taken = set(pairs.values())
    for i, cell in enumerate(old):
        if i in pairs:
            at = max(at, pairs[i] + 1)
            continue
        for j in range(at, len(new)):
            if j in taken:
                break
            if cell.get("cell_type") == new[j].get("cell_type") and _alike(source_of(cell), source_of(new[j])):
                pairs[i] = j
                taken.add(j)
                at = j + 1
                break


def _alike(old: str, new: str) -> bool:
    if len(old) * len(new) > 4_000_000:
        return False
    matcher = SequenceMatcher(None, old, new, autojunk=len(old) > 2000)
    return matcher.real_quick_ratio() >= _LIKE and matcher.quick_ratio() >= _LIKE and matcher.ratio() >= _LIKE
