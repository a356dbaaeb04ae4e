"""Limits that nothing can meet: an amount below nothing, nobody to do it, a day that is over."""

from __future__ import annotations

import re
from datetime import date

from nootropic_kernel.planning.reading.amounts import AMOUNT, LIMIT
from nootropic_kernel.planning.reading.said import counts
from nootropic_kernel.planning.reading.stated import Constraints, Said

_UNIT = (
    r"(?:USD|US\$|dollars?|bucks|\$|€|£|euros?|EUR|pounds?|GBP|(?:working\s+)?(?:hours?|hrs?|h|minutes?|days?|weeks?|months?)"
    r"|people|persons?|developers?|tokens)"
)
_LIMITED = rf"(?P<limit>(?:{LIMIT}|in|for|budget\s*(?:is|of|:)?)\s+)?"
BELOW_NOTHING = re.compile(
    rf"(?<![\w-])(?P<label>)(?P<trail>){_LIMITED}"
    rf"(?:[-−][$€£]?{AMOUNT}k?\s*{_UNIT}|[-−][$€£]{AMOUNT}|[$€£][-−]{AMOUNT}|(?:0|zero)\s+(?:people|persons?|developers?))(?!\w)",
    re.I,
)
DAY_OVER = re.compile(
    r"(?<!\w)(?P<label>)(?P<trail>)(?P<limit>(?P<how>by|before|until|till)\s+)"
    r"(?:yesterday|the\s+day\s+before\s+yesterday|last\s+(?:night|week|month|year|(?:mon|tues|wednes|thurs|fri|satur|sun)day))(?!\w)",
    re.I,
)


def read_below_nothing(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """`under -5 dollars`: told, and nothing is limited by it."""
    if counts(brief, match, found.verbs, price=True):
        told = "a limit that nothing can meet, so none is set; say the amount again"
        found.said.append(Said(*match.span(), "not understood", told, True))


def read_day_over(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """`by yesterday`: told, and no deadline."""
    if counts(brief, match, found.verbs):
        told = "a day that is past, so no deadline is set; say another day"
        found.said.append(Said(*match.span(), "not understood", told, True))
