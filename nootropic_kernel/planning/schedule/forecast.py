"""What a plan is likely to take in all: hours, a model's tokens, and money as far as it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nootropic_kernel.planning.model import GONE, How, Plan
from nootropic_kernel.planning.schedule.budgets import needs_of
from nootropic_kernel.planning.schedule.resources import agents_of, price_unknown

# Rough figures for one edit of a model: the task, the files it reads and the code around them, the answer, and a
# second try for every third edit. Shown as an estimate; what a task really took stands in the cost records.
_ASKED = 2_000
_A_FILE = 3_000
_AN_HOUR = 2_500


def tokens_of(how: How, files: Sequence[str], hours: float) -> int:
    """How many tokens a task of that size is likely to take; 0 where no model is asked."""
    if how.kind != "model":
        return 0
    return int(round((_ASKED + _A_FILE * len(files) + _AN_HOUR * hours) * 4 / 3, -2))


@dataclass(frozen=True)
class Forecast:
    """What the live tasks take: the end in hours, the work in hours, and what it costs.

    ``cost_usd`` is None where no price is known; ``unpriced`` are the tasks that are not counted in it.
    """

    end_h: float
    work_h: float
    tokens: int
    cost_usd: float | None
    unpriced: tuple[str, ...] = ()


def forecast(plan: Plan) -> Forecast:
    """The forecast of a plan as it is scheduled."""
    needs = needs_of(plan)
    live = [task for task in plan.tasks if task.status not in GONE]
    unpriced = tuple(task.id for task in price_unknown(plan))
    known = None if unpriced and not needs.cost_usd else round(needs.cost_usd, 6)
    speeds = {agent.id: agent.speed for agent in agents_of(plan)}
    work = sum(task.estimate.hours / speeds.get(task.agent or "", 1.0) for task in live)
    return Forecast(needs.hours, round(work, 6), needs.tokens, known, unpriced)
