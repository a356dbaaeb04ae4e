"""The board of a plan: lanes and columns, what can be done next, how far the plan is, and what needs a person's eye."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from nootropic_kernel.planning.model import Epic, Plan, Task, TaskState
from nootropic_kernel.planning.schedule.calendar import working_hours
from nootropic_kernel.planning.schedule.remaining import shown_as_left

COLUMNS = {
    "ready": "Ready",
    "waiting": "Waiting",
    "review": "In review",
    "done": "Done",
    "blocked": "Not possible yet",
    "deferred": "Deferred",
    "dropped": "Dropped",
}
_ALWAYS = ("ready", "waiting", "review", "done")
_COLUMN_OF = {
    "ready": "ready", "running": "review", "review": "review", "done": "done", "pending": "waiting",
    "failed": "blocked", "blocked": "blocked", "superseded": "dropped", "cancelled": "dropped", "deferred": "deferred",
}  # fmt: skip
DROPPED = frozenset({"superseded", "cancelled"})  # not part of the plan any more

_TURN = {"recipe": 0, "model": 1, "person": 2}

States = Mapping[str, TaskState]
Health = Literal["green", "yellow", "red"]


@dataclass(frozen=True)
class Column:
    """One column of the board with its tasks in plan order."""

    key: str
    title: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Lane:
    """One epic across the board."""

    epic: Epic
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Costs:
    """What a task cost so far and what it is likely to cost, in USD; None where that is unknown.

    ``calls`` are the model calls made for it; of ``unknown`` ones the cost is not in ``spent``.
    """

    spent: float | None = 0.0
    forecast: float | None = None
    calls: int = 0
    unknown: int = 0

    @property
    def over(self) -> bool:
        """Whether what is known of its cost is above its forecast."""
        return self.spent is not None and self.forecast is not None and self.spent > self.forecast + 1e-9


def state_of(task: Task, states: States) -> TaskState:
    """The effective state of a task; without one, what the plan itself says."""
    return states.get(task.id) or TaskState(task.status)


def column_of(status: str) -> str:
    """The column in which a status stands."""
    return _COLUMN_OF.get(status, "waiting")


def columns(plan: Plan, states: States, chosen: Collection[Task] | None = None) -> tuple[Column, ...]:
    """The board; empty columns are left out, but the first four always stand.

    :param chosen: only these tasks, in plan order; without it all.
    """
    placed: dict[str, list[Task]] = {key: [] for key in COLUMNS}
    for task in plan.tasks if chosen is None else chosen:
        placed[column_of(state_of(task, states).status)].append(task)
    return tuple(
        Column(key, title, tuple(placed[key])) for key, title in COLUMNS.items() if placed[key] or key in _ALWAYS
    )


def lanes(plan: Plan, states: States, chosen: Collection[Task] | None = None) -> tuple[Lane, ...]:
    """The board with a lane an epic; epics and columns without a task are left out."""
    epic_of = {story.id: story.epic for story in plan.stories}
    by_epic: dict[str, list[Task]] = {}
    for task in plan.tasks if chosen is None else chosen:
        by_epic.setdefault(epic_of.get(task.story, ""), []).append(task)
    return tuple(
        Lane(epic, tuple(column for column in columns(plan, states, by_epic[epic.id]) if column.tasks))
        for epic in plan.epics
        if epic.id in by_epic
    )


def health(task: Task, status: str, *, costs: Costs = Costs(), passed_h: float | None = None) -> Health | None:
    """How a task stands: green, yellow or red; None for what was dropped or deferred.

    - red: it failed or is not possible; it cost more than was foreseen; or it is not done though its end has passed.
    - yellow: it runs, waits for review, or has less slack than it takes itself: one that fails and is done again would
      move the end of the plan.
    - green: it is done, or nothing of this holds.

    :param passed_h: working hours since the plan's start; None where no start is known, then nothing is late.
    """
    if column_of(status) in ("deferred", "dropped"):
        return None
    if status in ("failed", "blocked"):
        return "red"
    if costs.over:
        return "red"
    if status == "done":
        return "green"
    if passed_h is not None and task.schedule.end_h < passed_h:
        return "red"
    if status in ("running", "review") or task.schedule.slack_h < task.estimate.hours:
        return "yellow"
    return "green"


def passed_hours(plan: Plan, today: date) -> float | None:
    """Working hours (8 a day, Monday to Friday) from the plan's start until this day begins; None without a start."""
    given = plan.budget.get("start")
    try:
        start = date.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        start = None
    if start is None or start >= today:
        return None if start is None else 0.0
    return working_hours(start, today - timedelta(days=1))


def ready_tasks(plan: Plan, states: States) -> list[Task]:
    """What can be done now, as `run` takes it: by recipes first, then by a model, then by a person.

    Each in the order of the schedule, and at the same time in the order in which the person keeps the plan.
    """
    ready = [task for task in plan.tasks if state_of(task, states).status == "ready"]
    return sorted(ready, key=lambda task: (_TURN.get(task.how.kind, 3), task.schedule.start_h))


def next_tasks(plan: Plan, states: States) -> list[Task]:
    """What can be done now, as a person should look at it: critical tasks first, then the others in their order."""
    ready = [task for task in plan.tasks if state_of(task, states).status == "ready"]
    return sorted(ready, key=lambda task: not task.schedule.critical)


def as_left(plan: Plan, states: States) -> Plan:
    """The plan as it is shown: only what is left takes time, has slack and can be critical."""
    return shown_as_left(plan, {task.id for task in plan.tasks if state_of(task, states).status == "done"})


def progress(plan: Plan, states: States) -> tuple[int, int]:
    """How many tasks are done, of how many that are still part of the plan."""
    live = [task for task in plan.tasks if state_of(task, states).status not in DROPPED]
    return sum(state_of(task, states).status == "done" for task in live), len(live)
