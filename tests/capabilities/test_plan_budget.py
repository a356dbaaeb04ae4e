"""Budgets and agents edited in project-spec.md: what waits, what is told, who does what, and the commit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import current_spec
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.board import BoardParams, board
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.replan import ReplanParams, replan
from nootropic_kernel.capabilities.task import TaskParams, task
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.schedule.optimise import available
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

SPEC = "project-spec.md"


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    opened = Session(Workspace.find(repo))
    plan(PlanParams(brief="Build a shop with customers, products, orders and invoices"), opened)
    yield opened
    opened.close()


def edit(repo: Path, *lines: str) -> None:
    """A person writes these lines into the front matter."""
    kept = [line for line in (repo / SPEC).read_text().split("\n") if not line.startswith(("budget:", "agents:"))]
    (repo / SPEC).write_text("\n".join([*kept[:2], *lines, *kept[2:]]))


def spec(session: Session) -> Plan:
    return current_spec(session.workspace).plan


def waiting(session: Session) -> list[str]:
    return [task.id for task in spec(session).tasks if task.status == "deferred"]


def test_a_budget_puts_stories_off_and_a_larger_one_brings_them_back(session: Session, repo: Path) -> None:
    unbounded = spec(session)
    assert {task.agent for task in unbounded.tasks} == {None}
    again = plan(PlanParams(schedule=True), session)
    assert again.action == "shown" and spec(session) == unbounded
    assert all(len(line) <= 80 for line in again.text().splitlines())
    assert len([line for line in again.text().splitlines() if "T1 " in line and "0" in line.split()[0]]) == 1
    edit(repo, 'budget: {"hours": 1000}')
    whole = plan(PlanParams(schedule=True), session)
    assert whole.commit and not waiting(session) and whole.hours > unbounded.hours()
    assert {task.agent for task in spec(session).tasks} <= {"recipes", "model", "people"}
    assert "instead of" in git(repo, "log", "-1", "--format=%B")

    edit(repo, f'budget: {{"hours": {0.7 * whole.hours}}}')
    tight = plan(PlanParams(schedule=True), session)
    left = waiting(session)
    assert left and tight.hours <= 0.7 * whole.hours
    assert any("Left for later, to keep the budget" in note and left[0] in note for note in tight.notes)
    assert plan(PlanParams(schedule=True), session).action == "shown"
    edit(repo, 'budget: {"hours": 1000}', 'agents: [{"id": "team", "capacity": 4, "kinds": ["person", "model"]}]')
    back = plan(PlanParams(schedule=True), session)
    assert not waiting(session) and back.hours < whole.hours
    assert "team" in {task.agent for task in spec(session).tasks}

    edit(repo, 'budget: {"hours": 0.1}')
    none = plan(PlanParams(schedule=True), session)
    assert not waiting(session)
    assert any("The budget cannot be kept: the plan needs" in note for note in none.notes)
    assert any("The budget cannot be kept" in note for note in plan(PlanParams(), session).notes)
    first = next(task.id for task in spec(session).tasks if task.how.kind == "model")
    done = replan(ReplanParams(task=first, because="it broke"), session)
    assert done.patch["cost_delta"]["over_hours"] > 0
    new = next(each for each in done.patch["add"] if each["id"].startswith("T"))
    assert new["agent"] == "people"


@pytest.mark.skipif(not available(), reason="needs the extra opt (ortools)")
def test_a_shorter_schedule_is_committed_once(session: Session, repo: Path) -> None:
    edit(repo, 'agents: [{"id": "ann", "kinds": ["person", "model"]}, {"id": "bob", "kinds": ["model", "recipe"]}]')
    greedy = plan(PlanParams(schedule=True), session)
    best = plan(PlanParams(optimise=True), session)
    assert best.hours <= greedy.hours
    before = spec(session)
    assert plan(PlanParams(optimise=True), session).action == "shown" and spec(session) == before
    assert plan(PlanParams(schedule=True), session).action == "shown" and spec(session) == before
    with pytest.raises(UsageError):
        plan(PlanParams(optimise=True, brief="Build a blog"), session)


def test_only_what_is_left_is_placed_and_counted(session: Session, repo: Path) -> None:
    """Regression: done tasks stood on days to come, led the critical path, and their hours counted in the budget."""
    edit(repo, 'budget: {"hours": 1000, "start": "2099-01-01"}')
    whole = plan(PlanParams(schedule=True), session)
    late = [each for each in spec(session).tasks if each.schedule.end_h > whole.hours / 3]
    for each in late:
        task(TaskParams(task=each.id, status="done", note="by hand"), session)
    record = {each.id: each for each in spec(session).tasks}
    left = plan(PlanParams(schedule=True), session)
    assert 0 < left.hours <= whole.hours / 3 and {each.id for each in late}.isdisjoint(left.critical_path)
    assert board(BoardParams(), session).critical_path == left.critical_path != []
    assert board(BoardParams(), session).hours == left.hours
    rows = {each.id: line for line in left.text().splitlines() for each in late if f"✓{each.id} " in line}
    assert len(rows) == len(late) and all(not set("0123456789") & set(line.split("✓")[0]) for line in rows.values())
    assert all(each == record[each.id] for each in spec(session).tasks if each.id in rows)
    edit(repo, f'budget: {{"hours": {left.hours}}}')
    assert not [note for note in plan(PlanParams(), session).notes if "budget" in note] and not waiting(session)


def test_a_budget_that_cannot_be_read_is_named(session: Session, repo: Path) -> None:
    edit(repo, 'budget: {"deadline": "Friday"}')
    with pytest.raises(Exception, match="rules") as refused:
        plan(PlanParams(schedule=True), session)
    assert "deadline" in str(getattr(refused.value, "why", ""))
