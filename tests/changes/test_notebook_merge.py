"""A notebook that was run or edited meanwhile still takes a change of its cells, or refuses it."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings

from nootropic_kernel.changes.accept import accept, undo
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.layers import DirtyOverlap
from nootropic_kernel.changes.merge import MergeConflict, merge
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.test_notebook_changes import LAYOUTS, OUTPUT, as_file, cell, document, notebooks
from tests.conftest import git

A, B, C = cell("code", "x = 1\n", "a"), cell("code", "y = 2\n", "b"), cell("markdown", "# Title", "c")


def merged(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    made = merge("n.ipynb", *(as_file(document(cells)) for cells in (base, ours, theirs)))
    assert made is not None
    nbformat.validate(json.loads(made))
    cells: list[Any] = json.loads(made)["cells"]
    return cells


def test_outputs_of_a_run_and_a_new_source_go_together() -> None:
    run = {**A, "outputs": [OUTPUT], "execution_count": 7, "metadata": {"execution": {"iopub": "now"}}}
    wanted = {**A, "source": ["x = 10\n"]}
    assert merged([A, B], [run, B], [wanted, B]) == [{**run, "source": ["x = 10\n"]}, B]


def test_cells_come_go_and_move_beside_the_persons_own() -> None:
    mine, theirs = cell("code", "mine", "m"), cell("code", "theirs", "t")
    assert merged([A, B, C], [A, mine, B, C], [A, B, theirs, C]) == [A, mine, B, theirs, C]
    assert merged([A, B, C], [A, mine, B, C], [B, C]) == [mine, B, C]
    assert merged([A, B, C], [A, B, C, mine], [C, A, B]) == [C, A, B, mine]
    assert merged([A, B], [A, B, theirs], [A, B, theirs]) == [A, B, theirs]
    assert merged([], [mine], [theirs]) == [theirs, mine]


def test_lines_of_one_cell_merge_where_they_are_apart() -> None:
    lines = [f"v{k} = {k}\n" for k in range(9)]
    source = {k: {**A, "source": [*lines[:k], "changed\n", *lines[k + 1 :]]} for k in (1, 7)}
    both = merged([{**A, "source": lines}], [source[1]], [source[7]])
    assert both[0]["source"] == [lines[0], "changed\n", *lines[2:7], "changed\n", lines[8]]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([{**A, "source": ["x = 5\n"]}, B], [{**A, "source": ["x = 6\n"]}, B]),
        ([B], [{**A, "source": ["x = 6\n"]}, B]),
        ([{**A, "source": ["x = 5\n"]}, B], [B]),
        ([A, B, cell("code", "one", "t")], [A, B, cell("code", "two", "t")]),
        ([{**A, "metadata": {"tags": ["one"]}}, B], [{**A, "metadata": {"tags": ["two"]}}, B]),
    ],
)
def test_the_same_cell_changed_on_both_sides_is_a_conflict(ours: list[Any], theirs: list[Any]) -> None:
    with pytest.raises(MergeConflict):
        merged([A, B], ours, theirs)


@settings(max_examples=80, deadline=None)
@given(base=notebooks(), ours=notebooks(), theirs=notebooks(), layout=LAYOUTS)
def test_what_merges_is_valid_and_what_is_unchanged_stays(
    base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any], layout: dict[str, Any]
) -> None:
    sides = [as_file(side, **layout) for side in (base, ours, theirs)]
    assert merge("n.ipynb", sides[0], sides[0], sides[2]) == sides[2]
    assert merge("n.ipynb", sides[0], sides[1], sides[0]) == sides[1]
    try:
        made = merge("n.ipynb", *sides)
    except MergeConflict:
        return
    assert made is not None
    nbformat.validate(json.loads(made))


def test_accept_in_a_notebook_that_was_run_meanwhile(workspace: Workspace, database: StateDatabase) -> None:
    """The outputs of the person's run stay in the file, and out of the commit."""
    file = workspace.root / "n.ipynb"
    base = as_file(document([A, B, C]))
    file.write_bytes(base)
    git(workspace.root, "add", ".")
    git(workspace.root, "commit", "-qm", "Notebook")
    new = as_file(document([{**A, "source": ["x = 10\n"]}, B, {**C, "source": ["# Other"]}]))
    store = ProposalStore(database, workspace)
    store.propose(build_changeset([FileEdit("n.ipynb", base, new)], Provenance(title="Cells")))
    run = [{**A, "outputs": [OUTPUT], "execution_count": 1}, {**B, "execution_count": 2}, C]
    file.write_bytes(as_file(document(run)))
    accept(workspace, database, ["P1:1"])
    assert json.loads(file.read_bytes())["cells"][0] == {**run[0], "source": ["x = 10\n"]}
    committed = git(workspace.root, "show", "HEAD:n.ipynb") + "\n"
    assert committed.encode() == as_file(document([{**A, "source": ["x = 10\n"]}, B, C]))
    undo(workspace, database)
    assert file.read_bytes() == as_file(document(run))
    file.write_bytes(as_file(document([A, B, {**C, "source": ["# Mine"]}])))
    with pytest.raises(DirtyOverlap, match=r"n\.ipynb"):
        accept(workspace, database, ["P1:2"])
