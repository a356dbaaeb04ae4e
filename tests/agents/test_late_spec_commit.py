"""A plan that comes into Git late keeps the proposals that were made for it before."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.board import BoardParams, board
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.run import RunParams, run
from nootropic_kernel.workspace.location import Workspace

pytestmark = pytest.mark.slow


def test_a_task_in_review_stays_so_when_an_amendment_is_the_first_commit_of_the_plan(repo: Path) -> None:
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    session = Session(Workspace.find(repo))
    try:
        plan(PlanParams(brief="Build a blog platform"), session)
        (done,) = run(RunParams(), session).tasks
        assert done.outcome == "proposed"
        hook.unlink()
        time.sleep(1.1)  # Git counts whole seconds
        plan(PlanParams(brief="Build a blog platform with tags", amend=True), session)
        shown = board(BoardParams(), session)
        assert shown.counts["review"] == 1 and done.task not in shown.next
    finally:
        session.close()


def test_a_plan_that_came_as_a_file_keeps_its_reviews_when_an_amendment_commits_it(repo: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Session(Workspace.find(elsewhere))
    try:
        plan(PlanParams(brief="Build a blog platform"), other)
    finally:
        other.close()
    (repo / "project-spec.md").write_bytes((elsewhere / "project-spec.md").read_bytes())
    session = Session(Workspace.find(repo))
    try:
        (done,) = run(RunParams(), session).tasks
        assert done.outcome == "proposed"
        time.sleep(1.1)  # Git counts whole seconds
        plan(PlanParams(brief="Build a blog platform with tags", amend=True), session)
        shown = board(BoardParams(), session)
        assert shown.counts["review"] == 1 and done.task not in shown.next
    finally:
        session.close()
