"""Who waits for whom in a plan with a model's tasks: what artifacts demand, and what the model wants beside that."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from nootropic_kernel.planning.errors import PlanInvalid
from nootropic_kernel.planning.link import link
from nootropic_kernel.planning.model import Task, number
from nootropic_kernel.planning.proposal.document import Draft, Finding, Outcome
from nootropic_kernel.planning.schedule.critical_path import in_order


@dataclass
class Place:
    """A task of the result, and the draft that it comes from."""

    task: Task
    draft: Draft | None = None

    @property
    def called(self) -> str:
        """Its id as the model knows it."""
        return self.draft.given if self.draft is not None else self.task.id

    def found(self, findings: list[Finding], problem: str, outcome: Outcome = "mended") -> None:
        """Tell what could not stay as the model wanted it."""
        if self.draft is not None and outcome != "kept":
            self.draft.mended = True
        findings.append(Finding(self.called if self.draft is not None else "", problem, outcome))


class Links:
    """Links the tasks of one plan.

    :param meant: the task that an id of the proposal means.
    :param base: the ids of the plan that is the base, which has no circle.
    :param frozen: tasks that stay as they are.
    """

    def __init__(
        self,
        places: Mapping[str, Place],
        meant: Mapping[str, str],
        base: Collection[str],
        frozen: Collection[str],
        present: Collection[str],
        findings: list[Finding],
    ) -> None:
        self.places, self.meant, self.base, self.frozen = places, meant, base, frozen
        self.present, self.findings = present, findings

    def linked(self) -> tuple[Task, ...]:
        """The tasks, each waiting for those it has to wait for; of the model's other wishes what closes no circle."""
        tasks = self._by_artifacts()
        after = {task.id: list(task.depends_on) for task in tasks}
        wishing: set[str] = set()
        for name, place in self.places.items():
            free = place.draft is not None and name not in self.frozen
            wanted = [*self._wishes(place), *self._makers_beside(place)] if free else []
            if free and place.draft is not None and "depends_on" in place.draft.told:
                self._tell_missing(place, [other for other in after[name] if other not in wanted])
            for wish in wanted:
                if wish in after[name]:
                    continue
                if _reaches(after, wish, name):
                    said = self.places[wish].called
                    place.found(self.findings, f"waiting for {said} would close a circle", "left out")
                else:
                    after[name].append(wish)
                    wishing.add(name)
        return tuple(
            replace(task, depends_on=tuple(after[task.id]), origin=_origin(task, task.id in wishing)) for task in tasks
        )

    def _by_artifacts(self) -> tuple[Task, ...]:
        """Linked by what they require; circles among what is new are opened at the newest."""
        while True:
            linked = link([place.task for place in self.places.values()], self.present)
            tasks = tuple(self._kept(task) if task.id in self.base else task for task in linked)
            try:
                in_order(tasks)
                return tasks
            except PlanInvalid as circle:
                names = re.findall(r"T\d+", circle.what)
                place = self.places[max((name for name in names if name not in self.base), key=number)]
                place.found(self.findings, "what it requires closes a circle", "left out")
                made = {item for name in names for item in self.places[name].task.provides}
                kept = tuple(item for item in place.task.requires if item not in made)
                place.task = replace(place.task, requires=kept)

    def _kept(self, linked: Task) -> Task:
        """A task of the base: it waits for those it waited for, and for who makes now what nobody made before."""
        before = self.places[linked.id].task
        if linked.id in self.frozen:
            return before
        given = {item for name in before.depends_on if name in self.places for item in self.places[name].task.provides}
        lacks = [item for item in before.requires if item not in given]
        more = [name for name in linked.depends_on if set(self.places[name].task.provides) & set(lacks)]
        return replace(before, depends_on=tuple(dict.fromkeys([*before.depends_on, *more])))

    def _wishes(self, place: Place) -> Iterator[str]:
        for other in place.draft.depends_on if place.draft is not None else ():
            found = self.meant.get(other) or (other if other in self.base else None)
            if found is None:
                place.found(self.findings, f"it waits for {other[:40]!r}, which is not there", "left out")
            elif found == place.task.id:
                place.found(self.findings, "it waits for itself", "left out")
            else:
                yield found

    def _makers_beside(self, place: Place) -> Iterator[str]:
        """Who makes what the model says a task requires beside what the library knows."""
        known = {*place.task.requires, *place.task.provides, *self.present}
        for item in place.draft.requires if place.draft is not None else ():
            if item not in known:
                yield from [each.task.id for each in self.places.values() if item in each.task.provides][:1]

    def _tell_missing(self, place: Place, missing: list[str]) -> None:
        for name in missing:
            claimed = place.draft.requires if place.draft is not None else []
            known = (
                place.task.requires if place.task.id in self.base else claimed
            )  # of what the library adds, nobody told
            items = [item for item in self.places[name].task.provides if item in known]
            if items:  # beside these, it waits for whom a person wants it to
                said = f"it has to wait for {self.places[name].called}, who makes {', '.join(items)}"
                place.found(self.findings, said)


def _origin(task: Task, wishing: bool) -> str:
    return "model" if wishing and task.origin == "library" else task.origin


def _reaches(after: Mapping[str, list[str]], start: str, end: str) -> bool:
    """Whether ``start`` waits for ``end``, directly or not."""
    seen, open_ = set(), [start]
    while open_:
        name = open_.pop()
        if name == end:
            return True
        if name not in seen:
            seen.add(name)
            open_ += after.get(name, [])
    return False
