"""``undo``: take back accepted changes."""

from __future__ import annotations

from pydantic import Field

from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.turn_views import TurnResult
from nootropic_kernel.changes import accept as decisions


class UndoParams(Params):
    """What to take back."""

    refs: list[str] = Field(
        default_factory=list,
        description="A turn (A1), or proposals (P1), files (P1/path), hunks (P1:2); without it the latest turn.",
        json_schema_extra={"position": 0, "complete": "turn proposal"},
    )
    turn: str | None = Field(None, description="The turn, by name.", json_schema_extra={"complete": "turn"})
    again: bool = Field(False, description="Also what was undone and brought back before.")


@capability(effect=CapabilityEffect.DECIDE)
def undo(params: UndoParams, session: Session) -> TurnResult:
    """Take back accepted changes with a commit that reverses them: a whole turn, or proposals, files and hunks.

    History is never rewritten, and later work stays: what can be merged is merged, anything else is refused by name.
    `redo` brings it back. A turn that was taken back before is said, and nothing changes.
    """
    named = [*params.refs, *([params.turn] if params.turn else [])]
    turn = decisions.undo(session.workspace, session.database(), named, again=params.again, unsaved=session.unsaved)
    return TurnResult.made(turn)
