"""project-spec.md is changed under the lock, written whole, and committed with what was changed and why."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from nootropic_kernel.agents.planner import commit_plan, current_spec, spec_notes, write_plan
from nootropic_kernel.changes.turns import turn_lock
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec_file import canonical
from nootropic_kernel.planning.validate import check
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace


@dataclass(frozen=True)
class SpecEdit:
    """An edit of project-spec.md: the plan before and after it, and its commit (None where Git has none)."""

    before: Plan
    plan: Plan
    commit: str | None = None
    notes: tuple[str, ...] = ()


def edit_spec(
    workspace: Workspace,
    database: StateDatabase,
    change: Callable[[Plan], Plan],
    why: str,
    unsaved: Collection[str] = (),
) -> SpecEdit:
    """Change the plan, and write and commit project-spec.md. A change that changes nothing writes nothing.

    :param change: gets the plan as it is now and returns it changed; its revision is counted up here.
    :param why: the commit's first line.
    :raises PlanInvalid: when the changed plan breaks a rule, a circle for instance.
    :raises SpecUnsaved: when it has unsaved edits in an open tab.
    """
    with turn_lock(workspace, database):
        spec = current_spec(workspace)
        before = spec.plan
        changed = change(before)
        if changed == before:
            return SpecEdit(before, before, notes=spec_notes(spec))
        plan = check(canonical(replace(changed, revision=before.revision + 1, parent_revision=before.revision)))
        write_plan(workspace, plan, unsaved)
        commit, refused = commit_plan(workspace, plan, why)
        with database.transaction() as connection:
            journal.append(connection, "plan.edited", plan.id, revision=plan.revision, commit=commit, why=why)
        return SpecEdit(before, plan, commit, (*spec_notes(spec), *refused))
