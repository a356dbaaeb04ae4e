"""A shorter schedule by constraint programming (CP-SAT of OR-Tools), where the greedy one leaves something to gain.

That is the case for up to about sixty tasks: beyond, half a minute of search gains less than half a percent. The
solver chooses who does what in which order; the times are worked out by the list schedule, so that they are exact, and
the result counts only if it breaks nothing and ends earlier, or as early for less money.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from nootropic_kernel.planning.errors import OptimiserMissing, TooLarge
from nootropic_kernel.planning.healing.patch import Move, PlanPatch, apply
from nootropic_kernel.planning.model import GONE, Plan, Schedule, Task
from nootropic_kernel.planning.schedule.budgets import Limits, needs_of, over, over_hours
from nootropic_kernel.planning.schedule.critical_path import elapsed, fixed_slots, in_order, is_fixed, list_schedule
from nootropic_kernel.planning.schedule.remaining import recorded, remaining
from nootropic_kernel.planning.schedule.resources import NEAR, Agent, agents_of
from nootropic_kernel.planning.schedule.retime import with_slack
from nootropic_kernel.planning.schedule.shorten import least_hours

MOST_TASKS = 60
UNASKED_TASKS = 30
_SECONDS = 5.0
_UNASKED_SECONDS = 2.0
_UNIT = 1000  # parts of an hour
_CENTS = 10_000  # parts of a USD


def available() -> bool:
    """Whether the solver is installed."""
    return find_spec("ortools") is not None


def optimised(
    plan: Plan,
    frozen: Container[str] = (),
    *,
    only: Mapping[str, float] | None = None,
    same_agents: bool = False,
    passed_h: float = 0.0,
    seconds: float = _SECONDS,
) -> Plan:
    """The plan with a shorter or cheaper schedule; the plan itself where none was found.

    :param frozen: tasks that keep their slots, beside those that are finished, begun or locked.
    :param only: the tasks that may move, and when each may start at the earliest; all others keep their slots too.
    :param same_agents: whether tasks stay with the agents that they have.
    :param passed_h: working hours since the plan's start; nothing that is not begun is placed before.
    :param seconds: how long to search at the most; half of them in the solver's own, repeatable count.
    :raises OptimiserMissing: when OR-Tools is not installed.
    :raises TooLarge: when more tasks may move than the solver is good for.
    """
    agents = agents_of(plan)
    if not agents:
        return plan  # every task starts as early as it can already
    live = [task for task in in_order(plan.tasks) if task.status not in GONE]
    held = {task.id for task in live if is_fixed(task, frozen) or (only is not None and task.id not in only)}
    if len(live) - len(held) > MOST_TASKS:
        raise TooLarge(len(live) - len(held), MOST_TASKS)
    if not available():
        raise OptimiserMissing
    if len(held) == len(live):
        return plan
    able = {task.id: _able(task, agents, same_agents) for task in live}
    earliest = only if only is not None else dict.fromkeys(able, elapsed(live, frozen, passed_h))
    found = _solve(live, agents, able, held, Limits.of(plan), earliest, seconds)
    if found is None:
        return plan
    timed = _timed(plan, agents, held, found, earliest)
    return timed if _is_better(plan, timed) else plan


def optimised_unasked(plan: Plan, frozen: Container[str] = (), passed_h: float = 0.0) -> Plan:
    """The same for a small plan that could end earlier, where the solver is installed; else the plan itself."""
    agents = agents_of(plan)
    live = [task for task in plan.tasks if task.status not in GONE]
    free = [task for task in live if not is_fixed(task, frozen)]
    if not agents or not 1 < len(free) <= UNASKED_TASKS:
        return plan
    earliest = dict.fromkeys((task.id for task in live), elapsed(live, frozen, passed_h))
    if plan.hours() <= least_hours(live, agents, frozen, earliest) + NEAR or not available():
        return plan
    return optimised(plan, frozen, passed_h=passed_h, seconds=_UNASKED_SECONDS)


def tightened(plan: Plan, patch: PlanPatch, frozen: Collection[str] = (), done: Collection[str] = ()) -> PlanPatch:
    """A patch whose moves end earlier, where it leaves the plan above its limit in hours and the solver is there.

    Only what the patch moves or adds is timed anew, by the agents that have it, and not before the time at which it
    (or the first of what is new) was to start.

    :param frozen: tasks that keep their times; those of them that are ``done`` hold nobody up.
    """
    if not plan.budget:
        return patch
    after = apply(plan, patch, frozen)
    old = {task.id: task.schedule for task in plan.tasks}
    first = min((task.schedule.start_h for task in patch.tasks()), default=0.0)
    free = {move.id: old[move.id].start_h for move in patch.reschedule if move.id in old}
    free |= {task.id: first for task in patch.tasks() if task.id not in old}
    if not over_hours(after, after.tasks) or not available() or len(free) > MOST_TASKS:
        return patch
    left = remaining(after, done)
    better = recorded(optimised(left, frozen, only=free, same_agents=True), after, done)
    if better == after:
        return patch
    new = {task.id: task.schedule for task in better.tasks}
    moves = tuple(
        Move(name, new[name].start_h, new[name].end_h)
        for name, was in old.items()
        if (was.start_h, was.end_h) != (new[name].start_h, new[name].end_h) and name not in patch.supersede
    )
    add = tuple(
        replace(each, schedule=Schedule(new[each.id].start_h, new[each.id].end_h)) if isinstance(each, Task) else each
        for each in patch.add
    )
    over_by = over_hours(better, better.tasks)
    cost = {key: value for key, value in patch.cost_delta.items() if key != "over_hours"}
    return replace(patch, add=add, reschedule=moves, cost_delta=cost | ({"over_hours": over_by} if over_by else {}))


def _solve(
    live: Sequence[Task],
    agents: Sequence[Agent],
    able: Mapping[str, Sequence[Agent]],
    held: Container[str],
    limits: Limits,
    not_before: Mapping[str, float],
    seconds: float,
) -> dict[str, tuple[str, int]] | None:
    """Who does each task that may move, and its place in the order; None where the solver found nothing."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    fixed = fixed_slots(live, held)
    ends_now = {task.id: task.schedule.end_h for task in live}
    longest = {task.id: max(_units(agent.hours(task)) for agent in able[task.id]) for task in live}
    latest = [*(slot.end_h for slot in fixed.values()), *not_before.values()]
    horizon = sum(longest.values()) + _units(max(latest, default=0.0))
    busy: dict[str, list[Any]] = {agent.id: [] for agent in agents}
    starts: dict[str, Any] = {}
    ends: dict[str, Any] = {}
    chosen: dict[str, list[tuple[Agent, Any]]] = {}
    money: list[Any] = []
    spent = 0
    for task in live:
        slot = fixed.get(task.id)
        if slot is not None:
            begin, end = _units(slot.start_h), _units(slot.end_h)
            starts[task.id], ends[task.id] = begin, end
            by = next((agent for agent in agents if agent.id == slot.agent), None)
            if by is not None:
                busy[by.id].append(model.new_fixed_size_interval_var(begin, end - begin, task.id))
                spent += _cents(by.cost(task))
            continue
        start = model.new_int_var(_units(not_before.get(task.id, 0.0)), horizon, "")
        finish = model.new_int_var(0, horizon, "")
        starts[task.id], ends[task.id] = start, finish
        chosen[task.id] = []
        for agent in able[task.id]:
            does = model.new_bool_var("")
            length = _units(agent.hours(task))
            busy[agent.id].append(model.new_optional_interval_var(start, length, finish, does, ""))
            chosen[task.id].append((agent, does))
            money.append(does * _cents(agent.cost(task)))
        model.add_exactly_one(does for _, does in chosen[task.id])
    for task in live:
        for name in task.depends_on:
            if (name in chosen and task.id in chosen) or (name in ends and not _broken(task, ends_now.get(name))):
                model.add(starts[task.id] >= ends[name])
    for agent in agents:
        model.add_cumulative(busy[agent.id], [1] * len(busy[agent.id]), agent.capacity)
    end_of_all = model.new_int_var(0, horizon, "")
    for end in ends.values():
        model.add(end_of_all >= end)
    if limits.cost_usd is not None:
        model.add(spent + sum(money) <= int(limits.cost_usd * _CENTS + NEAR))
    for task in live:  # from the plan as it is: without that the solver does worse than the list schedule
        if task.id in chosen and task.agent is not None:
            model.add_hint(starts[task.id], _units(task.schedule.start_h))
            for agent, does in chosen[task.id]:
                model.add_hint(does, agent.id == task.agent)
    model.minimize(end_of_all * 1_000_000 + sum(money))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = 4 * seconds
    solver.parameters.max_deterministic_time = seconds / 2  # reached first, so that the result is the same twice
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    order = sorted(chosen, key=lambda name: (solver.value(starts[name]), solver.value(ends[name])))
    by_task = {name: next(agent.id for agent, does in chosen[name] if solver.boolean_value(does)) for name in order}
    return {name: (by_task[name], place) for place, name in enumerate(order)}


