"""Proposals for one task stand side by side; the overview tells of all of them without reading their contents."""

from __future__ import annotations

import pytest

from nootropic_kernel.changes.accept import accept, reject, undo
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.layers import ChangedSince
from nootropic_kernel.changes.store import CheckResult
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, head_file, propose, states, store_with_text


def test_accepting_one_names_the_others_and_leaves_them(workspace: Workspace, database: StateDatabase) -> None:
    store = store_with_text(workspace, database)
    propose(store, FileEdit("a.txt", TEXT, changed(5, mark=b"one")), task="T1")
    propose(store, FileEdit("a.txt", TEXT, changed(5, mark=b"two")), task="T1")
    propose(store, FileEdit("a.txt", TEXT, changed(25, mark=b"three")), task="T1")
    propose(store, FileEdit("a.txt", TEXT, changed(15)), task="T2")
    propose(store, FileEdit("a.txt", TEXT, changed(10)), task=None)
    assert store.alternatives("P1") == ("P2", "P3")
    assert store.alternatives("P4") == store.alternatives("P5") == ()
    turn = accept(workspace, database, ["P1"])
    assert turn.notes == ("P2 and P3 are alternatives for T1; `reject P2 P3` sets them aside.",)
    assert states(store, "P2") == states(store, "P3") == ["pending"]
    # The file changed under them: what goes beside the change is merged, what goes over it is refused.
    with pytest.raises(ChangedSince, match=r"a\.txt changed in the same place"):
        accept(workspace, database, ["P2"])
    assert accept(workspace, database, ["P3"]).notes == ("P2 is an alternative for T1; `reject P2` sets it aside.",)
    assert head_file(workspace.root) == changed(25, base=changed(5, mark=b"one"), mark=b"three")
    undo(workspace, database, ["P1"])
    accept(workspace, database, ["P2"])
    assert head_file(workspace.root) == changed(25, base=changed(5, mark=b"two"), mark=b"three")
    assert store.alternatives("P1") == ()


def test_a_part_of_what_was_checked_as_a_whole_is_said_to_be_unchecked(
    workspace: Workspace, database: StateDatabase
) -> None:
    store = store_with_text(workspace, database)
    for name, passed in (("P1", True), ("P2", False)):
        propose(store, FileEdit("a.txt", TEXT, changed(5, 15, mark=name.encode())), task=None)
        store.set_checks(name, [CheckResult("tests", passed), CheckResult("types", None)])
    assert accept(workspace, database, ["P1:1"]).notes == (
        "The checks looked at the whole proposal, not at this part.",
    )
    assert accept(workspace, database, ["P1:2"]).notes == (), "the whole stands now"
    undo(workspace, database, ["P1"])
    assert accept(workspace, database, ["P2:1"], failing=True).notes == (), "these checks vouched for nothing"


def test_the_overview_says_what_the_proposals_say(workspace: Workspace, database: StateDatabase) -> None:
    store = store_with_text(workspace, database)
    propose(store, FileEdit("a.txt", TEXT, changed(5, 15)), task="T1", title="First")
    propose(store, FileEdit("b.txt", None, b"b\n"), FileEdit("c.txt", None, b"c\n"), task="T2")
    store.set_checks("P1", [CheckResult("tests", False, "1 failed")])
    accept(workspace, database, ["P1:2", "P2/b.txt"], failing=True)
    reject(workspace, database, ["P1:1"])
    found = store.overview()
    assert found.damaged == ()
    for head, whole in zip(found.proposals, store.list(), strict=True):
        told = whole.changeset.provenance
        assert (head.id, head.task, head.title, head.how, head.status) == (
            whole.id, whole.task, told.title, told.how, whole.status,
        )  # fmt: skip
        assert head.states == tuple(hunk.state for hunk in whole.changeset.hunks)
        assert head.paths == tuple(edit.path for edit in whole.changeset.files)
        assert (head.checks, head.created) == (whole.checks, whole.created)
    assert [(head.pending, head.accepted) for head in found.proposals] == [(0, 1), (1, 1)]
    assert [head.id for head in store.overview("T2").proposals] == ["P2"]


def test_the_overview_names_what_is_damaged(workspace: Workspace, database: StateDatabase) -> None:
    store = store_with_text(workspace, database)
    for name in "bcdef":
        propose(store, FileEdit(f"{name}.txt", None, name.encode()))
    with database.transaction() as connection:
        connection.execute("DELETE FROM blobs WHERE data = ?", (b"b",))
        connection.execute("DELETE FROM proposal_hunks WHERE proposal = 2")
        connection.execute("UPDATE proposals SET files = '[' WHERE number = 3")
        connection.execute("UPDATE proposal_hunks SET state = 'odd' WHERE proposal = 4")
    found = store.overview()
    assert [head.id for head in found.proposals] == ["P5"]
    assert [error.data["proposal"] for error in found.damaged] == ["P1", "P2", "P3", "P4"]
    assert [error.data["proposal"] for error in store.damaged()] == ["P1", "P2", "P3", "P4"]
