"""Who may know what of a run: all of it, whoever may start such a run or started it; others that it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What of a run's events others get, too: that it began, where it stands, and which files it wrote.
_FOR_ALL = {"started": ("run", "verb", "path", "state"), "done": ("effect", "changed"), "failed": (), "cancelled": ()}


@dataclass(frozen=True)
class Person:
    """Who asks or listens, and what the server's authorizer lets them do."""

    name: str
    executes: bool = True
    writes: bool = True

    def has_rights_of(self, other: Person) -> bool:
        """Whether they may do the same. Who asks with a token alone has another name each time."""
        return (self.executes, self.writes) == (other.executes, other.writes)

    def may_start(self, effect: str) -> bool:
        """Whether they may start a verb of this effect: to propose and to decide is to write."""
        return self.executes and (effect == "read" or self.writes)

    def may_follow(self, effect: str, starter: str) -> bool:
        """Whether they may know what a run was asked, and what it says."""
        return self.name == starter or self.may_start(effect)


def for_others(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """A run's event without what it was asked and what it says; None where nothing is left to tell."""
    names = _FOR_ALL.get(event["event"])
    if names is None:
        return None
    return {**event, "data": {name: value for name, value in event["data"].items() if name in names}}
