"""What people with different rights on one server may know of one another's runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.websocket import WebSocketClientConnection

from tests.lab.test_events import end, listen, read
from tests.lab.test_runs import RUNS, Fetch, ended, look
from tests.lab.test_security import login

Connect = Callable[..., Awaitable[WebSocketClientConnection]]
SECRET = "the plan that nobody knows of"


class ReadersBut(Authorizer):
    """Lets everybody read and nothing else, but for one person."""

    writer = ""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Ask who it is."""
        return action == "read" or user.username == self.writer


class Writer:
    """The person who may do everything: a browser that has logged in."""

    def __init__(self, server: ServerApp, client: AsyncHTTPClient, base: str, authorizer: ReadersBut) -> None:
        self._server, self._client, self._base, self._authorizer = server, client, base, authorizer
        self._headers: dict[str, str] = {}

    async def __call__(self, *parts: str, method: str = "GET", body: str | None = None) -> HTTPResponse:
        url = url_path_join(self._base, *parts)
        return await self._client.fetch(url, method=method, body=body, headers=self._headers)

    async def start(self) -> str:
        """Log in, start a run, and wait for its end."""
        cookie, xsrf = await login(self._server, self._client, self._base)
        self._headers = {"Cookie": cookie, "X-XSRFToken": xsrf}
        self._authorizer.writer = json.loads((await self("api", "me")).body)["identity"]["username"]
        body = json.dumps({"verb": "mentions", "path": "project", "arguments": {"message": SECRET}})
        run = str(json.loads((await self(*RUNS, method="POST", body=body)).body)["run"])
        await look(self, run, ended)
        return run


@pytest.fixture
def authorizer(jp_serverapp: ServerApp) -> ReadersBut:
    """Set on the server; the token in a test's own requests makes somebody new each time, who may only read."""
    made = ReadersBut(parent=jp_serverapp)
    jp_serverapp.web_app.settings["authorizer"] = made
    return made


@pytest.fixture
def writer(
    authorizer: ReadersBut, jp_serverapp: ServerApp, http_server_client: AsyncHTTPClient, jp_base_url: str
) -> Writer:
    """Somebody else than who asks with the token."""
    return Writer(jp_serverapp, http_server_client, jp_base_url, authorizer)


async def test_a_reader_sees_that_something_ran_and_not_what_it_was_asked(jp_fetch: Fetch, writer: Writer) -> None:
    run = await writer.start()
    line = {"run": run, "verb": "mentions", "path": "project", "state": "done"}
    whole = json.loads((await writer(*RUNS)).body)["runs"]
    assert whole == [{**line, "arguments": {"message": SECRET}}]
    assert json.loads((await jp_fetch(*RUNS)).body)["runs"] == [line]
    assert json.loads((await jp_fetch(*RUNS, run)).body) == line


async def test_who_started_a_run_goes_on_seeing_it(writer: Writer, authorizer: ReadersBut, jp_fetch: Fetch) -> None:
    run = await writer.start()
    authorizer.writer = "somebody else"
    (head,) = json.loads((await writer(*RUNS)).body)["runs"]
    assert head["arguments"] == {"message": SECRET}
    assert "answer" in json.loads((await writer(*RUNS, run)).body)
    assert SECRET.encode() not in (await jp_fetch(*RUNS, run)).body


async def test_a_readers_page_hears_that_something_runs_and_not_what_is_said(
    jp_ws_fetch: Connect, writer: Writer
) -> None:
    page = await listen(jp_ws_fetch)
    assert (await read(page))["kind"] == "hello"
    run = await writer.start()
    heard = []
    while not heard or heard[-1]["event"] == "started":
        message = await asyncio.wait_for(read(page), 30)
        heard += [message] if message["kind"] == "run" else []
    await end(page)
    assert [(each["run"], each["event"]) for each in heard] == [(run, "started"), (run, "done")]
    assert SECRET not in json.dumps(heard) and "arguments" not in heard[0]["data"]
