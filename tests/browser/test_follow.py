"""Views and open files follow what is decided in a cell, or in another view."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.browser.lab import Lab
from tests.conftest import git

pytestmark = pytest.mark.browser

FILE = "shelf/books.py"
_SOURCE = """path => {
  const widget = [...window.jupyterapp.shell.widgets('main')].find(item => item.context?.path === path);
  return widget?.context.model.sharedModel.getSource() ?? null;
}"""


@pytest.fixture
def notebook(repo: Path, workspace: Workspace) -> str:
    """A notebook that shows P1 (two hunks), accepts the first in a cell, and shows it again."""
    cells = ["%noo show P1", "%noo accept P1:1", "%noo show P1"]
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}},
    )
    nbformat.write(made, repo / "follow.ipynb")
    git(repo, "add", "follow.ipynb")
    git(repo, "commit", "-qm", "A notebook to decide in")
    base = (repo / FILE).read_bytes()
    new = base.replace(b"Books and how", b"Books, and how").replace(b"sorted(books)", b"sorted(set(books))")
    database = StateDatabase.open(workspace)
    try:
        changes = build_changeset([FileEdit(FILE, base, new)], Provenance(title="Sort a set", how="person"))
        assert len(ProposalStore(database, workspace).propose(changes).changeset.hunks) == 2
    finally:
        database.close()
    return "follow.ipynb"


def test_views_and_files_follow_a_cell_and_one_another(lab: Lab, notebook: str) -> None:
    lab.open_notebook(notebook)
    first = lab.run_cell(0).locator(".noo-proposal")
    expect(first.get_by_role("button", name="Accept hunk P1:1")).to_be_enabled()
    lab.page.evaluate(
        """async path => {
          const { commands, shell } = window.jupyterapp;
          const notebook = shell.currentWidget;
          await commands.execute('docmanager:open', { path, options: { mode: 'split-right' } });
          shell.activateById(notebook.id);
        }""",
        FILE,
    )
    lab.page.wait_for_function(f"path => ({_SOURCE})(path)?.includes('Books and how')", arg=FILE)

    # Typed in a cell: the view above and the open file follow.
    lab.run_cell(1)
    expect(first.locator('.noo-hunk[data-ref="P1:1"]')).to_have_attribute("data-state", "accepted")
    lab.page.wait_for_function(f"path => ({_SOURCE})(path)?.includes('Books, and how')", arg=FILE)
    assert lab.cell(1).locator(".jp-OutputArea code").first.text_content() == "undo A1"

    # A click in one view shows in the other; what was rejected can be accepted again, and undo says what it takes back.
    second = lab.run_cell(2).locator(".noo-proposal")
    second.get_by_role("button", name="Reject hunk P1:2").click()
    for view in (first, second):
        expect(view.locator('.noo-hunk[data-ref="P1:2"]')).to_have_attribute("data-state", "rejected")
    undo = second.get_by_role("button", name="Undo A1: take P1:1 back")
    expect(undo).to_have_text("Undo A1: P1:1")
    second.locator(".noo-origin summary").click()
    lab.picture("rejected-light", second)
    first.get_by_role("button", name="Accept hunk P1:2").click()
    for view in (first, second):
        expect(view.locator('.noo-hunk[data-ref="P1:2"]')).to_have_attribute("data-state", "accepted")
    expect(second.locator(".noo-origin")).to_have_attribute("open", "")
    lab.picture("follow-light")
