"""``graph``: the plan in Mermaid's language, as a graph or a Gantt chart."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from nootropic_kernel.agents.planner import current_plan, current_spec
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.board import Place
from nootropic_kernel.planning.views.filters import TaskFilter, choose
from nootropic_kernel.planning.views.mermaid import drawn_as, mermaid_gantt, mermaid_graph
from nootropic_kernel.workspace.errors import UsageError


class GraphParams(Params):
    """What to draw."""

    graph: bool = Field(False, description="Who waits for whom (what is drawn without --gantt too).")
    gantt: bool = Field(False, description="The schedule as a Gantt chart.")
    status: list[Place] = Field(default_factory=list, description="Only tasks of these columns or statuses.")
    epic: list[str] = Field(default_factory=list, description="Only tasks of these epics or stories.")
    critical: bool = Field(False, description="Only critical tasks.")


class GraphResult(Result):
    """A drawing of the plan, as text in Mermaid's language."""

    kind: str
    mermaid: str
    notes: list[str] = Field(default_factory=list)

    def text(self) -> str:
        return self.mermaid or "There is nothing to draw."

    def markdown(self) -> str:
        drawing = f"```mermaid\n{self.mermaid}\n```" if self.mermaid else "There is nothing to draw."
        return "\n\n".join([drawing, *self.notes])

    def bundle(self) -> dict[str, Any]:
        """With the MIME type that JupyterLab draws by itself."""
        return {**super().bundle(), **({"text/vnd.mermaid": self.mermaid} if self.mermaid else {})}


@capability(effect=CapabilityEffect.READ)
def graph(params: GraphParams, session: Session) -> GraphResult:
    """Draw the plan in Mermaid's language: who waits for whom, or with `--gantt` the schedule.

    GitHub and JupyterLab draw it. Of a large plan a box is a story or an epic; `--epic E1` shows the tasks of one.
    """
    if params.graph and params.gantt:
        raise UsageError("`--graph` and `--gantt` are two drawings; ask for one.")
    current_spec(session.workspace)
    planned = current_plan(session.workspace, session.database())
    plan, states = planned.plan, planned.states
    chosen = choose(plan, states, TaskFilter(tuple(params.status), tuple(params.epic), (), params.critical))
    draw = mermaid_gantt if params.gantt else mermaid_graph
    note = drawn_as(plan, states, chosen)
    return GraphResult(
        kind="gantt" if params.gantt else "graph",
        mermaid=draw(plan, states, chosen),
        notes=[f"{note}. `noo graph --epic E1` draws the tasks of one."] if note else [],
    )
