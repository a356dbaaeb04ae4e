"""What a run says of a task that it does not do, and what it leaves on the board when it comes to nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from nootropic_kernel.agents.planner import current_spec
from nootropic_kernel.capabilities.base import Progress, Session
from nootropic_kernel.capabilities.board import BoardResult
from nootropic_kernel.capabilities.next import NextResult
from nootropic_kernel.capabilities.run import RunResult, TaskRun
from nootropic_kernel.capabilities.task import TaskResult
from nootropic_kernel.changes.layers import ChangedSince
from nootropic_kernel.models.catalogue import find_model
from nootropic_kernel.workspace.location import Workspace
from tests.capabilities.proposing import call
from tests.conftest import git

pytestmark = pytest.mark.usefixtures("no_embedded_model")

SPEC = "project-spec.md"


def run(session: Session, *tasks: str, **options: bool) -> RunResult:
    result = call(session, "run", tasks=list(tasks), **options)
    assert isinstance(result, RunResult)
    return result


def ran(session: Session, task: str, **options: bool) -> TaskRun:
    return run(session, task, **options).tasks[0]


def shown(session: Session, task: str) -> tuple[str, str]:
    """The status and note of a task on the board."""
    result = call(session, "board")
    assert isinstance(result, BoardResult)
    views = [view for epic in result.epics for story in epic.stories for view in story.tasks]
    return next((view.status, view.note) for view in views if view.id == task)


def by_provides(session: Session, item: str) -> str:
    """The task that makes something."""
    tasks = current_spec(session.workspace).plan.tasks
    return next(task.id for task in tasks if item in task.provides and task.status != "superseded")


def things(session: Session) -> NextResult:
    result = call(session, "next", count=20)
    assert isinstance(result, NextResult)
    return result


def for_a_model(session: Session) -> str:
    """A task that a model is to do."""
    name = by_provides(session, "ci")
    spec = session.workspace.root / SPEC
    lines = spec.read_text().split("\n")
    at = lines.index(next(line for line in lines if line.startswith(f"#### {name} ·")))
    how = next(place for place in range(at, len(lines)) if lines[place].startswith("how:"))
    lines[how] = 'how: {"kind": "model"}'
    spec.write_text("\n".join(lines))
    return name


# ---- a run that came to nothing -------------------------------------------------------------------------------------


def test_a_failed_run_stands_on_the_board_until_one_succeeds(session: Session, repo: Path) -> None:
    name = by_provides(session, "entity:post")
    (repo / "shelf" / "post.py").write_text("NOTHING = 1\n")
    assert ran(session, name).outcome == "failed"
    status, note = shown(session, name)
    assert status == "failed" and "does not define Post" in note and f"noo replan {name}" in note
    assert name not in [task.id for task in things(session).tasks]
    (offered,) = things(session).again
    assert (offered.id, offered.command) == (name, f"noo run {name}") and "does not define Post" in offered.line()
    store = by_provides(session, "store:post")
    assert shown(session, store) == ("pending", f"waits for {name} (failed)")
    assert name not in [each.task for each in run(session).tasks], "the next ready task is another one"

    (repo / "shelf" / "post.py").unlink()
    assert ran(session, name).outcome == "proposed"
    assert shown(session, name)[0] == "review" and things(session).again == []
    call(session, "reject", refs=["P2"])
    assert shown(session, name) == ("ready", "P2 was rejected")


def test_a_failed_run_is_known_to_the_next_process_and_forgotten_with_what_it_tried(
    session: Session, repo: Path
) -> None:
    name = by_provides(session, "entity:post")
    (repo / "shelf" / "post.py").write_text("NOTHING = 1\n")
    ran(session, name)
    other = Session(Workspace.find(repo))
    assert shown(other, name)[0] == "failed"
    other.close()
    spec = (repo / SPEC).read_text()
    (repo / SPEC).write_text(spec.replace('"entity": "Post", "fields"', '"entity": "Essay", "fields"'))
    assert shown(session, name)[0] == "ready", "this was not tried yet"
    (repo / SPEC).write_text(spec)
    assert shown(session, name)[0] == "failed"
    call(session, "task", task=name, status="ready")
    assert shown(session, name)[0] == "ready", "a person takes it up again"


def test_a_failed_task_can_be_replanned_and_the_board_says_what_stands_in_its_place(
    session: Session, repo: Path
) -> None:
    name = by_provides(session, "entity:post")
    (repo / "shelf" / "post.py").write_text("NOTHING = 1\n")
    ran(session, name)
    call(session, "replan", task=name, because="the file is taken")
    heir = by_provides(session, "entity:post")
    told = run(session, name)
    assert told.tasks[0].outcome == "given up" and f"noo run {heir}" in told.text()
    assert shown(session, name) == ("superseded", f"{heir} stands in its place")


def test_a_machine_without_a_model_does_not_mark_the_task(session: Session) -> None:
    """Nothing was tried: the task stays ready for the day when there is a model."""
    name = for_a_model(session)
    assert ran(session, name).outcome == "failed"
    assert shown(session, name)[0] == "ready"


def test_without_a_model_a_bare_run_and_next_go_on_to_what_needs_none(session: Session) -> None:
    """Regression: `next` offered, and a bare `run` took, what nobody here could do."""
    name = for_a_model(session)
    listed = things(session)
    task = listed.tasks[-1]
    assert task.id == name and "noo run" not in task.command and "waits for a model" in task.done_by
    assert sum("No model can answer here" in note for note in listed.notes) == 1
    for _ in range(30):
        told = run(session)
        if not told.tasks:
            break
        assert told.tasks[0].outcome == "proposed" and not told.notes
    assert told.text().count("No model can answer here") == 1
    assert re.search(rf"\b{name}\b.* waits? for a model\.", told.text()) and not told.failed
    assert shown(session, name)[0] == "ready"


def test_who_waits_for_the_embedded_model_is_told_what_to_expect_before_it_is_asked(session: Session) -> None:
    """Its file is damaged here, so that nothing of it is heard but what stands before the wait."""
    model = find_model()
    model.path.parent.mkdir(parents=True)
    with model.path.open("wb") as file:
        file.truncate(model.file.size)
    heard: list[Progress] = []
    told = ran(replace(session, emit=heard.append), for_a_model(session))
    assert told.outcome == "failed"
    said = next(news.text for news in heard if news.kind == "text")
    assert said.startswith(f"“{told.title}” goes to the embedded model {model.name}")
    assert "most of its edits fail" in said and "larger model" in said and "yourself" in said


# ---- a notebook's cell that names no task -------------------------------------------------------------------------


def from_cell(session: Session, cell: str, **options: bool) -> RunResult:
    """A run as a cell of a notebook starts it."""
    return run(replace(session, cell=cell), **options)


def test_a_cell_that_is_run_again_shows_its_task_and_makes_nothing_new(session: Session) -> None:
    """Regression: each Restart & Run All had every bare `%noo run` propose another task."""
    (first,), (other,) = (from_cell(session, cell).tasks for cell in ("a#1", "b#1"))
    assert first.outcome == other.outcome == "proposed" and first.task != other.task
    again = from_cell(session, "a#1")
    assert (again.tasks[0].task, again.tasks[0].outcome) == (first.task, "in review")
    assert f"This cell took {first.task} before. `%noo run --next`" in again.text()
    call(session, "accept", refs=[str(first.proposal)])
    assert from_cell(session, "a#1").tasks[0].outcome == "done"
    further = from_cell(session, "a#1", next=True).tasks[0]
    assert further.outcome == "proposed" and further.task not in (first.task, other.task)
    assert from_cell(session, "a#1").tasks[0].task == further.task
    assert run(session).tasks[0].outcome == "proposed", "where no cell is known, each run takes the next task"


def test_a_cell_whose_task_is_given_up_takes_the_next_one(session: Session) -> None:
    first = from_cell(session, "a#1").tasks[0].task
    call(session, "reject", refs=["P1"])
    call(session, "task", task=first, status="cancelled", note="No.")
    after = from_cell(session, "a#1").tasks[0]
    assert after.task != first and after.outcome == "proposed"


# ---- why a task is not run ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome", "words"),
    [
        ("blocked", "blocked", "is blocked: as project-spec.md says"),
        ("failed", "failed", "failed: as project-spec.md says"),
        ("deferred", "deferred", "is deferred: left for later"),
        ("cancelled", "given up", "is not part of the plan any more: it is cancelled"),
    ],
)
def test_the_true_reason_is_said(session: Session, status: str, outcome: str, words: str) -> None:
    name = by_provides(session, "entity:post")
    call(session, "task", task=name, status=status, note="Not now.")
    told = run(session, name)
    assert told.tasks[0].outcome == outcome and words in told.text() and "waits" not in told.text()
    if outcome != "given up":
        assert f"noo task {name} --status pending" in told.text()


def test_whom_a_task_waits_for_is_said_with_what_is_the_matter_there(session: Session) -> None:
    first, then = by_provides(session, "entity:post"), by_provides(session, "store:post")
    assert f"— waits for {first}\n" in run(session, then).text() + "\n"
    run(session, first)
    assert run(session, then).tasks[0].note == f"for {first} (in review)"
    assert ran(session, first).outcome == "in review" and "P1" in run(session, first).text()
    call(session, "reject", refs=["P1"])
    call(session, "task", task=first, status="blocked", note="No.")
    assert run(session, then).tasks[0].note == f"for {first} (blocked)"


# ---- a recipe whose title was changed -------------------------------------------------------------------------------


def test_a_recipe_is_not_run_under_a_title_that_it_was_not_chosen_for(session: Session) -> None:
    name = by_provides(session, "entity:post")
    before = ran(session, by_provides(session, "entity:comment")).title
    edited = call(session, "task", task=name, title="Write the Essay class: its weight")
    assert isinstance(edited, TaskResult) and "the recipe still does “Write the Post class" in edited.text()
    status, note = shown(session, name)
    assert status == "ready" and "its title was changed" in note and f"noo run {name} --keep" in note
    told = run(session, name)
    assert told.tasks[0].outcome == "retitled" and told.failed and not told.proposals
    assert name not in [each.task for each in run(session).tasks], "nor is it taken as the next one"
    assert before.startswith("Write the Comment class")
    assert ran(session, name, keep=True).outcome == "proposed"


@pytest.mark.deep
def test_a_title_changed_by_hand_is_seen_too_and_one_that_is_changed_back_is_well(session: Session, repo: Path) -> None:
    name = by_provides(session, "entity:post")
    spec = (repo / SPEC).read_text()
    (repo / SPEC).write_text(
        spec.replace(f"#### {name} · Write the Post class", f"#### {name} · Write the Essay class")
    )
    assert ran(session, name).outcome == "retitled"
    (repo / SPEC).write_text(spec)
    assert ran(session, name).outcome == "proposed"


def test_a_title_changed_by_hand_outlasts_an_amended_brief(session: Session, repo: Path) -> None:
    name = by_provides(session, "entity:post")
    spec = (repo / SPEC).read_text()
    (repo / SPEC).write_text(
        spec.replace(f"#### {name} · Write the Post class", f"#### {name} · Write the Essay class")
    )
    call(session, "plan", brief="Build a blog platform with tags", amend=True)
    task = current_spec(session.workspace).plan.task(name)
    assert task is not None and task.title.startswith("Write the Essay class") and task.retitled


def test_a_replan_has_the_changed_title_done_by_another_way(session: Session) -> None:
    name = by_provides(session, "entity:post")
    call(session, "task", task=name, title="Write the Essay class: its weight")
    call(session, "replan", task=name, because="the title says what is wanted")
    heir = current_spec(session.workspace).plan.task(by_provides(session, "entity:post"))
    assert heir is not None and heir.how.kind == "model" and heir.title == "Write the Essay class: its weight"


# ---- two proposals from the same base -------------------------------------------------------------------------------


def test_two_things_proposed_from_the_same_base_are_both_accepted(session: Session, repo: Path) -> None:
    """Regression: the second one was refused, as both made or changed the package's exports."""
    names = [by_provides(session, f"entity:{thing}") for thing in ("post", "comment", "author")]
    run(session, *names)
    for number in (1, 2, 3):
        call(session, "accept", refs=[f"P{number}"])
    assert {shown(session, name)[0] for name in names} == {"done"}
    exported = (repo / "shelf" / "__init__.py").read_text()
    assert all(f"from .{thing.lower()} import {thing}\n" in exported for thing in ("Author", "Comment", "Post"))
    assert '__all__ = ["Author", "Comment", "Post"]' in exported
    assert git(repo, "status", "--porcelain") == ""
    for number in (3, 2, 1):
        call(session, "undo", refs=[f"A{number}"])
    assert "Post" not in (repo / "shelf" / "__init__.py").read_text()
    assert git(repo, "status", "--porcelain") == ""


