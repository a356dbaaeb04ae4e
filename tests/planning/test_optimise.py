"""Shorter schedules by CP-SAT: valid, never worse, the same twice, and as short as brute force on small plans."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from nootropic_kernel.planning.errors import OptimiserMissing, TooLarge
from nootropic_kernel.planning.healing.patch import Event, apply
from nootropic_kernel.planning.healing.replan import replan
from nootropic_kernel.planning.model import Plan, TaskState
from nootropic_kernel.planning.schedule import optimise
from nootropic_kernel.planning.schedule.assign import assign
from nootropic_kernel.planning.schedule.budgets import over_hours
from nootropic_kernel.planning.schedule.critical_path import list_schedule
from nootropic_kernel.planning.schedule.optimise import MOST_TASKS, available, optimised, optimised_unasked, tightened
from nootropic_kernel.planning.schedule.resources import agents_of
from tests.planning.random_plans import synthetic_plan
from tests.planning.random_staff import begun, broken_rules, random_plan
from tests.planning.test_budgets import cost, over_budget, staff

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not available(), reason="needs the extra opt (ortools)")]


@pytest.mark.parametrize("seed", range(8))
def test_the_result_keeps_every_rule_and_is_no_worse(seed: int) -> None:
    rng = random.Random(seed)
    plan = random_plan(rng, rng.choice([6, 10, 16]), 3)
    whole = assign(plan)
    if seed % 3:
        plan = replace(plan, budget={"cost_usd": cost(whole) * 0.9, "hours": whole.hours() * rng.choice([0.9, 2])})
    made = assign(plan)
    made = begun(rng, made) if seed % 2 else made
    better = optimised(made)
    assert broken_rules(better, staff(plan)) == []
    assert (better.hours(), cost(better)) <= (made.hours() + 1e-6, max(cost(made), cost(better)))
    assert over_budget(made) or not over_budget(better)
    for was, now in zip(made.tasks, better.tasks, strict=True):
        if was.status != "pending":
            assert (was.agent, was.schedule.start_h) == (now.agent, now.schedule.start_h)


@pytest.mark.parametrize("seed", range(6))
def test_a_small_plan_is_as_short_as_any_order_makes_it(seed: int) -> None:
    rng = random.Random(seed)
    plan = random_plan(rng, 6, 2)
    made = optimised(assign(plan))
    assert made == optimised(assign(plan)) == optimised(made)
    best = made.hours()
    assert best == pytest.approx(shortest(plan), abs=0.005)


def shortest(plan: Plan) -> float:
    """The shortest of all schedules that place the tasks in some order, each by any agent that does such tasks."""
    agents = agents_of(plan)
    able = [[agent.id for agent in agents if agent.does(task)] for task in plan.tasks]
    least = float("inf")
    for order in itertools.permutations(range(len(plan.tasks))):
        rank = {task.id: float(place) for task, place in zip(plan.tasks, order, strict=True)}
        for chosen in itertools.product(*able):
            by = {task.id: name for task, name in zip(plan.tasks, chosen, strict=True)}
            slots = list_schedule(plan.tasks, agents, rank=rank, by=by)
            least = min(least, max(slot.end_h for slot in slots.values()))
    return least


def test_a_small_plan_is_optimised_unasked_and_a_large_or_shortest_one_is_left_alone() -> None:
    shorter = 0
    for seed in ("1:30:0", "3:30:7"):
        made = assign(random_plan(random.Random(seed), 30, 4))
        best = optimised_unasked(made)
        assert best == optimised_unasked(made) and broken_rules(best, staff(made)) == []
        assert best.hours() <= made.hours()
        shorter += best.hours() < made.hours()
    assert shorter
    large = assign(random_plan(random.Random(4), 31, 3))
    assert optimised_unasked(large) is large
    chain = assign(replace(large, tasks=large.tasks[:1]))
    assert optimised_unasked(chain) is chain


@pytest.mark.parametrize("size", [10, 20, 30])
def test_a_small_plan_is_nearly_always_as_short_without_the_solver(size: int) -> None:
    plans = [assign(random_plan(random.Random(f"5:{size}:{number}"), size, 4)) for number in range(5)]
    assert sum(optimised_unasked(plan).hours() >= plan.hours() - 1e-6 for plan in plans) >= 4


def test_only_what_may_move_moves() -> None:
    made = assign(random_plan(random.Random(4), 80, 3))
    with pytest.raises(TooLarge):
        optimised(made)
    free = {task.id: 0.0 for task in made.tasks[-MOST_TASKS // 2 :]}
    better = optimised(made, only=free)
    moved = {
        was.id
        for was, now in zip(made.tasks, better.tasks, strict=True)
        if was.schedule.start_h != now.schedule.start_h
    }
    assert moved <= set(free) and broken_rules(better, staff(made)) == []
    nobody = replace(made, agents=(), budget={})
    assert optimised(nobody) == nobody


def test_a_patch_over_budget_is_timed_anew_and_nothing_starts_before_it_was_to() -> None:
    shorter = 0
    for seed in range(86, 92):
        rng = random.Random(seed)
        plan, ground = synthetic_plan(rng, 40)
        plan = assign(replace(plan, agents=tuple({"id": f"p{at}"} for at in range(1, 4))))
        plan = replace(plan, budget={"hours": plan.hours()})
        until = rng.uniform(0, 0.5) * plan.hours()
        states = {t.id: TaskState("done" if t.schedule.end_h <= until else "pending") for t in plan.tasks}
        done = {name for name, state in states.items() if state.status == "done"}
        event = Event("late", rng.choice([name for name in states if name not in done]), "slow")
        patch = replan(plan, event, ground, states, rng.choice([6.0, 10.0]))
        tight = tightened(plan, patch, done, done)
        before, after = apply(plan, patch, done), apply(plan, tight, done)
        assert after.hours() <= before.hours() and broken_rules(after, staff(plan)) == []
        assert tight.cost_delta.get("over_hours", 0.0) == over_hours(after, after.tasks)
        assert {move.id for move in tight.reschedule} <= {move.id for move in patch.reschedule}
        for was, now in zip(plan.tasks, after.tasks, strict=True):
            assert now.schedule.start_h >= was.schedule.start_h - 1e-6
        shorter += after.hours() < before.hours()
    assert shorter


def test_without_the_solver_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimise, "available", lambda: False)
    with pytest.raises(OptimiserMissing) as refused:
        optimised(assign(random_plan(random.Random(4), 8)))
    assert "nootropic[opt]" in refused.value.next
