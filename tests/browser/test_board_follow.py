"""The board follows another tab, an editor and a reload; what is unsaved in an editor is not overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.workspace.location import Workspace
from tests.browser.lab import Lab
from tests.browser.test_board import BRIEF, PANEL, act, board_of, card, column
from tests.conftest import git

pytestmark = pytest.mark.browser

_OPEN = """async path => {
  const widget = await window.jupyterapp.commands.execute('docmanager:open', {
    path,
    options: { mode: 'split-right' }
  });
  await widget.context.ready;
}"""
_SAVE = """async path => {
  const widget = [...window.jupyterapp.shell.widgets('main')].find(item => item.context?.path === path);
  await widget.context.save();
}"""
_REWRITE = """([path, old, new_]) => {
  const widget = [...window.jupyterapp.shell.widgets('main')].find(item => item.context?.path === path);
  const { editor } = widget.content;
  const start = editor.model.sharedModel.getSource().indexOf(old);
  editor.setSelection({ start: editor.getPositionAt(start), end: editor.getPositionAt(start + old.length) });
  editor.replaceSelection(new_);
  return start >= 0;
}"""


@pytest.fixture
def planned(repo: Path, workspace: Workspace) -> Path:
    """A repository with a plan."""
    session = Session(workspace)
    try:
        plan(PlanParams(brief=BRIEF, amend=False), session)
    finally:
        session.close()
    return repo


def test_tabs_editors_and_a_reload(lab: Lab, planned: Path) -> None:
    page = lab.page
    lab.refusals.append("/nootropic/api/capabilities/task?")
    lab.open("nootropic:open-board")
    board = board_of(lab)

    # Two tabs follow each other, without a click.
    other = lab.window("other", "nootropic:open-board")
    other.evaluate("() => void window.jupyterapp.commands.execute('nootropic:open-board')")
    second = other.locator(PANEL)
    expect(column(second, "ready", "T1")).to_be_visible()
    act(board, "T1", "Move to Deferred")
    expect(column(second, "deferred", "T1")).to_be_visible()
    act(second, "T1", "Move to Ready")
    expect(column(board, "ready", "T1")).to_be_visible()
    other.close()
    page.bring_to_front()

    # An edit of the file in a tab appears when it is saved; before that, nothing is written over it.
    page.evaluate(_OPEN, FILE_NAME)
    title = card(board, "T3").locator(".noo-card-title").text_content()
    assert title is not None
    assert page.evaluate(_REWRITE, [FILE_NAME, title, "Write the Comment class, briefly"])
    head = git(planned, "rev-parse", "HEAD")
    act(board, "T5", "Move to Deferred")
    expect(card(board, "T5").get_by_role("alert")).to_contain_text("unsaved")
    expect(column(board, "ready", "T5")).to_be_visible()
    assert git(planned, "rev-parse", "HEAD") == head
    lab.picture("board-unsaved-light")
    card(board, "T5").get_by_role("button", name="Dismiss").click()
    page.evaluate(_SAVE, FILE_NAME)
    expect(card(board, "T3").locator(".noo-card-title")).to_have_text("Write the Comment class, briefly")

    # After a reload the board is there again, with its filter, its folds and its place.
    board.get_by_role("searchbox", name="Filter tasks by words").fill("comment.py")
    expect(card(board, "T1")).to_have_count(0)
    shown = board.locator(".noo-card").count()
    board.locator('[data-section="gantt"] > summary').click()
    expect(board.locator(".noo-board-gantt")).to_be_visible()
    lab.kept("comment.py", '"gantt":true')
    page.reload()
    expect(board.locator(".noo-card")).to_have_count(shown)
    expect(board.get_by_role("searchbox", name="Filter tasks by words")).to_have_value("comment.py")
    expect(board.locator(".noo-board-gantt")).to_be_attached()
    lab.picture("board-restored-light")
