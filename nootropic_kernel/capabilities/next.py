"""``next``: what can be done now."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from nootropic_kernel.agents.planner import Planned, current_plan, current_spec
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.model_at_hand import without_model
from nootropic_kernel.capabilities.plan_views import TaskView, notes_on_times
from nootropic_kernel.planning.model import Plan, Task, TaskState
from nootropic_kernel.planning.schedule.calendar import in_hours
from nootropic_kernel.planning.views.board import as_left, next_tasks, progress
from nootropic_kernel.planning.views.tree import harmless, in_html, in_markdown


class NextParams(Params):
    """How many."""

    count: int = Field(5, ge=1, description="How many tasks to list at most.")


class NextTask(TaskView):
    """A task that can be done now, with how it is done and the command for it."""

    done_by: str = ""
    command: str = ""

    @classmethod
    def of(cls, task: Task, state: TaskState, plan: Plan, no_model: bool = False) -> Self:
        """The view of a task that is ready, or whose last run failed.

        :param no_model: it is for a model, and none is here.
        """
        view = super().of(task, state, plan)
        yours = task.how.kind == "person" or no_model
        view.done_by = "waits for a model, or is yours" if no_model else "yours to do" if yours else task.how.sentence()
        view.command = f"noo task {task.id} --status done" if yours else f"noo run {task.id}"
        if state.status == "failed" or task.retitled:
            view.done_by = f"{view.done_by}; {state.note}"
        return view

    def line(self) -> str:
        """The task in one line."""
        said = [
            *(["critical"] if self.schedule.critical else [f"slack {in_hours(self.schedule.slack_h)} h"]),
            self.done_by,
        ]
        return f"{self.id} {self.title} ({', '.join(said)})"


class NextResult(Result):
    """Tasks that can be done now, critical ones first, then in the order of the plan."""

    message: str
    tasks: list[NextTask]
    more: int = Field(0, description="How many more there are.")
    again: list[NextTask] = Field(default_factory=list, description="Tasks whose last run failed, to be tried again.")
    notes: list[str] = Field(default_factory=list, description="What scheduling anew would gain.")

    def text(self) -> str:
        width = max((len(task.command) for task in [*self.tasks, *self.again]), default=0)
        listed, again = (
            [f"  {task.command:<{width}}  {task.line()}" for task in tasks] for tasks in (self.tasks, self.again)
        )
        return harmless(
            "\n".join([self.message, *listed, *(f"  {line}" for line in self._more()), *again, *self.notes])
        )

    def markdown(self) -> str:
        listed, again = (
            [f"- `{task.command}`: {in_markdown(task.line())}" for task in tasks] for tasks in (self.tasks, self.again)
        )
        lines = [in_markdown(self.message), "", *listed, *(f"- {line}" for line in self._more()), *again]
        return "\n".join([*lines, *(f"\n{in_markdown(line)}" for line in self.notes)])

    def html(self) -> str:
        listed, again = (
            [f"<code>{task.command}</code> {in_html(task.line())}" for task in tasks]
            for tasks in (self.tasks, self.again)
        )
        lines = "".join(f"<li>{line}</li>" for line in [*listed, *map(in_html, self._more()), *again])
        notes = "".join(f"<p>{in_html(line)}</p>" for line in self.notes)
        return f"<p>{in_html(self.message)}</p><ul>{lines}</ul>{notes}"

    def _more(self) -> list[str]:
        return [f"and {self.more} more: `noo next --count {len(self.tasks) + self.more}`"] if self.more else []


@capability(effect=CapabilityEffect.READ)
def next(params: NextParams, session: Session) -> NextResult:
    """List the tasks that can be done now, with how each is done and the command for it.

    They wait for nothing. Critical ones come first, as they decide when the plan ends; then the others in the order of
    the plan (`noo task T3 --before T9` changes it). `noo run` takes recipes' work before a model's. Last come tasks
    whose last run failed, with the reason: they can be run again, or planned in another way. Where no model can answer,
    tasks for one come behind those that need none, and what can be done about it is told.
    """
    current_spec(session.workspace)
    planned = current_plan(session.workspace, session.database())
    ready = next_tasks(as_left(planned.plan, planned.states), planned.states)
    lost = [task for task in planned.plan.tasks if planned.states[task.id].status == "failed"]
    wanting, no_model = without_model([*ready, *lost], session)
    ready = [*(task for task in ready if task not in wanting), *(task for task in ready if task in wanting)]
    shown, again = (
        [NextTask.of(task, planned.states[task.id], planned.plan, task in wanting) for task in tasks[: params.count]]
        for tasks in (ready, lost)
    )
    return NextResult(
        message=_message(planned, len(ready), len(lost)),
        tasks=shown,
        more=len(ready) - len(shown),
        again=again,
        notes=[*([no_model] if no_model else []), *notes_on_times(planned)],
    )


def _message(planned: Planned, ready: int, lost: int) -> str:
    done, live = progress(planned.plan, planned.states)
    also = f" {lost} failed." if lost else ""
    if ready:
        return f"{ready} task{'s' if ready != 1 else ''} can be done now ({done} of {live} are done).{also}"
    review = [name for name, state in planned.states.items() if state.status == "review"]
    if review:
        verb = "waits" if len(review) == 1 else "wait"
        return f"Nothing is ready: {', '.join(review[:5])} {verb} for your review (`noo review`).{also}"
    if lost:
        return f"Nothing is ready, and {lost} task{'s' if lost != 1 else ''} failed ({done} of {live} are done)."
    if done == live:
        return f"All {live} tasks are done."
    return "Nothing can be done now; `noo board` says what each task waits for."
