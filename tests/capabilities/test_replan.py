"""The verb replan on real repositories: the file, the commit, the same cell again, taking back, kill -9."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import NoPlan, SpecUnsaved, current_spec
from nootropic_kernel.agents.task_states import load_states
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.replan import ReplanParams, ReplanResult, replan
from nootropic_kernel.planning.errors import UndoRefused, Unrepairable
from nootropic_kernel.planning.healing.patch import Event, PlanPatch, log
from nootropic_kernel.planning.healing.replan import replan as plan_patch
from nootropic_kernel.planning.validate import problems
from nootropic_kernel.planning.views.patch import rows, text
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git
from tests.planning.random_plans import partly_done, synthetic_plan

pytestmark = pytest.mark.slow

SPEC = "project-spec.md"
BLOG = "Build a blog platform"


def around(session: Session, task: str, because: str = "it broke", **options: object) -> ReplanResult:
    return replan(ReplanParams.model_validate({"task": task, "because": because, **options}), session)


def undo(session: Session, task: str | None = None) -> ReplanResult:
    return replan(ReplanParams(task=task, undo=True), session)


def recipe_task(session: Session) -> str:
    tasks = current_spec(session.workspace).plan.tasks
    return next(task.id for task in tasks if task.kind == "entity-model")


def test_a_failed_recipe_becomes_a_model_edit_then_a_persons_task_then_is_given_up(session: Session) -> None:
    name, kinds = recipe_task(session), []
    for attempt in range(2):
        done = around(session, name, f"attempt {attempt}")
        (new,) = [each for each in done.patch["add"] if each["id"].startswith("T")]
        kinds.append(new["how"]["kind"])
        assert f"attempt {attempt}" in new["body"]
        name = new["id"]
    assert kinds == ["model", "person"]
    with pytest.raises(Unrepairable) as verdict:
        around(session, name, "nobody can")
    assert verdict.value.missing


def test_the_commit_holds_the_spec_alone_and_says_why(session: Session, repo: Path) -> None:
    (repo / "staged.txt").write_text("mine\n")
    git(repo, "add", "staged.txt")
    name = recipe_task(session)
    result = around(session, name, "the recipe   wrote\nnonsense")
    assert result.commit == git(repo, "rev-parse", "HEAD")
    assert git(repo, "show", "--name-only", "--format=", "HEAD").split() == [SPEC]
    message = git(repo, "log", "-1", "--format=%B")
    assert message.startswith(f"Replan around {name}: the recipe wrote nonsense\n\nthe recipe wrote nonsense\n")
    assert git(repo, "status", "--porcelain").splitlines() == ["A  staged.txt"]
    spec = current_spec(session.workspace).plan
    assert (problems(spec), spec.revision, spec.parent_revision) == ([], 2, 1)


def test_the_same_cell_again_changes_nothing(session: Session, repo: Path) -> None:
    name = recipe_task(session)
    around(session, name)
    before, head = (repo / SPEC).read_bytes(), git(repo, "rev-parse", "HEAD")
    again = around(session, name)
    assert (again.action, again.commit) == ("shown", None)
    assert ((repo / SPEC).read_bytes(), git(repo, "rev-parse", "HEAD")) == (before, head)
    undo(session)
    taken_back, head = (repo / SPEC).read_bytes(), git(repo, "rev-parse", "HEAD")
    assert undo(session).action == "shown"
    assert ((repo / SPEC).read_bytes(), git(repo, "rev-parse", "HEAD")) == (taken_back, head)


def test_a_dry_run_writes_nothing_and_shows_what_would_come(session: Session, repo: Path) -> None:
    name = recipe_task(session)
    before, head = (repo / SPEC).read_bytes(), git(repo, "rev-parse", "HEAD")
    shown = around(session, name, dry_run=True)
    assert ((repo / SPEC).read_bytes(), git(repo, "rev-parse", "HEAD")) == (before, head)
    assert around(session, name).patch == shown.patch


def test_every_form_of_the_result_shows_the_change(session: Session) -> None:
    name = recipe_task(session)
    forms = around(session, name, "it broke <b>badly</b>").bundle()
    for form in ("text/plain", "text/markdown", "text/html"):
        assert name in forms[form] and "1 task given up" in forms[form] and "<b>badly" not in forms[form]
    assert PlanPatch.from_json(forms["application/vnd.nootropic.plan-patch+json"]["patch"]).supersede == (name,)


def test_taking_back_brings_the_task_back_and_keeps_later_edits(session: Session, repo: Path) -> None:
    before = current_spec(session.workspace).plan
    name = recipe_task(session)
    around(session, name)
    edited = (repo / SPEC).read_text().replace("Keep caches and environments out of Git", "Keep caches out of Git")
    (repo / SPEC).write_text(edited)
    result = undo(session)
    assert result.action == "undone" and git(repo, "log", "-1", "--format=%s").startswith(
        f"Take back the replan of {name}"
    )
    (kept,) = (task.id for task in current_spec(session.workspace).plan.tasks if task.status == "cancelled")
    assert f"; {kept} stays as a cancelled record" in result.text()
    after = current_spec(session.workspace).plan
    back, was = after.task(name), before.task(name)
    assert back == was and any(task.title == "Keep caches out of Git" for task in after.tasks)
    assert not log(after)


def test_taking_back_is_refused_once_the_new_task_is_done(session: Session, repo: Path) -> None:
    name = recipe_task(session)
    done = around(session, name)
    new = next(each["id"] for each in done.patch["add"] if each["id"].startswith("T"))
    head, heading, tail = (repo / SPEC).read_text().partition(f"#### {new} ")
    (repo / SPEC).write_text(head + heading + tail.replace('status: "pending"', 'status: "done"', 1))
    states = load_states(session.workspace, session.database(), current_spec(session.workspace).plan)
    assert states[new].status == "done"
    before = (repo / SPEC).read_bytes()
    with pytest.raises(UndoRefused) as refused:
        undo(session)
    assert new in refused.value.why and (repo / SPEC).read_bytes() == before


def test_what_cannot_be_understood_is_refused_with_a_way_on(session: Session) -> None:
    for params in (
        ReplanParams(), ReplanParams(task="T1"), ReplanParams(task="T1", because=" "), ReplanParams(because="x"),
        ReplanParams(task="T1", because="x", hours=3), ReplanParams(undo=True, because="x"),
        ReplanParams(task="T1", because="x", revision=2),
        ReplanParams(task="T999", because="x"), ReplanParams(task="T1", because="x", kind="wrong"),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            replan(params, session)
    with pytest.raises(UndoRefused):
        undo(session)


def test_unsaved_edits_of_the_spec_are_not_overwritten(session: Session, repo: Path) -> None:
    session.unsaved = frozenset({SPEC})
    before = (repo / SPEC).read_bytes()
    with pytest.raises(SpecUnsaved):
        around(session, recipe_task(session))
    assert (repo / SPEC).read_bytes() == before


def test_without_a_plan_one_is_told_how_to_make_one(repo: Path) -> None:
    with pytest.raises(NoPlan):
        around(Session(Workspace.find(repo)), "T1")


def test_a_late_task_of_a_real_plan_moves_its_followers(session: Session) -> None:
    name = recipe_task(session)
    result = around(session, name, kind="late", hours=9.0)
    assert result.patch["cost_delta"] == {"hours": 8.0} and len(result.patch["reschedule"]) >= 2
    task = current_spec(session.workspace).plan.task(name)
    assert task is not None and task.estimate.hours == 9.0
    assert around(session, name, kind="late", hours=9.0).action == "shown"
    assert around(session, name, kind="late", hours=12.0).patch["cost_delta"] == {"hours": 3.0}
    with pytest.raises(UndoRefused):  # the later one first
        replan(ReplanParams(undo=True, revision=2), session)
    undo(session)
    task = current_spec(session.workspace).plan.task(name)
    assert task is not None and task.estimate.hours == 9.0
    assert undo(session, name).action == "shown"
    with pytest.raises(UndoRefused):
        replan(ReplanParams(undo=True, revision=99), session)
    replan(ReplanParams(undo=True, revision=2), session)
    task = current_spec(session.workspace).plan.task(name)
    assert task is not None and task.estimate.hours == 1.0


def test_finished_work_found_wrong_keeps_its_record_and_comes_again(session: Session, repo: Path) -> None:
    name = recipe_task(session)
    head, heading, tail = (repo / SPEC).read_text().partition(f"#### {name} ")
    (repo / SPEC).write_text(head + heading + tail.replace('status: "pending"', 'status: "done"', 1))
    before = current_spec(session.workspace).plan
    result = around(session, name, "a field is missing", kind="wrong")
    after = current_spec(session.workspace).plan
    rework = next(task for task in after.tasks if task.supersedes == name)
    assert after.task(name) == before.task(name) and rework.how.kind == "model"
    assert rework.id in result.next and not result.patch["supersede"]
    states = load_states(session.workspace, session.database(), after)
    waiting = [task.id for task in after.tasks if rework.id in task.depends_on]
    assert waiting and all(states[each].status == "pending" for each in waiting)


def test_amending_keeps_what_replanning_decided(session: Session) -> None:
    name = recipe_task(session)
    new = next(each["id"] for each in around(session, name).patch["add"] if each["id"].startswith("T"))
    amended = plan(PlanParams(brief=f"{BLOG} with search", amend=True), session)
    task = current_spec(session.workspace).plan.task(new)
    assert task is not None and (task.how.kind, task.status) == ("model", "pending")
    assert amended.revision == 3 and "+ " in amended.text() and "1 task new" in amended.text()
    assert "1 task new" in amended.markdown() and "1 task new" in amended.html()
    again = around(session, new, "the model cannot")
    assert [each["how"]["kind"] for each in again.patch["add"] if each["id"].startswith("T")] == ["person"]


def test_a_change_of_a_plan_of_two_thousand_tasks_reads_well() -> None:
    rng = random.Random(3)
    before, ground = synthetic_plan(rng, 2000)
    states = partly_done(rng, before, 0)
    patch = plan_patch(before, Event("late", before.tasks[0].id, "x"), ground, states, 500.0)
    assert len(patch.reschedule) > 40
    shown = text(before, patch)
    assert len(shown.splitlines()) < 30 and "more" in shown and max(map(len, shown.splitlines())) < 160
    assert len(rows(before, patch)) < 30


_DOOMED = """
import os, signal, sys
from nootropic_kernel.agents import spec_edits
moment = sys.argv.pop(1)
def dying(function):
    def then(*args, **options):
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = function(*args, **options)
        if moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer
    return then
