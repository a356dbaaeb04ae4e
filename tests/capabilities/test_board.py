"""The verbs board, next and graph on real repositories: filters, costs, what changed, complete ids in every form."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import current_spec
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.board import BoardParams, BoardResult, board
from nootropic_kernel.capabilities.graph import GraphParams, graph
from nootropic_kernel.capabilities.next import NextParams, next
from nootropic_kernel.capabilities.task import TaskParams, task
from nootropic_kernel.changes.accept import accept, undo
from nootropic_kernel.planning.model import Plan
from nootropic_kernel.planning.spec.file import dump
from nootropic_kernel.telemetry.ledger import Call, Ledger
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.task_work import propose_for
from tests.conftest import git

pytestmark = pytest.mark.slow

SPEC = "project-spec.md"


def shown(session: Session, **options: object) -> BoardResult:
    return board(BoardParams.model_validate(options), session)


def accepted(session: Session, name: str, path: str) -> str:
    """A change for a task, accepted; the turn."""
    return accept(session.workspace, session.database(), [propose_for(session, name, path).id]).id


def listed(result: BoardResult) -> set[str]:
    return {task.id for epic in result.epics for story in epic.stories for task in story.tasks}


def test_filters_narrow_every_form(session: Session) -> None:
    whole = shown(session)
    everything = listed(whole)
    accepted(session, "T1", "shelf/post.py")
    for options in ({"status": ["done"]}, {"epic": ["E1"]}, {"who": ["model"]}, {"critical": True}, {"text": "posts"}):
        result = shown(session, **options)
        found = listed(result)
        assert found and found < everything, options
        assert {name for lane in result.lanes for column in lane.columns for name in column.tasks} == found
        assert set(result.health) == found
        forms = result.bundle()
        assert set(re.findall(r"^  \S+ (T\d+)", forms["text/plain"], re.M)) == found
        assert set(re.findall(r"^\| \S+ \| (T\d+) \|", forms["text/markdown"], re.M)) == found
        assert set(re.findall(r"<b>(?:★ )?(T\d+)</b>", forms["text/html"])) == found
        document = forms["application/vnd.nootropic.plan+json"]
        assert {each["id"] for each in document["plan"]["tasks"]} == found
        assert {name for column in document["columns"] for name in column["tasks"]} == found
        assert sum(result.counts.values()) == len(everything), "counts are of the plan"
    assert shown(session, status=["done"]).health == {"T1": "green"}
    nothing = shown(session, text="nowhere to be found")
    assert listed(nothing) == set() and "No task is like that." in nothing.text()
    with pytest.raises(UsageError):
        shown(session, epic=["E99"])


def spend(session: Session, plan_id: str, name: str, usd: float | None) -> None:
    call = Call(time.time(), str(session.workspace.root), "run", plan_id, name, "b", "m", False, usd, "price")
    Ledger().add(call)


def with_forecast(repo: Path, found: Plan, name: str, usd: float) -> None:
    """The plan's file with a cost foreseen for a task."""
    tasks = [replace(t, estimate=replace(t.estimate, cost_usd=usd)) if t.id == name else t for t in found.tasks]
    (repo / SPEC).write_text(dump(replace(found, tasks=tuple(tasks))))


def test_costs_so_far_stand_beside_the_forecast_and_unknown_is_unknown(session: Session, repo: Path) -> None:
    found = current_spec(session.workspace).plan
    ours = [each for each in found.tasks if each.how.kind == "model"]
    first = shown(session)
    assert first.cost is not None and (first.cost.spent_usd, first.cost.calls) == (0.0, 0)
    spend(session, found.id, ours[0].id, 0.30)
    spend(session, "plan-other", ours[0].id, 5.0)
    measured = shown(session)
    assert measured.costs[ours[0].id].spent_usd == 0.30 and measured.cost is not None
    assert measured.cost.spent_usd == 0.30 and measured.costs.keys() == {ours[0].id}
    assert measured.health[ours[0].id] != "red", "no forecast of its own: it is not over it"
    with_forecast(repo, found, ours[0].id, 0.20)
    over = shown(session)
    assert over.health[ours[0].id] == "red" and "cost $0.30 of $0.20" in over.text()
    with_forecast(repo, found, ours[0].id, 0.40)
    assert shown(session).health[ours[0].id] != "red"
    spend(session, found.id, ours[1].id, None)
    last = shown(session)
    assert last.cost is not None and (last.cost.calls, last.cost.unknown_calls) == (2, 1)
    assert last.costs[ours[1].id].spent_usd is None and "cost unknown" in last.text()
    assert last.cost.forecast_usd is None, "of one task that is left it is unknown"


