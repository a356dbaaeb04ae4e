"""How a plan leaves a verb: the nested view for programs, and tree, Markdown, HTML and board for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar, Self

from pydantic import BaseModel, Field, PrivateAttr

from nootropic_kernel.agents.planner import Planned
from nootropic_kernel.capabilities.base import Result
from nootropic_kernel.planning.healing.patch import PlanPatch
from nootropic_kernel.planning.model import Acceptance, Plan, Task, TaskState
from nootropic_kernel.planning.schedule.assign import budget_notes
from nootropic_kernel.planning.schedule.gain import time_notes
from nootropic_kernel.planning.schedule.resources import agents_of, token_cost
from nootropic_kernel.planning.views import patch as patch_views
from nootropic_kernel.planning.views import timetable
from nootropic_kernel.planning.views import tree as render
from nootropic_kernel.planning.views.board import as_left, next_tasks, passed_hours, state_of
from nootropic_kernel.planning.views.tree import warnings_of


class HowView(BaseModel):
    """Who does a task: a recipe with arguments, a model's edit, a person, or nothing yet and why."""

    kind: str
    recipe: str | None = None
    args: dict[str, Any] = {}
    why: str = ""


class AcceptanceView(BaseModel):
    """One checkable statement, and the command that a person may run to check it."""

    id: str
    text: str
    met: bool = False
    verify: str | None = None


class ScheduleView(BaseModel):
    """Hours from the plan's start, and how far the task may slip."""

    start_h: float
    end_h: float
    slack_h: float
    critical: bool


class TaskView(BaseModel):
    """One task with its effective status."""

    id: str
    title: str
    status: str
    note: str = ""
    how: HowView
    depends_on: list[str]
    requires: list[str] = []
    provides: list[str] = []
    files: list[str] = []
    agent: str | None = None
    estimate_hours: float
    estimate_tokens: int = 0
    estimate_cost_usd: float | None = Field(None, description="What the tokens cost; null where nobody knows.")
    schedule: ScheduleView
    acceptance: list[AcceptanceView] = []
    body: str = ""
    origin: str = Field("library", description="Who it is from: library, model, or repaired (a model's, mended).")
    warnings: list[str] = []

    @classmethod
    def of(cls, task: Task, state: TaskState, plan: Plan) -> Self:
        """The view of a task of a plan in a state."""
        agent = next((each for each in agents_of(plan) if each.id == task.agent), None)
        schedule = task.schedule
        return cls(
            id=task.id,
            title=task.title,
            status=state.status,
            note=state.note,
            how=HowView(kind=task.how.kind, recipe=task.how.recipe, args=task.how.args, why=task.how.why),
            depends_on=list(task.depends_on),
            requires=list(task.requires),
            provides=list(task.provides),
            files=list(task.files),
            agent=task.agent,
            estimate_hours=task.estimate.hours,
            estimate_tokens=task.estimate.tokens,
            estimate_cost_usd=token_cost(task, agent),
            schedule=ScheduleView(
                start_h=schedule.start_h,
                end_h=schedule.end_h,
                slack_h=schedule.slack_h,
                critical=schedule.critical,
            ),
            acceptance=_acceptance(task.acceptance),
            body=task.body,
            origin=task.origin,
            warnings=warnings_of(task),
        )


class StoryView(BaseModel):
    """One story with its tasks."""

    id: str
    title: str
    method: str = ""
    acceptance: list[AcceptanceView] = []
    body: str = ""
    tasks: list[TaskView]


class EpicView(BaseModel):
    """One epic with its stories."""

    id: str
    title: str
    method: str = ""
    body: str = ""
    stories: list[StoryView]


class WordView(BaseModel):
    """What became of a word of the brief: matched, assumed, noted or not understood, and what it was taken for."""

    text: str
    verdict: str
    meaning: str


