"""Plan, run, review, commit: the path of a person through JupyterLab."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.journal import events
from nootropic_kernel.workspace.location import Workspace
from tests.browser.lab import Lab
from tests.conftest import git

pytestmark = pytest.mark.browser

BRIEF = "Build a Python library for posts with comments and tags; store them as files."


@pytest.fixture
def notebook(repo: Path) -> str:
    """A notebook that plans and runs a task."""
    cells = [
        nbformat.v4.new_code_cell(f"%%noo plan\n{BRIEF}"),
        nbformat.v4.new_code_cell("%noo run --count 2"),
        nbformat.v4.new_code_cell("%noo board"),
    ]
    made = nbformat.v4.new_notebook(
        cells=cells,
        metadata={"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}},
    )
    nbformat.write(made, repo / "work.ipynb")
    git(repo, "add", "work.ipynb")
    git(repo, "commit", "-qm", "A notebook to work in")
    return "work.ipynb"


def test_from_a_brief_to_a_commit(lab: Lab, repo: Path, workspace: Workspace, notebook: str) -> None:
    assert lab.open_notebook(notebook) == "nootropic"

    # A plan shows itself as a board, a graph and a critical path.
    plan = lab.run_cell(0).locator(".noo-plan")
    expect(plan.locator(".noo-card").first).to_be_visible()
    assert plan.locator(".noo-card").count() >= 4
    expect(plan.locator(".noo-graph .noo-link.noo-mod-critical").first).to_be_attached()
    expect(plan.locator(".noo-path li").first).to_be_visible()
    assert (repo / "project-spec.md").is_file()
    lab.picture("plan-light")

    # Two tasks become proposals; nothing is written yet.
    head = git(repo, "rev-parse", "HEAD")
    proposals = lab.run_cell(1).locator(".noo-proposal")
    expect(proposals).to_have_count(2)
    proposal = proposals.first
    pending = proposal.locator('.noo-hunk[data-state="pending"]')
    expect(pending.first).to_be_visible()
    accept = pending.first.get_by_role("button", name="Accept")
    expect(accept).to_be_enabled()
    hunks = pending.count()
    assert git(repo, "rev-parse", "HEAD") == head
    lab.picture("proposal-light", proposal)

    # One hunk is accepted with a click.
    ref = pending.first.get_attribute("data-ref")
    assert ref is not None
    accept.click()
    accepted = proposal.locator(f'.noo-hunk[data-ref="{ref}"]')
    expect(accepted).to_have_attribute("data-state", "accepted")
    expect(pending).to_have_count(hunks - 1)
    lab.show(lab.cell(1))
    lab.picture("review-light")
    lab.picture("accepted-light", proposal)

    # Git, the files, the store and the journal tell the same.
    message = git(repo, "log", "-1", "--format=%B")
    name, number = ref.split(":")
    assert f"Nootropic-Proposal: {name}" in message
    assert "Nootropic-Task: T" in message
    database = StateDatabase.open(workspace)
    try:
        stored = ProposalStore(database, workspace).get(name)
        hunk = stored.changeset.hunk(int(number))
        assert hunk is not None and hunk.state.in_tree
        assert git(repo, "show", "--name-only", "--format=", "HEAD").split() == [hunk.path]
        text = (repo / hunk.path).read_text()
        assert hunk.new.strip() and all(line in text for line in hunk.new.splitlines() if hunk.kind == "text")
        with database.read() as connection:
            assert any(name in json.dumps([event.subject, event.data]) for event in events(connection))
    finally:
        database.close()

    # The board in the other cell has followed.
    lab.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0 }")
    card = plan.locator(f'.noo-card[data-task="{stored.task}"]')
    expect(card).not_to_have_attribute("data-status", "ready")

    # Both themes.
    lab.picture("plan-part-light", plan)
    lab.theme("JupyterLab Dark")
    lab.picture("review-dark")
    lab.picture("plan-part-dark", plan)
    lab.picture("proposal-dark", proposal)
