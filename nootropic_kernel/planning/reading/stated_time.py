"""Readers of hours, days and deadlines that a brief names."""

from __future__ import annotations

import re
from datetime import date, timedelta

from nootropic_kernel.planning.reading.amounts import number_of
from nootropic_kernel.planning.reading.dates import read_day
from nootropic_kernel.planning.reading.said import counts, opened
from nootropic_kernel.planning.reading.stated import Constraints, Said, budgeted, unsure


def read_hours(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """Hours of work, or a span of time up to a deadline."""
    amount, unit = number_of(match["n"]), match["unit"].lower().removeprefix("person-").removeprefix("working ")
    if not counts(brief, match, found.verbs):
        if match["limit"]:
            unsure(brief, match, found, "could be a limit of time")
        return
    if unit.startswith("min") and re.match(r"(?:it\s+)?(?:takes?|taking|took)\b", match["label"] or "", re.I):
        told = "how long it takes now; no limit on the work"
        found.said.append(Said(*match.span(), "noted", told, False))
        return
    if unit.startswith(("h", "min")) or match["work"]:
        hours = amount * {"m": 1 / 60, "h": 1.0, "d": 8.0, "w": 40.0}.get(unit[0], 1.0)
        if unit.startswith("mon"):
            hours = amount * 160.0
        budgeted(match, found, "hours", round(hours, 2), f"budget: {hours:g} hours")
        return
    if today is None:
        unsure(brief, match, found, "a limit of time; there is no day to count from")
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


def read_day_named(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """A deadline."""
    read = read_day(match["day"], today)
    before = match["how"].lower().startswith(("before", "until", "till")) and not match["how"].lower().startswith("un")
    day, remark = read.day, read.remark
    if not counts(brief, match, found.verbs, strict=False):
        unsure(brief, match, found, "could be a deadline")
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


def read_period(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """`this weekend`: a deadline where it stands by itself."""
    text = match["day"] if match["day"].lower().endswith("weekend") else f"end of {match['day']}"
    read = read_day(text, today)
    if not opened(brief, match):
        return
    if read.day is None:
        unsure(brief, match, found, "a limit of time; there is no day to count from")
        return
    _deadline(match, found, read.day, read.remark)


def read_soon(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """`as soon as possible`: noted, as it names no day."""
    if opened(brief, match):
        told = "how soon is not said: not enforced; a day belongs to `budget` of project-spec.md, as `deadline`"
        found.said.append(Said(*match.span(), "noted", told, True))
