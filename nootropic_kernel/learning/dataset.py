"""Accepted hunks as training rows: what was asked, what stood there, and what the person wanted in its place.

Pure: proposals in, rows out. A row says who vouches for it; that a person accepted a hunk is no proof that it is right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from nootropic_kernel.changes.changeset import Hunk, HunkState
from nootropic_kernel.changes.store import Proposal


@dataclass(frozen=True)
class TrainingRow:
    """One accepted hunk. ``completion`` is the person's own text where they edited the hunk."""

    id: str
    ref: str
    task: str | None
    path: str
    kind: str
    prompt: str
    completion: str
    edited: bool
    how: str
    model: str | None
    prompt_version: str | None
    tests_passed: bool | None
    proposed_at: float

    def document(self) -> dict[str, Any]:
        """The row as plain values."""
        return asdict(self)


def rows_of(proposals: Iterable[Proposal]) -> list[TrainingRow]:
    """The rows of every hunk that stands accepted, in the order of proposals and hunks; equal ones once."""
    rows: dict[str, TrainingRow] = {}
    for proposal in proposals:
        if proposal.changeset.provenance.how == "template":
            continue  # what every project gets alike says nothing of how this person writes
        for hunk in proposal.changeset.hunks:
            if hunk.state in (HunkState.ACCEPTED, HunkState.EDITED):
                row = _row(proposal, hunk)
                rows.setdefault(row.id, row)
    return list(rows.values())


def _row(proposal: Proposal, hunk: Hunk) -> TrainingRow:
    told = proposal.changeset.provenance
    completion = proposal.edited.get(hunk.number, hunk.new)
    title = told.title or "Change the file."
    prompt = f"{title}\n\nFile {hunk.path}, {hunk.header or hunk.kind}:\n{hunk.old}"
    verdict = next((check.passed for check in proposal.checks if check.name == "tests"), None)
    digest = hashlib.sha256("\0".join((hunk.path, prompt, completion)).encode("utf-8", "surrogatepass")).hexdigest()
    return TrainingRow(
        id=digest[:16],
        ref=proposal.ref(hunk.number),
        task=told.task,
        path=hunk.path,
        kind=hunk.kind,
        prompt=prompt,
        completion=completion,
        edited=hunk.state is HunkState.EDITED,
        how=told.how,
        model=told.model,
        prompt_version=told.prompt_version,
        tests_passed=verdict,
        proposed_at=proposal.created,
    )
