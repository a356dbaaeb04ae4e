"""When a task counts as done: all, some or none of its hunks accepted, or nothing left to do; and the board says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

pytestmark = pytest.mark.usefixtures("no_embedded_model")


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    opened = Session(Workspace.find(repo))
    invoke("plan", {"brief": "Build a blog platform"}, opened)
    yield opened
    opened.close()


def state(session: Session, task: str = "T1") -> tuple[str, str]:
    """The status of a task, and the board's line about it."""
    board: Any = invoke("board", {}, session)
    forms = board.bundle()
    line = next(line for line in forms["text/plain"].splitlines() if re.match(rf"  \S+ {task}\*? ", line))
    note = line.partition("  – ")[2]
    assert note in forms["text/markdown"].replace("\\", "") and (not note or note in forms["text/html"])
    return forms["application/vnd.nootropic.plan+json"]["states"][task]["status"], line


@pytest.mark.parametrize(
    ("taken", "status", "said"),
    [
        pytest.param("all", "done", "{n} of {n} hunks", marks=pytest.mark.deep),
        ("some", "done", "1 of {n} hunks"),
    ],
)
def test_decided_with_something_accepted_is_done(session: Session, taken: str, status: str, said: str) -> None:
    made: Any = invoke("run", {"tasks": ["T1"]}, session)
    hunks = [hunk.ref for hunk in made.proposals[0].hunks]
    assert len(hunks) > 1
    assert state(session)[0] == "review" and f"{len(hunks)} of {len(hunks)} hunks to decide" in state(session)[1]
    invoke("accept", {"refs": hunks if taken == "all" else hunks[:1]}, session)
    if taken == "some":
        assert state(session)[0] == "review", "what is not decided waits"
        invoke("reject", {"refs": hunks[1:]}, session)
    found, line = state(session)
    assert found == status and said.format(n=len(hunks)) in line
    again: Any = invoke("run", {"tasks": ["T1"]}, session)
    assert again.tasks[0].outcome == "done" and "is done" in again.text()


@pytest.mark.parametrize("none", ["rejected", pytest.param("undone", marks=pytest.mark.deep)])
def test_nothing_accepted_is_ready_again(session: Session, none: str) -> None:
    invoke("run", {"tasks": ["T1"]}, session)
    if none == "rejected":
        invoke("reject", {"refs": ["P1"]}, session)
    else:
        invoke("accept", {"refs": ["P1"]}, session)
        assert state(session)[0] == "done"
        invoke("undo", {}, session)
    found, line = state(session)
    assert found == "ready" and f"P1 was {none}" in line


def test_what_leaves_nothing_to_do_is_done(session: Session) -> None:
    """The repository holds it already: the task is tried, changes nothing, counts as done, and what waited is ready."""
    root = session.workspace.root
    invoke("run", {"tasks": ["T1"]}, session)
    accepted: Any = invoke("accept", {"refs": ["P1"]}, session)
    files = {path: (root / path).read_bytes() for path in accepted.paths}
    invoke("undo", {}, session)
    for path, content in files.items():  # now the person writes the same, by hand
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    git(root, "add", ".")
    git(root, "commit", "-qm", "By hand")
    again: Any = invoke("run", {"tasks": ["T1"]}, session)
    assert again.tasks[0].outcome == "nothing to do" and "counts as done" in again.text()
    found, line = state(session)
    assert found == "done" and "held it already" in line
    following: Any = invoke("run", {}, session)
    assert [each.task for each in following.tasks] != ["T1"], "the next task's turn has come"
    invoke("redo", {"turn": "A2"}, session)
    invoke("undo", {}, session)
    assert state(session)[0] == "ready", "a decision after it counts more"
