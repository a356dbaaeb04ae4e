"""Agent steps driven by hand, and a run that is killed in the middle and taken up again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nootropic_kernel.agents.coder import code_step
from nootropic_kernel.agents.edit_prompt import EditPrompt
from nootropic_kernel.agents.edit_task import CellNotFound, Instruction
from nootropic_kernel.agents.executor import Job, job_step
from nootropic_kernel.changes.formats import NoUsableEdit
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.runs.effects import All, Answer, Ask, Read, Run, RunResult, Search, Snippet
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.resources import ResourceInvalid
from tests.agents.scripted_model import scripted_model
from tests.checks.verdict_runs import passed

PROMPT = EditPrompt.load(None)
EDIT = Answer("a.py\n```python\nx = 2\n```", "m", "b", "stop")


def test_the_coder_searches_reads_asks_and_gives_a_draft() -> None:
    step = code_step(Instruction("set x", ("a.py",)), PROMPT)
    assert next(step) == Search("set x", 8)
    assert step.send([Snippet("b.py", 1, 2, "y = {braces} and {path}", 1.0)]) == All((Read("a.py"),))
    ask = step.send([b"x = 1\n"])
    assert isinstance(ask, Ask) and (ask.prompt, ask.prompt_version) == ("code_edit", PROMPT.prompt.version)
    text = ask.messages[-1].content
    assert "File a.py:\n```\nx = 1\n```" in text and "y = {braces} and {path}" in text and "{" + "files}" not in text
    with pytest.raises(StopIteration) as done:
        step.send(EDIT)
    draft = done.value.value
    assert [(edit.path, edit.base, edit.new) for edit in draft.edits] == [("a.py", b"x = 1\n", b"x = 2\n")]
    assert draft.context == ("a.py", "b.py:1-2")


def test_large_files_are_changed_by_blocks() -> None:
    step = code_step(Instruction("set x", ("a.py",)), PROMPT)
    next(step)
    step.send([])
    small, large = b"x = 1\n", b"x = 1\n" * (PROMPT.row().whole_up_to // 4)
    ask = step.send([large])
    assert isinstance(ask, Ask) and "<<<<<<< SEARCH" in ask.messages[-1].content
    step = code_step(Instruction("set x", ("a.py",)), PROMPT)
    next(step)
    step.send([])
    ask = step.send([small])
    assert isinstance(ask, Ask) and "SEARCH" not in ask.messages[-1].content


def test_only_the_last_failure_goes_along_with_a_retry() -> None:
    step = code_step(Instruction("set x", ("a.py",)), PROMPT)
    next(step)
    step.send([])
    step.send([b"x = 1\n"])
    lengths = []
    for _ in range(3):
        ask = step.send(Answer("no", "m", "b", "stop"))
        assert isinstance(ask, Ask)
        lengths.append(len(ask.messages))
    assert lengths == [4, 4, 4]
    with pytest.raises(NoUsableEdit) as caught:
        step.send(Answer("never", "m", "b", "stop"))
    assert caught.value.data["text"] == "never" and caught.value.data["attempts"] == 4


def test_a_file_that_nothing_resembles_must_be_named() -> None:
    step = code_step(Instruction("set x"), PROMPT)
    next(step)
    with pytest.raises(UsageError, match="--file"):
        step.send([])


def test_an_unknown_cell_names_those_that_exist() -> None:
    cells = [{"cell_type": "code", "id": "one", "source": "x = 1"}]
    step = code_step(Instruction("set x", ("n.ipynb",), cell="two"), PROMPT)
    next(step)
    step.send([])
    with pytest.raises(CellNotFound, match="Its cells: one"):
        step.send([json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()])


def test_a_prompt_that_lacks_a_part_is_named(workspace: Workspace) -> None:
    folder = workspace.root / "experiments" / "prompts"
    folder.mkdir(parents=True)
    (folder / "code_edit-2.0.0.yaml").write_text(
        "schema: nootropic/prompt@1\nname: code_edit\nversion: '2.0.0'\nparts: {system: hello}\n"
    )
    with pytest.raises(ResourceInvalid, match="not complete"):
        EditPrompt.load(workspace)


def test_a_recipe_reads_only_what_it_needs_and_its_tests_run_on_a_trial() -> None:
    job = Job("Entry", recipe="python.entry_point", args={"package_dir": "library"})
    paths = ["library/__init__.py", "library/other.py", "tests/test_a.py"]
    step = job_step(job, paths, lambda edits: f"trial-{len(list(edits))}", None)
    run = next(step)
    assert isinstance(run, Run) and run.folder == "trial-2"
    with pytest.raises(StopIteration) as done:
        step.send(RunResult(0, "2 passed", "", "bubblewrap: all", ("1 s",), passed("tests/test_a.py::test_a")))
    finished = done.value.value
    assert [check.passed for check in finished.checks] == [True, True, True, True, True]
    assert "complete report of 1 tests" in finished.checks[-1].vouched_by


def test_what_fails_its_scan_is_never_run() -> None:
    secret = "-----BEGIN PRIVATE KEY-----"
    step = job_step(Job("x", instruction=Instruction("x", ("a.py",))), ["a.py", "test_a.py"], lambda edits: "t", PROMPT)
    next(step)
    step.send([])
    step.send([b"x = 1\n"])
    answer = Answer(f"a.py\n```python\nx = '{secret}'\n```", "m", "b", "stop")
    effect = step.send(answer)
    for _ in range(2):
        assert isinstance(effect, Ask) and "secrets" in effect.messages[-1].content
        assert secret not in effect.messages[-1].content
        last = effect
        try:
            effect = step.send(answer)
        except StopIteration as done:
            assert [check.name for check in done.value.checks if check.passed is False] == ["secrets", "escalated"]
            break
    assert isinstance(last, Ask)


def test_a_killed_run_is_taken_up_where_it_was(
    workspace: Workspace, database: StateDatabase, person_home: Path, tmp_path: Path
) -> None:
    bad, good = {"text": "no edit"}, "shelf/books.py\n```python\ndef by_title(books):\n    return sorted(books)\n```"
    code = (
        "import sys; from nootropic_kernel.capabilities.base import Session; "
        "from nootropic_kernel.capabilities.code import CodeParams, code; "
        "from nootropic_kernel.workspace.location import Workspace; "
        "print(code(CodeParams(instruct='simplify', file=['shelf/books.py']), Session(Workspace.find(sys.argv[1])))"
        ".proposal.id)"
    )
    command = [sys.executable, "-c", code, str(workspace.root)]
    with scripted_model(tmp_path, person_home, [bad, {"text": good, "sleep": 60}, good]) as model:
        first = subprocess.Popen(command, start_new_session=True)
        deadline = time.monotonic() + 60
        while len(model.requests()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        again = subprocess.run(command, capture_output=True, text=True, check=True)
        assert again.stdout.strip().endswith("P1")
        bodies = model.requests()
    # The first answer was journalled: the second run asks only what the killed one was waiting for.
    assert len(bodies) == 3 and bodies[1]["messages"] == bodies[2]["messages"]
    store = ProposalStore(database, workspace)
    assert store.ids() == ["P1"]
    assert database.read().execute("SELECT count(*) FROM run_answers").fetchone()[0] == 0
