"""Without a mouse, without motion, in the system's own colours, and where there is little room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from experiments.benchmarks.board import large_plan
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.planning.spec.file import FILE_NAME, dump
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.browser.axe import serious
from tests.browser.lab import Lab, box_of, until
from tests.browser.test_chat import say
from tests.conftest import git

pytestmark = pytest.mark.browser

CODE = "def double(x):\n    return 2 * x"
OLD = "".join(f"def f{k}(value):\n    return value + {k}\n\n\n\n\n\n" for k in range(3))

# What Tab must lead to; of cards and menus one is a stop, and arrow keys lead to the others.
_STOPS = """selector => {
  window.stops = [...document.querySelectorAll(selector)].flatMap(root =>
    [...root.querySelectorAll('button, input, select, textarea, a[href], summary, [tabindex="0"]')])
    .filter(node => node.checkVisibility() && !node.disabled && node.tabIndex >= 0);
  window.stops[0]?.focus();
  return window.stops.map(node => node.outerHTML.slice(0, 120));
}"""
_HERE = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  const ring = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  return { stop: window.stops?.indexOf(node) ?? -1, ring, html: node.outerHTML.slice(0, 160) };
}"""
_SAME = "() => window.stops.every(node => node.isConnected)"
# Of cards the one that had the focus last is a stop: who tabs through the buttons of another makes that the one.
_STILL = "() => window.stops.map(node => node.tabIndex >= 0)"
_FITS = "node => node.scrollWidth <= node.clientWidth + 1"
_MOVING = """() => document.getAnimations().filter(each => each.playState === 'running'
  && each.effect.target.closest('[class*=noo-]')).map(each => each.effect.target.className)"""
_TO_THE_SIDE = """() => {
  const { shell } = window.jupyterapp;
  const board = [...shell.widgets('main')].find(each => each.id === 'nootropic-board');
  shell.add(board, 'left');
  shell.activateById(board.id);
}"""


@pytest.fixture
def filled(repo: Path, workspace: Workspace) -> Path:
    """A plan, and a proposal with three hunks."""
    (repo / FILE_NAME).write_text(dump(large_plan(12)))
    (repo / "calc.py").write_text(OLD)
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "Plan and a file")
    database = StateDatabase.open(workspace)
    try:
        edit = FileEdit("calc.py", OLD.encode(), OLD.replace("value +", "value -").encode())
        ProposalStore(database, workspace).propose(build_changeset([edit], Provenance(title="Subtract", how="person")))
    finally:
        database.close()
    return repo


def tab_through(page: Page, selector: str) -> list[str]:
    """What of a panel Tab does not lead to, or leads to unseen; once more where it was drawn anew meanwhile."""
    for _ in range(3):
        found = tab_once(page, selector)
        if page.evaluate(_SAME):
            break
    return found


def tab_once(page: Page, selector: str) -> list[str]:
    """The same, of what stands there at the beginning."""
    stops: list[str] = page.evaluate(_STOPS, selector)
    assert stops
    left = dict(enumerate(stops))
    unseen = []
    for _ in range(len(stops) + 8):
        page.keyboard.press("Tab")
        here: dict[str, Any] = page.evaluate(_HERE)
        if here["stop"] >= 0:
            left.pop(here["stop"], None)
            if not here["ring"]:
                unseen.append(f"no focus is seen: {here['html']}")
    still: list[bool] = page.evaluate(_STILL)
    # The first one was focused by the test: Shift+Tab comes back to it from the second.
    missed = [html for stop, html in left.items() if stop != 0 and still[stop]]
    return [f"Tab does not lead to {html}" for html in missed] + unseen


