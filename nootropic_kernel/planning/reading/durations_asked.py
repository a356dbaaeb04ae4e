"""How long something takes and how long it may take, as a person complains about it: `it takes 40 minutes, under 5`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNIT = (
    r"(?:ms|milliseconds?|millis|µs|us|microseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|days?"
    r"|fps|qps|rps|requests? per second|rows per second|[kmg]i?b/s)"
)
_NUMBER = r"\d+(?:[.,]\d+)?"
_LIMIT = (
    r"(?:under|below|beneath|less than|lower than|faster than|no more than|not more than|no longer than|at most|within"
    r"|up to|max(?:imum)?(?: of)?|down to|<=?|≤|in)"
)
_MAY = re.compile(
    rf"(?P<word>{_LIMIT})\s*(?:about|around)?\s*(?P<number>{_NUMBER})\s*(?P<unit>{_UNIT})?(?![\w%])", re.I
)
_TAKES = re.compile(
    r"\b(?:takes?|took|taking|runs? for)\s+"
    r"(?:around|about|over|almost|nearly|up to|more than|roughly|~)?"
    rf"\s*(?P<number>{_NUMBER})\s*(?P<unit>{_UNIT})(?!\w)", re.I,
)  # fmt: skip


@dataclass(frozen=True)
class DurationAsked:
    """How long it takes now and how long it may take, each with its unit; empty where the brief does not say."""

    now: str = ""
    target: str = ""


def find_duration(text: str) -> DurationAsked:
    """What a text says about how long something takes.

    A limit without a unit has that of what it takes now; `in 5 s` is a limit only where the unit is said.
    """
    takes = _TAKES.search(text)
    now = f"{takes['number']} {takes['unit']}" if takes else ""
    for found in _MAY.finditer(text):
        unit = found["unit"] or (takes["unit"] if takes and found["word"].lower() != "in" else "")
        if unit:
            return DurationAsked(now, f"{found['number']} {unit}")
    return DurationAsked(now, "")
