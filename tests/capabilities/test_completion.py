"""Ids complete from what the workspace holds, read only."""

from __future__ import annotations

import pytest

from nootropic_kernel.capabilities import completion
from nootropic_kernel.capabilities.parameters import Parameter
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.changes.accept import accept
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace


def values(workspace: Workspace, complete: str, current: str = "") -> list[str]:
    registry = load_registry(workspace)
    completing = completion._Completion(workspace, registry, registry.entry("plugin"))
    parameter = Parameter("ref", "string", position=0, complete=complete)
    return [candidate.text for candidate in completing.values(parameter, current)]


def test_nothing_is_created_where_there_is_nothing(workspace: Workspace) -> None:
    assert values(workspace, "proposal") == [] and values(workspace, "turn") == [] and values(workspace, "task") == []
    assert not workspace.state_dir.exists()


def test_proposals_hunks_and_turns(workspace: Workspace, database: StateDatabase) -> None:
    path = workspace.root / "README.md"
    base = path.read_bytes()
    store = ProposalStore(database, workspace)
    changeset = build_changeset(
        [FileEdit("README.md", base, b"# The shelf\n\nA small shelf of books.\nMore.\n")],
        Provenance(task="T1", title="Readme", how="person"),
    )
    proposal = store.propose(changeset)
    assert values(workspace, "proposal") == [proposal.id]
    assert values(workspace, "proposal", "P1:") == [f"P1:{hunk.number}" for hunk in proposal.changeset.hunks]
    turn = accept(workspace, database, [proposal.id])
    assert values(workspace, "turn") == [turn.id]
    assert values(workspace, "task, proposal, turn") == [proposal.id, turn.id]


def test_tasks_come_from_the_plan_on_disk(workspace: Workspace) -> None:
    (workspace.root / "project-spec.md").write_text("### T2 · b\n### T10 · c\n### T1 · a\ndepends_on: [T1]\n")
    assert values(workspace, "task") == ["T1", "T2", "T10"]
    assert values(workspace, "task", "T1") == ["T1", "T10"]


def test_paths_go_on_below_a_folder(workspace: Workspace) -> None:
    assert values(workspace, "path") == ["README.md", "shelf/", "tests/"]
    assert values(workspace, "path", "shelf/b") == ["shelf/books.py"]
    assert values(workspace, "folder", "s") == ["shelf/"]
    assert ".git/" not in values(workspace, "path", ".")
    assert values(workspace, "path", "no/such") == []


@pytest.mark.parametrize(("complete", "expected"), [("verb", "plugin"), ("recipe", "python.rename")])
def test_names(workspace: Workspace, complete: str, expected: str) -> None:
    assert expected in values(workspace, complete)
