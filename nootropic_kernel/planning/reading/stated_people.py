"""Reader of the people who do the work: how many, for how much of their time, and what they cost."""

from __future__ import annotations

import re
from datetime import date
from math import ceil

from nootropic_kernel.planning.reading.amounts import DEADLINE, DURATION, counted, number_of, share
from nootropic_kernel.planning.reading.said import counts, opened
from nootropic_kernel.planning.reading.stated import Constraints, Said

MAX_PEOPLE = 1000
_NEAR = 200  # characters on each side in which a limit of time may stand beside them
_JOINED = re.compile(r"\s*(?:and|plus|,|&|\+)\s*", re.I)
# "sorted by two people": what is done to the thing, not who makes it.
_DONE_BY_USERS = re.compile(r"\b(?!(?:needed|required|expected)\b)[a-z]{2,}(?:ed|en)\s+$", re.I)


def read_people(brief: str, match: re.Match[str], found: Constraints, today: date | None) -> None:
    """Keep who does the work as the plan's first agent; `two designers and a developer` are one of capacity 3."""
    count = counted(match)
    if match["few"]:
        told = "several people; how many is not said: not enforced; name them in `agents` of project-spec.md"
        found.said.append(Said(*match.span(), "noted", told, True))
        return
    if count is None or not 0 < count <= MAX_PEOPLE or (count % 1 and not match["plain"]):
        return
    between = [brief[part.end : match.start()] for part in found.said if part.meaning.startswith("people")]
    joined = any(_JOINED.fullmatch(text) for text in between)
    if match["plain"] and not (joined or _work(brief, match, found)):
        return
    heads = ceil(count)
    full = round(count * share(match) / heads, 4)  # how fast each of them is, as a share of a full-time one
    rate = round(number_of(match["rate"]) * full, 4) if match["rate"] else 0.0  # paid for the hours they work
    told = f"people: {heads}" + (f", each for {full:.0%} of the time" if full < 1 else "")
    if found.agents:
        first = found.agents[0]
        if joined and first["speed"] == full:
            found.agents = ({**first, "capacity": first["capacity"] + heads},)
            told += f", together {found.agents[0]['capacity']}"
        elif (first["capacity"], first["speed"]) != (heads, full):
            told += f"; counted are {first['capacity']}, said first"
    else:
        kinds = ["person", "model"]
        found.agents = ({"id": "people", "capacity": heads, "speed": full, "cost_usd_per_hour": rate, "kinds": kinds},)
    found.said.append(Said(*match.span(), "matched", told, True))


def _work(brief: str, match: re.Match[str], found: Constraints) -> bool:
    """Whether the people of a plain number are those who do the work, rather than those whom it is for.

    "for two people" is whom it is for, unless it stands right beside a limit of time: then it is who does it.
    """
    begin = max(0, match.start() - _NEAR)
    near, at, end = brief[begin : match.end() + _NEAR], match.start() - begin, match.end() - begin
    before = near[:at]
    if match["by"]:
        return match["by"].lower() != "by" or not _DONE_BY_USERS.search(before)
    if for_whom := re.search(r"\s+for\s+$", before, re.I):
        times = [*DEADLINE.finditer(near), *(each for each in DURATION.finditer(near) if each["limit"])]
        return any(
            time.end() == for_whom.start() or (time.start() >= end and not near[end : time.start()].strip())
            for time in times
        )
    return opened(brief, match) or counts(brief, match, found.verbs)
