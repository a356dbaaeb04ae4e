"""The board's parts: health, filters, order, and views of thousands of tasks."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.model import STATUSES, Estimate, Plan, Schedule, TaskState
from nootropic_kernel.planning.views import board_views
from nootropic_kernel.planning.views.board import (
    COLUMNS,
    Costs,
    column_of,
    columns,
    health,
    lanes,
    next_tasks,
    passed_hours,
    state_of,
)
from nootropic_kernel.planning.views.filters import TaskFilter, choose
from nootropic_kernel.workspace.errors import UsageError
from tests.planning.random_plans import partly_done, synthetic_plan
from tests.planning.test_mermaid import with_epics
from tests.planning.test_schedule import task

pytestmark = pytest.mark.slow

LATE, SLACK, TIGHT = Schedule(0, 2, 9, False), Schedule(8, 10, 9, False), Schedule(8, 10, 0, True)


@pytest.mark.parametrize(
    ("status", "schedule", "costs", "wanted"),
    [
        ("done", LATE, Costs(), "green"),
        ("done", TIGHT, Costs(2.0, 1.0, 1), "red"),
        ("pending", SLACK, Costs(), "green"),
        ("pending", TIGHT, Costs(), "yellow"),
        ("pending", LATE, Costs(), "red"),
        ("ready", SLACK, Costs(0.5, 1.0, 1), "green"),
        ("ready", SLACK, Costs(None, 1.0, 1, 1), "green"),
        ("ready", SLACK, Costs(5.0, None, 1), "green"),
        ("ready", SLACK, Costs(1.5, 1.0, 1), "red"),
        ("review", SLACK, Costs(), "yellow"),
        ("running", SLACK, Costs(), "yellow"),
        ("failed", SLACK, Costs(), "red"),
        ("blocked", SLACK, Costs(), "red"),
        ("deferred", LATE, Costs(), None),
        ("superseded", TIGHT, Costs(2.0, 1.0, 1), None),
        ("cancelled", TIGHT, Costs(), None),
    ],
)
def test_the_light_of_a_task(status: str, schedule: Schedule, costs: Costs, wanted: str | None) -> None:
    given = replace(task(1), schedule=schedule, estimate=Estimate(2.0))
    assert health(given, status, costs=costs, passed_h=5.0) == wanted
    if schedule is LATE and status == "pending":
        assert health(given, status, costs=costs) == "green", "without a start nothing is late"


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400))
def test_passed_hours_count_working_days(start: date, days: int) -> None:
    plan = Plan("p", "t", "b", "a", budget={"start": start.isoformat()})
    working = sum((start + timedelta(days=day)).weekday() < 5 for day in range(days))
    assert passed_hours(plan, start + timedelta(days=days)) == 8.0 * working
    assert passed_hours(plan, start - timedelta(days=days)) == 0.0
    assert passed_hours(replace(plan, budget={"start": "soon"}), start) is None


def some_plan(seed: int, tasks: int = 40) -> tuple[Plan, dict[str, TaskState]]:
    rng = random.Random(seed)
    plan, _ = synthetic_plan(rng, tasks)
    plan = with_epics(plan, rng.randint(1, 4))
    states = partly_done(rng, plan, 0.4) | {
        each.id: TaskState(rng.choice(STATUSES)) for each in rng.sample(plan.tasks, len(plan.tasks) // 2)
    }
    return plan, states


def test_what_is_put_off_stands_in_a_column_of_its_own() -> None:
    plan, _ = synthetic_plan(random.Random(1), 20)
    states = {"T1": TaskState("deferred"), "T2": TaskState("cancelled"), "T3": TaskState("superseded")}
    placed = {column.title: [task.id for task in column.tasks] for column in columns(plan, states)}
    assert placed["Deferred"] == ["T1"] and placed["Dropped"] == ["T2", "T3"]
    board = board_views.Board(plan, states, plan.tasks, {})
    for shown in (board_views.text(board), board_views.html(board)):
        assert "Deferred (1)" in shown and "Dropped (2)" in shown
    assert "Deferred 1, Dropped 2" in board_views.markdown(board)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_every_task_stands_in_one_lane_and_column_and_filters_meet(seed: int) -> None:
    plan, states = some_plan(seed)
    by_column = [each.id for column in columns(plan, states) for each in column.tasks]
    by_lane = [each.id for lane in lanes(plan, states) for column in lane.columns for each in column.tasks]
    assert sorted(by_column) == sorted(by_lane) == sorted(each.id for each in plan.tasks)
    for wanted in (
        TaskFilter(status=("waiting", "failed")),
        TaskFilter(epic=("e1",)),
        TaskFilter(who=("person",)),
        TaskFilter(critical=True),
        TaskFilter(text="F1 SRC"),
    ):
        found = choose(plan, states, wanted)
        assert found == tuple(each for each in plan.tasks if each in found), "in plan order"
        rest = [each for each in plan.tasks if each not in found]
        epic_of = {story.id: story.epic for story in plan.stories}
        for group, meets in ((found, True), (rest, False)):
            for each in group:
                status = state_of(each, states).status
                said = " ".join([each.title, *each.files]).lower()
                assert (
                    meets
                    == {
                        "status": status == "failed" or column_of(status) == "waiting",
                        "epic": epic_of[each.story] == "E1",
                        "who": each.how.kind == "person",
                        "critical": each.schedule.critical,
                        "text": "f1" in said and "src" in said,
                    }[next(name for name, value in vars(wanted).items() if value)]
                )
    apart = [{t.id for t in choose(plan, states, w)} for w in (TaskFilter(status=("done",)), TaskFilter(critical=True))]
    both = choose(plan, states, TaskFilter(status=("done",), critical=True))
    assert {each.id for each in both} == apart[0] & apart[1]
    with pytest.raises(UsageError, match="no epic or story E99"):
        choose(plan, states, TaskFilter(epic=("E99",)))


def test_what_is_next_is_critical_first_then_in_the_order_of_the_plan() -> None:
    tasks = [replace(task(n), schedule=Schedule(n, n + 1, 0 if n % 3 == 0 else 4, n % 3 == 0)) for n in (5, 3, 1, 6, 2)]
    plan = Plan("p", "t", "b", "a", tasks=tuple(tasks))
    states = {each.id: TaskState("ready") for each in tasks}
    assert [each.id for each in next_tasks(plan, states)] == ["T3", "T6", "T5", "T1", "T2"]


class Tags(HTMLParser):
    """Whether every tag that is opened is closed, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: object) -> None:
        assert tag != "script"
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def drawn(plan: Plan, states: dict[str, TaskState], complete: bool = False) -> board_views.Board:
    lights = {each.id: health(each, state_of(each, states).status) for each in plan.tasks}
    return board_views.Board(plan, states, plan.tasks, lights, complete=complete)


