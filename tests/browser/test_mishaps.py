"""What happens around the panels while a person works: killed kernels, moved notebooks, broken events."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import WebSocketRoute, expect

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.browser.axe import serious
from tests.browser.lab import Lab
from tests.browser.test_chat import opened, say
from tests.conftest import git

pytestmark = pytest.mark.browser

NAME = "work.ipynb"
_RENAME = "([old, name]) => window.jupyterapp.serviceManager.contents.rename(old, name)"
_CLOSE = """path => {
  const shown = [...window.jupyterapp.shell.widgets('main')].find(item => item.context?.path === path);
  shown.close();
}"""
_SOURCE = """path => {
  const shown = [...window.jupyterapp.shell.widgets('main')].find(item => item.context?.path === path);
  return shown?.context.model.sharedModel.cells[2].getSource() ?? null;
}"""
# No event of ours: not JSON, of a wrong shape, or with markup where a name is expected.
NONSENSE: list[str | bytes] = [
    "",
    "{ half a",
    "\x00\x01",
    b"\xff\xfe",
    "[]",
    "null",
    "7",
    json.dumps({"kind": "journal", "id": "<img src=x onerror=window.hacked=1>", "name": 3}),
    json.dumps({"kind": "journal", "id": -1, "name": [], "data": "x"}),
    json.dumps({"kind": "run", "run": {}, "event": "done", "seq": "x", "data": None}),
    json.dumps({"kind": "hello", "last": "x", "instance": []}),
    json.dumps({"kind": "error", "error": "<script>window.hacked=1</script>"}),
    "[" * 20_000,
]


@pytest.fixture
def notebook(repo: Path, workspace: Workspace) -> str:
    """A notebook that tells its kernel's process, and a proposal that changes two of its cells."""
    sources = ("import os\nos.getpid()", "x = 1", "x = 2", "x = 3", "x = 4", "x = 5")
    cells = [nbformat.v4.new_code_cell(source, id=f"c{k}") for k, source in enumerate(sources)]
    spec = {"kernelspec": {"name": "nootropic", "display_name": "Nootropic (Python)", "language": "python"}}
    made = nbformat.v4.new_notebook(cells=cells, metadata=spec)
    old = nbformat.writes(made).encode()
    (repo / NAME).write_bytes(old)
    git(repo, "add", NAME)
    git(repo, "commit", "-qm", "A notebook")
    cells[2]["source"], cells[4]["source"] = "x = 20", "x = 40"
    edit = FileEdit(NAME, old, nbformat.writes(made).encode())
    database = StateDatabase.open(workspace)
    try:
        changes = build_changeset([edit], Provenance(title="Ten times as much", how="person"))
        assert len(ProposalStore(database, workspace).propose(changes).changeset.hunks) == 2
    finally:
        database.close()
    return NAME


def test_a_killed_kernel_a_moved_notebook_and_broken_events(
    lab: Lab, repo: Path, notebook: str, person_home: Path, tmp_path: Path
) -> None:
    page = lab.page
    lab.refusals.append("/nootropic/api/capabilities/accept")
    sockets: list[WebSocketRoute] = []

    def joined(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    page.route_web_socket(re.compile("/nootropic/api/events"), joined)
    gate = tmp_path / "go"
    half = {"parts": [{"text": "Half an answer"}, {"text": ".", "until": str(gate)}]}
    with scripted_model(tmp_path, person_home, [half, "Fine."]):
        lab.open_notebook(notebook)
        process = int(lab.run_cell(0).locator("pre").inner_text())
        chat = opened(lab)

        # The kernel is killed in the middle of an answer: the answer ends as if nothing had been.
        entry = say(chat, "Go on")
        expect(entry).to_contain_text("Half an answer")
        os.kill(process, signal.SIGKILL)
        dialog = page.locator(".jp-Dialog", has_text="Kernel Restarting")  # JupyterLab's own
        dialog.get_by_role("button", name="Ok").click()
        gate.touch()
        expect(entry.locator(".noo-chat-facts")).to_be_visible()
        expect(entry).to_contain_text("Half an answer.")

        # What is no event harms nobody: everyone reads anew, and goes on.
        assert sockets
        with page.expect_request(re.compile("/nootropic/api/capabilities/chats")):
            for socket in sockets:
                for message in NONSENSE:
                    socket.send(message)
        assert page.evaluate("() => window.hacked") is None
        expect(say(chat, "And now?")).to_contain_text("Fine.")
    assert serious(page, ".noo-chat") == []

    lab.done("docmanager:save")
    # A notebook that is renamed while its cells are reviewed: said, nothing is written under the old name.
    lab.command("nootropic:review-proposal", id="P1")
    review = page.locator("#nootropic-proposal-P1")
    first, second = (review.locator(f'.noo-review-hunk[data-ref="P1:{number}"]') for number in (1, 2))
    expect(first).to_be_visible()
    page.evaluate(_RENAME, [notebook, "moved.ipynb"])
    moved = (repo / "moved.ipynb").read_bytes()
    first.get_by_role("button", name="Accept P1:1").click()
    expect(review.locator(".noo-notice.noo-mod-error")).to_contain_text(notebook)
    lab.picture("review-renamed")
    assert not (repo / notebook).exists() and (repo / "moved.ipynb").read_bytes() == moved
    accept = first.get_by_role("button", name="Accept P1:1")
    expect(accept).to_have_attribute("aria-disabled", "true")
    page.evaluate(_RENAME, ["moved.ipynb", notebook])
    expect(accept).not_to_have_attribute("aria-disabled", "true")
    first.get_by_role("button", name="Accept P1:1").click()
    expect(first).to_have_attribute("data-state", "accepted")
    page.wait_for_function(f"path => ({_SOURCE})(path) === 'x = 20'", arg=notebook)

    # Closed in between: the file itself is changed. A file that is read-only stays so.
    page.evaluate(_CLOSE, notebook)
    (repo / notebook).chmod(0o444)
    second.get_by_role("button", name="Accept P1:2").click()
    expect(second).to_have_attribute("data-state", "accepted")
    assert "x = 40" in (repo / notebook).read_text()
    assert (repo / notebook).stat().st_mode & 0o777 == 0o444
    assert serious(page, "#nootropic-proposal-P1") == []
    assert serious(page, "#nootropic-review") == []
    assert serious(page, ".noo-status-line") == []
    lab.theme("JupyterLab Dark")
    for part in ("#nootropic-proposal-P1", "#nootropic-review", ".noo-status-line", ".noo-chat"):
        assert serious(page, part) == [], part
