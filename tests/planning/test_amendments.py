"""Amendments are patches as replans are: proved, applied whole, taken back; money and goals in replans."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from nootropic_kernel.planning.edits.task import with_order
from nootropic_kernel.planning.errors import NoCheaperWay, UndoRefused, Unrepairable
from nootropic_kernel.planning.healing.amend import Amendment
from nootropic_kernel.planning.healing.patch import PLAN_FIELDS, Event, PlanPatch, apply, log
from nootropic_kernel.planning.healing.proofs import amendment_violations, new_violations, violations
from nootropic_kernel.planning.healing.replan import replan
from nootropic_kernel.planning.healing.situation import Ground, ground_of
from nootropic_kernel.planning.healing.take_back import latest, take_back_amendment
from nootropic_kernel.planning.link import goals
from nootropic_kernel.planning.methods.library import HowTemplate, shipped_library
from nootropic_kernel.planning.model import How, Plan, Task, TaskState
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts
from nootropic_kernel.planning.schedule.assign import assign, waits_for_budget
from nootropic_kernel.planning.schedule.money import over_money
from nootropic_kernel.planning.spec.file import dump, read
from tests.planning.random_plans import synthetic_plan
from tests.planning.random_repository import random_brief, random_repository

pytestmark = pytest.mark.slow


def case(number: int) -> tuple[Plan, Amendment, Ground, dict[str, TaskState]]:
    """A random plan with some tasks done, brought to another random brief."""
    rng = random.Random(number)
    repository = random_repository(rng)
    facts: RepositoryFacts = read_facts(repository.files)
    old = make_plan(random_brief(rng, repository), facts)
    states = {task.id: TaskState("done" if rng.random() < 0.3 else "pending") for task in old.tasks}
    old = replace(old, tasks=tuple(replace(task, locked=rng.random() < 0.1) for task in old.tasks))
    done = {name for name, state in states.items() if state.status == "done"}
    made = amend_plan(old, random_brief(rng, repository), facts, done)
    return old, made, ground_of(made.plan, shipped_library(), facts), states


@pytest.mark.parametrize("number", range(30))
def test_an_amendment_is_a_sound_patch_and_can_be_taken_back(number: int) -> None:
    old, made, ground, states = case(number)
    done = {name for name, state in states.items() if state.status == "done"}
    assert amendment_violations(old, made.patch, made.plan, ground, states) == []
    assert PlanPatch.from_json(made.patch.to_json()) == made.patch
    assert apply(old, made.patch, done) == made.plan and read(dump(made.plan)).plan == made.plan
    for task in old.tasks:
        if task.id in done:
            assert made.plan.task(task.id) == task
    if made.patch.empty:
        return
    entry = latest(made.plan)
    assert entry is not None and entry["kind"] == "amended"
    noted = replace(made.plan, tasks=(replace(made.plan.tasks[0], body="By hand."), *made.plan.tasks[1:]))
    states |= {name: TaskState("pending") for name in made.added}
    back = take_back_amendment(noted, entry, old, made.plan, states)
    assert all(getattr(back, name) == getattr(old, name) for name in PLAN_FIELDS)
    for task in back.tasks:
        before = old.task(task.id)
        if before is None:
            assert task.status == "cancelled"
        else:
            assert task == (replace(before, body="By hand.") if task.id == noted.tasks[0].id else before)
    assert back.revision == made.plan.revision + 1 and log(back) == []


def test_work_on_what_an_amendment_added_keeps_it() -> None:
    old, made, _, states = next(found for found in map(case, range(60)) if found[1].added)
    entry = latest(made.plan)
    assert entry is not None
    with pytest.raises(UndoRefused) as refused:
        take_back_amendment(made.plan, entry, old, made.plan, states | {made.added[0]: TaskState("review")})
    assert made.added[0] in refused.value.why


def changed(plan: Plan, name: str, **fields: object) -> Plan:
    return replace(plan, tasks=tuple(replace(t, **fields) if t.id == name else t for t in plan.tasks))  # type: ignore[arg-type]


def done_task(old: Plan, made: Amendment, states: dict[str, TaskState]) -> Task:
    return next(task for task in old.tasks if states[task.id].status == "done")


def linked_task(made: Amendment, states: dict[str, TaskState]) -> Task:
    waiting = (t for t in made.plan.tasks if t.depends_on and t.requires and t.status == "pending")
    return next(task for task in waiting if states.get(task.id, TaskState("pending")).status == "pending")


MUTANTS: list[tuple[str, Callable[[Plan, Amendment, dict[str, TaskState]], Plan]]] = [
    ("P1", lambda old, made, states: changed(made.plan, done_task(old, made, states).id, title="Else")),
    ("P1", lambda old, made, states: changed(made.plan, done_task(old, made, states).id, depends_on=("T1", "T2"))),
    ("P2", lambda old, made, states: changed(made.plan, linked_task(made, states).id, depends_on=())),
    ("P3", lambda old, made, states: changed(
        made.plan, linked_task(made, states).depends_on[0], depends_on=(linked_task(made, states).id,))),
    ("P5", lambda old, made, states: replace(made.plan, goals=(*made.plan.goals, "world peace"))),
    ("P6", lambda old, made, states: replace(
        made.plan, tasks=tuple(t for t in made.plan.tasks if t.id != made.superseded[0]))),
    ("P7", lambda old, made, states: replace(
        made.plan, tree=(replace(made.plan.tree[0], way="no such way"), *made.plan.tree[1:]))),
]  # fmt: skip


@pytest.mark.parametrize(("broken", "mutate"), MUTANTS, ids=[name for name, _ in MUTANTS])
def test_a_broken_amendment_is_caught(
    broken: str, mutate: Callable[[Plan, Amendment, dict[str, TaskState]], Plan]
) -> None:
    tried = 0
    for number in range(40):
        old, made, ground, states = case(number)
        try:
            after = mutate(old, made, states)
        except (StopIteration, IndexError):
            continue  # nothing there to break
        tried += 1
        found = {each.partition(":")[0] for each in amendment_violations(old, made.patch, after, ground, states)}
        assert broken in found, number
    assert tried >= 5


def test_what_was_wrong_before_stops_no_replan() -> None:
    """A person unlinked a task by hand: that is the person's, and another failure is healed all the same."""
    plan, ground = synthetic_plan(random.Random(3), 40)
    loose = next(task for task in plan.tasks if task.kind == "unit-tests")
    plan = changed(plan, loose.id, depends_on=())
    other = next(t for t in plan.tasks if t.kind == "write-model" and loose.story != t.story)
    patch = replan(plan, Event("failed", other.id, "it broke"), ground, {})
    after = apply(plan, patch)
    assert violations(plan, patch, after, ground, {}) != []
    assert new_violations(plan, patch, after, ground, {}) == []