def test_two_thousand_tasks_stay_readable() -> None:
    plan, _ = synthetic_plan(random.Random(1), 2000)
    plan = with_epics(plan, 8)
    title = "<b>" + "Long title & more " * 6
    plan = replace(plan, tasks=tuple(replace(each, title=title) for each in plan.tasks))
    states = partly_done(random.Random(1), plan, 0.3)
    states |= {each.id: TaskState("failed", "it broke") for each in plan.tasks[-3:]}
    board = drawn(plan, states)
    text = board_views.text(board)
    assert len(text.splitlines()) < 80 and all(f"{epic.id} {epic.title}: " in text for epic in plan.epics)
    assert all(re.search(rf"🔴 {each.id}\*? ", text) for each in plan.tasks[-3:]), "what failed is listed"
    assert re.search(r"… and \d+ more: `noo board --status done --all`", text)
    page = board_views.html(board)
    assert len(page.encode()) <= 1_000_000 and page.count("<details") > 8
    Tags(page)
    assert len(board_views.markdown(board).encode()) < 100_000
    assert set(re.findall(r"<b>(?:★ )?(T\d+)</b>", page)) == {each.id for each in plan.tasks}
    endless = replace(plan, tasks=tuple(replace(each, title="日本語<" * 50) for each in plan.tasks))
    page = board_views.html(drawn(endless, states))
    assert len(page.encode()) <= 1_000_000 and " more: <code>noo board --status " in page
    Tags(page)
    whole = board_views.text(drawn(plan, states, complete=True))
    assert set(re.findall(r"^  \S+ (T\d+)\*? ", whole, re.M)) == {each.id for each in plan.tasks}


def test_a_small_board_lists_every_task_in_every_form() -> None:
    plan, states = some_plan(4, 30)
    board = drawn(plan, states)
    text, table, page = board_views.text(board), board_views.markdown(board), board_views.html(board)
    Tags(page)
    for each in plan.tasks:
        assert re.search(rf"^  \S+ {each.id}\*? ", text, re.M), each.id
        assert f"| {each.id} |" in table and re.search(rf"<b>(★ )?{each.id}</b>", page)
    for column in columns(plan, states):
        assert not column.tasks or f"{column.title} ({len(column.tasks)})" in text
    assert set(COLUMNS) >= {column_of(status) for status in STATUSES}
