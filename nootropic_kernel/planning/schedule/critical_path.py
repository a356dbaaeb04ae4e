"""When tasks can start and end: by their dependencies alone (critical path method), or by who does them too.

With agents the schedule is made task by task (serial schedule generation, Kolisch 1996): of those that can be placed
the one that must be finished first, at the earliest time at which somebody who does such tasks is free.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

from nootropic_kernel.planning.errors import PlanInvalid
from nootropic_kernel.planning.model import GONE, Schedule, Task, number
from nootropic_kernel.planning.schedule.resources import EXACT, NEAR, Agent, Load

_BEGUN = frozenset({"done", "running", "review"})


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


def schedule(tasks: Sequence[Task], frozen: Container[str] = ()) -> tuple[Task, ...]:
    """Every task with its earliest start and end, slack, and whether it is critical; ``frozen`` ones keep theirs."""
    ordered = in_order(tasks)
    kept = {task.id for task in tasks if task.id in frozen and task.schedule.end_h > task.schedule.start_h}
    end: dict[str, float] = {}
    start: dict[str, float] = {}
    for task in ordered:
        if task.id in kept:
            start[task.id], end[task.id] = task.schedule.start_h, task.schedule.end_h
            continue
        start[task.id] = max((end[other] for other in task.depends_on if other in end), default=0.0)
        end[task.id] = start[task.id] + _hours(task)
    total = max(end.values(), default=0.0)
    latest = {name: end[name] if name in kept else total for name in end}
    for task in reversed(ordered):
        for other in task.depends_on:
            if other in latest and other not in kept:
                latest[other] = min(latest[other], latest[task.id] - (end[task.id] - start[task.id]))
    timed = {task.id: task.schedule for task in tasks if task.id in kept}
    for task in ordered:
        if task.id in kept:
            continue
        slack = round(latest[task.id] - end[task.id], 6) + 0.0
        counts = task.status not in GONE and task.status != "done"
        timed[task.id] = Schedule(round(start[task.id], 6), round(end[task.id], 6), slack, counts and slack == 0)
    return tuple(replace(task, schedule=timed[task.id]) for task in tasks)


def _hours(task: Task) -> float:
    return 0.0 if task.status in GONE or task.status == "done" else task.estimate.hours


@dataclass(frozen=True)
class Slot:
    """Who does a task, and when, in hours from the plan's start."""

    agent: str | None
    start_h: float
    end_h: float


def is_fixed(task: Task, frozen: Container[str] = ()) -> bool:
    """Whether a task keeps its slot: it is finished, or it is begun, locked or ``frozen`` and has one."""
    if task.status == "done":
        return True
    settled = task.status in _BEGUN or task.locked or task.id in frozen
    return settled and (task.schedule.end_h > task.schedule.start_h or task.estimate.hours == 0)


def fixed_slots(tasks: Sequence[Task], frozen: Container[str] = ()) -> dict[str, Slot]:
    """The slots of the fixed tasks."""
    return {
        task.id: Slot(task.agent, task.schedule.start_h, task.schedule.end_h)
        for task in tasks
        if is_fixed(task, frozen)
    }


def elapsed(tasks: Sequence[Task], frozen: Container[str] = (), passed_h: float = 0.0) -> float:
    """How many hours of the plan are over at least: nothing that is not begun can start before.

    What is begun was worked on up to its end in the schedule; what was done ahead of its time took no longer than all
    the work that is begun.

    :param passed_h: working hours since the plan's start, where that is known.
    """
    begun = [task for task in tasks if is_fixed(task, frozen) and (task.status in _BEGUN or task.id in frozen)]
    end = max((task.schedule.end_h for task in begun), default=0.0)
    work = sum(task.schedule.end_h - task.schedule.start_h for task in begun)
    return round(max(passed_h, min(end, work)), EXACT)


