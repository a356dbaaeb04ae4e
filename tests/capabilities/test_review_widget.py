"""The buttons of a review outside JupyterLab: each press decides on the real workspace."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.proposal_views import MIME
from nootropic_kernel.capabilities.review_widget import PAGE
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import CheckResult, ProposalStore
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import call, commit, numbers, propose, propose_many
from tests.conftest import git

pytestmark = pytest.mark.slow


@pytest.fixture
def session(workspace: Workspace) -> Iterator[Session]:
    opened = Session(workspace, face="magic")
    yield opened
    opened.close()


def panel(session: Session, name: str = "P1") -> Any:
    return call(session, "review", id=name, widgets=True)._widget  # type: ignore[attr-defined]


def parts(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def buttons(widget: Any) -> dict[str, Any]:
    return {each.description: each for each in parts(widget) if type(each).__name__ == "Button"}


def texts(widget: Any) -> str:
    return "\n".join(each.value for each in parts(widget) if type(each).__name__ == "HTML")


def area(widget: Any) -> Any:
    (found,) = [each for each in parts(widget) if type(each).__name__ == "Textarea"]
    return found


def states(session: Session) -> list[str]:
    proposal = ProposalStore(session.database(), session.workspace).get("P1")
    return [hunk.state.value for hunk in proposal.changeset.hunks]


def content(session: Session, path: str = "a.py") -> bytes:
    return (session.workspace.root / path).read_bytes()


@pytest.fixture
def three(session: Session) -> Session:
    """P1: three hunks in a.py."""
    commit(session, {"a.py": numbers(3)})
    propose(session, FileEdit("a.py", numbers(3), numbers(3, "other")))
    return session


def test_accept_reject_undo_and_redo_agree_with_files_git_and_journal(three: Session) -> None:
    shown = panel(three)
    assert "0 of 3 decided" in texts(shown) and "✓ tests: 5 passed" in texts(shown)
    buttons(shown)["Accept P1:2"].click()
    assert states(three) == ["pending", "accepted", "pending"] and "A1: accepted P1:2" in texts(shown)
    assert content(three).count(b"other +") == 1
    assert git(three.workspace.root, "log", "-1", "--format=%s") == "A change"
    buttons(shown)["Reject P1:1"].click()
    assert "2 of 3 decided" in texts(shown) and states(three) == ["rejected", "accepted", "pending"]
    buttons(shown)["Undo P1:2"].click()
    assert content(three) == numbers(3) and states(three)[1] == "undone"
    buttons(shown)["Redo P1:2"].click()
    assert states(three)[1] == "accepted" and content(three).count(b"other +") == 1
    kinds = [event.kind for event in journal.events(three.database().read()) if event.kind.startswith("turn.")]
    assert [kind for kind in kinds if kind != "turn.intended"] == ["turn.accept", "turn.undo", "turn.redo"]


def test_all_and_a_file_are_one_turn(session: Session) -> None:
    propose_many(session, files=2, hunks=2)
    shown = panel(session)
    buttons(shown)["Reject file"].click()
    rejected = states(session)
    assert sorted(rejected) == ["pending", "pending", "rejected", "rejected"]
    buttons(shown)["Accept all"].click()
    assert [before for before, after in zip(rejected, states(session), strict=True) if after == "accepted"] == [
        "pending", "pending",
    ]  # fmt: skip
    assert git(session.workspace.root, "rev-list", "--count", "HEAD") == "3"
    buttons(shown)["Undo A1"].click()
    assert states(session).count("undone") == 2 and buttons(shown)["Accept all"].disabled


def test_a_text_of_ones_own_keeps_both(three: Session) -> None:
    shown = panel(three)
    buttons(shown)["Edit P1:1"].click()
    assert area(shown).value == "    return other + 0\n"
    area(shown).value = "    return mine\n"
    buttons(shown)["Reject P1:3"].click()
    assert area(shown).value == "    return mine\n", "another decision does not close the editor"
    buttons(shown)["Keep as draft"].click()
    assert states(three)[0] == "pending" and "pending, your own text" in texts(shown)
    assert "What was proposed" in texts(shown) and b"mine" not in content(three)
    buttons(shown)["Edit P1:1"].click()
    assert "As proposed" in buttons(shown) and area(shown).value == "    return mine\n"
    buttons(shown)["Accept my text"].click()
    assert states(three)[0] == "edited" and b"    return mine\n" in content(three)
    assert "return other + 0" in texts(shown), "the proposed text is there beside it"


def test_a_refusal_is_told_beforehand_and_when_it_comes(three: Session) -> None:
    shown = panel(three)
    (three.workspace.root / "a.py").write_bytes(numbers(3).replace(b"value + 0", b"value - 0"))
    buttons(shown)["Accept P1:1"].click()
    assert "⚠ a.py has changes of your own that are not committed" in texts(shown)
    assert states(three) == ["pending"] * 3
    assert texts(panel(three)).count("Not now:") == 1


def test_a_file_that_runs_by_itself_gets_its_own_button(session: Session) -> None:
    propose(session, FileEdit("conftest.py", None, b"x = 1\n"))
    shown = panel(session)
    buttons(shown)["Accept P1:1"].click()
    assert states(session) == ["pending"] and "runs by itself" in texts(shown)
    buttons(shown)["Accept these too"].click()
    assert states(session) == ["accepted"] and "Accept these too" not in buttons(shown)


def test_many_hunks_come_in_pages_and_by_state(session: Session) -> None:
    propose_many(session, files=2, hunks=PAGE)
    shown = panel(session)
    assert len([name for name in buttons(shown) if name.startswith("Accept P1:")]) == PAGE
    buttons(shown)["Page ▶"].click()
    assert f"Accept P1:{PAGE + 1}" in buttons(shown) and buttons(shown)["Page ▶"].disabled
    buttons(shown)["Accept file"].click()
    buttons(shown)["To decide ▶"].click()
    assert "Accept P1:1" in buttons(shown)
    choice = next(each for each in parts(shown) if type(each).__name__ == "Dropdown")
    choice.value = "accepted"
    assert f"Undo P1:{PAGE + 1}" in buttons(shown) and "Accept P1:1" not in buttons(shown)
    choice.value = "rejected"
    assert "No hunk is in this state" in texts(shown)
    buttons(shown)["◀ To decide"].click()
    assert "Accept P1:1" in buttons(shown)
    assert all(each.tooltip for each in buttons(shown).values())


def test_the_diff_is_there_where_nothing_runs(three: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = call(three, "review", id="P1", widgets=True).bundle()
    assert "application/vnd.jupyter.widget-view+json" in bundle and MIME not in bundle
    assert "+    return other + 0" in bundle["text/plain"] and "<ins" in bundle["text/html"]
    three.face = "cli"
    assert "Buttons need a notebook" in call(three, "review", id="P1", widgets=True).text()
    three.face = "magic"
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "ipywidgets":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    plain = call(three, "review", id="P1", widgets=True)
    assert "ipywidgets is not installed" in plain.text() and MIME in plain.bundle()


def test_what_fails_its_checks_gets_its_own_button(session: Session) -> None:
    propose(session, FileEdit("new.py", None, b"x = 1\n"), checks=[CheckResult("tests", False, "1 failed")])
    shown = panel(session)
    assert "only with <code>--failing</code>" in texts(shown), "told beforehand"
    buttons(shown)["Accept P1:1"].click()
    assert states(session) == ["pending"] and "P1 fails its checks: tests: 1 failed." in texts(shown)
    buttons(shown)["Accept it all the same"].click()
    assert states(session) == ["accepted"] and "Accept it all the same" not in buttons(shown)
