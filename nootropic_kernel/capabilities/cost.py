"""``cost``: what model calls cost by model, task and day, what is left of budgets, what the plan will still take."""

from __future__ import annotations

import html
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from nootropic_kernel.agents.planner import Planned, current_plan
from nootropic_kernel.agents.task_costs import forecast_of
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.planning.model import CLOSED
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.telemetry.budget import usd
from nootropic_kernel.telemetry.ledger import Call, Ledger, day_start
from nootropic_kernel.telemetry.spending import Totals, day_of, grouped
from nootropic_kernel.workspace.errors import NootropicError


class CostParams(Params):
    """Which calls to count."""

    days: int = Field(1, ge=1, le=3660, description="Count the last so many days, today included.")
    everywhere: bool = Field(False, description="Count the calls of all your workspaces, not of this one alone.")


class SpendRow(BaseModel):
    """Some calls together; ``unknown`` of them are not in ``usd``. What is null was measured of none of them."""

    name: str
    calls: int
    failed: int
    usd: float | None
    unknown: int
    cost: str
    cpu_s: float | None
    input_tokens: int | None
    output_tokens: int | None

    @classmethod
    def of(cls, name: str, totals: Totals) -> SpendRow:
        """The row of a group."""
        counted = totals.counted > 0
        return cls(
            name=name,
            calls=totals.calls,
            failed=totals.failed,
            usd=totals.usd if totals.unknown < totals.calls or not totals.calls else None,
            unknown=totals.unknown,
            cost=totals.cost,
            cpu_s=round(totals.cpu_s, 3) if totals.measured else None,
            input_tokens=totals.input_tokens if counted else None,
            output_tokens=totals.output_tokens if counted else None,
        )

    def cells(self) -> list[str]:
        """What a table shows of it."""
        return [
            self.name,
            f"{self.calls}" + (f" ({self.failed} failed)" if self.failed else ""),
            self.cost,
            "unknown" if self.cpu_s is None else f"{self.cpu_s:.1f}",
            "unknown" if self.input_tokens is None else f"{self.input_tokens} → {self.output_tokens}",
        ]


class BudgetView(BaseModel):
    """One budget, and what is spent of it. A run has a budget of its own each time."""

    name: str
    limit_usd: float
    spent_usd: float | None

    def line(self) -> str:
        """The budget in one line."""
        if self.spent_usd is None:
            return f"budget per {self.name}: {usd(self.limit_usd)}"
        left = max(0.0, self.limit_usd - self.spent_usd)
        return f"budget per {self.name}: {usd(self.spent_usd)} of {usd(self.limit_usd)} spent, {usd(left)} left"


class ForecastView(BaseModel):
    """What the plan's remaining tasks are likely to take, from tasks that were measured."""

    tasks: int
    measured: int
    usd: float | None
    cpu_s: float | None

    def line(self) -> str:
        """The forecast in one line."""
        cost = "an unknown amount" if self.usd is None else usd(self.usd)
        cpu = "" if self.cpu_s is None else f" and {self.cpu_s:.0f} CPU seconds"
        tasks = "task is" if self.tasks == 1 else "tasks are"
        rests = f"mean of {self.measured} measured" if self.measured else "none was measured yet"
        return f"{self.tasks} model {tasks} left in the plan: likely {cost}{cpu} ({rests})."


class CostResult(Result):
    """What was spent, on what, what is left, and what is to come."""

    since: str
    everywhere: bool
    total: SpendRow
    models: list[SpendRow]
    tasks: list[SpendRow]
    by_day: list[SpendRow]
    sources: dict[str, int] = Field(description="How many calls have their cost from which source.")
    budgets: list[BudgetView]
    forecast: ForecastView | None

    def text(self) -> str:
        """A table a subject."""
        blocks = [_table(title, rows) for title, rows in self._tables() if rows]
        return "\n\n".join([*blocks, "\n".join(self._lines())])

    def html(self) -> str:
        """The same as tables."""
        parts = []
        for title, rows in self._tables():
            if rows:
                head = "".join(f'<th style="text-align:left">{name}</th>' for name in (title, *_HEAD))
                body = "".join(
                    "<tr>"
                    + "".join(f'<td style="text-align:left">{html.escape(c)}</td>' for c in row.cells())
                    + "</tr>"
                    for row in rows
                )
                parts.append(f"<table><tr>{head}</tr>{body}</table>")
        return "".join([*parts, *(f"<p>{html.escape(line)}</p>" for line in self._lines())])

    def _tables(self) -> list[tuple[str, list[SpendRow]]]:
        return [
            ("model", [*self.models, self.total] if self.models else []),
            ("task", self.tasks),
            ("day", self.by_day if len(self.by_day) > 1 else []),
        ]

    def _lines(self) -> list[str]:
        place = "in all your workspaces" if self.everywhere else "here"
        lines = [] if self.models else [f"No model was asked {place} since {self.since}."]
        if self.sources:
            lines.append("cost by: " + ", ".join(f"{label} ({number})" for label, number in self.sources.items()))
        if self.total.unknown:
            lines.append(
                "Unknown is not free: `prices` in your settings prices the calls of a cloud, `tariff` (usdPerKwh, "
                "maxWatts, idleWatts) local ones."
            )
        lines += [budget.line() for budget in self.budgets]
        return lines + ([self.forecast.line()] if self.forecast is not None and self.forecast.tasks else [])


