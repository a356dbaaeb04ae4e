"""The budget of a plan: hours of work from its start, a deadline, money and tokens; and by how much it is missed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from nootropic_kernel.planning.model import GONE, Plan, Task
from nootropic_kernel.planning.schedule.calendar import day_of, working_hours
from nootropic_kernel.planning.schedule.resources import NEAR, Agent, agents_of, unknown_keys

_NUMBERS = ("hours", "cost_usd", "tokens")
_DAYS = ("deadline", "start")


@dataclass(frozen=True)
class Limits:
    """What a plan may take; None where nothing was said.

    ``hours`` is the tighter of the budget's hours and the working hours up to its deadline (see :mod:`calendar`).
    """

    hours: float | None = None
    cost_usd: float | None = None
    tokens: float | None = None
    deadline: date | None = None
    start: date | None = None

    @classmethod
    def of(cls, plan: Plan) -> Limits:
        """The limits of a plan. A deadline without the day of the start says nothing in hours."""
        given = {key: float(plan.budget[key]) for key in _NUMBERS if _is_number(plan.budget.get(key))}
        deadline, start = _day(plan.budget.get("deadline")), _day(plan.budget.get("start"))
        hours = given.get("hours")
        if deadline is not None and start is not None:
            until = working_hours(start, deadline)
            hours = until if hours is None else min(hours, until)
        return cls(hours, given.get("cost_usd"), given.get("tokens"), deadline, start)


@dataclass(frozen=True)
class Needs:
    """What tasks take: hours from the plan's start to their end, money as far as it is known, and tokens."""

    hours: float = 0.0
    cost_usd: float = 0.0
    tokens: int = 0


@dataclass(frozen=True)
class Relaxation:
    """The least by which one limit has to be raised: from ``limit`` to ``needed``."""

    constraint: str
    limit: float
    needed: float

    @property
    def by(self) -> float:
        """How much is lacking."""
        return self.needed - self.limit


@dataclass(frozen=True)
class BudgetInfeasible:
    """The verdict that a plan cannot be brought into its budget, and the smallest change of the budget that would do.

    The plan is shown all the same, and nothing of it is put off. ``whole`` says what all of it would need;
    ``deferring`` are the stories that would have to wait even with the smallest change; ``people`` is how many more
    people would do instead, None where that would not help.
    """

    relaxations: tuple[Relaxation, ...]
    whole: tuple[Relaxation, ...] = ()
    deferring: tuple[str, ...] = ()
    people: int | None = None

    def sentence(self) -> str:
        """The verdict for people."""
        least = "; and ".join(
            f"{in_units(each, each.needed)} of {in_units(each, each.limit)}; +{in_units(each, each.by)}"
            for each in self.relaxations
        )
        text = f"The budget cannot be kept: the plan needs {least}"
        if self.people is not None:
            text += f", or {'one more person' if self.people == 1 else f'{self.people} more people'}"
        if self.deferring:
            more = f" and {len(self.deferring) - 5} more" if len(self.deferring) > 5 else ""
            whole = " and ".join(in_units(each, each.needed) for each in self.whole)
            text += f" (with {', '.join(self.deferring[:5])}{more} left for later; the whole plan needs {whole})"
        return text + "."


def in_units(about: Relaxation, number: float) -> str:
    """An amount of what a limit is about, as people read it."""
    if about.constraint == "hours":
        return f"{amount(number)} h"
    return f"${amount(number)}" if about.constraint == "cost_usd" else f"{number:,.0f} tokens"


def amount(number: float) -> str:
    """A number of hours or USD, rounded up to what people read."""
    text = f"{-(-round(number * 100, 4) // 1) / 100:,.2f}"
    return text.rstrip("0").rstrip(".")


def needs_of(plan: Plan, tasks: Iterable[Task] | None = None) -> Needs:
    """What the tasks of a plan take, as they are scheduled."""
    agents = {agent.id: agent for agent in agents_of(plan)}
    live = [task for task in (plan.tasks if tasks is None else tasks) if task.status not in GONE]
    return Needs(
        max((task.schedule.end_h for task in live), default=0.0),
        sum(cost_of(task, agents) for task in live),
        sum(task.estimate.tokens for task in live),
    )


def cost_of(task: Task, agents: Mapping[str, Agent]) -> float:
    """What a task costs in USD with the agent it has, as far as that is known; what nobody does costs its tokens."""
    return agents.get(task.agent or "", _NOBODY).cost(task)


_NOBODY = Agent("nobody")


def over(needs: Needs, limits: Limits) -> tuple[Relaxation, ...]:
    """The limits that are not kept, each with what it would have to be."""
    pairs = [
        ("hours", limits.hours, needs.hours),
        ("cost_usd", limits.cost_usd, needs.cost_usd),
        ("tokens", limits.tokens, float(needs.tokens)),
    ]
    return tuple(
        Relaxation(name, limit, needed) for name, limit, needed in pairs if limit is not None and needed > limit + NEAR
    )


def over_hours(plan: Plan, tasks: Iterable[Task]) -> float:
    """By how many hours these tasks end after the plan's limit; 0 within it, or where it has none."""
    missed = over(needs_of(plan, tasks), Limits.of(plan))
    return next((round(each.by, 6) for each in missed if each.constraint == "hours"), 0.0)


def end_day(plan: Plan) -> date | None:
    """The day on which the plan ends; None where nobody knows when it starts."""
    start = Limits.of(plan).start
    try:
        return None if start is None else day_of(start, plan.hours())
    except OverflowError:
        return None


def unknown_budget_keys(budget: Mapping[str, Any]) -> list[str]:
    """The keys of a budget that nobody reads, in sentences."""
    return unknown_keys(budget, (*_NUMBERS, *_DAYS), "the budget")


def budget_problems(budget: Mapping[str, Any]) -> list[str]:
    """What is wrong with the ``budget`` of a plan, in sentences."""
    found = unknown_budget_keys(budget)
    found += [
        f"the budget's {key} must be a number, 0 or more"
        for key in _NUMBERS
        if key in budget and not (_is_number(budget[key]) and budget[key] >= 0)
    ]
    found += [
        f'the budget\'s {key} must be a day like "2026-12-24"'
        for key in _DAYS
        if key in budget and _day(budget[key]) is None
    ]
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
