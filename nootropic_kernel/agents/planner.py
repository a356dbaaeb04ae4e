"""The planning agent: makes, shows and amends the plan of a workspace, and commits project-spec.md and nothing else."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection, Container
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from nootropic_kernel.agents.repository_facts import repository_facts
from nootropic_kernel.agents.spec_commit import commit_plan, head_is_behind
from nootropic_kernel.agents.spec_edits import SpecUnsaved, settled_spec, shown_spec, write_spec
from nootropic_kernel.agents.spec_file import NoPlan, SpecRead, current_spec, read_state, spec_notes
from nootropic_kernel.agents.task_states import finished, load_states, touched
from nootropic_kernel.changes.commit import Repository
from nootropic_kernel.changes.turns import turn_lock
from nootropic_kernel.planning.errors import BriefUnusable, RepairUnsound
from nootropic_kernel.planning.healing.amend import WITH_MODEL, Amendment, amended
from nootropic_kernel.planning.healing.late_fields import fields_left_out
from nootropic_kernel.planning.healing.patch import PlanPatch
from nootropic_kernel.planning.healing.proofs import amendment_violations
from nootropic_kernel.planning.healing.situation import Ground, ground_of
from nootropic_kernel.planning.methods.library import load_library
from nootropic_kernel.planning.model import Plan, TaskState, same_brief
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.proposal.repair import repaired
from nootropic_kernel.planning.reading.brief import read_brief
from nootropic_kernel.planning.reading.constraints import find_constraints, overruled
from nootropic_kernel.planning.repository.facts import RepositoryFacts
from nootropic_kernel.planning.schedule.optimise import optimised_unasked
from nootropic_kernel.planning.spec.file import dump
from nootropic_kernel.planning.validate import check
from nootropic_kernel.runs.steps import StepLog
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, put_blob
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace

__all__ = [
    "AmendmentNeeded",
    "NoPlan",
    "Planned",
    "Proposed",
    "SpecUnsaved",
    "base_for",
    "check_brief",
    "current_plan",
    "current_spec",
    "plan_brief",
]

_FINDINGS = 8  # of a proposal, that are told at most
REPLANNED = "plan.replanned"  # the journal keeps the patch, and what it changed as it was
_PROPOSED_BY = "proposed_by"
_FORMER = "former_briefs"  # in the plan's ext: digests of the briefs it was amended away from


class AmendmentNeeded(UsageError):
    """The brief differs from the one that the plan was made for."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(
            "The brief was edited, and there is a plan already: it would have to be amended.",
            why=f"The plan “{plan.title}” (revision {plan.revision}) was made for another brief; nothing was changed.",
            next="Amend it with `plan --amend` (the brief in the cell below it, or after `--brief`): "
            "finished tasks and all ids stay. Or plan with the old brief again.",
            plan=plan.id,
            revision=plan.revision,
        )


@dataclass(frozen=True)
class Proposed:
    """What a model proposed (JSON, unchecked), which model that was, and the run whose log keeps its answers."""

    document: Any
    model: str
    attempts: int = 1
    run: str = ""


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


def check_brief(brief: str) -> None:
    """Look whether a plan can be made of a brief, before anything is made for it.

    :raises BriefUnusable: when there is nothing to plan from.
    """
    read_brief(brief, RepositoryFacts(), load_library(None))


def plan_brief(
    workspace: Workspace,
    database: StateDatabase,
    brief: str,
    *,
    amend: bool = False,
    proposed: Proposed | None = None,
    unsaved: Collection[str] = (),
) -> Planned:
    """Plan a brief: a new plan, the plan that is there (same brief), or an amended one (``amend``).

    :param proposed: what a model said about it (see :mod:`proposer`); the plan of the library is mended by it.
    :raises BriefUnusable: when there is nothing to plan from.
    :raises AmendmentNeeded: when there is a plan for another brief, and ``amend`` was not asked for.
    :raises SpecForeign: when project-spec.md is somebody else's; it is left alone.
    """
    workspace.ensure()
    with turn_lock(workspace, database):
        if read_state(workspace) is None:
            if amend:
                raise NoPlan
            return _make(workspace, database, brief, proposed, unsaved)
        found = settled_spec(workspace, database, unsaved)
        check(found.plan)
        if not brief.strip():
            raise BriefUnusable("The brief is empty.", next="Write what is to be made; `noo board` shows the plan.")
        if same_brief(brief, found.plan.brief):
            if proposed is not None and found.plan.origin != WITH_MODEL:
                return _amend(workspace, database, found, None, proposed, unsaved)
            return _show(workspace, database, found)
        if _digest(brief) in found.plan.ext.get(_FORMER, ()):
            note = f"This brief was amended since: shown is revision {found.plan.revision}, made for a later brief."
            return _show(workspace, database, found, note)
        if not amend:
            raise AmendmentNeeded(found.plan)
        return _amend(workspace, database, found, brief, proposed, unsaved)


def base_for(
    workspace: Workspace, database: StateDatabase, brief: str, *, amend: bool = False
) -> tuple[Plan, Ground, set[str]] | None:
    """The plan that a model is asked about, its ground, and the tasks that stay as they are.

    None where an answer could not be used: the plan that is there holds a model's proposal already, or the brief is
    another one and no amendment was asked for.
    """
    facts, library = repository_facts(workspace), load_library(workspace)
    found = read_state(workspace)
    if found is None:
        base, frozen = make_plan(brief, facts, library, today=date.today()), set[str]()
    else:
        plan = check(found.plan)
        same = same_brief(brief, plan.brief)
        if (same and plan.origin == WITH_MODEL) or _digest(brief) in plan.ext.get(_FORMER, ()) or not (same or amend):
            return None
        states = load_states(workspace, database, plan)
        frozen = touched(states)
        base = (
            plan
            if same
            else amend_plan(plan, brief, facts, frozen, library, today=date.today(), done=finished(states)).plan
        )
    return base, ground_of(base, library, facts), frozen


