"""What a plan costs against its budget in US dollars: spent so far, and estimated for what is left."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from nootropic_kernel.planning.model import GONE, Plan, Task
from nootropic_kernel.planning.schedule.resources import agents_of, token_cost


def over_money(plan: Plan, tasks: Iterable[Task], spent: Mapping[str, float], done: Container[str] = ()) -> float:
    """By how much a plan with these tasks is above its budget; 0 within it, or where it has none.

    Who is paid by the hour costs the hours that the schedule gives the task; what nobody knows is not counted.

    :param spent: what models cost so far for each task, by its id; what belongs to no task is counted too.
    :param done: tasks that are finished: their tokens cost what was spent.
    """
    limit = plan.budget.get("cost_usd")
    if not isinstance(limit, int | float) or isinstance(limit, bool):
        return 0.0
    agents = {agent.id: agent for agent in agents_of(plan)}
    total = sum(spent.values())
    for task in tasks:
        if task.status in GONE:
            continue
        agent = agents.get(task.agent or "")
        if agent is not None:
            total += (task.schedule.end_h - task.schedule.start_h) * agent.cost_usd_per_hour
        if task.status != "done" and task.id not in done:
            total += max(0.0, (token_cost(task, agent) or 0.0) - spent.get(task.id, 0.0))
    return max(0.0, round(total - limit, 6))
