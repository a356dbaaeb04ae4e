"""``next``: what can be done now."""

from __future__ import annotations

import html

from pydantic import Field

from nootropic_kernel.agents.planner import Planned, current_plan, current_spec
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.plan_views import TaskView
from nootropic_kernel.planning.board import progress, ready_tasks
from nootropic_kernel.planning.render import harmless


class NextParams(Params):
    """How many."""

    count: int = Field(5, ge=1, description="How many tasks to list at most.")


class NextResult(Result):
    """Tasks that can be done now, in the order in which `run` takes them."""

    message: str
    tasks: list[TaskView]
    more: int = Field(0, description="How many more there are.")

    def text(self) -> str:
        return harmless("\n".join([self.message, *(f"  {line}" for line in self._lines())]))

    def markdown(self) -> str:
        return "\n".join([self.message, "", *(f"- {line}" for line in self._lines())])

    def html(self) -> str:
        lines = "".join(f"<li>{html.escape(line)}</li>" for line in self._lines())
        return f"<p>{html.escape(self.message)}</p><ul>{lines}</ul>"

    def _lines(self) -> list[str]:
        listed = [
            f"{task.id} {task.title} ({_how(task)}{', critical' if task.schedule.critical else ''})"
            f"{f' – {task.note}' if task.note else ''}"
            for task in self.tasks
        ]
        more = f"and {self.more} more: `noo next --count {len(self.tasks) + self.more}`"
        return [*listed, more] if self.more else listed


@capability(effect=CapabilityEffect.READ)
def next(params: NextParams, session: Session) -> NextResult:
    """List the tasks that can be done now: those that wait for nothing.

    What recipes do comes first, then what a model does, in the order in which `noo run` takes them; then what is yours.
    """
    current_spec(session.workspace)
    planned = current_plan(session.workspace, session.database())
    ready = ready_tasks(planned.plan, planned.states)
    shown = [TaskView.of(task, planned.states[task.id]) for task in ready[: params.count]]
    return NextResult(message=_message(planned, len(ready)), tasks=shown, more=len(ready) - len(shown))


def _message(planned: Planned, ready: int) -> str:
    done, live = progress(planned.plan, planned.states)
    if ready:
        return (
            f"{ready} task{'s' if ready != 1 else ''} can be done now ({done} of {live} are done). `noo run` does them."
        )
    review = [name for name, state in planned.states.items() if state.status == "review"]
    if review:
        verb = "waits" if len(review) == 1 else "wait"
        return f"Nothing is ready: {', '.join(review[:5])} {verb} for your review (`noo review`)."
    if done == live:
        return f"All {live} tasks are done."
    return "Nothing can be done now; `noo board` says what each task waits for."


def _how(task: TaskView) -> str:
    if task.how.kind == "recipe":
        return f"recipe {task.how.recipe}"
    return {"model": "model edit", "person": "yours to do"}.get(task.how.kind, task.how.kind)
