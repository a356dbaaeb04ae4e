"""Edits of one task: random ones keep a plan's rules, leave finished work alone, and can be taken back exactly."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.edits.dependencies import DependencyCircle, DependencyNeeded
from nootropic_kernel.planning.edits.task import TaskEdit, TaskFrozen, edited
from nootropic_kernel.planning.edits.undo import difference_record, undone
from nootropic_kernel.planning.model import CLOSED, Plan, TaskState
from nootropic_kernel.planning.schedule.retime import GONE
from nootropic_kernel.planning.spec.file import canonical, dump, load
from nootropic_kernel.planning.spec.records import decode, encode
from nootropic_kernel.planning.validate import problems
from nootropic_kernel.planning.views.board import States, state_of
from nootropic_kernel.workspace.errors import NootropicError, UsageError
from tests.planning.random_plans import partly_done, synthetic_plan

pytestmark = pytest.mark.slow


def started(seed: int, tasks: int = 30) -> tuple[random.Random, Plan, States]:
    rng = random.Random(seed)
    plan, _ = synthetic_plan(rng, tasks)
    plan = canonical(plan)
    states = partly_done(rng, plan, rng.uniform(0, 0.6))
    return rng, plan, states


def random_edit(rng: random.Random, plan: Plan) -> TaskEdit:
    names = [task.id for task in plan.tasks]
    edit = TaskEdit(rng.choice(names), note=rng.choice(["", "because"]))
    task = plan.task(edit.task)
    assert task is not None
    siblings = [each.id for each in plan.tasks_of(task.story)]
    options = {
        "status": lambda: rng.choice(["pending", "ready", "done", "blocked", "deferred", "cancelled", "running"]),
        "after": lambda: tuple(rng.sample(names, rng.randint(1, 2))),
        "not_after": lambda: task.depends_on[:1],
        "before": lambda: rng.choice(siblings),
        "place": lambda: rng.randint(1, 4),
        "title": lambda: rng.choice(["Another title", "  two\nlines ", '"quoted" [x]', "\x1b[2J"]),
        "hours": lambda: rng.choice([0.25, 1.0, 7.5, 40.0]),
        "agent": lambda: rng.choice(["people", "model", "nobody I know"]),
    }
    chosen = rng.sample(sorted(options), rng.randint(1, 2))
    return replace(edit, **{name: options[name]() for name in chosen})


def precedes(plan: Plan) -> bool:
    """Whether no task starts before one that it waits for has ended."""
    by_id = {task.id: task for task in plan.tasks if task.status not in GONE}
    return all(
        by_id[name].schedule.end_h <= task.schedule.start_h + 1e-6
        for task in by_id.values()
        for name in task.depends_on
        if name in by_id
    )


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 10**9))
def test_an_edit_keeps_the_rules_and_what_is_finished_and_comes_back(seed: int) -> None:
    rng, plan, states = started(seed)
    for _ in range(4):
        edit = random_edit(rng, plan)
        try:
            after = edited(plan, states, edit)
        except NootropicError as refused:
            assert refused.what
            continue
        assert problems(after) == [] and canonical(after) == after and load(dump(after)) == after
        before = {task.id: task for task in plan.tasks}
        assert {task.id for task in after.tasks} == set(before)
        for task in after.tasks:
            if state_of(before[task.id], states).status in CLOSED | {"review"} and task.id != edit.task:
                assert task == before[task.id]
        touched = [t.id for t in after.tasks if replace(t, schedule=before[t.id].schedule) != before[t.id]]
        assert set(touched) <= {edit.task}, "others only move in time"
        assert not precedes(plan) or precedes(after) or edit.status is not None
        record = decode(encode(difference_record(plan, after)))
        assert undone(after, states, record, edit.task, latest=True) == plan
        if rng.random() < 0.5:
            plan = after


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_an_edit_is_taken_back_below_a_later_one_of_another_task(seed: int) -> None:
    rng, plan, states = started(seed)
    open_ = [task.id for task in plan.tasks if states[task.id].status == "pending"]
    one, other = rng.sample(open_, 2)
    first = edited(plan, states, TaskEdit(one, title="First", hours=rng.choice([0.5, 9.0])))
    second = edited(first, states, TaskEdit(other, title="Second", hours=rng.choice([0.5, 9.0])))
    back = undone(second, states, difference_record(plan, first), one, latest=False)
    was, now, kept = plan.task(one), back.task(one), back.task(other)
    assert was and now and kept
    assert (now.title, now.estimate) == (was.title, was.estimate) and kept.title == "Second"
    assert problems(back) == [] and precedes(back)
    with pytest.raises(TaskFrozen, match="has another title"):
        undone(edited(first, states, TaskEdit(one, title="Third")), states, difference_record(plan, first), one,
               latest=False)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9))
def test_every_edge_that_would_close_a_circle_is_refused_and_the_circle_named(seed: int) -> None:
    rng, plan, states = started(seed)
    task = rng.choice([each for each in plan.tasks if states[each.id].status == "pending"])
    above, open_ = set[str](), [task.id]
    while open_:
        for other in plan.tasks:
            if open_[0] in other.depends_on and other.id not in above:
                above.add(other.id)
                open_.append(other.id)
        open_.pop(0)
    for other in plan.tasks:
        edit = TaskEdit(task.id, after=(other.id,))
        if other.id in above:
            with pytest.raises(DependencyCircle) as refused:
                edited(plan, states, edit)
            circle = refused.value.data["circle"]
            assert circle[0] == circle[-1] == task.id and circle[1] == other.id
            waits = {each.id: each.depends_on for each in plan.tasks}
            assert all(after in waits[before] for before, after in pairwise(circle[1:]))
        elif other.id == task.id:
            with pytest.raises(UsageError, match="wait for itself"):
                edited(plan, states, edit)
        else:
            now = edited(plan, states, edit).task(task.id)
            assert now is not None and other.id in now.depends_on


def test_what_is_needed_cannot_be_taken_off() -> None:
    _, plan, states = started(1)
    needing = next(task for task in plan.tasks if states[task.id].status == "pending" and task.depends_on)
    with pytest.raises(DependencyNeeded) as refused:
        edited(plan, states, TaskEdit(needing.id, not_after=needing.depends_on[:1]))
    assert set(refused.value.data["needed"]) <= set(needing.requires)
    other = next(task.id for task in plan.tasks if task.id not in needing.depends_on and task.provides == ("ci",))
    linked = edited(plan, states, TaskEdit(needing.id, after=(other,)))
    freed = edited(linked, states, TaskEdit(needing.id, not_after=(other,)))
    now, was = freed.task(needing.id), plan.task(needing.id)
    assert now is not None and was is not None
    assert (now.depends_on, now.schedule) == (was.depends_on, was.schedule), "it moves back to where it can be"


@pytest.mark.parametrize(
    ("status", "edit", "allowed"),
    [
        ("done", TaskEdit("T5", title="x"), False),
        ("superseded", TaskEdit("T5", status="pending"), False),
        ("cancelled", TaskEdit("T5", status="pending"), False),
        ("running", TaskEdit("T5", place=1), False),
        ("review", TaskEdit("T5", title="x"), False),
        ("review", TaskEdit("T5", place=1, note="Look at the end"), True),
        ("deferred", TaskEdit("T5", status="pending"), True),
        ("pending", TaskEdit("T5", status="done", note="by hand"), True),
    ],
)
def test_what_may_be_edited_in_which_state(status: str, edit: TaskEdit, allowed: bool) -> None:
    plan = canonical(synthetic_plan(random.Random(1), 20)[0])
    stated = status if status in ("superseded", "cancelled", "deferred") else "pending"
    plan = replace(plan, tasks=tuple(replace(t, status=stated) if t.id == "T5" else t for t in plan.tasks))
    states = {task.id: TaskState("pending") for task in plan.tasks} | {"T5": TaskState(status, "P1")}
    if allowed:
        assert edited(plan, states, edit) != plan
    else:
        with pytest.raises(TaskFrozen) as refused:
            edited(plan, states, edit)
        assert refused.value.next


def test_of_a_task_that_is_given_up_the_one_in_its_place_is_named() -> None:
    """Regression: "what is finished stays as it is", where nothing was finished."""
    plan = canonical(synthetic_plan(random.Random(1), 20)[0])
    heirs = {
        "T5": {"status": "superseded"},
        "T6": {"status": "superseded", "supersedes": "T5"},
        "T7": {"supersedes": "T6"},
    }
    plan = replace(plan, tasks=tuple(replace(task, **heirs.get(task.id, {})) for task in plan.tasks))
    with pytest.raises(TaskFrozen) as refused:
        edited(plan, {}, TaskEdit("T5", title="x"))
    assert "finished" not in str(refused.value) and str(refused.value.next).startswith("T7 stands in its place: ")


def test_order_is_kept_within_a_story() -> None:
    plan = canonical(synthetic_plan(random.Random(1), 40)[0])
    story = next(each.id for each in plan.stories if len(list(plan.tasks_of(each.id))) >= 3)
    names = [task.id for task in plan.tasks_of(story)]
    stranger = next(task.id for task in plan.tasks if task.story != story)
    moved = edited(plan, {}, TaskEdit(names[-1], before=names[0]))
    assert [task.id for task in moved.tasks_of(story)] == [names[-1], *names[:-1]]
    last = edited(plan, {}, TaskEdit(names[0], place=len(names)))
    assert [task.id for task in last.tasks_of(story)] == [*names[1:], names[0]]
    for edit in (TaskEdit(names[0], before=stranger), TaskEdit(names[0], place=len(names) + 1)):
        with pytest.raises(UsageError, match=story):
            edited(plan, {}, edit)
