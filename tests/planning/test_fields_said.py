"""Fields that a brief says for a thing: they are the thing's fields, and no things of their own."""

from __future__ import annotations

import pytest

from tests.planning.test_new_projects import planned


@pytest.mark.parametrize(
    ("brief", "expected"),
    [
        (
            "A library of recipes: each recipe has a title, minutes and servings; tags have a name",
            {"recipe": {"title": "str", "minutes": "int", "servings": "int"}, "tag": {"name": "str"}},
        ),
        ("A web app for books: each book has a title and pages", {"book": {"title": "str", "pages": "int"}}),
        ("A web app. A book has pages and a title.", {"book": {"title": "str", "pages": "int"}}),
        (
            "Web app for reagents with a name, lot number and expiry date",
            {"reagent": {"name": "str", "lot_number": "str", "expiry_date": "date"}},
        ),
        ("A web app. Each reagent has a lot number", {"reagent": {"name": "str", "lot_number": "str"}}),
        ("A web app where recipes have minutes", {"recipe": {"name": "str", "minutes": "int"}}),
    ],
)
def test_fields_that_are_said_replace_the_usual_ones(brief: str, expected: dict[str, dict[str, str]]) -> None:
    things = planned(brief).bindings["entities"]
    assert {thing["entity"]: {f["name"]: f["type"] for f in thing["fields"]} for thing in things} == expected


def test_pages_without_a_property_beside_them_are_things() -> None:
    things = planned("A web app: a site has pages and posts").bindings["entities"]
    assert {"page", "post"} <= {thing["entity"] for thing in things}


def test_a_lot_of_something_is_no_lot_number() -> None:
    (thing,) = planned("A web app: a recipe has a title and a lot of minutes").bindings["entities"]
    assert not [field["name"] for field in thing["fields"] if "lot" in field["name"]]
