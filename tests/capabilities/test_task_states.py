"""How tasks stand: from decisions on their proposals, from Git, and from the journal."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import current_spec
from nootropic_kernel.agents.run_marks import mark_satisfied
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.board import BoardParams, board
from nootropic_kernel.capabilities.next import NextParams, next
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.changes.accept import accept, reject, undo
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.task_work import propose_for, statuses
from tests.conftest import git

SPEC = "project-spec.md"


def test_a_task_is_done_when_all_hunks_are_decided_and_one_is_accepted(session: Session) -> None:
    workspace, database = session.workspace, session.database()
    proposal = propose_for(session, "T1", "shelf/post.py", "shelf/other.py")
    assert statuses(session)["T1"] == "review"
    turn = accept(workspace, database, [f"{proposal.id}:1"])
    assert statuses(session)["T1"] == "review"
    reject(workspace, database, [f"{proposal.id}:2"])
    assert statuses(session)["T1"] == "done"
    assert "1 of 2 hunks" in board(BoardParams(), session).text()
    undo(workspace, database, turn.id)
    found = statuses(session)
    assert found["T1"] == "ready"
    assert "was undone" in board(BoardParams(), session).text()


def test_a_task_of_which_a_part_was_undone_says_so(session: Session) -> None:
    """Regression: it stood as done with 1 of 2 hunks, as if nothing had been taken back."""
    proposal = propose_for(session, "T1", "shelf/post.py", "shelf/other.py")
    accept(session.workspace, session.database(), [proposal.id])
    undo(session.workspace, session.database(), f"{proposal.id}:1")
    assert statuses(session)["T1"] == "done"
    told = board(BoardParams(), session).text()
    assert f"in part: 1 of 2 hunks ({proposal.id}), 1 undone, without shelf/" in told


@pytest.mark.parametrize(
    ("paths", "refused", "told"),
    [
        (("shelf/post.py", "tests/test_post.py"), 2, "1 of 2 hunks (P1), without its tests (tests/test_post.py)"),
        (("shelf/post.py", "tests/test_post.py"), 1, "1 of 2 hunks (P1), without shelf/post.py"),
        (("shelf/post.py", "shelf/other.py"), None, "2 of 2 hunks (P1)"),
    ],
)
def test_a_task_that_is_done_in_part_says_what_is_not_there(
    session: Session, paths: tuple[str, str], refused: int | None, told: str
) -> None:
    proposal = propose_for(session, "T1", *paths)
    if refused is not None:
        reject(session.workspace, session.database(), [f"{proposal.id}:{refused}"])
    accept(session.workspace, session.database(), [proposal.id])
    result = board(BoardParams(), session)
    assert result.data()["states"]["T1"] == {"status": "done", "note": told}
    assert f"– {told}" in result.text()


def test_what_waits_becomes_ready_when_its_task_is_done(session: Session) -> None:
    assert statuses(session)["T2"] == "pending"  # the store waits for the class
    listed = next(NextParams(), session)
    assert [task.id for task in listed.tasks][:1] == ["T1"] and "T2" not in [task.id for task in listed.tasks]
    accept(session.workspace, session.database(), [propose_for(session, "T1", "shelf/post.py").id])
    assert "T2" in [task.id for task in next(NextParams(count=20), session).tasks]


def test_states_come_from_git_when_the_store_is_lost(session: Session, repo: Path) -> None:
    turn = accept(session.workspace, session.database(), [propose_for(session, "T1", "shelf/post.py").id])
    second = accept(session.workspace, session.database(), [propose_for(session, "T3", "shelf/comment.py").id])
    undo(session.workspace, session.database(), second.id)
    session.close()
    for path in sorted((repo / ".nootropic").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    fresh = Session(Workspace.find(repo))
    found = statuses(fresh)
    assert found["T1"] == "done" and found["T3"] == "ready"
    assert (turn.commit or "")[:10] in board(BoardParams(), fresh).text()
    fresh.close()


def test_a_task_that_leaves_nothing_to_do_counts_as_done(session: Session) -> None:
    current = current_spec(session.workspace).plan
    mark_satisfied(session.database(), current, "T1")
    assert statuses(session)["T1"] == "done" and statuses(session)["T2"] == "ready"


def test_proposals_of_an_earlier_plan_do_not_count(session: Session, repo: Path) -> None:
    accept(session.workspace, session.database(), [propose_for(session, "T1", "shelf/post.py").id])
    git(repo, "rm", "-q", SPEC)
    later = {"GIT_AUTHOR_DATE": "2099-01-01T00:00:00", "GIT_COMMITTER_DATE": "2099-01-01T00:00:00"}
    git(repo, "commit", "-qm", "Drop the plan")
    for name, value in later.items():
        os.environ[name] = value
    try:
        plan(PlanParams(brief="Keep records of violins"), session)
    finally:
        for name in later:
            del os.environ[name]
    assert statuses(session)["T1"] == "ready"


def test_the_board_counts_every_task_once(session: Session) -> None:
    result = plan(PlanParams(), session)
    shown = board(BoardParams(), session)
    total = sum(len(story.tasks) for epic in result.epics for story in epic.stories)
    assert sum(shown.counts.values()) == total
    assert "Ready" in shown.text() and "| T1 |" in shown.markdown()
    only = board(BoardParams(status=["ready"]), session).text()
    assert re.search(r"^  \S+ T1\*? ", only, re.M) and not re.search(r"^  \S+ T2\*? ", only, re.M)
