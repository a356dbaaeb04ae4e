"""``task``: one task of the plan is changed by a person."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PrivateAttr

from nootropic_kernel.agents.planner import current_plan, current_spec
from nootropic_kernel.agents.task_editor import TaskEdited, edit_task, undo_task_edit
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.plan_views import TaskView
from nootropic_kernel.planning.edits.dependencies import known_task
from nootropic_kernel.planning.edits.task import TaskEdit
from nootropic_kernel.planning.healing.difference import difference
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.schedule.calendar import in_hours
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.planning.views import patch as patch_views
from nootropic_kernel.planning.views.board import next_tasks
from nootropic_kernel.planning.views.tree import harmless, in_html, in_markdown
from nootropic_kernel.workspace.errors import UsageError

_TASK: dict[str, Any] = {"complete": "task"}


class TaskParams(Params):
    """Which task, and what of it is changed."""

    task: str | None = Field(None, description="The task, by id (T3).", json_schema_extra={"position": 0, **_TASK})
    status: Literal["pending", "ready", "done", "blocked", "failed", "deferred", "cancelled"] | None = Field(
        None, description="What it is now: `done` by hand, `deferred`, `pending` again, …"
    )
    after: list[str] = Field(default_factory=list, description="It waits for these tasks too.", json_schema_extra=_TASK)
    not_after: list[str] = Field(
        default_factory=list, description="It does not wait for these any more.", json_schema_extra=_TASK
    )
    before: str | None = Field(
        None, description="It stands just before this task of the same story.", json_schema_extra=_TASK
    )
    move: int | None = Field(
        None, ge=1, le=100_000, description="Its place (1 is the first) among its story's tasks in the same column."
    )
    title: str | None = Field(None, max_length=2000, description="What it is called.")
    estimate: float | None = Field(None, gt=0, le=10_000, allow_inf_nan=False, description="How many hours it takes.")
    agent: str | None = Field(None, description="Who does it: an agent of the plan.")
    note: str | None = Field(None, max_length=2000, description="Why, or what whoever does it should know.")
    undo: bool = Field(False, description="Take the latest edit back (of the task, if one is named).")
    revision: int | None = Field(None, ge=2, description="With --undo: the edit that led to this revision.")


class TaskResult(Result):
    """The task as it is now, and what changed in the plan with it."""

    action: str
    revision: int
    commit: str | None = None
    task: TaskView
    summary: str
    patch: dict[str, Any] = Field(description="What changed in the plan; other tasks may have moved in time.")
    order: list[str] = Field(description="The tasks of its story, in their order.")
    next: list[str] = Field(description="Tasks that can be done now.")
    paths: list[str] = Field(default_factory=list, description="Files that were written.")
    notes: list[str] = Field(default_factory=list)
    _before: Plan = PrivateAttr()
    _after: Plan = PrivateAttr()

    @classmethod
    def of(cls, done: TaskEdited) -> TaskResult:
        """The result of an edit, of taking one back, or of looking."""
        plan, states = done.plan, done.states
        task = known_task(plan, done.task)
        patch = difference(done.before, plan)
        reordered = [each.id for each in done.before.tasks_of(task.story)] != [
            each.id for each in plan.tasks_of(task.story)
        ]
        said = patch_views.summary(done.before, patch) if not patch.empty or not reordered else ""
        order = f"{task.story} is in another order." if reordered else ""
        result = cls(
            action=done.action,
            revision=plan.revision,
            commit=done.commit,
            task=TaskView.of(task, states[task.id], plan),
            summary=" ".join(filter(None, [said, order])),
            patch=patch.to_json(),
            order=[each.id for each in plan.tasks_of(task.story)],
            next=[each.id for each in next_tasks(plan, states)],
            paths=[] if done.action == "shown" else [FILE_NAME],
            notes=[*_waiting(plan, done), *done.notes],
        )
        result._before, result._after = done.before, plan
        return result

    def text(self) -> str:
        patch = difference(self._before, self._after)
        table = [] if patch.empty else [patch_views.text(self._before, patch)]
        return harmless("\n".join([*self._lines(), *table, *self.notes]))

    def markdown(self) -> str:
        patch = difference(self._before, self._after)
        table = [] if patch.empty else [patch_views.markdown(self._before, patch)]
        return "\n\n".join([*map(in_markdown, self._lines()), *table, *map(in_markdown, self.notes)])

    def html(self) -> str:
        patch = difference(self._before, self._after)
        table = "" if patch.empty else patch_views.html(self._before, patch)
        head, tail = ("".join(f"<p>{in_html(each)}</p>" for each in lines) for lines in (self._lines(), self.notes))
        return f"{head}{table}{tail}"

    def _lines(self) -> list[str]:
        task = self.task
        slack = "critical" if task.schedule.critical else f"slack {in_hours(task.schedule.slack_h)} h"
        after = f", after {', '.join(task.depends_on)}" if task.depends_on else ""
        status = f"{task.status} ({task.note})" if task.note else task.status
        commit = f" ({self.commit[:10]})" if self.commit else ""
        done = {"edited": "Edited", "undone": "Taken back", "shown": "Nothing changed"}[self.action]
        order = [f"{', '.join(self.order)} is the order of its story now."] if "another order" in self.summary else []
        return [
            f"{task.id} {task.title}: {status}, {in_hours(task.estimate_hours)} h, {slack}{after}.",
            f"{done}: revision {self.revision}{commit}.",
            *order,
        ]


@capability(effect=CapabilityEffect.DECIDE)
def task(params: TaskParams, session: Session) -> TaskResult:
    """Change one task of the plan: its status, whom it waits for, its place, title, estimate or agent; or look at it.

    `noo task T3 --status done --note "by hand"` marks work of yours; `--status deferred` puts it off, and
    `--status pending` takes it up again. `--after T2` and `--not-after T2` change whom it waits for; a circle is
    refused by name, and so is taking off what it needs. `--before T9` and `--move 1` change its place: the order in
    which `next` lists what is not critical. What is finished stays as it is (`noo replan` plans it anew); what waits
    for review is decided first.

    project-spec.md is written and committed with what was changed and why; times follow. What you changed is yours: an
    edited brief leaves it alone. `--undo` takes the latest edit back, unless the plan was worked on since.
    """
    workspace = session.workspace
    current_spec(workspace)
    edit = TaskEdit(
        _named(params.task),
        params.status,
        tuple(map(_named, params.after)),
        tuple(map(_named, params.not_after)),
        _named(params.before) or None,
        params.move,
        params.title,
        params.estimate,
        params.agent,
        params.note or "",
    )
    if params.undo:
        if not edit.empty:
            raise UsageError(
                "`--undo` goes with a task at most.", next="Say `noo task --undo` or `noo task T3 --undo`."
            )
        return TaskResult.of(
            undo_task_edit(workspace, session.database(), edit.task, params.revision, unsaved=session.unsaved)
        )
    if params.revision is not None:
        raise UsageError("`--revision` goes with `--undo`.")
    if not edit.task:
        raise UsageError("Name a task.", next="Say `noo task T3`; `noo board` shows the tasks and their ids.")
    if params.before is not None and params.move is not None:
        raise UsageError("`--before` and `--move` both say its place; give one.")
    if edit.empty:
        planned = current_plan(workspace, session.database())
        known_task(planned.plan, edit.task)
        return TaskResult.of(TaskEdited(edit.task, planned.plan, planned.plan, planned.states, "shown"))
    return TaskResult.of(edit_task(workspace, session.database(), edit, unsaved=session.unsaved))


def _named(name: str | None) -> str:
    """An id as the plan writes it: `t3` means T3."""
    return (name or "").strip().upper()


def _waiting(plan: Plan, done: TaskEdited) -> list[str]:
    """Who waits for a task that was put off or cancelled just now."""
    task = known_task(plan, done.task)
    if done.action != "edited" or task.status not in ("deferred", "cancelled"):
        return []
    names = [each.id for each in plan.tasks if done.task in each.depends_on]
    if not names:
        return []
    return [
        f"{', '.join(names[:10])} still wait{'s' if len(names) == 1 else ''} for it: "
        f"`noo task {names[0]} --not-after {done.task}`, "
        f'or `noo replan {done.task} --because "…"` finds another way.'
    ]
