"""The checker of repairs catches every way of breaking each of its ten properties."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from nootropic_kernel.planning.healing.patch import LOG, Event, PlanPatch, apply
from nootropic_kernel.planning.healing.proofs import violations
from nootropic_kernel.planning.healing.repair import at_node, at_task
from nootropic_kernel.planning.healing.replan import patch_of, replan
from nootropic_kernel.planning.healing.situation import Ground, Situation
from nootropic_kernel.planning.model import How, Node, Plan, Task, TaskState
from tests.planning.random_plans import partly_done, shipped_plan, synthetic_plan

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Case:
    """One sound repair, to be broken."""

    before: Plan
    patch: PlanPatch
    after: Plan
    ground: Ground
    states: dict[str, TaskState]

    def found(self, after: Plan | None = None, patch: PlanPatch | None = None) -> set[str]:
        """The properties that the checker finds broken."""
        checked = violations(self.before, patch or self.patch, after or self.after, self.ground, self.states)
        return {each.partition(":")[0] for each in checked}

    def with_task(self, name: str, **changed: object) -> Plan:
        """The plan after, with one task changed."""
        return with_task(self.after, name, **changed)


def with_task(plan: Plan, name: str, **changed: object) -> Plan:
    tasks = tuple(replace(task, **changed) if task.id == name else task for task in plan.tasks)  # type: ignore[arg-type]
    return replace(plan, tasks=tasks)


def case(number: int) -> Case:
    """A repair that relinks someone and supersedes by a new task, in a plan half done."""
    rng = random.Random(number)
    while True:
        plan, ground = synthetic_plan(rng, 40, budget=1000.0)
        states = partly_done(rng, plan, 0.4)
        name = rng.choice([task.id for task in plan.tasks if task.kind in ("write-service", "write-model")])
        if states[name].status == "done":
            continue
        patch = replan(plan, Event("failed", name, "it broke"), ground, states)
        begun = {each for each, state in states.items() if state.status == "done"}
        return Case(plan, patch, apply(plan, patch, begun), ground, states)


def done(c: Case) -> Task:
    return next(task for task in c.before.tasks if c.states[task.id].status == "done")


def bystander(c: Case) -> Task:
    impacted = {*c.patch.supersede, *(each.id for each in c.patch.relink), *(each.id for each in c.patch.reschedule)}
    return next(task for task in c.before.tasks if c.states[task.id].status == "pending" and task.id not in impacted)


def release(c: Case) -> Task:
    return next(task for task in c.after.tasks if task.kind == "release")


def without(plan: Plan, name: str) -> Plan:
    return replace(plan, tasks=tuple(task for task in plan.tasks if task.id != name))


def circle(c: Case) -> Plan:
    new = c.patch.tasks()[0].id
    return c.with_task(new, depends_on=(c.patch.relink[0].id,))


def unlinked(c: Case) -> Plan:
    link = c.patch.relink[0].id
    old = c.before.task(link)
    assert old is not None
    return c.with_task(link, depends_on=old.depends_on)


def stray_node(c: Case) -> Plan:
    tree = (*c.after.tree, Node("N999", "project", "no such way"))
    return replace(c.after, tree=tree)


def foreign_part(c: Case) -> Plan:
    root = replace(c.after.tree[0], tasks={**c.after.tree[0].tasks, c.patch.tasks()[0].id: {}})
    return replace(c.after, tree=(root, *c.after.tree[1:]))


def forgotten(c: Case) -> Plan:
    return replace(c.after, ext={**c.after.ext, LOG: []})


AFTER: list[tuple[str, str, Callable[[Case], Plan]]] = [
    ("P1", "finished task reset", lambda c: c.with_task(done(c).id, status="failed")),
    ("P1", "finished task reworded", lambda c: c.with_task(done(c).id, title="Something else")),
    ("P1", "finished task moved", lambda c: c.with_task(done(c).id, schedule=replace(done(c).schedule, slack_h=99.0))),
    ("P2", "relinking skipped", unlinked),
    ("P2", "nobody waited for", lambda c: c.with_task(c.patch.relink[0].id, depends_on=())),
    ("P2", "new task dropped", lambda c: without(c.after, c.patch.tasks()[0].id)),
    ("P3", "circle", circle),
    ("P4", "bystander renamed", lambda c: c.with_task(bystander(c).id, title="Something else")),
    ("P4", "bystander relinked", lambda c: c.with_task(bystander(c).id, depends_on=(done(c).id, "T1", "T2"))),
    ("P4", "moved in silence", lambda c: c.with_task(
        bystander(c).id, schedule=replace(bystander(c).schedule, start_h=500.0, end_h=501.0))),
    ("P5", "goal lost", lambda c: c.with_task(release(c).id, status="cancelled")),
    ("P6", "record removed", lambda c: without(c.after, c.patch.supersede[0])),
    ("P7", "unknown way", stray_node),
    ("P7", "foreign part", foreign_part),
    ("P7", "kind of no method", lambda c: c.with_task(c.patch.tasks()[0].id, kind="wishful-thinking")),
    ("P8", "over budget in silence", lambda c: replace(c.after, budget={"hours": 1.0})),
    ("P9", "event forgotten", forgotten),
]  # fmt: skip


@pytest.mark.parametrize(("broken", "what", "mutate"), AFTER, ids=[f"{one}-{what}" for one, what, _ in AFTER])
def test_a_broken_plan_is_caught(broken: str, what: str, mutate: Callable[[Case], Plan]) -> None:
    for number in range(8):
        sound = case(number)
        assert sound.found() == set()
        assert broken in sound.found(mutate(sound)), (number, what)


def test_an_id_used_again_is_caught() -> None:
    for number in range(8):
        sound = case(number)
        twice = replace(sound.patch, add=(*sound.patch.add, done(sound)))
        assert "P6" in sound.found(patch=twice)


def test_a_patch_that_chance_made_is_caught() -> None:
    for number in range(8):
        sound = case(number)
        new = sound.patch.tasks()[0]
        other = tuple(replace(new, title="By chance") if each == new else each for each in sound.patch.add)
        assert "P9" in sound.found(patch=replace(sound.patch, add=other))


def test_a_price_that_is_not_true_is_caught() -> None:
    sound = case(1)
    assert "P8" in sound.found(patch=replace(sound.patch, cost_delta={"hours": 0.0, "over_hours": 5.0}))


def test_a_repair_higher_than_needed_is_caught() -> None:
    """A repair of the whole feature where its part could have been repaired."""
    caught = 0
    for number in range(8):
        c = case(number)
        event = c.patch.event
        assert event is not None
        situation = Situation(c.before, c.states, c.ground, event.task)
        low, *above = list(situation.tree.upwards(situation.tree.owner(event.task)))
        for node in above:
            for repair in at_node(situation, node):
                patch = patch_of(situation, event, repair)
                after = apply(c.before, patch, situation.frozen)
                assert "P10" in c.found(after, patch), (number, low, node)
                caught += 1
    assert caught


def test_a_repair_above_a_task_that_could_escalate_is_caught() -> None:
    """A task that a model could do instead of a recipe, and a way that leaves it out altogether."""
    plan, ground = shipped_plan(random.Random(1))
    recipe = next(task for task in plan.tasks if task.how.kind == "recipe")
    situation = Situation(plan, {}, ground, recipe.id)
    lowest = at_task(situation, recipe, "no")
    owner = situation.tree.owner(recipe.id)
    assert lowest is not None and owner is not None
    event = Event("failed", recipe.id, "no")
    sound = patch_of(situation, event, lowest)
    assert violations(plan, sound, apply(plan, sound), ground, {}) == []
    higher = replace(sound, add=(*(replace(each, tried=(owner.way,)) if isinstance(each, Node) else each
                                   for each in sound.add),))  # fmt: skip
    assert "P10" in {each.partition(":")[0] for each in violations(plan, higher, apply(plan, higher), ground, {})}


def test_how_a_task_is_done_follows_the_library_too() -> None:
    sound = case(0)
    new = sound.patch.tasks()[0]
    other = sound.with_task(new.id, how=How("recipe", "no.such.recipe"))
    assert "P7" in sound.found(other)
