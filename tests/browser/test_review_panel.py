"""The review panel: three hunks, one accepted, one edited, one rejected; undo, redo; two tabs; keys; a lost server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.journal import events
from nootropic_kernel.workspace.location import Workspace
from tests.browser.conftest import Server
from tests.browser.lab import Lab, becomes
from tests.conftest import git

pytestmark = pytest.mark.browser

OLD = "".join(f"def f{k}(value):\n    return value + {k}\n\n\n\n\n\n" for k in range(3))
NEW = OLD.replace("value +", "value -")
HOSTILE = '<img src=x onerror="window.hacked = true">'
FOCUSED = "() => document.activeElement.closest('.noo-review-hunk')?.dataset.ref ?? null"
_PANEL = "() => document.activeElement.closest('.noo-review')?.id ?? null"


@pytest.fixture
def stored(repo: Path, workspace: Workspace) -> Iterator[StateDatabase]:
    """Two proposals: three hunks of a file and a change of a notebook; and one that is hostile."""
    cells = [nbformat.v4.new_code_cell(f"x = {k}", id=f"c{k}") for k in range(5)]
    old = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
    cells[3] = nbformat.v4.new_code_cell("x = 33\nprint(x)", id="c3")
    new = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
    (repo / "calc.py").write_text(OLD)
    (repo / "work.ipynb").write_bytes(old)
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "Files")
    database = StateDatabase.open(workspace)
    store = ProposalStore(database, workspace)
    edits = [FileEdit("calc.py", OLD.encode(), NEW.encode()), FileEdit("work.ipynb", old, new)]
    checks = [
        CheckResult("tests", True, "5 passed", "pytest in a sandbox"),
        CheckResult("names", None, "calc.py:9 undefined name 'valu'", "Nootropic's own scan"),
    ]
    store.propose(build_changeset(edits, Provenance(title="Subtract", task="T1", how="model")), checks=checks)
    edits = [FileEdit("evil.txt", None, f"{HOSTILE}\n".encode())]
    store.propose(build_changeset(edits, Provenance(title=HOSTILE, how="model")), checks=[])
    yield database
    database.close()


def opened(lab: Lab, proposal: str = "P1") -> Locator:
    """Open a review in a window that shows no notebook."""
    lab.open("nootropic:review-proposal")
    return again(lab, proposal)


def again(lab: Lab, proposal: str = "P1") -> Locator:
    """Open a review, or go back to it; it has the focus then."""
    lab.command("nootropic:review-proposal", id=proposal)
    review = lab.page.locator(f"#nootropic-proposal-{proposal}")
    expect(review.locator(".noo-review-hunk").first).to_be_visible()
    becomes(lab.page, _PANEL, f"nootropic-proposal-{proposal}")
    return review


def hunk(review: Locator, ref: str) -> Locator:
    return review.locator(f'.noo-review-hunk[data-ref="{ref}"]')


def test_accept_edit_reject_commit_undo_redo(lab: Lab, repo: Path, stored: StateDatabase) -> None:
    page = lab.page
    review = opened(lab)
    # Both sides of a hunk, in colours of the language, with the numbers of the file.
    expect(hunk(review, "P1:1").locator(".cm-mergeViewEditor")).to_have_count(2)
    expect(hunk(review, "P1:1").locator(".cm-merge-b .cm-changedLine")).to_contain_text("value - 0")
    expect(hunk(review, "P1:1").locator(".cm-line span").first).to_be_attached()
    expect(hunk(review, "P1:2").locator(".noo-review-finding")).to_contain_text("undefined name 'valu'")
    expect(hunk(review, "P1:1").locator(".noo-review-finding")).to_have_count(0)
    expect(review.locator(".noo-checks")).to_contain_text("tests")
    lab.picture("review-panel-light")

    head = git(repo, "rev-parse", "HEAD")
    hunk(review, "P1:1").get_by_role("button", name="Accept P1:1").click()
    expect(hunk(review, "P1:1")).to_have_attribute("data-state", "accepted")
    # The focus is at the next hunk to decide.
    becomes(page, FOCUSED, "P1:2")
    assert git(repo, "rev-parse", "HEAD~1") == head

    hunk(review, "P1:2").get_by_role("button", name="Edit").click()
    editor = hunk(review, "P1:2").locator(".noo-review-editor .cm-content")
    expect(editor).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("return value * 1  # a, r and n are letters here\n")
    lab.picture("review-panel-edit")
    page.keyboard.press("Control+Enter")
    expect(hunk(review, "P1:2").locator(".noo-state")).to_contain_text("your own text")
    expect(hunk(review, "P1:2").locator(".noo-review-sides")).to_contain_text("value * 1")
    hunk(review, "P1:2").get_by_role("button", name="Accept your text").click()
    expect(hunk(review, "P1:2")).to_have_attribute("data-state", "edited")

    hunk(review, "P1:3").get_by_role("button", name="Reject").click()
    expect(hunk(review, "P1:3")).to_have_attribute("data-state", "rejected")
    text = (repo / "calc.py").read_text()
    assert "value - 0" in text and "value * 1  # a, r and n" in text and "value + 2" in text
    assert git(repo, "status", "--porcelain", "calc.py") == "" and git(repo, "rev-parse", "HEAD~2") == head
    assert "Nootropic-Proposal: P1" in git(repo, "log", "-1", "--format=%B")

    review.get_by_role("button", name=re.compile("^Undo A2")).first.click()
    expect(hunk(review, "P1:2")).to_have_attribute("data-state", "undone")
    assert "value + 1" in (repo / "calc.py").read_text()
    review.get_by_role("button", name=re.compile("^Redo A3")).first.click()
    expect(hunk(review, "P1:2")).to_have_attribute("data-state", "edited")
    assert "value * 1" in (repo / "calc.py").read_text()

    # What a person did is in the journal, with the time that it took.
    connection = stored.read()
    timed = {event.data["decision"]: event.data for event in events(connection, kind="decision.timed")}
    assert timed["accept"]["seconds"] > 0 and timed["reject"]["hunks"] == ["P1:3"]
    assert [event.subject for event in events(connection, kind="hunk.drafted")] == ["P1:2"]


def test_the_whole_pass_by_keyboard_and_a_notebook_as_cells(lab: Lab, repo: Path, stored: StateDatabase) -> None:
    page = lab.page
    review = opened(lab)
    expect(hunk(review, "P1:1")).to_be_focused()
    page.keyboard.press("Shift+Slash")
    expect(review.locator(".noo-review-keys")).to_contain_text("Accept Hunk")
    page.keyboard.press("n")
    becomes(page, FOCUSED, "P1:2")
    page.keyboard.press("p")
    becomes(page, FOCUSED, "P1:1")
    page.keyboard.press("a")
    expect(hunk(review, "P1:1")).to_have_attribute("data-state", "accepted")
    becomes(page, FOCUSED, "P1:2")
    page.keyboard.press("u")
    expect(hunk(review, "P1:1")).to_have_attribute("data-state", "undone")
    page.keyboard.press("Shift+u")
    expect(hunk(review, "P1:1")).to_have_attribute("data-state", "accepted")
    page.keyboard.press("r")
    expect(hunk(review, "P1:2")).to_have_attribute("data-state", "rejected")
    becomes(page, FOCUSED, "P1:3")
    page.keyboard.press("e")
    expect(hunk(review, "P1:3").locator(".noo-review-editor .cm-content")).to_be_focused()
    page.keyboard.type("rna")
    expect(hunk(review, "P1:3")).to_have_attribute("data-state", "pending")
    page.keyboard.press("Escape")
    becomes(page, FOCUSED, "P1:3")
    page.keyboard.press("s")
    expect(hunk(review, "P1:3").locator(".cm-mergeView")).to_have_count(0)
    page.keyboard.press("s")
    page.keyboard.press("Alt+ArrowDown")
    # The next file: a notebook, its cells in their place.
    cell = hunk(review, "P1:4")
    expect(cell).to_be_focused()
    expect(cell).to_have_attribute("data-cell", "code")
    expect(review.locator(".noo-review-run").first).to_contain_text("3 cells stay as they are")
    expect(cell.locator(".cm-merge-b, .cm-content").last).to_contain_text("print(x)")
    lab.theme("JupyterLab Dark")
    lab.picture("review-panel-notebook-dark")
    page.keyboard.press("a")
    expect(cell).to_have_attribute("data-state", "accepted")
    assert "x = 33" in (repo / "work.ipynb").read_text()


def test_open_tabs_follow_and_unsaved_edits_are_never_overwritten(lab: Lab, repo: Path, stored: StateDatabase) -> None:
    page = lab.page
    lab.refusals.append("/nootropic/api/capabilities/accept")
    review = opened(lab)
    lab.done("docmanager:open", path="calc.py")
    file = page.locator(".jp-FileEditor .cm-content")
    expect(file).to_contain_text("value + 0")
    again(lab)
    hunk(review, "P1:1").get_by_role("button", name="Accept P1:1").click()
    expect(hunk(review, "P1:1")).to_have_attribute("data-state", "accepted")
    lab.done("docmanager:open", path="calc.py")
    expect(file).to_contain_text("value - 0")
    # Now the tab holds an edit that is not saved: it is refused beforehand, with the reason.
    file.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# mine\n")
    again(lab)
    page.keyboard.press("f")
    review.locator('[data-action="open work.ipynb"]').click()
    expect(hunk(review, "P1:4")).to_be_visible()
    review.locator('[data-action="open calc.py"]').click()
    accept = hunk(review, "P1:2").get_by_role("button", name="Accept P1:2")
    expect(accept).to_have_attribute("aria-disabled", "true")
    expect(accept).to_have_accessible_description(re.compile("unsaved"))
    lab.picture("review-panel-refused")
    whole = review.get_by_role("button", name=re.compile("^Accept all"))
    expect(whole).to_have_attribute("aria-disabled", "true")
    expect(whole).to_have_accessible_description(re.compile("unsaved"))
    assert "# mine" not in (repo / "calc.py").read_text() and "value + 1" in (repo / "calc.py").read_text()
    lab.done("docmanager:open", path="calc.py")
    expect(file).to_contain_text("# mine")


def test_the_list_follows_what_happens_elsewhere_and_hostile_text_stays_text(
    lab: Lab, repo: Path, workspace: Workspace, stored: StateDatabase
) -> None:
    page = lab.page
    review = opened(lab, "P2")
    expect(review.locator(".noo-title")).to_contain_text("<img")
    expect(hunk(review, "P2:1").locator(".cm-content")).to_contain_text("onerror")
    lab.command("nootropic:open-review")
    listed = page.locator("#nootropic-review")
    expect(listed.locator(".noo-review-line")).to_have_count(2)
    lab.picture("review-panel-list")
    session = Session(workspace)
    try:
        invoke("reject", {"refs": ["P2"]}, session)
        expect(listed.locator(".noo-review-line")).to_have_count(1)
        expect(hunk(review, "P2:1")).to_have_attribute("data-state", "rejected")
    finally:
        session.close()
    listed.locator(".noo-review-search").fill("nowhere")
    expect(listed).to_contain_text("Nothing fits the search")
    listed.get_by_role("button", name="Show all").click()
    expect(listed.locator(".noo-review-line")).to_have_count(2)
    listed.locator('[data-id="P1"]').click()
    expect(hunk(page.locator("#nootropic-proposal-P1"), "P1:1")).to_be_visible()
    # A second window sees the first one's decision.
    other = lab.window("other", "nootropic:review-proposal")
    other.evaluate("() => void window.jupyterapp.commands.execute('nootropic:review-proposal', {id: 'P1'})")
    seen = other.locator('.noo-review-hunk[data-ref="P1:1"]')
    expect(seen).to_have_attribute("data-state", "pending")
    page.bring_to_front()
    hunk(page.locator("#nootropic-proposal-P1"), "P1:1").get_by_role("button", name="Accept P1:1").click()
    expect(seen).to_have_attribute("data-state", "accepted")
    other.close()
    assert page.evaluate("() => window.hacked") is None


def test_a_login_that_has_run_out_is_said_and_mended(lab: Lab, repo: Path, stored: StateDatabase) -> None:
    page = lab.page
    lab.refusals.append("/nootropic/api/capabilities/")
    review = opened(lab)
    page.route(
        "**/nootropic/api/capabilities/**", lambda route: route.fulfill(status=403, json={"message": "Forbidden"})
    )
    hunk(review, "P1:1").get_by_role("button", name="Accept P1:1").click()
    expect(review.locator(".noo-notice.noo-mod-error")).to_contain_text("Log in again")
    expect(hunk(review, "P1:1").get_by_role("button", name="Accept P1:1")).to_have_attribute("aria-disabled", "true")
    lab.picture("review-panel-forbidden")
    lab.command("nootropic:review-proposal", id="P9")
    other = page.locator("#nootropic-proposal-P9")
    expect(other).to_contain_text("P9 cannot be shown")
    page.unroute("**/nootropic/api/capabilities/**")
    other.get_by_role("button", name="Try again").click()
    expect(other).to_contain_text("There is no proposal P9")
    again(lab)
    review.get_by_role("button", name="Try again").click()
    expect(review.locator(".noo-notice.noo-mod-error")).to_have_count(0)
    hunk(review, "P1:1").get_by_role("button", name="Accept P1:1").click()
    expect(hunk(review, "P1:1")).to_have_attribute("data-state", "accepted")


def test_a_lost_connection_and_a_server_that_comes_back(lab: Lab, jupyter: Server, stored: StateDatabase) -> None:
    page = lab.page
    lab.refusals += ["/api/", "net::ERR", "WebSocket", "/lab"]
    review = opened(lab)
    # JupyterLab itself says that its server is away, in a dialog over the page.
    dialog = page.locator(".jp-Dialog")
    page.add_locator_handler(dialog, lambda: dialog.locator("button").first.click())
    page.context.set_offline(True)
    hunk(review, "P1:1").get_by_role("button", name="Accept P1:1").click()
    error = review.locator(".noo-notice.noo-mod-error")
    expect(error).to_contain_text("did not answer")
    expect(hunk(review, "P1:1").locator(".cm-mergeView")).to_be_visible()
    page.context.set_offline(False)
    review.get_by_role("button", name="Try again").click()
    expect(error).to_have_count(0)
    # The server ends, and another one takes its place: what was shown stays, and the next decision is the new one's.
    hunk(review, "P1:1").get_by_role("button", name="Accept P1:1").focus()
    jupyter.end()
    page.keyboard.press("a")
    away = review.locator(".noo-notice", has_text=re.compile("(did|does) not answer"))
    expect(away.first).to_be_visible()
    expect(hunk(review, "P1:1").get_by_role("button", name="Accept P1:1")).to_have_attribute("aria-disabled", "true")
    jupyter.start()
    expect(away).to_have_count(0)
    hunk(review, "P1:1").get_by_role("button", name="Accept P1:1").click()
    expect(hunk(review, "P1:1")).to_have_attribute("data-state", "accepted")
