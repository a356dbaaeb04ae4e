"""Every surface in every state: nothing that keeps a person from using it, in light and dark, and no word untranslated.

It is walked in a language in which each word of ours stands between brackets, so parts are found by their classes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from experiments.benchmarks.board import large_plan
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.planning.spec.file import FILE_NAME, dump
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.browser import pseudo_locale
from tests.browser.axe import serious
from tests.browser.conftest import Server
from tests.browser.lab import Lab, becomes
from tests.conftest import git

pytestmark = pytest.mark.browser

CHAT, BOARD, LIST, REVIEW, STATUS = (
    ".noo-chat", ".noo-board-panel", "#nootropic-review", "#nootropic-proposal-P1", ".noo-status"
)  # fmt: skip
OUTPUT = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea"
LAUNCHER = '.jp-LauncherCard[data-category*="Nootropic"]'
QUESTION, REQUEST = "Is anybody there?", "Go on"
OLD = "".join(f"def f{k}(value):\n    return value + {k}\n\n\n\n\n\n" for k in range(3))
SPEC = {"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}}
_HINT_KEPT = """async () => {
  const kept = await window.jupyterapp.serviceManager.settings.fetch('nootropic-lab:settings');
  return kept.raw.includes('board');
}"""
# What is opened or closed tells so a moment later, and is drawn then.
_DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
_OPEN = "async path => void (await window.jupyterapp.commands.execute('docmanager:open', {path}))"
_CLOSE_BOARD = """() => {
  [...window.jupyterapp.shell.widgets('main')].find(each => each.id === 'nootropic-board').close();
}"""
# What the console may say while the server is away, or lets nobody in: the browser writes it, and JupyterLab itself.
AWAY = (
    "ERR_CONNECTION_REFUSED",
    "Kernel is dead",
    "WebSocket",
    "Failed to fetch",
    "/api/",
    "/lab",
    "status of 403",
    "console: Error",
)


@pytest.fixture
def packs(tmp_path: Path) -> list[Path]:
    return [pseudo_locale.language_pack(tmp_path / "packs")]


@pytest.fixture
def lab_settings() -> dict[str, dict[str, object]]:
    return pseudo_locale.SETTINGS


class Walk:
    """Looks at what is shown, wherever it stops."""

    def __init__(self, lab: Lab, *known: str) -> None:
        self.lab = lab
        self.told = pseudo_locale.Told(lab.page, *known)
        self.found: list[str] = []
        self._theme = "Light"

    def look(self, name: str, *selectors: str) -> None:
        """Look at some parts of the page, in the theme that is there and then in the other one."""
        for turned in (False, True):
            if turned:
                self._theme = "Dark" if self._theme == "Light" else "Light"
                self.lab.theme(f"JupyterLab {self._theme}")
            for selector in selectors:
                expect(self.lab.page.locator(selector).first, f"{name}: there is no {selector}").to_be_attached()
                self.found += [f"{name} ({self._theme}): {each}" for each in serious(self.lab.page, selector)]
            if self._theme == "Dark":
                self.lab.picture(f"every-{name}-dark")
            else:
                self.lab.picture(f"every-{name}")
                for selector in selectors:
                    outside = self.told.outside(self.lab.page, selector)
                    self.found += [f"{name}: not translated: {words}" for words in outside]

    def stop(self, name: str, *selectors: str) -> None:
        """Look in the theme that is there only: another cannot be loaded while the server is away."""
        for selector in selectors:
            self.found += [f"{name}: {each}" for each in serious(self.lab.page, selector)]
            self.found += [f"{name}: not translated: {words}" for words in self.told.outside(self.lab.page, selector)]
        self.lab.picture(f"every-{name}")


@pytest.fixture
def walk(lab: Lab) -> Iterator[Walk]:
    """A walk in a window that is there; at its end, nothing may have been found."""
    lab.open()
    # JupyterLab's own dialogs about its server lie over the page.
    dialog = lab.page.locator(".jp-Dialog")
    lab.page.add_locator_handler(dialog, lambda: dialog.locator("button").first.click())
    walking = Walk(lab, QUESTION, REQUEST, "/show P1")
    yield walking
    assert walking.found == [], "\n".join(walking.found)


def at(lab: Lab, selector: str, command: str, **arguments: object) -> Locator:
    """Open a panel."""
    lab.command(f"nootropic:{command}", **arguments)
    panel = lab.page.locator(selector)
    expect(panel).to_be_visible()
    return panel


def test_where_nothing_is_there_yet(walk: Walk, repo: Path) -> None:
    lab, page = walk.lab, walk.lab.page
    expect(page.locator(LAUNCHER)).to_be_visible()
    expect(page.locator(".noo-status-line")).to_contain_text("⟦")
    chat = at(lab, CHAT, "open-chat")
    expect(chat.locator(".noo-panel-state.noo-mod-empty")).to_be_visible()
    listed = at(lab, LIST, "open-review")
    expect(listed.locator(".noo-panel-state.noo-mod-empty")).to_be_visible()
    walk.look("launcher-chat-list-empty", LAUNCHER, STATUS, CHAT, LIST)

    # A board without a plan is an answer, and no fault on the console; its hint is put away once.
    board = at(lab, BOARD, "open-board")
    expect(board.locator(".noo-panel-state.noo-mod-empty .noo-hint")).to_be_visible()
    walk.look("board-empty", BOARD)
    board.locator(".noo-hint button").click()
    expect(board.locator(".noo-hint")).to_have_count(0)
    becomes(page, _HINT_KEPT, True)
    expect(listed.locator(".noo-hint")).to_have_count(1)

    # A chat without a model says what to do.
    chat.locator("textarea").fill(QUESTION)
    chat.locator("textarea").press("Enter")
    expect(chat.locator(".noo-notice.noo-mod-error[role=alert]")).to_be_visible()
    walk.look("chat-error", CHAT)

    # The form of a verb, and what it says of an argument that is wrong.
    lab.command("nootropic:show")
    form = page.locator(".noo-verb")
    form.locator('[name="id"]').fill("P99")
    form.locator("[type=submit]").click()
    expect(form.locator(".noo-notice.noo-mod-error")).to_contain_text("P99")
    walk.look("form-error", ".noo-verb")

    # A plan in the output of a cell, and the menu of a card.
    cell = nbformat.v4.new_code_cell("%%noo plan\nBuild a Python library for posts with comments; store them as files.")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=SPEC), repo / "plan.ipynb")
    page.evaluate(_OPEN, "plan.ipynb")
    lab.kernel()
    output = lab.run_cell(0)
    expect(output.locator(".noo-board-menu").first).to_be_visible()
    walk.look("plan-output", f"{OUTPUT} .noo-plan")
    output.locator(".noo-board-menu").first.click()
    expect(page.locator(".noo-board-popup")).to_be_visible()
    walk.look("card-menu", ".noo-board-popup")
    page.keyboard.press("Escape")
    # The panel followed by itself.
    lab.command("nootropic:open-board")
    expect(board.locator(".noo-card").first).to_be_visible()


@pytest.fixture
def filled(repo: Path, workspace: Workspace) -> Path:
    """A plan of 200 tasks; a proposal for a file (one hunk conflicts by now) and for two cells of a notebook."""
    (repo / FILE_NAME).write_text(dump(large_plan(200)))
    cells = [nbformat.v4.new_code_cell(f"x = {k}", id=f"c{k}") for k in range(5)]
    old = nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=SPEC)).encode()
    cells[3] = nbformat.v4.new_code_cell("x = 33\nprint(x)", id="c3")
    cells[4] = nbformat.v4.new_markdown_cell("The end", id="c4")
    new = nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=SPEC)).encode()
    (repo / "calc.py").write_text(OLD)
    (repo / "work.ipynb").write_bytes(old)
    shown = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%noo show P1")], metadata=SPEC)
    nbformat.write(shown, repo / "shown.ipynb")
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "Plan and files")
    database = StateDatabase.open(workspace)
    try:
        edits = [
            FileEdit("calc.py", OLD.encode(), OLD.replace("value +", "value -").encode()),
            FileEdit("work.ipynb", old, new),
        ]
        checks = [
            CheckResult("tests", True, "5 passed"),
            CheckResult("names", False, "calc.py:9 undefined name 'valu'"),
        ]
        provenance = Provenance(title="Subtract", task="T1", how="model")
        ProposalStore(database, workspace).propose(build_changeset(edits, provenance), checks=checks)
    finally:
        database.close()
    (repo / "calc.py").write_text(OLD.replace("value + 1", "value * 1"))
    return repo


def test_with_work_to_do(filled: Path, walk: Walk, person_home: Path, tmp_path: Path) -> None:
    lab, page = walk.lab, walk.lab.page
    gate = tmp_path / "go"
    half = {"parts": [{"text": "Half **an** answer"}, {"text": "", "until": str(gate)}]}
    with scripted_model(tmp_path, person_home, [half, "Fine."]):
        listed = at(lab, LIST, "open-review")
        expect(listed.locator('[data-id="P1"]')).to_be_visible()
        chat = at(lab, CHAT, "open-chat")
        chat.locator("textarea").fill(REQUEST)
        chat.locator("textarea").press("Enter")
        expect(chat.locator(".noo-mod-running")).to_contain_text("Half")
        walk.look("chat-streaming-list", CHAT, LIST, STATUS)
        gate.touch()
        expect(chat.locator(".noo-live")).to_contain_text("3")

    page.evaluate(_OPEN, "shown.ipynb")
    lab.kernel()
    output = lab.run_cell(0).locator(".noo-proposal")
    expect(output.locator('[data-action="reject P1:1"]')).to_be_enabled()
    walk.look("proposal-output", f"{OUTPUT} .noo-proposal")

    # What conflicts is dimmed, and all of it as well, with the reason; by sides, in one column, as cells.
    review = at(lab, REVIEW, "review-proposal", id="P1")
    accept = review.locator('[data-action="accept P1:2"]')
    expect(accept).to_have_attribute("aria-disabled", "true")
    whole = review.locator('[data-action="accept P1"]')
    expect(whole).to_have_attribute("aria-disabled", "true")
    expect(whole).to_have_accessible_description(re.compile("calc.py"))
    expect(review.locator(".cm-mergeViewEditor").first).to_be_visible()
    walk.look("review-conflict", REVIEW)
    review.locator("[data-action=help]").click()
    review.locator("[data-action=mode]").click()
    expect(review.locator(".cm-mergeViewEditor")).to_have_count(0)
    walk.look("review-inline", REVIEW)
    review.locator("[data-action=mode]").click()
    review.locator('[data-action="open work.ipynb"]').click()
    expect(review.locator('[data-ref="P1:4"]')).to_have_attribute("data-cell", "code")
    expect(review.locator('[data-action="accept P1/work.ipynb"]')).not_to_have_attribute("aria-disabled", "true")
    review.locator('[data-ref="P1:5"] [data-action="edit P1:5"]').click()
    expect(review.locator(".noo-review-editor .cm-content")).to_be_focused()
    walk.look("review-cells", REVIEW)
    page.keyboard.press("Escape")

    board = at(lab, BOARD, "open-board")
    expect(board.locator(".noo-card").first).to_be_visible()
    board.locator(".noo-board-handle").first.click()
    expect(board.locator(".noo-card-more").first).to_be_visible()
    while (closed := board.locator("details:not([open]) > summary")).count() > 0:
        closed.first.click()
        page.evaluate(_DRAWN)
    walk.look("board-200", BOARD)


def test_while_the_server_is_away_and_when_it_lets_nobody_in(filled: Path, walk: Walk, jupyter: Server) -> None:
    lab, page = walk.lab, walk.lab.page
    listed = at(lab, LIST, "open-review")
    expect(listed.locator('[data-id="P1"]')).to_be_visible()
    chat = at(lab, CHAT, "open-chat")
    chat.locator("textarea").fill("/show P1")
    chat.locator("textarea").press("Enter")
    output = chat.locator(".noo-proposal")
    expect(output.locator('[data-action="reject P1:1"]')).to_be_enabled()
    review = at(lab, REVIEW, "review-proposal", id="P1")
    reject = review.locator('[data-action="reject P1:1"]')
    expect(reject).to_be_enabled()
    board = at(lab, BOARD, "open-board")
    expect(board.locator(".noo-card").first).to_be_visible()

    # The server ends: each panel says so, keeps what it shows, and offers nothing that cannot be done.
    lab.refusals += AWAY
    jupyter.end()
    expect(chat.locator(".noo-chat-banner .noo-mod-offline")).to_be_visible()
    expect(chat.locator(".noo-chat-composer .noo-mod-accept")).to_be_disabled()
    expect(output.locator('[data-action="reject P1:1"]')).to_be_disabled()
    expect(board.locator(".noo-notice").first).to_contain_text("⟦")
    expect(board.locator(".noo-board-menu").first).to_have_attribute("aria-disabled", "true")
    expect(listed.locator(".noo-notice, .noo-mod-offline").first).to_be_visible()
    walk.stop("offline-board", CHAT, BOARD, LIST, STATUS)
    lab.command("nootropic:review-proposal", id="P1")
    expect(reject).to_have_attribute("aria-disabled", "true")
    expect(review.locator('[data-action="reject P1"]')).to_be_disabled()
    lab.command("nootropic:review-proposal", id="P7")
    expect(page.locator("#nootropic-proposal-P7 .noo-mod-offline")).to_be_visible()
    walk.stop("offline-review", "#nootropic-proposal-P7", REVIEW)
    # A board that is opened only now.
    page.evaluate(_CLOSE_BOARD)
    fresh = at(lab, BOARD, "open-board")
    expect(fresh.locator(".noo-mod-offline")).to_be_visible()

    # It is started again: all of them are back, and nobody had to press anything.
    jupyter.start()
    expect(chat.locator(".noo-chat-banner")).to_be_empty()
    expect(output.locator('[data-action="reject P1:1"]')).to_be_enabled()
    expect(fresh.locator(".noo-card").first).to_be_visible()
    expect(fresh.locator(".noo-board-menu").first).not_to_have_attribute("aria-disabled", "true")
    lab.command("nootropic:review-proposal", id="P1")
    expect(reject).not_to_have_attribute("aria-disabled", "true")
    expect(review.locator('[data-action="reject P1"]')).to_be_enabled()

    # Started once more, with another token: said, and not knocked at again and again.
    jupyter.end()
    jupyter.forget_everybody()
    page.context.clear_cookies()
    jupyter.start()
    expect(page.locator(".noo-status-line")).to_have_text(re.compile("let in"))
    expect(chat.locator(".noo-chat-banner .noo-mod-offline")).to_be_visible()
    expect(reject).to_have_attribute("aria-disabled", "true")
    walk.stop("not-let-in", CHAT, REVIEW, STATUS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/nootropic/api/" in request.url else None)
    page.on("websocket", lambda socket: asked.append(socket.url) if "/nootropic/api/" in socket.url else None)
    page.wait_for_timeout(2500)  # it would knock after 0.4, 0.8 and 1.6 seconds
    assert asked == []
    # The person logs in somewhere else, and comes back to this page.
    assert page.context.request.get(jupyter.address).ok
    page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    expect(chat.locator(".noo-chat-banner")).to_be_empty()
    expect(reject).not_to_have_attribute("aria-disabled", "true")
