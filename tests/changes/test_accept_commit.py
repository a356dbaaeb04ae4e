"""The commit of an accept: hooks, signers, identities, and repositories in every state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import accept, undo
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.commit import CommitRefused, GitBusy
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, commits, head_file, hook, propose, two_hunks
from tests.conftest import git


def test_a_hooks_refusal_is_shown_and_everything_is_taken_back(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    # Like a formatter: it rewrites the file, then refuses.
    hook(workspace.root, "pre-commit", "echo 'no tabs here' >&2; echo formatted > a.txt; exit 1\n")
    before = git(workspace.root, "rev-parse", "HEAD")
    with pytest.raises(CommitRefused) as refusal:
        accept(workspace, database, ["P1"])
    assert "no tabs here" in refusal.value.why
    assert (workspace.root / "a.txt").read_bytes() == TEXT
    assert git(workspace.root, "rev-parse", "HEAD") == before
    assert git(workspace.root, "status", "--porcelain") == ""
    assert store.get("P1").status == "open"
    (taken_back,) = journal.events(database.read(), kind="turn.taken-back")
    assert "a.txt" in taken_back.data["hook_left"]
    (workspace.root / ".git" / "hooks" / "pre-commit").unlink()
    assert accept(workspace, database, ["P1"]).id == "A1"


def test_hooks_see_the_accepted_hunks_and_may_write_the_message(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    (workspace.root / "README.md").write_text("mine\n")
    git(workspace.root, "add", "README.md")
    hook(workspace.root, "pre-commit", "git diff --cached --name-only > .git/seen\n")
    hook(workspace.root, "commit-msg", "sed -i '1s/^/[ok] /' \"$1\"\n")
    accept(workspace, database, ["P1"])
    assert (workspace.root / ".git" / "seen").read_text() == "a.txt\n"
    assert git(workspace.root, "log", "-1", "--format=%s") == "[ok] Change lines"


def test_a_hook_that_commits_other_files_is_refused(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    (workspace.root / "mine.txt").write_text("mine\n")
    hook(workspace.root, "pre-commit", "git add -A\n")
    before = git(workspace.root, "rev-parse", "HEAD")
    with pytest.raises(CommitRefused, match=r"mine\.txt"):
        accept(workspace, database, ["P1"])
    assert git(workspace.root, "rev-parse", "HEAD") == before
    assert (workspace.root / "a.txt").read_bytes() == TEXT


def test_a_hook_that_formats_and_adds_is_part_of_the_turn(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    hook(workspace.root, "pre-commit", "echo tail >> a.txt; git add a.txt\n")
    turn = accept(workspace, database, ["P1"])
    assert any("a.txt was changed" in note for note in turn.notes)
    assert head_file(workspace.root) == changed(5, 25) + b"tail\n"
    assert git(workspace.root, "status", "--porcelain") == ""


def test_signing_that_fails_is_a_refusal(workspace: Workspace, database: StateDatabase, store: ProposalStore) -> None:
    two_hunks(store)
    git(workspace.root, "config", "commit.gpgsign", "true")
    git(workspace.root, "config", "gpg.program", "/bin/false")
    with pytest.raises(CommitRefused):
        accept(workspace, database, ["P1"])
    assert (workspace.root / "a.txt").read_bytes() == TEXT


def test_an_identity_is_lent_where_there_is_none(
    workspace: Workspace, database: StateDatabase, store: ProposalStore, person_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    two_hunks(store)
    (person_home.parent / ".gitconfig").write_text("")
    monkeypatch.setenv("EMAIL", "")
    accept(workspace, database, ["P1"])
    assert git(workspace.root, "log", "-1", "--format=%an <%ae>") == "Nootropic <nootropic@localhost>"


def test_commit_on_accept_false_leaves_the_change_staged(
    workspace: Workspace, database: StateDatabase, store: ProposalStore, person_home: Path
) -> None:
    two_hunks(store)
    person_home.mkdir(parents=True, exist_ok=True)
    (person_home / "config.json").write_text(json.dumps({"commitOnAccept": False}))
    before = commits(workspace.root)
    turn = accept(workspace, database, ["P1:1"])
    assert turn.commit is None and "staged" in turn.notes[0]
    assert git(workspace.root, "status", "--porcelain") == "M  a.txt"
    assert commits(workspace.root) == before
    undo(workspace, database)
    assert git(workspace.root, "status", "--porcelain") == ""


def test_without_a_repository_files_are_written_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    workspace = Workspace.find(tmp_path / "plain")
    (workspace.root / "a.txt").write_bytes(TEXT)
    database = StateDatabase.open(workspace)
    two_hunks(ProposalStore(database, workspace))
    turn = accept(workspace, database, ["P1"])
    assert turn.commit is None and "no Git repository" in turn.notes[0]
    assert (workspace.root / "a.txt").read_bytes() == changed(5, 25)
    undo(workspace, database)
    assert (workspace.root / "a.txt").read_bytes() == TEXT
    database.close()


def test_before_the_first_commit_and_on_a_detached_head(tmp_path: Path) -> None:
    root = tmp_path / "fresh"
    root.mkdir()
    git(root, "init", "-q")
    workspace = Workspace.find(root)
    database = StateDatabase.open(workspace)
    store = ProposalStore(database, workspace)
    propose(store, FileEdit("first.txt", None, TEXT))
    accept(workspace, database, ["P1"])
    assert commits(root) == 1 and git(root, "status", "--porcelain") == ""
    git(root, "checkout", "-q", "--detach")
    propose(store, FileEdit("first.txt", TEXT, changed(5)))
    accept(workspace, database, ["P2"])
    assert head_file(root, "first.txt") == changed(5)
    database.close()


def test_a_merge_in_progress_is_not_concluded(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    git(workspace.root, "checkout", "-qb", "side")
    git(workspace.root, "commit", "-q", "--allow-empty", "-m", "Side")
    git(workspace.root, "checkout", "-q", "main")
    git(workspace.root, "merge", "-q", "--no-ff", "--no-commit", "side")
    with pytest.raises(GitBusy, match="merge is in progress"):
        accept(workspace, database, ["P1"])


def test_somebody_who_commits_at_the_same_moment_loses_nothing(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    """The commit would be made on a HEAD that its files were not merged with: it is taken back."""
    two_hunks(store)
    hook(
        workspace.root,
        "pre-commit",
        "test -e .git/once && exit 0\ntouch .git/once\nunset GIT_INDEX_FILE\necho theirs > theirs.txt\n"
        "git add theirs.txt && git commit -q --no-verify -m Theirs\n",
    )
    with pytest.raises(CommitRefused):
        accept(workspace, database, ["P1"])
    assert git(workspace.root, "log", "-1", "--format=%s") == "Theirs"
    assert (workspace.root / "a.txt").read_bytes() == TEXT
    assert accept(workspace, database, ["P1"]).commit
    assert head_file(workspace.root, "theirs.txt") == b"theirs\n"
    assert git(workspace.root, "status", "--porcelain") == ""


def test_an_index_that_git_holds_is_waited_for_or_named(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    lock = workspace.root / ".git" / "index.lock"
    lock.touch()
    with pytest.raises(GitBusy, match="using the index"):
        accept(workspace, database, ["P1"])
    lock.unlink()
    assert accept(workspace, database, ["P1"]).commit


def test_a_repository_with_sha256_names(tmp_path: Path) -> None:
    root = tmp_path / "long"
    root.mkdir()
    git(root, "init", "-q", "--object-format=sha256")
    (root / "a.txt").write_bytes(TEXT)
    git(root, "add", ".")
    git(root, "commit", "-qm", "Start")
    workspace = Workspace.find(root)
    database = StateDatabase.open(workspace)
    two_hunks(ProposalStore(database, workspace))
    accept(workspace, database, ["P1:1"])
    undo(workspace, database)
    assert head_file(root) == TEXT and git(root, "status", "--porcelain") == ""
    database.close()


def test_a_title_that_git_cannot_take_is_committed_without_those_signs(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    """Regression: a title with a NUL in it, from a model or a cell, could be written and never committed."""
    proposal = two_hunks(store, title="Change\0 lines \ud800")
    accept(workspace, database, [proposal.id])
    assert git(workspace.root, "log", "-1", "--format=%s") == "Change  lines ?"
