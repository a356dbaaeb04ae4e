"""Hooks and signers that misbehave: their refusal is shown, and the commit holds what was accepted or is not made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nootropic_kernel.changes.accept import accept, undo
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.commit import CommitRefused
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.changes.turns import turns
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, head_file, propose, store_with_text
from tests.conftest import git

pytestmark = pytest.mark.slow


@pytest.fixture
def proposed(workspace: Workspace, database: StateDatabase) -> ProposalStore:
    store = store_with_text(workspace, database)
    propose(store, FileEdit("a.txt", TEXT, changed(5)))
    return store


def hook(store: ProposalStore, name: str, text: str) -> Path:
    file = store.workspace.root / ".git" / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


def refused(store: ProposalStore, words: str, *, shown: str = "") -> CommitRefused:
    """Accepting is refused with these words, and everything is as it was."""
    root = store.workspace.root
    head, before = git(root, "rev-parse", "HEAD"), (root / "a.txt").read_bytes()
    with pytest.raises(CommitRefused, match=words) as caught:
        accept(store.workspace, store.database, ["P1"])
    assert git(root, "rev-parse", "HEAD") == head
    assert (root / "a.txt").read_bytes() == before
    assert git(root, "status", "--porcelain") == shown
    assert turns(store.database) == []
    return caught.value


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("pre-commit", "#!/bin/sh\nprintf '\\377\\000\\033[31mno' >&2; exit 1\n", "no"),
        ("pre-commit", "#!/nowhere/at/all\n", "cannot run"),
        ("pre-commit", "#!/bin/sh\nkill -9 $PPID\n", "ended with -9"),
        ("pre-commit", "#!/bin/sh\necho more >> a.txt; exit 1\n", "ended with 1"),
        ("pre-commit", "#!/bin/sh\nrm a.txt; exit 1\n", "ended with 1"),
        ("prepare-commit-msg", "#!/bin/sh\necho not today; exit 3\n", "not today"),
        ("commit-msg", '#!/bin/sh\n: > "$1"\n', "empty commit message"),
        ("pre-commit", "#!/bin/sh\ngit read-tree HEAD\n", r"took what was accepted out.*lacks a\.txt"),
        ("pre-commit", "#!/bin/sh\necho x > n.txt; git add n.txt; rm n.txt\n", r"other files.*added n\.txt"),
    ],
    ids=["garbage", "no interpreter", "kills git", "edits", "deletes", "prepare", "no words", "empties", "adds"],
)
def test_a_hook_that_refuses_or_spoils_the_commit(proposed: ProposalStore, name: str, text: str, words: str) -> None:
    hook(proposed, name, text)
    refused(proposed, words)


def test_hooks_are_found_where_the_repository_keeps_them(proposed: ProposalStore, tmp_path: Path) -> None:
    file = hook(proposed, "pre-commit", "#!/bin/sh\necho from afar; exit 1\n")
    file.rename(tmp_path / "pre-commit")
    git(proposed.workspace.root, "config", "core.hooksPath", str(tmp_path))
    refused(proposed, "from afar")


def test_a_hook_puts_no_lines_of_the_persons_own_into_the_commit(proposed: ProposalStore) -> None:
    """Regression: `git add` of the accepted file, as formatting hooks do, committed the person's own lines too."""
    root = proposed.workspace.root
    own = TEXT.replace(b"line 28\n", b"own 28\n")
    (root / "a.txt").write_bytes(own)
    hook(proposed, "pre-commit", "#!/bin/sh\ngit add a.txt\n")
    refused(proposed, r"lines of your own.*a\.txt", shown=" M a.txt")
    git(root, "commit", "-qam", "Own")
    turn = accept(proposed.workspace, proposed.database, ["P1"])
    assert turn.commit is not None and head_file(root) == changed(5, base=own)


def test_a_hook_may_format_beside_lines_of_the_persons_own(proposed: ProposalStore) -> None:
    root = proposed.workspace.root
    (root / "a.txt").write_bytes(TEXT.replace(b"line 28\n", b"own 28\n"))
    format_index = (
        "#!/bin/sh\nblob=$(git cat-file blob :a.txt | sed 's/changed 5/formatted 5/' | git hash-object -w --stdin)\n"
        "git update-index --cacheinfo 100644,$blob,a.txt\n"
    )
    hook(proposed, "pre-commit", format_index)
    accept(proposed.workspace, proposed.database, ["P1"])
    assert head_file(root) == changed(5).replace(b"changed 5", b"formatted 5")
    assert b"own 28\n" in (root / "a.txt").read_bytes()


def test_what_a_hook_leaves_running_is_not_waited_for(proposed: ProposalStore) -> None:
    """Regression: a server that a hook started held the output and the lock; every later decision waited for it."""
    file = hook(proposed, "post-commit", "#!/bin/sh\nsleep 300 &\necho $! > .git/left-running\n")
    workspace, database = proposed.workspace, proposed.database
    accept(workspace, database, ["P1"])
    running = (workspace.root / ".git" / "left-running").read_text().strip()
    try:
        file.unlink()
        assert undo(workspace, database).id == "A2"
        assert Path(f"/proc/{running}").exists() or subprocess.run(["kill", "-0", running], check=False).returncode == 0
    finally:
        subprocess.run(["kill", running], check=True)


def test_commits_are_signed_as_the_person_set_it(proposed: ProposalStore, tmp_path: Path) -> None:
    root = proposed.workspace.root
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text()
    (tmp_path / "allowed").write_text(f"ada@example.org {public}")
    for name, value in {
        "gpg.format": "ssh",
        "commit.gpgsign": "true",
        "gpg.ssh.allowedSignersFile": str(tmp_path / "allowed"),
    }.items():
        git(root, "config", name, value)
    git(root, "config", "user.signingkey", str(tmp_path / "nowhere.pub"))
    assert "nowhere.pub" in refused(proposed, "refused the commit").why
    git(root, "config", "user.signingkey", f"{key}.pub")
    accept(proposed.workspace, proposed.database, ["P1"])
    undo(proposed.workspace, proposed.database)
    assert git(root, "log", "-2", "--format=%G? %s").split("\n") == ["G Undo: Change lines", "G Change lines"]
