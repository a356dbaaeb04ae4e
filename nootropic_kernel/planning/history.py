"""What became of a plan since an earlier revision of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from nootropic_kernel.planning.healing.difference import difference
from nootropic_kernel.planning.healing.patch import PlanPatch
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.views.board import States, state_of
from nootropic_kernel.planning.views.patch import Row, rows, summary


@dataclass(frozen=True)
class PastPlan:
    """An earlier revision as Git keeps it.

    :param at: when it was committed, in seconds since the epoch.
    """

    plan: Plan
    commit: str
    at: float
    why: str


@dataclass(frozen=True)
class Since:
    """What changed: in the plan, as a patch; in the order of stories; and the tasks that were finished.

    ``removed`` are those that a person took out of the file.
    """

    past: PastPlan
    patch: PlanPatch
    done: tuple[str, ...]
    reordered: tuple[str, ...]
    removed: tuple[Task, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing did."""
        return self.patch.empty and not self.done and not self.reordered and not self.removed

    def rows(self) -> list[Row]:
        """The changes of the plan, a line each."""
        gone = [Row("removed", task.id, task.title, "taken out of project-spec.md by hand") for task in self.removed]
        return [*gone, *rows(self.past.plan, self.patch)]

    def sentences(self) -> list[str]:
        """The same in a few sentences."""
        head = f"Since revision {self.past.plan.revision} ({self.past.commit[:10]}): "
        said = [
            head
            + (
                summary(self.past.plan, self.patch)
                if not self.patch.empty
                else "no other change of the plan."
                if self.removed
                else "no change of the plan itself."
            )
        ]
        if self.removed:
            said.append(f"Removed by hand: {', '.join(task.id for task in self.removed)}.")
        if self.done:
            more = f" and {len(self.done) - 20} more" if len(self.done) > 20 else ""
            said.append(f"Done since: {', '.join(self.done[:20])}{more}.")
        if self.reordered:
            said.append(f"In another order: {', '.join(self.reordered[:20])}.")
        return said


def since(past: PastPlan, plan: Plan, states: States, decided: Collection[str]) -> Since:
    """What changed from an earlier revision to the plan as it is now.

    :param decided: tasks of which changes were accepted since, or that were found done.
    """
    before = {task.id: task.status for task in past.plan.tasks}
    done = tuple(
        task.id
        for task in plan.tasks
        if state_of(task, states).status == "done"
        and (task.id in decided or (task.status == "done" and before.get(task.id) != "done"))
    )
    left = {task.id for task in plan.tasks}
    removed = tuple(task for task in past.plan.tasks if task.id not in left)
    return Since(past, difference(past.plan, plan), done, _reordered(past.plan, plan), removed)


def _reordered(old: Plan, new: Plan) -> tuple[str, ...]:
    """Stories whose tasks, as far as both plans have them, stand in another order."""
    was, now = _orders(old), _orders(new)
    return tuple(
        story
        for story in now
        if [name for name in now[story] if name in set(was.get(story, ()))]
        != [name for name in was.get(story, ()) if name in set(now[story])]
    )


def _orders(plan: Plan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task in plan.tasks:
        found.setdefault(task.story, []).append(task.id)
    return found
