"""The scheduling agent: says who does what and when in the plan of a workspace, and commits project-spec.md with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from nootropic_kernel.agents.planner import Planned, commit_plan, current_spec, spec_notes, write_plan
from nootropic_kernel.agents.task_states import load_states, touched
from nootropic_kernel.changes.turns import turn_lock
from nootropic_kernel.planning.assign import assign
from nootropic_kernel.planning.budgets import amount, needs_of
from nootropic_kernel.planning.model import GONE, Plan
from nootropic_kernel.planning.optimise import optimised
from nootropic_kernel.planning.resources import NEAR, agents_of
from nootropic_kernel.planning.retime import right_shift
from nootropic_kernel.planning.schedule import is_fixed
from nootropic_kernel.planning.validate import check
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace


def schedule_plan(
    workspace: Workspace, database: StateDatabase, *, optimise: bool = False, unsaved: Collection[str] = ()
) -> Planned:
    """Schedule the workspace's plan anew by its budget and agents; what is finished, begun, touched or locked stays.

    :param optimise: then look for a shorter schedule still, with the solver.
    :raises OptimiserMissing: when that is not installed.
    :raises TooLarge: when more tasks may move than it is good for.
    """
    with turn_lock(workspace, database):
        spec = current_spec(workspace)
        states = load_states(workspace, database, spec.plan)
        frozen = touched(states)
        scheduled = assign(spec.plan, frozen)
        if optimise:
            scheduled = optimised(scheduled, frozen)
        if scheduled == spec.plan or _as_good(spec.plan, scheduled, frozen):
            return Planned(spec.plan, states, "shown", None, ("No better schedule was found.", *spec_notes(spec)))
        plan = replace(scheduled, revision=spec.plan.revision + 1, parent_revision=spec.plan.revision)
        change = _change(spec.plan, plan)
        write_plan(workspace, check(plan), unsaved)
        commit, notes = commit_plan(workspace, plan, f"Plan: {plan.title} (revision {plan.revision})\n\n{change}")
        with database.transaction() as connection:
            journal.append(connection, "plan.scheduled", plan.id, revision=plan.revision, commit=commit)
        return Planned(plan, load_states(workspace, database, plan), "amended", commit, (change, *notes))


def _as_good(old: Plan, new: Plan, frozen: Collection[str]) -> bool:
    """Whether the old schedule stands as it is, of the same tasks, and ends no later at no higher cost."""
    if [task.status for task in old.tasks] != [task.status for task in new.tasks]:
        return False
    live = [task for task in old.tasks if task.status not in GONE]
    agents, was, now = agents_of(old), needs_of(old), needs_of(new)
    if agents and any(task.agent is None for task in live):
        return False
    fixed = {task.id for task in live if is_fixed(task, frozen)}
    times = right_shift(old.tasks, fixed, {}, {}, agents)
    stands = all(times[t.id] == (t.schedule.start_h, t.schedule.end_h) for t in live if t.id in times)
    return stands and was.hours <= now.hours and was.cost_usd <= now.cost_usd + NEAR


def _change(before: Plan, after: Plan) -> str:
    was, now = needs_of(before), needs_of(after)
    text = f"The schedule ends after {amount(now.hours)} h instead of {amount(was.hours)} h"
    if abs(was.cost_usd - now.cost_usd) > 0.005:
        text += f" and costs ${amount(now.cost_usd)} instead of ${amount(was.cost_usd)}"
    return text + "."
