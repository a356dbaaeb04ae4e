"""The board of a plan: which column each task stands in, what can be done next, and how far the plan is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nootropic_kernel.planning.model import Plan, Task, TaskState, number

COLUMNS = {
    "ready": "Ready",
    "waiting": "Waiting",
    "review": "In review",
    "done": "Done",
    "blocked": "Not possible yet",
    "dropped": "Dropped",
}
_COLUMN_OF = {
    "ready": "ready", "running": "review", "review": "review", "done": "done", "pending": "waiting",
    "failed": "blocked", "blocked": "blocked", "superseded": "dropped", "cancelled": "dropped", "deferred": "dropped",
}  # fmt: skip

_TURN = {"recipe": 0, "model": 1, "person": 2}

States = Mapping[str, TaskState]


@dataclass(frozen=True)
class Column:
    """One column of the board with its tasks in plan order."""

    key: str
    title: str
    tasks: tuple[Task, ...]


def state_of(task: Task, states: States) -> TaskState:
    """The effective state of a task; without one, what the plan itself says."""
    return states.get(task.id) or TaskState(task.status)


def columns(plan: Plan, states: States) -> tuple[Column, ...]:
    """The board; empty columns are left out, but the first four always stand."""
    placed: dict[str, list[Task]] = {key: [] for key in COLUMNS}
    for task in plan.tasks:
        placed[_COLUMN_OF.get(state_of(task, states).status, "waiting")].append(task)
    always = ("ready", "waiting", "review", "done")
    return tuple(
        Column(key, title, tuple(placed[key])) for key, title in COLUMNS.items() if placed[key] or key in always
    )


def ready_tasks(plan: Plan, states: States) -> list[Task]:
    """What can be done now: by recipes first, then by a model, then by a person; each in the order of the schedule."""
    ready = [task for task in plan.tasks if state_of(task, states).status == "ready"]
    return sorted(ready, key=lambda task: (_TURN.get(task.how.kind, 3), task.schedule.start_h, number(task.id)))


def progress(plan: Plan, states: States) -> tuple[int, int]:
    """How many tasks are done, of how many that are still part of the plan."""
    live = [task for task in plan.tasks if state_of(task, states).status not in ("superseded", "cancelled")]
    return sum(state_of(task, states).status == "done" for task in live), len(live)
