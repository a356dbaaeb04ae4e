"""``board``: how far the plan is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nootropic_kernel.agents.planner import current_plan, current_spec
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.plan_views import PlanResult
from nootropic_kernel.planning import render
from nootropic_kernel.planning.board import columns


class BoardParams(Params):
    """Which part of the board."""

    column: Literal["ready", "waiting", "review", "done", "blocked", "dropped"] | None = Field(
        None, description="Show this column only (in a terminal)."
    )


class BoardResult(PlanResult):
    """The plan with how many tasks stand in each column."""

    counts: dict[str, int] = Field(default_factory=dict)
    column: str | None = None

    def text(self) -> str:
        return render.board_text(self._planned.plan, self._planned.states, only=self.column)


@capability(effect=CapabilityEffect.READ)
def board(params: BoardParams, session: Session) -> BoardResult:
    """Show the board: which tasks are ready, waiting, in review, done, or not possible yet, and why.

    A task is done when all hunks of a proposal for it are decided and at least one was accepted; it is in review while
    some are pending; when all were rejected or undone it is ready again. `status: "done"` in project-spec.md marks a
    task that you did yourself.
    """
    current_spec(session.workspace)
    planned = current_plan(session.workspace, session.database())
    result = BoardResult.of(planned)
    result.counts = {column.key: len(column.tasks) for column in columns(planned.plan, planned.states)}
    result.column = params.column
    return result
