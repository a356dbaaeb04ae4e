"""What else lies open in JupyterLab: tabs follow a change, unsaved edits are safe, verbs run as commands."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.browser.lab import Lab, becomes
from tests.conftest import git

pytestmark = pytest.mark.browser

OLD = '''"""Books and how to sort them."""


def by_title(books: list[str]) -> list[str]:
    return sorted(books)


def longest(books: list[str]) -> str:
    return max(books, key=len)


def shortest(books: list[str]) -> str:
    return min(books, key=len)
'''
NEW = OLD.replace("sort them", "sort them by title").replace("key=len)\n\n\ndef sh", 'key=len, default="")\n\n\ndef sh')


@pytest.fixture
def notebook(repo: Path) -> str:
    """A notebook that shows the first proposal."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("%noo show P1")],
        metadata={"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}},
    )
    nbformat.write(made, repo / "review.ipynb")
    (repo / "shelf" / "books.py").write_text(OLD)
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "More books")
    return "review.ipynb"


@pytest.fixture
def proposal(notebook: str, workspace: Workspace) -> str:
    """A proposal with two hunks in a file."""
    edit = FileEdit("shelf/books.py", OLD.encode(), NEW.encode())
    checks = [CheckResult("compiles", True), CheckResult("tests", None, "no sandbox here")]
    database = StateDatabase.open(workspace)
    try:
        changes = build_changeset([edit], Provenance(title="Bear an empty shelf", how="person"))
        made = ProposalStore(database, workspace).propose(changes, checks=checks)
        assert len(made.changeset.hunks) == 2
        return made.id
    finally:
        database.close()


_TEXT = """path => {
  const widget = [...window.jupyterapp.shell.widgets('main')].find(item => item.context?.path === path);
  return widget?.context.model.sharedModel.getSource() ?? null;
}"""


def test_open_tabs_follow_and_unsaved_edits_are_safe(lab: Lab, repo: Path, notebook: str, proposal: str) -> None:
    file = "shelf/books.py"
    lab.refusals.append("/nootropic/api/capabilities/accept?")
    lab.open_notebook(notebook)
    shown = lab.run_cell(0).locator(".noo-proposal")
    lab.page.evaluate(
        """async path => {
          const { commands } = window.jupyterapp;
          await commands.execute('docmanager:open', { path, options: { mode: 'split-right' } });
        }""",
        file,
    )
    lab.page.wait_for_function(f"path => ({_TEXT})(path) !== null", arg=file)

    first = shown.locator(f'.noo-hunk[data-ref="{proposal}:1"]')
    second = shown.locator(f'.noo-hunk[data-ref="{proposal}:2"]')
    first.get_by_role("button", name="Accept").click()
    expect(first).to_have_attribute("data-state", "accepted")
    becomes(lab.page, _TEXT, OLD.replace("sort them", "sort them by title"), file)
    lab.picture("tabs-light")

    # Now the tab holds an edit of the person's own, at the very line that the second hunk wants to change.
    lab.page.locator(".jp-FileEditor .cm-line", has_text="return max").click()
    lab.page.keyboard.press("End")
    lab.page.keyboard.type("  # mine")
    mine = lab.page.evaluate(_TEXT, file)
    assert "key=len)  # mine" in mine
    head = git(repo, "rev-parse", "HEAD")
    second.get_by_role("button", name="Accept").click()
    refusal = shown.get_by_role("alert")
    expect(refusal).to_contain_text(file)
    expect(second).to_have_attribute("data-state", "pending")
    assert git(repo, "rev-parse", "HEAD") == head
    assert lab.page.evaluate(_TEXT, file) == mine
    lab.picture("unsaved-light", shown)

    second.get_by_role("button", name="Reject").click()
    expect(second).to_have_attribute("data-state", "rejected")


def test_verbs_are_commands(lab: Lab, notebook: str, proposal: str) -> None:
    lab.open_notebook(notebook)
    lab.has("nootropic:show")
    described = lab.page.evaluate("async () => (await window.jupyterapp.commands.describedBy('nootropic:show')).args")
    assert described["properties"]["id"]["type"] == "string"

    # What is missing is asked for in a tab of its own, never in a dialog.
    lab.command("nootropic:show")
    panel = lab.page.locator(".noo-verb")
    panel.locator("input[name=id]").fill(proposal)
    lab.picture("command-light")
    panel.get_by_role("button", name="Run").click()
    expect(panel.locator(".noo-hunk").first).to_be_visible()
    assert lab.page.locator(".jp-Dialog").count() == 0
    lab.picture("command-answer-light")

    # A decision is a person's: the command alone decides nothing.
    lab.command("nootropic:reject", refs=[proposal])
    asked = lab.page.locator(".noo-verb").filter(has=lab.page.locator("textarea[name=refs]"))
    expect(asked.locator("textarea")).to_have_value(proposal)
    asked.get_by_role("button", name="Run").click()
    expect(asked.locator(".noo-answer")).to_contain_text(proposal)
    lab.theme("JupyterLab Dark")
    lab.picture("command-dark")
