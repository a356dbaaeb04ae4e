"""What is not to be: versions that go, behaviour that must never be, stories that a brief leaves out."""

from __future__ import annotations

import pytest

from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.planner import make_plan
from nootropic_kernel.planning.repository.facts import RepositoryFacts, read_facts

_CODE = read_facts(
    {
        "pyproject.toml": b'[project]\nname = "dates"\n',
        "dates/__init__.py": b"",
        "dates/years.py": b"def read_year(text):\n    return 1\n\n\ndef slug(text):\n    return text\n",
        "tests/test_years.py": b"def test_read_year(): ...\n",
        "README.md": b"# Dates\n",
    }
)
_TOOL = "A command line tool that renames photos"


def planned(brief: str, facts: RepositoryFacts | None = None) -> Plan:
    return make_plan(brief, facts or RepositoryFacts())


@pytest.mark.parametrize(
    ("brief", "gone"),
    [
        ("Drop support for Python 3.7.", "Python 3.7"),
        ("End Python 3.7 support", "Python 3.7"),
        ("Remove Python 3.7 and 3.8 from the CI", "Python 3.7 and 3.8"),
        ("Stop supporting Python 3.7, 3.8 and 3.9", "Python 3.7, 3.8 and 3.9"),
    ],
)
def test_a_version_that_goes_is_a_change_and_no_demand(brief: str, gone: str) -> None:
    plan = planned(brief, _CODE)
    assert plan.limits == ()
    assert [task.title for task in plan.tasks] == [brief.rstrip(".")]
    assert f"what goes: {gone}" in {word.meaning for word in plan.words}


@pytest.mark.parametrize(
    ("brief", "demand"),
    [
        ("Support Python 3.10 to 3.13", "Python 3.10 to 3.13"),
        ("Support Python 3.10-3.13.", "Python 3.10-3.13"),
        ("Support Python 3.10–3.13.", "Python 3.10–3.13"),
        ("Support Python 3.11, 3.12 and 3.13", "Python 3.11, 3.12 and 3.13"),
        ("Support Python 3.13 in slug", "Python 3.13"),
        ("Upgrade Python 3.9 to 3.13", "Python 3.13"),
        ("Drop support for Python 3.8 and add support for Python 3.13.", "Python 3.13"),
        ("Drop the text column and support Python 3.13 or newer", "Python 3.13 or newer"),
    ],
)
def test_the_versions_that_are_asked_for_are_one_demand(brief: str, demand: str) -> None:
    assert planned(brief, _CODE).limits == (f"demand: {demand}",)


def test_a_number_of_other_things_is_no_version() -> None:
    assert planned("A web app with Python 3.12 and 3 pages").limits == ("demand: Python 3.12",)


@pytest.mark.parametrize(
    ("brief", "limits"),
    [
        ("A website for a choir. No JavaScript. MIT licence.", {"leave out: JavaScript", "demand: MIT licence"}),
        ("A web app for a choir. It runs on a Raspberry Pi. Members sign in.", {"demand: runs on a Raspberry Pi"}),
        ("A web app for a choir. It runs on Ubuntu 22.04. Members sign in.", {"demand: runs on Ubuntu 22.04"}),
        ("A web app for a choir\nIt runs on a Raspberry Pi\nMembers sign in", {"demand: runs on a Raspberry Pi"}),
        ("A web app for a choir. No Python 2.7. Members sign in.", {"leave out: Python 2.7"}),
    ],
)
def test_a_limit_ends_with_its_sentence(brief: str, limits: set[str]) -> None:
    plan = planned(brief)
    assert set(plan.limits) == limits
    assert ("member" in {each["entity"] for each in plan.bindings["entities"]}) == ("Members" in brief)


def test_a_technology_is_left_out_beside_a_licence() -> None:
    assert "avoids:javascript" in planned("A website for a choir. No JavaScript. MIT licence.").bindings["atoms"]


@pytest.mark.parametrize(
    ("brief", "demand"),
    [
        (f"{_TOOL}. Never overwrite a file", "Never overwrite a file"),
        (f"{_TOOL} and never overwrites a file", "never overwrites a file"),
        (f"{_TOOL}. It must not overwrite files.", "must not overwrite files"),
        ("A web app for notes that never sends emails", "never sends emails"),
    ],
)
def test_what_must_never_be_done_is_checked(brief: str, demand: str) -> None:
    plan = planned(brief)
    assert plan.limits == (f"demand: {demand}",)
    assert any(check.text == f"demand: {demand}" for task in plan.tasks for check in task.acceptance)


@pytest.mark.parametrize(
    ("brief", "limits"),
    [
        ("Speed up read_year, never change slug", ("leave alone: slug",)),
        ("Speed up read_year. Never edit README.md.", ("leave alone: README.md",)),
        ("Speed up read_year. Never delete the tests.", ("leave alone: tests",)),
        ("Speed up read_year. Never use Redis.", ("leave out: Redis",)),
        ("slug never returns a value. Fix it.", ()),
    ],
)
def test_what_is_never_to_be_touched_or_used_is_no_behaviour(brief: str, limits: tuple[str, ...]) -> None:
    assert planned(brief, _CODE).limits == limits


@pytest.mark.parametrize(
    ("brief", "story"),
    [
        ("JupyterLab extension that shows a clock. No server part.", "The server part"),
        ("JupyterLab extension that shows a clock, without a server.", "The server part"),
        ("A REST API for invoices. No endpoints.", "Endpoints"),
        ("A web app for notes, no sign in", "Sign in and out"),
    ],
)
def test_what_a_brief_leaves_out_is_not_planned(brief: str, story: str) -> None:
    plan = planned(brief)
    assert story not in {each.title for each in plan.stories}
    assert any(limit.startswith("leave out: ") for limit in plan.limits)


@pytest.mark.parametrize(
    ("brief", "story"),
    [
        ("JupyterLab extension that shows the memory of the server.", "The server part"),
        ("JupyterLab extension with a server that shows a clock. No server settings.", "The server part"),
        ("A web app for notes where members sign in", "Sign in and out"),
        ("A web app for notes where members write. No notes.", "Notes"),  # the pages need them
    ],
)
def test_what_else_is_said_of_it_leaves_nothing_out(brief: str, story: str) -> None:
    assert story in {each.title for each in planned(brief).stories}
