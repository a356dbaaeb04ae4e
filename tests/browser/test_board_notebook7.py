"""Notebook 7 shows the same board in a cell's output, and a person works with it there."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.browser.lab import Lab
from tests.browser.test_board import BRIEF, act, column
from tests.conftest import git

pytestmark = pytest.mark.browser


@pytest.fixture
def notebook(repo: Path) -> str:
    """A notebook that plans, with an empty cell below."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (f"%%noo plan\n{BRIEF}", "")],
        metadata={"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}},
    )
    nbformat.write(made, repo / "work.ipynb")
    return "work.ipynb"


def test_a_plan_is_a_board_in_notebook_7(lab: Lab, repo: Path, notebook: str) -> None:
    page = lab.page
    # Notebook's own shortcuts hear of settings before they have read theirs, with and without this extension.
    lab.refusals.append("reading 'schema'")
    page.goto(lab.address.replace("/lab?", f"/notebooks/{notebook}?"))
    assert lab.kernel() == "nootropic"
    page.locator(".jp-Cell .cm-content").first.click()
    page.keyboard.press("Control+Enter")
    board = page.locator(".noo-plan")
    expect(column(board, "ready", "T1")).to_be_visible()
    lab.picture("board-notebook7")
    act(board, "T1", "Move to Deferred")
    expect(board.locator(".noo-board-line")).to_contain_text("T1 → Deferred")
    expect(column(board, "deferred", "T1")).to_be_visible()
    assert git(repo, "log", "-1", "--format=%s").startswith("Task T1 is deferred")
    assert serious(page, ".noo-plan") == []
