"""What a night works on: everything decided since the last night that succeeded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.journal import Event

SUCCEEDED = "nightly.succeeded"
FAILED = "nightly.failed"


@dataclass(frozen=True)
class Night:
    """The decisions after journal event ``after`` up to ``through``: the accepted hunks as rows, and all counted."""

    after: int
    through: int
    rows: tuple[dict[str, Any], ...]
    counts: dict[str, int]

    @property
    def is_new(self) -> bool:
        """Whether anything was decided since the last success."""
        return any(self.counts.values())

    @property
    def window(self) -> str:
        """The night's idempotency key."""
        return f"{self.after}-{self.through}"


NOTHING_NEW = "Nothing was accepted or rejected since the last night that succeeded."


def since_last_success(database: StateDatabase) -> Night:
    """The decisions that no successful night has worked on yet."""
    last = last_success(database)
    after = int(last.data["through"]) if last else 0
    return Night(after, after, (), {})


def last_success(database: StateDatabase) -> Event | None:
    """The journal event of the last night that succeeded."""
    found = journal.events(database.read(), kind=SUCCEEDED)
    return found[-1] if found else None


def last(database: StateDatabase, run_id: str) -> Event | None:
    """How the run of that id ended."""
    found = [event for event in journal.events(database.read(), subject=run_id) if event.kind in (SUCCEEDED, FAILED)]
    return found[-1] if found else None


def record(database: StateDatabase, kind: str, run_id: str, /, **data: Any) -> None:
    """Write into the journal how a night ended."""
    with database.transaction() as connection:
        journal.append(connection, kind, run_id, **data)


def outcome(event: Event) -> dict[str, Any]:
    """How a night ended, as results show it."""
    keys = ("notebook", "mlflow_run", "metrics", "rows", "window")
    return {"dagster_run": event.subject, **{key: event.data[key] for key in keys if key in event.data}}
