"""What a plan costs against its budget in US dollars: spent so far, and estimated for what is left."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.retime import GONE


def price(task: Task) -> float:
    """The estimate of a task; 0 where none is known, as for work that no model does."""
    return task.estimate.cost_usd or 0.0


def over_money(plan: Plan, tasks: Iterable[Task], spent: Mapping[str, float], done: Container[str] = ()) -> float:
    """By how much a plan with these tasks is above its budget; 0 within it, or where it has none.

    :param spent: what each task cost so far, by its id; what belongs to no task is counted too.
    :param done: tasks that are finished: they cost what was spent on them.
    """
    limit = plan.budget.get("cost_usd")
    if not isinstance(limit, int | float) or isinstance(limit, bool):
        return 0.0
    left = {task.id: price(task) for task in tasks if task.status not in (*GONE, "done") and task.id not in done}
    total = sum(max(left.get(name, 0.0), spent.get(name, 0.0)) for name in {*left, *spent})
    return max(0.0, round(total - limit, 6))
