"""Shorter schedules for small plans, in pure Python: the list schedule, then small changes of it that are kept if good.

Task by task in an order, each by a chosen agent, as early as that agent is free: a shortest schedule is one of these
(Kolisch 1996). So the order and the choice are what is searched: along two priority rules with chance in them, then by
moving a task or giving it to somebody else, most often one that the end waits for. The random numbers have a seed of
their own: the same plan gives the same schedule.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Container, Mapping, Sequence
from math import exp

from nootropic_kernel.planning.model import GONE, Task
from nootropic_kernel.planning.schedule.critical_path import Slot, fixed_slots, in_order, least_cost, list_schedule
from nootropic_kernel.planning.schedule.resources import EXACT, NEAR, Agent, Load

MOST_TASKS = 60  # beyond, the list schedule is hardly ever far from the best
_STEPS = 8_000  # tasks placed by rules with chance, and once more by small changes: 270 schedules of 30 tasks
_ROUND = 500  # changes until it starts again from the best
_HEAT = 0.02  # how much longer a schedule may be to be gone on from, as a share, at the start of a round
# Schedules found before: which stories fit a budget is tried with many parts of a plan, and again for its verdict.
_KNOWN: dict[object, dict[str, Slot]] = {}
_KEPT = 256
_Found = tuple[float, float, dict[str, Slot]]  # end, cost, slots


def short_schedule(
    tasks: Sequence[Task],
    agents: Sequence[Agent],
    frozen: Container[str] = (),
    money: float | None = None,
    not_before: Mapping[str, float] | None = None,
) -> dict[str, Slot]:
    """A slot for every task that is part of the plan, as :func:`list_schedule` gives, ending no later."""
    first = list_schedule(tasks, agents, frozen, money, not_before=not_before)
    live = [task for task in tasks if task.id in first]
    if not 1 < len(live) - len(fixed_slots(live, frozen)) <= MOST_TASKS:
        return first
    key = (
        tuple((t.id, t.how.kind, t.estimate, t.depends_on) for t in live),
        tuple(agents),
        tuple(fixed_slots(live, frozen).items()),
        money,
        tuple((not_before or {}).items()),
    )
    if key not in _KNOWN:
        search = _Search(live, agents, frozen, money, not_before or {})
        while len(_KNOWN) >= _KEPT:
            _KNOWN.pop(next(iter(_KNOWN)))
        _KNOWN[key] = first if _end(first) <= search.bound + NEAR else search.best_from(first)
    return dict(_KNOWN[key])


def least_hours(
    tasks: Sequence[Task],
    agents: Sequence[Agent],
    frozen: Container[str] = (),
    not_before: Mapping[str, float] | None = None,
) -> float:
    """Hours from the plan's start before which no schedule of these tasks ends."""
    return _Search(tasks, agents, frozen, None, not_before or {}).bound