_HEAD = ("calls", "cost", "CPU s", "tokens")


@capability(effect=CapabilityEffect.READ)
def cost(params: CostParams, session: Session) -> CostResult:
    """Show what model calls cost: today or for some days, by model and task, with budgets and a forecast of the plan.

    A local call costs nothing, or its CPU time where you set a `tariff` (power and price of electricity, and of the
    machine if you name it); a cloud call costs its tokens by the price table that ships here or your own `prices`. What
    is not known is shown as unknown. Budgets (`budget`: perDayUsd, perRunUsd, perPlanUsd) hold for all your workspaces.
    """
    ledger, here = Ledger(), str(session.workspace.root)
    today = datetime.fromtimestamp(day_start())
    since = today - timedelta(days=params.days - 1)
    calls = ledger.calls(since.timestamp(), None if params.everywhere else here)
    return CostResult(
        since=since.date().isoformat(),
        everywhere=params.everywhere,
        total=SpendRow.of("together", Totals.of(calls)),
        models=_rows(grouped(calls, lambda call: f"{call.backend}: {call.model}")),
        tasks=_rows(grouped((call for call in calls if call.task), lambda call: call.task)),
        by_day=[SpendRow.of(name, totals) for name, totals in grouped(calls, day_of).items()],
        sources={label: totals.calls for label, totals in grouped(calls, lambda call: call.label).items()},
        budgets=_budgets(session, ledger),
        forecast=_forecast(session, ledger.calls(workspace=here)),
    )


def _rows(groups: dict[str, Totals]) -> list[SpendRow]:
    rows = [SpendRow.of(name, totals) for name, totals in groups.items()]
    return sorted(rows, key=lambda row: (-(row.usd or 0), -(row.cpu_s or 0)))


def _budgets(session: Session, ledger: Ledger) -> list[BudgetView]:
    budget = session.settings().measuring.budget
    views = []
    if budget.per_day is not None:
        views.append(
            BudgetView(name="day", limit_usd=budget.per_day, spent_usd=Totals.of(ledger.calls(day_start())).usd)
        )
    if budget.per_plan is not None:
        plan = _plan_id(session)
        calls = [call for call in ledger.calls(workspace=str(session.workspace.root)) if plan and call.plan == plan]
        views.append(
            BudgetView(name="plan", limit_usd=budget.per_plan, spent_usd=Totals.of(calls).usd if plan else None)
        )
    if budget.per_run is not None:
        views.append(BudgetView(name="run", limit_usd=budget.per_run, spent_usd=None))
    return views


def _plan_id(session: Session) -> str | None:
    planned = _planned(session)
    return None if planned is None else planned.plan.id


def _planned(session: Session) -> Planned | None:
    """The plan; None where there is none that can be read: costs are shown all the same."""
    if not (session.workspace.root / FILE_NAME).exists():
        return None  # a verb that only looks makes no folder
    try:
        return current_plan(session.workspace, session.database())
    except NootropicError:
        return None


def _forecast(session: Session, calls: list[Call]) -> ForecastView | None:
    planned = _planned(session)
    if planned is None:
        return None
    done = {*CLOSED, "review"}
    left = [t for t in planned.plan.tasks if t.how.kind == "model" and planned.states[t.id].status not in done]
    found = forecast_of(session.workspace, session.settings(), len(left), calls)
    return ForecastView(tasks=found.tasks, measured=found.measured, usd=found.usd, cpu_s=found.cpu_s)


def _table(title: str, rows: list[SpendRow]) -> str:
    table = [[title, *_HEAD], *(row.cells() for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )
