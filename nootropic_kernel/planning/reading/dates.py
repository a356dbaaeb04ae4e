"""Days that a brief names: `Friday`, `3 March`, `2026-12-24`, `the end of the month`; counted from a given day."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_WEEKDAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = (
    r"(?:jan(?:uary|\.)?|feb(?:ruary|\.)?|march|mar\.?|april|apr\.?|may|june|jun\.?|july|jul\.?|august|aug\.?"
    r"|sept(?:ember|\.)?|sep\.?|october|oct\.?|november|nov\.?|december|dec\.?)"
)
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+\d{4}(?!\d))?"

# What may follow `by` or `before`, as one pattern without groups of its own.
DAY = (
    r"(?:(?:the\s+)?end\s+of\s+(?:the|this|next)\s+(?:week|month|quarter|year)"
    rf"|(?:the\s+)?end\s+of\s+{_MONTH}(?:\s+\d{{4}})?(?!\w)|(?:the\s+)?end\s+of\s+Q[1-4](?:\s+\d{{4}})?(?!\w)"
    r"|(?:this|the|next|the\s+coming)\s+weekend(?!\w)"
    rf"|(?:this\s+|next\s+|the\s+coming\s+|coming\s+)?{_WEEKDAY}(?!s)(?:,?\s+(?:of\s+)?(?:this|next)\s+week(?!\w))?"
    r"|\d{4}-\d{2}-\d{2}(?![\d-])|\d{1,2}[./]\d{1,2}[./]\d{4}(?!\d)"
    rf"|(?:the\s+)?{_NTH}\s+(?:of\s+)?{_MONTH}{_YEAR}(?!\w)|{_MONTH}\s+(?:the\s+)?{_NTH}(?!\d){_YEAR}(?!\w)"
    rf"|(?:early\s+|mid-?\s*|late\s+)?{_MONTH}(?:\s+\d{{4}})?(?!\w)"
    r"|tomorrow|tonight|today|christmas(?:\s+eve)?|new\s+year(?:'s\s+eve)?"
    r"|(?:the\s+)?next\s+(?:week|month))"
)


@dataclass(frozen=True)
class Day:
    """A day that was read; ``None`` where it cannot be told, and ``remark`` says why, or how it was taken."""

    day: date | None
    remark: str = ""


def read_day(text: str, today: date | None) -> Day:
    """The day that an expression of :data:`DAY` means.

    :param today: the day of planning; without it only dates with their year can be told.
    """
    words = " ".join(text.lower().replace("’", "'").split())
    try:
        for pattern, reader in _READERS:
            if found := re.fullmatch(pattern, words):
                return reader(found, today)
    except (ValueError, OverflowError):
        return Day(None, "there is no such day")
    return Day(None, "no day that is known here")


def _iso(found: re.Match[str], today: date | None) -> Day:
    return Day(date.fromisoformat(found.group()))


def _slashed(found: re.Match[str], today: date | None) -> Day:
    one, other, year = (int(part) for part in found.groups())
    if one > 12 or "." in found.group():
        return Day(date(year, other, one))
    if other > 12:
        return Day(date(year, one, other))
    if one == other:
        return Day(date(year, one, one))
    first, second = date(year, other, one), date(year, one, other)
    return Day(None, f"could be {first} or {second}: write it that way")


def _weekday(found: re.Match[str], today: date | None) -> Day:
    if today is None:
        return _UNKNOWN
    wanted = _WEEKDAYS.index(found["day"])
    ahead = (wanted - today.weekday()) % 7
    if found["week"] == "this":
        day = today + timedelta(days=wanted - today.weekday())
        return Day(day) if day >= today else Day(None, "that day is over")
    if found["week"] == "next" or (found["which"] or "").startswith("next"):
        monday = today + timedelta(days=7 - today.weekday())
        return Day(monday + timedelta(days=wanted), "" if found["week"] else "taken as that of next week")
    if ahead == 0:
        return Day(today + timedelta(days=7), "taken as the next one: today is one too")
    return Day(today + timedelta(days=ahead))


def _day_of_month(found: re.Match[str], today: date | None) -> Day:
    month, day = _month(found["month"]), int(re.sub(r"\D", "", found["day"]))
    if found["year"]:
        return Day(date(int(found["year"]), month, day))
    return _coming(month, day, today)


def _whole_month(found: re.Match[str], today: date | None) -> Day:
    if today is None and not found["year"]:
        return _UNKNOWN
    month, part = _month(found["month"]), (found["part"] or "").rstrip("- ")
    year = int(found["year"]) if found["year"] else _year(month, today or date.min)
    day = {"mid": 15, "late": monthrange(year, month)[1]}.get(part, 1)
    return Day(date(year, month, day), "" if part else "taken as its first day")


def _end_of(found: re.Match[str], today: date | None) -> Day:
    if today is None:
        return _UNKNOWN
    following = found["which"] == "next"
    if found["what"] == "quarter":
        quarter = (today.month - 1) // 3 + following
        return Day(_last_day(today.year + quarter // 4, 3 * (quarter % 4) + 3))
    if found["what"] == "week":
        return Day(today + timedelta(days=(4 - today.weekday()) % 7 + 7 * following), "taken as its Friday")
    if found["what"] == "year":
        return Day(date(today.year + following, 12, 31))
    month = today.month % 12 + 1 if following else today.month
    year = today.year + (following and today.month == 12)
    return Day(date(year, month, monthrange(year, month)[1]))


def _end_of_month(found: re.Match[str], today: date | None) -> Day:
    if today is None and not found["year"]:
        return _UNKNOWN
    month = 3 * int(found["quarter"]) if found["quarter"] else _month(found["month"])
    if found["year"]:
        return Day(_last_day(int(found["year"]), month))
    day = _last_day((today or date.min).year, month)
    return Day(day if today is None or day >= today else _last_day(today.year + 1, month))


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _weekend(found: re.Match[str], today: date | None) -> Day:
    if today is None:
        return _UNKNOWN
    ahead = 6 - today.weekday() + 7 * (found["which"] == "next")
    return Day(today + timedelta(days=ahead), "taken as its Sunday")


def _near(found: re.Match[str], today: date | None) -> Day:
    if today is None:
        return _UNKNOWN
    return Day(today + timedelta(days=found.group() == "tomorrow"))


def _next(found: re.Match[str], today: date | None) -> Day:
    if today is None:
        return _UNKNOWN
    if found["what"] == "week":
        return Day(today + timedelta(days=7 - today.weekday()), "taken as its Monday")
    return Day(date(today.year + today.month // 12, today.month % 12 + 1, 1), "taken as its first day")


def _feast(found: re.Match[str], today: date | None) -> Day:
    if found.group().startswith("christmas"):
        return _coming(12, 24, today)
    return _coming(12, 31, today) if "eve" in found.group() else _coming(1, 1, today)


def _coming(month: int, day: int, today: date | None) -> Day:
    if today is None:
        return _UNKNOWN
    for year in range(today.year, today.year + 9):  # 29 February comes back within eight years
        if day <= monthrange(year, month)[1] and date(year, month, day) >= today:
            return Day(date(year, month, day))
    return Day(None, "there is no such day")


def _year(month: int, today: date) -> int:
    return today.year + (month <= today.month)


def _month(name: str) -> int:
    return next(index for index, known in enumerate(_MONTHS, start=1) if known.startswith(name.rstrip(".")[:3]))


_UNKNOWN = Day(None, "there is no day to count from")
_READERS: tuple[tuple[str, Callable[[re.Match[str], date | None], Day]], ...] = (
    (r"\d{4}-\d{2}-\d{2}", _iso),
    (r"(\d{1,2})[./](\d{1,2})[./](\d{4})", _slashed),
    (
        rf"(?P<which>this |next |the coming |coming )?(?P<day>{_WEEKDAY})(?:,? (?:of )?(?P<week>this|next) week)?",
        _weekday,
    ),
    (rf"(?:the )?(?P<day>{_NTH}) (?:of )?(?P<month>{_MONTH})(?:,? (?P<year>\d{{4}}))?", _day_of_month),
    (rf"(?P<month>{_MONTH}) (?:the )?(?P<day>{_NTH})(?:,? (?P<year>\d{{4}}))?", _day_of_month),
    (rf"(?P<part>early |mid-? ?|late )?(?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?", _whole_month),
    (r"(?:the )?end of (?P<which>the|this|next) (?P<what>week|month|quarter|year)", _end_of),
    (rf"(?:the )?end of (?:(?P<month>{_MONTH})|q(?P<quarter>[1-4]))(?: (?P<year>\d{{4}}))?", _end_of_month),
    (r"(?P<which>this|the|next|the coming) weekend", _weekend),
    (r"tomorrow|tonight|today", _near),
    (r"(?:the )?next (?P<what>week|month)", _next),
    (r"christmas(?: eve)?|new year(?:'s eve)?", _feast),
)
