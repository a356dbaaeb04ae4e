"""What a person did with each hunk, when, and on which text: the training signal, read back from the journal.

Hunks are decided again and again (accepted, undone, brought back). Each time is a row of its own, with the texts as
they were then, whatever was decided since.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, get_blob

_VERDICTS = ("accepted", "edited", "rejected", "undone", "drafted")


@dataclass(frozen=True)
class Deed:
    """One decision on one hunk, or a draft of one. A text that was erased is None.

    ``before`` is the hunk's state until then; ``final`` is what stands in the file afterwards, ``own`` the person's own
    text. ``seen_s`` are the seconds since the person first saw the proposal, None when nobody noted that they did.
    """

    event: int
    at: float
    ref: str
    verdict: str
    before: str | None
    turn: str | None
    task: str | None
    title: str
    how: str
    model: str | None
    prompt_version: str | None
    path: str
    kind: str
    base: str | None
    proposed: str | None
    own: str | None
    final: str | None
    seen_s: float | None

    def document(self) -> dict[str, Any]:
        """The deed as plain values."""
        return asdict(self)


def deeds(database: StateDatabase, *, after: int = 0) -> Iterator[Deed]:
    """Everything that was done with hunks after the journal event ``after``, in its order."""
    connection = database.read()
    shown = first_shown(database)
    for event in journal.events(connection, after=after):
        group, _, verdict = event.kind.partition(".")
        if group != "hunk" or verdict not in _VERDICTS:
            continue
        proposal, _, number = event.subject.partition(":")
        told, hunk = _record(connection, int(proposal[1:]), int(number))
        own = None
        if digest := event.data.get("edited"):
            kept = get_blob(connection, digest)
            own = None if kept is None else kept.decode("utf-8", "surrogatepass")
        final = {"accepted": hunk.get("new"), "edited": own}.get(verdict, hunk.get("old"))
        seen = shown.get(proposal)
        yield Deed(
            event=event.id,
            at=event.at,
            ref=event.subject,
            verdict=verdict,
            before=event.data.get("before"),
            turn=event.data.get("turn"),
            task=told.get("task"),
            title=told.get("title", ""),
            how=told.get("how", ""),
            model=told.get("model"),
            prompt_version=told.get("prompt_version"),
            path=hunk.get("path", ""),
            kind=hunk.get("kind", ""),
            base=hunk.get("old"),
            proposed=hunk.get("new"),
            own=own,
            final=final,
            seen_s=event.at - seen if seen is not None and seen <= event.at else None,
        )


def first_shown(database: StateDatabase) -> dict[str, float]:
    """When a person first saw each proposal, in seconds since the epoch; those never shown are not there.

    A proposal that is here and has no deed was seen and left, which tells more than one that nobody looked at.
    """
    found: dict[str, float] = {}
    for event in journal.events(database.read(), kind="proposal.shown"):
        found.setdefault(event.subject, event.at)
    return found


def _record(connection: sqlite3.Connection, proposal: int, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Provenance and hunk as they were proposed: neither ever changes. Empty where they are gone or damaged."""
    row = connection.execute(
        "SELECT provenance, hunk FROM proposals JOIN proposal_hunks hunks ON hunks.proposal = proposals.number"
        " WHERE proposals.number = ? AND hunks.number = ?",
        (proposal, number),
    ).fetchone()
    try:
        return (json.loads(row["provenance"]), json.loads(row["hunk"])) if row is not None else ({}, {})
    except (ValueError, TypeError):
        return {}, {}
