"""Two edits of one plan: both are in the merged plan, or what they disagree about is named."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.errors import SpecConflict
from nootropic_kernel.planning.model import Acceptance, Plan, Schedule, Task
from nootropic_kernel.planning.spec.file import dump, read
from nootropic_kernel.planning.spec.merge import changes, merge
from tests.planning.random_plans import synthetic_plan
from tests.planning.test_spec_file import plans

FIELDS = ("title", "status", "body", "agent", "files", "locked", "estimate.hours", "ext.note", "how.why", "AC1")
Edits = dict[tuple[str, str], Any]


def base() -> Plan:
    return synthetic_plan(random.Random(3), 24)[0]


def edited(plan: Plan, edits: Edits) -> Plan:
    for (name, field), value in edits.items():
        task = plan.task(name)
        assert task is not None
        plan = replace(plan, tasks=tuple(one(each, field, value) if each == task else each for each in plan.tasks))
    return plan


def one(task: Task, field: str, value: str) -> Task:
    match field:
        case "estimate.hours":
            return replace(task, estimate=replace(task.estimate, hours=float(len(value)) + 0.25))
        case "ext.note":
            return replace(task, ext={**task.ext, "note": value})
        case "how.why":
            return replace(task, how=replace(task.how, why=value))
        case "AC1":
            return replace(task, acceptance=(replace(task.acceptance[0], text=value), *task.acceptance[1:]))
        case "files":
            return replace(task, files=(*task.files, value))
        case "locked":
            return replace(task, locked=True)
        case _:
            return replace(task, **{field: value})  # type: ignore[arg-type]


def field_of(plan: Plan, name: str, field: str) -> Any:
    task = plan.task(name)
    assert task is not None
    match field:
        case "estimate.hours":
            return task.estimate.hours
        case "ext.note":
            return task.ext["note"]
        case "how.why":
            return task.how.why
        case "AC1":
            return task.acceptance[0].text
        case _:
            return getattr(task, field)


names = st.sampled_from([task.id for task in base().tasks])
words = st.sampled_from(["one", "two three", "é", "seventeen"])
edit_sets = st.dictionaries(st.tuples(names, st.sampled_from(FIELDS)), words, max_size=8)


@settings(max_examples=100, deadline=None)
@given(edit_sets, edit_sets)
def test_every_edit_of_both_is_there_or_the_disagreement_is_named(ours: Edits, theirs: Edits) -> None:
    old = base()
    mine, other = replace(edited(old, ours), revision=2, parent_revision=1), edited(old, theirs)
    fought = {
        key
        for key in ours.keys() & theirs.keys()
        if key[1] not in ("files", "body") and field_of(mine, *key) != field_of(other, *key)
    } | {key for key in ours.keys() & theirs.keys() if key[1] == "body" and ours[key] != theirs[key]}
    try:
        merged = merge(old, mine, other)
    except SpecConflict as refused:
        assert len(refused.data["conflicts"]) == len(fought) > 0
        for name, _ in fought:
            assert any(f"{name} " in sentence for sentence in refused.data["conflicts"])
        return
    assert not fought
    assert (merged.revision, merged.parent_revision) == (2, 1)
    for (name, field), value in [*ours.items(), *theirs.items()]:
        found = field_of(merged, name, field)
        if field == "files":
            assert value in found
        else:
            assert found == (field_of(mine, name, field) if (name, field) in ours else field_of(other, name, field))
    touched = {name for name, _ in (*ours, *theirs)}
    assert all(merged.task(task.id) == task for task in old.tasks if task.id not in touched)


@settings(max_examples=40, deadline=None)
@given(plans(), plans())
def test_who_changed_nothing_changes_nothing(one: Plan, other: Plan) -> None:
    """Also between plans that have nothing in common."""
    assert merge(one, one, other) == replace(other, revision=one.revision, parent_revision=one.parent_revision)
    assert merge(one, other, one) == other
    assert merge(one, other, other) == other
    assert changes(one, one) == []


def test_what_both_add_and_remove() -> None:
    old = base()
    first, second, third = old.tasks[2:5]
    new = replace(first, id="T98", title="Mine"), replace(first, id="T99", title="Theirs")
    mine = replace(old, tasks=(*old.tasks[:3], new[0], *old.tasks[3:-1]))
    other = replace(old, tasks=(new[1], *(task for task in old.tasks if task != second)))
    merged = merge(old, mine, other)
    kept = [task.id for task in old.tasks if task not in (second, old.tasks[-1])]
    assert [task.id for task in merged.tasks] == ["T99", *kept[:3], "T98", *kept[3:]]
    # Someone removed what the other changed; that it only moved in time is no change.
    moved = [replace(task, schedule=Schedule(5, 6)) if task == second else task for task in old.tasks]
    assert merge(old, replace(old, tasks=tuple(moved)), other).task(second.id) is None
    with pytest.raises(SpecConflict) as refused:
        merge(old, edited(old, {(second.id, "title"): "x"}), other)
    assert second.id in refused.value.why and "(removed)" in refused.value.why
    with pytest.raises(SpecConflict):
        merge(old, mine, replace(old, tasks=(*old.tasks, replace(third, id="T98"))))


def test_lists_prose_and_order() -> None:
    old = base()
    name = old.tasks[5].id

    def with_task(**changed: Any) -> Plan:
        return replace(old, tasks=tuple(replace(t, **changed) if t.id == name else t for t in old.tasks))

    def merged(ours: Plan, theirs: Plan) -> Task:
        found = merge(old, ours, theirs).task(name)
        assert found is not None
        return found

    task = old.tasks[5]
    added = with_task(depends_on=(*task.depends_on, "T1")), with_task(depends_on=("T2", *task.depends_on[1:]))
    assert set(merged(*added).depends_on) == {*task.depends_on[1:], "T1", "T2"}
    noted = merged(with_task(body=f"{task.body}\n\nA note."), with_task(body=f"{task.body}\nBy hand."))
    assert noted.body == f"{task.body}\n\nA note.\nBy hand."
    checks = (*task.acceptance, Acceptance("AC9", "More"))
    both = merged(with_task(acceptance=checks), with_task(acceptance=(replace(task.acceptance[0], met=True),)))
    assert (both.acceptance[0].met, both.acceptance[-1].id) == (True, "AC9")
    swapped = replace(old, tasks=(old.tasks[1], old.tasks[0], *old.tasks[2:]))
    turned = replace(old, tasks=tuple(reversed(old.tasks)))
    assert merge(old, swapped, with_task(title="x")).tasks[0] == old.tasks[1]
    with pytest.raises(SpecConflict) as refused:
        merge(old, swapped, turned)
    assert "order of tasks" in refused.value.why


def test_one_is_not_true() -> None:
    old = replace(base(), ext={"flag": 1})
    assert merge(old, old, replace(old, ext={"flag": True})).ext["flag"] is True


def test_changes_are_told_an_element_a_line() -> None:
    old = base()
    new = edited(old, {("T3", "title"): "Else", ("T4", "status"): "done"})
    assert changes(old, new) == ['T3 title: "write-model of f0" → "Else"', 'T4 status: "pending" → "done"']
    assert read(dump(new)).plan == new
