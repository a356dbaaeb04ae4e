"""Whom a task waits for, changed by hand: no circle, and nothing that it needs is taken from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.workspace.errors import NootropicError, UsageError


class DependencyCircle(NootropicError):
    """Tasks would wait for each other in a circle."""

    def __init__(self, circle: list[str]) -> None:
        super().__init__(
            f"{circle[0]} cannot wait for {circle[1]}: they would wait for each other in a circle.",
            why=f"{' → '.join(circle)} (each waits for the next). Nothing was changed.",
            next=f"Take one of these off first, such as `noo task {circle[-2]} --not-after {circle[-1]}`.",
            circle=circle,
        )


class DependencyNeeded(NootropicError):
    """A task waits for another because it needs what that one makes."""


def relinked(plan: Plan, task: Task, after: Sequence[str], not_after: Sequence[str]) -> Task:
    """The task waiting for some tasks more (``after``) and some less (``not_after``).

    :raises UsageError: when a task is not there, or waiting for it would never end.
    :raises DependencyCircle: naming the circle.
    :raises DependencyNeeded: when it needs what a task makes that it shall not wait for.
    """
    for name in (*after, *not_after):
        known_task(plan, name)
    waits = [name for name in task.depends_on if name not in not_after]
    for name in not_after:
        if name in task.depends_on:
            _check_not_needed(plan, task, name, waits)
    for name in after:
        if name in not_after:
            raise UsageError(
                f"{task.id} cannot both wait for {name} and not wait for it.",
                next="Say one of `--after`, `--not-after`.",
            )
        if known_task(plan, name).status in ("superseded", "cancelled"):
            heir = plan.heir(name)
            raise UsageError(
                f"{name} is {known_task(plan, name).status}; waiting for it would never end.",
                next=f"{heir.id} stands in its place." if heir else "`noo board` shows the tasks that are.",
            )
        if name == task.id:
            raise UsageError(f"{task.id} cannot wait for itself.", next="Name another task (`noo board`).")
        if circle := _circle(plan, task.id, name):
            raise DependencyCircle(circle)
        waits += [] if name in waits else [name]
    return replace(task, depends_on=tuple(waits))


def known_task(plan: Plan, name: str) -> Task:
    """The task of that id.

    :raises UsageError: when there is none.
    """
    task = plan.task(name)
    if task is None:
        raise UsageError(f"There is no task {name}.", next="`noo board` shows the tasks and their ids.")
    return task


def followers(plan: Plan, name: str) -> set[str]:
    """All tasks that wait for this one, directly or not."""
    after: dict[str, list[str]] = {}
    for task in plan.tasks:
        for other in task.depends_on:
            after.setdefault(other, []).append(task.id)
    found: set[str] = set()
    open_ = [name]
    while open_:
        for each in after.get(open_.pop(), ()):
            if each not in found:
                found.add(each)
                open_.append(each)
    return found


def _check_not_needed(plan: Plan, task: Task, name: str, others: Sequence[str]) -> None:
    """That nothing which only ``name`` makes is needed by the task."""
    made = {item for each in plan.tasks if each.id in others for item in each.provides}
    needed = [item for item in known_task(plan, name).provides if item in task.requires and item not in made]
    if needed:
        raise DependencyNeeded(
            f"{task.id} waits for {name} because it needs what that makes.",
            why=f"{name} makes {', '.join(needed)}, and nothing else that {task.id} waits for does.",
            next=f'`noo replan {name} --because "…"` finds another way for it.',
            needed=needed,
        )


def _circle(plan: Plan, name: str, other: str) -> list[str]:
    """The tasks that would wait for each other if ``name`` waited for ``other``, from ``name`` back to itself."""
    waits = {task.id: task.depends_on for task in plan.tasks}
    came: dict[str, str] = {other: name}
    open_ = [other]
    while open_ and name not in came:
        current = open_.pop()
        for following in waits.get(current, ()):
            if following not in came:
                came[following] = current
                open_.append(following)
    if other != name and name not in came:
        return []
    path = [name]
    step = came[name]
    while step != name:
        path.append(step)
        step = came[step]
    return [name, *reversed(path[1:]), name]
