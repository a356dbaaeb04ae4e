"""What a brief states about the way its plan is carried out, while it is being read."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any


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
    demands: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    verbs: Container[str] = ()

    def rest(self, brief: str) -> str:
        """The brief without them; what stays keeps its place."""
        text = list(brief)
        for part in self.said:
            if part.taken:
                text[part.start : part.end] = ["\n" if char == "\n" else " " for char in brief[part.start : part.end]]
        return "".join(text)


def budgeted(match: re.Match[str], found: Constraints, key: str, amount: float, told: str) -> None:
    """A limit of the budget; the tightest counts."""
    known = found.budget.get(key)
    if known is None or amount < known:
        found.budget[key] = amount
    found.said.append(Said(*match.span(), "matched", told, True))


def unsure(brief: str, match: re.Match[str], found: Constraints, could: str) -> None:
    """What could be a constraint and stays in the brief."""
    told = f"{could}; taken as part of what is asked for"
    found.said.append(Said(*match.span(), "noted", told, False))
