"""What is left of a plan: finished tasks take no time any more, so that only the rest is placed, counted and shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from nootropic_kernel.planning.model import GONE, Plan, Schedule
from nootropic_kernel.planning.schedule.assign import assign
from nootropic_kernel.planning.schedule.critical_path import elapsed
from nootropic_kernel.planning.schedule.resources import NEAR
from nootropic_kernel.planning.schedule.retime import with_slack


def remaining(plan: Plan, done: Collection[str]) -> Plan:
    """The plan with finished tasks marked as done and without a time; what they cost still counts."""
    return replace(
        plan,
        tasks=tuple(
            replace(task, status="done", schedule=Schedule()) if task.id in done else task for task in plan.tasks
        ),
    )


def recorded(plan: Plan, before: Plan, done: Collection[str]) -> Plan:
    """The plan with the records of finished tasks as they were ``before``."""
    was = {task.id: task for task in before.tasks if task.id in done}
    return replace(plan, tasks=tuple(was.get(task.id, task) for task in plan.tasks))


def assign_rest(plan: Plan, done: Collection[str], frozen: Collection[str] = (), passed_h: float = 0.0) -> Plan:
    """The plan with an agent and a time for all that is left; the records of finished tasks stay as they are."""
    return recorded(assign(remaining(plan, done), frozen, passed_h), plan, done)


def shown_as_left(plan: Plan, done: Collection[str]) -> Plan:
    """The plan for people: slack and critical path are those of what is left."""
    if not done:
        return plan
    left = remaining(plan, done)
    return replace(left, tasks=with_slack(left.tasks, done))


def placed_anew(plan: Plan, done: Collection[str], besides: Collection[str] = ()) -> bool:
    """Whether what is left was placed anew since tasks were finished: hours count from then, not from the start.

    :param besides: tasks whose own times say nothing about that.
    """
    ends = {task.id: task.schedule.end_h for task in plan.tasks if task.id in done}
    left = (task for task in plan.tasks if task.id not in ends and task.id not in besides and task.status not in GONE)
    return any(task.schedule.start_h < ends.get(other, 0.0) - NEAR for task in left for other in task.depends_on)


def hours_over(plan: Plan, done: Collection[str], begun: Collection[str], passed_h: float | None = None) -> float:
    """How many hours of the plan are over: nothing new starts before.

    :param begun: what is worked on or was finished.
    :param passed_h: working hours since the plan's start; without it, as much as was worked on.
    """
    if passed_h is not None:
        return passed_h
    return 0.0 if placed_anew(plan, done) else elapsed(plan.tasks, begun)
