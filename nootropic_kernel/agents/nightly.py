"""What a night works on: everything decided since the last night that succeeded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.changes.changeset import HunkState
from nootropic_kernel.changes.store import ProposalDamaged, ProposalStore
from nootropic_kernel.learning.dataset import rows_of
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.journal import Event
from nootropic_kernel.workspace.location import Workspace

SUCCEEDED = "nightly.succeeded"
FAILED = "nightly.failed"
NOTHING_NEW = "Nothing was accepted or rejected since the last night that succeeded."

_DECISIONS = {f"hunk.{state.value}": state for state in HunkState if state is not HunkState.PENDING}


@dataclass(frozen=True)
class Night:
    """The decisions after journal event ``after`` up to ``through``.

    ``rows`` are the hunks that stand accepted (each once, however often it was undone and redone), ``counts`` how many
    hunks ended in which state.
    """

    after: int
    through: int
    rows: tuple[dict[str, Any], ...]
    counts: dict[str, int]

    @property
    def is_new(self) -> bool:
        """Whether anything was decided since the last success."""
        return self.through > self.after

    @property
    def window(self) -> str:
        """The night's idempotency key."""
        return f"{self.after}-{self.through}"


def since_last_success(database: StateDatabase, workspace: Workspace) -> Night:
    """The decisions that no successful night has worked on yet."""
    last = last_success(database)
    after = int(last.data["through"]) if last else 0
    happened = journal.events(database.read(), after=after)
    decided = [event for event in happened if event.kind in _DECISIONS]
    final = {event.subject: event for event in decided}
    counts = Counter({state.value: 0 for state in _DECISIONS.values()})
    counts.update(_DECISIONS[event.kind].value for event in final.values())
    commits = {event.subject: event.data.get("commit") for event in happened if event.kind.startswith("turn.")}
    kept = {ref: event for ref, event in final.items() if _DECISIONS[event.kind].in_tree}
    rows = _rows(ProposalStore(database, workspace), kept, commits)
    return Night(after, max((event.id for event in decided), default=after), rows, dict(counts))


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


def _rows(store: ProposalStore, kept: dict[str, Event], commits: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The accepted hunks: what was asked, what was proposed, what the person kept, and how it was decided.

    Proposals that cannot be read back are left out.
    """
    proposals = {}
    for name in dict.fromkeys(ref.partition(":")[0] for ref in kept):
        try:
            proposals[name] = store.get(name)
        except ProposalDamaged:
            continue
    rows = []
    for row in rows_of(proposals.values()):
        if (event := kept.get(row.ref)) is None:
            continue
        name, _, number = row.ref.partition(":")
        hunk = proposals[name].changeset.hunks[int(number) - 1]
        turn = str(event.data.get("turn") or "")
        decision = {
            "title": proposals[name].changeset.provenance.title,
            "old": hunk.old,
            "proposed": hunk.new,
            "state": _DECISIONS[event.kind].value,
            "turn": turn,
            "commit": commits.get(turn),
            "decided_at": event.at,
        }
        rows.append({**row.document(), **decision})
    return tuple(rows)
