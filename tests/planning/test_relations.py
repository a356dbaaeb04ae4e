"""Things that belong together, what waits for what is kept, and qualities that are no things of their own."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from nootropic_kernel.checks.recipes import MemoryFiles, get_recipe
from nootropic_kernel.planning.model import Plan, Task
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import read_facts


def planned(brief: str) -> Plan:
    return make_plan(brief, read_facts({}), today=date(2026, 11, 27))


def fields(plan: Plan) -> dict[str, dict[str, str]]:
    return {e["entity"]: {f["name"]: f["type"] for f in e["fields"]} for e in plan.bindings["entities"]}


def waits(plan: Plan, title: str) -> set[str]:
    """What the tasks provide that the one of that title waits for."""
    (task,) = [task for task in plan.tasks if task.title.startswith(title)]
    return {item for name in task.depends_on for item in _task(plan, name).provides}


def _task(plan: Plan, name: str) -> Task:
    found = plan.task(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("brief", "thing", "field", "kind"),
    [
        ("Web app for bookmarks with tags", "bookmark", "tags", "list[str]"),
        ("Web app: posts, and comments on posts", "comment", "post", "str"),
        ("An app where each order has several items", "order", "items", "list[str]"),
        ("App: an album contains songs", "album", "songs", "list[str]"),
        ("App for photos of plants", "photo", "plant", "str"),
        ("Web app for songs; a song belongs to an album", "song", "album", "str"),
        ("Web app: tasks assigned to members", "task", "member", "str"),
        ("App: a booking has a room", "booking", "room", "str"),
        ("App that keeps kettles and a report of the repairs of each kettle", "repair", "kettle", "str"),
        ("Web app: recipes with a title, a cooking time and ingredients", "recipe", "ingredients", "list[str]"),
        ("App: screenings, reservations of seats for a screening", "reservation", "screening", "str"),
        ("App: a box of letters", "box", "letters", "list[str]"),
    ],
)
def test_a_thing_names_the_thing_that_it_is_said_to_belong_to(brief: str, thing: str, field: str, kind: str) -> None:
    assert fields(planned(brief)).get(thing, {}).get(field) == kind


@pytest.mark.parametrize(
    "brief",
    ["Web app for posts, comments and tags", "A shop with products, carts and coupons", "Track loans. Members. Books."],
)
def test_things_that_are_only_named_together_get_no_field_for_each_other(brief: str) -> None:
    for name, own in fields(planned(brief)).items():
        alone = fields(planned(f"Keep {name}s"))[name]
        assert set(own) == set(alone), name


def test_a_relation_that_is_said_from_both_sides_is_one_field() -> None:
    found = fields(planned("Each playlist has songs. An album contains songs; songs belong to albums."))
    assert "songs" in found["playlist"] and "album" not in found["playlist"]
    assert ("songs" in found["album"]) != ("album" in found["song"])
    assert set(found) == {"playlist", "album", "song"}, "words that join things are none themselves"


def test_pages_of_what_belongs_together_wait_for_both_stores() -> None:
    plan = planned("Web app for bookmarks with tags")
    assert {"store:bookmark", "store:tag"} <= waits(plan, "Pages that list, show and edit bookmarks")


@pytest.mark.parametrize(
    ("brief", "title", "kept"),
    [
        ("Web app for bookmarks; export bookmarks as HTML", "Export bookmarks as HTML", {"store:bookmark"}),
        ("A CLI to track expenses and print a monthly summary", "Print a monthly summary", {"store:expense"}),
        ("Web app: lamps and rooms, with a yearly report", "Yearly report", {"store:lamp", "store:room"}),
        ("Web app: lamps. Clerks print labels for lamps", "Print labels for lamps", {"store:lamp"}),
        ("Web app: lamps with dimming reminders", "Dimming reminders", {"store:lamp"}),
        ("Web app: lamps. Statistics.", "Statistics", {"store:lamp"}),
    ],
)
def test_what_reports_on_kept_things_comes_after_their_stores(brief: str, title: str, kept: set[str]) -> None:
    assert kept <= waits(planned(brief), title)


def test_what_has_nothing_to_do_with_a_store_does_not_wait_for_it() -> None:
    assert waits(planned("Web app: lamps, with logging"), "Logging") == set()


def test_classes_that_name_each_other_import_and_pass_their_tests(tmp_path: Path) -> None:
    plan = planned("Web app for bookmarks with tags, and comments on bookmarks")
    files = MemoryFiles({})
    for task in plan.tasks:
        if task.how.kind == "recipe" and str(task.how.recipe).startswith("python."):
            files = files.with_edits(get_recipe(str(task.how.recipe)).apply(files, dict(task.how.args)))
    for path in files.paths():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(files.read(path) or b"")
    source = (tmp_path / "bookmark/bookmark.py").read_text()
    assert "tags: list[str]" in source
    assert "bookmark: str" in (tmp_path / "bookmark/comment.py").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("brief", "thing", "field", "kind"),
    [
        ("Record the brightness of each lamp", "lamp", "brightness", "float"),
        ("Web app for cars: track the mileage of cars", "car", "mileage", "float"),
        ("Web app for plants, record the acidity of the soil", "plant", "soil_acidity", "float"),
        ("Web app: show the rarity of the stamps", "stamp", "rarity", "str"),
    ],
)
def test_a_quality_of_something_is_a_field_of_it(brief: str, thing: str, field: str, kind: str) -> None:
    found = fields(planned(brief))
    assert found.get(thing, {}).get(field) == kind
    assert not {"brightness", "mileage", "acidity", "rarity"} & set(found)


def test_what_a_clumsy_brief_measures_is_no_class() -> None:
    plan = planned("my program must measure the wetness of the soil in every field and warn me when a field is too dry")
    assert list(fields(plan)) == ["field_item"] or list(fields(plan)) == ["field"]
    assert any(task.title.startswith("Measure the wetness of the soil") for task in plan.tasks)


@pytest.mark.parametrize(
    ("brief", "expected"),
    [
        ("tracker of weight, sleep and mood", {"created", "weight", "sleep", "mood"}),
        ("track my height and weight", {"created", "height", "weight"}),
    ],
)
def test_values_that_are_tracked_are_fields_of_one_entry(brief: str, expected: set[str]) -> None:
    assert {name: set(own) for name, own in fields(planned(brief)).items()} == {"entry": expected}


def test_things_that_are_tracked_are_things() -> None:
    assert set(fields(planned("a tracker of wines, whiskies and beers"))) == {"wine", "whisky", "beer"}


def test_a_list_of_what_is_left_out_goes_to_its_end() -> None:
    plan = planned("Web app: a catalogue of stamps without photos, prices and an owner")
    assert plan.limits == ("leave out: photos prices owner",)
    assert set(fields(plan)) == {"stamp"} and "price" not in fields(plan)["stamp"]


def test_usual_fields_can_be_left_out() -> None:
    assert "email" not in fields(planned("A members list without email and phone"))["member"]


def test_after_without_another_clause_goes_on() -> None:
    plan = planned("Build a website without JavaScript, products and orders are kept")
    assert set(fields(plan)) == {"product", "order"}


def test_one_property_of_something_is_no_thing_of_its_own() -> None:
    found = fields(planned("Website for a choir. Singers have a voice. Pieces have a composer."))
    assert set(found) == {"singer", "piece"} and "voice" in found["singer"] and "composer" in found["piece"]


@pytest.mark.parametrize(
    ("brief", "package"),
    [
        ("a tool that renames photos by their EXIF date", "rename_photos"),
        ("Members can book courts in a web app", "court"),
        ("Recipe box: recipes with ingredients", "recipe_box"),
        ("As a librarian I want to lend books to readers", "book"),
        ("csv to parquet converter", "convert_csv_to_parquet"),
        ("Keep a list of TV shows and movies for friends", "tv_show"),
        ("A small web page for my school: teachers and pupils", "school"),
    ],
)
def test_a_package_is_called_after_what_the_brief_is_about(brief: str, package: str) -> None:
    assert planned(brief).bindings["package"] == package


def test_an_extension_that_warns_has_a_task_for_it() -> None:
    plan = planned("a JupyterLab extension that warns when a notebook holds secrets")
    assert any(task.title == "Warn when a notebook holds secrets" for task in plan.tasks)
    assert not [use for use in plan.words if "not in this repository" in use.meaning]
