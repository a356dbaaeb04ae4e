"""How a step's question reaches a model when the preferred one does not answer, or not well."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.models.errors import BackendUnreachable
from nootropic_kernel.runs.effects import Answer, Ask, Message
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings
from tests.agents.scripted_model import scripted_model

pytestmark = pytest.mark.usefixtures("no_embedded_model")


def prefer(home: Path, *names: str) -> None:
    """Let the person prefer these; those that are not ``mine`` are at a port where nobody listens."""
    document = json.loads((home / "config.json").read_text()) if (home / "config.json").exists() else {"backends": {}}
    document["modelPreference"] = list(names)
    for name in names:
        document["backends"].setdefault(name, {"url": "http://127.0.0.1:9/v1", "model": "gone"})
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.json").write_text(json.dumps(document))


def ask(bench: Workbench, text: str, purpose: str = "code") -> Answer:
    """Ask as a step does."""
    question = Ask((Message("user", text),), purpose, prompt="code_edit", prompt_version="1")
    found: Answer = bench.handlers().ask(question, threading.Event())
    return found


def test_the_next_model_answers_and_the_person_is_told(workspace: Workspace, person_home: Path, tmp_path: Path) -> None:
    with scripted_model(tmp_path, person_home, ["well"]):
        prefer(person_home, "gone", "mine")
        told: list[str] = []
        bench = Workbench(workspace, load_settings(workspace), tell=told.append)
        answer = ask(bench, "hi")
    assert (answer.text, answer.backend) == ("well", "mine")
    assert told[0] == "Asking gone …" and "No connection to the backend 'gone'. Another is asked." in told
    assert list(answer.switched) == told[1:]


def test_without_another_the_error_is_the_models_own(workspace: Workspace, person_home: Path) -> None:
    prefer(person_home, "gone")
    with pytest.raises(BackendUnreachable, match="gone"):
        ask(Workbench(workspace, load_settings(workspace)), "hi")


def test_the_same_question_is_not_sent_twice_unless_its_answer_was_rejected(
    workspace: Workspace, person_home: Path, tmp_path: Path
) -> None:
    with scripted_model(tmp_path, person_home, ["first", "retried", "second"]) as model:
        heard: list[str] = []
        bench = Workbench(workspace, load_settings(workspace), on_text=heard.append)
        assert ask(bench, "hi").text == "first"
        again = ask(bench, "hi")
        assert again.cached and again.text == "first" and "".join(heard) == "firstfirst"
        assert ask(bench, "again", "format retry").text == "retried"
        assert ask(bench, "hi").text == "second" and len(model.requests()) == 3
