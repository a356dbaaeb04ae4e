"""The plan: flat lists of epics, stories and tasks, as project-spec.md holds them.

Everything is a frozen dataclass of plain values, so that two plans compare equal when their files do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

SCHEMA = "nootropic-plan/1"

HOW_KINDS = ("recipe", "model", "person", "none")
STATUSES = (
    "pending", "ready", "running", "review", "done", "failed", "blocked", "superseded", "cancelled", "deferred",
)  # fmt: skip
# What a person or an agent finished with; a plan never changes these again.
CLOSED = frozenset({"done", "superseded", "cancelled"})
# Not part of the plan (any more, or for now): takes no time, costs nothing, and nobody waits for it.
GONE = frozenset({"superseded", "cancelled", "deferred"})
GIVEN_UP = GONE - {"deferred"}  # for good: what was put off is still promised
LAST_TASK = "last_task"  # in a plan's ext: the highest id that was given, where a person took that task out
VERDICTS = ("matched", "assumed", "noted", "not understood")


@dataclass(frozen=True)
class How:
    """Who does a task, and with what: a recipe with arguments, a model's edit, a person, or nothing yet (and why).

    ``does`` is what a recipe makes of these arguments, in the words of the method that chose them.
    """

    kind: str
    recipe: str | None = None
    args: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    does: str = ""

    def sentence(self) -> str:
        """The same in a few words for people."""
        if self.kind == "recipe":
            return f"recipe {self.recipe}"
        if self.kind == "model":
            return "model edit"
        return "by a person" if self.kind == "person" else f"nothing can do this yet: {self.why}"


@dataclass(frozen=True)
class Estimate:
    """What a task is likely to take, with a low and a high guess of its hours, and where the numbers come from.

    ``tokens`` are those of a model, in and out; ``cost_usd`` is what they cost, None where nobody knows. What people
    and machines cost by the hour is added from the plan's agents.
    """

    hours: float = 1.0
    hours_low: float = 0.5
    hours_high: float = 2.0
    basis: str = "library"
    tokens: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True)
class Schedule:
    """When a task can start and end, counted in hours from the plan's start, and how far it may slip."""

    start_h: float = 0.0
    end_h: float = 0.0
    slack_h: float = 0.0
    critical: bool = False


@dataclass(frozen=True)
class Acceptance:
    """One checkable statement; ``verify`` is a command that a person may run (it never runs by itself)."""

    id: str
    text: str
    met: bool = False
    verify: str | None = None