name = sys.argv.pop(1)
setattr(spec_edits, name, dying(getattr(spec_edits, name)))
from nootropic_kernel.cli.command import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("moment", "where"), [("before", "replace_file"), ("after", "replace_file"), ("after", "commit_plan")]
)
def test_killed_anywhere_it_is_done_once_and_can_be_taken_back(
    session: Session, repo: Path, moment: str, where: str
) -> None:
    name = recipe_task(session)
    session.close()
    command = [sys.executable, "-c", _DOOMED, moment, where, "replan", name, "--because", "it broke"]
    assert subprocess.run(command, cwd=repo, capture_output=True).returncode == -signal.SIGKILL
    assert problems(current_spec(session.workspace).plan) == []
    around(session, name)
    assert len(git(repo, "log", "--format=%s", "--grep", "^Replan around").splitlines()) == 1
    assert len(log(current_spec(session.workspace).plan)) == 1
    assert git(repo, "status", "--porcelain") == ""
    assert undo(session).action == "undone"


def test_the_verb_says_what_became_of_the_reason(session: Session) -> None:
    name = recipe_task(session)
    noted = around(session, name, "it broke", dry_run=True)
    assert "What you said is only noted" in noted.text()
    done = around(session, name, "use pydantic")
    (new,) = [each for each in done.patch["add"] if each["id"].startswith("T")]
    assert new["title"].endswith("(take up: pydantic)")
    assert f"{new['id']} takes up from what you said: pydantic." in done.text()
