"""Edits of one task: written to project-spec.md, committed with their reason, and taken back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from nootropic_kernel.agents.planner import current_spec
from nootropic_kernel.agents.run_marks import mark_tried
from nootropic_kernel.agents.spec_edits import SpecEdit, edit_spec
from nootropic_kernel.agents.task_states import load_states
from nootropic_kernel.planning.edits.dependencies import known_task
from nootropic_kernel.planning.edits.task import TaskEdit, edited, sentence
from nootropic_kernel.planning.edits.undo import difference_record, undone
from nootropic_kernel.planning.errors import UndoRefused
from nootropic_kernel.planning.model import Plan, TaskState
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace

EDITED, TAKEN_BACK = "plan.task-edited", "plan.task-edit-undone"
_WRITTEN = "plan.edited"  # told by whoever writes the file, after our note of the same revision


@dataclass(frozen=True)
class TaskEdited:
    """What became of an edit: the plan before and after it, and the commit."""

    task: str
    before: Plan
    plan: Plan
    states: dict[str, TaskState]
    action: Literal["edited", "undone", "shown"]
    commit: str | None = None
    notes: tuple[str, ...] = ()


def edit_task(
    workspace: Workspace, database: StateDatabase, edit: TaskEdit, *, unsaved: Collection[str] = ()
) -> TaskEdited:
    """Edit one task; an edit that changes nothing writes nothing (see :func:`planning.edits.task.edited`)."""

    def change(plan: Plan) -> Plan:
        states = load_states(workspace, database, plan)
        after = edited(plan, states, edit)
        task = known_task(plan, edit.task)
        if edit.status in ("pending", "ready") and states[task.id].status == "failed" != task.status:
            mark_tried(database, plan, task, None)  # a run of it failed, and the person takes it up again
        if after != plan:
            # Noted first: an edit that a killed process has written could not be taken back otherwise. Of two notes
            # for one revision the later counts.
            _note(database, EDITED, plan, task=edit.task, record=difference_record(plan, after))
        return after

    done = edit_spec(workspace, database, change, f"Task {sentence(edit)}", unsaved)
    return _made(workspace, database, edit.task, done, "edited")


def undo_task_edit(
    workspace: Workspace,
    database: StateDatabase,
    task: str = "",
    revision: int | None = None,
    *,
    unsaved: Collection[str] = (),
) -> TaskEdited:
    """Take back the latest edit of a task, or of any; one taken back already is passed over.

    :param revision: the edit that led to this revision.
    :raises UndoRefused: when there is none.
    :raises TaskFrozen: when the plan was worked on since.
    """
    plan = current_spec(workspace).plan
    entry = _latest(database, plan, task, revision)
    name, of = str(entry["task"]), int(entry["revision"])

    def change(plan: Plan) -> Plan:
        states = load_states(workspace, database, plan)
        after = undone(plan, states, entry["record"], name, latest=plan.revision == of)
        _note(database, TAKEN_BACK, plan, task=name, of=of)
        return after

    done = edit_spec(workspace, database, change, f"Take back an edit of {name} (revision {of})", unsaved)
    return _made(workspace, database, name, done, "undone")


def _made(
    workspace: Workspace, database: StateDatabase, task: str, done: SpecEdit, action: Literal["edited", "undone"]
) -> TaskEdited:
    states = load_states(workspace, database, done.plan)
    same = done.plan.revision == done.before.revision
    return TaskEdited(task, done.before, done.plan, states, "shown" if same else action, done.commit, done.notes)


def _latest(database: StateDatabase, plan: Plan, task: str, revision: int | None) -> dict[str, Any]:
    """The newest edit that stands: noted for a revision that the plan has, and not taken back."""
    notes = {
        int(event.data["revision"]): event
        for event in journal.events(database.read(), subject=plan.id)
        if event.kind != _WRITTEN and isinstance(event.data.get("revision"), int)
    }
    past = {number: event for number, event in notes.items() if number <= plan.revision}
    gone = {event.data.get("of") for event in past.values() if event.kind == TAKEN_BACK}
    for number in sorted(past, reverse=True):
        event = past[number]
        fits = task in ("", event.data.get("task")) and revision in (None, number)
        if event.kind == EDITED and number not in gone and fits:
            return event.data
    raise UndoRefused(
        f"There is no edit of {task} to take back." if task else "There is no edit of a task to take back.",
        why="Edits are noted in this workspace's journal, which stays on the machine and is lost with .nootropic/.",
        next="`git log project-spec.md` shows the edits with their commits; `git revert` takes one back.",
    )


def _note(database: StateDatabase, kind: str, plan: Plan, **data: Any) -> None:
    with database.transaction() as connection:
        journal.append(connection, kind, plan.id, revision=plan.revision + 1, **data)
