"""Constraints of a brief: what is one, what is not, and that one changes nothing but what it says."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.methods.library import shipped_library
from nootropic_kernel.planning.model import Plan, Schedule
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.reading.constraints import find_constraints
from nootropic_kernel.planning.reading.dates import read_day
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts
from nootropic_kernel.planning.views.tree import word_lines

pytestmark = pytest.mark.slow

WEDNESDAY = date(2026, 11, 25)
VERBS = frozenset(shipped_library().words["verbs"])
NOTHING = RepositoryFacts()
PARSER = read_facts({"reader/__init__.py": b"", "reader/core.py": b"def parse(text):\n    return text\n"})

BRIEFS = (
    "Build a blog platform",
    "A shop for kettles with coupons",
    "Write a command line tool that tracks lanterns",
    "REST API for invoices",
    "load sales.csv, clean it, plot revenue by month",
    "train a classifier on iris",
    "JupyterLab extension that shows the kernel's memory",
    "Migrate our Flask app to FastAPI",
)
CONSTRAINTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("within 10 hours", {"hours": 10.0}),
    ("at most 7.5 hours", {"hours": 7.5}),
    ("under $20", {"cost_usd": 20.0}),
    ("at most 50 USD", {"cost_usd": 50.0}),
    ("max 1,200 dollars", {"cost_usd": 1200.0}),
    ("€30 (about $33)", {"cost_usd": 33.0}),
    ("no more than 200k tokens", {"tokens": 200_000}),
    ("by Friday", {"deadline": "2026-11-27"}),
    ("by next Friday", {"deadline": "2026-12-04"}),
    ("by 3 March", {"deadline": "2027-03-03"}),
    ("by March 3rd, 2027", {"deadline": "2027-03-03"}),
    ("before 2026-12-24", {"deadline": "2026-12-23"}),
    ("in two weeks", {"deadline": "2026-12-09"}),
    ("by the end of the month", {"deadline": "2026-11-30"}),
    ("two people", {"people": 2}),
    ("a team of 3", {"people": 3}),
    ("a 4-person team", {"people": 4}),
    ("by myself", {"people": 1}),
    ("a pair of students", {"people": 2}),
    ("a budget of 2k", {"cost_usd": 2000.0}),
    ("free of charge", {"cost_usd": 0.0}),
    ("by the end of February", {"deadline": "2027-02-28"}),
    ("this weekend", {"deadline": "2026-11-29"}),
    ("with 90 % test coverage", {"coverage": 90}),
)


def told(plan: Plan) -> dict[str, Any]:
    """The constraints of a plan, by the names used here."""
    found: dict[str, Any] = {key: value for key, value in plan.budget.items() if key != "start"}
    if plan.agents:
        found["people"] = plan.agents[0]["capacity"]
    if plan.bindings["coverage"]:
        found["coverage"] = int(plan.bindings["coverage"])
    return found


def without(plan: Plan) -> Plan:
    """A plan without what a constraint may change: budget, agents, who does what and when, the brief and its words."""
    tasks = tuple(replace(task, agent=None, schedule=Schedule(), status="pending", ext={}) for task in plan.tasks)
    return replace(plan, id="", brief="", budget={}, agents=(), words=(), bindings={}, tasks=tasks)


@pytest.mark.parametrize(("text", "expected"), CONSTRAINTS)
@pytest.mark.parametrize("form", ["{brief}, {text}", "{brief}. {Text}.", "{brief}\n- {text}", "{Text}: {brief}"])
def test_a_constraint_is_found_wherever_it_stands(text: str, expected: dict[str, Any], form: str) -> None:
    if form.startswith("{Text}"):
        form = "{Text}. {brief}"
    brief = form.format(brief=BRIEFS[0], text=text, Text=text[:1].upper() + text[1:])
    assert told(make_plan(brief, NOTHING, today=WEDNESDAY)) == expected


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(BRIEFS), st.lists(st.sampled_from(CONSTRAINTS), unique_by=lambda each: each[0], max_size=4))
def test_a_constraint_changes_nothing_but_what_it_says(brief: str, chosen: list[tuple[str, dict[str, Any]]]) -> None:
    plain = make_plan(brief, NOTHING, today=WEDNESDAY)
    assert told(plain) == {}
    bound = make_plan(", ".join([brief, *(text for text, _ in chosen)]), NOTHING, today=WEDNESDAY)
    keys = {key for _, found in chosen for key in found}
    assert set(told(bound)) == keys
    for key in keys - {"people"}:
        values = [found[key] for _, found in chosen if key in found]
        assert told(bound)[key] == min(values), "the tightest counts"
    if "coverage" not in keys:
        assert without(bound) == without(plain)
    for text, _ in chosen:
        assert any(text.lower() in use.text.lower() and use.verdict == "matched" for use in bound.words)


@pytest.mark.parametrize(
    "brief",
    [
        "A shop for books under $20",
        "Build an app that reminds members within 24 hours",
        "An app where people rent cars for up to $50 a day",
        "List products under $20",
        "Remind users every 10 minutes",
        "Send reminders two days before the due date",
        "Build a chat for two people",
        "Create a game for 4 players",
        "A chat for people who live alone",
        "An app to cancel bookings within 24 hours",
        "Plot revenue by month",
        "Alert me when the price drops below $20",
        "Track expenses and a budget for each month",
    ],
)
def test_what_tells_about_the_thing_to_be_built_is_no_constraint(brief: str) -> None:
    assert told(make_plan(brief, NOTHING, today=WEDNESDAY)) == {}


@pytest.mark.parametrize(
    ("brief", "said"),
    [
        ("Build a blog, €30 at most", "USD"),
        ("Build a blog by 03/04/2027", "2027-04-03 or 2027-03-04"),
        ("A shop for books under $20", "could be a budget"),
        ("Build an app that reminds members within 24 hours", "could be a limit of time"),
        ("Build a blog by 1 May 2020", "past"),
        ("Build a blog by 31 February 2027", "no such day"),
        ("Build a blog with a few developers", "how many is not said"),
    ],
)
def test_what_is_not_clear_is_said(brief: str, said: str) -> None:
    plan = make_plan(brief, NOTHING, today=WEDNESDAY)
    assert told(plan) == {}
    assert any(said in use.meaning and use.verdict == "noted" for use in plan.words), plan.words


def test_without_a_day_to_count_from_relative_dates_are_noted_only() -> None:
    plan = make_plan("Build a blog by Friday", NOTHING)
    assert plan.budget == {} and any("count from" in use.meaning for use in plan.words)
    assert make_plan("Build a blog by 2027-02-01", NOTHING).budget == {"deadline": "2027-02-01"}


def test_a_day_that_is_today_too_is_the_next_one_and_said() -> None:
    plan = make_plan("Build a blog by Friday", NOTHING, today=date(2026, 11, 27))
    assert plan.budget["deadline"] == "2026-12-04"
    assert any("today is one too" in use.meaning for use in plan.words)


def test_agents_and_start_follow_their_contract() -> None:
    plan = make_plan("Build a blog. Two developers at $60 an hour, by Friday", NOTHING, today=WEDNESDAY)
    assert plan.agents == (
        {"id": "people", "capacity": 2, "speed": 1.0, "cost_usd_per_hour": 60.0, "kinds": ["person", "model"]},
    )
    assert plan.budget == {"deadline": "2026-11-27", "start": "2026-11-25"}


def test_a_brief_of_constraints_only_is_refused() -> None:
    with pytest.raises(BriefUnusable, match="not what is to be made"):
        make_plan("By Friday, at most $20", NOTHING, today=WEDNESDAY)


def test_an_edited_brief_brings_its_constraints_and_keeps_what_was_set_by_hand() -> None:
    old = make_plan("Build a blog within 10 hours, by Friday", NOTHING, today=WEDNESDAY)
    by_hand = replace(old, budget={**old.budget, "cost_usd": 5.0})
    later = WEDNESDAY + timedelta(days=3)
    new = amend_plan(by_hand, "Build a blog within 12 hours, by 2026-12-24", NOTHING, set(), today=later).plan
    assert new.budget == {"hours": 12.0, "deadline": "2026-12-24", "start": "2026-11-25", "cost_usd": 5.0}
    assert amend_plan(by_hand, "Build a blog", NOTHING, set(), today=later).plan.budget == {"cost_usd": 5.0}


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.dates(date(2000, 1, 1), date(2080, 1, 1)))
def test_days_are_read_as_they_are_written(day: date, today: date) -> None:
    month = day.strftime("%B")
    for text in (day.isoformat(), f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}"):
        assert read_day(text, today).day == day, text
    assert read_day(f"{day.day}.{day.month}.{day.year}", None).day == day
    coming = read_day(f"the {day.day}th of {month}", today).day
    assert coming is not None and coming >= today and (coming.month, coming.day) == (day.month, day.day)
    weekday = read_day(day.strftime("%A"), today).day
    assert weekday is not None and 1 <= (weekday - today).days <= 7 and weekday.weekday() == day.weekday()


@settings(deadline=None)
@given(st.text(max_size=200), st.dates())
def test_any_text_has_constraints_or_none(text: str, today: date) -> None:
    found = find_constraints(text, today, VERBS)
    rest = found.rest(text)
    assert len(rest) == len(text)
    assert all(rest[at] == char for at, char in enumerate(text) if not _taken(found.said, at))


def test_a_day_of_this_week_or_the_next() -> None:
    for text, day in (("Friday next week", 4), ("Monday of next week", 30), ("Friday of this week", 27)):
        read = read_day(text, WEDNESDAY)
        assert read.day is not None and read.day.day == day and not read.remark, text
        found = find_constraints(f"Build a shop by {text}", WEDNESDAY, VERBS)
        assert found.budget["deadline"] == read.day.isoformat()
        assert found.rest(f"Build a shop by {text}").split() == ["Build", "a", "shop"]
    over = read_day("Monday this week", WEDNESDAY)
    assert over.day is None and over.remark


def _taken(said: list[Any], at: int) -> bool:
    return any(part.taken and part.start <= at < part.end for part in said)


# What a demand or a ruled-out technology governs: the limits, and the checks and words of whoever writes the tasks.
DEMANDS = (
    ("it must not overwrite files", "demand: must not overwrite files"),
    ("works offline", "demand: works offline"),
    ("meeting WCAG AA", "demand: meeting WCAG AA"),
    ("answers in under 200 ms", "demand: answers in under 200 ms"),
    ("nothing may be uploaded", "demand: nothing may be uploaded"),
    ("Kafka-free", "leave out: Kafka"),
    ("neither Docker nor Terraform", "leave out: Docker Terraform"),
    ("not in PHP", "leave out: PHP"),
)


def governed(plan: Plan) -> dict[str, Any]:
    """Everything that a constraint may change, each part by itself; the words of the brief and of titles left out."""
    work = [
        (t.kind, t.how.kind, t.how.recipe, t.files, t.requires, t.provides, t.depends_on, t.estimate)
        for t in plan.tasks
    ]
    who = [(t.agent, t.schedule, t.status) for t in plan.tasks]
    amounts = {f"budget {key}": value for key, value in plan.budget.items()}
    checks = [tuple(c.text for c in t.acceptance if c.text not in plan.limits) for t in plan.tasks]
    rest = {"agents": plan.agents, "limits": frozenset(plan.limits), "work": work, "who": who, "checks": checks}
    return {**amounts, **rest}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(BRIEFS),
    st.sampled_from([*CONSTRAINTS, *DEMANDS]),
    st.sampled_from([*CONSTRAINTS, *DEMANDS]).filter(lambda each: each[1] != {"coverage": 90}),
)
def test_taking_a_constraint_away_changes_exactly_what_it_governs(brief: str, stays: Any, goes: Any) -> None:
    both = governed(make_plan(f"{brief}, {stays[0]}, {goes[0]}", NOTHING, today=WEDNESDAY))
    one = governed(make_plan(f"{brief}, {stays[0]}", NOTHING, today=WEDNESDAY))
    if isinstance(goes[1], str):
        assert both["limits"] - one["limits"] == ({goes[1]} if goes != stays else set())
        may_change = {"limits"}
    else:
        keys = {f"budget {key}" if key != "people" else "agents" for key in goes[1]}
        if stays[1] == goes[1] or (not isinstance(stays[1], str) and set(goes[1]) == set(stays[1])):
            assert all(both.get(key) in (one.get(key), *goes[1].values()) for key in keys if key != "agents")
        else:
            assert all(both.get(key) != one.get(key) for key in keys)
        may_change = {*keys, "who", "budget start"}
    assert {key for key in both.keys() | one.keys() if both.get(key) != one.get(key)} <= may_change


@pytest.mark.parametrize(("text", "limit"), DEMANDS)
def test_a_demand_is_checked_in_every_task_that_is_written_or_told_as_not_enforced(text: str, limit: str) -> None:
    plan = make_plan(f"Build a blog platform, {text}", NOTHING, today=WEDNESDAY)
    assert plan.limits == (limit,)
    written = [task for task in plan.tasks if task.how.kind in ("model", "person") and task.files]
    assert written and all(limit in {check.text for check in task.acceptance} for task in written)
    assert any(f"when you review {written[0].id}" in line for line in word_lines(plan))
    recipes = make_plan(f"Rename parse to read, {text}", PARSER, today=WEDNESDAY)
    if not any(task.how.kind in ("model", "person") and task.files for task in recipes.tasks):
        assert any("not enforced" in use.meaning for use in recipes.words if use.verdict == "noted")


@pytest.mark.parametrize(
    ("brief", "limits"),
    [
        ("A tool that checks pages for WCAG violations", ()),
        ("A crawler that runs on Mondays", ()),
        ("A tool for people who work on Linux", ()),
        ("A register of driver licences", ()),
        ("A chat for 200 users", ()),
        ("A tool which resizes images to under 5 MB", ()),
        ("A CLI in Python 3 hours", ()),
    ],
)
def test_what_a_program_is_about_is_no_demand(brief: str, limits: tuple[str, ...]) -> None:
    assert make_plan(brief, NOTHING, today=WEDNESDAY).limits == limits


def test_the_part_of_its_time_that_a_team_gives_makes_it_slower_and_not_dearer() -> None:
    whole = find_constraints("A blog, two developers at $50 an hour", WEDNESDAY).agents[0]
    half = find_constraints("A blog, two developers half time at $50 an hour", WEDNESDAY).agents[0]
    assert (half["capacity"], half["speed"], half["cost_usd_per_hour"]) == (2, 0.5, 25.0)
    assert {**half, "speed": 1.0, "cost_usd_per_hour": 50.0} == whole
    assert find_constraints("A blog with 1.5 FTE", WEDNESDAY).agents[0]["speed"] == 0.75
    both = find_constraints("One designer and two developers, a blog", WEDNESDAY).agents[0]
    assert both["capacity"] == 3


@pytest.mark.parametrize(
    ("brief", "told"),
    [
        ("A blog, no more than twenty dollars a month", "running costs of 20 USD a month: not enforced"),
        ("A blog, max. 300 EUR", "a budget of 300 EUR: not enforced"),
        ("A blog, ASAP", "how soon is not said: not enforced"),
    ],
)
def test_what_no_part_of_the_plan_can_keep_to_is_told_with_the_place_to_look(brief: str, told: str) -> None:
    plan = make_plan(brief, NOTHING, today=WEDNESDAY)
    assert plan.budget == {}
    assert any(told in line for line in word_lines(plan)), list(word_lines(plan))


@pytest.mark.parametrize("part", ["a ", "under $20 ", "by two people ", "runs on Aa ", "works on Linux, ", "1", "Aa "])
def test_a_long_brief_is_read_in_seconds(part: str) -> None:
    brief = (part * 20_000)[:20_000]
    begin = time.process_time()
    found = find_constraints(brief, WEDNESDAY, VERBS)
    assert time.process_time() - begin < 10 and len(found.rest(brief)) == 20_000  # measured: at most 2 s


def test_technologies_choose_ways() -> None:
    def ways(brief: str) -> set[str]:
        return {f"{node.compound}: {node.way}" for node in make_plan(brief, read_facts({})).tree}

    assert "storage: in files" in ways("Build a blog")
    assert "storage: in the SQL database that is asked for" in ways("Build a blog with PostgreSQL")
    assert "pages: a single page over an interface" in ways("Build a blog using React")
    assert "thing: a Django model" in ways("Build a blog in Django")
    assert "sign-in: sessions" in ways("Build a blog with login")
    assert "sign-in: tokens, as other programs sign in" in ways("REST API for posts with login")
    assert "steps: assets of an orchestrator" in ways("Build an ETL pipeline with Dagster")
    assert "training-model: a training loop" in ways("train a classifier with PyTorch")
    assert "site: with the generator that is asked for" in ways("Build a documentation site with Sphinx")


def test_how_long_a_thing_takes_now_is_no_budget() -> None:
    brief = "Speed up the nightly import: it takes 25 minutes"
    assert find_constraints(brief, date(2026, 11, 27)).budget == {}
    assert find_constraints("A blog in under 30 minutes", date(2026, 11, 27)).budget == {"hours": 0.5}


def test_people_named_beside_a_limit_are_those_who_do_it() -> None:
    found = find_constraints("A REST service for parcel labels for under $20 by two people", WEDNESDAY)
    assert found.agents[0]["capacity"] == 2 and found.budget == {"cost_usd": 20.0}
    assert find_constraints("A site for two people by Friday", WEDNESDAY).agents[0]["capacity"] == 2
    assert find_constraints("A page where photos are rated by 5 people", WEDNESDAY).agents == ()


def test_people_named_right_behind_a_day_are_those_who_do_it() -> None:
    (people,) = find_constraints("A JSON service by Monday for three people", date(2026, 11, 27)).agents
    assert people["capacity"] == 3
    assert find_constraints("An app for three people", date(2026, 11, 27)).agents == ()


@pytest.mark.parametrize(
    ("brief", "title"),
    [
        ("A blog for two people by Friday, no JavaScript", "A blog, no JavaScript"),
        ("A shop with two developers, with PostgreSQL", "A shop, with PostgreSQL"),
        ("A page to log in, with a password", "A page to log in, with a password"),
    ],
)
def test_a_title_has_no_word_that_waits_for_what_was_taken_out(brief: str, title: str) -> None:
    assert make_plan(brief, NOTHING, today=WEDNESDAY).title == title
