"""Signing in, as people say it: in every sort of project, and with those who do without."""

from __future__ import annotations

import pytest

from tests.planning.test_briefs_of_strangers import classes
from tests.planning.test_new_projects import planned


@pytest.mark.parametrize(
    "brief",
    [
        "A web app where teachers log in and enter grades",
        "A REST API for books; users sign in",
        "A shop where customers log in",
        "A command line tool for chores where members must be logged in",
        "A game where players log in",
        "An app to keep notes. Everybody signs up and logs out",
    ],
)
def test_who_logs_in_needs_accounts_and_a_way_to_sign_in(brief: str) -> None:
    plan = planned(brief)
    kinds = {task.kind for task in plan.tasks}
    assert "sign-in-accounts" in kinds and kinds & {"sign-in-sessions", "sign-in-tokens"}
    assert not {"Log", "Sign"} & set(classes(plan))


@pytest.mark.parametrize("behind", ["; students do not", ", students don't", ". Students need not"])
def test_who_does_without_is_told_to_whoever_does_the_tasks(behind: str) -> None:
    plan = planned(f"A web app where teachers log in{behind}")
    (limit,) = plan.limits
    assert limit.lower() == "demand: students do not log in"
    accounts = next(task for task in plan.tasks if task.kind == "sign-in-accounts")
    assert limit in [check.text for check in accounts.acceptance]


@pytest.mark.parametrize("brief", ["A web app to log in workouts", "Web app: volunteers sign up for shifts"])
def test_what_is_logged_or_signed_up_for_needs_no_account(brief: str) -> None:
    assert "sign-in-accounts" not in {task.kind for task in planned(brief).tasks}


def test_the_title_keeps_its_last_word() -> None:
    assert planned("A REST API for books; users sign in").title == "A REST API for books; users sign in"


def test_who_cannot_log_in_alone_asks_for_no_account() -> None:
    plan = planned("A web app for notes. Guests cannot log in.")
    assert plan.limits == ("demand: Guests do not log in",)
    assert "sign-in-accounts" not in {task.kind for task in plan.tasks}
