"""In a repository with code, what is to be done on one of its pages is a change of it, and no new project."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import read_facts

_FILES = {
    "pyproject.toml": b'[project]\nname = "desk"\ndependencies = ["flask>=3"]\n',
    "desk/__init__.py": b"",
    "desk/app.py": b"def create_app():\n    return None\n",
    "tests/test_app.py": b"def test_app(): ...\n",
    "README.md": b"# Desk\n",
}


def planned(brief: str, *, code: bool = True) -> Plan:
    return make_plan(brief, read_facts(_FILES if code else {}))


@pytest.mark.parametrize(
    "brief",
    [
        "Add a table of contents to the first page",
        "add a dark mode switch to the first page",
        "Add opening hours to the contact page",
        "Put a contact form on the login page",
        "Show the version in the footer",
        "Add a logo to the top of every page",
        "Show related articles on the article page",
        "Insert a banner above the list of products on the home page",
        "Display a map of events on the landing page",
        "Add a search box to the header",
        "Let visitors leave a review on the product page",
    ],
)
def test_what_is_done_on_a_page_is_one_change(brief: str) -> None:
    plan = planned(brief)
    assert plan.archetype == "change"
    assert [task.title for task in plan.tasks] == [brief[:1].upper() + brief[1:]]
    assert not plan.bindings["entities"]


@pytest.mark.parametrize(
    ("brief", "archetype"),
    [
        ("Add comments to the blog", "web-application"),
        ("Add products, carts and orders", "application"),
        ("Add an orders page with a filter", "application"),
        ("Add a page for orders", "application"),
        ("Add customers to the shop", "shop"),
        ("Keep recipes with ingredients on the first page", "application"),
        ("Build a blog with posts on the first page", "web-application"),
        ("A CLI that prints every page of a PDF", "cli-tool"),
        ("add invoices with a due date", "application"),
        ("Create a web app with a list of films on the start page", "web-application"),
    ],
)
def test_what_is_new_is_built(brief: str, archetype: str) -> None:
    plan = planned(brief)
    assert plan.archetype == archetype and len(plan.tasks) > 1


def test_without_code_there_is_no_page_to_change() -> None:
    plan = planned("Show a map of events on the landing page", code=False)
    assert "event" in {thing["entity"] for thing in plan.bindings["entities"]}
