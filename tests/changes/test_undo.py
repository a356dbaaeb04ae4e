"""Undo and redo of turns on real repositories."""

from __future__ import annotations

import pytest

from nootropic_kernel.changes.accept import accept, redo, undo
from nootropic_kernel.changes.changeset import HunkState
from nootropic_kernel.changes.layers import ChangedSince
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, commits, head_file, two_hunks
from tests.conftest import git


def test_undo_and_redo_are_turns_of_their_own(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    accept(workspace, database, ["P1:1"])
    before = commits(workspace.root)
    undone = undo(workspace, database, "A1")
    assert (undone.id, undone.kind, undone.reverses) == ("A2", "undo", "A1")
    assert head_file(workspace.root) == TEXT and commits(workspace.root) == before + 1
    assert git(workspace.root, "log", "-1", "--format=%s") == "Undo: Change lines"
    assert store.get("P1").changeset.hunks[0].state is HunkState.UNDONE
    for _ in range(2):
        again = undo(workspace, database, "A1")
        assert (again.already, again.notes) == (True, ("A1 was already undone by A2.",))
    accepted = accept(workspace, database, ["P1:1"])
    assert accepted.already and "undone" in accepted.notes[0]
    redone = redo(workspace, database, "A2")
    assert (redone.id, redone.kind, redone.reverses) == ("A3", "redo", "A2")
    assert head_file(workspace.root) == changed(5)
    assert redo(workspace, database, "A2").already
    assert undo(workspace, database, "A1").already, "a redo is undone by its own id"
    assert head_file(workspace.root) == changed(5)
    assert undo(workspace, database).reverses == "A3"
    assert head_file(workspace.root) == TEXT
    assert undo(workspace, database).notes == ("There is nothing to undo.",)
    assert redo(workspace, database, "A1").already
    assert commits(workspace.root) == before + 3


def test_undo_after_later_commits_merges_or_refuses(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    accept(workspace, database, ["P1"])
    later = changed(15, base=changed(5, 25), mark=b"later")
    (workspace.root / "a.txt").write_bytes(later)
    git(workspace.root, "commit", "-qam", "Later")
    undo(workspace, database)
    assert head_file(workspace.root) == changed(15, mark=b"later")
    redo(workspace, database)
    assert head_file(workspace.root) == later
    (workspace.root / "a.txt").write_bytes(later.replace(b"changed 5", b"again 5"))
    git(workspace.root, "commit", "-qam", "In the same place")
    with pytest.raises(ChangedSince, match=r"a\.txt"):
        undo(workspace, database)


def test_undo_of_the_earlier_of_two_accepts_keeps_the_later(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    accept(workspace, database, ["P1:1"])
    accept(workspace, database, ["P1:2"])
    undo(workspace, database, "A1")
    assert head_file(workspace.root) == changed(25)
    redo(workspace, database)
    assert head_file(workspace.root) == changed(5, 25)
