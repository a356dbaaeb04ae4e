"""Ids as people type them, and what is said where there is nothing of that name or more than is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import call


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    """A project with a plan of many tasks."""
    opened = Session(Workspace.find(repo))
    call(opened, "plan", brief="Build a blog platform")
    yield opened
    opened.close()


def test_next_says_how_many_more_there_are_and_how_to_see_them(session: Session) -> None:
    every = call(session, "next", count=100).document()["tasks"]
    some = call(session, "next", count=1)
    assert len(every) > 1
    hint = f"and {len(every) - 1} more: `noo next --count {len(every)}`"
    assert hint in some.text() and hint in some.markdown() and hint in (some.html() or "")
    for count in (len(every), 100):
        assert " more: " not in call(session, "next", count=count).text()


def test_tasks_can_be_named_in_lower_case(session: Session) -> None:
    ready = [task["id"] for task in call(session, "next", count=100).document()["tasks"]]
    waits = next(name for name in (f"T{number}" for number in range(1, 100)) if name not in ready)
    done = call(session, "run", tasks=[waits.lower(), waits]).document()["tasks"]
    assert [(each["task"], each["outcome"]) for each in done] == [(waits, "waits")]
    assert call(session, "show", id=waits.lower()).text() == call(session, "show", id=waits).text()
    with pytest.raises(UsageError, match="There is no task t999"):
        call(session, "run", tasks=["t999"])


def test_an_unknown_id_is_answered_with_what_ids_look_like(session: Session) -> None:
    for name in ("R9", "r9", "X1", "T999"):
        with pytest.raises(UsageError, match="P1, P1:2, A1, T3 or R57") as caught:
            call(session, "show", id=name)
        assert name in caught.value.what
