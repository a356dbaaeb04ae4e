"""Finished work that was found wrong, once more and further on, and what runs late: the plan stays whole and true."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from nootropic_kernel.planning.healing.patch import Event, apply
from nootropic_kernel.planning.healing.proofs import amendment_violations, new_violations
from nootropic_kernel.planning.healing.replan import replan
from nootropic_kernel.planning.healing.situation import Ground, ground_of
from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.model import GONE, Plan, TaskState
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.repository.facts import read_facts
from nootropic_kernel.planning.schedule.assign import assign
from nootropic_kernel.planning.views.board import States
from nootropic_kernel.workspace.errors import UsageError
from tests.planning.random_plans import synthetic_plan

FACTS = read_facts({})
BRIEFS = [
    "Build a shop for kites with a basket",
    "A python library for tide tables",
    "Analyse sales in a notebook and plot them by month",
    "A REST service for hives with inspections",
]


def healed(plan: Plan, event: Event, ground: Ground, states: States, hours: float | None = None) -> Plan:
    patch = replan(plan, event, ground, states, hours)
    begun = {name for name, state in states.items() if state.status in ("done", "running", "review")}
    after = apply(plan, patch, begun - ({event.task} if event.kind != "wrong" else set()))
    assert new_violations(plan, patch, after, ground, states, hours) == []
    return after


def states_of(plan: Plan, **known: str) -> dict[str, TaskState]:
    return {task.id: TaskState(known.get(task.id, task.status)) for task in plan.tasks}


def pair(plan: Plan) -> tuple[str, str]:
    """A task, and one that waits for it."""
    after = next(task for task in plan.tasks if task.depends_on)
    return after.depends_on[0], after.id


@pytest.mark.parametrize("brief", BRIEFS)
@pytest.mark.parametrize("redone", [True, False])
def test_two_finished_tasks_of_which_one_builds_on_the_other_are_both_wrong(brief: str, redone: bool) -> None:
    plan = make_plan(brief, FACTS)
    ground = ground_of(plan, shipped_library(), FACTS)
    first, second = pair(plan)
    done = {first: "done", second: "done"}
    plan = healed(plan, Event("wrong", first, "it lies"), ground, states_of(plan, **done))
    again = plan.heir(first)
    assert again is not None
    if redone:
        done[again.id] = "done"
    plan = healed(plan, Event("wrong", second, "it lies too"), ground, states_of(plan, **done))
    heir = plan.heir(second)
    assert heir is not None and first not in heir.depends_on and again.id in heir.depends_on


@pytest.mark.parametrize("kind", ["failed", "late"])
def test_who_runs_on_work_that_is_wrong_can_fail_and_be_late(kind: str) -> None:
    plan = make_plan(BRIEFS[1], FACTS)
    ground = ground_of(plan, shipped_library(), FACTS)
    first, second = pair(plan)
    plan = healed(plan, Event("wrong", first, "it lies"), ground, states_of(plan, **{first: "done", second: "running"}))
    states = states_of(plan, **{first: "done", second: "running"})
    healed(plan, Event(kind, second, "as told"), ground, states, 50.0 if kind == "late" else None)


def test_what_is_done_again_already_is_named_and_not_done_a_third_time() -> None:
    plan = make_plan(BRIEFS[0], FACTS)
    ground = ground_of(plan, shipped_library(), FACTS)
    first, _ = pair(plan)
    plan = healed(plan, Event("wrong", first, "a"), ground, states_of(plan, **{first: "done"}))
    heir = plan.heir(first)
    assert heir is not None
    with pytest.raises(UsageError, match="is done again already") as refused:
        replan(plan, Event("wrong", first, "b"), ground, states_of(plan, **{first: "done"}))
    assert heir.id in refused.value.next


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("brief", [BRIEFS[2], BRIEFS[3], "Train a model that predicts prices of houses"])
def test_a_brief_is_amended_after_work_was_wrong(brief: str, seed: int) -> None:
    rng = random.Random(seed)
    plan = make_plan(BRIEFS[0], FACTS)
    ground = ground_of(plan, shipped_library(), FACTS)
    done = {task.id: "done" for task in plan.tasks[: rng.randint(2, 5)]}
    for _ in range(2):
        replaced = {task.supersedes for task in plan.tasks}
        wrong = rng.choice([name for name in done if name not in replaced])
        plan = healed(plan, Event("wrong", wrong, "it lies"), ground, states_of(plan, **done))
        if rng.random() < 0.5:
            done[rng.choice([task.id for task in plan.tasks if task.supersedes and task.id not in done])] = "done"
    states = states_of(plan, **done)
    made = amend_plan(plan, brief, FACTS, set(done), today=date(2026, 11, 27), done=set(done))
    ground = ground_of(made.plan, shipped_library(), FACTS)
    assert amendment_violations(plan, made.patch, made.plan, ground, states) == []


def test_who_is_paid_by_the_hour_makes_a_late_task_dearer() -> None:
    ann = {"id": "ann", "kinds": ["person", "model", "recipe"], "speed": 2.0, "cost_usd_per_hour": 40.0}
    plan = assign(replace(make_plan(BRIEFS[1], FACTS), agents=(ann,), budget={"hours": 200}))
    ground = ground_of(plan, shipped_library(), FACTS)
    task = plan.tasks[0]
    now = task.schedule.end_h - task.schedule.start_h
    patch = replan(plan, Event("late", task.id, "slow"), ground, states_of(plan), now + 3)
    assert patch.cost_delta == {"hours": 3.0, "cost_usd": 120.0}


def test_what_was_given_up_takes_no_time_of_the_plan() -> None:
    plan, _ = synthetic_plan(random.Random(1), 20)
    last = max(plan.tasks, key=lambda task: task.schedule.end_h)
    late = replace(last, status="cancelled", schedule=replace(last.schedule, start_h=90.0, end_h=90.0))
    changed = replace(plan, tasks=tuple(late if task is last else task for task in plan.tasks))
    assert changed.hours() == max(task.schedule.end_h for task in changed.tasks if task.status not in GONE) < 90


def test_an_amendment_of_a_plan_without_agents_starts_nothing_before_what_it_waits_for_ends() -> None:
    plan = make_plan("A python library for tide tables", FACTS)
    first, second = pair(plan)
    hours = {task.id: task.schedule for task in plan.tasks}
    moved = replace(hours[second], start_h=4.0, end_h=5.5)
    plan = replace(plan, tasks=tuple(replace(t, schedule=moved) if t.id == second else t for t in plan.tasks))
    made = amend_plan(
        plan, "A python library for tide tables, and export as CSV", FACTS, {first, second},
        today=date(2026, 11, 27), done={first},
    )  # fmt: skip
    end = {task.id: task.schedule.end_h for task in made.plan.tasks}
    late = [task for task in made.plan.tasks if second in task.depends_on]
    assert late and end[second] == 5.5
    for task in late:
        assert task.schedule.start_h >= 5.5, task.id
