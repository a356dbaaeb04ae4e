"""The whole way in one window: plan, move a card, run, review three hunks, commits, undo, redo, reload."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from nootropic_kernel.planning.spec.file import FILE_NAME
from tests.browser.lab import Lab, until
from tests.browser.test_board import act, board_of, card, column, drag, drop, handle
from tests.browser.test_review_panel import hunk
from tests.conftest import git

pytestmark = pytest.mark.browser

BRIEF = "Add a Reader with a name and an email to the shelf package."
OWN_STAGED, OWN_LOOSE = "# Shelf\n\nMy own staged words.\n", "\n\nDRAFT = 'my own unstaged line'\n"
EXPORTS = '\nfrom .reader import Reader\n\n__all__ = ["Reader"]  # as I write it\n'
_TABS = "() => [...(window.jupyterapp?.shell.widgets('main') ?? [])].map(each => each.id)"


def diff(repo: Path, revision: str) -> list[str]:
    """The lines that a commit put in and took out, with the files that they belong to."""
    lines = git(repo, "show", "--format=", "--no-color", "-U0", revision).splitlines()
    return [line for line in lines if line.startswith(("+", "-")) and not line.startswith("---")]


def test_plan_drag_run_review_commit_undo_redo_reload(lab: Lab, repo: Path) -> None:
    page = lab.page
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(f"%%noo plan\n{BRIEF}")],
        metadata={"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}},
    )
    nbformat.write(made, repo / "work.ipynb")
    git(repo, "add", "work.ipynb")
    git(repo, "commit", "-qm", "A notebook to plan in")
    # What the person has in hand is theirs: no commit of ours holds it.
    (repo / "README.md").write_text(OWN_STAGED)
    git(repo, "add", "README.md")
    books = (repo / "shelf" / "books.py").read_text() + OWN_LOOSE
    (repo / "shelf" / "books.py").write_text(books)

    # Plan in a cell.
    lab.open_notebook("work.ipynb")
    output = lab.run_cell(0).locator(".noo-plan")
    expect(card(output, "T1")).to_be_visible()
    lab.picture("flow-1-plan")

    # Drag a card on the board: project-spec.md says so, and Git.
    board = board_of(lab)
    lane = card(board, "T2").locator("xpath=ancestor::*[contains(@class,'noo-board-cells')]")
    drag(page, handle(board, "T2"), lane.locator('.noo-column[data-column="deferred"]'))
    lab.picture("flow-2-drag")
    drop(page)
    expect(column(board, "deferred", "T2")).to_be_visible()
    expect(board.locator(".noo-board-line")).to_contain_text("T2 → Deferred")
    assert git(repo, "log", "-1", "--format=%s").startswith("Task T2 is deferred")
    assert git(repo, "show", "--format=", "--name-only", "HEAD") == FILE_NAME
    assert "deferred" in (repo / FILE_NAME).read_text()

    # Run a task.
    act(board, "T1", "Run")
    expect(column(board, "review", "T1")).to_be_visible()
    expect(card(board, "T1").get_by_role("status")).to_contain_text("Review P1")
    lab.picture("flow-3-run")
    assert not (repo / "shelf" / "reader.py").exists()
    head = git(repo, "rev-parse", "HEAD")

    # Review its three hunks: one accepted, one edited, one rejected.
    act(board, "T1", "Review P1")
    review = page.locator("#nootropic-proposal-P1")
    hunk(review, "P1:1").get_by_role("button", name="Accept P1:1").click()
    expect(hunk(review, "P1:1")).to_have_attribute("data-state", "accepted")
    proposed = (repo / "shelf" / "reader.py").read_text()
    assert git(repo, "rev-parse", "HEAD~1") == head
    assert diff(repo, "HEAD") == ["+++ b/shelf/reader.py", *(f"+{line}" for line in proposed.splitlines())]

    review.locator('[data-action="open shelf/__init__.py"]').click()
    hunk(review, "P1:2").get_by_role("button", name="Edit").click()
    expect(hunk(review, "P1:2").locator(".noo-review-editor .cm-content")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(EXPORTS)
    lab.picture("flow-4-edit")
    page.keyboard.press("Control+Enter")
    hunk(review, "P1:2").get_by_role("button", name="Accept your text").click()
    expect(hunk(review, "P1:2")).to_have_attribute("data-state", "edited")
    assert diff(repo, "HEAD") == ["+++ b/shelf/__init__.py", *(f"+{line}" for line in EXPORTS.splitlines())]

    review.locator('[data-action="open tests/test_reader.py"]').click()
    hunk(review, "P1:3").get_by_role("button", name="Reject").click()
    expect(hunk(review, "P1:3")).to_have_attribute("data-state", "rejected")
    lab.picture("flow-5-decided")
    assert not (repo / "tests" / "test_reader.py").exists()
    assert git(repo, "rev-parse", "HEAD~2") == head
    for revision in ("HEAD", "HEAD~1"):
        message = git(repo, "log", "-1", "--format=%B", revision)
        assert "Nootropic-Proposal: P1" in message and "Nootropic-Task: T1" in message
    with_it = (repo / "shelf" / "__init__.py").read_text()

    # Undo takes exactly the last turn back, redo brings exactly it.
    review.get_by_role("button", name=re.compile("^Undo A2")).first.click()
    expect(review.get_by_role("button", name=re.compile("^Redo"))).not_to_have_count(0)
    assert (repo / "shelf" / "__init__.py").read_text() == '"""A small shelf of books."""\n'
    assert (repo / "shelf" / "reader.py").read_text() == proposed
    assert diff(repo, "HEAD") == ["+++ b/shelf/__init__.py", *(f"-{line}" for line in EXPORTS.splitlines())]
    lab.picture("flow-6-undone")
    review.get_by_role("button", name=re.compile("^Redo A3")).first.click()
    expect(review.get_by_role("button", name=re.compile("^Undo A4"))).not_to_have_count(0)
    assert (repo / "shelf" / "__init__.py").read_text() == with_it
    assert diff(repo, "HEAD") == ["+++ b/shelf/__init__.py", *(f"+{line}" for line in EXPORTS.splitlines())]
    lab.picture("flow-7-redone")

    # Nothing of the person's own went along, and nothing of it is lost.
    assert git(repo, "diff", "--name-only", "--cached") == "README.md"
    assert (repo / "README.md").read_text() == OWN_STAGED and (repo / "shelf" / "books.py").read_text() == books

    # A reload brings the window back: the same tabs, the review as it stands, the board with the task done.
    lab.done("docmanager:save")
    tabs = page.evaluate(_TABS)
    assert {"nootropic-proposal-P1", "nootropic-board"} <= set(tabs)
    lab.kept("nootropic-proposal-P1", "nootropic-board", "work.ipynb")
    page.reload()
    until(page, lambda: len(page.evaluate(_TABS)) >= len(tabs), "as many tabs are there again")
    assert set(page.evaluate(_TABS)) >= {"nootropic-proposal-P1", "nootropic-board"}
    page.get_by_role("tab", name=re.compile("^P1")).click()
    review = page.locator("#nootropic-proposal-P1")
    review.locator('[data-action="open shelf/__init__.py"]').click()
    expect(hunk(review, "P1:2")).to_have_attribute("data-state", "edited")
    lab.picture("flow-8-reloaded")
    page.get_by_role("tab", name="Board").first.click()
    expect(column(page.locator(".noo-board-panel"), "done", "T1")).to_be_visible()
    expect(column(page.locator(".noo-board-panel"), "deferred", "T2")).to_be_visible()
    lab.picture("flow-9-board")
