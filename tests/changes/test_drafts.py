"""A person's own text for a hunk: kept beside the proposed one until it is accepted, dropped, or rejected."""

from __future__ import annotations

import pytest

from nootropic_kernel.changes.accept import HunkDecided, accept, edit, redo, reject, undo
from nootropic_kernel.changes.changeset import FileEdit, HunkNotEditable
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.changes.test_notebook_changes import as_file, cell, document
from tests.changes.worlds import TEXT, changed, commit_file, commits, head_file, propose, states, store_with_text


@pytest.fixture
def store(workspace: Workspace, database: StateDatabase) -> ProposalStore:
    found = store_with_text(workspace, database)
    propose(found, FileEdit("a.txt", TEXT, changed(5, 25)))
    return found


def test_a_draft_waits_beside_the_proposed_text(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    draft = edit(workspace, database, "P1:2", "mine 25\n")
    assert (draft.ref, draft.path, draft.text, draft.already) == ("P1:2", "a.txt", "mine 25\n", False)
    kept = store.get("P1")
    assert states(store) == ["pending", "pending"] and kept.edited == {2: "mine 25\n"}
    assert kept.changeset.hunks[1].new == "changed 25\n"
    assert (workspace.root / "a.txt").read_bytes() == TEXT
    assert edit(workspace, database, "P1:2", "mine 25\n").already
    accept(workspace, database, ["P1"])
    assert head_file(workspace.root) == changed(5, base=changed(25, mark=b"mine"))
    assert states(store) == ["accepted", "edited"]
    undo(workspace, database, ["P1:2"])
    assert head_file(workspace.root) == changed(5)
    redo(workspace, database, ["P1:2"])
    assert head_file(workspace.root) == changed(5, base=changed(25, mark=b"mine"))
    drafted = journal.events(database.read(), kind="hunk.drafted", subject="P1:2")
    assert len(drafted) == 1, "the same text again is no news"


def test_a_draft_can_be_dropped_or_overruled(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    edit(workspace, database, "P1:1", "mine\n")
    assert edit(workspace, database, "P1:1", None).text is None
    assert store.get("P1").edited == {}
    assert edit(workspace, database, "P1:1", "changed 5\n").already, "the proposed text is no draft"
    edit(workspace, database, "P1:1", "mine\n")
    accept(workspace, database, ["P1:1"], edited="changed 5\n")
    assert states(store) == ["accepted", "pending"] and store.get("P1").edited == {}
    edit(workspace, database, "P1:2", "mine\n")
    accept(workspace, database, ["P1:2"], edited="now\n")
    assert store.get("P1").edited == {2: "now\n"}
    assert b"now\n" in head_file(workspace.root)


def test_a_rejected_hunk_keeps_its_draft_and_takes_one(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    edit(workspace, database, "P1:1", "first\n")
    reject(workspace, database, ["P1"])
    edit(workspace, database, "P1:2", "second\n")
    assert states(store) == ["rejected", "rejected"]
    accept(workspace, database, ["P1:1"])
    accept(workspace, database, ["P1:2"])
    assert head_file(workspace.root) == TEXT.replace(b"line 5\n", b"first\n").replace(b"line 25\n", b"second\n")


def test_what_was_decided_is_not_edited(workspace: Workspace, database: StateDatabase, store: ProposalStore) -> None:
    accept(workspace, database, ["P1:1"])
    with pytest.raises(HunkDecided, match="`undo P1:1` takes it back"):
        edit(workspace, database, "P1:1", "mine\n")
    undo(workspace, database, ["P1:1"])
    with pytest.raises(HunkDecided, match="`redo P1:1`"):
        edit(workspace, database, "P1:1", "mine\n")
    with pytest.raises(UsageError, match="names 2 hunks"):
        edit(workspace, database, "P1", "mine\n")


def test_whole_files_and_cells_can_be_edited_and_other_hunks_say_no(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    old = as_file(document([cell("code", "x = 1", "a")]))
    new = as_file(document([cell("code", "x = 2", "a"), cell("markdown", "# T", "b")]))
    commit_file(workspace, "n.ipynb", old)
    propose(
        store,
        FileEdit("n.ipynb", old, new),
        FileEdit("new.txt", None, b"theirs\n"),
        FileEdit("README.md", (workspace.root / "README.md").read_bytes(), None),
    )
    edit(workspace, database, "P2:1", "x = 3\ny = 4\n")  # a cell's body ends with a line end, its source does not
    edit(workspace, database, "P2/new.txt", "mine\r\nand mine")
    with pytest.raises(HunkNotEditable, match=r"README\.md"):
        edit(workspace, database, "P2/README.md", "x")
    accept(workspace, database, ["P2"])
    wanted = as_file(document([cell("code", "x = 3\ny = 4", "a"), cell("markdown", "# T", "b")]))
    assert (workspace.root / "n.ipynb").read_bytes() == wanted
    assert (workspace.root / "new.txt").read_bytes() == b"mine\r\nand mine"


def test_running_the_same_lines_again_changes_nothing(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    def cells() -> None:
        edit(workspace, database, "P1:2", "mine\n")
        accept(workspace, database, ["P1"])

    cells()
    made = commits(workspace.root), states(store), store.get("P1").edited
    cells()
    assert (commits(workspace.root), states(store), store.get("P1").edited) == made
