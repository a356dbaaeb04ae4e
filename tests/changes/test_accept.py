"""Accept and reject on real repositories: the commit holds the accepted hunks, of files of every sort."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import HunksRejected, accept, redo, reject, undo
from nootropic_kernel.changes.changeset import FileEdit, HunkState
from nootropic_kernel.changes.layers import DirtyOverlap, NeedsOwnYes
from nootropic_kernel.changes.store import NoSuchProposal, ProposalStore
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import PathRefused, UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, commits, head_file, propose, two_hunks
from tests.conftest import git


def test_one_hunk_of_two_is_committed_with_trailers(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    turn = accept(workspace, database, ["P1:2"])
    assert (turn.id, turn.kind, turn.proposal, turn.hunks, turn.paths, turn.already) == (
        "A1", "accept", "P1", ("P1:2",), ("a.txt",), False,
    )  # fmt: skip
    assert turn.commit == git(workspace.root, "rev-parse", "HEAD")
    assert (workspace.root / "a.txt").read_bytes() == head_file(workspace.root) == changed(25)
    assert git(workspace.root, "status", "--porcelain") == ""
    trailers = git(workspace.root, "log", "-1", "--format=%(trailers:only)").split("\n")
    assert trailers[:3] == ["Nootropic-Proposal: P1", "Nootropic-Task: T3", "Nootropic-Turn: A1"]
    assert git(workspace.root, "log", "-1", "--format=%s") == "Change lines"
    assert [hunk.state for hunk in store.get("P1").changeset.hunks] == ["pending", "accepted"]
    assert store.get("P1").status == "open"
    kinds = [event.kind for event in journal.events(database.read())]
    assert kinds == ["proposal.made", "turn.intended", "hunk.accepted", "turn.accept"]


def test_the_rest_follows_later_and_repeats_change_nothing(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    accept(workspace, database, ["P1:2"])
    assert accept(workspace, database, ["P1"]).hunks == ("P1:1",)
    assert head_file(workspace.root) == changed(5, 25)
    before = commits(workspace.root)
    again = accept(workspace, database, ["P1:1"])
    assert (again.already, again.id, again.notes) == (True, "A2", ("P1:1 is accepted already.",))
    assert accept(workspace, database, ["P1"]).already
    assert commits(workspace.root) == before
    assert store.get("P1").status == "accepted"
    assert store.get("P1").turns == ("A1", "A2")


def test_the_same_change_for_the_same_task_is_one_proposal(store: ProposalStore) -> None:
    assert two_hunks(store).id == two_hunks(store).id == "P1"
    assert two_hunks(store, task="T4").id == "P2"
    assert [p.id for p in store.list(task="T3")] == ["P1"]


def test_new_deleted_renamed_and_executable_files_go_there_and_back(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    root = workspace.root
    books = (root / "shelf" / "books.py").read_bytes()
    readme = (root / "README.md").read_bytes()
    propose(
        store,
        FileEdit("deep/new/tool.sh", None, b"#!/bin/sh\n", mode=0o755),
        FileEdit("README.md", readme, None),
        FileEdit("shelf/novels.py", books, books.replace(b"Books", b"Novels"), renamed_from="shelf/books.py"),
        FileEdit("a.txt", TEXT, TEXT, mode=0o755),
        FileEdit("empty.txt", None, b""),
    )
    tree = git(root, "rev-parse", "HEAD^{tree}")
    accept(workspace, database, ["P1"])
    assert git(root, "status", "--porcelain") == ""
    assert not (root / "README.md").exists() and not (root / "shelf" / "books.py").exists()
    assert (root / "shelf" / "novels.py").read_bytes() == books.replace(b"Books", b"Novels")
    listed = git(root, "ls-tree", "-r", "HEAD")
    assert "100755 blob" in listed.split("a.txt")[0].splitlines()[-1]
    assert stat.S_IMODE(os.stat(root / "deep/new/tool.sh").st_mode) == 0o755
    undo(workspace, database)
    assert git(root, "rev-parse", "HEAD^{tree}") == tree
    assert git(root, "status", "--porcelain") == ""
    assert not (root / "deep").exists()
    assert stat.S_IMODE(os.stat(root / "a.txt").st_mode) == 0o644
    after_redo = redo(workspace, database)
    assert after_redo.kind == "redo" and git(root, "diff", "--stat", "HEAD~2") == ""


def test_crlf_final_newline_bom_and_mode_survive(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    base = b"\xef\xbb\xbfone\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix\r\nlast"
    file = workspace.root / "windows.txt"
    file.write_bytes(base)
    file.chmod(0o600)
    git(workspace.root, "add", ".")
    git(workspace.root, "commit", "-qm", "CRLF")
    new = base.replace(b"two", b"2").replace(b"last", b"end")
    propose(store, FileEdit("windows.txt", base, new))
    accept(workspace, database, ["P1:1"])
    assert file.read_bytes() == head_file(workspace.root, "windows.txt") == base.replace(b"two", b"2")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_line_ending_conversion_of_the_repository_is_respected(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    (workspace.root / ".gitattributes").write_text("*.win text eol=crlf\n")
    base = TEXT.replace(b"\n", b"\r\n")
    (workspace.root / "a.win").write_bytes(base)
    git(workspace.root, "add", ".")
    git(workspace.root, "commit", "-qm", "Attributes")
    assert head_file(workspace.root, "a.win") == TEXT
    propose(store, FileEdit("a.win", base, base.replace(b"line 5\r", b"changed 5\r")))
    accept(workspace, database, ["P1"])
    assert head_file(workspace.root, "a.win") == changed(5)
    assert (workspace.root / "a.win").read_bytes() == changed(5).replace(b"\n", b"\r\n")
    assert git(workspace.root, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "path", ["../escape.txt", "/etc/passwd", ".git/config", ".git/hooks/pre-commit", ".nootropic/state.db", ".env",
             "link/x.txt", "nootropic.json", "ignored.log", "shelf/../../x", "C:/x", ".GIT/config"]
)  # fmt: skip
def test_paths_that_no_change_may_touch(workspace: Workspace, store: ProposalStore, path: str) -> None:
    """A peer wrote outside the project."""
    (workspace.root / "link").symlink_to("/tmp")
    (workspace.root / ".gitignore").write_text("*.log\n")
    with pytest.raises(PathRefused):
        propose(store, FileEdit(path, None, b"x"))


def test_rules_hold_again_at_write_time(
    workspace: Workspace, database: StateDatabase, store: ProposalStore, tmp_path: Path
) -> None:
    propose(store, FileEdit("sub/x.txt", None, b"x"))
    outside = tmp_path / "outside"
    outside.mkdir()
    (workspace.root / "sub").symlink_to(outside)
    with pytest.raises(PathRefused):
        accept(workspace, database, ["P1"])
    assert list(outside.iterdir()) == []


def test_files_that_run_by_themselves_need_their_own_yes(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    propose(store, FileEdit("tests/conftest.py", None, b"x = 1\n"))
    with pytest.raises(NeedsOwnYes, match=r"conftest\.py"):
        accept(workspace, database, ["P1"])
    assert accept(workspace, database, ["P1"], allow_executable=True).commit


def test_an_edited_hunk_keeps_both_texts(workspace: Workspace, database: StateDatabase, store: ProposalStore) -> None:
    two_hunks(store)
    accept(workspace, database, ["P1:1"], edited="mine 5")
    proposal = store.get("P1")
    assert head_file(workspace.root) == changed(5, mark=b"mine")
    assert proposal.changeset.hunks[0].state is HunkState.EDITED
    assert (proposal.changeset.hunks[0].new, proposal.edited) == ("changed 5\n", {1: "mine 5"})
    accept(workspace, database, ["P1:2"])
    assert head_file(workspace.root) == changed(25, base=changed(5, mark=b"mine"))
    undo(workspace, database, "A1")
    redo(workspace, database)
    assert store.get("P1").changeset.hunks[0].state is HunkState.EDITED
    with pytest.raises(UsageError):
        accept(workspace, database, ["P1"], edited="x")


def test_reject_says_what_stands_and_a_named_hunk_can_be_taken_after_all(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    assert reject(workspace, database, ["P1:1"]).hunks == ("P1:1",)
    assert reject(workspace, database, ["P1:1"]).already
    assert accept(workspace, database, ["P1"]).hunks == ("P1:2",)
    assert reject(workspace, database, ["P1:2"]).notes == ("P1:2 is accepted; `undo` takes it back.",)
    assert store.get("P1").status == "partial"
    assert accept(workspace, database, ["P1:1"]).hunks == ("P1:1",)
    two_hunks(store, task="T9")
    reject(workspace, database, ["P2"])
    assert store.get("P2").status == "rejected"
    with pytest.raises(HunksRejected):
        accept(workspace, database, ["P2"])


def test_references(workspace: Workspace, database: StateDatabase, store: ProposalStore) -> None:
    two_hunks(store)
    propose(store, FileEdit("new.txt", None, b"1\n"), FileEdit("other.txt", None, b"2\n"))
    for wrong in ("P9", "P1:3", "P1:x", "P1/none.txt", "nonsense", ""):
        with pytest.raises(NoSuchProposal):
            accept(workspace, database, [wrong])
    with pytest.raises(UsageError):
        accept(workspace, database, [])
    assert accept(workspace, database, ["p2/new.txt", "P1:2"]).hunks == ("P1:2", "P2:1")
    assert git(workspace.root, "log", "-1", "--format=%(trailers:key=Nootropic-Proposal,valueonly)").split() == [
        "P2",
        "P1",
    ]


def test_a_damaged_proposal_is_named_and_the_rest_still_works(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    propose(store, FileEdit("new.txt", None, b"1\n"))
    with database.transaction() as connection:
        connection.execute("DELETE FROM blobs WHERE length(data) > 100")
    assert [p.id for p in store.list()] == ["P2"]
    assert ["P1" in str(error) for error in store.damaged()] == [True]
    assert accept(workspace, database, ["P2"]).commit


def test_paths_with_spaces_and_other_letters(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    path = "my dir/naïve [x]*.txt"
    propose(store, FileEdit(path, None, TEXT))
    accept(workspace, database, ["P1"])
    assert git(workspace.root, "status", "--porcelain") == ""
    propose(store, FileEdit(path, TEXT, changed(5)))
    accept(workspace, database, [f"P2/{path}"])
    assert head_file(workspace.root, path) == changed(5)


def test_a_repository_of_its_own_inside_is_left_alone(workspace: Workspace, store: ProposalStore) -> None:
    inner = workspace.root / "vendored"
    inner.mkdir()
    git(inner, "init", "-q")
    with pytest.raises(PathRefused, match="repository of its own"):
        propose(store, FileEdit("vendored/x.txt", None, b"x\n"))


def test_contents_in_other_encodings_go_through_unread(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    base = "café\n".encode("latin-1")
    (workspace.root / "old.txt").write_bytes(base)
    git(workspace.root, "add", ".")
    git(workspace.root, "commit", "-qm", "Latin-1")
    propose(store, FileEdit("old.txt", base, "thé\n".encode("latin-1")), FileEdit("data.bin", None, bytes(range(256))))
    accept(workspace, database, ["P1"])
    assert head_file(workspace.root, "old.txt") == "thé\n".encode("latin-1")
    assert head_file(workspace.root, "data.bin") == bytes(range(256))
    (workspace.root / "old.txt").write_bytes(b"mine\n")
    with pytest.raises(DirtyOverlap):
        undo(workspace, database)
