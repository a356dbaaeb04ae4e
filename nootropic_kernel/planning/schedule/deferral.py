"""Which stories wait when a budget is too small for all of them, and the largest part of a plan that fits.

Stories are put off whole, and only those that nothing left in the plan needs: neither waits for one of their tasks nor
requires what only they provide: first what is only round the code (:mod:`surroundings`), then always the last of the
plan, because people name first what matters most to them; what it built on may become the next. A story with finished,
begun or locked tasks stays, and one story always. Where room is left then, single tasks of those stories come back.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from nootropic_kernel.planning.model import GONE, Plan, Task
from nootropic_kernel.planning.schedule.budgets import BudgetInfeasible, Limits, Needs, Relaxation, over
from nootropic_kernel.planning.schedule.critical_path import (
    Slot,
    elapsed,
    fixed_slots,
    in_order,
    is_fixed,
    least_cost,
    list_schedule,
)
from nootropic_kernel.planning.schedule.resources import NEAR, agents_of
from nootropic_kernel.planning.schedule.shorten import short_schedule
from nootropic_kernel.planning.schedule.surroundings import surroundings

_LEVELS = 16  # how many parts of a large plan are tried: evenly spread over the order in which stories are put off
_TRIES = 40  # how many stories, at most, are tried to be taken back in
_MORE_PEOPLE = 3
_LARGE = 400  # tasks; beyond, other numbers of people are not tried


@dataclass(frozen=True)
class Fit:
    """The slots of the tasks that fit, and the verdict where nothing fits: then they are those of the whole plan."""

    slots: dict[str, Slot]
    verdict: BudgetInfeasible | None = None


def order_of_deferral(plan: Plan, frozen: Container[str] = ()) -> list[str]:
    """The stories that may be put off, in the order in which that is done."""
    live = [task for task in plan.tasks if task.status not in GONE]
    tasks: dict[str, list[Task]] = {story.id: [] for story in plan.stories}
    for task in live:
        tasks.setdefault(task.story, []).append(task)
    story_of = {task.id: task.story for task in live}
    makers: dict[str, set[str]] = {}
    for task in live:
        for item in task.provides:
            makers.setdefault(item, set()).add(task.story)
    needs = {story: _needed_by(own, story, story_of) for story, own in tasks.items()}
    around = surroundings(plan)
    kept = sorted((story for story, own in tasks.items() if own), key=lambda story: story in around)
    movable = {story for story in kept if not any(is_fixed(task, frozen) or task.locked for task in tasks[story])}
    required: dict[str, set[str]] = {}
    for task in live:
        for item in task.requires:
            required.setdefault(item, set()).add(task.story)
    order: list[str] = []
    while len(kept) > 1:
        left = set(kept)
        waited = {other for story in kept for other in needs[story]}

        def only(story: str, left: set[str] = left) -> bool:
            """Whether something left in the plan requires what only this story provides."""
            items = {item for task in tasks[story] for item in task.provides}
            return any(required.get(item, set()) & left - {story} and makers[item] & left == {story} for item in items)

        found = next((s for s in reversed(kept) if s in movable and s not in waited and not only(s)), None)
        if found is None:
            break
        kept.remove(found)
        order.append(found)
    return order


def _needed_by(own: Iterable[Task], story: str, story_of: Mapping[str, str]) -> set[str]:
    return {story_of[name] for task in own for name in task.depends_on if name in story_of} - {story}


def fit(plan: Plan, frozen: Container[str] = (), *, people: bool = True, passed_h: float = 0.0) -> Fit:
    """The largest part of a plan that keeps its budget, scheduled.

    :param people: whether to find out, where nothing fits, how many more people would do.
    :param passed_h: working hours since the plan's start: nothing that is not begun is placed before (see
        :func:`critical_path.elapsed`).
    """
    search = _Search(plan, frozen, passed_h)
    whole = search.short(search.live, search.limits.cost_usd)
    if search.keeps(search.live, whole):
        return Fit(whole)
    order = order_of_deferral(plan, frozen)
    found = search.parts(order)
    if isinstance(found, int):
        return search.with_more(order[:found], surroundings(plan))
    assert found.verdict is not None
    told = replace(found.verdict, whole=search.lacking(whole), deferring=_in_order(plan, found.verdict.deferring))
    return Fit(whole, verdict=_with_people(plan, frozen, told, passed_h) if people else told)


def lacking_for_all(plan: Plan, frozen: Container[str] = (), passed_h: float = 0.0) -> tuple[Relaxation, ...]:
    """What the budget would have to be for nothing to be put off."""
    search = _Search(plan, frozen, passed_h)
    return search.lacking(search.short(search.live, search.limits.cost_usd))


class _Search:
    """Schedules of parts of one plan, and what they need."""

    def __init__(self, plan: Plan, frozen: Container[str], passed_h: float) -> None:
        self.agents, self.limits, self.frozen = agents_of(plan), Limits.of(plan), frozen
        self.live = [task for task in plan.tasks if task.status not in GONE]
        self.able = {task.id: [each for each in self.agents if each.does(task)] for task in self.live}
        self.provided = {item for task in self.live for item in task.provides}
        self.held = fixed_slots(self.live, frozen)
        self.not_before = dict.fromkeys(self.able, elapsed(self.live, frozen, passed_h))

    def scheduled(self, tasks: Sequence[Task], money: float | None) -> dict[str, Slot]:
        """A schedule of these tasks that spends no more than that, if it is possible."""
        return list_schedule(tasks, self.agents, self.frozen, money, not_before=self.not_before)

    def short(self, tasks: Sequence[Task], money: float | None) -> dict[str, Slot]:
        """The same, as short as it is found to be where the plan is small."""
        return short_schedule(tasks, self.agents, self.frozen, money, self.not_before)

    def soon_enough(self, tasks: Sequence[Task], money: float | None) -> dict[str, Slot]:
        """A schedule that keeps the limit of hours; the shortest known where none does."""
        slots = self.scheduled(tasks, money)
        return slots if _within(_end(slots), self.limits.hours) else self.short(tasks, money)

    def keeps(self, tasks: Sequence[Task], slots: Mapping[str, Slot]) -> bool:
        """Whether a schedule of these tasks keeps every limit."""
        return (
            _within(self.money(tasks), self.limits.cost_usd)
            and _within(self.tokens(tasks), self.limits.tokens)
            and _within(_end(slots), self.limits.hours)
        )

    def money(self, tasks: Sequence[Task]) -> float:
        """The least that these tasks cost; a schedule within the budget exists if and only if that is within it."""
        return least_cost(tasks, self.able, self.held)

    @staticmethod
    def tokens(tasks: Sequence[Task]) -> float:
        return float(sum(task.estimate.tokens for task in tasks))

    def lacking(self, slots: Mapping[str, Slot]) -> tuple[Relaxation, ...]:
        """The limits that a schedule of the whole plan does not keep."""
        return over(Needs(_end(slots), self.money(self.live), int(self.tokens(self.live))), self.limits)

    def without(self, stories: Container[str]) -> list[Task]:
        return [task for task in self.live if task.story not in stories]

    def parts(self, order: list[str]) -> int | Fit:
        """How many stories have to be put off for the budget; or the verdict.

        The parts that are tried depend on the plan alone, not on the amounts of the budget, so that raising a limit
        never makes a plan impossible, and the smallest raise is exact.
        """
        steps = min(len(order), _LEVELS)
        counts = sorted({round(step * len(order) / steps) for step in range(steps + 1)}) if steps else [0]
        parts = {count: self.without(set(order[:count])) for count in counts}
        lacking: list[Relaxation] = []
        money, tokens = self.limits.cost_usd, self.limits.tokens
        last = parts[counts[-1]]  # cost and tokens only fall from part to part
        if not _within(self.money(last), money):
            assert money is not None
            lacking.append(Relaxation("cost_usd", money, self.money(last)))
            money = self.money(last)
        if not _within(self.tokens(last), tokens):
            assert tokens is not None
            lacking.append(Relaxation("tokens", tokens, self.tokens(last)))
            tokens = self.tokens(last)
        best: tuple[float, int] | None = None
        for count, tasks in parts.items():
            if not (_within(self.money(tasks), money) and _within(self.tokens(tasks), tokens)):
                continue
            slots = self.soon_enough(tasks, money)
            if _within(_end(slots), self.limits.hours):
                if not lacking:
                    return count
                return Fit({}, verdict=BudgetInfeasible(tuple(lacking), deferring=tuple(order[:count])))
            best = min(best or (_end(slots), count), (_end(slots), count))
        assert best is not None and self.limits.hours is not None
        lacking.append(Relaxation("hours", self.limits.hours, best[0]))
        return Fit({}, verdict=BudgetInfeasible(tuple(lacking), deferring=tuple(order[: best[1]])))

    def with_more(self, deferred: list[str], around: Container[str]) -> Fit:
        """The same with all back in that still fits: what was put off last is tried first, what is round it last."""
        edge = next((place for place, story in enumerate(deferred) if story not in around), len(deferred))
        kept = {task.id for task in self.without(set(deferred))}
        for stories in (deferred[edge:], deferred[:edge]):
            later = [[task for task in self.live if task.story == story] for story in reversed(stories)]
            for tasks in later[:_TRIES]:
                kept |= self._taken_back(tasks, kept)
            for task in [task for tasks in later for task in in_order(tasks) if task.id not in kept][:_TRIES]:
                kept |= self._taken_back([task], kept)
        return Fit(self.short([task for task in self.live if task.id in kept], self.limits.cost_usd))

    def _taken_back(self, tasks: Sequence[Task], kept: set[str]) -> set[str]:
        """The ids of these tasks if they can come back: nothing that they need is away, and the budget is kept."""
        mine = {task.id for task in tasks}
        part = [task for task in self.live if task.id in kept or task.id in mine]
        given = {item for task in part for item in task.provides}
        if any(name in self.able and name not in kept | mine for task in tasks for name in task.depends_on):
            return set()
        if any(item in self.provided and item not in given for task in tasks for item in task.requires):
            return set()
        if not _within(self.money(part), self.limits.cost_usd):
            return set()
        return mine if self.keeps(part, self.soon_enough(part, self.limits.cost_usd)) else set()


def _in_order(plan: Plan, stories: Container[str]) -> tuple[str, ...]:
    return tuple(story.id for story in plan.stories if story.id in stories)


def _with_people(plan: Plan, frozen: Container[str], verdict: BudgetInfeasible, passed_h: float) -> BudgetInfeasible:
    if [each.constraint for each in verdict.relaxations] != ["hours"] or len(plan.tasks) > _LARGE:
        return verdict
    for more in range(1, _MORE_PEOPLE + 1):
        if fit(with_people(plan, more), frozen, people=False, passed_h=passed_h).verdict is None:
            return replace(verdict, people=more)
    return verdict


def with_people(plan: Plan, more: int) -> Plan:
    """The plan with so many more people of the first sort that it has."""
    agents = agents_of(plan)
    first = next(agent.id for agent in agents if "person" in agent.kinds)
    return replace(
        plan,
        agents=tuple(
            {
                "id": agent.id,
                "capacity": agent.capacity + (more if agent.id == first else 0),
                "speed": agent.speed,
                "cost_usd_per_hour": agent.cost_usd_per_hour,
                "kinds": list(agent.kinds),
                **(
                    {}
                    if agent.usd_per_million_tokens is None
                    else {"usd_per_million_tokens": agent.usd_per_million_tokens}
                ),
            }
            for agent in agents
        ),
    )


def _within(needed: float, limit: float | None) -> bool:
    return limit is None or needed <= limit + NEAR


def _end(slots: Mapping[str, Slot]) -> float:
    return max((slot.end_h for slot in slots.values()), default=0.0)