class _Search:
    def __init__(
        self,
        tasks: Sequence[Task],
        agents: Sequence[Agent],
        frozen: Container[str],
        money: float | None,
        not_before: Mapping[str, float],
    ) -> None:
        live = [task for task in in_order(tasks) if task.status not in GONE]
        self.agents, self.not_before = agents, not_before
        self.fixed = fixed_slots(live, frozen)
        self.free = [task for task in live if task.id not in self.fixed]
        known = {task.id for task in live}
        self.before = {task.id: [name for name in task.depends_on if name in known] for task in self.free}
        self.able = {
            task.id: [agent for agent in agents if agent.does(task)] or list(agents[-1:]) for task in self.free
        }
        self.hours = {task.id: {agent.id: agent.hours(task) for agent in self.able[task.id]} for task in self.free}
        self.cost = {task.id: {agent.id: agent.cost(task) for agent in self.able[task.id]} for task in self.free}
        self.money = money if money is None else self._left(live, money)
        self.shortest = {name: min(hours.values()) for name, hours in self.hours.items()}
        self.after: dict[str, list[str]] = {task.id: [] for task in self.free}
        for name, others in self.before.items():
            for other in others:
                if other in self.after:
                    self.after[other].append(name)
        self.bound = self._bound()

    def _left(self, live: Sequence[Task], money: float) -> float:
        """The money for what is free: what the fixed tasks leave, but never less than the cheapest way needs."""
        able = {task.id: [agent for agent in self.agents if agent.does(task)] or self.agents[-1:] for task in live}
        least = sum(min(costs.values()) for costs in self.cost.values())
        return max(money - (least_cost(live, able, self.fixed) - least), least)

    def _bound(self) -> float:
        """No schedule ends before its longest chain does, nor before the work of those who alone can do it is done."""
        ends = {name: slot.end_h for name, slot in self.fixed.items()}
        work: dict[frozenset[str], float] = {}
        for task in self.free:
            start = max([self.not_before.get(task.id, 0.0), *(ends[name] for name in self.before[task.id])])
            ends[task.id] = start + self.shortest[task.id]
            by = frozenset(self.hours[task.id])
            work[by] = work.get(by, 0.0) + self.shortest[task.id]
        places = {agent.id: agent.capacity for agent in self.agents}
        shares = [
            sum(hours for others, hours in work.items() if others <= by) / sum(places[name] for name in by)
            for by in work
        ]
        return max([*ends.values(), *shares], default=0.0)

    def best_from(self, first: Mapping[str, Slot]) -> dict[str, Slot]:
        """The best schedule that a bounded number of small changes leads to from a first one."""
        rng = random.Random(len(self.free))
        cost = sum(self.cost[task.id][str(first[task.id].agent)] for task in self.free)
        best: _Found = (_end(first), cost, dict(first))
        tries = _STEPS // len(self.free)
        rules = self._rules()
        for rank in rules:
            best = self._better(best, self._placed(self._ordered(rank), {}))
        for number in range(tries):
            if best[0] <= self.bound + NEAR:
                break
            rank = {name: value * rng.uniform(0, 2) for name, value in rules[number % 2].items()}
            best = self._better(best, self._placed(self._ordered(rank), {}))
        current, around = best, self._around(best)
        for number in range(tries):
            if best[0] <= self.bound + NEAR:
                break
            if number % _ROUND == 0:
                current, around = best, self._around(best)
            found = self._placed(*self._changed(*around, rng))
            if found is None:
                continue
            best = self._better(best, found)
            heat = _HEAT * best[0] * (1 - (number % _ROUND) / _ROUND) + NEAR
            gain = self._worth(current) - self._worth(found)
            if gain >= 0 or rng.random() < exp(gain / heat):
                current, around = found, self._around(found)
        return best[2]

    def _worth(self, found: _Found) -> float:
        """What is to become small: the end, and a little how late everything else is, which is felt sooner."""
        return found[0] + 0.1 * sum(found[2][task.id].end_h for task in self.free) / len(self.free)

    def _rules(self) -> list[dict[str, float]]:
        """Ranks by two well-known rules: how long a task and what follows take, in the longest chain and in all."""
        tail: dict[str, float] = {}
        following: dict[str, set[str]] = {}
        for task in reversed(self.free):
            after = self.after[task.id]
            tail[task.id] = self.shortest[task.id] + max((tail[name] for name in after), default=0.0)
            following[task.id] = set(after).union(*(following[name] for name in after))
        weight = {n: self.shortest[n] + sum(self.shortest[each] for each in f) for n, f in following.items()}
        return [
            {name: -value for name, value in tail.items()},
            {name: -value for name, value in weight.items()},
        ]

    def _ordered(self, rank: Mapping[str, float]) -> list[str]:
        """All free tasks, each after those it waits for, and else by rank."""
        waiting = {name: {each for each in others if each in self.before} for name, others in self.before.items()}
        place = {task.id: at for at, task in enumerate(self.free)}
        ordered: list[str] = []
        ready = [(rank[name], place[name], name) for name, others in waiting.items() if not others]
        heapq.heapify(ready)
        while ready:
            name = heapq.heappop(ready)[2]
            ordered.append(name)
            for follower in self.after[name]:
                waiting[follower].discard(name)
                if not waiting[follower]:
                    heapq.heappush(ready, (rank[follower], place[follower], follower))
        return ordered

    def _choices(self, slots: Mapping[str, Slot]) -> tuple[list[str], dict[str, str]]:
        """The order and the agents of a schedule."""
        order = self._ordered({task.id: slots[task.id].start_h for task in self.free})
        return order, {task.id: str(slots[task.id].agent) for task in self.free}

    def _around(self, found: _Found) -> tuple[list[str], dict[str, str], list[str]]:
        """What a schedule is changed from: its order, its agents, and the tasks that its end waits for."""
        return (*self._choices(found[2]), self._late(found[2]))

    def _changed(
        self, order: list[str], by: dict[str, str], late: list[str], rng: random.Random
    ) -> tuple[list[str], dict[str, str]]:
        """One task is done earlier or later, by somebody else, or by whoever is done with it first."""
        rank = {name: float(at) for at, name in enumerate(order)}
        chosen: dict[str, str] = dict(by)
        for _ in range(rng.choice((1, 1, 2, 3))):
            name = rng.choice(late) if rng.random() < 0.6 else rng.choice(order)
            if rng.random() < 0.1:
                chosen.pop(name, None)
            elif rng.random() < 0.5:
                chosen[name] = rng.choice(self.able[name]).id
            if rng.random() < 0.6:
                same = [each for each in order if by[each] == chosen.get(name) and rank[each] < rank[name]]
                if same:
                    self._pull(rank, name, rank[rng.choice(same)] - 0.5)
            elif rng.random() < 0.5:
                rank[name] += rng.uniform(0, len(order) / 2)
        return self._ordered(rank), chosen

    def _pull(self, rank: dict[str, float], name: str, to: float) -> None:
        """A task before others, and with it what it waits for."""
        rank[name] = to
        for before in self.before[name]:
            if rank.get(before, to) > to:
                self._pull(rank, before, to - 0.01)

    def _late(self, slots: Mapping[str, Slot]) -> list[str]:
        """The tasks that the end waits for, back along what each waits for or what its agent does before."""
        end = max(slots[task.id].end_h for task in self.free)
        open_ = [task.id for task in self.free if slots[task.id].end_h >= end - NEAR]
        found = dict.fromkeys(open_)
        while open_:
            slot = slots[open_.pop()]
            for task in self.free:
                other = slots[task.id]
                if task.id not in found and abs(other.end_h - slot.start_h) <= NEAR and other.end_h > other.start_h:
                    found[task.id] = None
                    open_.append(task.id)
        return list(found)

    def _placed(self, order: Sequence[str], by: Mapping[str, str]) -> _Found | None:
        """The schedule that an order and chosen agents give; None where it costs more than there is."""
        loads = {agent.id: Load(agent.capacity) for agent in self.agents}
        slots = dict(self.fixed)
        for slot in self.fixed.values():
            if slot.agent in loads:
                loads[slot.agent].take(slot.start_h, slot.end_h)
        cost = 0.0
        for name in order:
            after = max([self.not_before.get(name, 0.0), *(slots[each].end_h for each in self.before[name])])
            hours = self.hours[name]
            chosen = by.get(name)
            start, agent = after, chosen or ""
            if chosen is None:
                ends = []
                for at, (who, length) in enumerate(hours.items()):
                    begin = loads[who].earliest(after, length) if length > NEAR else after
                    ends.append((round(begin + length, EXACT), self.cost[name][who], at, begin, who))
                start, agent = min(ends)[3:]
            elif hours[chosen] > NEAR:
                start = loads[chosen].earliest(after, hours[chosen])
            end = round(start + hours[agent], EXACT)
            loads[agent].take(start, end)
            slots[name] = Slot(agent, start, end)
            cost += self.cost[name][agent]
        if self.money is not None and cost > self.money + NEAR:
            return None
        return _end(slots), cost, slots

    @staticmethod
    def _better(best: _Found, found: _Found | None) -> _Found:
        """The one that ends first, or as early for less money."""
        if found is None or found[0] > best[0] + NEAR:
            return best
        return found if found[0] < best[0] - NEAR or found[1] < best[1] - NEAR else best


def _end(slots: Mapping[str, Slot]) -> float:
    return max((slot.end_h for slot in slots.values()), default=0.0)
