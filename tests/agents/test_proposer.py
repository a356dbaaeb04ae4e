"""`plan --model`: a model's part in a plan, asked as a step that resumes; without one the library's plan stands."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.capabilities.arguments import parse
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.plan_views import PlanResult, TaskView
from nootropic_kernel.capabilities.registry import load_registry
from nootropic_kernel.capabilities.replan import ReplanParams, replan
from nootropic_kernel.planning.spec.file import read
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import ScriptedModel, scripted_model
from tests.conftest import git

pytestmark = pytest.mark.slow

SPEC = "project-spec.md"
BLOG = "Build a blog platform"
GOOD = {
    "tasks": [
        {"id": "T40", "kind": "own-task", "title": "Moderate comments", "requires": ["store:comment"], "hours": 3,
         "files": ["shelf/moderation.py"], "acceptance": [{"text": "Spam is hidden", "verify": "rm -rf spam"}]},
        {"id": "T41", "kind": "entity-endpoints", "title": "Endpoints for posts", "provides": ["api:post"],
         "depends_on": ["T40"]},
        {"id": "T42", "kind": "api-frame", "title": "Frame of the interface", "provides": ["api-frame"]},
    ]
}  # fmt: skip
BROKEN = {"tasks": [{"id": "T40", "kind": "own-task", "title": "Moderate", "depends_on": ["T40", "T99"], "more": 1}]}


@pytest.fixture
def session(repo: Path, no_embedded_model: None) -> Iterator[Session]:
    opened = Session(Workspace.find(repo))
    yield opened
    opened.close()


@pytest.fixture
def asked(request: pytest.FixtureRequest, tmp_path: Path, person_home: Path) -> Iterator[ScriptedModel]:
    answers = [each if isinstance(each, str | dict) and "tasks" not in each else json.dumps(each)
               for each in request.param]  # fmt: skip
    with scripted_model(tmp_path, person_home, answers) as model:
        yield model


def planned(session: Session, **options: Any) -> PlanResult:
    session._settings = None
    return plan(PlanParams(**{"brief": BLOG, "model": "preferred", **options}), session)


def tasks(result: PlanResult) -> dict[str, TaskView]:
    return {task.title: task for epic in result.epics for story in epic.stories for task in story.tasks}


@pytest.mark.parametrize("asked", [[GOOD]], indirect=True)
def test_what_a_model_adds_is_marked_as_its_own(session: Session, repo: Path, asked: ScriptedModel) -> None:
    result = planned(session)
    own, known = tasks(result)["Moderate comments"], tasks(result)["Endpoints for posts"]
    store = next(task for task in tasks(result).values() if "store:comment" in task.provides)
    assert (own.origin, known.origin, store.origin) == ("model", "model", "library")
    assert own.depends_on == [store.id] and own.id in known.depends_on
    assert "may delete" in own.warnings[0] and own.acceptance[0].verify == "rm -rf spam"
    assert "proposed by a model" in result.text() and "may delete" in result.text()
    assert 'origin: "model"' in (repo / SPEC).read_text()
    assert git(repo, "status", "--porcelain") == ""
    (body,) = asked.requests()
    assert body["response_format"]["type"] == "json_schema"
    assert BLOG in asked.prompts()[0] and store.title in asked.prompts()[0]
    # The same cells again: nobody is asked, nothing is written.
    head = git(repo, "rev-parse", "HEAD")
    for options in ({}, {"model": None}, {"brief": None}):
        assert planned(session, **options).action == "shown"
    assert git(repo, "rev-parse", "HEAD") == head and len(asked.requests()) == 1


# Whoever serves the request sends it once more by itself, with the schema in words, when an answer has no such shape.
@pytest.mark.parametrize("asked", [["no JSON at all", "no JSON at all", BROKEN, GOOD]], indirect=True)
def test_it_is_asked_again_with_what_was_wrong(session: Session, asked: ScriptedModel) -> None:
    result = planned(session)
    assert "Moderate comments" in tasks(result), result.notes
    told = [prompt for prompt in dict.fromkeys(asked.prompts()) if "This answer cannot be used" in prompt]
    assert len(told) == 2 and "not valid JSON" in told[0] and "'more' was unexpected" in told[1]


@pytest.mark.parametrize("asked", [[BROKEN]], indirect=True)
def test_after_two_retries_what_is_valid_survives(session: Session, asked: ScriptedModel) -> None:
    result = planned(session)
    assert tasks(result)["Moderate"].origin == "repaired"
    assert sum("cannot be used" in prompt for prompt in dict.fromkeys(asked.prompts())) == 1, "the same answer again"
    assert any("waits for itself" in note for note in result.notes)


@pytest.mark.parametrize("asked", [["I would rather not."], [{"status": 500}]], indirect=True)
def test_a_model_that_is_of_no_use_leaves_the_plan_of_the_library(
    session: Session, repo: Path, asked: ScriptedModel
) -> None:
    result = planned(session)
    assert {task.origin for task in tasks(result).values()} == {"library"} and result.commit
    assert any("No model had a part in this plan" in note for note in result.notes)


def test_without_any_model_the_plan_of_the_library_stands(session: Session) -> None:
    result = planned(session)
    assert result.commit and any("No model had a part in this plan" in note for note in result.notes)


@pytest.mark.parametrize("asked", [[GOOD]], indirect=True)
def test_a_plan_that_is_there_is_added_to_and_that_can_be_taken_back(
    session: Session, repo: Path, asked: ScriptedModel
) -> None:
    planned(session, model=None)
    before = read((repo / SPEC).read_text()).plan
    text = (repo / SPEC).read_text().replace("### S1 · Posts\n", "### S1 · Posts\n\nAsk Maria first.\n")
    (repo / SPEC).write_text(text.replace('status: "pending"', 'status: "done"', 1))
    result = planned(session)
    assert (result.action, result.revision) == ("amended", 2) and "Moderate comments" in result.text()
    assert tasks(result)[before.tasks[0].title].status == "done"
    assert replan(ReplanParams(undo=True), session).action == "undone"
    after = read((repo / SPEC).read_text()).plan
    assert after.origin == "library" and after.revision == 3 and after.stories[0].body == "Ask Maria first."
    added = [task for task in after.tasks if before.task(task.id) is None]
    assert len(added) == 3 and {task.status for task in added} == {"cancelled"}
    kept = [task for task in after.tasks if before.task(task.id) is not None]
    assert kept[1:] == list(before.tasks)[1:] and kept[0].status == "done"


@pytest.mark.parametrize("asked", [[GOOD]], indirect=True)
def test_an_amendment_keeps_what_a_model_added(session: Session, asked: ScriptedModel) -> None:
    planned(session)
    amended = planned(session, brief=f"{BLOG} with tags", amend=True, model=None)
    found = tasks(amended)
    assert found["Moderate comments"].status == "pending" and any("Tag" in title for title in found)
    assert len(asked.requests()) == 1


_DOOMED = """
import os, signal, sys
from nootropic_kernel.agents import spec_edits
spec_edits.replace_file = lambda *args, **options: os.kill(os.getpid(), signal.SIGKILL)
from nootropic_kernel.cli.command import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("asked", [[GOOD]], indirect=True)
def test_killed_after_the_answer_it_is_not_asked_again(session: Session, repo: Path, asked: ScriptedModel) -> None:
    session.workspace.ensure()
    command = [sys.executable, "-c", _DOOMED, "plan", "--model", "--brief", BLOG]
    assert subprocess.run(command, cwd=repo, capture_output=True).returncode == -signal.SIGKILL
    assert len(asked.requests()) == 1 and not (repo / SPEC).exists()
    assert "Moderate comments" in tasks(planned(session))
    assert len(asked.requests()) == 1
    assert [event.data["model"] for event in journal.events(session.database().read(), kind="plan.made")] == [
        "mine: scripted-1"
    ]


def test_the_option_stands_alone_or_with_a_name(session: Session) -> None:
    entry = load_registry(session.workspace).entry("plan")
    assert parse(entry, ["--model", "Build", "a", "blog"]) == {"model": "preferred", "brief": "Build a blog"}
    assert parse(entry, ["--model=mine", "--brief", "x"]) == {"model": "mine", "brief": "x"}


@pytest.mark.parametrize("asked", [[GOOD]], indirect=True)
def test_a_model_that_is_named_and_not_there_is_told(session: Session, asked: ScriptedModel) -> None:
    result = planned(session, model="nobody")
    assert result.commit and any("No model had a part" in note for note in result.notes) and not asked.requests()


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_with_the_embedded_model_the_plan_is_sound(repo: Path) -> None:
    """A very small model has nothing useful to add, or is cut at the end of its window; the plan stands."""
    session = Session(Workspace.find(repo))
    result = planned(session)
    session.close()
    assert result.commit and any("embedded" in note or "No model had a part" in note for note in result.notes)
