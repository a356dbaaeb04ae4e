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
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

from nootropic_kernel.workspace.database import StateDatabase
from nootropic_lab import event_handler
from tests.lab.test_events import EVENTS, end, listen, read, write
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


class Rights(Authorizer):
    """Lets everybody do what a test says, and takes it back when the test says so."""

    actions = frozenset({"read", "write", "execute"})

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Look at what stands now."""
        return action in self.actions


@pytest.fixture
def rights(jp_serverapp: ServerApp, monkeypatch: pytest.MonkeyPatch) -> Rights:
    """Set on the server, which looks often."""
    monkeypatch.setattr(event_handler, "RIGHTS_S", 0.05)
    made = Rights(parent=jp_serverapp)
    jp_serverapp.web_app.settings["authorizer"] = made
    return made


async def closed(page: WebSocketClientConnection) -> int | None:
    """The code with which the server closes a page's connection."""
    while await asyncio.wait_for(page.read_message(), 30) is not None:
        pass
    page.close()
    return page.close_code


async def goes_on(page: WebSocketClientConnection, database: StateDatabase) -> None:
    """It hears what happens after its rights have been looked up some times."""
    await read(page)
    await asyncio.sleep(0.3)
    row = write(database, "plan.made", "plan-1")
    assert (await read(page))["id"] == row
    await end(page)


async def test_who_keeps_their_rights_goes_on_listening(
    jp_ws_fetch: Connect, rights: Rights, database: StateDatabase
) -> None:
    write(database, "plan.made", "plan-1")
    await goes_on(await listen(jp_ws_fetch), database)


async def test_so_does_a_browser_that_has_logged_in(
    jp_serverapp: ServerApp,
    http_server_client: AsyncHTTPClient,
    jp_base_url: str,
    jp_http_port: int,
    rights: Rights,
    database: StateDatabase,
) -> None:
    write(database, "plan.made", "plan-1")
    cookie, _ = await login(jp_serverapp, http_server_client, jp_base_url)
    address = f"ws://127.0.0.1:{jp_http_port}{url_path_join(jp_base_url, *EVENTS)}?path=project"
    await goes_on(await websocket_connect(HTTPRequest(address, headers={"Cookie": cookie})), database)


async def test_a_page_is_closed_when_nobody_may_read_any_more(jp_ws_fetch: Connect, rights: Rights) -> None:
    page = await listen(jp_ws_fetch)
    await read(page)
    rights.actions = frozenset()
    assert await closed(page) == event_handler.NO_LONGER
    with pytest.raises(HTTPClientError) as caught:
        await listen(jp_ws_fetch)
    assert caught.value.code == 403


async def test_a_page_is_closed_when_its_token_is_revoked(
    jp_ws_fetch: Connect, jp_serverapp: ServerApp, rights: Rights
) -> None:
    page = await listen(jp_ws_fetch)
    await read(page)
    jp_serverapp.identity_provider.token = "another one"
    assert await closed(page) == event_handler.NO_LONGER


async def test_a_page_comes_back_with_the_rights_that_it_has_now(jp_ws_fetch: Connect, rights: Rights) -> None:
    for actions in (frozenset({"read"}), Rights.actions):
        page = await listen(jp_ws_fetch)
        await read(page)
        rights.actions = actions
        assert await closed(page) == event_handler.NO_LONGER


async def test_a_page_is_closed_when_it_cannot_be_found_out_who_listens(
    jp_ws_fetch: Connect, rights: Rights, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await listen(jp_ws_fetch)
    await read(page)

    def broken(*args: object) -> bool:
        raise RuntimeError("The hub is away.")

    monkeypatch.setattr(rights, "is_authorized", broken)
    assert await closed(page) == event_handler.NO_LONGER
