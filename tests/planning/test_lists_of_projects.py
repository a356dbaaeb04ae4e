"""Lists behind what a project is for, and behind what its pages are about."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts

_USUAL = ["name", "description", "created"]


def planned(brief: str) -> Plan:
    return make_plan(brief, RepositoryFacts())


def kept(plan: Plan) -> dict[str, list[str]]:
    """What is kept, with its fields."""
    return {each["entity"]: [field["name"] for field in each["fields"]] for each in plan.bindings["entities"]}


@pytest.mark.parametrize(
    "brief",
    [
        "Documentation site with MkDocs: a page per procedure (hydrant, ladder, pump).",
        "Documentation site with MkDocs: a page for each tool (drill, saw, lathe). No programming.",
        "Documentation site with MkDocs: a page per procedure.",
        "A documentation site for our tools (name, owner, year)",
    ],
)
def test_a_documentation_site_stays_one_whatever_its_pages_are_about(brief: str) -> None:
    plan = planned(brief)
    assert (plan.archetype, kept(plan)) == ("documentation-site", {})
    assert not any(path.endswith(".py") for task in plan.tasks for path in task.files)


@pytest.mark.parametrize(
    ("brief", "things"),
    [
        ("A web app with a page per procedure (hydrant, ladder, pump)", {"page": ["title", "body"]}),
        ("A web app that keeps boats (name, length, owner)", {"boat": ["name", "length", "owner"]}),
    ],
)
def test_what_there_is_a_page_of_is_no_field(brief: str, things: dict[str, list[str]]) -> None:
    assert kept(planned(brief)) == things


def test_what_there_is_a_page_of_is_told() -> None:
    words = {word.text: word.meaning for word in planned("A web app with a page per tool (drill, saw)").words}
    assert words["drill"] == words["saw"] == "one of the tools; no task of its own"


@pytest.mark.parametrize(
    ("brief", "things"),
    [
        ("REST API for vans: plate, mileage, last service.", {"van": ["plate", "mileage", "last_service"]}),
        ("REST API for vans (plate)", {"van": ["plate"]}),
        ("REST API for vans (plate, mileage)", {"van": ["plate", "mileage"]}),
        ("An app for our kilns: maker and glaze. Each is ours.", {"kiln": ["maker", "glaze"]}),
        ("An API for lamps: colour, brightness", {"lamp": ["colour", "brightness"]}),
        ("REST API for bookings: customer, room, date", {"booking": ["customer", "room", "date"]}),
        ("REST API for vans: plate, mileage, drivers", {"van": ["plate", "mileage"], "driver": _USUAL}),
    ],
)
def test_a_list_behind_what_a_project_is_for_lists_its_fields(brief: str, things: dict[str, list[str]]) -> None:
    assert kept(planned(brief)) == things


@pytest.mark.parametrize(
    ("brief", "things"),
    [
        ("A web app for clubs: members, events", {"member", "event"}),
        ("A web app for a choir: singers, rehearsals, concerts", {"singer", "rehearsal", "concert"}),
        ("A web app for dogs: their vaccinations", {"dog", "vaccination"}),
        ("A web app for runners: distance, time", set()),
        ("A web app for clubs: calendar, search", {"calendar"}),
    ],
)
def test_a_list_of_other_things_gives_no_fields(brief: str, things: set[str]) -> None:
    found = kept(planned(brief))
    assert set(found) == things
    assert not {"member", "singer", "distance", "calendar"} & {field for fields in found.values() for field in fields}


@pytest.mark.parametrize(
    ("brief", "things"),
    [
        ("An app for birds in Bavaria, each with a weight in grams.", {"bird"}),
        ("A web app that shows lamps in red or blue", {"lamp"}),
        ("A web app for recipes in German and English", {"recipe"}),
        ("A web app that keeps statues in Buenos Aires", {"statue"}),
        ("REST API for parcels: weight in grams, colour", {"parcel"}),
        ("An app that keeps books in boxes", {"book", "box"}),
        ("An app that keeps books in a box", {"book", "box"}),
        ("An app where students hand in homework", {"student", "homework"}),
        ("An app that keeps tools in garden sheds", {"tool", "garden_shed"}),
    ],
)
def test_names_units_and_colours_behind_in_are_no_things(brief: str, things: set[str]) -> None:
    assert set(kept(planned(brief))) == things
