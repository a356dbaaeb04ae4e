"""``undo``: take back accepted changes."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.turn_views import TurnResult
from nootropic_kernel.changes import accept as decisions


class UndoParams(Params):
    """Which turn."""

    turn: str | None = Field(
        None,
        description="The turn to take back (A1); without it the latest that stands.",
        json_schema_extra={"position": 0, "complete": "turn"},
    )


@capability(effect=CapabilityEffect.DECIDE)
def undo(params: UndoParams, session: Session) -> TurnResult:
    """Take back an accept (or a redo) with a commit that reverses it.

    History is never rewritten, and later work stays: what can be merged is merged, anything else is refused by name.
    `redo` brings it back. A turn that was taken back before is said, and nothing changes.
    """
    turn = decisions.undo(session.workspace, session.database(), params.turn, unsaved=session.unsaved)
    return TurnResult.made(turn)
