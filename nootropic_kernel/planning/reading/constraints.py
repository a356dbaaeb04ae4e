"""Constraints that a brief states: time, money, people, tokens, test coverage, and what the result has to keep to.

Their words are taken out of the brief before the rest of it is read, so that a constraint changes nothing but what it
says. What could be one, or could tell about the thing to be built, is left in and noted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from nootropic_kernel.planning.reading import stated_money, stated_time
from nootropic_kernel.planning.reading.amounts import (
    BUDGET,
    COVERAGE,
    DEADLINE,
    DURATION,
    FOREIGN,
    FREE,
    MONEY,
    PEOPLE,
    PERIOD,
    SOON,
    TOKENS,
)
from nootropic_kernel.planning.reading.demands import DEMANDS, read_demand
from nootropic_kernel.planning.reading.stated import Constraints, Said
from nootropic_kernel.planning.reading.stated_odd import (
    BELOW_NOTHING,
    DAY_OVER,
    read_below_nothing,
    read_day_over,
)
from nootropic_kernel.planning.reading.stated_people import read_people

_LONGEST_HEADING = 100
_HEADING = re.compile(
    r"(?:\b(?:constraints?|limits?|limitations?|conditions?|resources?|boundary\s+conditions|budget|timeline|schedule|team)"
    r"\s*[:=-]\s*(?:[-*•]\s*)?|\bit\s+(?:must|should|has\s+to)\s+be\s+)$",
    re.I,
)


def find_constraints(brief: str, today: date | None, verbs: Container[str] = ()) -> Constraints:
    """The constraints of a brief.

    :param today: the day that "by Friday" and "in two weeks" are counted from; such words are noted only without it.
    :param verbs: what may be done; after `to`, such a word tells about the thing to be built.
    """
    found = Constraints(verbs=verbs)
    for pattern, reader in _READERS:
        for match in pattern.finditer(brief):
            if not any(part.start < match.end() and match.start() < part.end for part in found.said):
                reader(brief, match, found, today)
    found.said = sorted((_with_heading(brief, part) for part in found.said), key=lambda part: part.start)
    if "deadline" in found.budget and today is not None:
        found.budget["start"] = today.isoformat()
    return found


def _with_heading(brief: str, part: Said) -> Said:
    """The words that announce constraints go with the first of them."""
    heading = _HEADING.search(brief, max(0, part.start - _LONGEST_HEADING), part.start)
    return replace(part, start=heading.start()) if part.taken and heading else part


def carried(
    old: tuple[dict[str, Any], tuple[dict[str, Any], ...]], brief: str, now: Constraints
) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
    """Budget and agents of a plan after its brief was edited: what the brief says goes with it, the rest stays.

    :param old: the plan's budget and agents; what a person set there by hand is not the old brief's.
    :param brief: the old brief; ``now`` is what the new one says.
    """
    budget, agents = old
    start = budget.get("start")
    before = find_constraints(brief, date.fromisoformat(start) if start else None, now.verbs)
    merged = {**now.budget, **{key: value for key, value in budget.items() if before.budget.get(key) != value}}
    if start and "deadline" in merged:
        merged["start"] = start
    elif "deadline" not in merged:
        merged.pop("start", None)
    return merged, (now.agents if agents == before.agents else agents)


def overruled(budget: dict[str, Any], now: Constraints) -> Iterator[str]:
    """What a brief says of the budget that a person had set otherwise in the plan, whose word is kept; in sentences."""
    for key, said in now.budget.items():
        if key != "start" and key in budget and budget[key] != said:
            yield (
                f"The brief says {key} {said}, project-spec.md says {key} {budget[key]}, which is kept: "
                f"edit `budget` there to change it."
            )


def _coverage(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    percent = int(match["a"] or match["b"])
    if not 1 <= percent <= 100:
        return
    found.coverage = max(percent, found.coverage or 0)
    asked = bool(
        re.search(r"\b(?:raise|increase|improve|bring|get|reach|achieve|lift)\b", brief[: match.start()], re.I)
    )
    if not asked:
        found.said.append(Said(*match.span(), "matched", f"quality: test coverage {percent} %", True))


_Reader = Callable[[str, re.Match[str], Constraints, date | None], None]
_READERS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (COVERAGE, _coverage),
    *((pattern, read_demand) for pattern in DEMANDS),
    (BELOW_NOTHING, read_below_nothing),
    (DAY_OVER, read_day_over),
    (FOREIGN, stated_money.read_foreign),
    (MONEY, stated_money.read_money),
    (BUDGET, stated_money.read_bare_budget),
    (FREE, stated_money.read_free),
    (TOKENS, stated_money.read_tokens),
    (PEOPLE, read_people),
    (DEADLINE, stated_time.read_day_named),
    (PERIOD, stated_time.read_period),
    (SOON, stated_time.read_soon),
    (DURATION, stated_time.read_hours),
)
