"""Answers of a chat that were stopped, cut, late or never came: what is kept, and who answers instead."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nootropic_kernel.capabilities.base import Progress
from nootropic_kernel.models.errors import AnswerCut, BackendUnreachable, NoModel
from nootropic_kernel.models.inference import inference
from nootropic_kernel.telemetry.budget import BudgetExceeded
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.journal import events
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import ScriptedModel
from tests.capabilities.conversing import fresh_kernel, kept, say
from tests.models.conftest import ServeScript
from tests.models.endless_answer import STREAM, begun, name_backends
from tests.promises.rooms import environment

KEY = "sk-proj-" + "a1B2" * 8


def test_a_stop_keeps_what_had_come(workspace: Workspace, person_home: Path, serve: ServeScript) -> None:
    name_backends(person_home, s=serve(*begun("Once ", "upon ", "a "), {"sleep": 600}).url)
    cancel = threading.Event()
    heard: list[str] = []

    def hear(news: Progress) -> None:
        heard.append(news.text if news.kind == "text" else "")
        if "a " in heard:
            cancel.set()

    with pytest.raises(Interrupted) as stopped:
        say(workspace, "Tell me", cancel=cancel, emit=hear, search=False)
    assert stopped.value.data["partial"] == "Once upon a " and "C1" in stopped.value.why
    (turn,) = kept(workspace, "show", "C1").turns
    assert (turn.answer, turn.ending) == ("Once upon a ", "stopped")
    assert "Once upon a [stopped]" in kept(workspace, "show", "C1").text()


@pytest.mark.usefixtures("no_embedded_model")
def test_a_broken_answer_is_kept_as_such(workspace: Workspace, person_home: Path, serve: ServeScript) -> None:
    name_backends(person_home, s=serve(*begun("Once ", "upon ", "a ")).url)
    with pytest.raises(AnswerCut):
        say(workspace, "Tell me", search=False)
    (turn,) = kept(workspace, "show", "C1").turns
    assert (turn.question, turn.answer, turn.ending) == ("Tell me", "Once upon a ", "cut")


@pytest.mark.slow
@pytest.mark.usefixtures("no_embedded_model")
def test_nothing_is_kept_of_a_question_that_nobody_answered(
    workspace: Workspace,
    person_home: Path,
    serve: ServeScript,
    model: ScriptedModel,
) -> None:
    say(workspace, "Hello?")
    good = (person_home / "config.json").read_text()
    name_backends(person_home, s="http://127.0.0.1:9/v1")
    for options in ({}, {"new": True}):
        with pytest.raises(BackendUnreachable):
            say(workspace, "Nobody there?", search=False, **options)
    (person_home / "config.json").write_text(good)
    assert [(each.id, each.turns) for each in kept(workspace).chats] == [("C1", 1)]
    assert say(workspace, "Again", new=True).chat == "C2"


def journalled(workspace: Workspace) -> list[tuple[str, str, str]]:
    database = StateDatabase.open(workspace)
    try:
        found = events(database.read(), kind="ModelSwitched")
        return [(each.data["before"], each.subject, each.data["cause"]) for each in found]
    finally:
        database.close()


def test_where_one_fails_the_next_answers_and_that_is_told(
    workspace: Workspace,
    person_home: Path,
    serve: ServeScript,
    model: ScriptedModel,
) -> None:
    name_backends(person_home, first=serve(*begun("Once ", "upon ", "a ")).url, mine=model.url)
    shown: list[str] = []
    result = say(workspace, "Hello?", search=False, emit=lambda news: shown.append(news.text))
    assert (result.backend, result.model, result.answer, result.local) == ("mine", "scripted-1", "Answer 1.", True)
    text = "".join(shown)
    assert text.index("Once upon a") < text.index("— ") < text.index("Answer 1.") and "Asking mine" in text
    for form in (result.text(), result.markdown(), str(result.html())):
        assert form.index("first") < form.index("Answer 1.") < form.index("scripted-1 by mine")
    result.streamed()
    assert "Another is asked." in result.text() and "Answer 1." not in result.text()
    assert journalled(workspace) == [("first", "mine", "INFERENCE_ERROR")]
    assert kept(workspace, "show", "C1").turns[0].backend == "mine"


@pytest.mark.slow
def test_the_window_is_filled_anew_for_the_one_that_answers(
    workspace: Workspace, person_home: Path, model: ScriptedModel
) -> None:
    name_backends(person_home, first="http://127.0.0.1:9/v1", mine=model.url)
    file = person_home / "config.json"
    settings = json.loads(file.read_text())
    settings["backends"]["mine"]["contextWindow"] = 1000
    file.write_text(json.dumps(settings))
    (workspace.root / "long.py").write_text("x = 1  # a comment\n" * 200)
    result = say(workspace, "See @long.py", search=False)
    assert (result.backend, result.window, result.sent) == ("mine", 1000, [])
    assert [each.name for each in result.left_out] == ["long.py"] and "a comment" not in model.prompts()[0]


@pytest.mark.slow
def test_answers_that_are_late_again_and_again_let_another_go_first(
    workspace: Workspace,
    person_home: Path,
    model: ScriptedModel,
    serve: ServeScript,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = inference()
    monkeypatch.setattr(
        settings, "__dict__", {**settings.__dict__, "sla": settings.sla.model_copy(update={"chat": 0.01})}
    )
    event = {"choices": [{"delta": {"content": "Late"}, "finish_reason": "stop"}]}
    slow = serve(STREAM, {"sleep": 0.1}, {"event": event}, {"chunk": "data: [DONE]\n\n"}, {"end": True})
    name_backends(person_home, slow=slow.url, mine=model.url)
    results = [say(workspace, f"Question {number}", search=False) for number in range(5)]
    assert [result.backend for result in results] == ["slow", "slow", "slow", "mine", "mine"]
    assert "late or failed their checks" in results[3].head()[0] and not results[4].head()
    assert journalled(workspace) == [("slow", "mine", "sla")]


@pytest.mark.slow
def test_a_spent_budget_lets_the_free_one_answer(
    workspace: Workspace, person_home: Path, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEAR_KEY", KEY)
    settings = json.loads((person_home / "config.json").read_text())
    dear = {"url": "https://cloud.invalid/v1", "model": "dear", "kind": "openai", "apiKeyEnv": "DEAR_KEY"}
    settings["backends"]["dear"] = dear
    settings |= {"modelPreference": ["dear", "mine"], "budget": {"perDayUsd": 0.000001}}
    settings["prices"] = {"dear": {"input": 100, "output": 100}}
    (person_home / "config.json").write_text(json.dumps(settings))
    result = say(workspace, "Hello?", search=False)
    assert (result.backend, result.answer) == ("mine", "Answer 1.") and "budget of this day" in result.text()
    assert journalled(workspace) == [("dear", "mine", "budget")]
    settings["modelPreference"] = ["dear"]
    (person_home / "config.json").write_text(json.dumps(settings))
    monkeypatch.setenv("NOOTROPIC_CACHE", str(person_home / "cache"))
    with pytest.raises(BudgetExceeded):
        say(workspace, "And now?", search=False)
    assert kept(workspace).chats[0].turns == 1


@pytest.mark.slow
@pytest.mark.usefixtures("no_embedded_model")
def test_a_chat_killed_in_an_answer_is_readable_and_goes_on(
    workspace: Workspace,
    person_home: Path,
    serve: ServeScript,
    model: ScriptedModel,
) -> None:
    say(workspace, "Hello?")
    good = (person_home / "config.json").read_text()
    slow = [
        *begun("Once ", "upon ", "a "),
        {"drip": 'data: {"choices":[{"delta":{"content":"time "}}]}\n\n', "every": 0.3},
    ]
    name_backends(person_home, s=serve(*slow).url)
    command = [sys.executable, "-m", "nootropic_kernel.cli", "chat", "Tell me", "--no-search"]
    running = subprocess.Popen(command, cwd=workspace.root, env=environment(), stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while "upon" not in "".join(turn.answer for turn in kept(workspace, "show", "C1").turns):
            assert time.monotonic() < until and running.poll() is None
            time.sleep(0.1)
    finally:
        running.kill()
        assert running.wait() == -signal.SIGKILL
    first, cut = kept(workspace, "show", "C1").turns
    assert (first.question, first.ending) == ("Hello?", "whole")
    assert (cut.question, cut.ending) == ("Tell me", "cut") and cut.answer.startswith("Once upon a")
    (person_home / "config.json").write_text(good)
    after = say(workspace, "And then?")
    assert (after.chat, after.turn, after.answer) == ("C1", 3, "Answer 2.")
    assert "Once upon a" in model.prompts()[-1] and "[cut]" in model.prompts()[-1]


@pytest.mark.slow
def test_a_question_asked_again_keeps_its_old_answer_until_the_new_one_is_there(
    workspace: Workspace,
    person_home: Path,
    serve: ServeScript,
    model: ScriptedModel,
    no_embedded_model: None,
) -> None:
    fresh_kernel()
    say(workspace, "Hello?", face="magic")
    fresh_kernel()
    name_backends(person_home, s="http://127.0.0.1:9/v1")
    with pytest.raises(BackendUnreachable):
        say(workspace, "Hello?", face="magic")
    assert [turn.answer for turn in kept(workspace, "show", "C1").turns] == ["Answer 1."]


def test_without_a_model_the_error_names_how_to_get_one(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))
    with pytest.raises(NoModel, match="noo models pull"):
        say(workspace, "Hello")
    assert not kept(workspace).chats
