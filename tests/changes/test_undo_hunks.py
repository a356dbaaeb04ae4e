"""Undo and redo by proposal, file and hunk, mixed with those of whole turns."""

from __future__ import annotations

import itertools
import stat
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import HunksUndone, accept, redo, undo
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.layers import ChangedSince
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import turns
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, commit_file, commits, head_file, propose, states, store_with_text
from tests.conftest import git


@pytest.fixture
def store(workspace: Workspace, database: StateDatabase) -> ProposalStore:
    found = store_with_text(workspace, database)
    propose(found, FileEdit("a.txt", TEXT, changed(5, 15, 25)), FileEdit("b.txt", None, b"new\n"))
    return found


def test_one_hunk_goes_back_and_comes_again(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    accept(workspace, database, ["P1"])
    turn = undo(workspace, database, ["P1:2"])
    assert (turn.id, turn.kind, turn.hunks, turn.reverses) == ("A2", "undo", ("P1:2",), None)
    assert head_file(workspace.root) == (workspace.root / "a.txt").read_bytes() == changed(5, 25)
    assert states(store) == ["accepted", "undone", "accepted", "accepted"]
    kept = store.get("P1")
    assert (kept.undoable, kept.redoable, kept.turns) == ("A1", "A2", ("A1", "A2"))
    assert "Nootropic-Task" not in git(workspace.root, "log", "-1", "--format=%B"), "the task still stands"
    assert redo(workspace, database, ["P1:2"]).hunks == ("P1:2",)
    assert head_file(workspace.root) == changed(5, 15, 25)
    assert git(workspace.root, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (["P1"], TEXT),
        (["P1/a.txt"], TEXT),
        (["P1/b.txt"], changed(5, 15, 25)),
        (["P1:1", "P1:3"], changed(15)),
        ("A1", TEXT),
        (None, TEXT),
    ],
)
def test_what_is_named_goes_back(
    workspace: Workspace, database: StateDatabase, store: ProposalStore, what: str | list[str] | None, left: bytes
) -> None:
    accept(workspace, database, ["P1"])
    undo(workspace, database, what)
    assert head_file(workspace.root) == left
    assert (workspace.root / "b.txt").exists() == (what in (["P1/a.txt"], ["P1:1", "P1:3"]))


