"""What a person writes into project-spec.md by hand outlasts amended briefs and replans."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import current_spec
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.board import BoardParams, board
from nootropic_kernel.capabilities.next import NextParams, next
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.plan_views import PlanResult
from nootropic_kernel.capabilities.replan import ReplanParams, replan
from nootropic_kernel.capabilities.spec import SpecParams, SpecResult, spec
from nootropic_kernel.capabilities.task import TaskParams
from nootropic_kernel.capabilities.task import task as edit_task
from nootropic_kernel.planning.errors import SpecUnreadable
from nootropic_kernel.planning.model import Estimate, Schedule, Task
from nootropic_kernel.workspace.location import Workspace
from tests.conftest import git

SPEC = "project-spec.md"
BLOG = "Build a blog platform"
WITH_TAGS = f"{BLOG} with tags"

BLOCK = """#### T90 · Order pizza

```yaml plan
kind: "mine"
status: "pending"
depends_on: ["T1", "T2"]
estimate: {"hours": 0.25, "hours_low": 0.25, "hours_high": 0.5}
how: {"kind": "person"}
ext: {"shop": "Luigi"}
```

- [ ] AC1: it is warm

With olives."""
BARE = "#### T90 · Order pizza"


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    opened = Session(Workspace.find(repo))
    plan(PlanParams(brief=BLOG), opened)
    yield opened
    opened.close()


def amended(session: Session, brief: str = WITH_TAGS) -> PlanResult:
    return plan(PlanParams(brief=brief, amend=True), session)


def written(repo: Path, old: str, new: str) -> None:
    text = (repo / SPEC).read_text()
    assert old in text
    (repo / SPEC).write_text(text.replace(old, new, 1))


def task(session: Session, name: str) -> Task:
    found = current_spec(session.workspace).plan.task(name)
    assert found is not None
    return replace(found, schedule=Schedule())


@pytest.mark.parametrize("added", [BLOCK, BARE])
def test_a_task_that_a_person_added_outlasts_amended_briefs_and_replans(
    session: Session, repo: Path, added: str
) -> None:
    with (repo / SPEC).open("a") as file:
        file.write(f"\n{added}\n")
    mine = task(session, "T90")
    assert mine.status == "pending" and mine.how.kind == "person"
    for brief in (WITH_TAGS, f"{BLOG} with tags and due dates", "Build a blog platform with invoices"):
        amended(session, brief)
        assert task(session, "T90") == mine
    replan(ReplanParams(task="T3", because="it broke"), session)
    assert task(session, "T90") == mine


def test_a_task_that_a_person_added_waits_no_more_for_what_an_amendment_gives_up(session: Session, repo: Path) -> None:
    amended(session)
    (tag,) = [each for each in current_spec(session.workspace).plan.tasks if "entity:tag" in each.provides]
    with (repo / SPEC).open("a") as file:
        file.write("\n" + BLOCK.replace('"T2"', f'"{tag.id}"') + "\n")
    mine = task(session, "T90")
    amended(session, "Build a blog platform with due dates")
    assert task(session, tag.id).status == "superseded"
    assert task(session, "T90") == replace(mine, depends_on=("T1",))


@pytest.mark.parametrize("scheduled", [False, True])
def test_a_title_changed_by_hand_outlasts_an_amended_brief_whoever_does_the_task(
    session: Session, repo: Path, scheduled: bool
) -> None:
    changed = {}
    for each in current_spec(session.workspace).plan.tasks:
        changed[each.id] = f"{each.title}, as Ann wants it"
        written(repo, f"#### {each.id} · {each.title}\n", f"#### {each.id} · {changed[each.id]}\n")
    kinds = {each.how.kind for each in current_spec(session.workspace).plan.tasks}
    assert kinds > {"recipe"}
    if scheduled:
        plan(PlanParams(schedule=True), session)
    amended(session)
    amended(session, f"{WITH_TAGS} and due dates")
    assert {name: task(session, name).title for name in changed} == changed


def test_a_task_may_be_deleted_by_hand_and_its_id_is_not_given_again(session: Session, repo: Path) -> None:
    """Regression: the next replan gave the id again, to a task of another sort, and was then refused as unsound."""
    tasks = current_spec(session.workspace).plan.tasks
    needed = {name for each in tasks for name in each.depends_on}
    gone = tasks[-1].id
    assert gone not in needed
    text = (repo / SPEC).read_text()
    start = text.index(f"#### {gone} ")
    (repo / SPEC).write_text(text[:start].rstrip() + "\n")
    shown = board(BoardParams(), session)
    assert f"Removed by hand: {gone}." in shown.text() and shown.since is not None
    assert [(row.what, row.task) for row in shown.since.rows] == [("removed", gone)]
    wrong, *_ = (each.id for each in tasks if each.how.kind == "model" and each.id != gone)
    made = replan(ReplanParams(task=wrong, because="it broke"), session)
    new = {each["id"] for each in made.patch["add"]} - {each.id for each in tasks}
    assert new and gone not in {each.id for each in current_spec(session.workspace).plan.tasks}
    assert f"Removed by hand: {gone}." in board(BoardParams(), session).text()


def test_a_heading_alone_is_a_task(session: Session, repo: Path) -> None:
    with (repo / SPEC).open("a") as file:
        file.write(f"\n{BARE}\n")
    mine = task(session, "T90")
    assert (mine.kind, mine.status, mine.estimate, mine.origin) == ("task", "pending", Estimate(), "library")
    assert "Order pizza" in board(BoardParams(), session).text()
    assert "T90" in [each.id for each in next(NextParams(count=99), session).tasks]
    plan(PlanParams(schedule=True), session)
    assert task(session, "T90") == mine


def test_what_is_missing_is_told_with_its_line_and_what_to_write(session: Session, repo: Path) -> None:
    written(repo, 'how: {"kind": "model"', 'how: {"sort": "model"')
    with pytest.raises(SpecUnreadable, match="not a known key"):
        current_spec(session.workspace)
    written(repo, '{"sort": "model"', '{"why": "so"')
    lines = (repo / SPEC).read_text().split("\n")
    with pytest.raises(SpecUnreadable) as refused:
        current_spec(session.workspace)
    assert refused.value.data["line"] == 1 + [line[:13] for line in lines].index('how: {"why": ')
    assert '"kind": …' in str(refused.value) and "a text in quotes" in str(refused.value)


def test_a_deadline_set_by_hand_is_kept_and_the_brief_that_says_another_is_told_so(
    session: Session, repo: Path
) -> None:
    today = date.today()
    mine, theirs = (today + timedelta(days=days) for days in (200, 90))
    written(repo, "\narchetype:", f'\nbudget: {{"deadline": "{mine}", "start": "{today}"}}\narchetype:')
    told = amended(session, f"{WITH_TAGS} by {theirs}").text()
    assert f"The brief says deadline {theirs}, project-spec.md says deadline {mine}, which is kept" in told
    assert current_spec(session.workspace).plan.budget["deadline"] == str(mine)


def section(text: str, name: str) -> str:
    """The part of the file that holds one task."""
    start = text.index(f"#### {name} ·")
    ends = [at for level in ("\n## ", "\n### ", "\n#### ") if (at := text.find(level, start)) > 0]
    return text[start : min(ends, default=len(text)) + 1]


def checked(session: Session) -> SpecResult:
    return spec(SpecParams(validate=True), session)


def test_validate_names_a_task_that_was_taken_out_the_commit_that_has_it_and_the_way_back(
    session: Session, repo: Path
) -> None:
    whole, planned = (repo / SPEC).read_text(), git(repo, "rev-parse", "HEAD")
    waited_for = {name for each in current_spec(session.workspace).plan.tasks for name in each.depends_on}
    last = [each for each in current_spec(session.workspace).plan.tasks if each.id not in waited_for][-1]
    (repo / SPEC).write_text(whole.replace(section(whole, last.id), ""))
    for _ in range(2):  # as it was edited; and as it was committed since, with an edit of another task
        result = checked(session)
        (problem,) = result.problems
        assert result.valid and f"{last.id} “{last.title}” was taken out of {SPEC} by hand" in problem.message
        assert f"`git show {planned[:10]}:./{SPEC}`" in problem.message and problem.message in result.text()
        edit_task(TaskParams(task="T1", title="The class of posts"), session)
        assert git(repo, "status", "--porcelain", "--", SPEC) == ""
    back = git(repo, "show", f"{planned[:10]}:./{SPEC}") + "\n"
    with (repo / SPEC).open("a") as file:
        file.write("\n" + section(back, last.id))
    assert checked(session).problems == []


def test_validate_names_a_task_that_was_taken_out_while_others_wait_for_it(session: Session, repo: Path) -> None:
    whole, head = (repo / SPEC).read_text(), git(repo, "rev-parse", "HEAD")
    (repo / SPEC).write_text(whole.replace(section(whole, "T1"), ""))
    result = checked(session)
    assert not result.valid and "which is not there" in result.text()
    assert f"T1 “{title_of(whole)}” was taken out of {SPEC} by hand; the commit {head[:10]} has it" in result.text()


def title_of(text: str) -> str:
    return section(text, "T1").splitlines()[0].partition(" · ")[2]


def test_validate_says_nothing_of_the_tasks_of_a_former_plan(session: Session, repo: Path) -> None:
    plan(PlanParams(brief=WITH_TAGS, amend=True), session)
    (repo / SPEC).unlink()
    git(repo, "commit", "-qam", "Another idea")
    plan(PlanParams(brief="Write docs for the books module"), session)
    assert checked(session).problems == []


@pytest.mark.parametrize("forgetful", [False, True], ids=["with the journal", "with Git alone"])
def test_the_id_of_a_task_that_was_taken_out_is_not_given_again(session: Session, repo: Path, forgetful: bool) -> None:
    whole = (repo / SPEC).read_text()
    (repo / SPEC).write_text(f"{whole}\n{BLOCK}\n")
    edit_task(TaskParams(task="T90", note="by Luigi"), session)  # which commits it
    now = (repo / SPEC).read_text()
    (repo / SPEC).write_text(now.replace(section(now, "T90"), ""))
    if forgetful:
        session.close()
        shutil.rmtree(repo / ".nootropic")
        session = Session(Workspace.find(repo))
    for _ in range(2):  # also when a revision without it was written in between
        edit_task(TaskParams(task="T1", note="mind the titles"), session)
    added = replan(ReplanParams(task="T3", because="it broke"), session).patch["add"]
    assert [each["id"] for each in added if each["id"].startswith("T")] == ["T91"]
    session.close()
