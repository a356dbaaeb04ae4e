"""What differs between two revisions of a plan, as a patch."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from nootropic_kernel.planning.healing.patch import PLAN_FIELDS, Element, Event, Move, PlanPatch, Relink
from nootropic_kernel.planning.model import Plan, Schedule
from nootropic_kernel.planning.schedule.retime import GONE
from nootropic_kernel.planning.spec.records import to_plain


def difference(old: Plan, new: Plan, event: Event | None = None, frozen: Container[str] = ()) -> PlanPatch:
    """The patch from ``old`` to ``new``; a task that says something else than before is in ``add`` under its own id.

    :param frozen: tasks that stay as they are in ``old``.
    """
    before = {task.id: task for task in old.tasks}
    known = {each.id: each for each in _groups(old)}
    add = [each for each in _groups(new) if known.get(each.id) != each]
    supersede, relink, moves = [], [], []
    for task in new.tasks:
        was = before.get(task.id)
        if task.id in frozen and was is not None:
            continue
        if was is None:
            add.append(task)
            continue
        if task.status == "superseded":
            supersede += [task.id] if was.status != "superseded" else []
            continue
        if replace(task, schedule=Schedule(), depends_on=()) != replace(was, schedule=Schedule(), depends_on=()):
            add.append(task)
            continue
        if task.depends_on != was.depends_on:
            relink.append(Relink(task.id, task.depends_on))
        if (task.schedule.start_h, task.schedule.end_h) != (was.schedule.start_h, was.schedule.end_h):
            moves.append(Move(task.id, task.schedule.start_h, task.schedule.end_h))
    delta = round(_hours(new) - _hours(old), 6)
    fields = {
        name: to_plain(getattr(new, name)) for name in sorted(PLAN_FIELDS) if getattr(new, name) != getattr(old, name)
    }
    return PlanPatch(
        old.revision, event, tuple(supersede), tuple(add), tuple(relink), tuple(moves), {"hours": delta}, fields
    )


def _groups(plan: Plan) -> list[Element]:
    return [*plan.epics, *plan.stories]


def _hours(plan: Plan) -> float:
    return sum(task.estimate.hours for task in plan.tasks if task.status not in GONE)
