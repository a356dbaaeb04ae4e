"""A recipe's proposal whose files moved on under it is made anew from the files as they are."""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.agents.planner import NoPlan, current_plan
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.code import do
from nootropic_kernel.capabilities.run import job_of
from nootropic_kernel.changes import accept as decisions
from nootropic_kernel.changes.layers import ChangedSince
from nootropic_kernel.changes.shifts import standing
from nootropic_kernel.changes.store import Proposal, ProposalStore
from nootropic_kernel.workspace.errors import Interrupted, NootropicError


def remake(refusal: ChangedSince, refs: Sequence[str], session: Session) -> None:
    """Where a recipe made what was refused, have it made anew, and let the refusal tell of it.

    A model's work is not done again unasked: it costs, and may differ in more than the place.
    """
    old = _refused(refusal, refs, session)
    if old is None or old.task is None or standing(old) or old.edited:  # a person put work into it
        return
    if not old.changeset.provenance.how.startswith("recipe "):
        return
    try:
        plan = current_plan(session.workspace, session.database()).plan
    except NoPlan:
        return
    task = plan.task(old.task)
    if task is None or task.how.sentence() != old.changeset.provenance.how:
        return
    session.status(f"Making {old.id} anew from the files as they are")
    try:
        new = do(job_of(task, plan), session).proposal
    except Interrupted:
        raise
    except NootropicError as problem:
        refusal.why = f"{refusal.why} Made anew, it fails: {problem.what}"
        return
    if new is None or new.id == old.id or new.status != "open":
        return
    decisions.reject(session.workspace, session.database(), [old.id])
    refusal.why = f"{refusal.why} It was made anew from the files as they are: {new.id} takes the place of {old.id}."
    refusal.next = f"Look at it with `review {new.id}`, then `accept {new.id}`."
    refusal.data["remade"] = new.id


def _refused(refusal: ChangedSince, refs: Sequence[str], session: Session) -> Proposal | None:
    """The proposal that could not be accepted; the first that changes one of the paths."""
    paths = set(refusal.data.get("paths", ()))
    for chosen in decisions.choose(ProposalStore(session.database(), session.workspace), refs):
        if any(paths & set(edit.paths) for edit in chosen.proposal.changeset.files):
            return chosen.proposal
    return None
