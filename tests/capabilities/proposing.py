"""Proposals of every size for tests of how they are reviewed."""

from __future__ import annotations

from typing import Any

from nootropic_kernel.capabilities.base import Result, Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import CheckResult, Proposal, ProposalStore
from tests.conftest import git


def call(session: Session, verb: str, **arguments: Any) -> Result:
    """Call a verb as every face does."""
    return invoke(verb, arguments, session)


def commit(session: Session, files: dict[str, bytes]) -> None:
    """Write files and commit them."""
    root = session.workspace.root
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    git(root, "add", ".")
    git(root, "commit", "-qm", "Files")


def propose(session: Session, *edits: FileEdit, **about: Any) -> Proposal:
    """Keep a change for review."""
    checks = about.pop("checks", [CheckResult("tests", True, "5 passed")])
    provenance = Provenance(**{"title": "A change", "task": "T1", **about})
    return ProposalStore(session.database(), session.workspace).propose(
        build_changeset(edits, provenance), checks=checks
    )


def numbers(hunks: int, word: str = "value") -> bytes:
    """A file whose lines can change in so many places that do not touch."""
    return (
        "".join(f"def f{k}(value):\n    return value + {k}\n\n\n\n\n\n" for k in range(hunks))
        .encode()
        .replace(b"value +", f"{word} +".encode())
    )


def propose_many(session: Session, files: int, hunks: int) -> Proposal:
    """A proposal of ``files`` files with ``hunks`` hunks each."""
    names = [f"pkg/m{k:02}.py" for k in range(files)]
    commit(session, {name: numbers(hunks) for name in names})
    edits = [FileEdit(name, numbers(hunks), numbers(hunks, "other")) for name in names]
    return propose(session, *edits, title="Many")
