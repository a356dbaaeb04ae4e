"""Finished work holds up nothing that is new, and a plan says when scheduling it anew is worth its while."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from nootropic_kernel.planning.healing.patch import Event, apply
from nootropic_kernel.planning.healing.proofs import violations
from nootropic_kernel.planning.healing.replan import replan
from nootropic_kernel.planning.model import Estimate, How, Plan, Schedule, Task
from nootropic_kernel.planning.schedule.assign import assign
from nootropic_kernel.planning.schedule.gain import gained_anew, starting_too_early, time_notes
from nootropic_kernel.planning.schedule.remaining import assign_rest
from tests.planning.random_plans import partly_done, synthetic_plan

TEAM = ({"id": "ann", "kinds": ["person", "model"]}, {"id": "bob", "kinds": ["person", "model"]})


def row(name: str, start: float, hours: float, *after: str, agent: str | None = "ann") -> Task:
    return Task(
        name, "S1", "work", name, How("person"), depends_on=after, agent=agent, estimate=Estimate(hours),
        schedule=Schedule(start, start + hours),
    )  # fmt: skip


def of(*tasks: Task, agents: bool = True) -> Plan:
    return Plan("plan-1", "A plan", "Do it", "project", tasks=tasks, agents=TEAM[:1] if agents else ())


@pytest.mark.parametrize("number", range(12))
def test_what_a_replan_adds_waits_for_no_time_of_finished_work(number: int) -> None:
    rng = random.Random(number)
    plan, ground = synthetic_plan(rng, 40)
    plan = assign(replace(plan, agents=TEAM))
    states = partly_done(rng, plan, 0.5)
    done = {name for name, state in states.items() if state.status == "done"}
    # Everything finished was planned for much later than it was done.
    late = tuple(
        replace(t, schedule=Schedule(t.schedule.start_h + 500, t.schedule.end_h + 500)) if t.id in done else t
        for t in plan.tasks
    )
    plan = replace(plan, tasks=late)
    event = Event("wrong", rng.choice(sorted(done)), "two fields are missing")
    today = replace(ground, passed_h=8.0)
    patch = replan(plan, event, today, states)
    after = apply(plan, patch, done)
    assert violations(plan, patch, after, today, states) == []
    old = {task.id for task in plan.tasks}
    assert all(8.0 <= task.schedule.start_h < 500 for task in after.tasks if task.id not in old)
    for was in plan.tasks:
        now = after.task(was.id)
        assert now is not None and (now == was if was.id in done else now.schedule.start_h >= was.schedule.start_h)


def test_work_done_ahead_of_its_time_is_told_as_a_gain_and_scheduling_anew_brings_it() -> None:
    plan = of(row("T1", 0, 4), row("T2", 4, 8), row("T3", 12, 4, "T2"), row("T4", 16, 2, "T3"))
    done = {"T2"}  # eight hours of work are over, of the twelve that the schedule has before T3
    assert gained_anew(plan, done, done) == 0.0  # T1 is still to be done in the other four
    assert gained_anew(plan, {"T1", "T2"}, {"T1", "T2"}) == 0.0  # on time
    assert gained_anew(plan, {"T1", "T2"}, {"T1", "T2"}, 4.0) == 8.0  # it is still the first day
    (said,) = time_notes(plan, {"T1", "T2"}, {"T1", "T2"}, 4.0)
    assert said == "Scheduled anew, what is left could end 8 h earlier: `noo plan --schedule`."
    anew = assign_rest(plan, {"T1", "T2"}, {"T1", "T2"}, 4.0)
    assert anew.hours() == 12.0  # which T2 has still
    assert [anew.tasks[at].schedule.end_h for at in (2, 3)] == [8.0, 10.0] and anew.tasks[:2] == plan.tasks[:2]
    assert list(time_notes(anew, {"T1", "T2"}, {"T1", "T2"}, 4.0)) == []
    assert list(time_notes(plan, set(), set(), 0.0)) == []


@pytest.mark.parametrize("number", range(20))
def test_what_is_told_as_a_gain_is_gained(number: int) -> None:
    rng = random.Random(number)
    plan, _ = synthetic_plan(rng, 60)
    plan = assign(replace(plan, agents=TEAM)) if number % 2 else plan
    order = [task.id for task in plan.tasks]
    done = {name for name in order if rng.random() < 0.5}
    passed = rng.choice([None, 0.0, 16.0])
    gain = gained_anew(plan, done, done, passed)
    left = [task.id for task in plan.tasks if task.id not in done]
    anew = assign_rest(plan, done, done, passed or 0.0)
    ends, ends_anew = (max(task.schedule.end_h for task in each.tasks if task.id in left) for each in (plan, anew))
    assert not gain or ends_anew <= ends - gain + 1e-6


def test_an_undone_task_that_others_start_before_is_told() -> None:
    plan = of(row("T1", 0, 4), row("T2", 0, 2, "T1", agent=None), agents=False)
    assert starting_too_early(plan, {"T1"}, {"T1"}) == []
    (said,) = time_notes(plan, set(), set())
    assert said == "In the schedule T2 starts before what has to come first: `noo plan --schedule` mends the times."
