"""How a gateway ends: answers under way are finished, or cut with an error that says so."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.gateway.running import EVENTS, Gateway, gateway, model_servers, piece, says, wait_for

pytestmark = pytest.mark.slow


def chat(running: Gateway, model: str, stream: bool, into: list[str]) -> threading.Thread:
    """Ask in a thread; the response's status and text go to ``into``."""
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "Hi"}]}

    def ask() -> None:
        with running.http() as client:
            reply = client.post("/v1/chat/completions", json=body)
            into.extend([str(reply.status_code), reply.text])

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: running.running() == 1)
    return thread


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once_and_cleanly(folder: Path, home: Path, number: int) -> None:
    with gateway(folder, home) as running:
        assert running.end(number) == 0


def test_an_answer_that_is_nearly_done_is_finished(folder: Path, home: Path) -> None:
    slow = [{"head": EVENTS}, piece("Slow "), {"sleep": 1.5}, *says("answer")[1:]]
    with model_servers(home, slow=slow), gateway(folder, home) as running:
        heard: list[str] = []
        thread = chat(running, "slow", True, heard)
        assert running.end() == 0
        thread.join(60)
        assert "answer" in heard[1] and heard[1].endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_without_an_end_is_cut_with_an_error(folder: Path, home: Path, stream: bool) -> None:
    endless = [{"head": EVENTS}, {"drip": 'data: {"choices":[{"delta":{"content":"tick "}}]}\n\n', "every": 0.2}]
    with model_servers(home, endless=endless), gateway(folder, home) as running:
        heard: list[str] = []
        thread = chat(running, "endless", stream, heard)
        assert running.end() == 0
        thread.join(60)
        status, text = heard
        error = json.loads(text.strip().split("\n\n")[-1].removeprefix("data: "))["error"]
        assert (status, error["code"]) == ("200" if stream else "503", "server_stopping")
        assert "[DONE]" not in text


def test_calls_are_traced_in_the_workspace(folder: Path, home: Path) -> None:
    with model_servers(home, hello=says("Hi")), gateway(folder, home) as running:
        body = {"model": "hello", "messages": [{"role": "user", "content": "Hi"}]}
        with running.http() as client:
            assert client.post("/v1/chat/completions", json=body).status_code == 200
        assert running.end() == 0
    file = folder / ".nootropic" / "spans.db"
    with closing(sqlite3.connect(file)) as store:
        names = {name for (name,) in store.execute("select name from spans")}
    assert {"gateway chat", "chat tiny"} <= names
