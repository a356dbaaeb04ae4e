"""project-spec.md as a file that several hold at once: read, merged with what was edited meanwhile, written, committed.

Whoever writes it holds the workspace's lock, so two verbs come one after the other. An editor knows no lock: it may
save while a verb works, and it may save an older revision over a newer one. Both sides' edits are then merged; what
was changed in two ways is refused, and the file stays as the person left it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from nootropic_kernel.agents.spec_commit import commit_plan, committed_plan, has_edits, head_is_behind
from nootropic_kernel.agents.spec_file import NoPlan, SpecRead, read_state, spec_notes
from nootropic_kernel.agents.spec_history import Revision, SpecHistory
from nootropic_kernel.agents.spec_ids import last_given
from nootropic_kernel.changes.commit import Repository
from nootropic_kernel.changes.files import FileMoved, FileState, replace_file
from nootropic_kernel.changes.turns import turn_lock
from nootropic_kernel.planning.errors import PlanInvalid, SpecConflict
from nootropic_kernel.planning.model import LAST_TASK, Plan
from nootropic_kernel.planning.spec.file import FILE_NAME, canonical, dump, read
from nootropic_kernel.planning.spec.merge import changes, merge
from nootropic_kernel.planning.validate import check
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace

_DRAFT = f".{FILE_NAME}.noo"
_EDITED = "plan.edited"
_TRIES = 5  # how often an editor may save between our reading and our writing
_LINES = 20


class SpecUnsaved(NootropicError):
    """project-spec.md has unsaved edits in an open tab."""

    def __init__(self) -> None:
        super().__init__(
            "project-spec.md has unsaved edits in an open tab.",
            why="Writing it now would overwrite them or be overwritten by them.",
            next="Save or close the tab, then plan again.",
        )


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
    """Change the plan, and write and commit project-spec.md with what was changed and why.

    What was edited by hand, before or at the same moment, is kept. A change that changes nothing writes nothing.

    :param change: gets the plan as it is now and returns it changed; its revision is counted up here.
    :param why: the commit's first line.
    :param unsaved: paths with unsaved edits in open tabs.
    :raises NoPlan: when there is no project-spec.md.
    :raises PlanInvalid: when the changed plan breaks a rule, a circle for instance.
    :raises SpecConflict: when somebody changed the same at the same moment; nothing is written.
    :raises SpecUnsaved: when it has unsaved edits in an open tab.
    """
    with turn_lock(workspace, database):
        found = settled_spec(workspace, database, unsaved)
        before = check(found.plan)
        changed = change(before)
        if changed == before:
            return SpecEdit(before, before, notes=found.notes)
        plan = check(replace(changed, revision=before.revision + 1, parent_revision=before.revision))
        lines = changes(before, plan)
        more = [f"… and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
        message = "\n".join([" ".join(why.split()), "", *lines[:_LINES], *more])
        done = write_spec(workspace, database, found, plan, message, unsaved, _EDITED, why=why, changes=lines)
        return replace(done, notes=(*found.notes, *done.notes))


def settled_spec(workspace: Workspace, database: StateDatabase, unsaved: Collection[str] = ()) -> SpecRead:
    """The plan's file for whoever is about to write it; the caller holds the lock.

    A write that was broken off is committed or forgotten; a revision that an editor saved over is merged back in. The
    plan remembers the ids of tasks that were taken out by hand.

    :raises NoPlan: when there is no project-spec.md.
    :raises SpecConflict: when both changed the same thing.
    """
    found = _settled(workspace, database, unsaved)
    last = last_given(workspace, database, found.plan)
    if last < found.plan.next_task():
        return found
    plan = replace(found.plan, ext={**found.plan.ext, LAST_TASK: f"T{last}"})
    return replace(found, spec=replace(found.spec, plan=plan))


def _settled(workspace: Workspace, database: StateDatabase, unsaved: Collection[str]) -> SpecRead:
    found = read_state(workspace)
    if found is None:
        raise NoPlan
    history = SpecHistory(database, found.plan.id)
    latest = history.latest()
    if latest is not None and not latest.finished:
        found, latest = resumed(workspace, history, latest, found), history.latest()
    merged = _brought_together(workspace, latest, history, found) if latest is not None else None
    if merged is None:
        return found
    message = f"Bring together edits of project-spec.md (revision {merged.revision})"
    done = write_spec(workspace, database, found, merged, message, unsaved)
    again = read_state(workspace)
    if again is None:
        raise NoPlan
    return replace(again, notes=(*found.notes, _saved_over(merged), *done.notes))


def shown_spec(workspace: Workspace, database: StateDatabase) -> SpecRead:
    """The plan as it will be once somebody writes it: with a revision that an editor saved over. Writes nothing.

    :raises NoPlan: when there is no project-spec.md.
    """
    found = read_state(workspace)
    if found is None:
        raise NoPlan
    history = SpecHistory(database, found.plan.id)
    latest = history.latest()
    if latest is None or not latest.finished:
        return found
    try:
        merged = _brought_together(workspace, latest, history, found)
    except (SpecConflict, PlanInvalid) as problem:
        return replace(found, notes=(str(problem),))
    if merged is None:
        return found
    return SpecRead(found.state, replace(found.spec, plan=merged), (_saved_over(merged),))


def _saved_over(merged: Plan) -> str:
    return f"project-spec.md was saved over revision {merged.parent_revision}; both edits are brought together."


def write_spec(
    workspace: Workspace,
    database: StateDatabase,
    found: SpecRead | None,
    plan: Plan,
    message: str,
    unsaved: Collection[str],
    kind: str = "",
    **told: Any,
) -> SpecEdit:
    """Write project-spec.md, whole or not at all, and commit it alone; the caller holds the lock.

    :param found: what the plan was made from; None where there was no file.
    :param kind: the journal's event for it, with ``told`` as its data.
    :raises SpecUnsaved: when it has unsaved edits in an open tab.
    :raises SpecConflict: when somebody saved the file meanwhile and changed the same.
    """
    if FILE_NAME in unsaved:
        raise SpecUnsaved
    notes = list(spec_notes(found.spec)) if found is not None else []
    if found is not None and has_edits(workspace):
        notes.append("Your own edits of project-spec.md were kept; they are part of this commit.")
    before = found.plan if found is not None else plan
    history = SpecHistory(database, plan.id)
    for attempt in range(_TRIES):
        content = dump(plan).encode("utf-8")
        base = (found.plan.revision, found.state.content) if found is not None else None
        history.intend(plan.revision, content, message, base)
        try:
            _replace(workspace, found, content)
            break
        except FileMoved:
            history.drop(plan.revision)
            now = read_state(workspace)
            older = _edited_from(now, found, history) if now is not None and found is not None else None
            if now is None or older is None or attempt == _TRIES - 1:
                raise
            plan = canonical(check(merge(older, plan, now.plan)))
            notes += [*spec_notes(now.spec), "project-spec.md was saved meanwhile; both edits were kept."]
            found = now
    commit, refused = commit_plan(workspace, plan, message, content)
    history.finish(plan.revision, commit, kind, **told)
    return SpecEdit(before, plan, commit, (*notes, *refused))


def _edited_from(now: SpecRead, found: SpecRead, history: SpecHistory) -> Plan | None:
    """What an editor that saved just now had opened: what we read, or an older revision."""
    if now.plan.revision == found.plan.revision:
        return found.plan
    older = history.find(now.plan.revision) if now.plan.revision < found.plan.revision else None
    return read(older.seen.decode("utf-8")).plan if older is not None else None


def _replace(workspace: Workspace, found: SpecRead | None, content: bytes) -> None:
    before = found.state if found is not None else None
    after = FileState(content, before.mode if before else 0o644)
    replace_file(workspace.root, FILE_NAME, before, after, draft=_DRAFT)


def resumed(workspace: Workspace, history: SpecHistory, latest: Revision, found: SpecRead) -> SpecRead:
    """After a kill: what was written is committed, what was not is forgotten, as nobody was told of it.

    Where an editor saved since, nobody can tell whether it was written: it is taken as if it was, so nothing is lost.
    """
    if found.plan.revision != latest.revision:
        if latest.base is not None and latest.base != found.state.content:
            history.finish(latest.revision, None)
        else:
            history.drop(latest.revision)
        return found
    commit, notes = None, list[str]()
    if workspace.has_git:
        repository = Repository(workspace.root, workspace.state_dir)
        if head_is_behind(repository, found.plan):
            commit, notes = commit_plan(workspace, found.plan, latest.message, latest.content)
        else:
            commit = repository.git.text("log", "-1", "--format=%H", "--", FILE_NAME).strip() or None
    kind = "plan.made" if latest.base is None else _EDITED
    history.finish(latest.revision, commit, kind, resumed=True, tasks=len(found.plan.tasks))
    return replace(found, notes=(*found.notes, *notes))


def _brought_together(workspace: Workspace, latest: Revision, history: SpecHistory, found: SpecRead) -> Plan | None:
    """The merged plan when an editor saved an older revision over the latest one; None when nobody did.

    Who goes back on purpose (by Git, or to a revision just as it was) is left alone.
    """
    if found.plan.revision >= latest.revision:
        return None
    base = history.find(found.plan.revision)
    if base is None or base.content == found.state.content:
        return None
    ours = read(latest.content.decode("utf-8")).plan
    if latest.commit is not None:
        committed = committed_plan(Repository(workspace.root, workspace.state_dir)) if workspace.has_git else None
        if committed is None or (committed.id, committed.revision) != (ours.id, latest.revision):
            return None
        ours = committed
    merged = merge(read(base.seen.decode("utf-8")).plan, ours, found.plan)
    return canonical(check(replace(merged, revision=latest.revision + 1, parent_revision=latest.revision)))
