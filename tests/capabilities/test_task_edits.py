"""The verb task on real repositories: the file, the commit, taking back, refusals."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import NoPlan, SpecUnsaved, current_plan, current_spec
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.next import NextParams, next
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.replan import ReplanParams, replan
from nootropic_kernel.capabilities.task import TaskParams, TaskResult, task
from nootropic_kernel.changes.accept import accept
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.planning.edits.dependencies import DependencyCircle, DependencyNeeded
from nootropic_kernel.planning.edits.task import TaskFrozen
from nootropic_kernel.planning.errors import UndoRefused
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.runs.lock import run_lock
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

pytestmark = pytest.mark.slow

SPEC = "project-spec.md"
BLOG = "Build a blog platform"


def edit(session: Session, name: str | None, **options: object) -> TaskResult:
    return task(TaskParams.model_validate({"task": name, **options}), session)


def now(session: Session, name: str) -> Task:
    found = current_spec(session.workspace).plan.task(name)
    assert found is not None
    return found


def without_revision(found: Plan) -> Plan:
    return replace(found, revision=0, parent_revision=None)


def test_an_edit_is_one_commit_of_the_file_alone_that_says_what_and_why(session: Session, repo: Path) -> None:
    (repo / "staged.txt").write_text("mine\n")
    git(repo, "add", "staged.txt")
    done = edit(session, "t3", title="Write the  Comment\nclass", estimate=3, note="Maria asked for it")
    assert (done.action, done.revision) == ("edited", 2) and done.commit == git(repo, "rev-parse", "HEAD")
    assert git(repo, "show", "--name-only", "--format=", "HEAD").split() == [SPEC]
    subject = git(repo, "log", "-1", "--format=%s")
    assert subject == "Task T3 is called “Write the Comment class”, takes 3 h: Maria asked for it"
    found = now(session, "T3")
    assert (found.title, found.estimate.hours, found.locked) == ("Write the Comment class", 3.0, True)
    assert "Note: Maria asked for it" in found.body
    head = git(repo, "rev-parse", "HEAD")
    assert edit(session, "T3", title="Write the Comment class").action == "shown"
    assert edit(session, "T3").task.title == "Write the Comment class"
    assert git(repo, "rev-parse", "HEAD") == head and git(repo, "status", "--porcelain") == "A  staged.txt"


def test_times_of_what_comes_after_follow(session: Session) -> None:
    before = current_spec(session.workspace).plan
    done = edit(session, "T1", estimate=9)
    after = current_spec(session.workspace).plan
    assert after.hours() == before.hours() + 9 - before.tasks[0].estimate.hours
    moved = {each["id"] for each in done.patch["reschedule"]}
    assert moved and all(now(session, name).schedule.start_h >= 9 for name in moved)
    assert "moved" in done.text() and "T1" in done.text()
    edit(session, "T1", undo=True)
    assert without_revision(current_spec(session.workspace).plan) == without_revision(before)


def test_every_edit_can_be_taken_back_one_after_the_other(session: Session, repo: Path) -> None:
    plans = [current_spec(session.workspace).plan]
    last = plans[0].tasks[-1].id
    for name, options in (
        (last, {"after": ["T1"]}),
        ("T3", {"title": '"]; click T1 <b>\x1b[2J', "agent": "recipes"}),
        ("T4", {"before": "T3"}),
        ("T5", {"status": "deferred", "note": "later"}),
    ):
        assert edit(session, name, **options).action == "edited"
        plans.append(current_spec(session.workspace).plan)
    for wanted in reversed(plans[:-1]):
        done = edit(session, None, undo=True)
        assert done.action == "undone" and done.commit
        assert without_revision(current_spec(session.workspace).plan) == without_revision(wanted)
    with pytest.raises(UndoRefused):
        edit(session, None, undo=True)
    assert git(repo, "status", "--porcelain") == ""


def test_an_older_edit_is_taken_back_by_task_or_revision_and_refused_when_it_was_built_on(session: Session) -> None:
    was = now(session, "T3").title
    edit(session, "T3", title="First")
    edit(session, "T5", title="Other")
    edit(session, "T3", estimate=5)
    assert edit(session, None, undo=True, revision=2).task.title == was
    assert now(session, "T3").estimate.hours == 5 and now(session, "T5").title == "Other"
    edit(session, "T3", title="Second")
    edit(session, "T3", title="Third")
    with pytest.raises(TaskFrozen, match="has another title"):
        edit(session, "T3", undo=True, revision=6)
    assert edit(session, "T5", undo=True).task.id == "T5" and now(session, "T3").title == "Third"


def test_work_of_ones_own_is_done_and_what_waited_is_ready(session: Session) -> None:
    with pytest.raises(UsageError, match="Say why"):
        edit(session, "T1", status="done")
    done = edit(session, "T1", status="done", note="by hand")
    assert done.task.status == "done" and "T2" in done.next
    with pytest.raises(TaskFrozen) as frozen:
        edit(session, "T1", title="x")
    assert "noo replan T1" in frozen.value.next and "--undo" in frozen.value.next
    assert edit(session, "T1", undo=True).task.status == "ready"
    with pytest.raises(UsageError, match="waits for T1"):
        edit(session, "T2", status="ready")
    put_off = edit(session, "T1", status="deferred")
    assert any("T2 still waits" in note or "still wait" in note for note in put_off.notes)
    assert edit(session, "T1", status="pending").task.status == "ready"


def test_what_is_in_review_or_accepted_stays(session: Session) -> None:
    changes = build_changeset([FileEdit("shelf/post.py", None, b'"""A post."""\n')], Provenance("T1", "x", "recipe"))
    proposal = ProposalStore(session.database(), session.workspace).propose(changes)
    with pytest.raises(TaskFrozen, match="waits for review"):
        edit(session, "T1", title="x")
    assert edit(session, "T1", note="Look at the end").action == "edited"
    accept(session.workspace, session.database(), [proposal.id])
    with pytest.raises(TaskFrozen, match="is done"):
        edit(session, "T1", after=["T3"])
    with pytest.raises(TaskFrozen):
        edit(session, "T1", note="too late")


def test_a_task_that_a_run_works_on_is_told_and_refused(session: Session) -> None:
    session.workspace.ensure()
    with run_lock(session.workspace.state_dir / "runs", "some-run", threading.Event(), about="T1"):
        state = current_plan(session.workspace, session.database()).states["T1"]
        assert state.status == "running"
        with pytest.raises(TaskFrozen, match="runs at this moment"):
            edit(session, "T1", title="x")
    assert current_plan(session.workspace, session.database()).states["T1"].status == "ready"


def test_circles_and_needs_are_refused_by_name_and_write_nothing(session: Session, repo: Path) -> None:
    head, content = git(repo, "rev-parse", "HEAD"), (repo / SPEC).read_bytes()
    follower = now(session, "T2")
    assert follower.depends_on == ("T1",)
    with pytest.raises(DependencyCircle) as circle:
        edit(session, "T1", after=["T2"])
    assert "T1 → T2 → T1" in str(circle.value)
    with pytest.raises(DependencyNeeded, match="T2 waits for T1"):
        edit(session, "T2", not_after=["T1"])
    for options in ({"after": ["T99"]}, {"before": "T99"}, {"agent": "Nobody"}, {"title": "  "}, {"move": 99}):
        with pytest.raises(UsageError):
            edit(session, "T3", **options)
    session.unsaved = frozenset({SPEC})
    with pytest.raises(SpecUnsaved):
        edit(session, "T3", title="x")
    assert git(repo, "rev-parse", "HEAD") == head and (repo / SPEC).read_bytes() == content
    session.unsaved = frozenset()
    with pytest.raises(UndoRefused):  # what was refused was never written, so there is nothing to take back
        edit(session, None, undo=True)


def test_edits_by_hand_and_a_persons_words_outlast_an_edit_and_an_amended_brief(session: Session, repo: Path) -> None:
    text = (repo / SPEC).read_text()
    (repo / SPEC).write_text(text.replace("### S1 · Posts\n", "### S1 · Posts\n\nAsk Maria first.\n"))
    edit(session, "T3", title="Comments, as Maria wants them")
    assert "Ask Maria first." in (repo / SPEC).read_text()
    plan(PlanParams(brief=f"{BLOG} with tags", amend=True), session)
    assert now(session, "T3").title == "Comments, as Maria wants them"
    assert edit(session, "T3", undo=True).task.title != "Comments, as Maria wants them"


def test_a_replan_after_an_edit_is_not_taken_for_the_edit(session: Session) -> None:
    edit(session, "T3", title="Mine")
    replan(ReplanParams(task="T1", because="it broke"), session)
    assert edit(session, None, undo=True).task.id == "T3"
    with pytest.raises(UndoRefused):
        edit(session, None, undo=True)


_DOOMED = """
import os, signal, sys
from nootropic_kernel.agents import task_editor
from nootropic_kernel.changes.commit import Repository

