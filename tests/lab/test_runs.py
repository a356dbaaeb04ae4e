"""Long work over HTTP: started, followed, stopped, asked for again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from nootropic_lab import runs
from tests.agents.scripted_model import ScriptedModel, scripted_model

Fetch = Callable[..., Awaitable[HTTPResponse]]
RUNS = ("nootropic", "api", "runs")
ANSWERS = [{"text": "Books are sorted by title. ", "stall": 20}, "Yes."]

pytestmark = pytest.mark.slow


@pytest.fixture
def model(tmp_path: Path, person_home: Path) -> Iterator[ScriptedModel]:
    """A model that says a sentence and then hangs; the next time, one word."""
    with scripted_model(tmp_path, person_home, ANSWERS) as started:
        yield started


async def start(fetch: Fetch, verb: str, **arguments: Any) -> str:
    body = json.dumps({"verb": verb, "arguments": arguments, "path": "project"})
    response = await fetch(*RUNS, method="POST", body=body)
    assert response.code == 202
    return str(json.loads(response.body)["run"])


async def look(fetch: Fetch, run: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        document = dict(json.loads((await fetch(*RUNS, run)).body))
        if until(document):
            return document
        await asyncio.sleep(0.05)
    raise AssertionError(document)


def ended(document: dict[str, Any]) -> bool:
    return bool(document["state"] != "running")


async def refused(call: Awaitable[Any]) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPClientError) as caught:
        await call
    assert caught.value.response is not None
    return caught.value.code, json.loads(caught.value.response.body)


async def test_a_run_ends_with_the_same_answer_as_a_call(jp_fetch: Fetch) -> None:
    run = await start(jp_fetch, "status")
    document = await look(jp_fetch, run, ended)
    assert (document["state"], document["verb"], document["path"]) == ("done", "status", "project")
    assert document["answer"]["result"]["branch"] == "main"
    assert "text/plain" in document["answer"]["bundle"]
    heads = json.loads((await jp_fetch(*RUNS)).body)["runs"]
    assert {"run": run, "verb": "status", "path": "project", "state": "done", "arguments": {}} in heads


async def test_a_list_tells_what_a_run_is_about(jp_fetch: Fetch) -> None:
    """As what was asked is kept: without secrets, so that other pages know it again by its beginning."""
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    run = await start(jp_fetch, "mentions", message=f"{secret} {'x' * 5000}", attach={"df": "a frame"})
    (head,) = [each for each in json.loads((await jp_fetch(*RUNS)).body)["runs"] if each["run"] == run]
    assert head["arguments"] == {"message": f"[secret removed] {'x' * 1983}…"}
    await look(jp_fetch, run, ended)


async def test_what_a_verb_refuses_comes_with_the_run(jp_fetch: Fetch) -> None:
    document = await look(jp_fetch, await start(jp_fetch, "accept", refs=["P99"]), ended)
    assert (document["state"], document["status"]) == ("failed", 409)
    assert document["error"]["what"] and document["error"]["next"]


async def test_a_wrong_request_is_refused_at_once(jp_fetch: Fetch) -> None:
    refusals: list[tuple[dict[str, Any], int, str]] = [
        ({"verb": "statsu"}, 404, "UnknownVerb"),
        ({"verb": 7}, 400, "UsageError"),
        ({}, 400, "UsageError"),
        ({"verb": "status", "path": ".."}, 400, "FolderRefused"),
        ({"verb": "status", "arguments": []}, 400, "UsageError"),
    ]
    for body, code, kind in refusals:
        found, document = await refused(jp_fetch(*RUNS, method="POST", body=json.dumps(body)))
        assert (found, document["error"]["type"]) == (code, kind), body


async def test_a_run_from_before_a_restart_is_not_known(jp_fetch: Fetch) -> None:
    for method in ("GET", "DELETE"):
        code, document = await refused(jp_fetch(*RUNS, "feedfeedfeed", method=method))
        assert (code, document["error"]["type"]) == (404, "UnknownRun")
        assert "restart" in document["error"]["why"]


async def test_text_is_there_while_it_runs_and_stop_gives_control_back(jp_fetch: Fetch, model: ScriptedModel) -> None:
    run = await start(jp_fetch, "chat", message="How are books sorted?")
    document = await look(jp_fetch, run, lambda now: "Books" in now["text"])
    assert document["state"] == "running"
    begun = time.monotonic()
    stopped = json.loads((await jp_fetch(*RUNS, run, method="DELETE")).body)
    assert time.monotonic() - begun < 1.5
    assert stopped["state"] == "cancelled"
    assert "Books" in stopped["text"] and stopped["error"]["type"] == "Interrupted"
    # To stop it again changes nothing.
    assert json.loads((await jp_fetch(*RUNS, run, method="DELETE")).body) == stopped


async def test_runs_are_bounded_and_leave_room_for_lookups(
    jp_fetch: Fetch, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MOST_AT_ONCE", 1)
    run = await start(jp_fetch, "chat", message="How are books sorted?")
    await look(jp_fetch, run, lambda now: "Books" in now["text"])
    code, document = await refused(start(jp_fetch, "status"))
    assert (code, document["error"]["type"]) == (409, "Busy")
    call = await jp_fetch("nootropic", "api", "capabilities", "status", method="POST", body='{"path": "project"}')
    assert call.code == 200
    await jp_fetch(*RUNS, run, method="DELETE")
    await look(jp_fetch, await start(jp_fetch, "status"), ended)


async def test_what_is_kept_is_bounded(jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST_KEPT", 3)
    first = await start(jp_fetch, "status")
    await look(jp_fetch, first, ended)
    for _ in range(3):
        await look(jp_fetch, await start(jp_fetch, "status"), ended)
    assert (await refused(jp_fetch(*RUNS, first)))[0] == 404
    assert len(json.loads((await jp_fetch(*RUNS)).body)["runs"]) == 3
    # By bytes, the run that ended last stays even when it alone is too large.
    monkeypatch.setattr(runs, "MOST_KEPT_BYTES", 1)
    last = await start(jp_fetch, "status")
    await look(jp_fetch, last, ended)
    assert [head["run"] for head in json.loads((await jp_fetch(*RUNS)).body)["runs"]] == [last]


async def test_a_file_is_named_as_its_workspace_names_it(jp_fetch: Fetch, repo: Path) -> None:
    async def place(path: str) -> dict[str, Any]:
        return dict(json.loads((await jp_fetch("nootropic", "api", "place", params={"path": path})).body))

    assert await place("project/shelf/books.py") == {"file": "shelf/books.py"}
    assert await place("project/shelf/new.py") == {"file": "shelf/new.py"}
    code, document = await refused(place("../x.py"))
    assert (code, document["error"]["type"]) == (400, "FolderRefused")
