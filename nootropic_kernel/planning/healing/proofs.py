"""The ten properties of a repaired plan, checked from the outside.

P1 finished records are byte-equal. P2 each unfinished requirement has a live producer waited for. P3 no circles.
P4 tasks outside the impacted set differ in their schedule only. P5 goals are provided. P6 ids are never used again.
P7 the tree follows the library's methods. P8 within the budget, or the patch says by how much it is not. P9 the same
event gives the same patch, and no event (or one that was healed) an empty one. P10 no lower node could be repaired.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from nootropic_kernel.planning.errors import PlanInvalid
from nootropic_kernel.planning.healing.patch import PlanPatch
from nootropic_kernel.planning.healing.repair import at_node, at_task
from nootropic_kernel.planning.healing.replan import over_budget, replan
from nootropic_kernel.planning.healing.situation import Ground, Situation
from nootropic_kernel.planning.model import GIVEN_UP, Node, Plan, Schedule, Task
from nootropic_kernel.planning.schedule.critical_path import in_order
from nootropic_kernel.planning.schedule.money import over_money
from nootropic_kernel.planning.schedule.retime import GONE
from nootropic_kernel.planning.spec.records import encode, to_plain
from nootropic_kernel.planning.tree import Tree
from nootropic_kernel.planning.views.board import States
from nootropic_kernel.workspace.errors import NootropicError

_OUTSIDE_METHODS = frozenset({"verify"})


def violations(
    before: Plan, patch: PlanPatch, after: Plan, ground: Ground, states: States, hours: float | None = None
) -> list[str]:
    """Every property that a patch breaks, each with what breaks it; empty for a sound repair."""
    return list(_Proof(before, patch, after, ground, states, hours).all())


def new_violations(
    before: Plan, patch: PlanPatch, after: Plan, ground: Ground, states: States, hours: float | None = None
) -> list[str]:
    """The same without what was broken before already, by an edit by hand for instance."""
    known = set(_Proof(before, PlanPatch(before.revision, patch.event), before, ground, states, None).standing())
    return [each for each in violations(before, patch, after, ground, states, hours) if each not in known]


def amendment_violations(before: Plan, patch: PlanPatch, after: Plan, ground: Ground, states: States) -> list[str]:
    """What an amendment breaks: it may give the plan other goals, tasks and methods, but all else holds as ever."""
    proof = _Proof(before, patch, after, ground, states, None, GIVEN_UP)
    known = set(_Proof(before, PlanPatch(before.revision), before, ground, states, None, GIVEN_UP).standing())
    found = [*proof.frozen(), *proof.standing(), *proof.kept_ids(), *proof.own_goals()]
    return [each for each in found if each not in known]


class _Proof:
    def __init__(
        self,
        before: Plan,
        patch: PlanPatch,
        after: Plan,
        ground: Ground,
        states: States,
        hours: float | None,
        gone: Container[str] = GONE,
    ) -> None:
        self.before, self.patch, self.after, self.ground, self.states = before, patch, after, ground, states
        self.hours, self.gone = hours, gone
        self.about = patch.event.task if patch.event is not None else ""
        self.situation = Situation(before, states, ground, self.about)
        self.old = {task.id: task for task in before.tasks}
        self.new = {task.id: task for task in after.tasks}
        self.replaced = {task.supersedes for task in after.tasks if task.supersedes and task.status not in GONE}

    def all(self) -> Iterator[str]:
        yield from self.frozen()
        yield from self.supported()
        yield from self.acyclic()
        yield from self.untouched()
        yield from self.goals()
        yield from self.ids()
        yield from self.methods()
        yield from self.budget()
        yield from self.repeatable()
        yield from self.lowest()

    def standing(self) -> Iterator[str]:
        """What can be wrong with a plan itself, whatever led to it."""
        yield from self.supported()
        yield from self.acyclic()
        yield from self.methods()

    def _live(self) -> list[Task]:
        return [task for task in self.after.tasks if task.status not in self.gone and task.id not in self.replaced]

    def frozen(self) -> Iterator[str]:
        for name in self.situation.frozen:
            if name not in self.new or _bytes(self.new[name]) != _bytes(self.old[name]):
                yield f"P1: the finished or begun task {name} was changed"

    def supported(self) -> Iterator[str]:
        made_here = {item for task in self.after.tasks for item in task.provides}
        live = {task.id: task for task in self._live()}
        for task in live.values():
            if task.id in self.situation.frozen:
                continue
            for other in task.depends_on:
                if other not in self.new:
                    yield f"P2: {task.id} waits for {other}, which is not there"
                elif other not in live:
                    yield f"P2: {task.id} waits for {other}, which is given up"
            given = {item for other in task.depends_on if other in live for item in live[other].provides}
            for item in task.requires:
                if item in made_here and item not in given and item not in self.ground.present:
                    yield f"P2: {task.id} requires {item}, and waits for nobody who provides it"

    def acyclic(self) -> Iterator[str]:
        known = [
            replace(task, depends_on=tuple(name for name in task.depends_on if name in self.new))
            for task in self.after.tasks
        ]
        try:
            in_order(known)
        except PlanInvalid as circle:
            yield f"P3: {circle.what}"

    def untouched(self) -> Iterator[str]:
        impacted = {self.about, *self.patch.supersede, *(each.id for each in self.patch.relink)}
        moved = {each.id for each in self.patch.reschedule} | impacted
        for name, task in self.old.items():
            now = self.new.get(name)
            if now is None or (name not in impacted and _timeless(now) != _timeless(task)):
                yield f"P4: {name} is not impacted, and was changed"
            elif name not in moved and (now.schedule.start_h, now.schedule.end_h) != (
                task.schedule.start_h, task.schedule.end_h,
            ):  # fmt: skip
                yield f"P4: {name} was moved, and the patch does not say so"

    def goals(self) -> Iterator[str]:
        given = {item for task in self._live() for item in task.provides}
        before = {item for task in self.situation.standing for item in task.provides}
        for item in self.before.goals:
            if item in before and item not in given | self.ground.present:
                yield f"P5: nobody provides the goal {item} any more"

    def own_goals(self) -> Iterator[str]:
        given = {item for task in self._live() for item in task.provides}
        for item in self.after.goals:
            if item not in given | self.ground.present:
                yield f"P5: nobody provides the goal {item}"

    def ids(self) -> Iterator[str]:
        for task in self.patch.tasks():
            if task.id in self.old:
                yield f"P6: the id {task.id} is used again"
        yield from self.kept_ids()

    def kept_ids(self) -> Iterator[str]:
        if missing := set(self.old) - set(self.new):
            yield f"P6: the records of {', '.join(sorted(missing))} are gone, so their ids could be used again"

    def methods(self) -> Iterator[str]:
        library, tree = self.ground.library, Tree(self.after)
        for node in self.after.tree:
            ways = [way for way in library.compounds.get(node.compound, ()) if way.name == node.way]
            if not ways:
                yield f"P7: no method breaks {node.compound} down by “{node.way}”"
                continue
            parts = {item.name for item in ways[0].items}
            below = [each.compound for each in tree.below(node) if each.parent == node.id]
            own = [self.new[name].kind for name in node.tasks if name in self.new]
            for name in [*below, *own]:
                if name not in parts:
                    yield f"P7: {node.id} ({node.compound}: {node.way}) has no part {name}"
            if node.parent and node.parent not in tree.nodes:
                yield f"P7: {node.id} hangs below {node.parent}, which is not there"
        for task in (self.new[each.id] for each in self.patch.tasks() if each.id in self.new):
            if task.kind in _OUTSIDE_METHODS:
                continue
            if tree.owner(task.id) is None and self.situation.tree.owner(self.about) is not None:
                yield f"P7: {task.id} belongs to no node"
            template = library.tasks.get(task.kind)
            recipes = {choice.recipe for choice in template.how} if template is not None else set()
            if task.how.kind == "recipe" and task.how.recipe not in recipes:
                yield f"P7: no method does {task.kind} by the recipe {task.how.recipe}"

    def budget(self) -> Iterator[str]:
        over = over_budget(self.after, self.after.tasks)
        if over != self.patch.cost_delta.get("over_hours", 0.0):
            yield f"P8: the plan is {over:g} hours above its budget, and the patch says otherwise"
        above = over_money(self.after, self.after.tasks, self.ground.spent, self.situation.done)
        if above != self.patch.cost_delta.get("over_usd", 0.0):
            yield f"P8: the plan is {above:g} US dollars above its budget, and the patch says otherwise"

    def repeatable(self) -> Iterator[str]:
        if replan(self.before, self.patch.event, self.ground, self.states, self.hours) != self.patch:
            yield "P9: the same event gives another patch"
        for event in (None, self.patch.event):
            try:
                again = replan(self.after, event, self.ground, self.states, self.hours)
            except NootropicError as refusal:
                yield f"P9: what was healed is treated as news: {refusal.what}"
                continue
            if not again.empty:
                yield "P9: no new event, and yet another patch"

    def lowest(self) -> Iterator[str]:
        if self.patch.event is None or self.patch.event.kind not in ("failed", "blocked"):
            return
        task = self.old[self.about]
        renewed = [node for node in self.patch.add if isinstance(node, Node) and self._renewed(node)]
        if renewed and at_task(self.situation, task, "") is not None:
            yield f"P10: {self.about} itself could be done in another way"
        for node in self.situation.tree.upwards(self.situation.tree.owner(self.about)) if renewed else ():
            if node.id == renewed[0].id:
                return
            if next(at_node(self.situation, node), None) is not None:
                yield f"P10: {node.id} below {renewed[0].id} could be repaired"

    def _renewed(self, node: Node) -> bool:
        known = self.situation.tree.nodes.get(node.id)
        return known is not None and known.tried != node.tried


def _bytes(task: Task) -> str:
    return encode(to_plain(task))


def _timeless(task: Task) -> str:
    return _bytes(replace(task, schedule=Schedule()))
