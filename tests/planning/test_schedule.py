"""Order, critical path, links and rules of plans, against brute force on random graphs."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.errors import PlanInvalid
from nootropic_kernel.planning.link import link
from nootropic_kernel.planning.model import Epic, Estimate, How, Plan, Story, Task
from nootropic_kernel.planning.schedule.critical_path import in_order, schedule
from nootropic_kernel.planning.validate import check, problems


def task(number: int, depends_on: tuple[str, ...] = (), hours: float = 1.0) -> Task:
    how = How("model", why="x")
    return Task(f"T{number}", "S1", "k", f"Task {number}", how, depends_on=depends_on, estimate=Estimate(hours))


def random_tasks(rng: random.Random, size: int) -> list[Task]:
    """Tasks whose dependencies form no circle, in an order that need not follow them."""
    names = list(range(1, size + 1))
    rng.shuffle(names)
    tasks = []
    for place, name in enumerate(names):
        before = [f"T{other}" for other in names[:place] if rng.random() < 0.2]
        tasks.append(task(name, tuple(before), rng.choice([0.25, 0.5, 1.0, 2.0])))
    rng.shuffle(tasks)
    return tasks


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 25))
def test_the_schedule_is_the_longest_path(seed: int, size: int) -> None:
    tasks = random_tasks(random.Random(seed), size)
    ordered = [each.id for each in in_order(tasks)]
    assert sorted(ordered) == sorted(each.id for each in tasks)
    assert all(ordered.index(other) < ordered.index(each.id) for each in tasks for other in each.depends_on)

    by_id = {each.id: each for each in tasks}

    def longest(name: str) -> float:
        return by_id[name].estimate.hours + max((longest(other) for other in by_id[name].depends_on), default=0.0)

    timed = {each.id: each for each in schedule(tasks)}
    total = max(longest(name) for name in timed)
    for name, each in timed.items():
        assert each.schedule.end_h == longest(name)
        assert each.schedule.slack_h >= 0
        assert each.schedule.critical == (each.schedule.slack_h == 0)
        late = replace(each, estimate=Estimate(each.estimate.hours + each.schedule.slack_h))
        moved = schedule([late if other.id == name else other for other in tasks])
        assert max(other.schedule.end_h for other in moved) == total  # it may slip by its slack and no more
    chain = plan(tuple(timed.values())).critical_path()
    assert sum(by_id[name].estimate.hours for name in chain) == total
    assert all(before in by_id[after].depends_on for before, after in pairwise(chain))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(2, 12))
def test_a_circle_is_found_and_named(seed: int, size: int) -> None:
    rng = random.Random(seed)
    names = [f"T{number}" for number in rng.sample(range(1, 50), size)]
    tasks = [task(int(name[1:]), (names[place - 1],)) for place, name in enumerate(names)]
    rng.shuffle(tasks)
    with pytest.raises(PlanInvalid) as refused:
        in_order(tasks)
    assert sum(name in refused.value.what for name in names) == size or size > 9
    assert any("circle" in text for text in problems(plan(tuple(tasks))))


def test_ten_thousand_tasks_in_a_row_are_no_recursion() -> None:
    tasks = [task(number, (f"T{number + 1}",) if number < 10_000 else ()) for number in range(1, 10_001)]
    assert schedule(tasks)[0].schedule.end_h == 10_000


def plan(tasks: tuple[Task, ...]) -> Plan:
    return Plan("p", "P", "p", "application", epics=(Epic("E1", "E"),), stories=(Story("S1", "E1", "S"),), tasks=tasks)


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (replace(task(1), story="S9"), "belongs to S9"),
        (replace(task(1), status="finished"), "has the status"),
        (replace(task(1), how=How("magic")), "is done by"),
        (replace(task(1), how=How("recipe")), "names no recipe"),
        (replace(task(1), how=How("none")), "does not say why"),
        (replace(task(1), estimate=Estimate(-1.0)), "less than no time"),
        (replace(task(1), depends_on=("T1",)), "depends on itself"),
        (replace(task(1), depends_on=("T7",)), "which is not there"),
        (replace(task(1), id="X1"), "is no task id"),
    ],
)
def test_each_rule_has_a_plan_that_breaks_it(broken: Task, problem: str) -> None:
    assert problems(plan((task(1),))) == []
    with pytest.raises(PlanInvalid) as refused:
        check(plan((broken,)))
    assert problem in refused.value.why


def test_ids_are_unique_and_stories_have_epics() -> None:
    twice = plan((task(1), task(1)))
    assert any("there twice" in text for text in problems(twice))
    assert any("belongs to E9" in text for text in problems(replace(twice, stories=(Story("S1", "E9", "S"),))))


def test_links_follow_artifacts_and_skip_what_is_there() -> None:
    maker = replace(task(1), provides=("a",))
    later = replace(task(2), provides=("a",))
    user = replace(task(3), requires=("a", "b"))
    assert link([maker, later, user])[2].depends_on == ("T1",)
    assert link([maker, user], {"a"})[1].depends_on == ()
    assert link([user, maker])[0].depends_on == ("T1",)
    dropped = replace(maker, status="superseded")
    assert link([dropped, later, user])[2].depends_on == ("T2",)
    finished = replace(user, status="done", depends_on=("T9",))
    assert link([maker, finished])[1].depends_on == ("T9",)
