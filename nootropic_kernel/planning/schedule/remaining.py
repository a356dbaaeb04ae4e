"""What is left of a plan: finished tasks take no time any more, so that only the rest is placed, counted and shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from nootropic_kernel.planning.model import Plan, Schedule
from nootropic_kernel.planning.schedule.assign import assign
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
