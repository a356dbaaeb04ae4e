"""When tasks can start and end, how far each may slip, and which decide the end (critical path method)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nootropic_kernel.planning.errors import PlanInvalid
from nootropic_kernel.planning.model import Schedule, Task


def in_order(tasks: Sequence[Task]) -> list[Task]:
    """The tasks so that each comes after those it depends on, as near to their own order as that allows.

    :raises PlanInvalid: when they wait for each other in a circle, naming it.
    """
    by_id = {task.id: task for task in tasks}
    done: set[str] = set()
    ordered: list[Task] = []
    for root in tasks:
        path: dict[str, int] = {}
        stack = [(root.id, 0)]
        while stack:
            name, position = stack.pop()
            if name in done:
                continue
            needed = [other for other in by_id[name].depends_on if other in by_id and other not in done]
            if needed:
                if path.get(needed[0], -1) >= 0:
                    circle = [*list(path)[list(path).index(needed[0]) :], name]
                    raise PlanInvalid(f"Tasks wait for each other in a circle: {' → '.join(dict.fromkeys(circle))}.")
                path[name] = position
                stack += [(name, position), (needed[0], position + 1)]
                continue
            path.pop(name, None)
            done.add(name)
            ordered.append(by_id[name])
    return ordered


def schedule(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Every task with its earliest start and end, its slack, and whether it is critical."""
    ordered = in_order(tasks)
    end: dict[str, float] = {}
    start: dict[str, float] = {}
    for task in ordered:
        start[task.id] = max((end[other] for other in task.depends_on if other in end), default=0.0)
        end[task.id] = start[task.id] + _hours(task)
    total = max(end.values(), default=0.0)
    latest = dict.fromkeys(end, total)
    for task in reversed(ordered):
        for other in task.depends_on:
            if other in latest:
                latest[other] = min(latest[other], latest[task.id] - _hours(task))
    timed = {}
    for task in ordered:
        slack = round(latest[task.id] - end[task.id], 6) + 0.0
        counts = task.status not in ("superseded", "cancelled")
        timed[task.id] = Schedule(round(start[task.id], 6), round(end[task.id], 6), slack, counts and slack == 0)
    return tuple(replace(task, schedule=timed[task.id]) for task in tasks)


def _hours(task: Task) -> float:
    return 0.0 if task.status in ("superseded", "cancelled") else task.estimate.hours
