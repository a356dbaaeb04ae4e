"""``reject``: decide against proposed changes."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.changes import accept as decisions
from nootropic_kernel.changes.decision_time import note_time


class RejectParams(Params):
    """What to reject."""

    refs: list[str] = Field(
        min_length=1,
        description="Proposals (P1), hunks (P1:2) or files (P1/path).",
        json_schema_extra={"position": 0, "complete": "proposal"},
    )
    after_s: float | None = Field(None, ge=0, description="Seconds that you looked at it, told by the review panel.")


class RejectResult(Result):
    """The hunks that are rejected now, and what was decided before."""

    hunks: list[str]
    notes: list[str]
    already: bool

    def text(self) -> str:
        """One line a fact."""
        told = [f"Rejected {', '.join(self.hunks)}."] if self.hunks else ["Nothing was changed."]
        return "\n".join([*told, *self.notes])


@capability(effect=CapabilityEffect.DECIDE)
def reject(params: RejectParams, session: Session) -> RejectResult:
    """Reject proposed changes: no file is touched, and the decision is kept.

    A hunk that was accepted stays accepted (`undo` takes it back). A rejected hunk can be accepted after all by naming
    it: `accept P1:2`.
    """
    decision = decisions.reject(session.workspace, session.database(), params.refs)
    if params.after_s is not None and decision.hunks:
        note_time(session.database(), "reject", list(decision.hunks), params.after_s)
    return RejectResult(hunks=list(decision.hunks), notes=list(decision.notes), already=decision.already)