@dataclass(frozen=True)
class Task:
    """The smallest unit that is done, reviewed and committed."""

    id: str
    story: str
    kind: str
    title: str
    how: How
    status: str = "pending"
    depends_on: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    agent: str | None = None
    estimate: Estimate = Estimate()
    schedule: Schedule = Schedule()
    acceptance: tuple[Acceptance, ...] = ()
    origin: str = "library"
    supersedes: str | None = None
    locked: bool = False
    ext: dict[str, Any] = field(default_factory=dict)
    body: str = ""

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What stays the same when the plan is made again from an edited brief."""
        return self.kind, self.provides

    @property
    def retitled(self) -> bool:
        """Whether a recipe does it that was chosen for another title: it would make what that one says."""
        return self.how.kind == "recipe" and self.how.does not in ("", self.title)


@dataclass(frozen=True)
class Story:
    """Something a user of the project gets; ``method`` is the way that was chosen, ``tried`` those given up."""

    id: str
    epic: str
    title: str
    method: str = ""
    tried: tuple[str, ...] = ()
    acceptance: tuple[Acceptance, ...] = ()
    body: str = ""


@dataclass(frozen=True)
class Epic:
    """A group of stories."""

    id: str
    title: str
    method: str = ""
    body: str = ""


@dataclass(frozen=True)
class Node:
    """One compound of the plan's tree: the way it was broken down, the ways given up before, and its own tasks.

    ``bound`` (and the value of each task) says what it is bound to beside its parent's bindings: ``each`` and ``at``
    name an element of a list binding, ``with`` holds further values.
    """

    id: str
    compound: str
    way: str
    parent: str = ""
    tried: tuple[str, ...] = ()
    bound: dict[str, Any] = field(default_factory=dict)
    epic: str = ""
    story: str = ""
    tasks: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WordUse:
    """What became of one word (or phrase) of the brief."""

    text: str
    verdict: str
    meaning: str


@dataclass(frozen=True)
class Plan:
    """One plan of one project."""

    id: str
    title: str
    brief: str
    archetype: str
    revision: int = 1
    parent_revision: int | None = None
    origin: str = "library"
    goals: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    budget: dict[str, Any] = field(default_factory=dict)
    agents: tuple[dict[str, Any], ...] = ()
    words: tuple[WordUse, ...] = ()
    bindings: dict[str, Any] = field(default_factory=dict)
    tree: tuple[Node, ...] = ()
    epics: tuple[Epic, ...] = ()
    stories: tuple[Story, ...] = ()
    tasks: tuple[Task, ...] = ()
    ext: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    schema: str = SCHEMA

    def task(self, task_id: str) -> Task | None:
        """The task of that id."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def heir(self, task_id: str) -> Task | None:
        """The task that stands in the place of one that is given up, if any does."""
        heirs = [task for task in self.tasks if task.supersedes == task_id]
        return (self.heir(heirs[-1].id) or heirs[-1]) if heirs else None

    def stories_of(self, epic: str) -> Iterator[Story]:
        """The stories of an epic, in their order."""
        return (story for story in self.stories if story.epic == epic)

    def tasks_of(self, story: str) -> Iterator[Task]:
        """The tasks of a story, in their order."""
        return (task for task in self.tasks if task.story == story)

    def next_task(self) -> int:
        """The number of the next task's id. One that was given once is not given again, though it was deleted."""
        kept = (name for node in self.tree for name in node.tasks)
        known = [*(task.id for task in self.tasks), *(task.supersedes or "" for task in self.tasks), *kept]
        return next_number([*known, str(self.ext.get(LAST_TASK, ""))])

    def critical_path(self) -> tuple[str, ...]:
        """A longest chain of tasks: none of them can slip without the plan's end slipping too.

        A task follows another in it because it depends on it, or because the same agent does both. Where several
        chains are equally long, the one with the lowest ids; every critical task is marked as such.
        """
        by_id = {task.id: task for task in self.tasks}
        ends = [task for task in self.tasks if task.schedule.critical and task.schedule.end_h == self.hours()]
        chain: list[Task] = []
        task = min(ends, key=lambda each: number(each.id), default=None)
        while task is not None and task not in chain:
            chain.append(task)
            start = task.schedule.start_h
            before = [by_id[name] for name in task.depends_on if name in by_id]
            fitting = [each for each in before if each.schedule.critical and each.schedule.end_h == start]
            if not fitting and task.agent is not None:
                same = (each for each in by_id.values() if each.agent == task.agent and each is not task)
                fitting = [each for each in same if each.schedule.critical and each.schedule.end_h == start > 0]
            task = min(fitting, key=lambda each: number(each.id), default=None)
        return tuple(each.id for each in reversed(chain))

    def hours(self) -> float:
        """When the last task of the plan ends; those that were given up are no part of it."""
        return max((task.schedule.end_h for task in self.tasks if task.status not in GONE), default=0.0)


@dataclass(frozen=True)
class TaskState:
    """The status of a task as it really is (proposals and commits included), with a note that says why."""

    status: str
    note: str = ""


def number(identifier: str) -> int:
    """The number in an id such as ``T12``; 0 when there is none."""
    found = re.search(r"\d+$", identifier)
    return int(found.group()) if found else 0


def next_number(identifiers: Iterable[str]) -> int:
    """One more than the highest number used so far: ids are never used twice."""
    return max((number(identifier) for identifier in identifiers), default=0) + 1


def same_brief(one: str, other: str) -> bool:
    """Whether two briefs differ in white space only."""
    return one.split() == other.split()
