"""A task that runs late in a random plan with agents: what right shift does to the rest, and scheduling anew."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.schedule.assign import assign
from nootropic_kernel.planning.schedule.critical_path import list_schedule
from nootropic_kernel.planning.schedule.resources import agents_of
from nootropic_kernel.planning.schedule.retime import right_shift
from tests.planning.random_plans import synthetic_plan
from tests.planning.random_staff import broken_rules

ALL = ["person", "model", "recipe"]
FOUR = tuple({"id": f"p{at}", "kinds": ALL} for at in range(1, 5))
TEAM = ({"id": "team", "capacity": 4, "kinds": ALL},)


@dataclass(frozen=True)
class Late:
    """Shares of the tasks left that moved, and the makespan relative to that of scheduling anew."""

    moved: float
    moved_anew: float
    makespan: float
    broken: list[str]


def one_late(rng: random.Random, tasks: int, agents: tuple[dict[str, object], ...]) -> Late | None:
    """One task takes twice as long and two hours more; None where nothing is left to do after it."""
    plan = assign(replace(synthetic_plan(rng, tasks)[0], agents=agents))
    until = rng.uniform(0.05, 0.6) * plan.hours()
    begun = {task.id for task in plan.tasks if task.schedule.start_h < until}
    running = [task for task in plan.tasks if task.id in begun and task.schedule.end_h > until]
    late = rng.choice(running or [task for task in plan.tasks if task.id in begun])
    left = [task for task in plan.tasks if task.id not in begun]
    if not left:
        return None
    hours = 2 * late.estimate.hours + 2
    times = right_shift(plan.tasks, begun - {late.id}, {late.id: hours}, {}, agents_of(plan))
    shifted = _with(plan, late.id, hours, times)
    end = late.schedule.start_h + hours
    anew = list_schedule(_with(plan, late.id, hours, {late.id: (end - hours, end)}).tasks, agents_of(plan), begun)
    staff = {agent.id: (agent.capacity, agent.speed, frozenset(agent.kinds)) for agent in agents_of(plan)}
    return Late(
        _share(task.schedule.start_h != times[task.id][0] for task in left),
        _share((task.agent, task.schedule.start_h) != (anew[task.id].agent, anew[task.id].start_h) for task in left),
        shifted.hours() / max(slot.end_h for slot in anew.values()),
        broken_rules(shifted, staff),
    )


def _with(plan: Plan, late: str, hours: float, times: dict[str, tuple[float, float]]) -> Plan:
    tasks = []
    for task in plan.tasks:
        if task.id == late:
            task = replace(task, estimate=replace(task.estimate, hours=hours))
        if task.id in times:
            start, end = times[task.id]
            task = replace(task, schedule=replace(task.schedule, start_h=start, end_h=end))
        tasks.append(task)
    return replace(plan, tasks=tuple(tasks))


def _share(truths: Iterable[bool]) -> float:
    found = list(truths)
    return sum(found) / len(found)