# ---- goals ------------------------------------------------------------------------------------------------------


def test_only_what_nobody_requires_is_a_goal_so_that_repairs_can_climb() -> None:
    plan, ground = synthetic_plan(random.Random(2), 40)
    narrow = goals(plan.tasks)
    ends = {item for task in plan.tasks for item in task.provides} - {
        item for task in plan.tasks for item in task.requires
    }
    assert set(narrow) == ends and "released" in ends and "ci" not in ends
    logic = next(task for task in plan.tasks if task.kind == "write-service")
    every = tuple(item for task in plan.tasks for item in task.provides)
    # Once its own two ways failed, only the way of the whole feature is left; it makes no "service-ok".
    first = apply(plan, replan(replace(plan, goals=narrow), Event("failed", logic.id, "no"), ground, {}))
    bought = next(task for task in first.tasks if task.kind == "buy-service" and task.status == "pending")
    again = Event("failed", bought.id, "no")
    climbed = replan(replace(first, goals=narrow), again, ground, {})
    assert any(task.kind == "no-code" for task in climbed.tasks())
    with pytest.raises(Unrepairable):
        replan(replace(first, goals=(*every, f"service-ok:{bought.provides[0].partition(':')[2]}")), again, ground, {})


def test_the_goals_of_a_plan_are_its_ends() -> None:
    plan = make_plan("Build a blog platform", read_facts({"web/__init__.py": b""}))
    assert "pages:post" in plan.goals and "entity:post" not in plan.goals


# ---- money ------------------------------------------------------------------------------------------------------


def paid_plan(limit: float) -> tuple[Plan, Ground, Task]:
    """A plan whose models are written by a model at a dollar each, unless they are generated for nothing."""
    plan, ground = synthetic_plan(random.Random(5), 40)
    templates = dict(ground.library.tasks)
    templates["write-model"] = replace(
        templates["write-model"], how=(HowTemplate("model", why="x"), HowTemplate("person", why="y"))
    )
    tasks = tuple(
        replace(t, how=How("model", why="x"), estimate=replace(t.estimate, tokens=1000, cost_usd=1.0))
        if t.kind == "write-model" else t
        for t in plan.tasks
    )  # fmt: skip
    plan = replace(plan, tasks=tasks, budget={"cost_usd": limit})
    ground = replace(ground, library=replace(ground.library, tasks=templates))
    return plan, ground, next(task for task in tasks if task.kind == "write-model")


