"""The board where there is no plan, while a run is stopped, after a replan, and while the server is away."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from nootropic_kernel.planning.model import Epic, How, Plan, Story, Task
from nootropic_kernel.planning.spec.file import FILE_NAME, dump
from tests.agents.scripted_model import scripted_model
from tests.browser.axe import serious
from tests.browser.conftest import Server
from tests.browser.lab import Lab
from tests.browser.test_board import PANEL, act, card, column
from tests.conftest import git

pytestmark = pytest.mark.browser


def commit_plan(repo: Path) -> None:
    """A plan with two tasks for a model, the second after the first."""
    first = Task("T1", "S1", "edit", "Sort without regard to case", How("model"), files=("shelf/books.py",))
    second = Task("T2", "S1", "edit", "Sort numbers by value", How("model"), depends_on=("T1",))
    story = Story("S1", "E1", "Sorting")
    epics = (Epic("E1", "Books"),)
    plan = Plan("shelf", "Shelf", "Sort books", "library", epics=epics, stories=(story,), tasks=(first, second))
    (repo / FILE_NAME).write_text(dump(plan))
    git(repo, "add", FILE_NAME)
    git(repo, "commit", "-qm", "Plan")


def test_no_plan_a_stopped_run_a_replan_and_no_server(
    lab: Lab, jupyter: Server, repo: Path, person_home: Path, tmp_path: Path
) -> None:
    page = lab.page
    lab.refusals += ["/nootropic/api/", "ERR_CONNECTION_REFUSED", "WebSocket", "Failed to fetch", "/api/", "/lab"]
    lab.open()
    lab.command("nootropic:open-board")
    board = page.locator(PANEL)

    # Without a plan it says what to type, and offers the form.
    state = board.locator(".noo-panel-state")
    expect(state).to_contain_text("There is no plan yet")
    expect(state.locator("code").first).to_have_text("%%noo plan")
    expect(state.get_by_role("button", name="Plan…")).to_be_visible()
    assert serious(page, PANEL) == []
    lab.picture("board-empty-light")
    commit_plan(repo)
    state.get_by_role("button", name="Try again").click()
    expect(column(board, "ready", "T1")).to_be_visible()
    expect(state).to_have_count(0)

    # A run is stopped at its card: it says so, nothing is proposed, and the task can be run again.
    with scripted_model(tmp_path, person_home, [{"text": "Half an answer", "stall": 120}]):
        act(board, "T1", "Run")
        expect(card(board, "T1").get_by_role("progressbar")).to_be_visible()
        lab.picture("board-running-light")
        card(board, "T1").get_by_role("button", name="Cancel").click()
        expect(card(board, "T1").get_by_role("status")).to_contain_text("The run of T1 was stopped.")
        expect(column(board, "ready", "T1")).to_be_visible()
        expect(card(board, "T1").get_by_role("progressbar")).to_have_count(0)

    # Replanned around a task that failed: the plan in Git is another, and the card tells what changed.
    before = git(repo, "rev-parse", "HEAD")
    act(board, "T1", "Replan…")
    form = card(board, "T1").get_by_role("form", name="Replan around T1")
    form.get_by_label("What happened").select_option("failed")
    form.get_by_label("Why", exact=True).fill("The model cannot sort")
    form.get_by_role("button", name="Replan").click()
    expect(form).to_have_count(0)
    expect(card(board, "T1").get_by_role("status")).not_to_be_empty()
    assert git(repo, "rev-parse", "HEAD") != before
    assert "The model cannot sort" in (repo / FILE_NAME).read_text()

    # The server goes away: what was shown stays, and the board says so.
    dialog = page.locator(".jp-Dialog")  # JupyterLab's own, which lies over the page
    page.add_locator_handler(dialog, lambda: dialog.locator("button").first.click())
    jupyter.end()
    expect(board).to_contain_text("The Jupyter server does not answer")
    expect(card(board, "T1")).to_be_visible()
    assert serious(page, PANEL) == []
    lab.picture("board-offline-light")

    # It comes back by itself.
    jupyter.start()
    expect(board).not_to_contain_text("The Jupyter server does not answer")
    expect(card(board, "T1")).to_be_visible()
