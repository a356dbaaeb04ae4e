"""The rules that every plan keeps, checked by code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from nootropic_kernel.planning.errors import PlanInvalid
from nootropic_kernel.planning.model import CLOSED, HOW_KINDS, SCHEMA, STATUSES, Plan, Task
from nootropic_kernel.planning.schedule.budgets import budget_problems
from nootropic_kernel.planning.schedule.critical_path import in_order
from nootropic_kernel.planning.schedule.resources import agent_problems

# Beyond these nobody plans, and sums of them would be no numbers any more.
_MOST = 1e9


def problems(plan: Plan) -> list[str]:
    """Everything that is wrong with a plan, in sentences; empty for a sound one."""
    found: list[str] = []
    if plan.schema != SCHEMA:
        found.append(f"the schema is {plan.schema!r}, not {SCHEMA!r}")
    if not 1 <= plan.revision <= _MOST:
        found.append(f"the revision must be a number from 1 to {_MOST:,.0f}")
    found += [*budget_problems(plan.budget), *agent_problems(plan.agents)]
    ids = {
        "epic": [epic.id for epic in plan.epics],
        "story": [story.id for story in plan.stories],
        "task": [task.id for task in plan.tasks],
    }
    for kind, names in ids.items():
        letter = kind[0].upper()
        found += [f"the {kind} {name} is there twice" for name in _twice(names)]
        found += [
            f"{name!r} is no {kind} id (like {letter}1)"
            for name in names
            if not (name.startswith(letter) and name[1:].isascii() and name[1:].isdigit())
        ]
    epics, stories = {epic.id for epic in plan.epics}, {story.id for story in plan.stories}
    found += [
        f"{story.id} belongs to {story.epic}, which is not there" for story in plan.stories if story.epic not in epics
    ]
    tasks = {task.id for task in plan.tasks}
    for task in plan.tasks:
        found += _task_problems(task, tasks, stories)
    if not any("is not there" in text or "itself" in text for text in found):
        try:
            in_order(plan.tasks)
        except PlanInvalid as circle:
            found.append(circle.what)
    return found


def check(plan: Plan) -> Plan:
    """The plan itself, if it keeps the rules.

    :raises PlanInvalid: with every broken rule.
    """
    if found := problems(plan):
        raise PlanInvalid(
            "The plan breaks rules that every plan keeps.",
            why="; ".join(found[:10]) + (f"; and {len(found) - 10} more" if len(found) > 10 else "") + ".",
            next="Mend project-spec.md, or plan again.",
            problems=found,
        )
    return plan


def _task_problems(task: Task, tasks: set[str], stories: set[str]) -> list[str]:
    found = []
    if task.story not in stories:
        found.append(f"{task.id} belongs to {task.story}, which is not there")
    if task.status not in STATUSES:
        found.append(f"{task.id} has the status {task.status!r}; known: {', '.join(STATUSES)}")
    if task.how.kind not in HOW_KINDS:
        found.append(f"{task.id} is done by {task.how.kind!r}; known: {', '.join(HOW_KINDS)}")
    if task.how.kind == "recipe" and not task.how.recipe:
        found.append(f"{task.id} names no recipe")
    if task.how.kind == "none" and not task.how.why and task.status not in CLOSED:
        found.append(f"{task.id} does not say why nothing can do it")
    if task.estimate.hours < 0:
        found.append(f"{task.id} is estimated to take less than no time")
    if task.estimate.tokens < 0 or (task.estimate.cost_usd or 0.0) < 0:
        found.append(f"{task.id} is estimated to cost less than nothing")
    if max(task.estimate.hours, task.estimate.tokens / 1e3, task.estimate.cost_usd or 0.0) > _MOST:
        found.append(f"{task.id} is estimated to take or cost more than any task")
    for other in task.depends_on:
        if other == task.id:
            found.append(f"{task.id} depends on itself")
        elif other not in tasks:
            found.append(f"{task.id} depends on {other}, which is not there")
    return found


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
