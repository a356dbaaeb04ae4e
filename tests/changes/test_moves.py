"""Files that are moved by a change while the person edits them: the person's lines go along."""

from __future__ import annotations

import pytest

from nootropic_kernel.changes.accept import accept, redo, undo
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.layers import ChangedSince, DirtyOverlap
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, head_file, propose, store_with_text
from tests.conftest import git

MOVED = FileEdit("b.txt", TEXT, changed(5), renamed_from="a.txt")


@pytest.mark.parametrize("done", ["edited", "staged", "committed"])
def test_lines_of_the_persons_own_go_along(workspace: Workspace, database: StateDatabase, done: str) -> None:
    """Regression: refused as changed in the same place, though nobody else touched those lines."""
    root = workspace.root
    store = store_with_text(workspace, database)
    propose(store, MOVED)
    (root / "a.txt").write_bytes(changed(20, mark=b"mine"))
    if done != "edited":
        git(root, "add", "a.txt")
    if done == "committed":
        git(root, "commit", "-qm", "Mine")
    accept(workspace, database, ["P1"])
    both = changed(5, base=changed(20, mark=b"mine"))
    assert not (root / "a.txt").exists() and (root / "b.txt").read_bytes() == both
    assert head_file(root, "b.txt") == (both if done == "committed" else changed(5)), "the commit holds none of theirs"
    assert git(root, "status", "--porcelain") == {"edited": " M b.txt", "staged": "M  b.txt", "committed": ""}[done]
    undo(workspace, database)
    assert (root / "a.txt").read_bytes() == changed(20, mark=b"mine") and not (root / "b.txt").exists()
    redo(workspace, database)
    assert (root / "b.txt").read_bytes() == both and not (root / "a.txt").exists()


def test_it_goes_back_with_what_was_done_since(workspace: Workspace, database: StateDatabase) -> None:
    root = workspace.root
    store = store_with_text(workspace, database)
    propose(store, MOVED)
    accept(workspace, database, ["P1"])
    (root / "b.txt").write_bytes(changed(5, 20))
    git(root, "commit", "-qam", "Mine")
    undo(workspace, database, ["P1"])
    assert (root / "a.txt").read_bytes() == head_file(root) == changed(20) and not (root / "b.txt").exists()
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.parametrize("done", ["edited", "committed"])
def test_the_same_line_is_refused_by_name(workspace: Workspace, database: StateDatabase, done: str) -> None:
    root = workspace.root
    store = store_with_text(workspace, database)
    propose(store, MOVED)
    (root / "a.txt").write_bytes(changed(5, mark=b"mine"))
    if done == "committed":
        git(root, "commit", "-qam", "Mine")
    with pytest.raises(ChangedSince if done == "committed" else DirtyOverlap, match=r"^a\.txt"):
        accept(workspace, database, ["P1"])
    assert (root / "a.txt").read_bytes() == changed(5, mark=b"mine") and not (root / "b.txt").exists()


def test_a_file_that_the_person_took_away_does_not_come_back_elsewhere(
    workspace: Workspace, database: StateDatabase
) -> None:
    """Regression: moved by the person already, it was there twice after the accept."""
    root = workspace.root
    store = store_with_text(workspace, database)
    propose(store, MOVED)
    git(root, "mv", "a.txt", "mine.txt")
    with pytest.raises(DirtyOverlap, match=r"^a\.txt"):
        accept(workspace, database, ["P1"])
    git(root, "commit", "-qm", "Mine")
    with pytest.raises(ChangedSince, match=r"^a\.txt is gone"):
        accept(workspace, database, ["P1"])
    assert not (root / "b.txt").exists()
    git(root, "mv", "mine.txt", "b.txt")
    git(root, "commit", "-qm", "Theirs after all")
    accept(workspace, database, ["P1:1"])
    assert (root / "b.txt").read_bytes() == TEXT and git(root, "status", "--porcelain") == ""