def test_a_recipes_proposal_that_cannot_be_merged_is_made_anew(session: Session, repo: Path) -> None:
    name = by_provides(session, "entity:post")
    run(session, name)
    (repo / "shelf" / "__init__.py").write_text('"""All of it is new."""\n')
    git(repo, "commit", "-qam", "Mine")
    with pytest.raises(ChangedSince) as refused:
        call(session, "accept", refs=["P1"])
    assert refused.value.data["remade"] == "P2" and "accept P2" in str(refused.value)
    assert shown(session, name)[0] == "review"
    call(session, "accept", refs=["P2"])
    assert shown(session, name)[0] == "done" and "All of it is new." in (repo / "shelf" / "__init__.py").read_text()


@pytest.mark.deep
def test_a_proposal_that_a_person_wrote_into_is_not_made_anew(session: Session, repo: Path) -> None:
    name = by_provides(session, "entity:post")
    run(session, name)
    call(session, "edit", ref="P1:1", text="class Post: ...\n")
    (repo / "shelf" / "__init__.py").write_text('"""All of it is new."""\n')
    git(repo, "commit", "-qam", "Mine")
    with pytest.raises(ChangedSince) as refused:
        call(session, "accept", refs=["P1"])
    assert "remade" not in refused.value.data and "reject P1" in str(refused.value)
