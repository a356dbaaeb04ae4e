"""Accept, undo and redo on real repositories: the commit holds the accepted hunks and nothing of the person's own."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import HunksRejected, accept, redo, reject, undo
from nootropic_kernel.changes.changeset import FileEdit, HunkState, Provenance, build_changeset
from nootropic_kernel.changes.commit import CommitRefused, GitBusy
from nootropic_kernel.changes.layers import ChangedSince, DirtyOverlap, NeedsOwnYes, UnsavedEdits
from nootropic_kernel.changes.store import NoSuchProposal, Proposal, ProposalStore
from nootropic_kernel.changes.turns import turns
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import PathRefused, UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

LINES = [f"line {k}\n" for k in range(1, 31)]
TEXT = "".join(LINES).encode()


def edited(*numbers: int, base: bytes = TEXT, mark: bytes = b"changed") -> bytes:
    """The text with these lines changed, far enough apart to be hunks of their own."""
    for number in numbers:
        base = base.replace(b"line %d\n" % number, mark + b" %d\n" % number)
    return base


@pytest.fixture
def store(workspace: Workspace, database: StateDatabase) -> ProposalStore:
    (workspace.root / "a.txt").write_bytes(TEXT)
    git(workspace.root, "add", "a.txt")
    git(workspace.root, "commit", "-qm", "Add a.txt")
    return ProposalStore(database, workspace)


def propose(store: ProposalStore, *edits: FileEdit, task: str | None = "T3", title: str = "Change lines") -> Proposal:
    return store.propose(build_changeset(edits, Provenance(task=task, title=title, how="recipe:test")))


def two_hunks(store: ProposalStore, **options: str) -> Proposal:
    return propose(store, FileEdit("a.txt", TEXT, edited(5, 25)), **options)


def head_file(root: Path, path: str = "a.txt") -> bytes:
    return subprocess.run(["git", "show", f"HEAD:{path}"], cwd=root, check=True, capture_output=True).stdout


def count(root: Path) -> int:
    return int(git(root, "rev-list", "--count", "HEAD"))


def test_one_hunk_of_two_is_committed_with_trailers(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    turn = accept(workspace, database, ["P1:2"])
    assert (turn.id, turn.kind, turn.proposal, turn.hunks, turn.paths, turn.already) == (
        "A1", "accept", "P1", ("P1:2",), ("a.txt",), False,
    )  # fmt: skip
    assert turn.commit == git(workspace.root, "rev-parse", "HEAD")
    assert (workspace.root / "a.txt").read_bytes() == head_file(workspace.root) == edited(25)
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
    assert head_file(workspace.root) == edited(5, 25)
    before = count(workspace.root)
    again = accept(workspace, database, ["P1:1"])
    assert (again.already, again.id, again.notes) == (True, "A2", ("P1:1 is accepted already.",))
    assert accept(workspace, database, ["P1"]).already
    assert count(workspace.root) == before
    assert store.get("P1").status == "accepted"
    assert store.get("P1").turns == ("A1", "A2")


def test_the_same_change_for_the_same_task_is_one_proposal(store: ProposalStore) -> None:
    assert two_hunks(store).id == two_hunks(store).id == "P1"
    assert two_hunks(store, task="T4").id == "P2"
    assert [p.id for p in store.list(task="T3")] == ["P1"]


def test_the_persons_own_lines_are_never_committed(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    """Staged line 12, unstaged line 18 and an untracked file stay exactly as they are."""
    two_hunks(store)
    file = workspace.root / "a.txt"
    file.write_bytes(edited(12, mark=b"mine"))
    git(workspace.root, "add", "a.txt")
    file.write_bytes(edited(18, base=edited(12, mark=b"mine"), mark=b"also mine"))
    (workspace.root / "notes.md").write_text("mine\n")
    (workspace.root / "README.md").write_text("staged by me\n")
    git(workspace.root, "add", "README.md")
    accept(workspace, database, ["P1"])
    assert head_file(workspace.root) == edited(5, 25)
    staged = subprocess.run(["git", "show", ":a.txt"], cwd=workspace.root, check=True, capture_output=True).stdout
    assert staged == edited(12, base=edited(5, 25), mark=b"mine")
    assert file.read_bytes() == edited(18, base=edited(12, base=edited(5, 25), mark=b"mine"), mark=b"also mine")
    assert git(workspace.root, "status", "--porcelain").split("\n") == ["M  README.md", "MM a.txt", "?? notes.md"]
    undo(workspace, database)
    assert head_file(workspace.root) == TEXT
    assert file.read_bytes() == edited(18, base=edited(12, mark=b"mine"), mark=b"also mine")
    assert git(workspace.root, "status", "--porcelain").split("\n") == ["M  README.md", "MM a.txt", "?? notes.md"]


@pytest.mark.parametrize("staged", [True, False])
def test_own_lines_in_the_same_place_are_refused_by_name(
    workspace: Workspace, database: StateDatabase, store: ProposalStore, staged: bool
) -> None:
    two_hunks(store)
    file = workspace.root / "a.txt"
    file.write_bytes(edited(5, mark=b"mine"))
    if staged:
        git(workspace.root, "add", "a.txt")
        file.write_bytes(TEXT)
    with pytest.raises(DirtyOverlap, match=r"a\.txt has changes of your own"):
        accept(workspace, database, ["P1"])
    assert file.read_bytes() == (TEXT if staged else edited(5, mark=b"mine"))
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
    dirty = edited(12, mark=b"mine")
    (workspace.root / "a.txt").write_bytes(dirty)
    propose(store, FileEdit("a.txt", dirty, edited(25, base=dirty)))
    accept(workspace, database, ["P1"])
    assert head_file(workspace.root) == edited(25)
    assert (workspace.root / "a.txt").read_bytes() == edited(25, base=dirty)


def test_drift_is_merged_and_drift_in_the_same_place_is_refused(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    drifted = b"a new first line\n" + edited(25, mark=b"other")
    (workspace.root / "a.txt").write_bytes(drifted)
    git(workspace.root, "commit", "-qam", "Drift")
    with pytest.raises(
        ChangedSince, match=r"a\.txt changed in the same place.*`reject P1`, then `run T3` makes it anew"
    ):
        accept(workspace, database, ["P1"])
    assert accept(workspace, database, ["P1:1"]).commit
    assert (workspace.root / "a.txt").read_bytes() == head_file(workspace.root) == edited(5, base=drifted)


def test_nothing_is_written_when_one_of_two_files_conflicts(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    """A peer left the good half on disk."""
    base = (workspace.root / "README.md").read_bytes()
    propose(store, FileEdit("README.md", base, b"# New\n"), FileEdit("a.txt", TEXT, edited(5)))
    (workspace.root / "a.txt").write_bytes(edited(5, mark=b"other"))
    git(workspace.root, "commit", "-qam", "Drift")
    before = count(workspace.root)
    with pytest.raises(ChangedSince):
        accept(workspace, database, ["P1"])
    assert (workspace.root / "README.md").read_bytes() == base
    assert count(workspace.root) == before


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
    assert head_file(workspace.root, "a.win") == edited(5)
    assert (workspace.root / "a.win").read_bytes() == edited(5).replace(b"\n", b"\r\n")
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


def test_unsaved_edits_in_an_open_tab_are_refused_by_name(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    with pytest.raises(UnsavedEdits, match=r"a\.txt"):
        accept(workspace, database, ["P1"], unsaved=["a.txt", "b.txt"])
    accept(workspace, database, ["P1"], unsaved=["b.txt"])
    with pytest.raises(UnsavedEdits):
        undo(workspace, database, unsaved=["a.txt"])


def hook(root: Path, name: str, body: str) -> None:
    file = root / ".git" / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("#!/bin/sh\n" + body)
    file.chmod(0o755)


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
    assert head_file(workspace.root) == edited(5, 25) + b"tail\n"
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
    before = count(workspace.root)
    turn = accept(workspace, database, ["P1:1"])
    assert turn.commit is None and "staged" in turn.notes[0]
    assert git(workspace.root, "status", "--porcelain") == "M  a.txt"
    assert count(workspace.root) == before
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
    assert (workspace.root / "a.txt").read_bytes() == edited(5, 25)
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
    assert count(root) == 1 and git(root, "status", "--porcelain") == ""
    git(root, "checkout", "-q", "--detach")
    propose(store, FileEdit("first.txt", TEXT, edited(5)))
    accept(workspace, database, ["P2"])
    assert head_file(root, "first.txt") == edited(5)
    database.close()


def test_a_file_that_is_not_committed_yet_is_refused_by_name(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    (workspace.root / "draft.txt").write_bytes(TEXT)
    propose(store, FileEdit("draft.txt", TEXT, edited(5)))
    with pytest.raises(DirtyOverlap, match=r"draft\.txt is not committed yet"):
        accept(workspace, database, ["P1"])


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


def test_undo_and_redo_are_turns_of_their_own(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    accept(workspace, database, ["P1:1"])
    before = count(workspace.root)
    undone = undo(workspace, database, "A1")
    assert (undone.id, undone.kind, undone.reverses) == ("A2", "undo", "A1")
    assert head_file(workspace.root) == TEXT and count(workspace.root) == before + 1
    assert git(workspace.root, "log", "-1", "--format=%s") == "Undo: Change lines"
    assert store.get("P1").changeset.hunks[0].state is HunkState.UNDONE
    for _ in range(2):
        again = undo(workspace, database, "A1")
        assert (again.already, again.notes) == (True, ("A1 was already undone by A2.",))
    accepted = accept(workspace, database, ["P1:1"])
    assert accepted.already and "undone" in accepted.notes[0]
    redone = redo(workspace, database, "A2")
    assert (redone.id, redone.kind, redone.reverses) == ("A3", "redo", "A2")
    assert head_file(workspace.root) == edited(5)
    assert redo(workspace, database, "A2").already
    assert undo(workspace, database, "A1").already, "a redo is undone by its own id"
    assert head_file(workspace.root) == edited(5)
    assert undo(workspace, database).reverses == "A3"
    assert head_file(workspace.root) == TEXT
    assert undo(workspace, database).notes == ("There is nothing to undo.",)
    assert redo(workspace, database, "A1").already
    assert count(workspace.root) == before + 3


def test_undo_after_later_commits_merges_or_refuses(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    accept(workspace, database, ["P1"])
    later = edited(15, base=edited(5, 25), mark=b"later")
    (workspace.root / "a.txt").write_bytes(later)
    git(workspace.root, "commit", "-qam", "Later")
    undo(workspace, database)
    assert head_file(workspace.root) == edited(15, mark=b"later")
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
    assert head_file(workspace.root) == edited(25)
    redo(workspace, database)
    assert head_file(workspace.root) == edited(5, 25)


def test_an_edited_hunk_keeps_both_texts(workspace: Workspace, database: StateDatabase, store: ProposalStore) -> None:
    two_hunks(store)
    accept(workspace, database, ["P1:1"], edited="mine 5")
    proposal = store.get("P1")
    assert head_file(workspace.root) == edited(5, mark=b"mine")
    assert proposal.changeset.hunks[0].state is HunkState.EDITED
    assert (proposal.changeset.hunks[0].new, proposal.edited) == ("changed 5\n", {1: "mine 5"})
    accept(workspace, database, ["P1:2"])
    assert head_file(workspace.root) == edited(25, base=edited(5, mark=b"mine"))
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


def test_what_head_holds_already_is_not_committed_again(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    two_hunks(store)
    (workspace.root / "a.txt").write_bytes(edited(5, 25))
    git(workspace.root, "commit", "-qam", "By hand")
    before = count(workspace.root)
    turn = accept(workspace, database, ["P1"])
    assert turn.commit is None and "nothing to commit" in turn.notes[0]
    assert count(workspace.root) == before


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
    propose(store, FileEdit(path, TEXT, edited(5)))
    accept(workspace, database, [f"P2/{path}"])
    assert head_file(workspace.root, path) == edited(5)


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


def test_a_repository_of_its_own_inside_is_left_alone(workspace: Workspace, store: ProposalStore) -> None:
    inner = workspace.root / "vendored"
    inner.mkdir()
    git(inner, "init", "-q")
    with pytest.raises(PathRefused, match="repository of its own"):
        propose(store, FileEdit("vendored/x.txt", None, b"x\n"))


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


def test_a_title_that_git_cannot_take_is_committed_without_those_signs(
    workspace: Workspace, database: StateDatabase, store: ProposalStore
) -> None:
    """Regression: a title with a NUL in it, from a model or a cell, could be written and never committed."""
    proposal = two_hunks(store, title="Change\0 lines \ud800")
    accept(workspace, database, [proposal.id])
    assert git(workspace.root, "log", "-1", "--format=%s") == "Change  lines ?"
