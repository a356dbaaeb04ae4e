"""``redo``: bring back what an undo took."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.turn_views import TurnResult
from nootropic_kernel.changes import accept as decisions


class RedoParams(Params):
    """Which turn."""

    turn: str | None = Field(
        None,
        description="The undo to reverse (A2), or the accept that it took back; without it the latest undo.",
        json_schema_extra={"position": 0, "complete": "turn"},
    )


@capability(effect=CapabilityEffect.DECIDE)
def redo(params: RedoParams, session: Session) -> TurnResult:
    """Bring back what an undo took.

    It is a commit of its own, and a turn that `undo` can take back by its own id.
    """
    turn = decisions.redo(session.workspace, session.database(), params.turn, unsaved=session.unsaved)
    return TurnResult.made(turn)
