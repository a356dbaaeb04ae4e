"""From what tasks need and give to who waits for whom."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from nootropic_kernel.planning.model import CLOSED, Task


def link(tasks: Sequence[Task], present: Container[str] = ()) -> tuple[Task, ...]:
    """Set ``depends_on`` of every open task to the tasks that provide what it requires.

    :param present: what the repository has already; nobody needs to wait for it.
    """
    gone = ("superseded", "cancelled")
    replaced = {task.supersedes for task in tasks if task.supersedes and task.status not in gone}
    producers: dict[str, list[int]] = {}
    for index, task in enumerate(tasks):
        if task.status not in gone and task.id not in replaced:
            for item in task.provides:
                producers.setdefault(item, []).append(index)
    linked = []
    for index, task in enumerate(tasks):
        if task.status in CLOSED or task.locked:
            linked.append(task)
            continue
        found: list[str] = []
        for item in task.requires:
            if item in present:
                continue
            makers = [maker for maker in producers.get(item, ()) if maker != index]
            if makers:
                before = [maker for maker in makers if maker < index]
                # The first that ever provides it: "package" comes with the first class, not with the latest.
                found.append(tasks[before[0] if before else makers[0]].id)
        linked.append(replace(task, depends_on=tuple(dict.fromkeys(found))))
    return tuple(linked)


def goals(tasks: Sequence[Task]) -> tuple[str, ...]:
    """What the plan is for: the first product of each task whose products no other task requires.

    What only leads to something else is no goal, so that a repair may lead there in another way.
    """
    required = {item for task in tasks for item in task.requires}
    ends = (task for task in tasks if not required & set(task.provides))
    return tuple(dict.fromkeys(task.provides[0] for task in ends))
