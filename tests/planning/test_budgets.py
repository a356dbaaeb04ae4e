"""Who does what and when: precedence, capacity and budgets on random plans, and the smallest change that helps."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.model import GONE, Estimate, Plan
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts
from nootropic_kernel.planning.schedule.assign import assign, budget_notes, verdict
from nootropic_kernel.planning.schedule.budgets import Limits, needs_of, over
from nootropic_kernel.planning.schedule.calendar import day_of, working_hours
from nootropic_kernel.planning.schedule.critical_path import elapsed, is_fixed, schedule
from nootropic_kernel.planning.schedule.deferral import with_people
from nootropic_kernel.planning.schedule.forecast import forecast
from nootropic_kernel.planning.schedule.resources import Load, agents_of
from nootropic_kernel.planning.spec.file import dump, read
from nootropic_kernel.planning.validate import problems
from tests.planning.random_staff import at_once, begun, broken_rules, random_plan

seeds = st.integers(0, 10**9)


def staff(plan: Plan) -> dict[str, tuple[int, float, frozenset[str]]]:
    return {agent.id: (agent.capacity, agent.speed, frozenset(agent.kinds)) for agent in agents_of(plan)}


def cost(plan: Plan) -> float:
    """What a plan costs, from its records alone."""
    rates = {agent.id: (agent.speed, agent.cost_usd_per_hour) for agent in agents_of(plan)}
    live = [task for task in plan.tasks if task.status not in ("superseded", "cancelled", "deferred")]
    return sum(
        t.estimate.hours / rates[str(t.agent)][0] * rates[str(t.agent)][1] + (t.estimate.cost_usd or 0.0) for t in live
    )


def tokens(plan: Plan) -> int:
    return sum(task.estimate.tokens for task in plan.tasks if task.status != "deferred")


@settings(max_examples=10, deadline=None)
@given(seeds, st.integers(1, 30), st.integers(1, 4))
def test_tasks_come_after_what_they_need_and_nobody_does_too_much_at_once(seed: int, size: int, agents: int) -> None:
    rng = random.Random(seed)
    plan = random_plan(rng, size, agents)
    made = assign(plan)
    assert broken_rules(made, staff(plan)) == []
    assert assign(made) == made == assign(plan)
    assert made.hours() >= max(task.schedule.end_h for task in schedule(fastest(plan).tasks)) - 1e-5
    path = [made.task(name) for name in made.critical_path()]
    assert path[-1] is not None and path[-1].schedule.end_h == made.hours()
    started = begun(rng, made)
    longer = with_people(started, 1)
    again = assign(longer)
    for was, now in zip(started.tasks, again.tasks, strict=True):
        if was.status in ("done", "running", "review"):
            assert now == was
    assert broken_rules(again, staff(longer)) == []


def fastest(plan: Plan) -> Plan:
    """The plan with every task as short as its fastest agent makes it: no schedule is shorter than its longest path."""
    speeds = {kind: max(a.speed for a in agents_of(plan) if kind in a.kinds) for kind in ("person", "model", "recipe")}
    return replace(
        plan,
        tasks=tuple(
            replace(task, estimate=replace(task.estimate, hours=task.estimate.hours / speeds[task.how.kind]))
            for task in plan.tasks
        ),
    )


@settings(max_examples=12, deadline=None)
@given(seeds, st.integers(1, 60), st.floats(0, 1.2), st.floats(0, 1.2), st.floats(0, 1.2))
def test_a_plan_keeps_its_budget_or_says_why_it_cannot(seed: int, size: int, h: float, c: float, t: float) -> None:
    rng = random.Random(seed)
    plan = random_plan(rng, size)
    whole = assign(plan)
    amounts = {"hours": h * whole.hours(), "cost_usd": c * cost(whole), "tokens": t * tokens(whole)}
    budget = {key: amounts[key] for key in rng.sample(sorted(amounts), rng.choice([1, 1, 2, 3]))}
    made = assign(replace(plan, budget=budget))
    assert broken_rules(made, staff(made)) == []
    assert assign(made) == made
    assert read(dump(made)).plan == made and problems(made) == []
    found = verdict(made)
    if found is None:
        assert made.hours() <= budget.get("hours", made.hours()) + 1e-6
        assert cost(made) <= budget.get("cost_usd", cost(made)) + 1e-5
        assert tokens(made) <= budget.get("tokens", tokens(made))
        waiting = {task.story for task in made.tasks if task.status == "deferred"}
        told = " ".join(budget_notes(made))
        assert all(name in told for name in waiting)
        return
    assert not [task for task in made.tasks if task.status == "deferred"]
    assert found.sentence() in list(budget_notes(made))
    raised = budget | {each.constraint: each.needed for each in found.relaxations}
    fits = assign(replace(plan, budget=raised))
    assert verdict(fits) is None and not over_budget(fits)
    for each in found.relaxations:
        less = raised | {each.constraint: each.needed - max(1e-3, each.by * 1e-3)}
        assert verdict(assign(replace(plan, budget=less))) is not None
    if found.people is not None:
        more = with_people(replace(plan, budget=budget), found.people)
        assert verdict(assign(more)) is None
        if found.people > 1:
            fewer = with_people(replace(plan, budget=budget), found.people - 1)
            assert verdict(assign(fewer)) is not None


def over_budget(plan: Plan) -> bool:
    limits = Limits.of(plan)
    pairs = [(plan.hours(), limits.hours), (cost(plan), limits.cost_usd), (tokens(plan), limits.tokens)]
    return any(limit is not None and needed > limit + 1e-5 for needed, limit in pairs)


@settings(max_examples=8, deadline=None)
@given(seeds, st.integers(2, 60), st.floats(0.2, 0.9))
def test_what_waits_is_needed_by_nothing_and_comes_back_with_the_budget(seed: int, size: int, share: float) -> None:
    rng = random.Random(seed)
    plan = random_plan(rng, size)
    whole = assign(plan)
    tight = assign(replace(plan, budget={"hours": share * whole.hours()}))
    given = {item for task in tight.tasks if task.status != "deferred" for item in task.provides}
    for task in tight.tasks:
        if task.status != "deferred":
            assert set(task.requires) <= given
    locked = replace(plan, budget=tight.budget, tasks=tuple(replace(task, locked=True) for task in plan.tasks))
    assert not [task for task in assign(locked).tasks if task.status == "deferred"]
    free = assign(replace(tight, budget={"hours": 2 * whole.hours()}))
    assert [replace(t, schedule=w.schedule) for t, w in zip(free.tasks, whole.tasks, strict=True)] == list(whole.tasks)
    dropped = next((task for task in tight.tasks if task.status == "deferred"), None)
    if dropped is not None:  # a person put it off: no budget brings it back
        mine = replace(dropped, ext={})
        changed = replace(plan, budget={}, tasks=tuple(mine if t.id == mine.id else t for t in plan.tasks))
        assert assign(changed).task(mine.id) == replace(mine, schedule=assign(changed).task(mine.id).schedule)  # type: ignore[union-attr]


def test_a_budget_keeps_what_the_tool_does_before_what_is_round_it() -> None:
    """Regression: with 4 hours every command waited, while manifest, README and CI were kept."""
    brief = "A command line tool that tracks tasks. Add tasks, and report them. One person, {} hours"
    made = make_plan(brief.format(4), RepositoryFacts())
    left = {task.kind for task in made.tasks if task.status != "deferred"}
    assert {"entity-model", "entity-store", "entry-point", "entity-commands"} <= left
    assert [task.kind for task in made.tasks if task.status == "deferred"] == ["ability"]
    told = list(budget_notes(made))
    (hours,) = (float(note.split()[1]) for note in told if note.endswith("instead of 4 h nothing is left for later."))
    assert all(task.status != "deferred" for task in assign(replace(made, budget={"hours": hours})).tasks)


def test_without_agents_and_budget_nobody_waits_for_anybody() -> None:
    plan = replace(random_plan(random.Random(3), 20), agents=())
    made = assign(plan)
    assert made.tasks == schedule(plan.tasks)
    assert agents_of(plan) == () and {task.agent for task in made.tasks} == {None}
    timed = assign(replace(plan, budget={"hours": 1000}))
    assert {task.agent for task in timed.tasks} == {"recipes", "model", "people"}
    assert timed.hours() > made.hours()


def test_the_verdict_names_hours_people_and_what_would_wait() -> None:
    plan = replace(random_plan(random.Random(5), 1), agents=())
    story = plan.stories[0].id
    task = replace(plan.tasks[0], how=replace(plan.tasks[0].how, kind="person"), story=story)
    pair = tuple(
        replace(task, id=name, provides=(name,), estimate=replace(task.estimate, hours=7.25)) for name in ("T1", "T2")
    )
    made = assign(replace(plan, tasks=pair, budget={"hours": 10}))
    assert list(budget_notes(made)) == [
        "The budget cannot be kept: the plan needs 14.5 h of 10 h; +4.5 h, or one more person."
    ]
    assert verdict(assign(with_people(made, 1))) is None


def test_cheaper_agents_come_before_stories_are_put_off() -> None:
    dear = {"id": "expert", "speed": 4.0, "cost_usd_per_hour": 100.0, "kinds": ["person", "model", "recipe"]}
    cheap = {"id": "pupil", "speed": 1.0, "cost_usd_per_hour": 10.0, "kinds": ["person", "model", "recipe"]}
    plan = replace(random_plan(random.Random(11), 12), agents=(dear, cheap))
    free = assign(plan)
    least = sum(task.estimate.hours * 10 + (task.estimate.cost_usd or 0) for task in plan.tasks)
    last = None
    for share in (1.0, 0.75, 0.5, 0.25, 0.0):
        limit = least + share * (cost(free) - least)
        made = assign(replace(plan, budget={"cost_usd": limit}))
        assert cost(made) <= limit + 1e-6
        assert not [task for task in made.tasks if task.status == "deferred"]
        last = made
    assert last is not None and {task.agent for task in last.tasks if task.estimate.hours} == {"pupil"}
    below = assign(replace(plan, budget={"cost_usd": 0.95 * least}))
    assert cost(below) <= 0.95 * least and [task for task in below.tasks if task.status == "deferred"]


def test_a_price_nobody_knows_is_told_and_a_price_an_agent_knows_is_counted() -> None:
    plan = random_plan(random.Random(2), 12)
    tasks = tuple(replace(t, estimate=replace(t.estimate, cost_usd=None)) for t in plan.tasks)
    plan = replace(plan, agents=(), budget={"cost_usd": 5}, tasks=tasks)
    asked = [task for task in plan.tasks if task.how.kind == "model"]
    assert f"What models cost for {len(asked)} tasks is not known" in " ".join(budget_notes(assign(plan)))
    assert forecast(assign(plan)).cost_usd is None
    priced = replace(plan, agents=({"id": "m", "kinds": ["model"], "usd_per_million_tokens": 100.0},))
    made = assign(replace(priced, budget={"cost_usd": 50}))
    assert forecast(made).cost_usd == pytest.approx(sum(task.estimate.tokens for task in asked) * 1e-4)
    assert not forecast(made).unpriced and not list(budget_notes(made))


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 900))
def test_working_hours_are_those_of_the_days_counted_one_by_one(start: date, days: int) -> None:
    deadline = start + timedelta(days=days)
    counted = sum((start + timedelta(days=each)).weekday() < 5 for each in range(days + 1))
    assert working_hours(start, deadline) == 8 * counted
    assert working_hours(deadline, start) == (working_hours(start, start) if not days else 0)
    if counted:
        last = day_of(start, working_hours(start, deadline))
        assert last <= deadline and last.weekday() < 5 and working_hours(last, deadline) == 8.0
        assert day_of(start, working_hours(start, deadline) + 0.01) > deadline


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.floats(0.01, 4000))
def test_the_day_of_an_hour_is_the_first_that_leaves_time_for_it(start: date, hours: float) -> None:
    day = day_of(start, hours)
    assert working_hours(start, day) >= hours - 1e-6
    assert day == start or working_hours(start, day - timedelta(days=1)) < hours


def test_a_deadline_is_a_limit_in_working_hours() -> None:
    plan = random_plan(random.Random(1), 12)
    friday = {"start": "2026-11-26", "deadline": "2026-11-30"}  # Thursday to Monday
    assert Limits.of(replace(plan, budget=friday)).hours == 24
    assert Limits.of(replace(plan, budget=friday | {"hours": 10})).hours == 10
    made = assign(replace(plan, budget=friday))
    assert any("the deadline is Mon 2026-11-30" in note for note in budget_notes(made))
    alone = replace(plan, budget={"deadline": "2026-11-30"})
    assert Limits.of(alone).hours is None
    assert any("does not say when the plan starts" in note for note in budget_notes(assign(alone)))


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 4))
def test_an_agent_takes_a_task_as_soon_as_it_is_free_and_not_before(seed: int, capacity: int) -> None:
    rng = random.Random(seed)
    load = Load(capacity)
    spans: list[tuple[float, float]] = []
    for _ in range(rng.randint(1, 30)):
        at = rng.choice([rng.uniform(0, 20), float(rng.randint(0, 20))])
        hours = rng.choice([0.5, 1.0, rng.uniform(0.01, 4)])
        start = load.earliest(at, hours)
        assert start >= at
        before = [at, *(end for _, end in spans if at <= end)]  # an agent becomes free only when a task ends
        for begin in before:
            assert begin > start - 1e-5 or at_once([*spans, (begin, begin + hours)]) > capacity
        load.take(start, start + hours)
        spans.append((start, start + hours))
        assert at_once(spans) <= capacity


@pytest.mark.parametrize(
    ("budget", "agents", "problem"),
    [
        ({"hours": "ten"}, (), "hours must be a number"),
        ({"cost_usd": -1}, (), "cost_usd must be a number"),
        ({"deadline": "Friday"}, (), "deadline must be a day"),
        ({}, ({"capacity": 2},), "has no id"),
        ({}, ({"id": "a"}, {"id": "a"}), "there twice"),
        ({}, ({"id": "a", "capacity": 0},), "capacity of agent a"),
        ({}, ({"id": "a", "capacity": 1.5},), "capacity of agent a"),
        ({}, ({"id": "a", "speed": 0},), "speed of agent a"),
        ({}, ({"id": "a", "cost_usd_per_hour": -3},), "cost_usd_per_hour of agent a"),
        ({}, ({"id": "a", "cost_usd_per_hour": 1e308},), "cost_usd_per_hour of agent a"),
        ({}, ({"id": "a", "usd_per_million_tokens": 1e10},), "usd_per_million_tokens of agent a"),
        ({}, ({"id": "a", "kinds": ["wizard"]},), "kinds of agent a"),
    ],
)
def test_budgets_and_agents_that_cannot_be_used_are_named(
    budget: dict[str, object], agents: tuple[dict[str, object], ...], problem: str
) -> None:
    plan = replace(random_plan(random.Random(1), 3), budget=budget, agents=agents)
    assert any(problem in text for text in problems(plan))


@pytest.mark.parametrize("estimate", [Estimate(hours=1e308), Estimate(tokens=2**62), Estimate(cost_usd=1e300)])
def test_an_estimate_beyond_all_bounds_is_named(estimate: Estimate) -> None:
    """Regression: the sum of a few was infinite, and the plan could be written no more."""
    plan = random_plan(random.Random(1), 3)
    plan = replace(plan, tasks=tuple(replace(task, estimate=estimate) for task in plan.tasks))
    assert [text for text in problems(plan) if "more than any task" in text]


def test_unknown_keys_of_a_budget_are_nobodys_limit_and_are_told() -> None:
    plan = assign(replace(random_plan(random.Random(1), 3), budget={"words": 3}))
    assert any("the budget has no key 'words'" in problem for problem in problems(plan))
    assert over(needs_of(plan), Limits.of(plan)) == ()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 40))
def test_nothing_is_placed_before_what_was_done_or_before_today(seed: int, passed: float) -> None:
    rng = random.Random(seed)
    plan = assign(replace(random_plan(rng, 20), budget={"hours": 500.0}))
    order = sorted(plan.tasks, key=lambda task: task.schedule.end_h)
    started = {task.id for task in order[: rng.randrange(12)] if task.status not in GONE}
    now = elapsed(plan.tasks, started, passed)
    work = sum(task.schedule.end_h - task.schedule.start_h for task in plan.tasks)
    assert round(passed, 6) <= now <= max(passed, work) + 1e-6
    made = assign(plan, started, passed)
    for task in made.tasks:
        if task.id in started:
            assert task == plan.task(task.id)
        elif task.status not in GONE and not is_fixed(task):
            assert task.schedule.start_h >= now - 1e-6
