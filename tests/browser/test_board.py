"""The board in its panel and in a cell's output: cards are moved and run, and Git tells the same."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from nootropic_kernel.planning.spec.file import FILE_NAME
from tests.browser.axe import serious
from tests.browser.lab import Lab, box_of
from tests.conftest import git

pytestmark = pytest.mark.browser

BRIEF = "Build a Python library for posts with comments and tags; store them as files."
PANEL = ".noo-board-panel"
# The first open lane with two tasks that can begin: its epic, and both.
_PAIR = """() => {
  for (const lane of document.querySelectorAll('.noo-board-panel .noo-board-lane')) {
    const cards = lane.querySelectorAll('.noo-column[data-column="ready"] .noo-card');
    const ready = [...cards].map(card => card.dataset.task);
    if (ready.length > 1) {
      return [lane.dataset.epic, ready[0], ready[1]];
    }
  }
  throw new Error('no lane has two tasks that can begin');
}"""


@pytest.fixture
def notebook(repo: Path) -> str:
    """A notebook that plans."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(f"%%noo plan\n{BRIEF}")],
        metadata={"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}},
    )
    nbformat.write(made, repo / "work.ipynb")
    git(repo, "add", "work.ipynb")
    git(repo, "commit", "-qm", "A notebook to plan in")
    return "work.ipynb"


def card(board: Locator, task: str) -> Locator:
    """The card of a task."""
    return board.locator(f'.noo-card[data-task="{task}"]')


def column(board: Locator, key: str, task: str) -> Locator:
    """The card of a task where it stands in a column."""
    return board.locator(f'.noo-column[data-column="{key}"]').locator(f'.noo-card[data-task="{task}"]')


def handle(board: Locator, task: str) -> Locator:
    """The part of a card that is dragged."""
    return card(board, task).locator(".noo-board-handle")


def drag(
    page: Page, start: Locator, end: Locator, *, at: float = 0.5, across: float = 0.4, shift: bool = False
) -> None:
    """Drag with the mouse onto a point of another element (fractions of its height and width)."""
    start.scroll_into_view_if_needed()
    box = box_of(start)
    page.mouse.move(box["x"] + 40, box["y"] + 14)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 24, steps=3)
    expect(page.locator(".noo-board-ghost")).to_be_visible()
    goal = None
    while goal != (goal := box_of(end)):  # an empty column is seen only while a card is held; near an edge it scrolls
        page.mouse.move(goal["x"] + goal["width"] * across, goal["y"] + goal["height"] * at, steps=6)
    if shift:
        page.keyboard.down("Shift")
    expect(page.locator(".noo-board-ghost")).to_be_visible()


def drop(page: Page) -> None:
    """Let the dragged card go."""
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(page.locator(".noo-board-ghost")).to_have_count(0)


def act(board: Locator, task: str, action: str) -> None:
    """Choose from the menu of a card."""
    card(board, task).get_by_role("button", name=f"Actions for {task}").click()
    menu = board.page.get_by_role("menu", name=f"Actions for {task}")
    menu.get_by_role("menuitem", name=action, exact=True).click()


def board_of(lab: Lab) -> Locator:
    """The board's panel, opened beside whatever is there."""
    lab.command("nootropic:open-board")
    panel = lab.page.locator(PANEL)
    expect(panel.locator(".noo-card").first).to_be_visible()
    return panel


