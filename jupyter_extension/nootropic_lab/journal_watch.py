"""Watches the journal of one workspace for rows that any process wrote. It creates nothing, and writes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nootropic_kernel.workspace.connection import StateConnection, connect, identity
from nootropic_kernel.workspace.journal import Event, events, last_id

BATCH = 200
MOST_DATA = 32 * 1024

# What a row is called outside; one that is not named here keeps its own name.
PUBLIC_NAMES = {
    "proposal.made": "ProposalCreated",
    "proposal.checked": "ProposalChecked",
    "proposal.shown": "ProposalShown",
    "hunk.drafted": "HunkDrafted",
    "hunk.accepted": "HunkDecided",
    "hunk.edited": "HunkDecided",
    "hunk.rejected": "HunkDecided",
    "hunk.pending": "HunkDecided",
    "hunk.undone": "HunkDecided",
    "decision.timed": "DecisionTimed",
    "completion.accepted": "CompletionAccepted",
    "turn.accept": "CodeFixApplied",
    "turn.undo": "ChangeUndone",
    "turn.redo": "ChangeRedone",
    "turn.taken-back": "ChangeTakenBack",
    "plan.made": "PlanChanged",
    "plan.amended": "PlanChanged",
    "plan.replanned": "PlanChanged",
    "plan.edited": "PlanChanged",
    "plan.scheduled": "PlanChanged",
    "plan.replan-undone": "PlanChanged",
    "task.satisfied": "TaskStateChanged",
    "task.tried": "TaskStateChanged",
    "run.finished": "TaskStateChanged",
    "run.failed": "TaskStateChanged",
    "nightly.succeeded": "NightSucceeded",
    "nightly.failed": "NightFailed",
    "chat.said": "ChatChanged",
    "chat.forgotten": "ChatChanged",
}


def message(event: Event) -> dict[str, Any]:
    """A journal row as listeners get it; data too large for an event is left out, the verbs tell it."""
    size = len(json.dumps(event.data, default=str))
    data = event.data if size <= MOST_DATA else {"left_out": size}
    name = PUBLIC_NAMES.get(event.kind, event.kind)
    return {"kind": "journal", "id": event.id, "name": name, "row": event.kind, "subject": event.subject, "data": data}


class JournalWatch:
    """One reader of ``state.db``. Its methods block, and are called by one thread at a time.

    ``last`` is the newest id that was seen; 0 while there is no database.
    """

    def __init__(self, state_dir: Path) -> None:
        self.last = 0
        self._path = state_dir / "state.db"
        self._connection: StateConnection | None = None

    def begin(self) -> None:
        """Take what is there now as seen."""
        if (connection := self._open()) is not None:
            self.last = last_id(connection)

    def look(self) -> tuple[bool, list[Event]]:
        """Whether the database was replaced by another, and the rows that came since (at most :data:`BATCH`).

        :raises NootropicError: when the database cannot be read now.
        """
        before, had = self._connection, self.last > 0
        connection = self._open()
        if connection is not before and had:
            self.last = 0 if connection is None else last_id(connection)
            return True, []
        found = [] if connection is None else events(connection, after=self.last, limit=BATCH)
        if found:
            self.last = found[-1].id
        return False, found

    def since(self, after: int, until: int) -> list[Event]:
        """Older rows, for who was away: those above ``after`` and up to ``until``, at most :data:`BATCH`."""
        connection = self._open()
        if connection is None:
            return []
        return [event for event in events(connection, after=after, limit=BATCH) if event.id <= until]

    @property
    def there(self) -> bool:
        """Whether there is a database to read."""
        return self._connection is not None

    def close(self) -> None:
        """Give the file back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> StateConnection | None:
        now = identity(self._path)
        if self._connection is not None and self._connection.opened != now:
            self.close()
        if self._connection is None and now:
            self._connection = connect(self._path)
            if not _ready(self._connection):
                self.close()
        return self._connection


def _ready(connection: StateConnection) -> bool:
    """False for a database that another process is making at this moment."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'events'").fetchone()
    return found is not None
