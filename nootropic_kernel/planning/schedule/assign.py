"""Who does each task, and when, within the budget; what does not fit waits, and what cannot fit is said."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from nootropic_kernel.planning.model import GONE, Plan, Schedule, Task
from nootropic_kernel.planning.schedule.budgets import (
    BudgetInfeasible,
    Limits,
    amount,
    end_day,
    in_units,
    needs_of,
    over,
)
from nootropic_kernel.planning.schedule.critical_path import is_fixed, schedule
from nootropic_kernel.planning.schedule.deferral import fit, lacking_for_all
from nootropic_kernel.planning.schedule.resources import agents_of, price_unknown
from nootropic_kernel.planning.schedule.retime import with_slack

_WAITS_FOR = "deferred_for"  # in a task's ext: why it was put off
_BUDGET = "budget"


def assign(plan: Plan, frozen: Container[str] = (), passed_h: float = 0.0) -> Plan:
    """The plan with an agent and a time for every task.

    Without agents and budget every task starts as soon as those it depends on are done. Finished, begun and locked
    tasks keep their slots; so do the ``frozen`` ones. What was put off for the budget before is tried again.

    :param passed_h: working hours since the plan's start; nothing that is not begun is placed before.
    """
    if not agents_of(plan):
        return replace(plan, tasks=schedule([taken_up(task) for task in plan.tasks], frozen))
    plan = replace(plan, tasks=tuple(taken_up(task) for task in plan.tasks))
    found = fit(plan, frozen, people=False, passed_h=passed_h)
    timed = []
    for task in plan.tasks:
        if task.id in found.slots:
            slot = found.slots[task.id]
            if not is_fixed(task, frozen):
                task = replace(task, agent=slot.agent, schedule=Schedule(slot.start_h, slot.end_h))
        elif task.status not in GONE:
            task = replace(
                task, status="deferred", agent=None, schedule=Schedule(), ext={**task.ext, _WAITS_FOR: _BUDGET}
            )
        timed.append(task)
    kept = {task.id for task in timed if is_fixed(task, frozen)}
    return replace(plan, tasks=with_slack(timed, kept))


def taken_up(task: Task) -> Task:
    """The task without its being left for later to keep the budget."""
    if not waits_for_budget(task):
        return task
    return replace(task, status="pending", ext={key: value for key, value in task.ext.items() if key != _WAITS_FOR})


def waits_for_budget(task: Task) -> bool:
    """Whether a task was left for later because the budget is too small for it."""
    return task.status == "deferred" and task.ext.get(_WAITS_FOR) == _BUDGET


def verdict(plan: Plan, frozen: Container[str] = (), passed_h: float = 0.0) -> BudgetInfeasible | None:
    """Why a plan that is over its budget cannot be brought into it; None for one that is within it."""
    if not over(needs_of(plan), Limits.of(plan)):
        return None
    return _verdict(plan, frozen, passed_h)


def _verdict(plan: Plan, frozen: Container[str], passed_h: float) -> BudgetInfeasible | None:
    """The same of a plan above its budget, whose schedule, which may be a solver's, may take fewer hours than known."""
    found = fit(plan, frozen, passed_h=passed_h).verdict
    if found is None or found.deferring or [each.constraint for each in found.relaxations] != ["hours"]:
        return found
    (hours,) = found.relaxations
    return replace(found, relaxations=(replace(hours, needed=min(hours.needed, plan.hours())),))


def budget_notes(plan: Plan, frozen: Container[str] = (), passed_h: float = 0.0) -> Iterator[str]:
    """What the budget means for the plan, in sentences; none where it has none."""
    limits = Limits.of(plan)
    if not plan.budget:
        return
    if limits.deadline is not None:
        if limits.start is None:
            yield f"The deadline {limits.deadline} is not kept to: the budget does not say when the plan starts."
        elif (end := end_day(plan)) is not None:
            yield f"Ends on {end:%a} {end}, the deadline is {limits.deadline:%a} {limits.deadline} (8 hours a day)."
    waiting: dict[str, list[str]] = {}
    for task in plan.tasks:
        if waits_for_budget(task):
            waiting.setdefault(task.story, []).append(task.id)
    titles = {story.id: story.title for story in plan.stories}
    for story, tasks in waiting.items():
        yield f"Left for later, to keep the budget: {story} {titles.get(story, '')} ({', '.join(tasks)})."
    again = replace(plan, tasks=tuple(taken_up(task) for task in plan.tasks))
    if waiting and (lacking := lacking_for_all(again, frozen, passed_h)):
        enough = " and ".join(
            f"{in_units(each, each.needed)} instead of {in_units(each, each.limit)}" for each in lacking
        )
        yield f"With {enough} nothing is left for later."
    if missed := over(needs_of(plan), limits):
        found = _verdict(plan, frozen, passed_h)
        if found is not None:
            yield found.sentence()
        else:
            said = ", ".join(f"by {in_units(each, each.by)}" for each in missed)
            yield f"The plan is above its budget, {said}. `noo plan --schedule` brings it back into it."
    if limits.cost_usd is not None and (unknown := price_unknown(plan)):
        many = "one task" if len(unknown) == 1 else f"{len(unknown)} tasks"
        yield (
            f"What models cost for {many} is not known and not counted in the budget of ${amount(limits.cost_usd)}: "
            "a price (`usd_per_million_tokens`) belongs to an entry of `agents`."
        )
