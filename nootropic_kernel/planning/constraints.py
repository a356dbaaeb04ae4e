"""Constraints that a brief states: time, money, people, tokens, test coverage; how a plan is to be carried out.

Their words are taken out of the brief before the rest of it is read, so that a constraint changes nothing but what it
says. What could be one, or could tell about the thing to be built, is left in and noted.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from nootropic_kernel.planning.amounts import (
    COVERAGE,
    DEADLINE,
    DURATION,
    FOREIGN,
    MONEY,
    PEOPLE,
    TOKENS,
    counted,
    number_of,
)
from nootropic_kernel.planning.dates import read_day
from nootropic_kernel.planning.said import counts, opened

MAX_PEOPLE = 1000
_HEADING = re.compile(
    r"(?:\b(?:constraints?|limits?|limitations?|conditions?|resources?|boundary\s+conditions|budget|timeline|schedule|team)"
    r"\s*[:=-]\s*(?:[-*•]\s*)?|\bit\s+(?:must|should|has\s+to)\s+be\s+)$",
    re.I,
)


@dataclass(frozen=True)
class Said:
    """A stretch of the brief, what became of it, and whether it is taken out before the rest is read."""

    start: int
    end: int
    verdict: str
    meaning: str
    taken: bool


@dataclass
class Constraints:
    """What a brief demands of the way its plan is carried out (contract of ``Plan.budget`` and ``Plan.agents``)."""

    budget: dict[str, Any] = field(default_factory=dict)
    agents: tuple[dict[str, Any], ...] = ()
    coverage: int | None = None
    said: list[Said] = field(default_factory=list)
    verbs: Container[str] = ()

    def rest(self, brief: str) -> str:
        """The brief without them; what stays keeps its place."""
        text = list(brief)
        for part in self.said:
            if part.taken:
                text[part.start : part.end] = ["\n" if char == "\n" else " " for char in brief[part.start : part.end]]
        return "".join(text)


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
    heading = _HEADING.search(brief[: part.start])
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


def _hours(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    amount, unit = number_of(match["n"]), match["unit"].lower().removeprefix("person-").removeprefix("working ")
    if not counts(brief, match, found.verbs):
        if match["limit"]:
            _unsure(brief, match, found, "could be a limit of time")
        return
    if unit.startswith("min") and re.match(r"(?:it\s+)?(?:takes?|taking|took)\b", match["label"] or "", re.I):
        told = "how long it takes now; no limit on the work"
        found.said.append(Said(*match.span(), "noted", told, False))
        return
    if unit.startswith(("h", "min")) or match["work"]:
        hours = amount * {"m": 1 / 60, "h": 1.0, "d": 8.0, "w": 40.0}.get(unit[0], 1.0)
        if unit.startswith("mon"):
            hours = amount * 160.0
        _budget(match, found, "hours", round(hours, 2), f"budget: {hours:g} hours")
        return
    if today is None:
        _unsure(brief, match, found, "a limit of time; there is no day to count from")
        return
    days = amount * {"d": 1, "w": 7, "m": 30}[unit[0]]
    try:
        day = today + timedelta(days=round(days))
    except OverflowError:
        return
    _deadline(match, found, day, "")


def _deadline(match: re.Match[str], found: Constraints, day: date, remark: str) -> None:
    told = f"deadline: {day.isoformat()}{f' ({remark})' if remark else ''}"
    known = found.budget.get("deadline")
    if known is None or day.isoformat() < known:
        found.budget["deadline"] = day.isoformat()
    found.said.append(Said(*match.span(), "matched", told, True))


def _day(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    read = read_day(match["day"], today)
    before = match["how"].lower().startswith(("before", "until", "till")) and not match["how"].lower().startswith("un")
    day, remark = read.day, read.remark
    if not counts(brief, match, found.verbs, strict=False):
        _unsure(brief, match, found, "could be a deadline")
        return
    if day is None:
        found.said.append(Said(*match.span(), "noted", f"could be a deadline: {remark}", today is not None))
        return
    if match["how"].lower().startswith("before") and before:
        day -= timedelta(days=1)
        remark = "; ".join(filter(None, [remark, "the day before"]))
    if today is not None and day < today:
        found.said.append(Said(*match.span(), "noted", f"a day that is past: {day.isoformat()}", False))
        return
    _deadline(match, found, day, remark)


def _money(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    amount = number_of(match["a"] or match["b"] or match["c"]) * (1000 if (match["ka"] or match["kb"]) else 1)
    if not counts(brief, match, found.verbs, price=True):
        _unsure(brief, match, found, "could be a budget")
        return
    _budget(match, found, "cost_usd", round(amount, 2), f"budget: {amount:g} USD")


def _foreign(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    if not counts(brief, match, found.verbs, price=True):
        _unsure(brief, match, found, "could be a budget")
        return
    if match["usd"]:
        amount = number_of(match["usd"])
        _budget(match, found, "cost_usd", amount, f"budget: {amount:g} USD, as the brief converts it")
        return
    told = "a budget in another currency; plans count US dollars: write the amount in USD"
    found.said.append(Said(*match.span(), "noted", told, True))


def _tokens(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    amount = number_of(match["n"]) * {"k": 1e3, "m": 1e6}.get((match["k"] or "").lower()[:1], 1)
    if counts(brief, match, found.verbs):
        _budget(match, found, "tokens", round(amount), f"budget: {amount:,.0f} tokens")


def _budget(match: re.Match[str], found: Constraints, key: str, amount: float, told: str) -> None:
    known = found.budget.get(key)
    if known is None or amount < known:
        found.budget[key] = amount
    found.said.append(Said(*match.span(), "matched", told, True))


def _people(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    count = counted(match)
    if count is None or not 1 <= count <= MAX_PEOPLE:
        if match["few"]:
            found.said.append(Said(*match.span(), "noted", "several people; how many is not said", True))
        return
    # "for two people" is whom it is for, unless a day is named right before it: then it is who does it.
    planned = any(re.fullmatch(r"\s+for\s+", brief[day.end() : match.start()]) for day in DEADLINE.finditer(brief))
    if match["plain"] and not (planned or opened(brief, match) or counts(brief, match, found.verbs)):
        return
    rate = number_of(match["rate"]) if match["rate"] else 0.0
    people = {
        "id": "people", "capacity": count, "speed": 1.0, "cost_usd_per_hour": rate, "kinds": ["person", "model"],
    }  # fmt: skip
    if not found.agents:
        found.agents = (people,)
    capacity = found.agents[0]["capacity"]
    told = f"people: {count}" if capacity == count else f"people: {count}; counted are {capacity}, said first"
    found.said.append(Said(*match.span(), "matched", told, True))


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


def _unsure(brief: str, match: re.Match[str], found: Constraints, could: str) -> None:
    told = f"{could}; taken as part of what is asked for"
    found.said.append(Said(*match.span(), "noted", told, False))


_READERS = (
    (COVERAGE, _coverage),
    (FOREIGN, _foreign),
    (MONEY, _money),
    (TOKENS, _tokens),
    (PEOPLE, _people),
    (DEADLINE, _day),
    (DURATION, _hours),
)
