"""The scheduling agent: says who does what and when in the plan of a workspace, and commits project-spec.md with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from nootropic_kernel.agents.planner import Planned
from nootropic_kernel.agents.spec_edits import settled_spec, write_spec
from nootropic_kernel.agents.spec_file import spec_notes
from nootropic_kernel.agents.task_states import finished, load_states, touched
from nootropic_kernel.changes.turns import turn_lock
from nootropic_kernel.planning.model import GONE, Plan
from nootropic_kernel.planning.schedule.assign import assign, taken_up
from nootropic_kernel.planning.schedule.budgets import amount, needs_of
from nootropic_kernel.planning.schedule.critical_path import elapsed, is_fixed
from nootropic_kernel.planning.schedule.optimise import optimised, optimised_unasked
from nootropic_kernel.planning.schedule.remaining import recorded, remaining
from nootropic_kernel.planning.schedule.resources import NEAR, agents_of
from nootropic_kernel.planning.schedule.retime import right_shift
from nootropic_kernel.planning.validate import check
from nootropic_kernel.planning.views.board import passed_hours
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace

_MOST = 10  # tasks that are named


def schedule_plan(
    workspace: Workspace, database: StateDatabase, *, optimise: bool = False, unsaved: Collection[str] = ()
) -> Planned:
    """Schedule the workspace's plan anew by its budget and agents; what is finished, begun or locked stays.

    :param optimise: then look for a shorter schedule still, with the solver.
    :raises OptimiserMissing: when that is not installed.
    :raises TooLarge: when more tasks may move than it is good for.
    """
    with turn_lock(workspace, database):
        found = settled_spec(workspace, database, unsaved)
        before = check(found.plan)
        states = load_states(workspace, database, before)
        frozen = touched(states)
        passed = passed_hours(before, date.today()) or 0.0
        done = finished(states)
        # What was left for later and is done all the same is part of the plan again.
        kept = replace(before, tasks=tuple(taken_up(task) if task.id in done else task for task in before.tasks))
        left = remaining(before, done)
        scheduled = assign(left, frozen, passed)
        better = optimised if optimise else optimised_unasked
        scheduled = better(scheduled, frozen, passed_h=passed)
        if kept == before and _as_good(left, scheduled, frozen, passed):
            notes = ("No better schedule was found.", *found.notes, *spec_notes(found.spec))
            return Planned(before, states, "shown", None, notes)
        change = _change(left, scheduled)
        plan = recorded(scheduled, kept, done)
        plan = check(replace(plan, revision=before.revision + 1, parent_revision=before.revision))
        message = f"Plan: {plan.title} (revision {plan.revision})\n\n{change}"
        written = write_spec(workspace, database, found, plan, message, unsaved, "plan.scheduled")
        states = load_states(workspace, database, written.plan)
        return Planned(written.plan, states, "amended", written.commit, (change, *found.notes, *written.notes))


def _as_good(old: Plan, new: Plan, frozen: Collection[str], passed_h: float) -> bool:
    """Whether the old schedule stands as it is, of the same tasks, and ends no later at no higher cost."""
    if new == old:
        return True
    if [task.status for task in old.tasks] != [task.status for task in new.tasks]:
        return False
    live = [task for task in old.tasks if task.status not in GONE]
    agents, was, now = agents_of(old), needs_of(old), needs_of(new)
    if agents and any(task.agent is None for task in live):
        return False
    fixed = {task.id for task in live if is_fixed(task, frozen)}
    gone = elapsed(live, frozen, passed_h)
    if agents and any(task.schedule.start_h < gone - NEAR for task in live if task.id not in fixed):
        return False  # what was to begin by now has not
    times = right_shift(old.tasks, fixed, {}, {}, agents)
    stands = all(times[t.id] == (t.schedule.start_h, t.schedule.end_h) for t in live if t.id in times)
    return stands and was.hours <= now.hours and was.cost_usd <= now.cost_usd + NEAR


def _change(before: Plan, after: Plan) -> str:
    was, now = needs_of(before), needs_of(after)
    old, new = ({task.id: task.title for task in plan.tasks if task.status not in GONE} for plan in (before, after))
    if taken := [name for name in new if name not in old]:
        others = f" and {len(taken) - _MOST} more" if len(taken) > _MOST else ""
        text = f"Taken up again: {', '.join(taken[:_MOST])}{others}. The schedule ends after {amount(now.hours)} h"
    else:
        text = f"The schedule ends after {amount(now.hours)} h instead of {amount(was.hours)} h"
    if abs(was.cost_usd - now.cost_usd) > 0.005:
        text += f" and costs ${amount(now.cost_usd)} instead of ${amount(was.cost_usd)}"
    return text + "."
