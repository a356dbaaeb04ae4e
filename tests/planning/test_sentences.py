"""Sentences of a brief make tasks and no classes: verbs with particles, adjectives, prepositions, odd limits."""

from __future__ import annotations

import pytest

from tests.planning.test_briefs_of_strangers import classes
from tests.planning.test_new_projects import planned


@pytest.mark.parametrize(
    ("brief", "kept", "task"),
    [
        (
            "A web app where students hand in homework, show the late ones first",
            ["Student", "Homework"],
            "Hand in homework",
        ),
        ("A student hands in an essay", ["Student", "Essay"], "Hand in an essay"),
        ("Web app: parents drop off children", ["Parent", "Child"], "Drop off children"),
        ("An app where people check out books and bring back the late ones", ["Book"], "Bring back the late ones"),
    ],
)
def test_a_verb_with_its_particle_is_a_task(brief: str, kept: list[str], task: str) -> None:
    plan = planned(brief)
    assert list(classes(plan)) == kept
    assert task in [each.title for each in plan.tasks]


def test_somebody_else_opens_another_clause() -> None:
    plan = planned("A web app where students hand in homework and teachers grade it")
    assert "Hand in homework" in [each.title for each in plan.tasks]
    assert "Teacher" in classes(plan)


def test_a_noun_with_a_preposition_behind_it_is_no_verb() -> None:
    plan = planned("A web app to count gestures by hand in the hall")
    assert not [each for each in plan.tasks if each.title.startswith("Hand")]


@pytest.mark.parametrize("word", ["under", "near", "against", "behind"])
def test_a_preposition_is_no_thing(word: str) -> None:
    assert list(classes(planned(f"A web app to keep chores {word} a roof"))) == ["Chore", "Roof"]


@pytest.mark.parametrize(
    ("brief", "told"),
    [
        ("A web app for chores, under -5 dollars", "under -5 dollars"),
        ("A web app for chores, by yesterday", "by yesterday"),
        ("A web app for chores. Budget: -$5. Within 3 days.", "Budget: -$5"),
        ("A web app for chores, within -3 days", "within -3 days"),
        ("A web app for chores, at most 0 people", "at most 0 people"),
    ],
)
def test_a_limit_that_nothing_can_meet_is_told_and_sets_none(brief: str, told: str) -> None:
    plan = planned(brief)
    assert list(classes(plan)) == ["Chore"]
    assert {use.text: use.verdict for use in plan.words}[told] == "not understood"
    assert not {"cost_usd", "hours"} & set(plan.budget) and not plan.agents


def test_a_range_is_no_amount_below_nothing() -> None:
    assert not [use for use in planned("A web app for chores, 3-5 hours").words if "nothing can meet" in use.meaning]
