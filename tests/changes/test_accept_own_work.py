"""What the person did meanwhile, committed or not: an accept keeps it, merges with it, or refuses by name."""

from __future__ import annotations

import subprocess

import pytest

from nootropic_kernel.changes.accept import accept, undo
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.layers import ChangedSince, DirtyOverlap, UnsavedEdits
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import turns
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, commits, head_file, propose, two_hunks
from tests.conftest import git


def test_the_persons_own_lines_are_never_committed(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    """Staged line 12, unstaged line 18 and an untracked file stay exactly as they are."""
    two_hunks(store)
    file = workspace.root / "a.txt"
    file.write_bytes(changed(12, mark=b"mine"))
    git(workspace.root, "add", "a.txt")
    file.write_bytes(changed(18, base=changed(12, mark=b"mine"), mark=b"also mine"))
    (workspace.root / "notes.md").write_text("mine\n")
    (workspace.root / "README.md").write_text("staged by me\n")
    git(workspace.root, "add", "README.md")
    accept(workspace, database, ["P1"])
    assert head_file(workspace.root) == changed(5, 25)
    staged = subprocess.run(["git", "show", ":a.txt"], cwd=workspace.root, check=True, capture_output=True).stdout
    assert staged == changed(12, base=changed(5, 25), mark=b"mine")
    assert file.read_bytes() == changed(18, base=changed(12, base=changed(5, 25), mark=b"mine"), mark=b"also mine")
    assert git(workspace.root, "status", "--porcelain").split("\n") == ["M  README.md", "MM a.txt", "?? notes.md"]
    undo(workspace, database)
    assert head_file(workspace.root) == TEXT
    assert file.read_bytes() == changed(18, base=changed(12, mark=b"mine"), mark=b"also mine")
    assert git(workspace.root, "status", "--porcelain").split("\n") == ["M  README.md", "MM a.txt", "?? notes.md"]


@pytest.mark.parametrize("staged", [True, False])
def test_own_lines_in_the_same_place_are_refused_by_name(
    workspace: Workspace, database: StateDatabase, store: ProposalStore, staged: bool
) -> None:
    two_hunks(store)
    file = workspace.root / "a.txt"
    file.write_bytes(changed(5, mark=b"mine"))
    if staged:
        git(workspace.root, "add", "a.txt")
        file.write_bytes(TEXT)
    with pytest.raises(DirtyOverlap, match=r"a\.txt has changes of your own"):
        accept(workspace, database, ["P1"])
    assert file.read_bytes() == (TEXT if staged else changed(5, mark=b"mine"))
    assert turns(database) == []


@pytest.mark.parametrize("staged", [True, False])
def test_a_file_that_the_person_deleted_is_said_with_the_command_that_brings_it_back(
    workspace: Workspace, database: StateDatabase, store: ProposalStore, staged: bool
) -> None:
    two_hunks(store)
    git(workspace.root, "rm", "-q", "a.txt") if staged else (workspace.root / "a.txt").unlink()
    with pytest.raises(DirtyOverlap, match=r"a\.txt is deleted in your working tree") as caught:
        accept(workspace, database, ["P1"])
    command = caught.value.next.split("`")[1]
    assert "stash" not in str(caught.value) and command.startswith("git restore ")
    git(workspace.root, *command.split()[1:])
    assert accept(workspace, database, ["P1"]).commit


def test_a_proposal_made_on_uncommitted_lines_does_not_commit_them(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    dirty = changed(12, mark=b"mine")
    (workspace.root / "a.txt").write_bytes(dirty)
    propose(store, FileEdit("a.txt", dirty, changed(25, base=dirty)))
    accept(workspace, database, ["P1"])
    assert head_file(workspace.root) == changed(25)
    assert (workspace.root / "a.txt").read_bytes() == changed(25, base=dirty)


def test_drift_is_merged_and_drift_in_the_same_place_is_refused(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    drifted = b"a new first line\n" + changed(25, mark=b"other")
    (workspace.root / "a.txt").write_bytes(drifted)
    git(workspace.root, "commit", "-qam", "Drift")
    with pytest.raises(
        ChangedSince, match=r"a\.txt changed in the same place.*`reject P1`, then `run T3` makes it anew"
    ):
        accept(workspace, database, ["P1"])
    assert accept(workspace, database, ["P1:1"]).commit
    assert (workspace.root / "a.txt").read_bytes() == head_file(workspace.root) == changed(5, base=drifted)


def test_nothing_is_written_when_one_of_two_files_conflicts(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    """A peer left the good half on disk."""
    base = (workspace.root / "README.md").read_bytes()
    propose(store, FileEdit("README.md", base, b"# New\n"), FileEdit("a.txt", TEXT, changed(5)))
    (workspace.root / "a.txt").write_bytes(changed(5, mark=b"other"))
    git(workspace.root, "commit", "-qam", "Drift")
    before = commits(workspace.root)
    with pytest.raises(ChangedSince):
        accept(workspace, database, ["P1"])
    assert (workspace.root / "README.md").read_bytes() == base
    assert commits(workspace.root) == before


def test_unsaved_edits_in_an_open_tab_are_refused_by_name(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    with pytest.raises(UnsavedEdits, match=r"a\.txt"):
        accept(workspace, database, ["P1"], unsaved=["a.txt", "b.txt"])
    accept(workspace, database, ["P1"], unsaved=["b.txt"])
    with pytest.raises(UnsavedEdits):
        undo(workspace, database, unsaved=["a.txt"])


def test_a_file_that_is_not_committed_yet_is_refused_by_name(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    (workspace.root / "draft.txt").write_bytes(TEXT)
    propose(store, FileEdit("draft.txt", TEXT, changed(5)))
    with pytest.raises(DirtyOverlap, match=r"draft\.txt is not committed yet"):
        accept(workspace, database, ["P1"])


def test_what_head_holds_already_is_not_committed_again(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    (workspace.root / "a.txt").write_bytes(changed(5, 25))
    git(workspace.root, "commit", "-qam", "By hand")
    before = commits(workspace.root)
    turn = accept(workspace, database, ["P1"])
    assert turn.commit is None and "nothing to commit" in turn.notes[0]
    assert commits(workspace.root) == before
