"""``replan``: the plan is healed around a task by the smallest change."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, PrivateAttr

from nootropic_kernel.agents.planner import current_spec
from nootropic_kernel.agents.replanner import Replanned, replan_task, undo_replan
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.planning.healing.patch import Event
from nootropic_kernel.planning.reading.wording import listing
from nootropic_kernel.planning.views import patch as patch_views
from nootropic_kernel.planning.views.board import next_tasks
from nootropic_kernel.planning.views.tree import harmless, in_html, in_markdown
from nootropic_kernel.workspace.errors import UsageError


class ReplanParams(Params):
    """What happened to which task."""

    task: str | None = Field(
        None, description="The task, by id (T7).", json_schema_extra={"position": 0, "complete": "task"}
    )
    because: str | None = Field(
        None, max_length=2000, description="What happened, in your words; whoever does it next reads it."
    )
    kind: Literal["failed", "blocked", "late", "over-budget", "wrong"] = Field(
        "failed", description="What sort of thing happened; `wrong` is for work that counts as done."
    )
    hours: float | None = Field(None, gt=0, description="With --kind late: how many hours the task takes in all.")
    dry_run: bool = Field(False, description="Only show what would change.")
    undo: bool = Field(False, description="Take the latest replan back (of the task, if one is named).")
    revision: int | None = Field(None, ge=2, description="With --undo: the replan that led to this revision.")


class ReplanResult(Result):
    """What changes in the plan, as a patch and as a table."""

    mime: ClassVar[str | None] = "application/vnd.nootropic.plan-patch+json"

    action: str
    revision: int
    commit: str | None = None
    summary: str
    next: list[str] = Field(description="Tasks that can be done now.")
    patch: dict[str, Any]
    notes: list[str]
    _replanned: Replanned = PrivateAttr()

    @classmethod
    def of(cls, done: Replanned) -> Self:
        """The result of a replan, or of taking one back."""
        result = cls(
            action=done.action,
            revision=done.plan.revision,
            commit=done.commit,
            summary="Taken back." if done.action == "undone" else patch_views.summary(done.before, done.patch),
            next=[task.id for task in next_tasks(done.plan, done.states)],
            patch=done.patch.to_json(),
            notes=list(done.notes),
        )
        result._replanned = done
        return result

    def text(self) -> str:
        return harmless("\n".join([self._head(), *self._table("text"), *self.notes]))

    def markdown(self) -> str:
        return "\n\n".join([in_markdown(self._head()), *self._table("markdown"), *map(in_markdown, self.notes)])

    def html(self) -> str:
        lines = "".join(f"<p>{in_html(line)}</p>" for line in self.notes)
        return f"<p>{in_html(self._head())}</p>{''.join(self._table('html'))}{lines}"

    def _table(self, form: Literal["text", "markdown", "html"]) -> list[str]:
        done = self._replanned
        if done.action == "undone" or done.patch.empty:
            return []
        draw = {"text": patch_views.text, "markdown": patch_views.markdown, "html": patch_views.html}[form]
        return [draw(done.before, done.patch)]

    def _head(self) -> str:
        commit = f" ({self.commit[:10]})" if self.commit else ""
        event = self._replanned.patch.event
        about = "" if event is None else f" around {event.task}" if event.task else " (the amendment)"
        before = {task.id: task.status for task in self._replanned.before.tasks}
        cancelled = [
            task.id for task in self._replanned.plan.tasks if task.status == "cancelled" != before.get(task.id)
        ]
        stays = "stays as a cancelled record" if len(cancelled) == 1 else "stay as cancelled records"
        kept = f"; {listing(cancelled, 5)} {stays}, so that no id is given twice" if cancelled else ""
        return {
            "replanned": f"Replanned{about}: revision {self.revision}{commit}.",
            "dry run": f"Replanning{about} would change this; nothing was written.",
            "undone": f"Taken back{about}: the plan is as it was before, in revision {self.revision}{commit}{kept}.",
            "shown": f"Nothing changed: revision {self.revision}{commit}.",
        }[self.action]


@capability(effect=CapabilityEffect.PROPOSE)
def replan(params: ReplanParams, session: Session) -> ReplanResult:
    """Heal the plan around a task that failed, is blocked, late, over budget, or turned out wrong after it was done.

    The smallest part of the plan is changed: the task is done in another way (a recipe's work by a model, a model's
    by a person), else the part that it belongs to is broken down in another way. Finished and begun tasks stay as they
    are; others move in time only where they must. When no way is left, you are told what would be missing.

    project-spec.md is written and committed with the reason. The same words for the same task change nothing twice.
    `--dry-run` only shows the change; `--undo` takes the latest one back, unless its tasks were worked on since.
    """
    workspace = session.workspace
    if params.undo:
        if params.because is not None or params.dry_run:
            raise UsageError(
                "`--undo` goes with a task at most.", next="Say `noo replan --undo` or `noo replan T7 --undo`."
            )
        current_spec(workspace)
        return ReplanResult.of(
            undo_replan(workspace, session.database(), params.task or "", params.revision, unsaved=session.unsaved)
        )
    if params.revision is not None:
        raise UsageError("`--revision` goes with `--undo`.")
    if params.task is None:
        raise UsageError("A task is missing: which one is it about?", next='Say `noo replan T7 --because "…"`.')
    if params.because is None or not params.because.strip():
        raise UsageError(
            "What happened is missing (`--because`).", next=f'Say `noo replan {params.task} --because "…"`.'
        )
    if params.hours is not None and params.kind != "late":
        raise UsageError("`--hours` goes with `--kind late`.")
    current_spec(workspace)
    session.status(f"Looking for another way around {params.task}")
    because = " ".join(params.because.split())
    if params.hours is not None:
        because += f" ({params.hours:g} hours in all)"  # so that another number is another event
    event = Event(params.kind, params.task, because)
    done = replan_task(
        workspace,
        session.database(),
        event,
        hours=params.hours,
        dry_run=params.dry_run,
        unsaved=session.unsaved,
    )
    return ReplanResult.of(done)
