"""The planning agent: makes, shows and amends the plan of a workspace, and commits project-spec.md and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from nootropic_kernel.agents.repository_facts import repository_facts
from nootropic_kernel.agents.spec_edits import (
    NoPlan,
    SpecRead,
    SpecUnsaved,
    commit_plan,
    current_spec,
    head_is_behind,
    read_state,
    settled_spec,
    shown_spec,
    spec_notes,
    write_spec,
)
from nootropic_kernel.agents.task_states import load_states, touched
from nootropic_kernel.changes.commit import Repository
from nootropic_kernel.changes.turns import turn_lock
from nootropic_kernel.planning.amend import Amendment
from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.methods import load_library
from nootropic_kernel.planning.model import Plan, TaskState, same_brief
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.validate import check
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace

__all__ = ["AmendmentNeeded", "NoPlan", "Planned", "SpecUnsaved", "current_plan", "current_spec", "plan_brief"]

_FORMER = "former_briefs"  # in the plan's ext: digests of the briefs it was amended away from


class AmendmentNeeded(UsageError):
    """The brief differs from the one that the plan was made for."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(
            "The brief was edited, and there is a plan already: it would have to be amended.",
            why=f"The plan “{plan.title}” (revision {plan.revision}) was made for another brief; nothing was changed.",
            next="Amend it with `%%noo plan --amend` (`noo plan --amend --brief …`): "
            "finished tasks and all ids stay. Or plan with the old brief again.",
            plan=plan.id,
            revision=plan.revision,
        )


@dataclass(frozen=True)
class Planned:
    """A plan with the states of its tasks, and what was done to get it."""

    plan: Plan
    states: dict[str, TaskState]
    action: Literal["made", "shown", "amended"]
    commit: str | None = None
    notes: tuple[str, ...] = ()
    amendment: Amendment | None = None


def current_plan(workspace: Workspace, database: StateDatabase) -> Planned:
    """The plan of the workspace with the states of its tasks (see :func:`current_spec`)."""
    found = shown_spec(workspace, database)
    plan = check(found.plan)
    notes = (*found.notes, *spec_notes(found.spec))
    return Planned(plan, load_states(workspace, database, plan), "shown", notes=notes)


def plan_brief(
    workspace: Workspace,
    database: StateDatabase,
    brief: str,
    *,
    amend: bool = False,
    unsaved: Collection[str] = (),
) -> Planned:
    """Plan a brief: a new plan, the plan that is there (same brief), or an amended one (``amend``).

    :raises BriefUnusable: when there is nothing to plan from.
    :raises AmendmentNeeded: when there is a plan for another brief, and ``amend`` was not asked for.
    :raises SpecForeign: when project-spec.md is somebody else's; it is left alone.
    """
    workspace.ensure()
    with turn_lock(workspace, database):
        if read_state(workspace) is None:
            if amend:
                raise NoPlan
            return _make(workspace, database, brief, unsaved)
        found = settled_spec(workspace, database, unsaved)
        check(found.plan)
        if not brief.strip():
            raise BriefUnusable("The brief is empty.", next="Write what is to be made; `noo board` shows the plan.")
        if same_brief(brief, found.plan.brief):
            return _show(workspace, database, found)
        if _digest(brief) in found.plan.ext.get(_FORMER, ()):
            note = f"This brief was amended since: shown is revision {found.plan.revision}, made for a later brief."
            return _show(workspace, database, found, note)
        if not amend:
            raise AmendmentNeeded(found.plan)
        return _amend(workspace, database, found, brief, unsaved)


def _make(workspace: Workspace, database: StateDatabase, brief: str, unsaved: Collection[str]) -> Planned:
    plan = make_plan(brief, repository_facts(workspace), load_library(workspace))
    done = write_spec(workspace, database, None, plan, f"Plan: {plan.title}", unsaved)
    _journal(database, "plan.made", plan, done.commit)
    return Planned(plan, load_states(workspace, database, plan), "made", done.commit, (*workspace.notes, *done.notes))


def _show(workspace: Workspace, database: StateDatabase, found: SpecRead, *notes: str) -> Planned:
    """The plan as it is; a commit that Git refused before, or that a killed process did not reach, is made up for."""
    commit, plan = None, found.plan
    said = [*notes, *found.notes, *spec_notes(found.spec)]
    if workspace.has_git:
        repository = Repository(workspace.root, workspace.state_dir)
        if head_is_behind(repository, plan):
            commit, refused = commit_plan(workspace, plan, f"Plan: {plan.title}")
            said += refused
    return Planned(plan, load_states(workspace, database, plan), "shown", commit, tuple(said))


def _amend(
    workspace: Workspace, database: StateDatabase, found: SpecRead, brief: str, unsaved: Collection[str]
) -> Planned:
    old = found.plan
    states = load_states(workspace, database, old)
    made = amend_plan(old, brief, repository_facts(workspace), touched(states), load_library(workspace))
    former = [*old.ext.get(_FORMER, ()), _digest(old.brief)]
    plan = replace(made.plan, ext={**made.plan.ext, _FORMER: former})
    summary = _summary(made)
    message = f"Plan: {plan.title} (revision {plan.revision})\n\n{summary}"
    done = write_spec(workspace, database, found, plan, message, unsaved)
    _journal(database, "plan.amended", done.plan, done.commit)
    states = load_states(workspace, database, done.plan)
    notes = (summary, *found.notes, *done.notes)
    return Planned(done.plan, states, "amended", done.commit, notes, replace(made, plan=done.plan))


def _journal(database: StateDatabase, kind: str, plan: Plan, commit: str | None) -> None:
    with database.transaction() as connection:
        journal.append(connection, kind, plan.id, revision=plan.revision, commit=commit, tasks=len(plan.tasks))


def _summary(made: Amendment) -> str:
    parts = [
        f"{word}: {', '.join(names)}"
        for word, names in (("Added", made.added), ("Changed", made.changed), ("Superseded", made.superseded))
        if names
    ]
    return "; ".join(parts) + "." if parts else "No task changed."


def _digest(brief: str) -> str:
    return hashlib.sha256(" ".join(brief.split()).encode("utf-8", "replace")).hexdigest()[:16]