def test_a_turn_goes_back_after_some_of_its_hunks_went(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    accept(workspace, database, ["P1"])
    undo(workspace, database, ["P1:2"])
    whole = undo(workspace, database, "A1")
    assert whole.hunks == ("P1:1", "P1:3", "P1:4") and whole.notes == ("P1:2 was undone before.",)
    assert head_file(workspace.root) == TEXT and not (workspace.root / "b.txt").exists()
    assert redo(workspace, database, "A1").hunks == ("P1:1", "P1:3", "P1:4")
    assert head_file(workspace.root) == changed(5, 25)
    redo(workspace, database, ["P1:2"])
    assert head_file(workspace.root) == changed(5, 15, 25)


def test_an_accept_is_made_whole_again(workspace: Workspace, database: StateDatabase, store: ProposalStore) -> None:
    accept(workspace, database, ["P1"])
    undo(workspace, database, ["P1:1", "P1:3"])
    assert redo(workspace, database, "A1").hunks == ("P1:1", "P1:3")
    assert head_file(workspace.root) == changed(5, 15, 25)
    assert redo(workspace, database, "A1").notes == ("A1 was not undone.",)


def test_a_turn_whose_hunks_all_went_one_by_one_is_gone(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    accept(workspace, database, ["P1/a.txt"])
    for ref in ("P1:3", "P1:1", "P1:2"):
        undo(workspace, database, [ref])
    assert head_file(workspace.root) == TEXT
    again = undo(workspace, database, "A1")
    assert again.already and again.notes[0] == "P1:1 was undone before."
    assert undo(workspace, database).already, "nothing stands any more"
    redo(workspace, database)
    assert head_file(workspace.root) == changed(15), "the latest undo comes back first"
    redo(workspace, database, ["P1"])
    assert head_file(workspace.root) == changed(5, 15, 25)


def test_every_order_of_taking_hunks_back_ends_alike(workspace: Workspace, database: StateDatabase) -> None:
    store = store_with_text(workspace, database)
    for k, order in enumerate(itertools.permutations(("1", "2", "3")), start=1):
        base = (workspace.root / "a.txt").read_bytes()
        propose(store, FileEdit("a.txt", base, changed(5, 15, 25, mark=b"p%d" % k)), task=f"T{k}")
        for n in order:
            accept(workspace, database, [f"P{k}:{n}"])
        assert head_file(workspace.root) == changed(5, 15, 25, mark=b"p%d" % k)
        for n in reversed(order):
            undo(workspace, database, [f"P{k}:{n}"])
        assert head_file(workspace.root) == TEXT


def test_later_work_stays_and_a_conflict_is_refused_by_name(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    accept(workspace, database, ["P1"])
    later = changed(5, 25, base=changed(15, mark=b"later")).replace(b"line 1\n", b"mine\n")
    (workspace.root / "a.txt").write_bytes(later)
    git(workspace.root, "commit", "-qam", "Later")
    with pytest.raises(ChangedSince, match=r"a\.txt changed in the same place.*Make the edit by hand"):
        undo(workspace, database, ["P1:2"])
    undo(workspace, database, ["P1:1"])
    assert head_file(workspace.root) == later.replace(b"changed 5", b"line 5")


def test_a_conflict_names_the_later_turn_that_stands_in_the_way(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    accept(workspace, database, ["P1"])
    now = changed(5, 15, 25)
    propose(store, FileEdit("a.txt", now, now.replace(b"changed 15", b"again 15")))
    accept(workspace, database, ["P2"])
    for what in (["P1:2"], ["A1"]):
        with pytest.raises(ChangedSince) as caught:
            undo(workspace, database, what)
        assert caught.value.next.startswith("`undo A2` first") and "eject" not in str(caught.value)
    undo(workspace, database, ["A2"])
    undo(workspace, database, ["P1:2"])
    assert head_file(workspace.root) == changed(5, 25)


def test_the_same_cells_run_again_change_nothing(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    def cells() -> None:
        accept(workspace, database, ["P1"])
        undo(workspace, database, ["P1:2"])
        redo(workspace, database, ["P1:2"])
        undo(workspace, database, ["P1:1"])
        undo(workspace, database, "A1")
        redo(workspace, database, "A5")

    cells()
    made = commits(workspace.root), states(store), head_file(workspace.root), len(turns(database))
    cells()
    assert (commits(workspace.root), states(store), head_file(workspace.root), len(turns(database))) == made
    told = undo(workspace, database, ["P1:2"])
    assert told.already and "`undo P1:2 --again` does it once more" in told.notes[0]
    assert undo(workspace, database, ["P1:2"], again=True).hunks == ("P1:2",)


def test_one_turn_or_several_hunks(workspace: Workspace, database: StateDatabase, store: ProposalStore) -> None:
    accept(workspace, database, ["P1"])
    with pytest.raises(UsageError, match="one turn at a time"):
        undo(workspace, database, ["A1", "P1:2"])
    assert undo(workspace, database, ["P1:2", "p1:2"]).hunks == ("P1:2",)
    told = undo(workspace, database, ["P1:2"])
    assert told.already and told.notes == ("P1:2 is undone.",)


def test_a_private_file_that_moves_stays_private(workspace: Workspace, database: StateDatabase) -> None:
    store = store_with_text(workspace, database)
    commit_file(workspace, "mine.sh", b"true\n", mode=0o600)
    propose(store, FileEdit("bin/mine", b"true\n", b"true\n", renamed_from="mine.sh", mode=0o755))
    accept(workspace, database, ["P1"])
    assert stat.S_IMODE((workspace.root / "bin/mine").stat().st_mode) == 0o700
    undo(workspace, database, ["P1"])
    assert stat.S_IMODE((workspace.root / "mine.sh").stat().st_mode) == 0o600


def test_permissions_come_back_with_the_hunk_that_changed_them(workspace: Workspace, database: StateDatabase) -> None:
    root = workspace.root
    store = store_with_text(workspace, database)
    commit_file(workspace, "run.sh", b"#!/bin/sh\n", mode=0o755)
    commit_file(workspace, "gone.sh", b"#!/bin/sh\nexit\n", mode=0o755)
    tree = git(root, "rev-parse", "HEAD^{tree}")
    propose(
        store,
        FileEdit("a.txt", TEXT, changed(5), mode=0o755),
        FileEdit("bin/run", b"#!/bin/sh\n", b"#!/bin/sh\ntrue\n", renamed_from="run.sh"),
        FileEdit("gone.sh", b"#!/bin/sh\nexit\n", None),
        FileEdit("tool.sh", None, b"#!/bin/sh\n", mode=0o755),
    )

    def executable(path: str) -> bool:
        return bool(stat.S_IMODE((root / path).stat().st_mode) & 0o100)

    accept(workspace, database, ["P1"])
    assert executable("a.txt") and executable("bin/run") and executable("tool.sh")
    for number in range(1, 7):
        undo(workspace, database, [f"P1:{number}"])
    assert git(root, "rev-parse", "HEAD^{tree}") == tree and git(root, "status", "--porcelain") == ""
    assert not executable("a.txt") and executable("run.sh") and executable("gone.sh")
    redo(workspace, database, ["P1"])
    assert executable("a.txt") and executable("bin/run") and executable("tool.sh")
    assert not Path(root / "gone.sh").exists()


def test_an_undone_hunk_is_never_left_out_in_silence(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    """Three hunks were named, two were accepted, and the third only had a note."""
    accept(workspace, database, ["P1:2"])
    undo(workspace, database, ["P1:2"])
    before = commits(workspace.root)
    with pytest.raises(HunksUndone, match=r"P1:2 was accepted and undone.*`redo P1:2`"):
        accept(workspace, database, ["P1:1", "P1:2", "P1:3"])
    assert states(store) == ["pending", "undone", "pending", "pending"] and commits(workspace.root) == before
    for _ in range(2):  # alone, as a cell that is run again names it, it stays undone
        turn = accept(workspace, database, ["P1:2"])
        assert turn.already and turn.notes == ("P1:2 was accepted and undone; `redo P1:2` brings it back.",)
    assert accept(workspace, database, ["P1"]).notes == ("P1:2 stays undone; `redo P1:2` brings it back.",)
    assert states(store) == ["accepted", "undone", "accepted", "accepted"]
    assert accept(workspace, database, ["P1:1", "P1:2"]).already
    redo(workspace, database, ["P1:2"])
    assert states(store) == ["accepted"] * 4
