"""Whether scheduling anew is worth its while: healing moves as little as it can, so finished work leaves gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from nootropic_kernel.planning.model import GONE, Plan, Task
from nootropic_kernel.planning.schedule.budgets import Limits
from nootropic_kernel.planning.schedule.calendar import in_hours
from nootropic_kernel.planning.schedule.critical_path import elapsed, is_fixed, list_schedule, schedule
from nootropic_kernel.planning.schedule.remaining import hours_over, remaining
from nootropic_kernel.planning.schedule.resources import EXACT, NEAR, agents_of

_WORTH_H = 0.5  # less is not worth a sentence
_MOST = 5


def time_notes(
    plan: Plan, done: Collection[str], begun: Collection[str], passed_h: float | None = None
) -> Iterator[str]:
    """What `plan --schedule` would mend, in sentences; none where the times are as good as they can be.

    :param begun: what is worked on or was finished.
    :param passed_h: working hours since the plan's start; None where that is not known.
    """
    if early := starting_too_early(plan, done, begun):
        named = ", ".join(early[:_MOST]) + (", …" if len(early) > _MOST else "")
        verb = "starts" if len(early) == 1 else "start"
        yield f"In the schedule {named} {verb} before what has to come first: `noo plan --schedule` mends the times."
    elif (hours := gained_anew(plan, done, begun, passed_h)) >= _WORTH_H:
        yield f"Scheduled anew, what is left could end {in_hours(hours)} h earlier: `noo plan --schedule`."


def gained_anew(plan: Plan, done: Collection[str], begun: Collection[str], passed_h: float | None = None) -> float:
    """By how many hours at least what is left would end earlier, were it placed anew; 0 where nothing is done yet."""
    if not done:
        return 0.0
    left, now = remaining(plan, done), hours_over(plan, done, begun, passed_h)
    agents = agents_of(plan)
    if agents:
        earliest = dict.fromkeys((task.id for task in left.tasks), elapsed(left.tasks, begun, now))
        slots = list_schedule(left.tasks, agents, begun, Limits.of(plan).cost_usd, not_before=earliest)
        ends = max((slot.end_h for slot in slots.values()), default=0.0)
    else:
        ends = now + max((task.schedule.end_h for task in schedule(left.tasks)), default=0.0)
    return max(round(left.hours() - ends, EXACT), 0.0)


def starting_too_early(plan: Plan, done: Collection[str], begun: Collection[str]) -> list[str]:
    """Tasks that start in the schedule before one ends that they wait for: one that counted as done, and is undone."""
    ends = {t.id: t.schedule.end_h for t in plan.tasks if t.id not in done and t.status not in GONE}

    def early(task: Task) -> bool:
        return any(task.schedule.start_h < ends.get(other, 0.0) - NEAR for other in task.depends_on)

    return [task.id for task in plan.tasks if task.id in ends and not is_fixed(task, begun) and early(task)]