def test_what_was_spent_counts_with_what_is_left() -> None:
    plan, _, task = paid_plan(5.0)
    count = sum(t.kind == "write-model" for t in plan.tasks)
    assert over_money(plan, plan.tasks, {}) == max(0.0, count - 5.0)
    assert over_money(plan, plan.tasks, {"": 0.5, task.id: 3.0}) == max(0.0, count - 1 + 3.5 - 5.0)
    assert over_money(plan, plan.tasks, {task.id: 0.25}, {task.id}) == max(0.0, count - 1 + 0.25 - 5.0)
    assert over_money(replace(plan, budget={}), plan.tasks, {"": 99.0}) == 0.0


def test_over_budget_in_money_takes_a_way_that_costs_less() -> None:
    plan, ground, task = paid_plan(2.0)
    ground = replace(ground, spent={"": 1.5})
    event = Event("over-budget", task.id, "the model is dear")
    patch = replan(plan, event, ground, {})
    after = apply(plan, patch)
    assert violations(plan, patch, after, ground, {}) == []
    assert patch.cost_delta["cost_usd"] == -1.0 and patch.cost_delta["over_usd"] > 0
    (new,) = [each for each in patch.tasks() if each.supersedes == task.id]
    assert new.how.kind == "person" and new.estimate.cost_usd is None
    free = next(each for each in plan.tasks if each.kind == "release")
    with pytest.raises(NoCheaperWay) as refused:
        replan(plan, Event("over-budget", free.id, "x"), ground, {})
    assert refused.value.data["over_usd"] > 0 and "US dollars" in refused.value.why


def test_a_price_in_money_that_is_not_true_is_caught() -> None:
    plan, ground, task = paid_plan(2.0)
    patch = replan(plan, Event("over-budget", task.id, "x"), ground, {})
    wrong = replace(patch, cost_delta={**patch.cost_delta, "over_usd": 0.0})
    found = violations(plan, wrong, apply(plan, wrong), ground, {})
    assert any(each.startswith("P8") and "dollars" in each for each in found)


def test_who_is_paid_by_the_hour_counts_against_the_budget() -> None:
    plan, ground, task = paid_plan(1000.0)
    me = {"id": "me", "capacity": 1, "kinds": ["person", "model", "recipe"], "cost_usd_per_hour": 10.0}
    plan = assign(replace(plan, agents=(me,)))
    wages = 10.0 * sum(t.schedule.end_h - t.schedule.start_h for t in plan.tasks)
    models = sum(t.kind == "write-model" for t in plan.tasks)
    tight = replace(plan, budget={"cost_usd": 1.0})
    assert over_money(tight, tight.tasks, {}) == pytest.approx(wages + models - 1.0)
    patch = replan(tight, Event("failed", task.id, "no"), ground, {})
    after = apply(tight, patch)
    assert violations(tight, patch, after, ground, {}) == []
    assert patch.cost_delta["over_usd"] == pytest.approx(wages + models - 2.0)
    late = replan(tight, Event("late", task.id, "longer"), ground, {}, task.estimate.hours + 2)
    assert late.cost_delta["over_usd"] == pytest.approx(wages + models - 1.0 + 20.0)
    assert violations(tight, late, apply(tight, late), ground, {}, task.estimate.hours + 2) == []


# ---- budget and order of an amended plan ------------------------------------------------------------------------


def test_an_amendment_leaves_for_later_what_does_not_fit_and_takes_it_up_with_a_larger_budget() -> None:
    facts = read_facts({})
    old = make_plan("A blog with posts and comments, two people, within 6 hours", facts)
    assert any(waits_for_budget(task) for task in old.tasks)
    for hours, fits in ((6, False), (200, True)):
        brief = f"A blog with posts, comments and tags, two people, within {hours} hours"
        made = amend_plan(old, brief, facts, ())
        ground = ground_of(made.plan, shipped_library(), facts)
        assert amendment_violations(old, made.patch, made.plan, ground, {}) == []
        late = [task.id for task in made.plan.tasks if waits_for_budget(task)]
        assert (late == []) == fits
        assert made.plan.hours() <= hours


def test_an_amendment_keeps_the_order_that_a_person_gave() -> None:
    facts = read_facts({})
    old = make_plan("A blog with posts and comments", facts)
    story = next(s.id for s in old.stories if len(list(old.tasks_of(s.id))) > 2)
    turned = [task.id for task in old.tasks_of(story)][::-1]
    made = amend_plan(with_order(old, story, turned), "A blog with posts, comments and tags", facts, ())
    kept = [task.id for task in made.plan.tasks_of(story) if task.id in turned]
    assert kept == turned
