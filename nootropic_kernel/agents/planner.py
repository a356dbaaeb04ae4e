"""The planning agent: makes, shows and amends the plan of a workspace, and commits project-spec.md and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from nootropic_kernel.agents.repository_facts import repository_facts
from nootropic_kernel.agents.task_states import load_states, touched
from nootropic_kernel.changes.commit import REGULAR, CommitRefused, Entry, GitBusy, Repository
from nootropic_kernel.changes.files import FileState, read_file, replace_file
from nootropic_kernel.changes.turns import turn_lock
from nootropic_kernel.planning.amend import Amendment
from nootropic_kernel.planning.errors import BriefUnusable, SpecUnreadable
from nootropic_kernel.planning.methods import load_library
from nootropic_kernel.planning.model import Plan, TaskState, same_brief
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.spec_file import FILE_NAME, Spec, dump, read
from nootropic_kernel.planning.validate import check
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError, UsageError
from nootropic_kernel.workspace.location import Workspace

_DRAFT = f".{FILE_NAME}.noo"
_FORMER = "former_briefs"  # in the plan's ext: digests of the briefs it was amended away from


class NoPlan(NootropicError):
    """There is no project-spec.md in this workspace."""

    def __init__(self) -> None:
        super().__init__(
            "There is no plan here yet.",
            next='Write a brief below `%%noo plan`, or run `noo plan --brief "…"`.',
        )


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


class SpecUnsaved(NootropicError):
    """project-spec.md has unsaved edits in an open tab."""

    def __init__(self) -> None:
        super().__init__(
            "project-spec.md has unsaved edits in an open tab.",
            why="Writing it now would overwrite them or be overwritten by them.",
            next="Save or close the tab, then plan again.",
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


def current_spec(workspace: Workspace) -> Spec:
    """The plan of the workspace.

    :raises NoPlan: when there is no project-spec.md.
    :raises SpecForeign: when it is not ours.
    :raises SpecUnreadable: with the line that breaks the grammar.
    :raises PlanInvalid: when it is readable and breaks a rule.
    """
    spec = read_spec(workspace)
    if spec is None:
        raise NoPlan
    check(spec.plan)
    return spec


def current_plan(workspace: Workspace, database: StateDatabase) -> Planned:
    """The plan of the workspace with the states of its tasks (see :func:`current_spec`)."""
    spec = current_spec(workspace)
    return Planned(spec.plan, load_states(workspace, database, spec.plan), "shown", notes=spec_notes(spec))


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
        spec = read_spec(workspace)
        if spec is None:
            if amend:
                raise NoPlan
            return _make(workspace, database, brief, unsaved)
        check(spec.plan)
        if not brief.strip():
            raise BriefUnusable("The brief is empty.", next="Write what is to be made; `noo board` shows the plan.")
        if same_brief(brief, spec.plan.brief):
            return _show(workspace, database, spec)
        if _digest(brief) in spec.plan.ext.get(_FORMER, ()):
            note = f"This brief was amended since: shown is revision {spec.plan.revision}, made for a later brief."
            return _show(workspace, database, spec, note)
        if not amend:
            raise AmendmentNeeded(spec.plan)
        return _amend(workspace, database, spec, brief, unsaved)


def _make(workspace: Workspace, database: StateDatabase, brief: str, unsaved: Collection[str]) -> Planned:
    plan = make_plan(brief, repository_facts(workspace), load_library(workspace), today=date.today())
    write_plan(workspace, plan, unsaved)
    commit, notes = commit_plan(workspace, plan, f"Plan: {plan.title}")
    _journal(database, "plan.made", plan, commit)
    return Planned(plan, load_states(workspace, database, plan), "made", commit, (*workspace.notes, *notes))


def _show(workspace: Workspace, database: StateDatabase, spec: Spec, *notes: str) -> Planned:
    """The plan as it is; a commit that Git refused before, or that a killed process did not reach, is made up for."""
    commit = None
    said = [*notes, *spec_notes(spec)]
    if workspace.has_git:
        repository = Repository(workspace.root, workspace.state_dir)
        if head_is_behind(repository, spec.plan):
            commit, refused = commit_plan(workspace, spec.plan, f"Plan: {spec.plan.title}")
            said += refused
    return Planned(spec.plan, load_states(workspace, database, spec.plan), "shown", commit, tuple(said))


def _amend(workspace: Workspace, database: StateDatabase, spec: Spec, brief: str, unsaved: Collection[str]) -> Planned:
    old = spec.plan
    states = load_states(workspace, database, old)
    facts, library = repository_facts(workspace), load_library(workspace)
    made = amend_plan(old, brief, facts, touched(states), library, today=date.today())
    former = [*old.ext.get(_FORMER, ()), _digest(old.brief)]
    plan = replace(made.plan, ext={**made.plan.ext, _FORMER: former})
    notes = list(spec_notes(spec))
    if has_edits(workspace):
        notes.append("Your own edits of project-spec.md were kept; they are part of this commit.")
    write_plan(workspace, plan, unsaved)
    summary = _summary(made)
    commit, refused = commit_plan(workspace, plan, f"Plan: {plan.title} (revision {plan.revision})\n\n{summary}")
    _journal(database, "plan.amended", plan, commit)
    states = load_states(workspace, database, plan)
    return Planned(plan, states, "amended", commit, (summary, *notes, *refused), replace(made, plan=plan))


def head_is_behind(repository: Repository, plan: Plan) -> bool:
    """Whether HEAD lacks this revision of the plan. Edits by hand of the same revision are the person's to commit."""
    committed = repository.content(repository.in_head(FILE_NAME))
    if committed is None:
        return True
    try:
        return read(committed.decode("utf-8")).plan.revision < plan.revision
    except (NootropicError, UnicodeDecodeError):
        return False


