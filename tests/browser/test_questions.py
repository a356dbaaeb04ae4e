"""What a verb asks the person is a form in the run's own place: in the chat, and in a verb's tab."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.browser.axe import serious
from tests.browser.lab import Lab
from tests.browser.test_chat import opened, say
from tests.browser.test_chat_windows import begun
from tests.conftest import git

pytestmark = pytest.mark.browser

FILE = "shelf/books.py"


@pytest.fixture
def doubtful(repo: Path, workspace: Workspace) -> str:
    """A proposal of two hunks that fails a check: `accept` asks before it takes any."""
    base = (repo / FILE).read_bytes()
    new = base.replace(b"Books and how", b"Books, and how").replace(b"sorted(books)", b"sorted(set(books))")
    changes = build_changeset([FileEdit(FILE, base, new)], Provenance(title="Sort a set", how="model"))
    database = StateDatabase.open(workspace)
    try:
        return ProposalStore(database, workspace).propose(changes, checks=[CheckResult("tests", False, "1 failed")]).id
    finally:
        database.close()


def test_a_verb_asks_in_its_place_and_goes_on(lab: Lab, repo: Path, doubtful: str) -> None:
    page = lab.page
    chat = begun(lab)
    head = git(repo, "rev-parse", "HEAD")

    # In the chat: the question stands at the command; No is a refusal that says what to do.
    entry = say(chat, f"/accept {doubtful}:1")
    question = entry.get_by_role("form", name="accept asks")
    expect(question).to_contain_text("Accept it?")
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect(page.locator(".noo-status-line")).to_contain_text("1 asks you")
    lab.picture("question-chat")
    assert serious(page, ".noo-chat") == []
    # The page may be left meanwhile.
    lab.kept(f"/accept {doubtful}:1")
    page.reload()
    chat = opened(lab)
    question = chat.get_by_role("form", name="accept asks")
    question.get_by_role("button", name="No").click()
    expect(question).to_have_count(0)
    expect(chat.locator(".noo-chat-entry").last.locator(".noo-notice")).to_contain_text("failing")
    assert git(repo, "rev-parse", "HEAD") == head

    # In a verb's tab, by keyboard: Yes, and the verb goes on with it.
    lab.command("nootropic:accept", refs=[f"{doubtful}:2"])
    tab = page.locator(".noo-verb")
    tab.get_by_role("button", name="Run").click()
    question = tab.get_by_role("form", name="accept asks")
    expect(question).to_contain_text("Accept it?")
    lab.picture("question-tab")
    question.get_by_role("button", name="Yes").focus()
    page.keyboard.press("Enter")
    expect(question).to_have_count(0)
    expect(tab.locator(".noo-answer")).to_contain_text("accepted")
    assert "sorted(set(books))" in (repo / FILE).read_text() and "Books and how" in (repo / FILE).read_text()
    assert git(repo, "rev-parse", "HEAD~1") == head

    # A line of text, as at a terminal: the focus stays where the next question comes.
    entry = say(chat, f"/review {doubtful} --interactive")
    # What it says meanwhile stands as at a terminal.
    expect(entry.locator("pre.noo-plain")).to_contain_text('-"""Books and how')
    line = entry.get_by_label("Answer")
    line.fill("y")
    line.press("Enter")
    expect(entry.get_by_role("form", name="review asks")).to_contain_text("?")
    expect(line).to_be_focused()
    expect(line).to_have_value("")
    lab.picture("question-line")
    line.fill("y")
    line.press("Enter")
    question = entry.get_by_role("form", name="review asks")
    expect(question).to_contain_text("Accept it?")
    question.get_by_role("button", name="Yes").click()
    expect(question).to_have_count(0)
    expect(entry.locator(".noo-chat-result, .noo-proposal").first).to_be_visible()
    assert "Books, and how" in (repo / FILE).read_text()