def notes_on_budget(planned: Planned) -> Iterator[str]:
    """What the budget means for a plan today, in sentences."""
    begun = {name for name, state in planned.states.items() if state.status in ("done", "running", "review")}
    left = as_left(planned.plan, planned.states)
    return budget_notes(left, begun, passed_hours(left, date.today()) or 0.0)


def notes_on_times(planned: Planned) -> Iterator[str]:
    """What scheduling the plan anew would gain today, in sentences."""
    status = {task.id: state_of(task, planned.states).status for task in planned.plan.tasks}
    done = {name for name, each in status.items() if each == "done"}
    begun = {name for name, each in status.items() if each in ("done", "running", "review")}
    return time_notes(planned.plan, done, begun, passed_hours(planned.plan, date.today()))


class PlanResult(Result):
    """A plan: epics with stories with tasks, the critical path, what can be done next, and what was done now."""

    mime: ClassVar[str | None] = "application/vnd.nootropic.plan+json"

    plan: str
    title: str
    brief: str
    archetype: str
    revision: int
    action: str
    commit: str | None = None
    hours: float
    critical_path: list[str]
    next: list[str]
    limits: list[str]
    words: list[WordView]
    notes: list[str]
    epics: list[EpicView]
    _planned: Planned = PrivateAttr()
    _times: bool = PrivateAttr(default=False)

    @classmethod
    def of(cls, planned: Planned, *notes: str, times: bool = False) -> Self:
        """The result for a plan and what was done with it.

        :param times: whether a terminal shows when each task starts and ends, rather than the plan's tree.
        """
        times_told = notes_on_times(planned)
        planned = replace(planned, plan=as_left(planned.plan, planned.states))
        plan, states = planned.plan, planned.states
        result = cls(
            plan=plan.id,
            title=plan.title,
            brief=plan.brief,
            archetype=plan.archetype,
            revision=plan.revision,
            action=planned.action,
            commit=planned.commit,
            hours=plan.hours(),
            critical_path=list(plan.critical_path()),
            next=[task.id for task in next_tasks(plan, states)],
            limits=list(plan.limits),
            words=[WordView(text=use.text, verdict=use.verdict, meaning=use.meaning) for use in plan.words],
            notes=[*notes, *planned.notes, *notes_on_budget(planned), *times_told],
            epics=_epics(plan, states),
        )
        result._planned = planned
        result._times = times
        return result

    def text(self) -> str:
        draw = timetable.text if self._times else render.tree
        shown = draw(self._planned.plan, self._planned.states, notes=tuple(self.notes))
        return shown + self._changes(patch_views.text)

    def markdown(self) -> str:
        shown = render.markdown(self._planned.plan, self._planned.states, notes=tuple(self.notes))
        return shown + self._changes(patch_views.markdown)

    def html(self) -> str:
        shown = render.html(self._planned.plan, self._planned.states, notes=tuple(self.notes))
        return shown + self._changes(patch_views.html)

    def _changes(self, draw: Callable[[Plan, PlanPatch], str]) -> str:
        """What an amendment changed, below the plan."""
        made = self._planned.amendment
        return f"\n\n{draw(made.before, made.patch)}" if made is not None and not made.patch.empty else ""

    def data(self) -> dict[str, Any]:
        return {**render.data(self._planned.plan, self._planned.states), "notes": self.notes}


def _epics(plan: Plan, states: dict[str, TaskState]) -> list[EpicView]:
    return [
        EpicView(
            id=epic.id,
            title=epic.title,
            method=epic.method,
            body=epic.body,
            stories=[
                StoryView(
                    id=story.id,
                    title=story.title,
                    method=story.method,
                    acceptance=_acceptance(story.acceptance),
                    body=story.body,
                    tasks=[TaskView.of(task, state_of(task, states), plan) for task in plan.tasks_of(story.id)],
                )
                for story in plan.stories_of(epic.id)
            ],
        )
        for epic in plan.epics
    ]


def _acceptance(checks: tuple[Acceptance, ...]) -> list[AcceptanceView]:
    return [AcceptanceView(id=check.id, text=check.text, met=check.met, verify=check.verify) for check in checks]
