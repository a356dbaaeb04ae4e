"""Which tasks of a plan a person wants to see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.views.board import States, column_of, state_of
from nootropic_kernel.workspace.errors import UsageError


@dataclass(frozen=True)
class TaskFilter:
    """Tasks must meet all that is given; of several values of one sort, one.

    :param status: statuses or columns of the board (``ready``, ``waiting``, ``done``, …).
    :param epic: ids of epics or stories (``E1``, ``S3``), or words of an epic's title.
    :param who: ids of agents, or ``recipe``, ``model``, ``person``.
    :param text: words that all stand in a task's id, title, prose or files.
    """

    status: tuple[str, ...] = ()
    epic: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    critical: bool = False
    text: str = ""

    @property
    def empty(self) -> bool:
        """Whether every task meets it."""
        return self == TaskFilter()

    def sentence(self) -> str:
        """What is looked for, in a few words."""
        parts = [
            *(["critical"] if self.critical else []),
            *([" or ".join(self.status)] if self.status else []),
            *([f"in {' or '.join(self.epic)}"] if self.epic else []),
            *([f"by {' or '.join(self.who)}"] if self.who else []),
            *([f"with “{self.text}”"] if self.text else []),
        ]
        return ", ".join(parts)


def choose(plan: Plan, states: States, wanted: TaskFilter) -> tuple[Task, ...]:
    """The tasks that meet a filter, in the order of the plan.

    :raises UsageError: when an epic is named that is not there.
    """
    if wanted.empty:
        return plan.tasks
    stories = _stories(plan, wanted.epic)
    words = wanted.text.casefold().split()
    found = []
    for task in plan.tasks:
        status = state_of(task, states).status
        if wanted.critical and not task.schedule.critical:
            continue
        if wanted.status and not {status, column_of(status)} & set(wanted.status):
            continue
        if wanted.epic and task.story not in stories:
            continue
        if wanted.who and not {task.how.kind, task.agent} & set(wanted.who):
            continue
        if words and not _has(task, words):
            continue
        found.append(task)
    return tuple(found)


def _stories(plan: Plan, epics: Iterable[str]) -> set[str]:
    """The stories of the epics that are meant."""
    found: set[str] = set()
    for name in epics:
        wanted = name.casefold()
        named = {epic.id for epic in plan.epics if wanted == epic.id.casefold()}
        named = named or {epic.id for epic in plan.epics if wanted in epic.title.casefold()}
        stories = {story.id for story in plan.stories if story.epic in named or story.id.casefold() == wanted}
        if not stories:
            known = ", ".join(f"{epic.id} {epic.title}" for epic in plan.epics[:12])
            raise UsageError(f"There is no epic or story {name}.", next=f"Epics of this plan: {known}.")
        found |= stories
    return found


def _has(task: Task, words: list[str]) -> bool:
    text = " ".join([task.id, task.title, task.kind, task.body, *task.files]).casefold()
    return all(word in text for word in words)
