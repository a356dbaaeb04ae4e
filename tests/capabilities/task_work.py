"""Work on the tasks of a plan, and how they stand then."""

from __future__ import annotations

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.board import BoardParams, board
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import Proposal, ProposalStore


def propose_for(session: Session, task: str, *paths: str) -> Proposal:
    """A proposal with one new file a path."""
    edits = [FileEdit(path, None, f'"""Made for {task}."""\n'.encode()) for path in paths]
    return ProposalStore(session.database(), session.workspace).propose(
        build_changeset(edits, Provenance(task, "x", "recipe"))
    )


def statuses(session: Session) -> dict[str, str]:
    """The status of each task on the board."""
    result = board(BoardParams(), session)
    return {task.id: task.status for epic in result.epics for story in epic.stories for task in story.tasks}
