"""What can be done to a thing, said of the thing."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.model import Plan
from tests.planning.test_new_projects import planned


def titles(plan: Plan) -> list[str]:
    return [task.title for task in plan.tasks]


@pytest.mark.parametrize(
    ("brief", "asked"),
    [
        ("A web app for recipes that can be rated and printed", ["Rate recipes", "Print recipes"]),
        ("A web app for recipes that can be searched and exported as PDF", ["Search recipes", "Export recipes as PDF"]),
        ("Bookmark manager where each bookmark has tags and can be filtered by tag", ["Filter bookmarks by tag"]),
        ("A shop. Orders can be cancelled until they are sent.", ["Cancel orders"]),
        ("A rota of shifts which may be approved by a manager", ["Approve shifts"]),
        ("A web app for people's skills. Skills can be endorsed.", ["Skills can be endorsed"]),
    ],
)
def test_what_can_be_done_to_a_thing_is_a_task(brief: str, asked: list[str]) -> None:
    plan = planned(brief)
    for title in asked:
        task = next(task for task in plan.tasks if task.title.startswith(title))
        assert any("Keep" in other.title for other in plan.tasks if other.id in task.depends_on)


@pytest.mark.parametrize(
    "brief",
    [
        "A web app for loans. Loans can be added, edited and deleted.",
        "A web app for loans. Loans cannot be lent twice.",
        "A web app for loans that can be found",
    ],
)
def test_keeping_a_thing_and_what_is_ruled_out_are_no_tasks(brief: str) -> None:
    assert titles(planned(brief))[2:4] == titles(planned("A web app for loans"))[2:4]
    assert len(titles(planned(brief))) == len(titles(planned("A web app for loans")))


def test_charts_of_what_was_stored_come_after_it() -> None:
    plan = planned("Scrape the weather every hour, store it in SQLite and plot a weekly chart")
    store, plot, script = (
        next(task for task in plan.tasks if task.title.startswith(title)) for title in ("Store it", "Plot", "A script")
    )
    assert store.id in plot.depends_on and plot.id in script.depends_on
    plan = planned("Load sales.csv, plot revenue by month, save the chart as PDF")
    plot, save = (next(task for task in plan.tasks if task.title.startswith(title)) for title in ("Plot", "Save"))
    assert plot.id in save.depends_on


def test_keeping_what_the_stores_keep_is_no_task_and_another_place_is() -> None:
    stores = titles(planned("A Python library for posts with comments; store them as files"))
    assert any(title.startswith("Keep posts") for title in stores) and "Store them as files" not in stores
    assert any(
        title == "Sync the todos with a server"
        for title in titles(planned("A CLI for todos. Sync them with a server."))
    )
