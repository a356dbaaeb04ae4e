"""What surrounds the panels: status bar, menu, actions at an error, and the switch that turns all of it off."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.browser.axe import serious
from tests.browser.lab import Lab, becomes, until

pytestmark = pytest.mark.browser

_COMMANDS = """() => window.jupyterapp.commands.listCommands().filter(id => id.startsWith('nootropic:'))
  .filter(id => window.jupyterapp.commands.isVisible(id)).sort()"""
_SET = "value => window.jupyterapp.serviceManager.settings.save('nootropic-lab:settings', value)"
_ASKED = "() => performance.getEntriesByType('resource').filter(e => e.name.includes('/nootropic/api/')).length"


@pytest.fixture
def notebook(repo: Path, workspace: Workspace) -> str:
    """A notebook that shows a proposal, and has a cell that fails."""
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in ("%noo show P1", "total = 1 / 0")],
        metadata={"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}},
    )
    nbformat.write(made, repo / "work.ipynb")
    base = (repo / "shelf" / "books.py").read_bytes()
    database = StateDatabase.open(workspace)
    try:
        edit = FileEdit("shelf/books.py", base, base.replace(b"sorted(books)", b"sorted(set(books))"))
        ProposalStore(database, workspace).propose(
            build_changeset([edit], Provenance(title="Sort a set", how="person"))
        )
    finally:
        database.close()
    return "work.ipynb"


def test_everything_is_there_and_one_switch_turns_it_off_and_on(lab: Lab, notebook: str) -> None:
    page = lab.page
    lab.open_notebook(notebook)
    output = lab.run_cell(0)
    expect(output.locator(".noo-proposal").get_by_role("button", name="Accept hunk P1:1")).to_be_enabled()
    line = page.locator(".noo-status-line")
    expect(line).to_contain_text("no model")
    expect(line).to_contain_text("today")
    bar = page.locator("#jp-MainMenu, .jp-MenuBar, .lm-MenuBar").first
    expect(bar.get_by_text("Nootropic", exact=True)).to_be_visible()
    lab.has("nootropic:plan")
    offered = set(page.evaluate(_COMMANDS))
    assert {"nootropic:plan", "nootropic:start"} <= offered
    # A panel has one command, and what only programs call, or what needs a terminal, has none.
    assert not {f"nootropic:{verb}" for verb in ("board", "chat", "review", "complete", "mentions", "mcp")} & offered
    panels = {"board": ".noo-board-panel", "review": "#nootropic-review", "chat": ".noo-chat"}
    for name, selector in panels.items():
        lab.command(f"nootropic:open-{name}")
        expect(page.locator(selector)).to_be_visible()
    expect(page.locator(".noo-board-panel .noo-panel-state.noo-mod-empty")).to_be_visible()
    for selector in (*panels.values(), ".noo-status-line"):
        assert serious(page, selector) == [], selector
    lab.picture("surfaces-on")

    lab.command("nootropic:switch")
    for selector in panels.values():
        expect(page.locator(selector)).to_have_count(0)
    expect(output.locator(".noo-plain")).to_contain_text("Sort a set")
    expect(output.locator(".noo-proposal")).to_have_count(0)
    expect(line).to_have_count(0)
    expect(bar.get_by_text("Nootropic", exact=True)).to_have_count(0)
    becomes(page, _COMMANDS, ["nootropic:switch"])
    asked = page.evaluate(_ASKED)
    page.wait_for_timeout(1500)
    assert page.evaluate(_ASKED) == asked
    lab.picture("surfaces-off")

    lab.command("nootropic:switch")
    expect(output.locator(".noo-proposal").get_by_role("button", name="Accept hunk P1:1")).to_be_enabled()
    expect(line).to_contain_text("no model")
    expect(bar.get_by_text("Nootropic", exact=True)).to_be_visible()
    lab.has("nootropic:plan")


_MENU = ".lm-Menu .lm-Menu-itemLabel"
_PANELS = ".noo-board-panel, #nootropic-review, .noo-chat"


@pytest.mark.parametrize("disabled", [["nootropic-lab:menu"]])
def test_the_switch_needs_no_menu_and_leaves_nothing_on(lab: Lab, disabled: list[str], notebook: str) -> None:
    page = lab.page
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if "/nootropic/api/" in sent.url else None)
    page.on("websocket", lambda made: asked.append(made.url) if "/nootropic/api/" in made.url else None)
    lab.open()
    page.evaluate(_SET, '{"inlineCompletions": true}')
    for name in ("board", "review", "chat"):
        lab.command(f"nootropic:open-{name}")
    expect(page.locator(_PANELS)).to_have_count(3)

    lab.command("nootropic:switch")
    expect(page.locator(_PANELS)).to_have_count(0)
    expect(page.locator(".noo-status-line")).to_have_count(0)
    becomes(page, _COMMANDS, ["nootropic:switch"])
    asked.clear()
    lab.open_notebook(notebook)  # the page is loaded anew: it stays off
    lab.run_cell(1)
    output = lab.cell(1).locator(".jp-OutputArea-output").first
    output.click(button="right")
    expect(page.locator(_MENU).first).to_be_visible()
    assert not [label for label in page.locator(_MENU).all_inner_texts() if "Nootropic" in label]
    page.keyboard.press("Escape")
    lab.cell(1).locator(".cm-content").click()
    page.keyboard.type("\nfound = ")
    page.wait_for_timeout(1500)
    assert asked == [] and page.locator("[class*=noo-]:visible").all_inner_texts() == []
    lab.picture("surfaces-off-reloaded")

    lab.command("nootropic:switch")
    expect(page.locator(".noo-status-line")).to_be_visible()
    expect(page.locator("#nootropic-review, .noo-chat")).to_have_count(2)
    lab.has("nootropic:plan")
    output.click(button="right")
    expect(page.locator(_MENU, has_text="Nootropic: Explain")).to_be_visible()
    page.keyboard.press("Escape")
    until(page, lambda: any("/events" in url for url in asked), "events are listened to again")


# What tells that a plugin is there.
PARTS = {
    "chat": "hasCommand('nootropic:open-chat')",
    "board": "hasCommand('nootropic:open-board')",
    "review": "hasCommand('nootropic:open-review')",
    "commands": "hasCommand('nootropic:plan')",
    "actions": "hasCommand('nootropic:fix-here')",
    "menu": "hasCommand('nootropic:start')",
    "switch": "hasCommand('nootropic:switch')",
    "settings": None,
    "status": None,
    "events": None,
    "inline": None,
    "renderers": None,
}


@pytest.mark.parametrize(
    ("disabled", "name"),
    [
        pytest.param([f"nootropic-lab:{name}"], name, id=name, marks=[] if name == "events" else pytest.mark.deep)
        for name in PARTS
    ],
)
def test_a_plugin_that_is_disabled_takes_no_other_along(lab: Lab, disabled: list[str], name: str) -> None:
    page = lab.page
    page.goto(lab.address)
    for part, there in PARTS.items():
        # Without settings there is nothing to switch.
        if there is not None and part != name and (part, name) != ("switch", "settings"):
            page.wait_for_function(f"() => window.jupyterapp?.commands.{there}", polling=200)
    if (gone := PARTS[name]) is not None:
        assert not page.evaluate(f"() => window.jupyterapp.commands.{gone}")
    expect(page.locator(".noo-status-line")).to_have_count(0 if name == "status" else 1)
    for part, selector in (("board", ".noo-board-panel"), ("review", "#nootropic-review"), ("chat", ".noo-chat")):
        if part != name:
            lab.command(f"nootropic:open-{part}")
            expect(page.locator(selector)).to_be_visible()


def test_an_error_is_shown_before_it_is_sent(lab: Lab, notebook: str) -> None:
    page = lab.page
    lab.open_notebook(notebook)
    lab.run_cell(1)
    cell = lab.cell(1)
    lab.has("nootropic:code")
    cell.locator(".jp-OutputArea-output").first.click(button="right")
    menu = page.locator(".lm-Menu")
    expect(menu.get_by_text("Nootropic: Explain")).to_be_visible()
    lab.picture("surfaces-context")
    menu.get_by_text("Nootropic: Fix This Error").click()
    chat = page.locator(".noo-chat")
    expect(chat.locator(".noo-chat-meant")).to_contain_text("code")
    expect(chat.get_by_label("Message", exact=True)).not_to_have_value("")
    value = chat.get_by_label("Message", exact=True).input_value()
    assert "total = 1 / 0" in value and "ZeroDivisionError" in value and "\x1b" not in value
    lab.picture("surfaces-fix")
    # The person reads it first: nothing was asked of the verb.
    expect(chat.locator(".noo-chat-entry")).to_have_count(0)
