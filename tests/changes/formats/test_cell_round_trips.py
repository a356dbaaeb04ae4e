"""Random changes of a notebook's cells, written as blocks and read again: exactly the change, or an error."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.changes.formats import NoUsableEdit, parse_answer

LINE = st.sampled_from(["x = 1", "print(x)", "", "    y = 2", "# Title", "%time f()", "「数」", "z = 'é'", "x = 1  "])
# A block's last line end is not the source's, so no source ends with one.
SOURCE = st.lists(LINE, max_size=5).map("\n".join).filter(lambda text: not text.endswith("\n"))
KIND = st.sampled_from(["code", "markdown", "raw"])


@st.composite
def notebooks(draw: st.DrawFn) -> list[dict[str, Any]]:
    cells = []
    for number in range(draw(st.integers(1, 12))):
        kind = draw(KIND)
        cell: dict[str, Any] = {"cell_type": kind, "id": f"c-{number}", "metadata": {"n": number}}
        if kind == "code":
            text = [{"name": "stdout", "output_type": "stream", "text": f"{number}\n"}]
            cell |= {"execution_count": number, "outputs": text}
        cells.append({**cell, "source": draw(SOURCE)})
    return cells


def as_bytes(cells: list[dict[str, Any]]) -> bytes:
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


@settings(max_examples=150, deadline=None)
@given(cells=notebooks(), data=st.data())
def test_cells_replaced_deleted_and_moved(cells: list[dict[str, Any]], data: st.DataObject) -> None:
    answer = ["Here is the notebook:\n\nn.ipynb\n"]
    expected: list[dict[str, Any] | None] = list(cells)
    for number, cell in enumerate(cells):
        name = data.draw(st.sampled_from([cell["id"], str(number + 1)]))
        verb = data.draw(st.sampled_from(["keep", "keep", "replace", "delete"]))
        if verb == "replace":
            source = data.draw(SOURCE)
            answer.append(f"<<<<<<< CELL {name}\n{source}{chr(10) if source else ''}>>>>>>> CELL\n")
            expected[number] = {**cell, "source": source}
        elif verb == "delete":
            answer.append(f"<<<<<<< DELETE CELL {name}\n>>>>>>> CELL\n")
            expected[number] = None
    kept = [cell for cell in expected if cell is not None]
    if expected[0] is not None and data.draw(st.booleans()):
        answer.append("<<<<<<< MOVE CELL 1 AT END\n>>>>>>> CELL\n")
        kept = [*kept[1:], kept[0]]
    base, text = as_bytes(cells), "".join(answer) + "\nThat is all.\n"
    if kept == cells:
        return
    assert [edit.new for edit in parse_answer(text, {"n.ipynb": base})] == [as_bytes(kept)]
    # However it is cut, only whole blocks count: never a change of a cell that was not asked for.
    cut = data.draw(st.integers(0, len(text)))
    try:
        found = parse_answer(text[:cut], {"n.ipynb": base})
    except NoUsableEdit:
        return
    whole = text[:cut].count(">>>>>>> CELL")
    assert whole and found[0].new is not None
    left = {cell["id"]: cell for cell in json.loads(found[0].new)["cells"]}
    after = {cell["id"]: cell for cell in kept}
    before = {cell["id"]: cell for cell in cells}
    assert all(cell in (before[key], after.get(key)) for key, cell in left.items())
    assert set(before) - set(left) <= set(before) - set(after)
