"""Watches the journal of one workspace for rows that any process wrote. It creates nothing, and writes nothing."""

from __future__ import annotations

import json
from pathlib import Path

from nootropic_kernel.workspace.connection import StateConnection, connect, identity
from nootropic_kernel.workspace.journal import Event, beginning, events, last_id

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
    "chat.renamed": "ChatChanged",
    "chat.noted": "ChatChanged",
    "chat.forgotten": "ChatChanged",
}


def message(event: Event) -> str:
    """A journal row as listeners get it; data too large for an event is left out, the verbs tell it."""
    try:
        size, data = len(json.dumps(event.data, allow_nan=False)), event.data
    except ValueError:  # a number that is none, which no page can read
        size, data = 0, {"damaged": repr(event.data)[:1000]}
    if size > MOST_DATA:
        data = {"left_out": size}
    name = PUBLIC_NAMES.get(event.kind, event.kind)
    row = {"kind": "journal", "id": event.id, "name": name, "row": event.kind, "subject": event.subject, "data": data}
    return json.dumps(row)


class JournalWatch:
    """One reader of ``state.db``. Its methods block, and are called by one thread at a time.

    ``last`` is the newest id that was seen; 0 while there is no database. ``journal`` tells the journal from another
    that took its place; empty while it has no row.
    """

    def __init__(self, state_dir: Path) -> None:
        self.last = 0
        self.journal = ""
        self._path = state_dir / "state.db"
        self._connection: StateConnection | None = None

    def begin(self) -> None:
        """Take what is there now as seen."""
        self.journal, self.last = self._stands(self._open())

    def look(self) -> tuple[bool, list[Event]]:
        """Whether another journal is there than before, and otherwise the rows that came since (at most :data:`BATCH`).

        :raises NootropicError: when the database cannot be read now.
        """
        connection = self._open()
        journal, last = self._stands(connection)
        # By its rows, not by its file: a copy may be written over the file, and a mended file holds the same journal.
        if journal != self.journal or last < self.last:
            begins = not self.journal and self.last == 0  # where there was none, all its rows are news
            self.journal, self.last = journal, 0 if begins else last
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

    @staticmethod
    def _stands(connection: StateConnection | None) -> tuple[str, int]:
        return ("", 0) if connection is None else (beginning(connection), last_id(connection))

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
