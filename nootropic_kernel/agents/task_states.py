"""How far each task of a plan really is: from proposals and their hunks, or from Git when those were lost.

A task is done when all hunks of a proposal for it are decided and at least one was accepted; in review while some
are pending; and ready again when all were rejected or undone. What a proposal does beside that, such as the start of a
project, is done with the whole of it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType

from nootropic_kernel.agents import run_marks
from nootropic_kernel.changes.changeset import HunkState
from nootropic_kernel.changes.overview import ProposalHead
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.checks.tests_run.changed import is_test
from nootropic_kernel.planning.model import GIVEN_UP, Plan, Task, TaskState
from nootropic_kernel.planning.schedule.assign import waits_for_budget
from nootropic_kernel.planning.spec.file import FILE_NAME
from nootropic_kernel.runs.lock import at_work
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.git import Git
from nootropic_kernel.workspace.location import Workspace

_MOST_NAMED = 3
_STATED = ("done", "superseded", "cancelled", "deferred", "blocked", "failed")


def load_states(workspace: Workspace, database: StateDatabase, plan: Plan) -> dict[str, TaskState]:
    """The effective state of every task of the plan that is kept in this workspace."""
    removed, landed = _from_git(workspace)
    made = journal.events(database.read(), kind="plan.made", subject=plan.id)
    # Not the commit that brought the plan into Git: one that was refused, or a plan that came as a file, gets there
    # later than proposals for it, with an amendment perhaps.
    since = made[-1].at if made else removed
    proposals = [
        proposal
        for proposal in ProposalStore(database, workspace).overview().proposals
        if since is None or proposal.created >= since
    ]
    running = at_work(workspace.state_dir / "runs")
    satisfied, failed = run_marks.satisfied(database, plan, proposals), run_marks.failed(database, plan, since)
    return task_states(plan, proposals, landed, satisfied, running, failed)


def task_states(
    plan: Plan,
    proposals: Sequence[ProposalHead],
    landed: Mapping[str, str] | None = None,
    satisfied: Container[str] = (),
    running: Container[str] = (),
    failed: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, TaskState]:
    """The state of every task.

    :param proposals: the proposals made for this plan.
    :param landed: for tasks whose latest commit stands, that commit; used where no proposal is known.
    :param satisfied: tasks that were tried and left nothing to do, after all that was decided about them.
    :param running: tasks that a process works on at this moment.
    :param failed: for tasks whose latest run came to nothing, why.
    """
    by_task: dict[str, list[ProposalHead]] = {}
    for proposal in proposals:
        for name in filter(None, dict.fromkeys([proposal.task, *proposal.tasks])):
            by_task.setdefault(name, []).append(proposal)
    states: dict[str, TaskState] = {}
    for task in plan.tasks:
        states[task.id] = _evidence(task, by_task.get(task.id, []), (landed or {}).get(task.id))
        if states[task.id].status == "pending" and task.id in satisfied:
            states[task.id] = TaskState("done", "the repository held it already")
        if states[task.id].status == "pending" and task.id in running:
            states[task.id] = TaskState("running", "a run of it is at work")
        if states[task.id].status == "pending" and task.how.kind == "none":
            states[task.id] = TaskState("blocked", task.how.why)
    for task in plan.tasks:
        if states[task.id].status == "pending" and task.id in failed and not _missing(task, states):
            states[task.id] = TaskState("failed", _retry(task, failed[task.id]))
    for task in plan.tasks:
        if states[task.id].status == "pending":
            states[task.id] = _before_work(task, states)
        if task.supersedes in states and states[task.supersedes].status == "superseded" and task.status not in GIVEN_UP:
            states[task.supersedes] = TaskState("superseded", f"{task.id} stands in its place")
    return states


def touched(states: Mapping[str, TaskState]) -> set[str]:
    """Tasks that a person or an agent has begun or finished: an amendment leaves them as they are."""
    return {task for task, state in states.items() if state.status in ("done", "review", "running")}


def finished(states: Mapping[str, TaskState]) -> set[str]:
    """Tasks that are done: they take no time of what is left."""
    return {task for task, state in states.items() if state.status == "done"}


def _evidence(task: Task, proposals: Sequence[ProposalHead], commit: str | None) -> TaskState:
    """What was decided about a task; ``pending`` when nothing was."""
    if task.status == "deferred" and not waits_for_budget(task):
        return TaskState(task.status, "left for later, as project-spec.md says")
    if task.status in _STATED and not waits_for_budget(task):
        return TaskState(task.status, "as project-spec.md says" if task.status != "superseded" else "")
    for proposal in reversed(proposals):
        if proposal.status == "accepted" or (proposal.status == "partial" and proposal.task == task.id):
            undone = _undone(proposal)
            part = "in part: " if undone else ""
            return TaskState("done", f"{part}{_count(proposal)} ({proposal.id}){undone}{_without(proposal)}")
    if waits_for_budget(task):  # what was done all the same, with the start of the project perhaps, is done
        return TaskState("done", f"commit {commit[:10]}") if commit and not proposals else _put_off(task)
    for proposal in reversed(proposals):
        if proposal.status == "open":
            total = len(proposal.states)
            return TaskState(
                "review", f"{proposal.id}: {proposal.pending} of {total} hunk{'s' if total != 1 else ''} to decide"
            )
    if proposals:
        latest = proposals[-1]
        if latest.status == "partial":
            return TaskState("pending", f"{latest.id} stands in part: this is done with the whole of it")
        word = "undone" if latest.status == "undone" else "rejected"
        return TaskState("pending", f"{latest.id} was {word}")
    if commit:
        return TaskState("done", f"commit {commit[:10]}")
    return TaskState("pending")


def _put_off(task: Task) -> TaskState:
    return TaskState(task.status, "left for later, to keep the budget")


def _before_work(task: Task, states: Mapping[str, TaskState]) -> TaskState:
    note = states[task.id].note
    if missing := _missing(task, states):
        reasons = [_waiting(name, states[name]) for name in missing]
        return TaskState("pending", "; ".join(filter(None, [note, f"waits for {', '.join(reasons)}"])))
    if task.how.kind == "person":
        note = "; ".join(filter(None, [note, f"yours to do: then `noo task {task.id} --status done`"]))
    if task.retitled:
        note = "; ".join(filter(None, [note, other_title(task)]))
    return TaskState("ready", note)


def other_title(task: Task) -> str:
    """What is to be known of a task that a recipe does, and whose title was changed since the recipe was chosen."""
    replan = f'`noo replan {task.id} --because "…"` for what the title says'
    return f"its title was changed; the recipe still does “{task.how.does}” (`noo run {task.id} --keep`; {replan})"


def _missing(task: Task, states: Mapping[str, TaskState]) -> list[str]:
    """Whom a task waits for that is not done."""
    return [name for name in task.depends_on if states[name].status != "done"]


def _retry(task: Task, reason: str) -> str:
    again = f'`noo run {task.id}` tries again, `noo replan {task.id} --because "…"` finds another way'
    return f"its last run failed: {reason.rstrip('.')}. {again}"


def _waiting(name: str, state: TaskState) -> str:
    if state.status == "review":
        return f"{name} (in review)"
    return f"{name} ({state.status})" if state.status in _STATED else name


def _count(proposal: ProposalHead) -> str:
    total = len(proposal.states)
    return f"{proposal.accepted} of {total} hunk{'s' if total != 1 else ''}"


def _undone(proposal: ProposalHead) -> str:
    """That some of it was there and is not any more: nobody decided that the task does without it."""
    count = sum(state is HunkState.UNDONE for state in proposal.states)
    return f", {count} undone" if count else ""


def _without(proposal: ProposalHead) -> str:
    """The files of an accepted proposal that are not there: a task done without its tests looks like any other."""
    if not proposal.left_out:
        return ""
    names = ", ".join(proposal.left_out[:_MOST_NAMED]) + (", …" if len(proposal.left_out) > _MOST_NAMED else "")
    if set(proposal.left_out) == {path for path in proposal.paths if is_test(path)}:
        return f", without its tests ({names})"
    return f", without {names}"


def _from_git(workspace: Workspace) -> tuple[float | None, dict[str, str]]:
    """When a former plan's file was removed from Git, and for each task of this plan its commit, if that stands."""
    if not workspace.has_git:
        return None, {}
    git = Git(workspace.root)
    if git.head() is None:
        return None, {}
    born = git.text("log", "--diff-filter=A", "-1", "--format=%H", "--", FILE_NAME).strip()
    removed = git.text("log", "--diff-filter=D", "-1", "--format=%at", "--", FILE_NAME).strip()
    since = float(removed) if removed else None
    if not born:
        return since, {}
    log = git.text("log", "--reverse", "--format=%H%x00%B%x01", f"{born}..HEAD", "--grep", "^Nootropic-Task:")
    landed: dict[str, str] = {}
    for entry in log.split("\x01"):
        commit, _, message = entry.strip("\n").partition("\0")
        undone = re.search(r"^Undone: ", message, re.M) is not None
        for task in re.findall(r"^Nootropic-Task: (T\d+)\s*$", message, re.M):
            if undone:
                landed.pop(task, None)
            else:
                landed[task] = commit
    return since, landed
