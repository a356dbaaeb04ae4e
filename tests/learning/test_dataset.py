"""Accepted hunks become training rows; others never do."""

from __future__ import annotations

from nootropic_kernel.changes.accept import accept, reject, undo
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.learning.dataset import rows_of
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace


def test_rows_follow_the_decisions(workspace: Workspace, database: StateDatabase) -> None:
    base = b"# Shelf\n" + b"A line.\n" * 20
    new = b"# My shelf\n" + b"A line.\n" * 20 + b"End.\n"
    (workspace.root / "README.md").write_bytes(base)
    Git(workspace.root).run("commit", "-qam", "More lines")
    store = ProposalStore(database, workspace)
    told = Provenance(task="T1", title="Say whose shelf", how="model", model="m", prompt="p", prompt_version="1")
    edits = [FileEdit("README.md", base, new), FileEdit("new.txt", None, b"x\n")]
    checks = (CheckResult("tests", True, "1 passed", "pytest"),)
    store.propose(build_changeset(edits, told), checks=checks)
    assert rows_of(store.list()) == []

    accept(workspace, database, ["P1:1"])
    reject(workspace, database, ["P1/new.txt"])
    (row,) = rows_of(store.list())
    assert (row.ref, row.completion, row.edited, row.tests_passed) == ("P1:1", "# My shelf\n", False, True)
    assert row.prompt.startswith("Say whose shelf\n\nFile README.md") and row.prompt.endswith("# Shelf\n")
    assert row.document()["task"] == "T1"

    undo(workspace, database, None)
    assert rows_of(store.list()) == []