def list_schedule(
    tasks: Sequence[Task],
    agents: Sequence[Agent],
    frozen: Container[str] = (),
    money: float | None = None,
    rank: Mapping[str, float] | None = None,
    by: Mapping[str, str] | None = None,
    not_before: Mapping[str, float] | None = None,
) -> dict[str, Slot]:
    """A slot for every task that is part of the plan; fixed ones keep theirs.

    :param money: USD that may be spent. It is kept to if it is at all possible: nobody is chosen who would leave less
        than the cheapest way of doing the rest costs.
    :param rank: the order in which tasks are placed, lowest first; without it by the latest time of their end.
    :param by: the agents of tasks for which there is no choice.
    :param not_before: when tasks may start at the earliest.
    """
    ordered = [task for task in in_order(tasks) if task.status not in GONE]
    able = {task.id: _able(task, agents, (by or {}).get(task.id)) for task in ordered}
    rank = rank or _latest_ends(ordered, able)
    loads = {agent.id: Load(agent.capacity) for agent in agents}
    slots: dict[str, Slot] = {}
    for name, slot in fixed_slots(ordered, frozen).items():
        slots[name] = slot
        if slot.agent in loads:
            loads[slot.agent].take(slot.start_h, slot.end_h)
    purse = _Purse(ordered, able, slots, money)
    waiting = {task.id: {name for name in task.depends_on if name in able and name not in slots} for task in ordered}
    followers: dict[str, list[Task]] = {}
    for task in ordered:
        for name in waiting[task.id] if task.id not in slots else ():
            followers.setdefault(name, []).append(task)
    turn = {task.id: (rank.get(task.id, 0.0), number(task.id), place) for place, task in enumerate(ordered)}
    ready = [(turn[task.id], task) for task in ordered if task.id not in slots and not waiting[task.id]]
    heapq.heapify(ready)
    while ready:
        _, task = heapq.heappop(ready)
        before = (slots[name].end_h for name in task.depends_on if name in slots)
        after = max((not_before or {}).get(task.id, 0.0), *before, 0.0)
        found = []
        for order, agent in enumerate(purse.affordable(task)):
            hours = agent.hours(task)
            start = loads[agent.id].earliest(after, hours) if hours > NEAR else after
            found.append((round(start + hours, EXACT), agent.cost(task), order, start, agent))
        end, _, _, start, agent = min(found)
        loads[agent.id].take(start, end)
        purse.pay(task, agent)
        slots[task.id] = Slot(agent.id, start, end)
        for follower in followers.get(task.id, ()):
            waiting[follower.id].discard(task.id)
            if not waiting[follower.id]:
                heapq.heappush(ready, (turn[follower.id], follower))
    return slots


def _able(task: Task, agents: Sequence[Agent], name: str | None) -> list[Agent]:
    able = [agent for agent in agents if (agent.id == name if name is not None else agent.does(task))]
    return able or list(agents[-1:])


def _latest_ends(ordered: Sequence[Task], able: Mapping[str, Sequence[Agent]]) -> dict[str, float]:
    """When each task must end at the latest, were there agents enough."""
    hours = {task.id: min(agent.hours(task) for agent in able[task.id]) for task in ordered}
    latest = dict.fromkeys(hours, 0.0)
    for task in reversed(ordered):
        for name in task.depends_on:
            if name in latest:
                latest[name] = min(latest[name], round(latest[task.id] - hours[task.id], EXACT))
    return latest


class _Purse:
    """The money that may be spent, of which enough is kept for the cheapest way of doing the rest."""

    def __init__(
        self,
        tasks: Sequence[Task],
        able: Mapping[str, Sequence[Agent]],
        slots: Mapping[str, Slot],
        money: float | None,
    ) -> None:
        self._able = able
        self._cheapest: Callable[[Task], float] = lambda task: min(agent.cost(task) for agent in able[task.id])
        self._spare = None if money is None else money - least_cost(tasks, able, slots)

    def affordable(self, task: Task) -> list[Agent]:
        """Who may do a task; the cheapest always may."""
        if self._spare is None:
            return list(self._able[task.id])
        least = self._cheapest(task)
        limit = max(self._spare, 0.0) + least + NEAR
        return [agent for agent in self._able[task.id] if agent.cost(task) <= limit]

    def pay(self, task: Task, agent: Agent) -> None:
        """Spend what a task costs with that agent."""
        if self._spare is not None:
            self._spare -= agent.cost(task) - self._cheapest(task)


def least_cost(tasks: Sequence[Task], able: Mapping[str, Sequence[Agent]], slots: Mapping[str, Slot]) -> float:
    """What the tasks cost at the least; those with a slot cost what its agent costs."""
    total = 0.0
    for task in tasks:
        by = slots[task.id].agent if task.id in slots else None
        mine = [agent for agent in able[task.id] if agent.id == by]
        total += min(agent.cost(task) for agent in (mine or able[task.id]))
    return total
