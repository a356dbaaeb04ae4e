"""A plan in the moment something happened to it: what stands, what is frozen, what others need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from nootropic_kernel.planning.errors import BriefUnusable, PlanInvalid
from nootropic_kernel.planning.healing.patch import log
from nootropic_kernel.planning.methods.bindings import state_of
from nootropic_kernel.planning.methods.htn import Key
from nootropic_kernel.planning.methods.library import Library
from nootropic_kernel.planning.model import CLOSED, Plan, Task
from nootropic_kernel.planning.reading.brief import read_brief
from nootropic_kernel.planning.repository.facts import RepositoryFacts
from nootropic_kernel.planning.schedule.bounds import Bounds
from nootropic_kernel.planning.schedule.remaining import hours_over
from nootropic_kernel.planning.schedule.retime import GONE
from nootropic_kernel.planning.tree import Tree
from nootropic_kernel.planning.views.board import States
from nootropic_kernel.planning.views.board import state_of as task_state

_BEGUN = frozenset({"done", "review", "running"})


@dataclass(frozen=True)
class Ground:
    """What a repair builds on: the methods, the repository, what holds in it, and the limits of the brief.

    ``spent`` is what tasks cost so far in US dollars, by their ids; ``passed_h`` are the working hours since the plan's
    start, None where that is not known.
    """

    library: Library
    facts: RepositoryFacts
    present: frozenset[str]
    bounds: Bounds
    spent: Mapping[str, float] = field(default_factory=dict)
    passed_h: float | None = None


def ground_of(
    plan: Plan,
    library: Library,
    facts: RepositoryFacts,
    spent: Mapping[str, float] | None = None,
    passed_h: float | None = None,
) -> Ground:
    """The ground of a plan in its repository as it is now.

    :raises PlanInvalid: when the bindings that the plan keeps were damaged by hand.
    """
    try:
        limits = read_brief(plan.brief, facts, library).limits
    except BriefUnusable:
        limits = ()
    try:
        present = state_of(_still_there(plan, facts), facts) if plan.bindings else set()
    except (LookupError, TypeError, AttributeError) as error:
        raise PlanInvalid(
            "The line `bindings:` of project-spec.md cannot be used.",
            why=f"What tasks were made from is damaged there ({type(error).__name__}: {error}).",
            next="Restore that line: `git log -p project-spec.md` shows how it was.",
        ) from error
    technologies = plan.bindings.get("technologies", ())
    return Ground(library, facts, frozenset(present), Bounds(limits, facts, technologies), spent or {}, passed_h)


def _still_there(plan: Plan, facts: RepositoryFacts) -> dict[str, Any]:
    """The plan's bindings without modules that are gone since it was made."""

    def kept(targets: list[Any]) -> list[Any]:
        return [target for target in targets if target["target_path"] in facts.modules]

    known = {**plan.bindings, "brief": plan.brief}
    changes = [{**change, "change_around": kept(change["change_around"])} for change in known["changes"]]
    return {
        **known,
        "targets": kept(known["targets"]),
        "every_module": kept(known["every_module"]),
        "changes": changes,
    }


class Situation:
    """One plan with the states of its tasks.

    :param about: the task that something happened to; it is frozen only when it is done.
    """

    def __init__(self, plan: Plan, states: States, ground: Ground, about: str = "") -> None:
        self.plan = plan
        self.ground = ground
        self.about = about
        self.tree = Tree(plan)
        self.tasks = {task.id: task for task in plan.tasks}
        self.status = {task.id: task_state(task, states).status for task in plan.tasks}
        self.done = {name for name, status in self.status.items() if status == "done"}
        begun = {name for name, status in self.status.items() if status in _BEGUN}
        settled = {task.id for task in plan.tasks if task.status in CLOSED}
        self.frozen = (begun | settled) - ({about} - self.done)

    @cached_property
    def now_h(self) -> float:
        """How many hours of the plan are over: what is new starts no sooner."""
        begun = {name for name, status in self.status.items() if status in _BEGUN}
        return hours_over(self.plan, self.done, begun, self.ground.passed_h)

    @cached_property
    def replaced(self) -> frozenset[str]:
        """Tasks in whose place another one stands: their products do not count any more."""
        return frozenset(task.supersedes for task in self.plan.tasks if task.supersedes and task.status not in GONE)

    def heir_of(self, name: str) -> Task | None:
        """The task that does again what a task did, or stands for it; None while that stands itself."""
        return self.plan.heir(name) if name in self.replaced else None

    @cached_property
    def standing(self) -> list[Task]:
        """Tasks whose products count, made or to be made."""
        return [task for task in self.plan.tasks if task.status not in GONE and task.id not in self.replaced]

    def unfinished(self) -> Iterable[Task]:
        """Tasks that may still be changed."""
        return (task for task in self.plan.tasks if task.status not in GONE and task.id not in self.frozen)

    def followers(self, of: Iterable[str]) -> set[str]:
        """All tasks that wait for one of these, directly or not."""
        after: dict[str, list[str]] = {}
        for task in self.plan.tasks:
            for other in task.depends_on:
                after.setdefault(other, []).append(task.id)
        found: set[str] = set()
        open_ = list(of)
        while open_:
            for name in after.get(open_.pop(), ()):
                if name not in found:
                    found.add(name)
                    open_.append(name)
        return found

    def needed(self, leaves: Mapping[str, Task]) -> set[str]:
        """What only these tasks provide and a goal, or an unfinished task outside them, requires."""
        others = [task for task in self.standing if task.id not in leaves]
        wanted = set(self.plan.goals)
        for task in others:
            if task.id not in self.done:
                wanted.update(task.requires)
        given = {item for task in leaves.values() for item in task.provides}
        return given & wanted - {item for task in others for item in task.provides}

    @cached_property
    def given_up(self) -> set[Key]:
        """What failed for good, the task that the situation is about included."""
        return given_up(self.plan, self.about)


def given_up(plan: Plan, about: str = "") -> set[Key]:
    """Tasks, by kind and products, that failed and that nothing stands for in another way.

    :param about: a task that failed just now.
    """
    names = {about, *(str(each.get("task")) for each in log(plan) if each.get("kind") in ("failed", "blocked"))}
    replaced = {task.supersedes for task in plan.tasks if task.status not in GONE}
    alive = {t.key for t in plan.tasks if t.status not in GONE and t.id not in replaced and t.id != about}
    return {task.key for task in plan.tasks if task.id in names} - alive