def test_from_a_plan_to_a_moved_and_a_run_task(lab: Lab, repo: Path, notebook: str) -> None:
    page = lab.page
    lab.refusals.append("/nootropic/api/capabilities/task?")
    lab.open_notebook(notebook)
    output = lab.run_cell(0).locator(".noo-plan")
    expect(output.get_by_role("button", name="Actions for T1", exact=True)).to_be_visible()
    lab.picture("board-output-light", output)
    assert serious(page, ".jp-OutputArea .noo-plan") == []
    spec = repo / FILE_NAME

    # In its own panel: a card is dragged to another stage, and Git tells it.
    board = board_of(lab)
    ready = board.locator('.noo-column[data-column="ready"] .noo-card')
    task = ready.first.get_attribute("data-task")
    assert task is not None
    lane = card(board, task).locator("xpath=ancestor::*[contains(@class,'noo-board-cells')]")
    drag(page, handle(board, task), lane.locator('.noo-column[data-column="deferred"]'))
    expect(page.locator(".noo-board-ghost")).to_have_text(f"{task} → Deferred")
    lab.picture("board-dragging-light")
    drop(page)
    expect(column(board, "deferred", task)).to_be_visible()
    expect(board.locator(".noo-board-line")).to_contain_text(f"{task} → Deferred")
    assert git(repo, "log", "-1", "--format=%s").startswith(f"Task {task} is deferred")
    assert "deferred" in spec.read_text()
    assert git(repo, "status", "--porcelain", FILE_NAME) == ""

    # Taken back with a click.
    board.get_by_role("button", name="Undo").click()
    expect(board.locator(".noo-board-line")).to_contain_text("taken back")
    expect(column(board, "ready", task)).to_be_visible()
    assert "deferred" not in spec.read_text()

    # By keyboard: lifted, carried to the last column but one, let go; then given up.
    live = board.locator(".noo-board-live")
    handle(board, task).focus()
    page.keyboard.press("Space")
    expect(live).to_contain_text(f"{task} is lifted")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(live).to_have_text(f"{task} → Deferred")
    page.keyboard.press("Enter")
    expect(column(board, "deferred", task)).to_be_visible()
    expect(handle(board, task)).to_be_focused()
    act(board, task, "Move to Waiting")
    expect(column(board, "ready", task)).to_be_visible()
    expect(card(board, task).get_by_role("status")).to_contain_text("all the same")
    head = git(repo, "rev-parse", "HEAD")
    handle(board, task).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(live).to_have_text(f"{task} stays where it was.")
    assert git(repo, "rev-parse", "HEAD") == head

    # A circle of dependencies is refused in the verb's words, and the card is as it was.
    waiting = board.locator(".noo-card", has=page.locator(".noo-board-needs", has_text=f"after {task}")).first
    follower = waiting.get_attribute("data-task")
    assert follower is not None
    drag(page, handle(board, task), card(board, follower), shift=True)
    expect(page.locator(".noo-board-ghost")).to_have_text(f"{task} waits for {follower}")
    drop(page)
    expect(card(board, task).get_by_role("alert")).to_contain_text("circle")
    expect(card(board, task).locator(".noo-board-needs")).to_have_count(0)
    assert git(repo, "rev-parse", "HEAD") == head
    lab.picture("board-refused-light")
    card(board, task).get_by_role("button", name="Dismiss").click()

    # Within a lane: a card is put before another of its epic, and onto the edge of one that it shall wait for.
    first_lane = board.get_by_role("button", name="E1 What it is about")
    first_lane.click()
    expect(first_lane).to_have_attribute("aria-expanded", "false")
    epic, one, other = page.evaluate(_PAIR)
    drag(page, handle(board, other), card(board, one), at=0.2)
    expect(page.locator(".noo-board-ghost")).to_have_text(f"{other} before {one}")
    drop(page)
    expect(board.locator(".noo-board-line")).to_contain_text(f"{other} before {one}")
    assert git(repo, "log", "-1", "--format=%s") == f"Task {other} before {one}"
    ready = board.locator(f'.noo-board-lane[data-epic="{epic}"] .noo-column[data-column="ready"] .noo-card')
    expect(ready.first).to_have_attribute("data-task", other)
    drag(page, handle(board, one), card(board, other), across=0.97)
    expect(page.locator(".noo-board-ghost")).to_have_text(f"{one} waits for {other}")
    lab.picture("board-linking-light")
    drop(page)
    expect(board.locator(".noo-board-line")).to_contain_text(f"{one} waits for {other}")
    expect(column(board, "waiting", one)).to_be_visible()
    assert git(repo, "log", "-1", "--format=%s") == f"Task {one} after {other}"
    first_lane.click()

    # Run from its menu: a proposal waits for review, in the panel and in the cell's output.
    act(board, task, "Run")
    expect(column(board, "review", task)).to_be_visible()
    expect(card(board, task).get_by_role("status")).to_contain_text("Review P1")
    lab.picture("board-review-light")
    assert serious(page, PANEL) == []
    lab.theme("JupyterLab Dark")
    lab.picture("board-review-dark")
    assert serious(page, PANEL) == []
    page.get_by_role("tab", name="work.ipynb").click()
    expect(column(output, "review", task)).to_be_visible()
    lab.picture("board-output-dark", output)
    assert serious(page, ".jp-OutputArea .noo-plan") == []