def _make(
    workspace: Workspace, database: StateDatabase, brief: str, proposed: Proposed | None, unsaved: Collection[str]
) -> Planned:
    facts, library = repository_facts(workspace), load_library(workspace)
    plan, said = make_plan(brief, facts, library, today=date.today()), tuple[str, ...]()
    if proposed is not None:
        plan, said = _with_proposal(plan, proposed, ground_of(plan, library, facts), set())
    plan = optimised_unasked(plan)
    done = write_spec(
        workspace, database, None, plan, f"Plan: {plan.title}", unsaved, "plan.made", **_told(plan, proposed)
    )
    _forget_answers(database, proposed)
    states = load_states(workspace, database, plan)
    return Planned(plan, states, "made", done.commit, (*workspace.notes, *said, *done.notes))


def _with_proposal(
    plan: Plan, proposed: Proposed, ground: Ground, frozen: Container[str]
) -> tuple[Plan, tuple[str, ...]]:
    """The plan with what a model proposed, and what became of that, in sentences."""
    made = repaired(proposed.document, plan, ground, frozen=frozen)
    before = {task.id: task for task in plan.tasks}
    new = [task.id for task in made.plan.tasks if task.id not in before]
    changed = [task.id for task in made.plan.tasks if task.id in before and task.origin != before[task.id].origin]
    told = [f"added {', '.join(new)}"] if new else []
    told += [f"changed {', '.join(changed)}"] if changed else []
    notes = [f"{proposed.model} {' and '.join(told) or 'had nothing to add'}."]
    notes += [f"  {finding.sentence()}" for finding in made.findings[:_FINDINGS] if finding.outcome != "kept"]
    if (more := len(made.findings) - _FINDINGS) > 0:
        notes.append(f"  … and {more} more things of its proposal were mended or left out")
    notes += [f"  {task.id}: {each}" for task in made.plan.tasks for each in task.ext.get("warnings", ())]
    return replace(made.plan, ext={**made.plan.ext, _PROPOSED_BY: proposed.model}), tuple(notes)


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
    workspace: Workspace,
    database: StateDatabase,
    found: SpecRead,
    brief: str | None,
    proposed: Proposed | None,
    unsaved: Collection[str],
) -> Planned:
    """The plan brought to another brief (None: it stays as it is), and to what a model proposed."""
    old = found.plan
    states = load_states(workspace, database, old)
    facts, library, frozen = repository_facts(workspace), load_library(workspace), touched(states)
    target, said, evidence = old, tuple[str, ...](), ""
    ext: dict[str, Any] = {}
    if brief is not None:
        target = amend_plan(old, brief, facts, frozen, library, today=date.today(), done=finished(states)).plan
        ext = {_FORMER: [*old.ext.get(_FORMER, ()), _digest(old.brief)]}
        evidence = " ".join(brief.split())[:300]
        stated = find_constraints(brief, date.today(), frozenset(library.words.get("verbs", ())))
        said = (*overruled(target.budget, stated), *fields_left_out(old, target, frozen))
    if proposed is not None:
        target, told_of_it = _with_proposal(target, proposed, ground_of(target, library, facts), frozen)
        said += told_of_it
        ext |= {_PROPOSED_BY: proposed.model}
        evidence = evidence or f"proposed by {proposed.model}"
    made = amended(old, target, frozen, evidence)
    if wrong := amendment_violations(old, made.patch, made.plan, ground_of(made.plan, library, facts), states):
        raise RepairUnsound(wrong)
    plan = replace(made.plan, ext={**made.plan.ext, **ext})
    # Noted first: a process killed after the writing could not be taken back otherwise.
    note_amendment(database, old, plan, made.patch)
    summary = _summary(made)
    message = f"Plan: {plan.title} (revision {plan.revision})\n\n{summary}"
    told = _told(plan, proposed)
    done = write_spec(workspace, database, found, plan, message, unsaved, "plan.amended", **told)
    _forget_answers(database, proposed)
    states = load_states(workspace, database, done.plan)
    notes = (summary, *said, *found.notes, *done.notes)
    return Planned(done.plan, states, "amended", done.commit, notes, replace(made, plan=done.plan))


def note_amendment(database: StateDatabase, before: Plan, after: Plan, patch: PlanPatch) -> None:
    """Keep what an amendment changed, so that it can be taken back."""
    with database.transaction() as connection:
        blobs = {
            name: put_blob(connection, zlib.compress(dump(plan).encode()))
            for name, plan in (("before", before), ("after", after))
        }
        journal.append(connection, REPLANNED, before.id, revision=after.revision, patch=patch.to_json(), amended=blobs)


def _told(plan: Plan, proposed: Proposed | None) -> dict[str, Any]:
    return {"tasks": len(plan.tasks), "model": proposed.model if proposed is not None else None}


def _forget_answers(database: StateDatabase, proposed: Proposed | None) -> None:
    """The plan that was made of a model's answers is written: they are not needed any more."""
    if proposed is not None:
        StepLog(database, proposed.run).forget()


def _summary(made: Amendment) -> str:
    parts = [
        f"{word}: {', '.join(names)}"
        for word, names in (("Added", made.added), ("Changed", made.changed), ("Superseded", made.superseded))
        if names
    ]
    return "; ".join(parts) + "." if parts else "No task changed."


def _digest(brief: str) -> str:
    return hashlib.sha256(" ".join(brief.split()).encode("utf-8", "replace")).hexdigest()[:16]
