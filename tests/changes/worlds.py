"""What the tests of decisions share: a file of many lines, proposals on it, and what Git holds."""

from __future__ import annotations

import subprocess
from pathlib import Path

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import Proposal, ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

TEXT = "".join(f"line {k}\n" for k in range(1, 31)).encode()


def changed(*numbers: int, base: bytes = TEXT, mark: bytes = b"changed") -> bytes:
    """The text with these lines changed, far enough apart to be hunks of their own."""
    for number in numbers:
        base = base.replace(b"line %d\n" % number, mark + b" %d\n" % number)
    return base


def commit_file(workspace: Workspace, path: str, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file and commit it."""
    file = workspace.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    file.chmod(mode)
    git(workspace.root, "add", "--", path)
    git(workspace.root, "commit", "-qm", f"Add {path}")


def store_with_text(workspace: Workspace, database: StateDatabase) -> ProposalStore:
    """A store over a repository that holds `TEXT` as a.txt."""
    commit_file(workspace, "a.txt", TEXT)
    return ProposalStore(database, workspace)


def propose(store: ProposalStore, *edits: FileEdit, task: str | None = "T3", title: str = "Change lines") -> Proposal:
    """Propose edits."""
    return store.propose(build_changeset(edits, Provenance(task=task, title=title, how="recipe:test")))


def states(store: ProposalStore, proposal: str = "P1") -> list[str]:
    """The states of a proposal's hunks."""
    return [hunk.state.value for hunk in store.get(proposal).changeset.hunks]


def head_file(root: Path, path: str = "a.txt") -> bytes:
    """What HEAD holds of a file."""
    return subprocess.run(["git", "show", f"HEAD:{path}"], cwd=root, check=True, capture_output=True).stdout


def commits(root: Path) -> int:
    """How many commits there are."""
    return int(git(root, "rev-list", "--count", "HEAD"))


def two_hunks(store: ProposalStore, **options: str) -> Proposal:
    """Propose to change lines 5 and 25 of `TEXT`."""
    return propose(store, FileEdit("a.txt", TEXT, changed(5, 25)), **options)


def hook(root: Path, name: str, body: str) -> Path:
    """Give a repository a hook for the shell."""
    file = root / ".git" / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("#!/bin/sh\n" + body)
    file.chmod(0o755)
    return file
