"""Reviewing in a notebook's cells: questions, buttons and completion, in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import commit, numbers, propose
from tests.kernel.running import Ran, running_kernel

VIEW = "application/vnd.jupyter.widget-view+json"


def states(session: Session, name: str) -> list[str]:
    proposal = ProposalStore(session.database(), session.workspace).get(name)
    return [hunk.state.value for hunk in proposal.changeset.hunks]


def button(ran: Ran, label: str) -> str:
    """The comm of the button with this label."""
    opened = [c for c in ran.of("comm_open") if c["data"].get("state", {}).get("description") == label]
    return str(opened[-1]["comm_id"])


def test_questions_buttons_and_completion(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    session = Session(workspace)
    commit(session, {"a.py": numbers(2), "b.py": numbers(2)})
    for name in ("a.py", "b.py"):
        propose(session, FileEdit(name, numbers(2), numbers(2, "other")), title=f"Change {name}")
    with running_kernel(workspace.root) as kernel:
        asked = kernel.run("%noo review P1 -i", answer="y")
        shown = [content["data"]["text/plain"] for content in asked.of("update_display_data")][-1]
        assert "── a.py · 2 of 2" in shown and "\x1b" not in shown
        assert "A1: accepted P1:1, P1:2" in asked.text and states(session, "P1") == ["accepted", "accepted"]
        refused = kernel.run("%noo review P2 --interactive")
        assert "needs a terminal" in refused.error and states(session, "P2") == ["pending", "pending"]

        widget = kernel.run("%noo review P2 --widgets")
        (result,) = widget.of("execute_result")
        assert VIEW in result["data"] and "+    return other + 0" in result["data"]["text/plain"]
        click = {"comm_id": button(widget, "Accept P2:2"), "data": {"method": "custom", "content": {"event": "click"}}}
        kernel.client.shell_channel.send(kernel.client.session.msg("comm_msg", click))
        assert kernel.run("1").status == "ok"  # cells and clicks are served in their order
        assert states(session, "P2") == ["pending", "accepted"]

        assert kernel.complete("%noo accept P") == ["P2"]
        assert kernel.complete("%noo accept P2:") == ["P2:1"]
        assert kernel.complete("%noo undo P1/") == ["P1/a.py"]
    session.close()
