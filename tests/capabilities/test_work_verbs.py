"""The verbs code, run, recipes, check, search, learn and chat on real repositories, with a scripted model server."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.check import CheckParams, check
from nootropic_kernel.capabilities.code import CodeParams, CodeResult, code
from nootropic_kernel.capabilities.learn import LearnParams, NotAvailableYet, learn
from nootropic_kernel.capabilities.next import NextParams, next
from nootropic_kernel.capabilities.plan import PlanParams, plan
from nootropic_kernel.capabilities.recipes import RecipesParams, recipes
from nootropic_kernel.capabilities.run import RunParams, run
from nootropic_kernel.capabilities.search import SearchParams, search
from nootropic_kernel.capabilities.show import ShowParams, show
from nootropic_kernel.changes.accept import accept, reject, undo
from nootropic_kernel.changes.formats import NoUsableEdit
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.models.errors import NoModel
from nootropic_kernel.sandbox import available
from nootropic_kernel.workspace.errors import Interrupted, PathRefused, UsageError
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import scripted_model
from tests.planning.random_repository import random_brief, random_repository

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("no_embedded_model")]

BOOKS = (
    '"""Books and how to sort them."""\n\n\ndef by_title(books: list[str]) -> list[str]:\n    return sorted(books)\n'
)
GOOD = f"shelf/books.py\n```python\n{BOOKS.replace('sorted(books)', 'sorted(books, key=str.casefold)')}```\n"
BREAKS = f"shelf/books.py\n```python\n{BOOKS.replace('sorted(books)', 'list(books)')}```\n"
ASK = {"instruct": "Sort without regard to case", "file": ["shelf/books.py"]}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def session(repo: Path) -> Iterator[Session]:
    opened = Session(Workspace.find(repo))
    yield opened
    opened.close()


def verdict_of_tests(result: CodeResult) -> tuple[bool | None, str]:
    (found,) = [each for each in result.proposal.checks if each.name == "tests"]
    return found.passed, found.detail


def test_code_makes_a_checked_proposal_and_writes_nothing(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [GOOD]) as model:
        result = code(CodeParams(**ASK), session)
    assert git(session.workspace.root, "status", "--porcelain") == ""
    assert (session.workspace.root / "shelf/books.py").read_text() == BOOKS
    assert "+    return sorted(books, key=str.casefold)" in result.diff
    assert "scripted-1" in (result.proposal.model or "") and not result.failed
    document = result.document()
    assert document["diff"] == result.diff and document["proposal"]["id"] == "P1"
    passed, detail = verdict_of_tests(result)
    assert (passed, "1 passed" in detail) == ((True, True) if not available() else (None, False))
    assert "def by_title" in model.prompts()[0] and "Sort without regard to case" in model.prompts()[0]


def test_a_proposal_is_followed_back_to_prompt_context_model_and_answer(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    with scripted_model(tmp_path, person_home, [GOOD]):
        code(CodeParams(**ASK), session)
    trail = show(ShowParams(id="P1"), session).trail
    assert trail is not None
    assert (trail.prompt, trail.prompt_version, trail.answer) == ("code_edit", "2.0.0", GOOD)
    assert trail.context[0] == "shelf/books.py" and "scripted-1" in (trail.model or "")
    names = [each.name for each in trail.spans]
    assert {"retrieve", "ask", "parse edit", "propose"} <= set(names)
    assert any(name.startswith("chat ") for name in names)


def test_an_answer_without_an_edit_is_kept_and_named(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, ["I would rather not."]) as model:
        with pytest.raises(NoUsableEdit, match="No usable edit") as caught:
            code(CodeParams(**ASK), session)
    assert caught.value.data["text"] == "I would rather not." and "scripted-1" in caught.value.why
    assert len(model.requests()) == 4  # the first try and three retries
    assert "could not be used" in model.prompts()[1]
    assert ProposalStore(session.database(), session.workspace).list() == []


@pytest.mark.parametrize(
    "bad",
    [
        {"text": GOOD, "finish_reason": "length"},
        "shelf/books.py\n```python\ndef broken(\n```\n",
        "shelf/books.py\n```python\n# ... rest of the code unchanged\n```\n",
        "shelf/books.py\n<<<<<<< SEARCH\nnowhere\n=======\nx\n>>>>>>> REPLACE\n",
    ],
)
def test_a_bad_answer_goes_back_with_the_reason(session: Session, person_home: Path, tmp_path: Path, bad: Any) -> None:
    with scripted_model(tmp_path, person_home, [bad, GOOD]) as model:
        result = code(CodeParams(**ASK), session)
    assert result.proposal.id == "P1" and len(model.requests()) == 2


def test_an_answer_that_repeats_itself_is_stopped_and_asked_for_once_more(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    heard: list[str] = []
    session.emit = lambda news: heard.append(news.text) if news.kind == "text" else None
    babble = "Sure.\n```python\n" + "    return sorted(books)\n" * 200
    with scripted_model(tmp_path, person_home, [babble, babble, babble, GOOD]) as model:
        with pytest.raises(NoUsableEdit, match="repeats itself") as caught:
            code(CodeParams(**ASK), session)
        assert caught.value.kind == "repeats" and len(model.requests()) == 2
        assert code(CodeParams(**ASK), session).proposal.id == "P1"
    assert "2 attempts" in caught.value.why and len(str(caught.value.data["text"])) < 300
    assert model.prompts()[1].count("return sorted(books)") < 4  # what was repeated does not go back
    assert "— attempt 2 of at most 4 —" in "".join(heard)


def test_an_edit_that_drops_a_used_import_goes_back_and_is_noted(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    base = "import os\n\n\ndef here() -> str:\n    return os.getcwd()\n\n\ndef there() -> str:\n    return ''\n"
    (session.workspace.root / "shelf/place.py").write_text(base)
    drops = "shelf/place.py\n```python\ndef here() -> str:\n    return os.getcwd().lower()\n```\n"
    mended = drops.replace("python\n", "python\nimport os\n\n\n")
    with scripted_model(tmp_path, person_home, [drops, mended]) as model:
        result = code(CodeParams(instruct="Make it lower", file=["shelf/place.py"]), session)
    assert "undefined 'os' (line 2)" in model.prompts()[1]
    checks = {each.name: (each.passed, each.detail) for each in result.proposal.checks}
    assert checks["names"][0] is True and not result.failed
    assert checks["removed names"] == (None, "shelf/place.py: removes there")


@pytest.mark.usefixtures("working_sandbox")
def test_a_change_that_breaks_the_tests_is_repaired(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [BREAKS, GOOD]) as model:
        result = code(CodeParams(**ASK), session)
    assert not result.failed and verdict_of_tests(result)[0] is True
    assert "test_by_title" in model.prompts()[1] and "The change was tried" in model.prompts()[1]


@pytest.mark.deep
@pytest.mark.usefixtures("working_sandbox")
def test_two_repairs_that_do_not_help_hand_it_to_a_person(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [BREAKS]) as model:
        result = code(CodeParams(**ASK), session)
    assert result.failed and result.escalated and len(model.requests()) == 3
    assert [each.name for each in result.proposal.checks if each.passed is False] == ["tests", "escalated"]


@pytest.mark.usefixtures("working_sandbox")
def test_tests_that_failed_before_are_not_blamed_on_the_change(
    session: Session, person_home: Path, tmp_path: Path
) -> None:
    (session.workspace.root / "tests" / "test_old.py").write_text("def test_old():\n    assert False\n")
    with scripted_model(tmp_path, person_home, [GOOD]):
        result = code(CodeParams(**ASK), session)
    passed, detail = verdict_of_tests(result)
    assert passed is None and "without this change too" in detail


def test_no_model_is_a_clear_error(session: Session) -> None:
    with pytest.raises(NoModel, match="noo models pull"):
        code(CodeParams(**ASK), session)


def test_a_secret_never_reaches_a_model(session: Session, person_home: Path, tmp_path: Path) -> None:
    key = "sk-proj-" + "a1b2c3d4" * 5
    (session.workspace.root / "shelf/books.py").write_text(f'KEY = "{key}"\n{BOOKS}')
    with scripted_model(tmp_path, person_home, [GOOD]) as model:
        code(CodeParams(**ASK), session)
    assert all(key not in prompt for prompt in model.prompts()) and "[secret removed]" in model.prompts()[0]


@pytest.mark.parametrize("path", ["../x.py", "/etc/passwd", ".git/config", ".env", ".nootropic/x.py"])
def test_files_out_of_bounds_are_refused(session: Session, path: str) -> None:
    with pytest.raises(PathRefused):
        code(CodeParams(instruct="x", file=[path]), session)


def test_bad_use_is_named(session: Session) -> None:
    for params in (CodeParams(instruct=" "), CodeParams(instruct="x", cell="a")):
        with pytest.raises(UsageError):
            code(params, session)


def notebook(session: Session) -> Path:
    path = session.workspace.root / "notes.ipynb"
    cells = [
        {"cell_type": "code", "id": "first", "metadata": {"a": 1}, "source": ["x = 1\n", "x"]},
        {"cell_type": "markdown", "id": "text", "metadata": {}, "source": "Hello"},
    ]
    cells[0] |= {"outputs": [], "execution_count": 2}
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n")
    git(session.workspace.root, "add", ".")
    git(session.workspace.root, "commit", "-qm", "Notes")
    return path


def test_one_cell_of_a_notebook_is_changed(session: Session, person_home: Path, tmp_path: Path) -> None:
    path = notebook(session)
    with scripted_model(tmp_path, person_home, ["```python\nx = 2\nx\n```"]):
        result = code(CodeParams(instruct="Make x two", file=["notes.ipynb"], cell="first"), session)
    assert [(hunk.kind, hunk.cell_id) for hunk in result.hunks] == [("cell", "first")]
    accept(session.workspace, session.database(), ["P1"])
    before = json.loads(git(session.workspace.root, "show", "HEAD~1:notes.ipynb"))
    after = json.loads(path.read_text())
    assert after["cells"][0]["source"] == ["x = 2\n", "x"]
    assert after["cells"][0] | {"source": 0} == before["cells"][0] | {"source": 0}
    assert after["cells"][1] == before["cells"][1]


def test_without_a_file_the_best_fit_is_changed(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [GOOD]) as model:
        result = code(CodeParams(instruct="by_title should sort books without regard to case"), session)
    assert result.hunks[0].path == "shelf/books.py" and "File shelf/books.py" in model.prompts()[0]


def test_stopping_leaves_nothing_and_a_second_try_works(session: Session, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, [{"text": GOOD, "sleep": 30}, GOOD]):
        session.cancel = threading.Event()
        threading.Timer(1.0, session.cancel.set).start()
        started = time.monotonic()
        with pytest.raises(Interrupted):
            code(CodeParams(**ASK), session)
        assert time.monotonic() - started < 10
        session.cancel = threading.Event()
        assert code(CodeParams(**ASK), session).proposal.id == "P1"
    assert not list((session.workspace.state_dir / "work").glob("*"))


def test_recipes_are_listed_and_applied(session: Session) -> None:
    listed = recipes(RecipesParams(), session)
    assert "python.rename" in listed.text() and len(listed.recipes) >= 9
    arguments = {"package_dir": "shelf", "entity": "Loan", "fields": "borrower:str, due:date"}
    made = recipes(RecipesParams(name="python.entity", arg=arguments), session)
    assert made.applied is not None and not made.failed
    assert {hunk.path for hunk in made.applied.hunks} == {"shelf/loan.py", "shelf/__init__.py", "tests/test_loan.py"}
    if not available():
        assert verdict_of_tests(made.applied)[0] is True
    accept(session.workspace, session.database(), ["P1"])
    again = recipes(RecipesParams(name="python.entity", arg=arguments), session)
    assert again.applied is None and "nothing to do" in again.text()


def test_recipe_arguments_are_checked(session: Session) -> None:
    with pytest.raises(UsageError, match=r"python\.rename"):
        recipes(RecipesParams(name="python.renam"), session)
    with pytest.raises(UsageError, match=r"needs the argument 'new'. 'new' means the new name alone\."):
        recipes(RecipesParams(name="python.rename", arg={"old": "by_title"}), session)


def test_words_after_a_recipe_are_told_to_go_with_arg(session: Session) -> None:
    with pytest.raises(UsageError, match=r"no recipe 'rename'.*Did you mean python\.rename\?.*--arg NAME=VALUE"):
        recipes(RecipesParams(name="rename to_cents"), session)
    with pytest.raises(UsageError, match=r"`by_title sort`.*`noo recipes python\.rename --arg old=… --arg new=…"):
        recipes(RecipesParams(name="python.rename by_title sort"), session)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tasks_of_a_random_plan_become_proposals_once(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    repository = random_repository(rng, notebook=True)
    root = tmp_path / "project"
    for path, data in repository.files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    git(tmp_path, "init", "-q", str(root))
    git(root, "add", ".")
    git(root, "commit", "-qm", "Start")
    session = Session(Workspace.find(root))
    try:
        plan(PlanParams(brief=random_brief(rng, repository, about_things=True)), session)
        ready = [task.id for task in next(NextParams(), session).tasks if task.how.kind == "recipe"][:3]
        first = run(RunParams(count=len(ready)), session)
        assert [each.task for each in first.tasks] == ready
        assert {each.outcome for each in first.tasks} == {"proposed"} and len(first.tasks) >= 2, first.text()
        assert git(root, "status", "--porcelain") == "" and not first.failed, first.text()
        assert any(hunk.kind == "cell" for view in first.proposals for hunk in view.hunks)
        again = run(RunParams(count=len(first.tasks)), session)
        assert {each.outcome for each in again.tasks} == {"in review"}
        assert all(f"waits for you ({each.proposal}): " in each.line() for each in again.tasks)
        assert not any(f": {each.proposal}" in each.line() or "1 hunks" in each.line() for each in again.tasks)
        assert [each.proposal for each in again.tasks] == [each.proposal for each in first.tasks]
        several = max(first.proposals, key=lambda view: len(view.hunks))
        turn = accept(session.workspace, session.database(), [several.hunks[0].ref])
        assert turn.commit and f"Nootropic-Task: {several.proposal.task}" in git(root, "log", "-1", "--format=%B")
        accept(session.workspace, session.database(), [several.proposal.id])
        done = run(RunParams(tasks=[str(several.proposal.task)]), session)
        assert (done.tasks[0].outcome, done.tasks[0].proposal) == ("done", several.proposal.id), done.text()
        once_more = run(RunParams(count=len(first.tasks)), session)
        assert sorted(str(each.proposal) for each in once_more.tasks) == sorted(v.proposal.id for v in first.proposals)
        assert "Nothing new was proposed" in once_more.text()
    finally:
        session.close()


def test_what_was_undone_is_shown_not_proposed_again(session: Session) -> None:
    plan(PlanParams(brief="Keep books and loans"), session)
    first = run(RunParams(count=1), session)
    proposal = first.tasks[0].proposal
    assert proposal is not None
    accept(session.workspace, session.database(), [proposal])
    undo(session.workspace, session.database(), None)
    again = run(RunParams(tasks=[first.tasks[0].task]), session)
    assert (again.tasks[0].outcome, again.tasks[0].proposal) == ("undone", proposal)
    assert f"was undone ({proposal}): the same change would be made again" in again.text()


def test_what_was_rejected_is_said_to_be_rejected(session: Session) -> None:
    plan(PlanParams(brief="Keep books and loans"), session)
    first = run(RunParams(count=1), session)
    proposal = first.tasks[0].proposal
    assert proposal is not None
    reject(session.workspace, session.database(), [proposal])
    again = run(RunParams(tasks=[first.tasks[0].task]), session)
    assert (again.tasks[0].outcome, again.tasks[0].proposal) == ("rejected", proposal)
    assert f"was rejected ({proposal}): the same change would be made again" in again.text()
    assert "waits for you" not in again.text()
    hunk = again.text().partition("`accept ")[2].partition("`")[0]
    assert accept(session.workspace, session.database(), [hunk]).commit


def test_tasks_that_wait_or_are_unknown_say_so(session: Session) -> None:
    made = plan(PlanParams(brief="Keep books and loans"), session)
    tasks = made.document()["epics"][0]["stories"][0]["tasks"]
    (waiting, *_) = [task for task in tasks if task["depends_on"]]
    told = run(RunParams(tasks=[waiting["id"]]), session)
    assert told.tasks[0].outcome == "waits" and "waits for" in told.text()
    with pytest.raises(UsageError, match="no task T999"):
        run(RunParams(tasks=["T999"]), session)


def test_check_of_a_proposal_and_of_the_working_tree(session: Session) -> None:
    recipes(RecipesParams(name="python.docstrings", arg={"module": "shelf.books"}), session)
    found = check(CheckParams(what=["P1"]), session)
    assert not found.failed and "by" in found.text()
    assert check(CheckParams(), session).text().endswith("nothing")
    (session.workspace.root / "shelf/books.py").write_text("def by_title(\n")
    (session.workspace.root / "key.txt").write_text("-----BEGIN RSA PRIVATE KEY-----\n")
    (session.workspace.root / "conftest.py").write_text("")
    broken = check(CheckParams(), session)
    assert broken.failed
    verdicts = {each.name: (each.passed, each.detail) for each in broken.checks}
    assert verdicts["parses"][0] is False and "shelf/books.py" in verdicts["parses"][1]
    assert verdicts["secrets"] == (False, "key.txt:1 looks like a private key")
    assert verdicts["protected files"][0] is None and "conftest.py" in verdicts["protected files"][1]


def test_search_shows_path_and_lines(session: Session) -> None:
    found = search(SearchParams(query="by_title"), session)
    assert "shelf/books.py:4-5  by_title" in found.text()
    assert "Nothing here" in search(SearchParams(query="zebra crossing"), session).text()
    with pytest.raises(UsageError):
        search(SearchParams(query=" "), session)


def test_learn_refuses_and_says_what_waits(session: Session) -> None:
    with pytest.raises(NotAvailableYet, match="0 accepted hunks wait"):
        learn(LearnParams(), session)
    recipes(RecipesParams(name="python.docstrings", arg={"module": "shelf.books"}), session)
    accept(session.workspace, session.database(), ["P1"])
    with pytest.raises(NotAvailableYet, match="1 accepted hunk waits"):
        learn(LearnParams(), session)