def test_what_changed_since_a_revision_comes_from_git_and_the_journal(session: Session, repo: Path) -> None:
    first = shown(session)
    assert first.since is None and first.revision == 1
    accepted(session, "T1", "shelf/post.py")
    head = git(repo, "rev-parse", "HEAD")
    task(TaskParams(task="T4", before="T3"), session)
    second = shown(session).since
    assert second is not None and second.revision == 1 and second.done == ["T1"] and second.rows == []
    assert second.reordered == ["S2"]
    task(TaskParams(task="T5", title="Write about authors", estimate=4), session)
    third = shown(session)
    assert third.since is not None and third.since.revision == 2 and third.since.done == []
    assert [(row.what, row.task) for row in third.since.rows if row.what != "moved"] == [("changed", "T5")]
    assert "was called" in third.text() and "Since revision 2" in third.text()
    for name in ("1", head, "HEAD~2"):
        older = shown(session, since=name).since
        assert older is not None and older.revision == 1
        assert {row.task for row in older.rows if row.what == "changed"} == {"T5"} and older.reordered == ["S2"]
    turn = accepted(session, "T3", "shelf/comment.py")
    assert shown(session).since.done == ["T3"]  # type: ignore[union-attr]
    undo(session.workspace, session.database(), turn)
    assert shown(session).since.done == []  # type: ignore[union-attr]
    for wrong in ("99", "no-such-branch", "--output=x", "HEAD~99", "-1", "²", "9" * 5000, "a\0b", "\ud800"):
        with pytest.raises(UsageError):
            shown(session, since=wrong)
    assert not (repo / "x").exists()
    shutil.rmtree(repo / ".git")
    again = Session(Workspace.find(repo))
    assert shown(again).since is None
    with pytest.raises(UsageError, match="Git"):
        shown(again, since="1")
    again.close()


def test_next_tells_the_command_critical_tasks_first(session: Session) -> None:
    result = next(NextParams(count=50), session)
    critical = [each.schedule.critical for each in result.tasks]
    assert True in critical and critical == sorted(critical, reverse=True)
    for each in result.tasks:
        person = each.how.kind == "person"
        assert each.command == (f"noo task {each.id} --status done" if person else f"noo run {each.id}")
        assert each.command in result.text() and each.command in result.markdown() and each.done_by in result.text()
    few = next(NextParams(count=2), session)
    assert few.more == len(result.tasks) - 2 and f"noo next --count {len(result.tasks)}" in few.text()


def test_the_graph_is_drawn_by_whoever_knows_mermaid(session: Session) -> None:
    drawing = graph(GraphParams(), session)
    forms = drawing.bundle()
    assert forms["text/vnd.mermaid"] == drawing.mermaid == forms["text/plain"]
    assert f"```mermaid\n{drawing.mermaid}\n```" in forms["text/markdown"] and drawing.mermaid.startswith("graph LR")
    chart = graph(GraphParams(gantt=True, critical=True), session)
    assert chart.mermaid.startswith("gantt\n") and ":crit" in chart.mermaid
    with pytest.raises(UsageError):
        graph(GraphParams(gantt=True, graph=True), session)
    assert graph(GraphParams(status=["failed"]), session).text() == "There is nothing to draw."
