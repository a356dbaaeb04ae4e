"""What runs of tasks left in the journal beside proposals: that nothing was to do, or that a run came to nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from nootropic_kernel.changes.overview import ProposalHead
from nootropic_kernel.planning.model import GIVEN_UP, Plan, Task
from nootropic_kernel.planning.spec.records import encode, to_plain
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError

_SATISFIED = "task.satisfied"
_TRIED = "task.tried"
_BY_CELL = "task.run-by-cell"
_MOST_SAID = 300
_ASKED = ("title", "how", "files", "acceptance", "body")


def mark_satisfied(database: StateDatabase, plan: Plan, task: str) -> None:
    """Note that a task was tried and left nothing to do: the repository holds it already. It counts as done."""
    with database.transaction() as connection:
        journal.append(connection, _SATISFIED, plan.id, task=task)


def mark_tried(database: StateDatabase, plan: Plan, task: Task, problem: NootropicError | None) -> None:
    """Note how a run of a task ended: why it came to nothing, or with None that this does not hold any more."""
    why = None if problem is None else _cut(" ".join(f"{problem.what.rstrip('.')}. {problem.why}".split()))
    with database.transaction() as connection:
        journal.append(connection, _TRIED, plan.id, task=task.id, failed=why, asked=_asked(task))


def mark_cell(database: StateDatabase, plan: Plan, cell: str, task: str) -> None:
    """Note which task a cell of a notebook took, where it names none."""
    with database.transaction() as connection:
        journal.append(connection, _BY_CELL, plan.id, cell=cell, task=task)


def task_of_cell(database: StateDatabase, plan: Plan, cell: str) -> Task | None:
    """The task that a cell took last, while it is part of the plan."""
    noted = journal.events(database.read(), kind=_BY_CELL, subject=plan.id)
    name = next((event.data.get("task") for event in reversed(noted) if event.data.get("cell") == cell), None)
    return next((task for task in plan.tasks if task.id == name and task.status not in GIVEN_UP), None)


def satisfied(database: StateDatabase, plan: Plan, proposals: Sequence[ProposalHead]) -> set[str]:
    """Tasks that left nothing to do, unless a decision on a proposal of theirs came after that."""
    noted = journal.events(database.read(), kind=_SATISFIED, subject=plan.id)
    if not noted:
        return set()
    tasks = {proposal.id: proposal.task for proposal in proposals}
    found: set[str] = set()
    for event in journal.events(database.read(), after=noted[0].id - 1):
        if event.kind == _SATISFIED and event.subject == plan.id:
            found.add(event.data["task"])
        elif event.kind.startswith("hunk."):
            found.discard(tasks.get(event.subject.partition(":")[0]) or "")
    return found


def failed(database: StateDatabase, plan: Plan, since: float | None) -> dict[str, str]:
    """For tasks whose latest run came to nothing, why. A task that asks for something else since was not tried yet.

    :param since: when the plan came to be; None where nobody knows. What an earlier plan's tasks met is not counted.
    """
    tasks = {task.id: task for task in plan.tasks}
    found: dict[str, str] = {}
    for event in journal.events(database.read(), kind=_TRIED, subject=plan.id):
        task = tasks.get(str(event.data.get("task")))
        if task is None or (since is not None and event.at < since):
            continue
        found.pop(task.id, None)
        if event.data.get("failed") is not None and event.data.get("asked") == _asked(task):
            found[task.id] = str(event.data["failed"])
    return found


def _asked(task: Task) -> str:
    """The same as long as the task asks for the same."""
    told = encode([to_plain(getattr(task, name)) for name in _ASKED])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SAID else text[: _MOST_SAID - 1] + "…"
