"""Taking an edit of a task back: what it changed is as it was, what others changed since stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nootropic_kernel.planning.edits.task import BEGUN, TaskFrozen, order_of, retimed, with_order
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.spec.file import canonical
from nootropic_kernel.planning.spec.records import from_plain, to_plain
from nootropic_kernel.planning.views.board import States, state_of


def difference_record(before: Plan, after: Plan) -> dict[str, Any]:
    """What an edit changed, field by field, and the order of tasks: a JSON document to take it back by."""
    old = {task.id: to_plain(task) for task in before.tasks}
    record: dict[str, Any] = {"tasks": {}}
    for task in after.tasks:
        now, was = to_plain(task), old[task.id]
        if fields := [key for key in now if now[key] != was[key]]:
            record["tasks"][task.id] = {
                "was": {key: was[key] for key in fields}, "now": {key: now[key] for key in fields},
            }  # fmt: skip
    orders = {story.id: (order_of(before, story.id), order_of(after, story.id)) for story in after.stories}
    record["order"] = {story: {"was": was, "now": now} for story, (was, now) in orders.items() if was != now}
    return record


def undone(plan: Plan, states: States, record: Mapping[str, Any], name: str, *, latest: bool) -> Plan:
    """The plan without an edit.

    :param record: see :func:`difference_record`.
    :param name: the task that was edited.
    :param latest: whether nothing was changed since; then times are just as they were.
    :raises TaskFrozen: when a task that it concerns was changed or begun since.
    """
    changes: Mapping[str, Any] = record["tasks"]
    problems = [f"{story} was put in another order" for story, order in record["order"].items()
                if order_of(plan, story) != order["now"]]  # fmt: skip
    tasks = []
    reopened = "status" in changes.get(name, {}).get("now", {})
    for task in plan.tasks:
        if reopened and name in task.depends_on and state_of(task, states).status in BEGUN:
            problems.append(f"{task.id}, which waits for it, was begun")
        if task.id in changes:
            now = to_plain(task)
            was, then = changes[task.id]["was"], changes[task.id]["now"]
            differs = {key for key in then if now[key] != then[key]}
            problems += [f"{task.id} has another {key.replace('_', ' ')}" for key in sorted(differs - {"schedule"})]
            task = from_plain(Task, {**now, **{key: value for key, value in was.items() if key not in differs}})
        tasks.append(task)
    missing = sorted(set(changes) - {task.id for task in tasks})
    problems += [f"{each} is gone" for each in missing]
    if problems:
        raise TaskFrozen(
            f"The edit of {name} cannot be taken back.",
            why=f"The plan was worked on since: {'; '.join(problems[:5])}.",
            next="Take back later edits first, or say what you want with `noo task`.",
        )
    back = replace(plan, tasks=tuple(tasks))
    for story, order in record["order"].items():
        back = with_order(back, story, order["was"])
    return canonical(back if latest else retimed(back, states, name))
