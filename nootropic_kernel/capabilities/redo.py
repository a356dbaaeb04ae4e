"""``redo``: bring back what an undo took."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.turn_views import TurnResult
from nootropic_kernel.changes import accept as decisions


class RedoParams(Params):
    """What to bring back."""

    refs: list[str] = Field(
        default_factory=list,
        description="A turn (A1), or proposals (P1), files (P1/path), hunks (P1:2); without it the latest undo.",
        json_schema_extra={"position": 0, "complete": "turn proposal"},
    )
    turn: str | None = Field(None, description="The turn, by name.", json_schema_extra={"complete": "turn"})
    again: bool = Field(False, description="Also what was brought back and undone before.")


@capability(effect=CapabilityEffect.DECIDE)
def redo(params: RedoParams, session: Session) -> TurnResult:
    """Bring back what an undo took.

    It is a commit of its own, and a turn that `undo` can take back by its own id.
    """
    named = [*params.refs, *([params.turn] if params.turn else [])]
    turn = decisions.redo(session.workspace, session.database(), named, again=params.again, unsaved=session.unsaved)
    return TurnResult.made(turn)
