"""``board``: how far the plan is."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import Any, Literal

from pydantic import BaseModel, Field, PrivateAttr

from nootropic_kernel.agents.plan_history import changed_since
from nootropic_kernel.agents.planner import NoPlan, Planned, current_plan
from nootropic_kernel.agents.task_costs import PlanCosts, plan_costs
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Session, capability
from nootropic_kernel.capabilities.plan_views import EpicView, PlanResult
from nootropic_kernel.planning.history import Since
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.planning.spec.records import shown, to_plain
from nootropic_kernel.planning.views import board_views
from nootropic_kernel.planning.views.board import (
    Health,
    as_left,
    columns,
    health,
    lanes,
    next_tasks,
    passed_hours,
    state_of,
)
from nootropic_kernel.planning.views.filters import TaskFilter, choose
from nootropic_kernel.planning.views.mermaid import mermaid_graph
from nootropic_kernel.telemetry.budget import usd

Place = Literal[
    "ready", "waiting", "review", "done", "blocked", "deferred", "dropped",
    "pending", "running", "failed", "superseded", "cancelled",
]  # fmt: skip

_ALWAYS = frozenset({"status", "depends_on", "estimate", "schedule"})


class BoardParams(Params):
    """Which part of the board."""

    status: list[Place] = Field(default_factory=list, description="Only tasks of these columns or statuses.")
    epic: list[str] = Field(
        default_factory=list, description="Only tasks of these epics or stories, by id (E1, S3) or words of a title."
    )
    who: list[str] = Field(
        default_factory=list, description="Only tasks of these agents, or of `recipe`, `model` or `person`."
    )
    critical: bool = Field(False, description="Only critical tasks: those that decide when the plan ends.")
    text: str | None = Field(None, description="Only tasks with all these words in title, prose or files.")
    since: str | None = Field(
        None, description="Show what changed since this revision of the plan (3) or commit; without it, the latest."
    )
    all_: bool = Field(False, alias="all", description="List every task of a large plan.")
    or_empty: bool = Field(False, description="Where there is no plan, answer with an empty board, and no refusal.")


class LaneColumn(BaseModel):
    """One column of a lane: its key, its title, and the ids of its tasks in their order."""

    key: str
    title: str
    tasks: list[str]


class LaneView(BaseModel):
    """One epic across the board."""

    epic: str
    title: str
    columns: list[LaneColumn]


class CostView(BaseModel):
    """What models cost so far, in USD, and what is foreseen; null where it is unknown.

    Of ``unknown_calls`` calls the cost is not in ``spent_usd``.
    """

    spent_usd: float | None
    calls: int
    unknown_calls: int
    forecast_usd: float | None


class ChangeRow(BaseModel):
    """One change of the plan: what happened (new, changed, given up, …), to which task, and how."""

    what: str
    task: str
    title: str
    detail: str


class SinceView(BaseModel):
    """What changed since an earlier revision."""

    revision: int
    commit: str
    summary: list[str]
    rows: list[ChangeRow]
    done: list[str]
    reordered: list[str]

    @classmethod
    def of(cls, since: Since) -> SinceView:
        """The view of what changed."""
        return cls(
            revision=since.past.plan.revision,
            commit=since.past.commit,
            summary=since.sentences(),
            rows=[ChangeRow(**vars(row)) for row in since.rows()],
            done=list(since.done),
            reordered=list(since.reordered),
        )


class BoardResult(PlanResult):
    """The plan as a board: lanes, columns, health, costs, and what changed. Filters leave out tasks everywhere."""

    counts: dict[str, int] = Field(default_factory=dict, description="How many tasks of the plan are in each column.")
    wanted: str = Field("", description="What was looked for; empty for all.")
    lanes: list[LaneView] = Field(default_factory=list)
    health: dict[str, Health | None] = Field(
        default_factory=dict, description="Of each task; null when deferred or dropped."
    )
    cost: CostView | None = None
    costs: dict[str, CostView] = Field(default_factory=dict, description="Of each task that a model was asked for.")
    since: SinceView | None = None
    _board: board_views.Board = PrivateAttr()

    def text(self) -> str:
        return board_views.text(self._board)

    def pager_text(self) -> str | None:
        return self.text() if self._board.long else None

    def markdown(self) -> str:
        return board_views.markdown(self._board)

    def html(self) -> str:
        return board_views.html(self._board)

    def data(self) -> dict[str, Any]:
        board, plan = self._board, self._board.plan
        outside = frozenset({"tasks", "tree", "bindings", "epics", "stories", "ext"})
        return {
            "plan": {
                **shown(plan, leave_out=outside, always=frozenset({"revision"})),
                "epics": [{"id": epic.id, "title": epic.title} for epic in plan.epics],
                "stories": [{"id": each.id, "epic": each.epic, "title": each.title} for each in plan.stories],
                "tasks": [shown(task, always=_ALWAYS) for task in board.chosen],
            },
            "states": {task.id: to_plain(state_of(task, board.states)) for task in board.chosen},
            "columns": [
                {"key": column.key, "title": column.title, "tasks": [task.id for task in column.tasks]}
                for column in columns(plan, board.states, board.chosen)
            ],
            "mermaid": mermaid_graph(plan, board.states, board.chosen),
            "critical": self.critical_path,
            "next": self.next,
            "notes": self.notes,
            "board": self.model_dump(
                mode="json", include={"counts", "wanted", "lanes", "health", "cost", "costs", "since"}
            ),
        }


class EmptyBoard(BoardResult):
    """There is no plan: for who asked to be told so without a refusal."""

    @classmethod
    def make(cls, session: Session) -> EmptyBoard:
        """The empty board, and what to do about it where the person reads it."""
        missing = NoPlan().told_in_cell() if session.in_notebook else NoPlan()
        return cls(
            plan="", title="", brief="", archetype="", revision=0, action="none", hours=0.0, critical_path=[], next=[],
            limits=[], words=[], notes=[missing.next], epics=[], wanted="",
        )  # fmt: skip

    def text(self) -> str:
        return f"{NoPlan().what} {self.notes[0]}"

    def pager_text(self) -> str | None:
        return None

    def markdown(self) -> str:
        return self.text()

    def html(self) -> str:
        return f"<p>{escape(self.text())}</p>"

    def data(self) -> dict[str, Any]:
        return {"plan": None, "notes": self.notes}


@capability(effect=CapabilityEffect.READ)
def board(params: BoardParams, session: Session) -> BoardResult:
    """Show the board: which tasks are ready, waiting, in review, done, or not possible yet, and why.

    Lanes are epics. A light says how each task stands: red when it failed, is not possible, costs more than was
    foreseen, or is late; yellow when it runs, waits for review, or has less slack than it takes; green otherwise. A
    star marks critical tasks. Costs are those of models, so far and foreseen; what is unknown is said to be unknown.

    A task is done when all hunks of a proposal for it are decided and at least one was accepted; it is in review while
    some are pending; when all were rejected or undone it is ready again. One whose last run failed says why, until a
    run succeeds or you take it up again. `noo task T3 --status done` marks a task that you did yourself. Of a
    large plan the beginning of each column is listed; filters and `--all` show the rest. Where scheduling anew would
    gain time, you are told.
    """
    if not (session.workspace.root / FILE_NAME).exists():
        if params.or_empty:
            return EmptyBoard.make(session)
        raise NoPlan  # before a folder for state is made
    planned = current_plan(session.workspace, session.database())
    plan, states = as_left(planned.plan, planned.states), planned.states
    wanted = TaskFilter(
        tuple(params.status), tuple(params.epic), tuple(params.who), params.critical, (params.text or "").strip()
    )
    chosen = choose(plan, states, wanted)
    costs = plan_costs(session.workspace, session.settings(), plan, states)
    past = changed_since(session.workspace, session.database(), planned.plan, states, params.since or "")
    passed = passed_hours(plan, date.today())
    lights = {
        task.id: health(task, state_of(task, states).status, costs=costs.tasks[task.id], passed_h=passed)
        for task in chosen
    }
    result = BoardResult.of(planned)
    kept = {task.id for task in chosen}
    result.epics = _kept(result.epics, kept) if not wanted.empty else result.epics
    result.counts = {column.key: len(column.tasks) for column in columns(plan, states)}
    result.next = [task.id for task in next_tasks(plan, states)]
    result.wanted = wanted.sentence()
    result.lanes = [
        LaneView(
            epic=lane.epic.id,
            title=lane.epic.title,
            columns=[
                LaneColumn(key=column.key, title=column.title, tasks=[task.id for task in column.tasks])
                for column in lane.columns
            ],
        )
        for lane in lanes(plan, states, chosen)
    ]
    result.health = lights
    result.cost = _total(costs)
    result.costs = {
        name: CostView(spent_usd=each.spent, calls=each.calls, unknown_calls=each.unknown, forecast_usd=each.forecast)
        for name, each in costs.tasks.items()
        if each.calls and name in kept
    }
    result.since = SinceView.of(past) if past is not None else None
    result._board = board_views.Board(
        plan,
        states,
        chosen,
        lights,
        costs.tasks,
        result.wanted,
        _money(costs, planned),
        past if past is not None and not past.empty else None,
        tuple(result.notes),
        params.all_,
    )
    return result


def _kept(epics: list[EpicView], names: set[str]) -> list[EpicView]:
    """The epics with the chosen tasks only."""
    found = []
    for epic in epics:
        stories = [
            story.model_copy(update={"tasks": [task for task in story.tasks if task.id in names]})
            for story in epic.stories
        ]
        if stories := [story for story in stories if story.tasks]:
            found.append(epic.model_copy(update={"stories": stories}))
    return found


def _total(costs: PlanCosts) -> CostView:
    spent = costs.spent
    known = spent.usd if spent.unknown < spent.calls or not spent.calls else None
    return CostView(spent_usd=known, calls=spent.calls, unknown_calls=spent.unknown, forecast_usd=costs.forecast)


def _money(costs: PlanCosts, planned: Planned) -> str:
    """What models cost so far and will cost; empty where no model has a part in the plan."""
    if not costs.spent.calls and not any(task.how.kind == "model" for task in planned.plan.tasks):
        return ""
    rest = "unknown" if costs.forecast is None else usd(costs.forecast)
    limit = planned.plan.budget.get("cost_usd")
    budget = f"; the budget is {usd(float(limit))}" if isinstance(limit, int | float) else ""
    return f"Model cost: {costs.spent.cost} so far, {rest} foreseen for what is left{budget}."
