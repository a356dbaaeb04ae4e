"""``accept``: apply reviewed changes to the files and commit exactly them."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.agents.gone_names import gone_names, left_behind
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.turn_views import TurnResult
from nootropic_kernel.changes import accept as decisions
from nootropic_kernel.changes.decision_time import note_time
from nootropic_kernel.changes.layers import ChangedSince, NeedsOwnYes
from nootropic_kernel.changes.turns import Turn
from nootropic_kernel.workspace.errors import Interrupted


class AcceptParams(Params):
    """What to accept."""

    refs: list[str] = Field(
        min_length=1,
        description="Proposals (P1), hunks (P1:2) or files (P1/path).",
        json_schema_extra={"position": 0, "complete": "proposal"},
    )
    edited: str | None = Field(
        None, description="Your own text for the one hunk that is named.", json_schema_extra={"body": True}
    )
    allow_executable: bool = Field(
        False, description="Yes to files that can run by themselves (conftest.py, Makefile, …)."
    )
    failing: bool = Field(False, description="Yes to proposals that fail a check or were left to a person.")
    after_s: float | None = Field(None, ge=0, description="Seconds that you looked at it, told by the review panel.")


@capability(effect=CapabilityEffect.DECIDE)
def accept(params: AcceptParams, session: Session) -> TurnResult:
    """Accept proposed changes: write them to the files and commit exactly them.

    `accept P1` takes every hunk that is still to decide, `accept P1:2` one hunk, `accept P1/path` one file's. All files
    are written or none; lines of your own are neither committed nor overwritten; a file that moved on is merged, or
    refused by name; a recipe then makes its change anew, as another proposal to look at. Of a proposal that fails a
    check nothing is taken without `--failing`. What is accepted already is said, and nothing changes.
    `commitOnAccept: false` in your settings leaves the change staged. Below
    `%%noo accept P1:2` you can write your own text for that hunk.
    """
    if session.cancel.is_set():
        raise Interrupted()
    turn = _accept(params, session)
    if params.after_s is not None and not turn.already:
        note_time(session.database(), "accept", list(turn.hunks), params.after_s)
    made = TurnResult.made(turn)
    if not turn.already:
        made.notes += gone_names(session.workspace, session.database(), turn)
        made.notes += left_behind(session.workspace, session.database(), turn)
    return made


def _accept(params: AcceptParams, session: Session) -> Turn:
    """Each refusal that a yes of its own lifts is put to the person, where there is one."""
    try:
        return decisions.accept(
            session.workspace,
            session.database(),
            params.refs,
            unsaved=session.unsaved,
            allow_executable=params.allow_executable,
            failing=params.failing,
            edited=params.edited,
        )
    except ChangedSince as refusal:
        from nootropic_kernel.capabilities.remake import remake

        remake(refusal, params.refs, session)
        raise
    except (NeedsOwnYes, decisions.ChecksFail) as refusal:
        if session.approve is None or not session.approve(f"{refusal.what} Accept it?"):
            raise
        given = "failing" if isinstance(refusal, decisions.ChecksFail) else "allow_executable"
        return _accept(params.model_copy(update={given: True}), session)
