"""What people do in a brief: words that are things elsewhere, verbs with a particle, and what `it` and `them` mean."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.model import Plan, Task
from tests.planning.test_new_projects import planned, things


def done(plan: Plan) -> list[str]:
    return [action["Action"] for action in plan.bindings["actions"]]


def stores_before(plan: Plan, title: str) -> set[str]:
    """The stores that the task of that title waits for."""
    task = next(task for task in plan.tasks if task.title == title)
    return {item.removeprefix("store:") for item in task.requires if item.startswith("store:")}


@pytest.mark.parametrize(
    ("brief", "task", "word"),
    [
        ("A school app where pupils hand in homework and teachers grade it", "Grade the homework", "grade"),
        ("A school app: pupils write essays and teachers grade them", "Grade the essays", "grade"),
        ("A film club: members watch films and critics review them", "Review the films", "review"),
        ("A choir app: singers learn songs and the conductor grades them", "Grade the songs", "grade"),
        ("A web app for books. Readers can review books.", "Review books", "review"),
        ("A web app for photos. Staff tag them.", "Tag the photos", "tag"),
        ("Editors read essays and grade them.", "Grade the essays", "grade"),
        ("A web app for lamps. Customers can rate them.", "Rate the lamps", "rate"),
        ("A kennel app. Owners bring in dogs. Staff groom them.", "Groom the dogs", "groom"),
        ("Farmers weigh lambs and a vet tests them", "Test the lambs", "test"),
    ],
)
def test_what_is_done_to_something_is_a_task_and_no_thing(brief: str, task: str, word: str) -> None:
    plan = planned(brief)
    assert task in done(plan)
    assert not [thing for thing in things(plan) if word in thing.split("_")]


@pytest.mark.parametrize(
    ("brief", "kept"),
    [
        ("Web app: courses have grades, and students see them.", "grade"),
        ("An app for exam grades. It shows them by class.", "grade"),
        ("A page for each grade it stores", "grade"),
        ("Track sports events the club visits", "sports_event"),
        ("Keep the orders customers place", "order"),
        ("Web app for hikers: a trip that they made, with photos", "trip"),
        ("Keep track of my savings account each month", "savings_account"),
        ("Reviews of films with a tag each", "review"),
        ("Web app: students and their grades, this year and the next", "grade"),
        ("A web app for customers and a review of it", "review"),
    ],
)
def test_a_thing_beside_who_acts_stays_one(brief: str, kept: str) -> None:
    assert kept in things(planned(brief))


@pytest.mark.parametrize(
    ("brief", "task"),
    [
        ("Keep notes. Notes can be handed over.", "Hand over notes"),
        ("Notes that can be handed over between shifts", "Hand over notes between shifts"),
        ("Keep track of parcels that can be picked up", "Pick up parcels"),
        ("A web app for tickets. Tickets can be checked in and printed", "Check in tickets"),
        ("A web app for tickets. Tickets can be checked in and printed", "Print tickets"),
        ("Keep books. Books can be handed out to pupils.", "Hand out books to pupils"),
        ("Invoices can be written off", "Write off invoices"),
        ("An app where keys are handed out to tenants.", "Hand out keys to tenants"),
        ("Keep track of parcels. Couriers pick them up.", "Pick the parcels up"),
        ("A web app for keys. Landlords hand the keys over to tenants.", "Hand the keys over to tenants"),
        ("A web app: guests and beds; staff check guests in and out", "Check guests in and out"),
        ("A web app for songs. Listeners vote them up.", "Vote the songs up"),
        ("A tool that lists tasks and marks them done", "Mark them done"),
    ],
)
def test_a_particle_stays_with_its_verb(brief: str, task: str) -> None:
    assert task in done(planned(brief))


@pytest.mark.parametrize(
    "brief",
    [
        "A web app for books. Books are in the library.",
        "A web app for requests that are approved by a manager.",
        "A web app for photos. Photos are taken in the garden.",
        "A web app for loans. Loans cannot be handed over.",
        "A web app for loans. A loan is over when the book is back.",
    ],
)
def test_a_state_is_no_task(brief: str) -> None:
    assert done(planned(brief)) == []


@pytest.mark.parametrize(
    ("brief", "task", "stores"),
    [
        ("A notes app. Sync them with a server.", "Sync the notes with a server", {"note"}),
        ("A diary with photos and songs. Print them weekly.", "Print the photos and songs weekly", {"photo", "song"}),
        (
            "Guests leave a message and a photo; staff read them out.",
            "Read the message and photo out",
            {"message", "photo"},
        ),
        ("Objects have a title and photos. Curators label them.", "Label the objects", {"object_item"}),
        ("Items are stored on shelves, owners collect them.", "Collect the items", {"item"}),
        ("A school app where pupils hand in homework and teachers grade it", "Grade the homework", {"homework"}),
        ("A school app where pupils hand in homework and teachers grade it", "Hand in homework", {"homework"}),
        ("A club app. Members book courts. Admins confirm them.", "Confirm the courts", {"court"}),
        ("Customers order candles. We ship them.", "Ship the candles", {"candle"}),
        ("Guests upload photos of the wedding, and the couple rates them.", "Rate the photos", {"photo"}),
    ],
)
def test_a_task_waits_for_what_its_pronoun_stands_for(brief: str, task: str, stores: set[str]) -> None:
    assert stores_before(planned(brief), task) == stores


@pytest.mark.parametrize(
    ("brief", "task"),
    [
        ("Students upload reports and tutors comment them", "Comment them"),  # reports are an ability, nothing is kept
        ("The teacher grades it.", "Grade it"),
        ("A tool that resizes images and rotates them.", "Rotate them"),
    ],
)
def test_a_pronoun_that_stands_for_nothing_kept_stays(brief: str, task: str) -> None:
    assert task in done(planned(brief))


def test_the_word_for_what_is_done_tells_the_task_as_it_is_called() -> None:
    plan: Plan = planned("A notes app. Sync them with a server.")
    (use,) = [use for use in plan.words if use.text == "Sync"]
    task: Task = next(task for task in plan.tasks if task.title == "Sync the notes with a server")
    assert use.meaning == f"to be done: {task.title}"
