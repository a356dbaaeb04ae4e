"""Whole briefs in the voice of different people: what is kept, what is to be done, and what is neither."""

from __future__ import annotations

import pytest

from tests.planning.test_new_projects import planned, things
from tests.planning.test_verbs_of_people import done


@pytest.mark.parametrize(
    ("brief", "kept", "tasks"),
    [
        (
            "hey, I coach a youth football team. Need something where kids get a badge when they show up 10 times",
            ["kid", "badge"],
            [],
        ),
        (
            "We run a repair café. Visitors bring broken toys, volunteers mend them.",
            ["visitor", "toy", "volunteer"],
            ["Bring broken toys", "Mend the toys"],
        ),
        (
            "An API for garages: floors have spots, cars drive in and out, a barrier opens when the fee is paid",
            ["floor", "spot", "car", "barrier"],
            [],
        ),
        ("As a landlord I need to see which flats are empty", ["flat"], []),
        ("Hospital pharmacy: medicines. Nurses order them, the pharmacist approves.", None, ["Order the medicines"]),
        ("Bird ringing database. Each bird has a ring number and a species.", ["bird"], []),
        (
            "library management system for schools in which librarians lend books to pupils",
            ["librarian", "book", "pupil"],
            ["Lend books to pupils"],
        ),
        (
            "Recipe scaler: it multiplies the amounts of a recipe by the number of guests",
            None,
            ["Multiply the amounts of a recipe by the number of guests"],
        ),
        (
            "Museum collection: objects have a title, an artist and photos. Curators describe them.",
            None,
            ["Describe the objects"],
        ),
        (
            "Guests leave a message and a photo; the staff approve them.",
            ["guest", "message", "photo", "staff"],
            ["Approve the message and photo"],
        ),
        (
            "Lost property office: items are handed in and stored on shelves, owners collect them with an ID.",
            ["item", "shelf", "owner"],
            ["Collect the items with an ID", "Hand in items"],
        ),
        ("I brew kombucha. Log of batches with tea, sugar and a start date", ["batch"], []),
        (
            "Ticketing for a village fair. Tickets can be checked in at the gate.",
            ["ticket"],
            ["Check in tickets at the gate"],
        ),
        ("An expenses app for a flat share: who paid what, who owes whom, settle up monthly", ["expense"], []),
        ("cli to bulk rename photos by the date they were taken", [], ["Rename photos by the date they were taken"]),
        ("A salon app. Customers book a stylist.", ["customer", "stylist"], ["Book a stylist"]),
        ("A loans app: show who lent which books to whom", ["loan", "book"], []),
    ],
)  # fmt: skip
def test_a_brief_is_read_as_its_author_means_it(brief: str, kept: list[str] | None, tasks: list[str]) -> None:
    plan = planned(brief)
    assert plan.archetype not in ("change", "bug-fix", "python-library")
    assert kept is None or things(plan) == kept
    assert [task for task in tasks if task not in done(plan)] == []
    assert tasks or not done(plan)


@pytest.mark.parametrize(
    ("brief", "archetype"),
    [
        ("A library for parsing dates", "python-library"),
        ("a small python library that reads and writes PGN", "python-library"),
        ("A client library for a weather service", "python-library"),
    ],
)
def test_the_words_that_others_use_of_their_things_still_mean_code_where_it_is_asked_for(
    brief: str, archetype: str
) -> None:
    assert planned(brief).archetype == archetype


def test_who_sees_something_is_no_thing_with_the_verb() -> None:
    kept = things(planned("Parents order lunches. The kitchen sees how many meals are ordered."))
    assert kept == ["parent", "lunch", "kitchen", "meal"]


def test_a_condition_at_the_beginning_hides_no_task() -> None:
    assert done(planned("A stock app for medicines. When stock runs low, warn the nurse.")) == ["Warn the nurse"]
