"""Grey text while a person types: off by default, from a local model, taken with a key, journalled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.journal import events
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import ScriptedModel, scripted_model
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

_SET = "value => window.jupyterapp.serviceManager.settings.save('nootropic-lab:settings', value)"
_TEXT = "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.getSource()"


@pytest.fixture
def model(tmp_path: Path, person_home: Path) -> Iterator[ScriptedModel]:
    with scripted_model(tmp_path, person_home, ["sorted(books)  # mine"]) as running:
        yield running


def test_a_completion_is_offered_taken_and_noted(
    model: ScriptedModel, lab: Lab, repo: Path, workspace: Workspace
) -> None:
    page = lab.page
    lab.open("nootropic:open-review")
    # No kernel is there at all: a text file.
    lab.done("docmanager:open", path="shelf/books.py")
    editor = page.locator(".jp-FileEditor .cm-content")
    expect(editor).to_contain_text("sorted(books)")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nfound = ")
    page.wait_for_timeout(1000)
    assert model.requests() == [], "off until it is switched on"

    page.evaluate(_SET, '{"inlineCompletions": true}')
    page.reload()
    lab.has("nootropic:open-review")
    page.evaluate("() => window.jupyterapp.restored")
    lab.done("docmanager:open", path="shelf/books.py")
    expect(editor).to_contain_text("sorted(books)")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nfound = ")
    ghost = page.locator(".jp-GhostText").first
    expect(ghost).to_contain_text("sorted(books)  # mine")
    lab.picture("inline")
    body = model.requests()[-1]  # who types slowly asks more than once
    assert "found = " in body["messages"][-1]["content"]
    page.keyboard.press("Tab")
    expect(editor).to_contain_text("found = sorted(books)  # mine")
    # The text is the document's own now, whatever is offered behind it.
    assert "found = sorted(books)  # mine" in page.evaluate(_TEXT)
    database = StateDatabase.open(workspace)
    try:
        found = []
        for _ in range(120):
            if found := events(database.read(), kind="completion.accepted"):
                break
            page.wait_for_timeout(500)
        (event,) = found
        assert event.data["length"] == len("sorted(books)  # mine") and event.data["model"] == "scripted"
        assert event.data["language"] == "python" and event.data["latency_s"] >= 0
    finally:
        database.close()
