"""The replanning agent: heals the plan of a workspace around a task, commits project-spec.md, and takes that back."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from textwrap import shorten
from typing import Any, Literal

from nootropic_kernel.agents.planner import REPLANNED
from nootropic_kernel.agents.repository_facts import repository_facts
from nootropic_kernel.agents.spec_commit import commit_plan, head_is_behind
from nootropic_kernel.agents.spec_edits import settled_spec, write_spec
from nootropic_kernel.agents.spec_file import NoPlan, SpecRead, read_state, spec_notes
from nootropic_kernel.agents.task_states import finished, load_states, touched
from nootropic_kernel.changes.commit import Repository
from nootropic_kernel.changes.turns import turn_lock
from nootropic_kernel.planning.errors import RepairUnsound, UndoRefused
from nootropic_kernel.planning.healing.patch import Event, PlanPatch, apply, handled
from nootropic_kernel.planning.healing.proofs import new_violations
from nootropic_kernel.planning.healing.reason import reason_told
from nootropic_kernel.planning.healing.replan import replan
from nootropic_kernel.planning.healing.situation import ground_of
from nootropic_kernel.planning.healing.take_back import former, latest, take_back, take_back_amendment
from nootropic_kernel.planning.methods.library import load_library
from nootropic_kernel.planning.model import Plan, TaskState
from nootropic_kernel.planning.reading.lexicon import Lexicon
from nootropic_kernel.planning.schedule.optimise import tightened
from nootropic_kernel.planning.spec.file import read
from nootropic_kernel.planning.validate import check
from nootropic_kernel.planning.views.board import passed_hours
from nootropic_kernel.planning.views.patch import summary
from nootropic_kernel.telemetry.ledger import Ledger
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, get_blob
from nootropic_kernel.workspace.location import Workspace

_SUBJECT = 60  # signs of what was said, in the subject of a commit
TAKEN_BACK = "plan.replan-undone"


@dataclass(frozen=True)
class Replanned:
    """What became of a replan: the plan before and after, the patch between them, and the commit."""

    before: Plan
    plan: Plan
    patch: PlanPatch
    states: dict[str, TaskState]
    action: Literal["replanned", "shown", "dry run", "undone"]
    commit: str | None = None
    notes: tuple[str, ...] = ()


def replan_task(
    workspace: Workspace,
    database: StateDatabase,
    event: Event,
    *,
    hours: float | None = None,
    dry_run: bool = False,
    unsaved: Collection[str] = (),
) -> Replanned:
    """Heal the plan around a task; the same event again, or a dry run, changes nothing.

    :param hours: for an event ``late``: how long the task takes in all.
    :raises Unrepairable: when no way is left (see :func:`planning.healing.replan.replan` for the others).
    """
    with turn_lock(workspace, database):
        spec = read_state(workspace) if dry_run else settled_spec(workspace, database, unsaved)
        if spec is None:
            raise NoPlan
        check(spec.plan)
        states = load_states(workspace, database, spec.plan)
        if (entry := handled(spec.plan, event)) is not None:
            return _shown(workspace, spec, states, event, entry)
        spent = spent_by_task(workspace, spec.plan)
        passed = passed_hours(spec.plan, date.today())
        ground = ground_of(spec.plan, load_library(workspace), repository_facts(workspace), spent, passed)
        patch = replan(spec.plan, event, ground, states, hours)
        frozen = touched(states) - ({event.task} if event.kind != "wrong" else set())
        plan = apply(spec.plan, patch, frozen)
        if wrong := new_violations(spec.plan, patch, plan, ground, states, hours):
            raise RepairUnsound(wrong)
        # After the proofs, which compare with the repair as it came: only times change.
        if (tighter := tightened(spec.plan, patch, frozen, finished(states))) != patch:
            patch, plan = tighter, apply(spec.plan, tighter, frozen)
        told = tuple(filter(None, [reason_told(patch, Lexicon(ground.library))]))
        if dry_run:
            return Replanned(spec.plan, plan, patch, states, "dry run", notes=(*told, *spec_notes(spec.spec)))
        # Noted first: a process killed after the writing could not be taken back otherwise. Of two notes for one
        # revision the later counts.
        was = former(spec.plan, plan, patch)
        _journal(database, REPLANNED, plan, patch=patch.to_json(), was=was)
        done = write_spec(workspace, database, spec, plan, _message(spec.plan, event, patch), unsaved)
        states = load_states(workspace, database, done.plan)
        notes = (*told, *spec.notes, *done.notes)
        return Replanned(spec.plan, done.plan, patch, states, "replanned", done.commit, notes)


def undo_replan(
    workspace: Workspace,
    database: StateDatabase,
    task: str = "",
    revision: int | None = None,
    *,
    unsaved: Collection[str] = (),
) -> Replanned:
    """Take back the latest replan (of a task or revision, if one is named); one taken back already stays so.

    :raises UndoRefused: when there is none, its record is gone, or its tasks were worked on since.
    """
    with turn_lock(workspace, database):
        spec = settled_spec(workspace, database, unsaved)
        check(spec.plan)
        states = load_states(workspace, database, spec.plan)
        entry = latest(spec.plan, task, revision)
        if entry is None:
            raise UndoRefused(
                "There is no such replan to take back.",
                next="`git log project-spec.md` shows what became of the plan, with the revisions.",
            )
        if entry.get("undone"):
            said = (
                f"The replan of revision {entry['revision']} was taken back already, in revision {entry['undone']}. "
                "An earlier one is taken back by its revision: `noo replan --undo --revision 2`."
            )
            return Replanned(spec.plan, spec.plan, PlanPatch(spec.plan.revision), states, "shown", notes=(said,))
        kept = _kept(database, spec.plan, int(entry["revision"]))
        patch = PlanPatch.from_json(kept["patch"])
        if entry["kind"] == "amended":
            what = "amendment"
            before, after = _plans(database, kept["amended"], int(entry["revision"]))
            plan = take_back_amendment(spec.plan, entry, before, after, states)
        else:
            what = f"replan of {entry['task']}"
            plan = take_back(spec.plan, entry, patch, kept["was"], states)
        message = f"Take back the {what} (revision {plan.revision})\n\nIt was: {_line(str(entry['evidence']))}"
        done = write_spec(workspace, database, spec, plan, message, unsaved, TAKEN_BACK, of=entry["revision"])
        states = load_states(workspace, database, done.plan)
        return Replanned(spec.plan, done.plan, patch, states, "undone", done.commit, (*spec.notes, *done.notes))


def spent_by_task(workspace: Workspace, plan: Plan) -> dict[str, float]:
    """What the tasks of a plan cost so far by the ledger, in US dollars; what belongs to no task under the empty id."""
    spent: dict[str, float] = {}
    for call in Ledger().calls(workspace=str(workspace.root)):
        if call.plan == plan.id and call.usd is not None:
            spent[call.task or ""] = spent.get(call.task or "", 0.0) + call.usd
    return spent


def _shown(
    workspace: Workspace, spec: SpecRead, states: dict[str, TaskState], event: Event, entry: dict[str, Any]
) -> Replanned:
    """A replan that was done before; a commit that Git refused, or that a killed process did not reach, is made now."""
    commit, said = None, [*spec.notes, *spec_notes(spec.spec)]
    if workspace.has_git and head_is_behind(Repository(workspace.root, workspace.state_dir), spec.plan):
        commit, refused = commit_plan(workspace, spec.plan, f"Replan around {event.task}: {_line(event.evidence)}")
        said += refused
    said.insert(0, f"The plan was healed of this already, in revision {entry['revision']}.")
    patch = PlanPatch(spec.plan.revision, event)
    return Replanned(spec.plan, spec.plan, patch, states, "shown", commit, tuple(said))


def _message(before: Plan, event: Event, patch: PlanPatch) -> str:
    said = shorten(event.evidence, _SUBJECT, placeholder=" …") if event.kind == "failed" else event.kind
    return f"Replan around {event.task}: {said}\n\n{_line(event.evidence)}\n\n{summary(before, patch)}"


def _line(text: str) -> str:
    return " ".join(text.split())[:500]


def _kept(database: StateDatabase, plan: Plan, revision: int) -> dict[str, Any]:
    """What the journal has of a replan."""
    for event in reversed(journal.events(database.read(), kind=REPLANNED, subject=plan.id)):
        if event.data.get("revision") == revision:
            return event.data
    raise _unknown(revision)


def _plans(database: StateDatabase, blobs: dict[str, str], revision: int) -> tuple[Plan, Plan]:
    """The plan before and after an amendment."""
    found = [get_blob(database.read(), blobs[name]) for name in ("before", "after")]
    before, after = (read(zlib.decompress(data).decode()).plan if data is not None else None for data in found)
    if before is None or after is None:
        raise _unknown(revision)
    return before, after


def _unknown(revision: int) -> UndoRefused:
    return UndoRefused(
        f"The replan of revision {revision} is not in this workspace's journal.",
        why="The journal stays on the machine where the replan was made, and is lost with .nootropic/.",
        next="`git log project-spec.md` shows its commit; `git revert` takes that back.",
        revision=revision,
    )


def _journal(database: StateDatabase, kind: str, plan: Plan, **data: Any) -> None:
    with database.transaction() as connection:
        journal.append(connection, kind, plan.id, revision=plan.revision, **data)