def dying(function, after):
    def then(*args, **options):
        if after:
            function(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)
    return then

if sys.argv.pop(1) == "noted":
    task_editor._note = dying(task_editor._note, after=True)
else:
    Repository.commit = dying(Repository.commit, after=False)
from nootropic_kernel.cli.command import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("moment", ["noted", "written"])
def test_killed_anywhere_it_is_done_or_not_and_what_is_done_can_be_taken_back(
    session: Session, repo: Path, moment: str
) -> None:
    before = now(session, "T3").title
    session.close()
    command = [sys.executable, "-c", _DOOMED, moment, "task", "T3", "--title", "Mine"]
    assert subprocess.run(command, cwd=repo, capture_output=True).returncode == -signal.SIGKILL
    assert now(session, "T3").title == (before if moment == "noted" else "Mine")
    if moment == "noted":
        with pytest.raises(UndoRefused):
            edit(session, None, undo=True)
    else:
        assert edit(session, None, undo=True).task.title == before
    assert edit(session, "T3", title="Again").task.title == "Again"
    assert edit(session, None, undo=True).task.title == before
    assert git(repo, "status", "--porcelain") == ""


def test_next_takes_the_place_into_account(session: Session) -> None:
    def loose() -> list[str]:
        return [each.id for each in next(NextParams(count=50), session).tasks if not each.schedule.critical]

    names = loose()
    story = {each.id: each.story for each in current_spec(session.workspace).plan.tasks}
    first, second = next_pair(names, story)
    edit(session, second, before=first)
    found = loose()
    assert found.index(second) < found.index(first) and sorted(found) == sorted(names)


