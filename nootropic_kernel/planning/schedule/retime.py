"""Moving tasks as little as possible: right shift along dependencies and along the work of each agent.

Nothing moves to an earlier time, and what need not move stays, so that a small change of a plan stays small in its
schedule too (Fox et al. 2006, "Plan Stability: Replanning versus Plan Repair").
"""

from __future__ import annotations

import heapq
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from nootropic_kernel.planning.model import GONE, Schedule, Task
from nootropic_kernel.planning.schedule.critical_path import in_order
from nootropic_kernel.planning.schedule.resources import EXACT, NEAR, Agent, Load

_TURNS = 0.1
_HARDLY_LATER = 1.05

__all__ = ["GONE", "right_shift", "with_slack"]


def right_shift(
    tasks: Sequence[Task],
    fixed: Container[str],
    hours: Mapping[str, float],
    not_before: Mapping[str, float],
    agents: Iterable[Agent] = (),
) -> dict[str, tuple[float, float]]:
    """Start and end in hours of every live task that is not ``fixed``.

    Who waits longer than was planned either lets pass what is ready by then, or keeps its turn: of the two the one that
    moves fewer tasks, unless the plan would end noticeably later for that.

    :param hours: how long tasks take that are new or take longer now; others keep the length they have.
    :param not_before: when they may start at the earliest; others not before they start now.
    :param agents: those whose capacity counts; tasks of others wait for nobody but tasks.
    """
    agents = tuple(agents)
    both = [_shifted(tasks, fixed, hours, not_before, agents, turns) for turns in (0.0, _TURNS)]
    if both[0] == both[1]:
        return both[0]
    ends = [max((end for _, end in times.values()), default=0.0) for times in both]
    near = [times for times, end in zip(both, ends, strict=True) if end <= min(ends) * _HARDLY_LATER + NEAR]
    start = {task.id: task.schedule.start_h for task in tasks}
    return min(near, key=lambda times: sum(begin != start[name] for name, (begin, _) in times.items()))


def _shifted(
    tasks: Sequence[Task],
    fixed: Container[str],
    hours: Mapping[str, float],
    not_before: Mapping[str, float],
    agents: Sequence[Agent],
    turns: float,
) -> dict[str, tuple[float, float]]:
    """The tasks one by one, each as early as it can start; ``turns`` is how much their former times count for that."""
    loads = {agent.id: Load(agent.capacity) for agent in agents}
    live = {task.id: task for task in tasks if task.status not in GONE}
    end = {name: task.schedule.end_h for name, task in live.items() if name in fixed}
    for name in end:
        if (own := loads.get(live[name].agent or "")) is not None:
            own.take(live[name].schedule.start_h, end[name])
    open_ = {name: task for name, task in live.items() if name not in fixed}
    waiting = {name: {other for other in task.depends_on if other in open_} for name, task in open_.items()}
    followers: dict[str, list[str]] = {}
    for name, others in waiting.items():
        for other in others:
            followers.setdefault(other, []).append(name)

    def earliest(task: Task) -> float:
        before = [end[other] for other in task.depends_on if other in end]
        return max([not_before.get(task.id, task.schedule.start_h), *before])

    # Of those that could start at one time the one that may slip least comes first: half as many move then.
    turn = {name: (task.schedule.slack_h, index) for index, (name, task) in enumerate(open_.items())}

    def entry(name: str, at: float) -> tuple[float, tuple[float, int], float, str]:
        return at + turns * open_[name].schedule.start_h, turn[name], at, name

    ready = [entry(name, earliest(task)) for name, task in open_.items() if not waiting[name]]
    heapq.heapify(ready)
    timed: dict[str, tuple[float, float]] = {}
    while ready:
        _, _, start, name = heapq.heappop(ready)
        task = open_[name]
        length = hours.get(name, task.schedule.end_h - task.schedule.start_h)
        if (own := loads.get(task.agent or "")) is not None and length > NEAR:
            free = own.earliest(start, length)
            if free > start + NEAR:  # who starts before that comes first
                heapq.heappush(ready, entry(name, free))
                continue
            own.take(start, start + length)
        end[name] = round(start + length, EXACT)
        timed[name] = (round(start, EXACT), end[name])
        for follower in followers.get(name, ()):
            waiting[follower].discard(name)
            if not waiting[follower]:
                heapq.heappush(ready, entry(follower, earliest(open_[follower])))
    return timed


def with_slack(tasks: Sequence[Task], frozen: Container[str] = ()) -> tuple[Task, ...]:
    """The tasks with slack and the critical mark that follow from their times; ``frozen`` ones keep theirs.

    A task may slip until those that depend on it, and what its agent does after it, would have to wait.
    """
    live = [task for task in in_order(tasks) if task.status not in GONE]
    total = max((task.schedule.end_h for task in live), default=0.0)
    latest = {task.id: total for task in live}
    before = _done_before(live)
    order = sorted(live, key=lambda each: (each.schedule.start_h, each.schedule.end_h)) if before else live
    for task in reversed(order):
        begin = latest[task.id] - (task.schedule.end_h - task.schedule.start_h)
        for other in (*task.depends_on, *before.get(task.id, ())):
            if other in latest:
                latest[other] = min(latest[other], begin)
    timed = {}
    for task in live:
        slack = round(latest[task.id] - task.schedule.end_h, EXACT) + 0.0
        timed[task.id] = Schedule(task.schedule.start_h, task.schedule.end_h, slack, slack == 0)
    return tuple(
        task if task.id in frozen or task.id not in timed else replace(task, schedule=timed[task.id]) for task in tasks
    )


def _done_before(tasks: Sequence[Task]) -> dict[str, tuple[str, ...]]:
    """What the same agent did before each task, in the same lane; of several lanes the one that was free last."""
    lanes: dict[str, list[tuple[float, str]]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for task in sorted(tasks, key=lambda each: (each.schedule.start_h, each.schedule.end_h)):
        if task.agent is None or task.schedule.end_h - task.schedule.start_h <= NEAR:
            continue
        own = lanes.setdefault(task.agent, [])
        free = [lane for lane in own if lane[0] <= task.schedule.start_h + NEAR]
        if free:
            last = max(free)
            own.remove(last)
            found[task.id] = (last[1],)
        own.append((task.schedule.end_h, task.id))
    return found
