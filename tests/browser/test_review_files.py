"""From a hunk to its file; files that cannot be written; a proposal of 50 MB."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.browser.lab import Lab, becomes
from tests.browser.test_review_panel import FOCUSED, hunk, opened
from tests.conftest import git

pytestmark = pytest.mark.browser

CALC = "".join(f"def f{k}(value):\n    return value + {k}\n\n\n\n\n\n" for k in range(40))
# The line of the cursor in the editor at the front, from 1, and its text.
_LINE = """() => {
  const editor = window.jupyterapp.shell.currentWidget.content?.editor;
  if (!editor) {
    return [0, ''];
  }
  const { line } = editor.getCursorPosition();
  return [line + 1, editor.getLine(line)];
}"""
_CELL = "() => window.jupyterapp.shell.currentWidget.content.activeCell?.model.id"
_NAME = "() => window.jupyterapp.shell.currentWidget.context?.path ?? null"


@pytest.fixture
def locked(repo: Path) -> Path:
    """A folder that nobody may write to, not even root: a read-only mount that the server sees."""
    folder = repo / "locked"
    folder.mkdir()
    (folder / "fixed.py").write_text("fixed = 1\n")
    return folder


@pytest.fixture
def within(locked: Path) -> list[str]:
    """The server runs where the folder is mounted read-only; everything else is as it is."""
    if shutil.which("bwrap") is None:
        pytest.fail("bubblewrap is not installed (Debian: `apt-get install bubblewrap`).", pytrace=False)
    return ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(locked), str(locked)]


@pytest.fixture
def proposal(repo: Path, workspace: Workspace, locked: Path) -> str:
    """Hunks of a text, of a notebook, of a new file, and of a file that cannot be written."""
    cells = [nbformat.v4.new_code_cell(f"x = {k}", id=f"c{k}") for k in range(30)]
    old = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
    cells[25] = nbformat.v4.new_code_cell("x = 2500", id="c25")
    new = nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()
    (repo / "calc.py").write_text(CALC)
    (repo / "work.ipynb").write_bytes(old)
    git(repo, "add", ".")
    git(repo, "commit", "-qm", "Files")
    changed = CALC.replace("value + 30\n", "value - 30\n").replace("value + 35\n", "value - 35\n")
    edits = [
        FileEdit("calc.py", CALC.encode(), changed.encode()),
        FileEdit("work.ipynb", old, new),
        FileEdit("new.py", None, b"new = 1\n"),
        FileEdit("locked/fixed.py", b"fixed = 1\n", b"fixed = 2\n"),
    ]
    database = StateDatabase.open(workspace)
    try:
        return (
            ProposalStore(database, workspace)
            .propose(build_changeset(edits, Provenance(title="Much", how="person")))
            .id
        )
    finally:
        database.close()


def test_from_a_hunk_to_its_file_and_a_file_that_cannot_be_written(lab: Lab, repo: Path, proposal: str) -> None:
    page = lab.page
    lab.refusals.append("/nootropic/api/capabilities/accept")
    review = opened(lab)

    # The file has moved on by three lines since: the place is found by its words.
    (repo / "calc.py").write_text("# one\n# two\n# three\n" + CALC)
    hunk(review, "P1:1").get_by_role("button", name="Open the file at hunk P1:1").click()
    becomes(page, _NAME, "calc.py")
    becomes(page, _LINE, [3 + 30 * 7 + 2, "    return value + 30"])
    lab.picture("review-open-file")
    # What landed is found where it stands now; the open tab follows. By keyboard, too.
    lab.command("nootropic:review-proposal", id=proposal)
    hunk(review, "P1:1").get_by_role("button", name="Accept P1:1").click()
    expect(hunk(review, "P1:1")).to_have_attribute("data-state", "accepted")
    becomes(page, FOCUSED, "P1:2")
    page.keyboard.press("p")
    page.keyboard.press("o")
    becomes(page, _NAME, "calc.py")
    page.wait_for_function(f"() => ({_LINE})()[1] === '    return value - 30'")

    # A cell of a notebook is brought into view; what is not there yet says so.
    lab.command("nootropic:review-proposal", id=proposal)
    review.locator('[data-action="open work.ipynb"]').click()
    hunk(review, "P1:3").get_by_role("button", name="Open the file").click()
    becomes(page, _NAME, "work.ipynb")
    becomes(page, _CELL, "c25")
    dialog = page.locator(".jp-Dialog")  # JupyterLab asks for a kernel
    dialog.get_by_role("button", name="No Kernel").click()
    becomes(page, _CELL, "c25")
    expect(lab.cell(25)).to_be_in_viewport()
    lab.command("nootropic:review-proposal", id=proposal)
    hunk(review, "P1:3").get_by_role("button", name="Reject").click()
    expect(hunk(review, "P1:3")).to_have_attribute("data-state", "rejected")
    review.locator('[data-action="open new.py"]').click()
    hunk(review, "P1:4").get_by_role("button", name="Open the file").click()
    note = review.locator(".noo-notice.noo-mod-error")
    expect(note).to_contain_text("It is there once you accept it.")

    # Not even root can write here: it is said, and nothing of what was asked for is kept.
    review.locator('[data-action="open locked/fixed.py"]').click()
    head = git(repo, "rev-parse", "HEAD")
    hunk(review, "P1:5").get_by_role("button", name="Accept P1:5").click()
    expect(note).to_contain_text("locked/fixed.py cannot be written")
    expect(note).to_contain_text("Make the place writable")
    lab.picture("review-read-only")
    review.get_by_role("button", name="Accept all of P1").click()
    expect(note).to_contain_text("Nothing of this change was kept")
    expect(hunk(review, "P1:5")).to_have_attribute("data-state", "pending")
    assert git(repo, "rev-parse", "HEAD") == head and not (repo / "new.py").exists()
    assert (repo / "locked" / "fixed.py").read_text() == "fixed = 1\n"
