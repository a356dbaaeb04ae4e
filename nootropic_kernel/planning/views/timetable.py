"""When each task starts and ends, who does it and how far it may slip: a table for terminals of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from textwrap import fill

from nootropic_kernel.planning.model import GONE, Plan, Task
from nootropic_kernel.planning.schedule.budgets import Limits
from nootropic_kernel.planning.schedule.calendar import day_of, in_hours
from nootropic_kernel.planning.schedule.resources import NEAR
from nootropic_kernel.planning.views.board import States, progress, state_of
from nootropic_kernel.planning.views.tree import harmless, path_title, who_lines

WIDTH = 80
_MANY = 100  # tasks; above it only those that come first are listed, and the rest by epic
_FIRST = 40
_EPICS = 25
_LONGEST_NAME = 12


def text(plan: Plan, states: States, *, notes: Sequence[str] = ()) -> str:
    """The schedule of a plan: what is done, then what is left by the time at which it starts.

    Hours count from the plan's start, 8 to a day.
    """
    lines = [*_lines(plan, states), "", *_below(plan, states), *notes]
    wrapped = (line if len(line) <= WIDTH else fill(line, WIDTH, subsequent_indent="    ") for line in lines)
    return harmless("\n".join(wrapped))


def _lines(plan: Plan, states: States) -> Iterator[str]:
    done, live = progress(plan, states)
    how_far = f"  [revision {plan.revision}, {done} of {live} tasks done]"
    yield _cut(plan.title, WIDTH - len(how_far)) + how_far
    tasks = [task for task in plan.tasks if state_of(task, states).status not in GONE]
    is_open = {task.id: state_of(task, states).status != "done" for task in tasks}
    tasks.sort(key=lambda task: (is_open[task.id], task.schedule.start_h, task.schedule.end_h))
    names = [task.agent or "" for task in tasks]
    wide = min(max(map(len, names), default=0), _LONGEST_NAME)
    shown = tasks
    if len(tasks) > _MANY:
        shown = [task for task in tasks if state_of(task, states).status != "done"][:_FIRST]
    start = Limits.of(plan).start
    yield f"{'start':>8}{'end':>9}{'slack':>9}  {'agent'[:wide].ljust(wide)}  task"
    last: date | None = None
    for task in shown:
        status = state_of(task, states).status
        if start is not None and status != "done" and (day := _day(start, task)) != last:
            last = day
            yield f"{day:%a %d %b %Y}"
        yield _row(task, status, wide)
    if len(shown) < len(tasks):
        yield f"… and {len(tasks) - len(shown)} more; by epic:"
        yield from _by_epic(plan, [task for task in tasks if is_open[task.id]])
        yield "All of them: `noo board --all`, or with their times `noo plan --schedule --json`."


def _below(plan: Plan, states: States) -> Iterator[str]:
    """The critical path, and who does what."""
    if path := plan.critical_path():
        few = path if len(path) <= 8 else (*path[:4], f"… {len(path) - 7} more …", *path[-3:])
        yield f"{path_title(plan)} (*): {' → '.join(few)}, {in_hours(plan.hours())} h"
    yield from who_lines(plan, states)


def _row(task: Task, status: str, wide: int) -> str:
    times = task.schedule
    mark = "✓" if status == "done" else "*" if times.critical else " "
    slack = "–" if times.critical else in_hours(times.slack_h)
    begin, end, slack = ("–", "–", "–") if status == "done" else (in_hours(times.start_h), in_hours(times.end_h), slack)
    name = _cut(task.agent or "", wide).ljust(wide)
    line = f"{begin:>8}{end:>9}{slack:>9}  {name} {mark}{task.id} {task.title}"
    return _cut(line, WIDTH)


def _by_epic(plan: Plan, tasks: Sequence[Task]) -> Iterator[str]:
    epic_of = {story.id: story.epic for story in plan.stories}
    grouped: dict[str, list[Task]] = {}
    for task in tasks:
        grouped.setdefault(epic_of.get(task.story, ""), []).append(task)
    listed = [epic for epic in plan.epics if epic.id in grouped]
    for epic in listed[:_EPICS]:
        own = grouped[epic.id]
        first, last = min(task.schedule.start_h for task in own), max(task.schedule.end_h for task in own)
        critical = sum(task.schedule.critical for task in own)
        many = f"{len(own)} tasks, {critical} critical"
        yield _cut(f"{in_hours(first):>8}{in_hours(last):>9}  {epic.id} {epic.title} ({many})", WIDTH)
    if len(listed) > _EPICS:
        yield f"{'':17}  … and {len(listed) - _EPICS} epics more"


def _day(start: date, task: Task) -> date | None:
    """The day on which a task begins."""
    try:
        return day_of(start, task.schedule.start_h + 2 * NEAR)
    except OverflowError:
        return None


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: max(width - 1, 0)] + "…"