def read_spec(workspace: Workspace) -> Spec | None:
    """project-spec.md as it is, or None; unlike :func:`current_spec` it may break rules that plans keep."""
    state = read_file(workspace.root, FILE_NAME)
    if state is None:
        return None
    try:
        return read(state.content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = state.content[: error.start].count(b"\n") + 1
        raise SpecUnreadable(line, "it is not UTF-8 text") from None


def write_plan(workspace: Workspace, plan: Plan, unsaved: Collection[str]) -> None:
    """Write project-spec.md, whole or not at all.

    :raises SpecUnsaved: when it has unsaved edits in an open tab.
    """
    if FILE_NAME in unsaved:
        raise SpecUnsaved
    before = read_file(workspace.root, FILE_NAME)
    after = FileState(dump(plan).encode("utf-8"), before.mode if before else 0o644)
    replace_file(workspace.root, FILE_NAME, before, after, draft=_DRAFT)


def has_edits(workspace: Workspace) -> bool:
    """Whether project-spec.md differs from what is committed."""
    if not workspace.has_git:
        return False
    state = read_file(workspace.root, FILE_NAME)
    content = state.content if state else None
    return Repository(workspace.root, workspace.state_dir).differs_from_head(FILE_NAME, content)


def commit_plan(workspace: Workspace, plan: Plan, message: str) -> tuple[str | None, list[str]]:
    """Commit project-spec.md alone; what Git does not let through is told, the file stays written."""
    if not workspace.has_git:
        return None, []
    repository = Repository(workspace.root, workspace.state_dir)
    if repository.git.is_ignored(FILE_NAME):
        return None, ["project-spec.md is written, not committed: Git ignores it here."]
    state = read_file(workspace.root, FILE_NAME)
    assert state is not None
    try:
        repository.check_ready()
        before, staged, parent = repository.in_head(FILE_NAME), repository.in_index(FILE_NAME), repository.git.head()
        content = repository.clean(FILE_NAME, state.content)
        assert content is not None
        entry = Entry(repository.store(content), before.mode if before else REGULAR)
        commit = repository.commit({FILE_NAME: entry}, f"{message}\n\nNootropic-Plan: {plan.id}\n", parent)
        if staged == before:  # a person who staged something else of it keeps that
            repository.stage({FILE_NAME: entry})
    except (CommitRefused, GitBusy) as refusal:
        return None, [f"project-spec.md is written, not committed: {refusal.what} {refusal.why}".strip()]
    return commit, []


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


def spec_notes(spec: Spec) -> tuple[str, ...]:
    """What stands in project-spec.md beside the grammar, in sentences."""
    return tuple(f"project-spec.md, {note.sentence()}." for note in spec.notes)


def _digest(brief: str) -> str:
    return hashlib.sha256(" ".join(brief.split()).encode("utf-8", "replace")).hexdigest()[:16]
