"""Commits of somebody else around ours: theirs stay on the branch, and ours is told from them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import accept, undo
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.commit import CommitRefused, Entry, Repository
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import recover, turns
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import hook
from tests.conftest import git

# What a person in a terminal does, or a hook that bumps a version; with the person's own index.
THEIRS = (
    "test -e .git/once && exit 0\ntouch .git/once\nunset GIT_INDEX_FILE\n"
    "echo theirs > theirs.txt\ngit add theirs.txt && git commit -q --no-verify -m Theirs\n"
)
OLD, NEW = b"one\n", b"two\n"
ACCEPT = (
    "import sys\nfrom nootropic_kernel.changes.accept import accept\n"
    "from nootropic_kernel.workspace.database import StateDatabase\n"
    "from nootropic_kernel.workspace.location import Workspace\n"
    "workspace = Workspace.find(sys.argv[1])\naccept(workspace, StateDatabase.open(workspace), ['P1'])\n"
)


def propose(workspace: Workspace, database: StateDatabase, path: str = "a.txt") -> None:
    edit = FileEdit(path, OLD if path == "a.txt" else None, NEW)
    ProposalStore(database, workspace).propose(build_changeset([edit], Provenance(title="Ours")))


@pytest.fixture
def proposed(workspace: Workspace, database: StateDatabase) -> Workspace:
    (workspace.root / "a.txt").write_bytes(OLD)
    git(workspace.root, "add", ".")
    git(workspace.root, "commit", "-qm", "Base")
    propose(workspace, database)
    return workspace


def subjects(root: Path) -> list[str]:
    return git(root, "log", "--format=%s", "-3").split("\n")


def test_a_commit_on_top_of_ours_stays(proposed: Workspace, database: StateDatabase) -> None:
    """Regression: HEAD was taken for ours, and a commit that landed after ours was taken off the branch."""
    hook(proposed.root, "post-commit", THEIRS)
    turn = accept(proposed, database, ["P1"])
    assert subjects(proposed.root) == ["Theirs", "Ours", "Base"]
    assert turn.commit == git(proposed.root, "rev-parse", "HEAD~1")
    assert (proposed.root / "a.txt").read_bytes() == NEW
    assert (proposed.root / "theirs.txt").read_bytes() == b"theirs\n"
    # Their index did not hold our change yet, so their commit took it out of HEAD again: that is told, and staged.
    assert any("HEAD holds a.txt in another state" in note for note in turn.notes)
    assert git(proposed.root, "status", "--porcelain") == "M  a.txt"
    again = accept(proposed, database, ["P1"])
    assert again.already and again.id == "A1"
    assert undo(proposed, database).id == "A2"
    assert (proposed.root / "a.txt").read_bytes() == OLD
    assert git(proposed.root, "status", "--porcelain") == ""


def test_a_hook_that_amends_ours(proposed: Workspace, database: StateDatabase) -> None:
    amend = 'git commit -q --amend --no-verify -m "[ok] $(git log -1 --format=%B)"\n'
    hook(proposed.root, "post-commit", "test -e .git/once && exit 0\ntouch .git/once\n" + amend)
    turn = accept(proposed, database, ["P1"])
    assert subjects(proposed.root)[:2] == ["[ok] Ours", "Base"]
    assert turn.commit == git(proposed.root, "rev-parse", "HEAD")
    assert git(proposed.root, "status", "--porcelain") == ""


@pytest.mark.parametrize("body", ["", THEIRS])
def test_a_hook_that_writes_the_message_anew(proposed: Workspace, database: StateDatabase, body: str) -> None:
    hook(proposed.root, "commit-msg", 'echo Plain > "$1"\n')
    hook(proposed.root, "post-commit", body)
    turn = accept(proposed, database, ["P1"])
    assert turn.commit is not None
    assert git(proposed.root, "log", "-1", "--format=%B", turn.commit).strip() == "Plain"
    assert git(proposed.root, "show", f"{turn.commit}:a.txt") == "two"
    assert subjects(proposed.root)[0] == ("Theirs" if body else "Plain")


def test_words_of_a_hook_after_the_trailers_hide_nothing(proposed: Workspace, database: StateDatabase) -> None:
    hook(proposed.root, "commit-msg", "printf '\\nSeen by a hook\\n' >> \"$1\"\n")
    hook(proposed.root, "post-commit", THEIRS)
    assert accept(proposed, database, ["P1"]).commit == git(proposed.root, "rev-parse", "HEAD~1")


def test_a_hooks_files_under_a_commit_of_somebody_elses(proposed: Workspace, database: StateDatabase) -> None:
    """It cannot be taken back without dropping theirs: the turn stands as Git has it, and the refusal says so."""
    hook(proposed.root, "pre-commit", "echo x > extra.txt; git add extra.txt\n")
    hook(proposed.root, "post-commit", THEIRS)
    with pytest.raises(CommitRefused, match=r"could not be taken back.*added extra\.txt") as refusal:
        accept(proposed, database, ["P1"])
    assert subjects(proposed.root) == ["Theirs", "Ours", "Base"]
    (turn,) = turns(database)
    assert turn.commit == refusal.value.data["commit"] == git(proposed.root, "rev-parse", "HEAD~1")
    assert (proposed.root / "a.txt").read_bytes() == NEW


@pytest.mark.parametrize("on_top", [False, True])
def test_a_commit_between_our_reading_and_ours(proposed: Workspace, on_top: bool) -> None:
    """Ours would take theirs back: it goes, unless somebody built on it already."""
    root = proposed.root
    base = git(root, "rev-parse", "HEAD")
    (root / "between.txt").write_text("between\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Between")
    if on_top:
        hook(root, "post-commit", THEIRS)
    proposed.ensure()
    repository = Repository(root, proposed.state_dir)
    entry = Entry(repository.store(NEW))
    with pytest.raises(CommitRefused) as refusal:
        repository.commit({"a.txt": entry}, "Ours\n\nNootropic-Turn: A1\n", base)
    assert subjects(root)[:3] == (["Theirs", "Ours", "Between"] if on_top else ["Between", "Base", "Start"])
    assert ("commit" in refusal.value.data) is on_top
    assert ("takes between.txt back" in refusal.value.why) is on_top


def test_a_commit_that_a_hook_throws_away(proposed: Workspace, database: StateDatabase) -> None:
    hook(proposed.root, "post-commit", "unset GIT_INDEX_FILE\ngit reset -q --hard HEAD~1\n")
    with pytest.raises(CommitRefused, match="gone from the branch"):
        accept(proposed, database, ["P1"])
    assert (proposed.root / "a.txt").read_bytes() == OLD
    assert git(proposed.root, "status", "--porcelain") == ""
    assert turns(database) == []


def test_another_worktrees_turn_of_the_same_number(proposed: Workspace, database: StateDatabase) -> None:
    """Regression: killed before its commit, A1 of one worktree was called done by the commit of another's A1."""
    other = proposed.root.parent / "other"
    git(proposed.root, "worktree", "add", "-q", "-b", "other", str(other))
    second = Workspace.find(other)
    opened = StateDatabase.open(second)
    propose(second, opened, "b.txt")
    assert accept(proposed, database, ["P1"]).id == "A1"
    kill = hook(proposed.root, "pre-commit", "kill -9 $(ps -o ppid= -p $PPID) $PPID\nexit 1\n")
    ended = subprocess.run([sys.executable, "-c", ACCEPT, str(other)], check=False)
    assert ended.returncode == -9 and (other / "b.txt").read_bytes() == NEW
    kill.unlink()
    recover(second, opened)
    assert turns(opened) == [] and not (other / "b.txt").exists()
    assert git(other, "status", "--porcelain") == ""
    turn = accept(second, opened, ["P1"])
    assert (turn.id, turn.commit) == ("A1", git(other, "rev-parse", "HEAD"))
    ids = [
        git(root, "log", "-1", "--format=%(trailers:key=Nootropic-Id,valueonly)").strip()
        for root in (proposed.root, other)
    ]
    assert len(set(ids)) == 2 and all(ids)
    opened.close()


def test_killed_after_its_commit_which_is_rebased_then(proposed: Workspace, database: StateDatabase) -> None:
    root = proposed.root
    kill = hook(root, "post-commit", "kill -9 $(ps -o ppid= -p $PPID) $PPID\n")
    assert subprocess.run([sys.executable, "-c", ACCEPT, str(root)], check=False).returncode == -9
    kill.unlink()
    ours = git(root, "rev-parse", "HEAD")
    git(root, "reset", "-q", "--hard", "HEAD~1")
    git(root, "commit", "-q", "--allow-empty", "-m", "Theirs")
    git(root, "cherry-pick", ours)
    recover(proposed, database)
    (turn,) = turns(database)
    assert turn.commit == git(root, "rev-parse", "HEAD") != ours
    assert (root / "a.txt").read_bytes() == NEW
    assert git(root, "status", "--porcelain") == ""