def test_everything_by_keyboard(lab: Lab, filled: Path, person_home: Path, tmp_path: Path) -> None:
    page = lab.page
    answer = f"Use this:\n\n```python\n{CODE}\n```\n"
    with scripted_model(tmp_path, person_home, [answer, {"text": "Half an answer", "stall": 60}]):
        lab.open()
        lab.command("nootropic:open-chat")
        chat = page.locator(".noo-chat")
        box = chat.get_by_label("Message", exact=True)
        expect(box).to_be_focused()
        page.keyboard.type("How do I double?")
        page.keyboard.press("Enter")
        live = chat.locator(".noo-live")
        expect(live).to_contain_text("The answer is there")
        assert tab_through(page, ".noo-chat") == []
        # A button in the answer, by its key; the chat says what came of it.
        chat.get_by_role("button", name="Insert at the cursor").focus()
        page.keyboard.press("Enter")
        expect(chat.locator(".noo-chat-told")).to_contain_text("Open a notebook or a file first")
        box.focus()
        page.keyboard.type("Go on")
        page.keyboard.press("Enter")
        expect(chat.locator(".noo-mod-running")).to_contain_text("Half an answer")
        page.keyboard.press("Escape")
        expect(live).to_have_text("Stopped.")
        chat.get_by_role("button", name="History").focus()
        page.keyboard.press("Enter")
        expect(chat.locator(".noo-chat-head").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(chat.locator(".noo-chat-history")).to_be_hidden()
        expect(chat.get_by_role("button", name="History")).to_be_focused()

    # From the list into a review, and a decision there, which is said aloud.
    lab.command("nootropic:open-review")
    listed = page.locator("#nootropic-review")
    expect(listed.locator('[data-id="P1"]')).to_be_visible()
    expect(listed.locator(":focus")).to_have_count(1)
    assert tab_through(page, "#nootropic-review") == []
    listed.locator('[data-id="P1"]').focus()
    page.keyboard.press("Enter")
    review = page.locator("#nootropic-proposal-P1")
    first = review.locator('.noo-review-hunk[data-ref="P1:1"]')
    expect(first).to_be_focused()
    page.keyboard.press("r")
    expect(first).to_have_attribute("data-state", "rejected")
    expect(review.locator(":scope > .noo-live")).to_contain_text("P1:1")
    assert tab_through(page, "#nootropic-proposal-P1") == []

    # A card, its menu, and a move; each step is said aloud.
    lab.command("nootropic:open-board")
    board = page.locator(".noo-board-panel")
    expect(board.locator(".noo-board-handle[tabindex='0']")).to_be_focused()
    assert tab_through(page, ".noo-board-panel") == []
    handle = board.locator(".noo-board-handle[tabindex='0']")
    handle.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    expect(handle).to_contain_text("T3")
    task = handle.locator(".noo-id").inner_text()
    page.keyboard.press("Shift+F10")
    menu = page.get_by_role("menu", name=f"Actions for {task}")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.type("m")
    expect(menu.get_by_role("menuitem", name="Move to").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(board.locator(f'.noo-card[data-task="{task}"] .noo-board-menu')).to_be_focused()
    handle.focus()
    page.keyboard.press("Space")
    spoken = board.locator(".noo-board-live")
    expect(spoken).to_contain_text(f"{task} is lifted")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    expect(spoken).to_have_text(f"{task} → Dropped")
    page.keyboard.press("Enter")
    dropped = board.locator(f'.noo-column[data-column="dropped"] .noo-card[data-task="{task}"]')
    expect(dropped.locator(".noo-board-handle")).to_be_focused()
    expect(board.locator(".noo-board-line")).to_contain_text(f"{task} → Dropped")
    assert git(filled, "log", "-1", "--format=%s").startswith(f"Task {task} is cancelled")


def test_without_motion_and_in_the_colours_of_the_system(
    lab: Lab, filled: Path, person_home: Path, tmp_path: Path
) -> None:
    page = lab.page
    held: list[Route] = []
    page.emulate_media(reduced_motion="reduce", forced_colors="active")
    with scripted_model(tmp_path, person_home, [{"text": "Half an answer", "stall": 60}]):
        lab.open()
        lab.command("nootropic:open-chat")
        chat = page.locator(".noo-chat")
        chat.get_by_label("Message", exact=True).fill("Go on")
        chat.get_by_label("Message", exact=True).press("Enter")
        expect(chat.locator(".noo-mod-running")).to_contain_text("Half an answer")
        page.route("**/nootropic/api/capabilities/diff", lambda route: held.append(route))
        lab.command("nootropic:review-proposal", id="P1")
        review = page.locator("#nootropic-proposal-P1")
        expect(review.locator(".noo-mod-loading")).to_be_visible()
        assert page.evaluate(_MOVING) == []
        # The same with motion: the check sees what there is to see.
        page.emulate_media(reduced_motion="no-preference", forced_colors="active")
        until(page, lambda: page.evaluate(_MOVING), "something moves")
        page.unroute("**/nootropic/api/capabilities/diff")
        for route in held:
            route.continue_()
        expect(review.locator(".cm-mergeViewEditor").first).to_be_visible()
        lab.picture("forced-colors-review")
        for line in (".cm-merge-a .cm-changedLine", ".cm-merge-b .cm-changedLine"):
            assert width(review.locator(line).first, "border-left-width") >= 4
        chat.get_by_label("Message", exact=True).press("Escape")
    lab.command("nootropic:open-board")
    board = page.locator(".noo-board-panel")
    light = board.locator(".noo-board-light").first
    expect(light).to_be_visible()
    ground = "node => getComputedStyle(node).backgroundColor"
    assert light.evaluate(ground) != board.evaluate(ground)
    handle = board.locator(".noo-board-handle[tabindex='0']")
    handle.focus()
    page.keyboard.press("ArrowDown")
    until(page, lambda: page.evaluate(_HERE)["ring"], "the focus is seen")
    lab.picture("forced-colors-board")


def test_a_board_in_a_narrow_place(lab: Lab, filled: Path) -> None:
    page = lab.page
    lab.open()
    lab.command("nootropic:open-board")
    board = page.locator(".noo-board-panel")
    expect(board.locator(".noo-card").first).to_be_visible()
    page.evaluate(_TO_THE_SIDE)
    expect(board.locator(".noo-card").first).to_be_visible()
    board.evaluate("node => { node.style.width = '250px'; node.style.minWidth = '0'; }")
    shown = board.locator(".noo-plan")
    until(page, lambda: width(shown, "width") <= 250, "the board is as narrow as its place")
    # Nothing is wider than its place, and the cards have most of it.
    for part in (".noo-board", ".noo-board-tools", ".noo-head"):
        fits(board.locator(part))
    until(page, lambda: width(board.locator(".noo-card").first, "width") >= 180, "a card has most of the place")
    expect(board.locator(".noo-column[data-empty='true']").first).to_be_hidden()
    lab.picture("board-narrow", board)
    assert serious(page, ".noo-board-panel") == []
    # While a card is held, there are places for it.
    board.locator(".noo-board-handle[tabindex='0']").focus()
    page.keyboard.press("Space")
    expect(board.locator(".noo-column[data-empty='true']").first).to_be_visible()
    lab.picture("board-narrow-lifted", board)
    page.keyboard.press("Escape")


def test_a_chat_and_a_review_with_long_words_in_a_narrow_place(
    lab: Lab, filled: Path, workspace: Workspace, person_home: Path, tmp_path: Path
) -> None:
    page, long = lab.page, "a_rather_long_name_" * 12
    database = StateDatabase.open(workspace)
    try:
        edit = FileEdit("long.py", None, f"x = {long}\n".encode())
        check = CheckResult(f"tests/test_{long}.py::test_it", False, "It fails.")
        made = build_changeset([edit], Provenance(title=f"Write {long}", how="person"))
        ProposalStore(database, workspace).propose(made, checks=[check])
    finally:
        database.close()
    with scripted_model(tmp_path, person_home, [f"Use {long}:\n\n```python\n{long}\n```\n"]):
        settings = json.loads((person_home / "config.json").read_text())
        settings["backends"][long] = settings["backends"].pop("mine")
        (person_home / "config.json").write_text(json.dumps({**settings, "modelPreference": [long]}))
        lab.open()
        lab.command("nootropic:open-chat")
        chat = page.locator(".noo-chat")
        expect(chat.locator(".noo-chat-place")).to_be_visible()
        say(chat, "Explain")
        expect(chat.locator(".noo-chat-facts")).to_be_visible()
        say(chat, "/show P2")
        expect(chat.locator(".noo-checks li")).to_be_visible()
        # The default width of a side panel: where the model is stays to be read, and nothing is cut.
        assert width(chat, "width") <= 300
        place, panel = box_of(chat.locator(".noo-chat-place")), box_of(chat)
        assert place["x"] + place["width"] <= panel["x"] + panel["width"]
        for part in (".noo-chat-top", ".noo-chat-log", ".noo-head", ".noo-title", ".noo-checks"):
            fits(chat.locator(part))
        lab.picture("chat-narrow")
    lab.command("nootropic:review-proposal", id="P2")
    review = page.locator(".noo-review")
    expect(review.locator(".noo-checks li")).to_be_visible()
    for part in (".noo-review-top", ".noo-head", ".noo-title", ".noo-checks"):
        fits(review.locator(part))
    lab.picture("review-long-words")


def fits(part: Locator) -> None:
    """Nothing of a part is cut off at its side."""
    until(part.page, lambda: part.evaluate(_FITS), f"{part} fits its place")


def width(part: Locator, of: str) -> float:
    """A length of a part's style, in CSS pixels."""
    value: float = part.evaluate("(node, name) => parseFloat(getComputedStyle(node).getPropertyValue(name))", of)
    return value
