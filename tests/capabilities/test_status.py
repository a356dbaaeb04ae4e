"""`status` tells where the workspace stands, and makes nothing of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.status import StatusResult
from nootropic_kernel.changes.accept import accept
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.planning.model import Epic, How, Plan, Story, Task
from nootropic_kernel.planning.spec import file as spec_file
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.plugin_folders import write_greeter
from tests.conftest import git


def status(workspace: Workspace) -> StatusResult:
    session = Session(workspace=workspace)
    try:
        result = invoke("status", {}, session)
    finally:
        session.close()
    assert isinstance(result, StatusResult)
    return result


def provenance(title: str, task: str | None = None) -> Provenance:
    return Provenance(task=task, title=title, how="person")


@pytest.mark.usefixtures("no_embedded_model")
def test_a_fresh_repository(workspace: Workspace) -> None:
    found = status(workspace)
    assert found.branch == "main" and found.head == git(workspace.root, "rev-parse", "HEAD")
    assert found.plan is None and not found.proposals and found.last_turn is None and not found.problems
    assert not found.model.ready and "noo models pull" in found.model.next
    assert "`noo plan` makes one" in found.text()
    assert not (workspace.state_dir / "state.db").exists()


def test_proposals_and_the_last_turn(workspace: Workspace, database: StateDatabase) -> None:
    store = ProposalStore(database, workspace)
    readme = (workspace.root / "README.md").read_bytes()
    first = store.propose(build_changeset([FileEdit("README.md", readme, readme + b"More.\n")], provenance("Readme")))
    turn = accept(workspace, database, [first.id])
    second = store.propose(build_changeset([FileEdit("notes.md", None, b"Notes.\n")], provenance("Notes")))
    found = status(workspace)
    assert [(p.id, p.title, p.pending) for p in found.proposals] == [(second.id, "Notes", 1)]
    assert found.last_turn is not None
    assert found.last_turn.id == turn.id and found.last_turn.commit == turn.commit
    assert f"last turn  {turn.id} (accept of {first.id}" in found.text()


def test_plan_progress(workspace: Workspace) -> None:
    how = How("person")
    tasks = (
        Task("T1", "S1", "add", "One", how, status="done"),
        Task("T2", "S1", "add", "Two", how, status="ready"),
    )
    plan = Plan(
        "plan",
        "Shelf",
        "Sort books.",
        "python-library",
        epics=(Epic("E1", "Shelf"),),
        stories=(Story("S1", "E1", "Sorted"),),
        tasks=tasks,
    )
    (workspace.root / "project-spec.md").write_text(spec_file.dump(plan))
    found = status(workspace).plan
    assert found is not None and (found.done, found.total) == (1, 2)
    assert found.states == {"done": 1, "ready": 1}


def test_what_is_wrong_is_said(workspace: Workspace, person_home: Path, tmp_path: Path) -> None:
    person_home.mkdir()
    (person_home / "config.json").write_text("{broken")
    (workspace.root / "project-spec.md").write_text("---\nschema: nootropic-plan/1\n# cut off\n")
    write_greeter(workspace.root, tmp_path / "marker")
    found = status(workspace)
    assert any("not valid JSON" in problem for problem in found.problems)
    assert any(problem.startswith("project-spec.md") for problem in found.problems)
    assert found.untrusted == ["greeter"] and "noo plugin trust greeter" in found.text()


def test_no_repository(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    found = status(Workspace.find(plain))
    assert found.branch is None and found.notes


def test_no_commit_yet_and_a_detached_head(tmp_path: Path, workspace: Workspace) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert "without a commit yet" in status(Workspace.find(empty)).text()
    git(workspace.root, "checkout", "-q", "--detach")
    assert "detached at" in status(workspace).text()
