"""What the tasks of a plan cost so far, from the ledger of model calls, and what they are likely to cost."""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.schedule.resources import agents_of, token_cost
from nootropic_kernel.planning.views.board import DROPPED, Costs, States, state_of
from nootropic_kernel.telemetry.ledger import Call, Ledger
from nootropic_kernel.telemetry.spending import Forecast, Totals, foreseen, grouped
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import Settings


@dataclass(frozen=True)
class PlanCosts:
    """The costs of each task, and of the plan: spent so far, and foreseen for what is left.

    :param spent: the calls made for the plan; a part of them may be unknown.
    :param forecast: USD for the tasks that are left; None when it is unknown for one of them.
    :param measured: how many tasks' calls the forecast rests on, where the plan names no cost.
    """

    tasks: dict[str, Costs]
    spent: Totals
    forecast: float | None
    measured: int


def plan_costs(workspace: Workspace, settings: Settings, plan: Plan, states: States) -> PlanCosts:
    """What models cost for a plan. A person's hours are no part of it."""
    calls = Ledger().calls(workspace=str(workspace.root))
    mine = [call for call in calls if call.plan == plan.id]
    by_task = grouped((call for call in mine if call.task), lambda call: call.task)
    agents = {agent.id: agent for agent in agents_of(plan)}
    foretold = {task.id: token_cost(task, agents.get(task.agent or "")) for task in plan.tasks}
    costs = {task.id: _of(foretold[task.id], by_task.get(task.id, Totals())) for task in plan.tasks}
    left = [
        foretold[task.id]
        for task in plan.tasks
        if state_of(task, states).status not in {*DROPPED, "deferred", "done", "review"}
    ]
    guess = forecast_of(workspace, settings, sum(cost is None for cost in left), calls)
    forecast = None if guess.usd is None else sum(cost for cost in left if cost is not None) + guess.usd
    return PlanCosts(costs, Totals.of(mine), forecast, guess.measured)


def _of(forecast: float | None, spent: Totals) -> Costs:
    known = spent.usd if spent.unknown < spent.calls or not spent.calls else None
    return Costs(known, forecast, spent.calls, spent.unknown)


def forecast_of(workspace: Workspace, settings: Settings, tasks: int, calls: list[Call]) -> Forecast:
    """What so many tasks for a model will take: by the mean of those that were measured.

    Before one was, they cost nothing if the model that is asked first is on this machine, and computing here has no
    price.
    """
    return foreseen(tasks, calls, 0.0 if tasks and _is_free(workspace, settings) else None)


def _is_free(workspace: Workspace, settings: Settings) -> bool:
    if settings.measuring.tariff.is_set:
        return False
    # Only a plan with unmeasured tasks for a model needs them.
    from nootropic_kernel.models.errors import NoModel
    from nootropic_kernel.models.router import choose

    try:
        backend = choose(settings, workspace)
    except NoModel:
        return False
    try:
        return backend.is_local
    finally:
        backend.close()
