"""Three-way merge of notebooks, cell by cell and field by field.

A person's kernel rewrites outputs and counters all the time; a change of a cell's source must not collide with that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nootropic_kernel.changes.notebook import Alignment, align
from nootropic_kernel.changes.notebook_file import Cell, NotebookFile, parse, source_of, with_ids, with_source, write

MergeTexts = Callable[[bytes, bytes, bytes], bytes | None]
_OF_THE_RUN = ("outputs", "execution_count")
_ABSENT = object()


class _Conflict(Exception):
    pass


def merge(base: bytes, ours: bytes, theirs: bytes, merge_texts: MergeTexts) -> bytes | None:
    """``ours`` with the change from ``base`` to ``theirs``, in the layout of ``ours``; None on a conflict."""
    files = parse(base), parse(ours), parse(theirs)
    if any(file is None for file in files):
        # While one side is no notebook, only lines can be compared.
        return merge_texts(base, ours, theirs) if all(file is None for file in files) else None
    base_file, our_file, their_file = files
    assert base_file is not None and our_file is not None and their_file is not None
    try:
        cells = _merged_cells(align(base_file, our_file), align(base_file, their_file), merge_texts)
        about = _merged_mapping(base_file.about(), our_file.about(), their_file.about())
    except _Conflict:
        return None
    minor = max(our_file.minor, their_file.minor)
    document = {key: cells if key == "cells" else about[key] for key in our_file.document if key in (*about, "cells")}
    document |= {key: value for key, value in about.items() if key not in document}
    document["nbformat_minor"] = minor
    if minor >= 5:
        document["cells"] = with_ids(cells)
    return write(document, our_file.style)


def _merged_cells(to_ours: Alignment, to_theirs: Alignment, merge_texts: MergeTexts) -> list[Cell]:
    base, ours, theirs = to_ours.old, to_ours.new, to_theirs.new
    in_ours, in_theirs = dict(to_ours.pairs), dict(to_theirs.pairs)
    from_base = {j: i for i, j in to_theirs.pairs}
    # Slots are our cells (by our index) or their new ones (by -1 - their index), in the merged order.
    order = list(range(len(ours.cells)))
    made: dict[int, Cell] = dict(enumerate(ours.cells))
    for i, cell in enumerate(base.cells):
        if i in in_theirs:
            continue
        if i in in_ours:  # they removed it
            if source_of(ours.cells[in_ours[i]]) != source_of(cell):
                raise _Conflict
            order.remove(in_ours[i])
    for j, cell in enumerate(theirs.cells):
        if j not in from_base:
            _add(j, cell, order, made, ours, _slot_before(j, from_base, in_ours, order))
            continue
        i = from_base[j]
        if i not in in_ours:  # we removed it
            if source_of(cell) != source_of(base.cells[i]):
                raise _Conflict
            continue
        slot = in_ours[i]
        made[slot] = _merged_cell(base.cells[i], ours.cells[slot], cell, merge_texts)
        if i not in to_theirs.stable and i in to_ours.stable:  # they moved it, we did not
            order.remove(slot)
            order.insert(_slot_before(j, from_base, in_ours, order), slot)
    return [made[slot] for slot in order]


def _slot_before(j: int, from_base: Mapping[int, int], in_ours: Mapping[int, int], order: list[int]) -> int:
    """Where in our order the cell belongs that comes after their nearest earlier cell which we have too."""
    for earlier in range(j - 1, -1, -1):
        slot = in_ours.get(from_base[earlier], None) if earlier in from_base else -1 - earlier
        if slot is not None and slot in order:
            return order.index(slot) + 1
    return 0


def _add(j: int, cell: Cell, order: list[int], made: dict[int, Cell], ours: NotebookFile, at: int) -> None:
    twins = [own for own in ours.cells if cell.get("id") and own.get("id") == cell["id"]]
    if twins:
        if source_of(twins[0]) != source_of(cell):
            raise _Conflict
        return  # it is there already
    made[-1 - j] = cell
    order.insert(at, -1 - j)


def _merged_cell(base: Cell, ours: Cell, theirs: Cell, merge_texts: MergeTexts) -> Cell:
    merged = _merged_mapping(_without_source(base), _without_source(ours), _without_source(theirs))
    texts = [source_of(cell).encode("utf-8", "surrogatepass") for cell in (base, ours, theirs)]
    source = merge_texts(*texts)
    if source is None:
        raise _Conflict
    ordered: Cell = {}
    for key in [*ours, *merged]:
        if key == "source":
            ordered[key] = ours[key]
        elif key in merged:
            ordered[key] = merged[key]
    return with_source(ordered, source.decode("utf-8", "surrogatepass")) if source != texts[1] else ordered


def _without_source(cell: Cell) -> Cell:
    return {key: value for key, value in cell.items() if key != "source"}


def _merged_mapping(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key in {**ours, **theirs}:
        value = _merged_value(key, base.get(key, _ABSENT), ours.get(key, _ABSENT), theirs.get(key, _ABSENT))
        if value is not _ABSENT:
            merged[key] = value
    return merged


def _merged_value(key: str, base: Any, ours: Any, theirs: Any) -> Any:
    if ours == base:
        return theirs
    if theirs in (base, ours):
        return ours
    if isinstance(base, dict) and isinstance(ours, dict) and isinstance(theirs, dict):
        return _merged_mapping(base, ours, theirs)
    if key in _OF_THE_RUN or key == "nbformat_minor":
        return ours  # the person's own run is the newer one
    raise _Conflict
