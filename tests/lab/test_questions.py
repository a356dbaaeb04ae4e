"""What a verb asks while it runs: shown to every page, answered over HTTP, never guessed."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError, HTTPResponse
from tornado.websocket import WebSocketClientConnection

from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from nootropic_lab import questions
from nootropic_lab.errors import NotAsked, Unanswered
from nootropic_lab.questions import Questions
from tests.lab.test_attacks import Reader
from tests.lab.test_runs import RUNS, ended, look, refused

Fetch = Callable[..., Awaitable[HTTPResponse]]
Connect = Callable[..., Awaitable[WebSocketClientConnection]]


@pytest.fixture
def plain(repo: Path) -> Path:
    """A folder without a Git repository: `init` asks whether to make one."""
    folder = repo.parent / "plain"
    folder.mkdir()
    return folder


async def start(fetch: Fetch, verb: str, path: str, *, asks: bool = True, **arguments: Any) -> str:
    body = json.dumps({"verb": verb, "arguments": arguments, "path": path, "asks": asks})
    return str(json.loads((await fetch(*RUNS, method="POST", body=body)).body)["run"])


async def answer(fetch: Fetch, run: str, number: Any, said: Any) -> None:
    body = json.dumps({"question": number, "answer": said})
    assert (await fetch(*RUNS, run, "answer", method="POST", body=body)).code == 200


async def asked(fetch: Fetch, run: str) -> dict[str, Any]:
    return dict((await look(fetch, run, lambda now: now["question"] is not None))["question"])


@pytest.mark.parametrize("said", [True, False])
async def test_a_verb_asks_and_goes_on_with_the_answer(jp_fetch: Fetch, plain: Path, said: bool) -> None:
    run = await start(jp_fetch, "init", "plain")
    question = await asked(jp_fetch, run)
    assert (question["kind"], question["id"]) == ("approve", 1) and "Make one?" in question["text"]
    await answer(jp_fetch, run, 1, said)
    document = await look(jp_fetch, run, ended)
    assert (document["state"], document["question"]) == ("done", None)
    assert (plain / ".git").is_dir() is said


async def test_nobody_is_asked_where_nobody_shows_it(jp_fetch: Fetch, plain: Path) -> None:
    document = await look(jp_fetch, await start(jp_fetch, "init", "plain", asks=False), ended)
    assert document["state"] == "done" and not (plain / ".git").exists()
    body = json.dumps({"verb": "init", "path": "plain", "asks": "yes"})
    assert (await refused(jp_fetch(*RUNS, method="POST", body=body)))[0] == 400


async def test_every_page_hears_of_the_question_and_of_its_end(
    jp_fetch: Fetch, jp_ws_fetch: Connect, plain: Path
) -> None:
    socket = await jp_ws_fetch("nootropic", "api", "events", params={"path": "plain"})

    async def heard() -> dict[str, Any]:
        while True:
            line = await asyncio.wait_for(socket.read_message(), 30)
            assert line is not None
            message = dict(json.loads(line))
            if message["kind"] == "run":
                return message

    await asyncio.wait_for(socket.read_message(), 30)
    run = await start(jp_fetch, "init", "plain")
    begun = await heard()
    head = {"run": run, "verb": "init", "path": "plain", "state": "running", "arguments": {}}
    assert (begun["event"], begun["seq"], begun["data"]) == ("started", 1, head)
    news = await heard()
    assert (news["run"], news["event"]) == (run, "asked") and news["data"]["question"]["id"] == 1
    await answer(jp_fetch, run, 1, True)
    over = await heard()
    assert (over["event"], over["data"], over["seq"]) == ("asked", {"question": None}, news["seq"] + 1)
    assert (await heard())["event"] in ("text", "progress", "done")
    await look(jp_fetch, run, ended)
    socket.close()
    while await asyncio.wait_for(socket.read_message(), 30) is not None:
        pass


async def test_lines_of_text_are_asked_for_as_at_a_terminal(
    jp_fetch: Fetch, repo: Path, workspace: Workspace, database: StateDatabase
) -> None:
    base = (repo / "shelf" / "books.py").read_bytes()
    new = base.replace(b"Books and how", b"Books, and how").replace(b"sorted(books)", b"sorted(set(books))")
    changes = build_changeset([FileEdit("shelf/books.py", base, new)], Provenance(title="Sort a set", how="person"))
    name = ProposalStore(database, workspace).propose(changes).id
    run = await start(jp_fetch, "review", "project", id=name, interactive=True)
    for number, said in enumerate(("y", "n", "y"), 1):
        question = await asked(jp_fetch, run)
        while question["id"] < number:
            await asyncio.sleep(0.02)
            question = await asked(jp_fetch, run)
        assert (question["kind"], question["id"]) == ("ask", number)
        await answer(jp_fetch, run, number, said)
    document = await look(jp_fetch, run, ended)
    assert document["state"] == "done", document
    text = (repo / "shelf" / "books.py").read_text()
    assert "Books, and how" in text and "set(books)" not in text
    # The end of the input stops it, and nothing is carried out.
    again = await start(jp_fetch, "review", "project", id=name, interactive=True)
    document = await look(jp_fetch, again, lambda now: now["question"] is not None or now["state"] != "running")
    if document["state"] == "running":
        await answer(jp_fetch, again, 1, None)
        assert (await look(jp_fetch, again, ended))["state"] == "failed"


async def test_a_wrong_answer_is_refused_and_the_question_stands(jp_fetch: Fetch, plain: Path) -> None:
    run = await start(jp_fetch, "init", "plain")
    await asked(jp_fetch, run)
    wrong: list[tuple[Any, int, str]] = [
        ({"question": 1, "answer": "yes"}, 400, "WrongAnswer"),
        ({"question": 1, "answer": None}, 400, "WrongAnswer"),
        ({"question": 1, "answer": 1}, 400, "WrongAnswer"),
        ({"question": 2, "answer": True}, 409, "NotAsked"),
        ({"question": True, "answer": True}, 400, "UsageError"),
        ({"question": "1", "answer": True}, 400, "UsageError"),
        ({"question": 1}, 400, "UsageError"),
        ([], 400, "UsageError"),
    ]
    for body, code, kind in wrong:
        found, document = await refused(jp_fetch(*RUNS, run, "answer", method="POST", body=json.dumps(body)))
        assert (found, document["error"]["type"]) == (code, kind), body
    assert (await asked(jp_fetch, run))["id"] == 1
    await answer(jp_fetch, run, 1, False)
    # The second of two windows is told, not obeyed.
    for late in (True, False):
        code, document = await refused(
            jp_fetch(*RUNS, run, "answer", method="POST", body=json.dumps({"question": 1, "answer": late}))
        )
        assert (code, document["error"]["type"]) == (409, "NotAsked") and document["error"]["next"]
    await look(jp_fetch, run, ended)
    assert not (plain / ".git").exists()
    body = json.dumps({"question": 1, "answer": True})
    assert (await refused(jp_fetch(*RUNS, "feed", "answer", method="POST", body=body)))[0] == 404
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(*RUNS, run, "answer", method="POST", body=body, headers={"Authorization": "token wrong"})
    assert caught.value.code == 403


async def test_who_may_not_start_it_may_neither_answer_for_it_nor_stop_it(
    jp_fetch: Fetch, jp_serverapp: ServerApp, plain: Path
) -> None:
    run = await start(jp_fetch, "init", "plain")
    await asked(jp_fetch, run)
    everybody = jp_serverapp.web_app.settings["authorizer"]
    jp_serverapp.web_app.settings["authorizer"] = Reader(parent=jp_serverapp)
    body = json.dumps({"question": 1, "answer": True})
    code, document = await refused(jp_fetch(*RUNS, run, "answer", method="POST", body=body))
    assert (code, document["error"]["type"]) == (403, "NotLetIn")
    code, document = await refused(jp_fetch(*RUNS, run, method="DELETE"))
    assert (code, document["error"]["type"]) == (403, "NotLetIn"), "nor stop it"
    assert "question" not in json.loads((await jp_fetch(*RUNS, run)).body), "nor read what it asks"
    jp_serverapp.web_app.settings["authorizer"] = everybody
    assert (await asked(jp_fetch, run))["id"] == 1 and list(plain.iterdir()) == []
    await jp_fetch(*RUNS, run, method="DELETE")


async def test_a_stop_while_the_question_stands_gives_control_back(jp_fetch: Fetch, plain: Path) -> None:
    run = await start(jp_fetch, "init", "plain")
    await asked(jp_fetch, run)
    begun = time.monotonic()
    document = json.loads((await jp_fetch(*RUNS, run, method="DELETE")).body)
    assert time.monotonic() - begun < 1
    assert (document["state"], document["question"], document["error"]["type"]) == ("cancelled", None, "Interrupted")
    assert list(plain.iterdir()) == []


async def test_a_question_that_nobody_answers_is_a_refusal(
    jp_fetch: Fetch, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "PATIENCE_S", 0.3)
    document = await look(jp_fetch, await start(jp_fetch, "init", "plain"), ended)
    assert (document["state"], document["status"], document["question"]) == ("failed", 409, None)
    error = document["error"]
    assert error["type"] == "Unanswered" and "Make one?" in error["why"] and error["next"]
    assert list(plain.iterdir()) == []


def test_steps_that_ask_at_once_are_answered_one_after_the_other() -> None:
    cancel = threading.Event()
    put = Questions(lambda: None, cancel)
    said: dict[str, Any] = {}

    def ask(text: str) -> None:
        said[text] = put.put("ask", text)

    threads = [threading.Thread(target=ask, args=(f"q{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 5):
        while (question := put.open) is None or question.id != number:
            time.sleep(0.005)
        put.answer(number, f"to {question.text}")
        with pytest.raises(NotAsked):
            put.answer(number, "again")
    for thread in threads:
        thread.join(10)
    assert said == {f"q{number}": f"to q{number}" for number in range(4)}
    # One that waits for its turn stops too.
    stopped: list[type[BaseException]] = []

    def wait() -> None:
        try:
            put.put("approve", "?")
        except (Interrupted, Unanswered) as error:
            stopped.append(type(error))

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    cancel.set()
    for thread in threads:
        thread.join(10)
    assert stopped == [Interrupted, Interrupted]
