"""What a brief keeps: what a program is of or for, what is tracked, and what others only need."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.model import Plan
from tests.planning.test_new_projects import planned, things


def fields(plan: Plan, thing: str) -> list[str]:
    return [f["name"] for each in plan.bindings["entities"] if each["entity"] == thing for f in each["fields"]]


@pytest.mark.parametrize(
    ("brief", "thing", "has", "gone"),
    [
        ("an inventory for reagents", "reagent", "quantity", "item"),
        ("An inventory of servers", "server", "place", "item"),
        ("Inventory of books", "book", "quantity", "item"),
        ("inventory of spare bicycle parts", "spare_bicycle_part", "place", "item"),
        ("An inventory for our boats", "boat", "quantity", "item"),
        ("An inventory for the tools in our workshop", "tool", "quantity", "item"),
        ("An inventory of spare parts with a shelf and a quantity", "spare_part", "shelf", "item"),
        ("An online shop for handmade candles. Customers order candles.", "candle", "price", "product"),
        ("A webshop selling lamps", "lamp", "stock", "product"),
        ("An online shop for books", "book", "price", "product"),
        ("A marketplace for second-hand boats", "second_hand_boat", "price", "product"),
    ],
)
def test_what_it_is_of_takes_the_place_of_what_stands_for_it(brief: str, thing: str, has: str, gone: str) -> None:
    plan = planned(brief)
    assert thing in things(plan) and gone not in things(plan)
    assert has in fields(plan, thing)


@pytest.mark.parametrize(
    ("brief", "thing"),
    [
        ("An inventory for teachers", "item"),
        ("An inventory for our club", "item"),
        ("An inventory for small companies", "item"),
        ("inventory", "item"),
        ("A webshop for cyclists", "product"),
        ("A shop for families", "product"),
        ("An online shop for candles. Customers put products into a cart.", "product"),
        ("An inventory for reagents, where items have a shelf", "item"),
        ("An issue tracker for my web projects", "issue"),
        ("A knowledge base for nurses", "article"),
    ],
)
def test_whom_it_is_for_takes_no_place(brief: str, thing: str) -> None:
    assert thing in things(planned(brief))


@pytest.mark.parametrize(
    ("brief", "thing"),
    [
        ("Web app for lamps.", "lamp"),
        ("Web app for lamps with search", "lamp"),
        ("Web app for lamps. Customers can rate them.", "lamp"),
        ("A website for houseplants", "houseplant"),
        ("An app for my fountain pens", "fountain_pen"),
        ("Software for beehives", "beehive"),
        ("mobile app for maps", "map_item"),
        ("A web application for old printers", "old_printer"),
        ("A tracker for mushrooms", "mushroom"),
        ("an app for dogs: their vaccinations", "dog"),
        ("A web app for spare batteries, with login", "spare_battery"),
    ],
)
def test_what_a_program_is_for_is_kept_where_nothing_else_is(brief: str, thing: str) -> None:
    assert things(planned(brief))[0] == thing


@pytest.mark.parametrize(
    ("brief", "kept"),
    [
        ("Web app for clubs.", []),
        ("Web app for nurses: shifts and swaps.", ["shift", "swap"]),
        ("mobile app for freelancers", []),
        ("Software for bookbinders", []),
        ("A web app for hikers with search", []),
        ("A web app for weddings: guests and gifts", ["guest", "gift"]),
        ("A website for small startups", []),
        ("A web app for my school", []),
        ("A command-line tool for log files that removes duplicates", []),
        ("A web app for volunteers", []),
    ],
)
def test_people_and_what_stands_beside_other_things_are_not(brief: str, kept: list[str]) -> None:
    assert things(planned(brief)) == kept


@pytest.mark.parametrize(
    ("brief", "thing", "has"),
    [
        ("A mood tracker of energy, stress and focus", "mood_entry", ["energy", "stress", "focus"]),
        ("A log of rain and wind", "entry", ["rain", "wind"]),
        ("A tracker for energy, stress and focus", "entry", ["energy", "stress", "focus"]),
        ("A diary of food, sleep and mood", "entry", ["food", "sleep", "mood"]),
        ("A journal of gratitude, prayer and silence every evening", "entry", ["gratitude", "prayer", "silence"]),
        ("A weather log of rain, wind and temperature", "entry", ["rain", "wind", "temperature"]),
        ("A pain tracker of headache and nausea", "pain_entry", ["headache", "nausea"]),
        ("A web app with a log of electricity and gas", "entry", ["electricity", "gas"]),
        ("A sleep diary of mood and weight", "sleep_entry", ["mood", "weight"]),
        ("A record of rent, heating and water", "entry", ["rent", "heating", "water"]),
    ],
)
def test_what_cannot_be_counted_is_a_field_of_what_is_tracked(brief: str, thing: str, has: list[str]) -> None:
    plan = planned(brief)
    assert things(plan) == [thing]
    assert fields(plan, thing) == ["created", *has]


@pytest.mark.parametrize(
    ("brief", "kept"),
    [
        ("A tracker for books, films and games", ["book", "film", "game"]),
        ("A tracker of invoices and payments", ["invoice", "payment"]),
        ("A tracker for runners, cyclists and swimmers", ["runner", "cyclist", "swimmer"]),
        ("A sleep diary of dreams and naps", ["dream", "nap"]),
        ("A tracker of our boats and their crews", ["boat", "crew"]),
        ("Keep track of rent and electricity", ["rent", "electricity"]),
        ("A tracker for an allotment and a beehive", ["beehive"]),
        ("A tracker of habits", ["habit"]),
        ("A diary with photos and songs", ["photo", "song"]),
        ("A tracker of plants and soil samples", ["plant", "soil_sample"]),
    ],
)
def test_what_can_be_counted_is_a_thing_each(brief: str, kept: list[str]) -> None:
    assert things(planned(brief)) == kept


@pytest.mark.parametrize(
    ("brief", "kept"),
    [
        ("A web app for houseplants. Houseplants need water and light.", ["houseplant"]),
        ("A web app for plants. Plants need water every three days.", ["plant"]),
        ("My plants need water. A web app for them.", ["plant"]),
        ("A web app for boats. Boats need fuel and insurance.", ["boat"]),
        ("A web app for members. Members have insurance.", ["member"]),
        ("A web app for ovens, which use electricity", ["oven"]),
        ("A web app for plants. A plant needs water.", ["plant"]),
        ("A web app for hives. Hives that need sugar are shown first.", ["hive"]),
        ("A web app for rooms. Rooms have ventilation or shade.", ["room"]),
        ("A web app for engines. They need oil.", ["engine"]),
    ],
)
def test_what_others_need_and_cannot_be_counted_is_no_thing(brief: str, kept: list[str]) -> None:
    assert things(planned(brief)) == kept


@pytest.mark.parametrize(
    ("brief", "thing"),
    [
        ("A web app for hives. Hives need inspections.", "inspection"),
        ("We need homework in a web app", "homework"),
        ("A web app. Members have a locker.", "locker"),
        ("I want rehearsal plans on the web", "rehearsal_plan"),
        ("A web app for classes. Classes have homework. Homework has a due date.", "homework"),
        ("A web app for plants. Plants need water tanks.", "water_tank"),
        ("A web app for teams that have sponsors", "sponsor"),
        ("A web app for cars. Each car has wheels.", "wheel"),
        ("A web app. Members have a voice and a birthday.", "member"),
        ("A web app: harvests need a crew", "crew"),
    ],
)
def test_what_can_be_counted_or_is_told_elsewhere_is_one(brief: str, thing: str) -> None:
    kept = planned(brief)
    assert thing in things(kept) or thing in {f for each in things(kept) for f in fields(kept, each)}