def next_pair(names: list[str], story: dict[str, str]) -> tuple[str, str]:
    """Two listed tasks of one story."""
    (pair, *_) = [(a, b) for k, a in enumerate(names) for b in names[k + 1 :] if story[a] == story[b]]
    return pair


def test_without_a_plan_or_a_task(repo: Path) -> None:
    opened = Session(Workspace.find(repo))
    with pytest.raises(NoPlan):
        edit(opened, "T1", title="x")
    assert not (repo / ".nootropic").exists()
    plan(PlanParams(brief=BLOG), opened)
    for options in ({"task": None}, {"task": "T1", "undo": True, "title": "x"}, {"task": "T1", "revision": 2},
                    {"task": "T1", "move": 1, "before": "T2"}):  # fmt: skip
        with pytest.raises(UsageError):
            task(TaskParams.model_validate(options), opened)
    opened.close()


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("task", {"task": "T1", "title": "\ud800"}),
        ("replan", {"task": "T1", "because": "Caf\udce9"}),
        ("show", {"id": "\ud800"}),
    ],
)
def test_text_that_cannot_be_stored_is_refused_before_anything_is_done(
    repo: Path, verb: str, arguments: dict[str, object]
) -> None:
    """Regression: the database refused it when the plan was half changed."""
    opened = Session(Workspace.find(repo))
    plan(PlanParams(brief=BLOG), opened)
    before = (repo / "project-spec.md").read_bytes()
    with pytest.raises(UsageError, match="half a character"):
        invoke(verb, arguments, opened)
    assert (repo / "project-spec.md").read_bytes() == before
    opened.close()
