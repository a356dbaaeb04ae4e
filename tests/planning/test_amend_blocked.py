"""A task that is blocked by hand holds up no other work that an amendment puts in its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nootropic_kernel.planning.healing.proofs import amendment_violations
from nootropic_kernel.planning.healing.situation import ground_of
from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.model import TaskState
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.repository.facts import read_facts


@pytest.mark.parametrize("locked", [False, True])
def test_nobody_waits_for_the_former_database(locked: bool) -> None:
    facts = read_facts({})
    old = make_plan("A service for invoices and clients in PostgreSQL, with a command line", facts)
    (frame,) = [task for task in old.tasks if task.kind == "database-frame"]
    blocked = replace(frame, status="blocked", locked=locked)
    old = replace(old, tasks=tuple(blocked if task.id == frame.id else task for task in old.tasks))
    states = {task.id: TaskState("blocked" if task.id == frame.id else "pending") for task in old.tasks}
    made = amend_plan(old, "A service for invoices and clients in SQLite, with a command line", facts, ())
    (new,) = [task for task in made.plan.tasks if task.kind == "database-frame" and task.status == "pending"]
    assert frame.id in made.superseded and "SQLite" in new.title
    assert not any(frame.id in task.depends_on for task in made.plan.tasks if task.status == "pending")
    assert any(new.id in task.depends_on for task in made.plan.tasks)
    assert (
        amendment_violations(old, made.patch, made.plan, ground_of(made.plan, shipped_library(), facts), states) == []
    )


def test_a_blocked_task_that_a_person_renamed_stays_when_its_work_is_the_same() -> None:
    facts = read_facts({})
    old = make_plan("A service for invoices and clients in SQLite, with a command line", facts)
    (frame,) = [task for task in old.tasks if task.kind == "database-frame"]
    mine = replace(frame, status="blocked", locked=True, title="The database, as Ann wants it")
    old = replace(old, tasks=tuple(mine if task.id == frame.id else task for task in old.tasks))
    made = amend_plan(old, "A service for invoices, clients and payments in SQLite, with a command line", facts, ())
    assert made.plan.task(frame.id) == replace(mine, schedule=made.plan.task(frame.id).schedule)  # type: ignore[union-attr]
