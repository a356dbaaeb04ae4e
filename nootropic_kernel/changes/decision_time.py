"""How long a person looked at hunks before they decided: a quick yes and a long one teach a model different things."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase


def note_time(database: StateDatabase, decision: str, hunks: Sequence[str], seconds: float) -> None:
    """Journal the seconds from a hunk's (or several hunks') first showing to the decision on it."""
    with database.transaction() as connection:
        journal.append(
            connection, "decision.timed", hunks[0].partition(":")[0], decision=decision, hunks=list(hunks),
            seconds=round(seconds, 2),
        )  # fmt: skip
