"""Briefs of new projects as strangers type them: what is kept, what is done, and what could not be read."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.planning.errors import BriefUnusable
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.planner import amend_plan, make_plan
from nootropic_kernel.planning.reading.wording import plural, singular
from nootropic_kernel.planning.repository.facts import read_facts
from tests.planning.test_words_accounted import missing_words

READERS = Path(__file__).parents[2] / "experiments" / "benchmarks" / "briefs_held_out.yaml"
BRIEFS = [entry["brief"] for entry in yaml.safe_load(READERS.read_text(encoding="utf-8"))["briefs"]]
_SORT = "nothing says what sort of project it is"


def planned(brief: str) -> Plan:
    return make_plan(brief, read_facts({}), today=date(2026, 11, 27))


def things(plan: Plan) -> list[str]:
    return [thing["entity"] for thing in plan.bindings["entities"]]


def said(plan: Plan, verdict: str) -> dict[str, str]:
    """Words of a verdict, with their meanings."""
    return {use.text: use.meaning for use in plan.words if use.verdict == verdict}


@pytest.mark.parametrize("brief", BRIEFS)
def test_every_word_of_a_reader_is_told_once_and_every_task_can_be_checked(brief: str) -> None:
    plan = planned(brief)
    assert missing_words(plan) == set()
    for task in plan.tasks:
        checks = [check for check in task.acceptance if check.verify or check.text.startswith("A person ")]
        assert task.title.strip() and task.provides and checks, task
        assert task.files or task.how.kind == "person", task


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([word for brief in BRIEFS for word in brief.split()]), min_size=1, max_size=40))
def test_every_word_of_a_salad_of_readers_is_told_once(words: list[str]) -> None:
    try:
        plan = planned(" ".join(words))
    except BriefUnusable:
        return
    assert missing_words(plan) == set()


@pytest.mark.parametrize(
    ("brief", "expected"),
    [
        ("Web app for lessons: rooms, classes and tutors", ["lesson", "room", "class_item", "tutor"]),
        ("Web app to keep a list of radio shows and picture books", ["radio_show", "picture_book"]),
        ("Web app with gift lists and hotel rooms", ["gift_list", "hotel_room"]),
        ("A website where members note their runs and plan visits", ["member", "run", "visit"]),
        ("My sister and I want a web app where we note the teas we tasted", ["tea"]),
        ("App for my model ships: frigates, tugboats", ["frigate", "tugboat"]),
        ("We are a rowing club. Web app where members reserve boats", ["member", "boat"]),
        ("Dashboard for our solar panels", ["solar_panel"]),
        ("Web app for our trainers to plan sessions", ["session"]),
        ("pottery studio app: glazes, firings and kilns", ["glaze", "firing", "kiln"]),
        ("Web app: the lamp is broken or dim, lamps and rooms", ["lamp", "room"]),
    ],
)
def test_nouns_are_things_under_the_names_that_people_use(brief: str, expected: list[str]) -> None:
    assert sorted(things(planned(brief))) == sorted(expected)


@pytest.mark.parametrize(
    ("brief", "thing", "fields"),
    [
        ("Web app. Drivers have a licence number.", "driver", ["licence_number"]),
        ("Web app. Flights have a date, a gate and a price.", "flight", ["date", "gate", "price"]),
        ("Web app. I want to write down soundings: date, depth, wave heights.", "sounding", ["date", "depth"]),
        ("REST API\n- yoga courses (title, trainer, capacity)", "yoga_course", ["title", "trainer", "capacity"]),
        ("Web app: plays with title, actors and running time, and theatres", "play", ["title", "running_time"]),
    ],
)
def test_fields_are_read_where_they_are_listed(brief: str, thing: str, fields: list[str]) -> None:
    found = {
        each["entity"]: [field["name"] for field in each["fields"]] for each in planned(brief).bindings["entities"]
    }
    assert set(fields) <= set(found.get(thing, [])), found


@pytest.mark.parametrize(
    ("brief", "archetype", "title"),
    [
        ("A tool that renames songs by their length. Must not overwrite anything", "cli-tool", "Rename songs"),
        ("tool to find old backups and move them to another disk", "cli-tool", "Move them to another disk"),
        ("Web app for lamps with dimming reminders", "web-application", "Dimming reminders: who is told what"),
        ("Web app for lamps; clerks print labels for them", "web-application", "Print labels"),
        ("Rename my scans after their date and sort them", "application", "Rename my scans after their date"),
        ("png to webp converter", "cli-tool", "Convert png to webp"),
        ("Website where neighbours lend ladders to each other", "web-application", "Lend ladders to each other"),
        ("Web app: drivers pick up parcels, clerks weigh letters", "web-application", "Pick up parcels"),
        ("job that pulls invoices from a mail box and loads them into a table", "data-pipeline", "Load them into a"),
        ("a minesweeper game for the terminal", "game", "Write the rules of minesweeper"),
        ("A static page, no server, that shows the tide tables", "web-application", "On the page: Show the tide"),
    ],
)
def test_what_is_to_be_done_stands_in_the_title_of_a_task(brief: str, archetype: str, title: str) -> None:
    plan = planned(brief)
    assert plan.archetype == archetype
    assert any(task.title.startswith(title) for task in plan.tasks), [task.title for task in plan.tasks]


def test_a_page_without_a_server_gets_none() -> None:
    files = {
        path for task in planned("Static page, no backend, with the menu of the week").tasks for path in task.files
    }
    assert "index.html" in files and not [path for path in files if "web.py" in path or "store" in path]


@pytest.mark.parametrize("brief", ["asdf qwer zxcv", "zorp", "frobnicate the quux"])
def test_a_brief_of_unknown_words_is_asked_about_first(brief: str) -> None:
    plan = planned(brief)
    assert not things(plan) and set(said(plan, "not understood")) >= {brief.split()[0]}
    first = plan.tasks[0]
    assert first.kind == "brief-question" and first.how.kind == "person" and brief in first.title
    assert any(meaning.startswith(_SORT) for meaning in said(plan, "assumed").values())


@pytest.mark.parametrize(
    ("brief", "language"),
    [
        ("Ein Werkzeug, das Rechnungen für unseren Verein schreibt", "German"),
        ("Une application pour suivre les dépenses de notre famille", "French"),
        ("Una aplicación para los alumnos de mi escuela con sus notas", "Spanish"),
    ],
)
def test_another_language_is_told_and_not_planned_from(brief: str, language: str) -> None:
    plan = planned(brief)
    assert not things(plan) and plan.tasks[0].kind == "brief-question"
    assert f"looks {language}; only English is read" in said(plan, "not understood").values()


def test_english_with_foreign_names_is_english() -> None:
    plan = planned("A web app for the café El Sol to keep recipes and the menu del día")
    assert set(things(plan)) >= {"recipe", "menu"}


def test_an_assumed_sort_of_project_is_told_and_a_named_one_is_not() -> None:
    assert any(m.startswith(_SORT) for m in said(planned("Keep track of my bees and hives"), "assumed").values())
    assert not any(m.startswith(_SORT) for m in said(planned("Web app for bees and hives"), "assumed").values())


@pytest.mark.parametrize(
    "brief", ["posts and " * 1900, "forum " + "and " * 2000, "no x " * 1600, "Build " + "qz qy " * 2000]
)
def test_long_briefs_are_read_in_a_moment(brief: str) -> None:
    planned("blog")  # the library is read once
    start = time.process_time()
    planned(brief)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("many", "one"),
    [("buses", "bus"), ("houses", "house"), ("quizzes", "quiz"), ("shoes", "shoe"), ("calories", "calorie"),
     ("wives", "wife"), ("diagnoses", "diagnosis"), ("power ups", "power up"), ("guest books", "guest book")],
)  # fmt: skip
def test_plurals_are_told_both_ways(many: str, one: str) -> None:
    before, _, last = many.rpartition(" ")
    assert f"{before} {singular(last)}".strip() == one
    assert plural(one) == many


def test_too_many_words_are_refused_with_what_to_do() -> None:
    with pytest.raises(BriefUnusable, match="words and signs") as refused:
        planned(", " * 6000)
    assert refused.value.next


@pytest.mark.parametrize(
    ("brief", "kept"),
    [
        (
            "A home brewing log: recipes with hops, malts and yeast, batches with gravity readings over time, "
            "and a chart of fermentation for each batch",
            {"recipe", "batch"},
        ),
        ("A bee diary: hives with queens and frames, and a plot of honey per year", {"hive"}),
    ],
)
def test_one_chart_does_not_outweigh_a_list_of_what_is_kept(brief: str, kept: set[str]) -> None:
    plan = planned(brief)
    assert kept <= set(things(plan))
    assert any(task.kind == "ability" for task in plan.tasks), "the chart has a task"


def test_words_that_a_task_only_repeats_are_not_called_understood() -> None:
    plan = planned("A chart of deaths per month")
    assert {"deaths", "month"} <= said(plan, "not understood").keys()


def test_a_new_shop_has_to_keep_people_from_what_it_must_not_let_them_do() -> None:
    plan = planned("A shop for kettles. Do not let people put more in the cart than is in stock.")
    meaning = "demand: Do not let people put more in the cart than is in stock"
    assert meaning in said(plan, "matched").values()
    assert any(check.text == meaning for task in plan.tasks for check in task.acceptance)
    assert "cart" in things(plan), "what a demand is about is not left out"


@pytest.mark.parametrize("brief", ["asdf qwer zxcv", "Ein Werkzeug, das Rechnungen für unseren Verein schreibt"])
def test_where_a_brief_cannot_be_read_everything_waits_for_what_it_means(brief: str) -> None:
    plan = planned(brief)
    question, *others = plan.tasks
    assert [task.id for task in plan.tasks if not task.depends_on] == [question.id]
    assert others and all(question.id in task.depends_on for task in others)
    after = amend_plan(plan, "A web app for kettles", read_facts({}), set()).plan
    assert not [task.id for task in after.tasks if question.id in task.depends_on]
    assert [task.status for task in after.tasks if task.id == question.id] == ["superseded"]
