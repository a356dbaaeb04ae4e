"""The schedule as a table: every task with its times, in 80 columns, and few lines of a large plan."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.model import TaskState
from nootropic_kernel.planning.schedule.assign import assign
from nootropic_kernel.planning.schedule.calendar import in_hours
from nootropic_kernel.planning.views import timetable
from tests.planning.late_tasks import FOUR
from tests.planning.random_plans import synthetic_plan
from tests.planning.random_staff import random_plan

_ROW = re.compile(r"\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+[✓*]?(T\d+) ")


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 24))
def test_every_task_has_a_row_with_its_times_agent_and_slack(seed: int, size: int) -> None:
    plan = assign(random_plan(random.Random(seed), size))
    plan = replace(plan, title="A very long title " * 6, budget={"start": "2026-11-27"})
    lines = timetable.text(plan, {}).splitlines()
    assert all(len(line) <= timetable.WIDTH for line in lines)
    rows = {found[5]: found.groups() for line in lines if (found := _ROW.match(line))}
    assert set(rows) == {task.id for task in plan.tasks}
    for task in plan.tasks:
        start, end, slack, agent, _ = rows[task.id]
        assert (start, end, agent) == (in_hours(task.schedule.start_h), in_hours(task.schedule.end_h), task.agent)
        assert slack == ("–" if task.schedule.critical else in_hours(task.schedule.slack_h))
    starts = [float(row[0]) for row in rows.values()]
    assert starts == sorted(starts)


def test_days_stand_above_their_tasks_and_finished_ones_are_marked() -> None:
    plan = assign(replace(random_plan(random.Random(3), 20, 1), budget={"start": "2026-11-27"}))  # a Friday
    said = timetable.text(plan, {plan.tasks[0].id: TaskState("done")})
    assert said.index("Fri 27 Nov 2026") < said.index("Mon 30 Nov 2026")
    assert "Sat" not in said and f"✓{plan.tasks[0].id} " in said


def test_a_plan_of_two_thousand_tasks_fills_a_screen_or_two() -> None:
    plan = assign(replace(synthetic_plan(random.Random(1), 2000)[0], agents=FOUR, budget={"start": "2026-11-27"}))
    lines = timetable.text(plan, {}).splitlines()
    assert len(lines) < 90 and all(len(line) <= timetable.WIDTH for line in lines)
    assert any(f"and {len(plan.tasks) - 40} more" in line for line in lines)
