"""Moving tasks as little as possible: right shift along dependencies and along the work of each agent.

Nothing moves to an earlier time, and what need not move stays, so that a small change of a plan stays small in its
schedule too (Fox et al. 2006, "Plan Stability: Replanning versus Plan Repair").
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nootropic_kernel.planning.model import Schedule, Task
from nootropic_kernel.planning.schedule import in_order

GONE = frozenset({"superseded", "cancelled", "deferred"})
_EXACT = 6  # digits after the point that hours keep


def right_shift(
    tasks: Sequence[Task],
    fixed: Container[str],
    hours: Mapping[str, float],
    not_before: Mapping[str, float],
    agents: Iterable[Mapping[str, Any]] = (),
) -> dict[str, tuple[float, float]]:
    """Start and end in hours of every live task that is not ``fixed``.

    :param hours: how long tasks take that are new or take longer now; others keep the length they have.
    :param not_before: when they may start at the earliest; others not before they start now.
    :param agents: the plan's agents, each with ``id`` and ``capacity`` (tasks at once; 1 where not given).
    """
    free = {str(agent.get("id")): [0.0] * max(1, int(agent.get("capacity", 1))) for agent in agents}
    live = {task.id: task for task in tasks if task.status not in GONE}
    end = {name: task.schedule.end_h for name, task in live.items() if name in fixed}
    open_ = {name: task for name, task in live.items() if name not in fixed}
    waiting = {name: {other for other in task.depends_on if other in open_} for name, task in open_.items()}
    followers: dict[str, list[str]] = {}
    for name, others in waiting.items():
        for other in others:
            followers.setdefault(other, []).append(name)

    def earliest(task: Task) -> float:
        before = [end[other] for other in task.depends_on if other in end]
        return max([not_before.get(task.id, task.schedule.start_h), *before])

    ready = [(earliest(task), order, name) for order, (name, task) in enumerate(open_.items()) if not waiting[name]]
    heapq.heapify(ready)
    order = {name: index for index, name in enumerate(open_)}
    timed: dict[str, tuple[float, float]] = {}
    while ready:
        start, _, name = heapq.heappop(ready)
        task = open_[name]
        slots = free.get(task.agent or "")
        if slots and slots[0] > start + 1e-9:
            heapq.heappush(ready, (slots[0], order[name], name))
            continue
        end[name] = round(start + hours.get(name, task.schedule.end_h - task.schedule.start_h), _EXACT)
        timed[name] = (round(start, _EXACT), end[name])
        if slots:
            heapq.heapreplace(slots, end[name])
        for follower in followers.get(name, ()):
            waiting[follower].discard(name)
            if not waiting[follower]:
                heapq.heappush(ready, (earliest(open_[follower]), order[follower], follower))
    return timed


def with_slack(tasks: Sequence[Task], frozen: Container[str] = ()) -> tuple[Task, ...]:
    """The tasks with slack and the critical mark that follow from their times; ``frozen`` ones keep theirs."""
    live = [task for task in in_order(tasks) if task.status not in GONE]
    total = max((task.schedule.end_h for task in live), default=0.0)
    latest = {task.id: total for task in live}
    for task in reversed(live):
        begin = latest[task.id] - (task.schedule.end_h - task.schedule.start_h)
        for other in task.depends_on:
            if other in latest:
                latest[other] = min(latest[other], begin)
    timed = {}
    for task in live:
        slack = round(latest[task.id] - task.schedule.end_h, _EXACT) + 0.0
        timed[task.id] = Schedule(task.schedule.start_h, task.schedule.end_h, slack, slack == 0)
    return tuple(
        task if task.id in frozen or task.id not in timed else replace(task, schedule=timed[task.id]) for task in tasks
    )