def _able(task: Task, agents: Sequence[Agent], same: bool) -> list[Agent]:
    own = [agent for agent in agents if same and agent.id == task.agent]
    return own or [agent for agent in agents if agent.does(task)]


def _timed(
    plan: Plan,
    agents: Sequence[Agent],
    held: Container[str],
    found: Mapping[str, tuple[str, int]],
    not_before: Mapping[str, float],
) -> Plan:
    """The plan with the choices of the solver, and the times that follow from them."""
    live = [task for task in plan.tasks if task.status not in GONE]
    rank = {name: float(place) for name, (_, place) in found.items()}
    by = {name: agent for name, (agent, _) in found.items()}
    slots = list_schedule(live, agents, held, rank=rank, by=by, not_before=not_before)
    tasks = [
        replace(task, agent=slots[task.id].agent, schedule=Schedule(slots[task.id].start_h, slots[task.id].end_h))
        if task.id in found
        else task
        for task in plan.tasks
    ]
    return replace(plan, tasks=with_slack(tasks, {task.id for task in tasks if is_fixed(task, held)}))


def _broken(task: Task, end: float | None) -> bool:
    """Whether a task starts before one that it depends on ends: a person began it all the same."""
    return end is not None and task.schedule.start_h < end - NEAR


def _is_better(before: Plan, after: Plan) -> bool:
    was, now = needs_of(before), needs_of(after)
    ends, ends_now = ({task.id: task.schedule.end_h for task in plan.tasks} for plan in (before, after))
    for old, new in zip(before.tasks, after.tasks, strict=True):
        if any(not _broken(old, ends.get(name)) and _broken(new, ends_now.get(name)) for name in new.depends_on):
            return False
    limits = Limits.of(before)
    broken = {each.constraint for each in over(was, limits)}
    if not {each.constraint for each in over(now, limits)} <= broken:
        return False
    return now.hours < was.hours - NEAR or (now.hours <= was.hours + NEAR and now.cost_usd < was.cost_usd - NEAR)


def _units(hours: float) -> int:
    return round(hours * _UNIT)


def _cents(usd: float) -> int:
    return round(usd * _CENTS)
