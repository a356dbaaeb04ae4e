"""Requests that mean harm or nonsense: each is refused with an error of ours, at once, and nothing is done."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse

from nootropic_kernel.workspace.errors import UsageError
from nootropic_lab import bodies
from tests.conftest import git
from tests.lab.test_security import login

Fetch = Callable[..., Awaitable[HTTPResponse]]
API = "nootropic/api"
POSTS = ("capabilities/cost", "runs", "complete", "parse", "runs/1/answer")


class Asker:
    """Asks the server by paths as they are written: nothing of them is put right on the way."""

    def __init__(self, client: AsyncHTTPClient, base: str, token: str) -> None:
        self._client, self._base, self._token = client, base, token

    async def __call__(self, route: str, body: bytes | str | None = None, **more: Any) -> HTTPResponse:
        headers = {"Authorization": f"token {self._token}"} | more.pop("headers", {})
        return await self._client.fetch(
            f"{self._base}{API}/{route}",
            method=more.pop("method", "GET" if body is None else "POST"),
            body=body,
            headers=headers,
            raise_error=False,
            follow_redirects=False,
            allow_nonstandard_methods=True,
            **more,
        )


@pytest.fixture
def ask(jp_serverapp: ServerApp, http_server_client: AsyncHTTPClient, jp_base_url: str) -> Asker:
    return Asker(http_server_client, jp_base_url, jp_serverapp.identity_provider.token)


def refused(answer: HTTPResponse) -> tuple[int, str]:
    """The status and the name of the error; every refusal says what happened and what to do next, as JSON."""
    assert 400 <= answer.code < 500, (answer.code, answer.body[:300])
    assert answer.headers["Content-Type"] == "application/json", answer.body[:300]
    error = json.loads(answer.body)["error"]
    assert error["what"] and error["next"], error
    return answer.code, error["type"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"arguments": {"days": NaN}}', id="NaN"),
        pytest.param('{"arguments": {"days": -Infinity}}', id="infinity"),
        pytest.param('{"arguments": {"days": 1e999}}', id="too large a number"),
        pytest.param('{"arguments": {"days": ' + "9" * 5000 + "}}", id="too many digits"),
        pytest.param('{"text": "\\ud800"}', id="half a character"),
        pytest.param('{"arguments": {"\\udfff": 1}}', id="half a character in a name"),
        pytest.param(b'{"path": "\xed\xa0\x80"}', id="half a character in bytes"),
        pytest.param(b'{"path": "\xff"}', id="bytes that are no text"),
        pytest.param('{"path": "project"}'.encode("utf-16"), id="another encoding"),
        pytest.param('{"paht": "project"}', id="an unknown name"),
        pytest.param('{"__proto__": {}}', id="a name of JavaScript"),
        pytest.param('{"a":' * 100_000 + "1" + "}" * 100_000, id="deep"),
        pytest.param("[" * 100_000, id="deep and open"),
        pytest.param("verb=status&path=project", id="a form"),
        pytest.param("null", id="null"),
    ],
)
async def test_a_body_that_no_route_can_use(ask: Asker, body: str | bytes) -> None:
    for route in POSTS:
        assert refused(await ask(route, body)) == (400, "UsageError"), route


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


BODIES = st.binary(max_size=60) | st.dictionaries(st.sampled_from(["path", "text"]), JSON).map(json.dumps).map(
    str.encode
)


# The first draw makes a table of all characters, which is slow where the machine is busy.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(BODIES)
def test_what_is_taken_can_be_kept_and_sent_on(body: bytes) -> None:
    try:
        document = bodies.read_object(body, "path", "text")
    except UsageError as error:
        assert error.what and error.next
        return
    assert set(document) <= {"path", "text"}
    json.dumps(document, allow_nan=False, ensure_ascii=False).encode()


async def test_no_text_of_a_verb_is_a_fault_of_ours(ask: Asker) -> None:
    """Regression: a zero byte in the name of a revision or a file was one (500)."""
    for verb, arguments in (("board", {"since": "a\0b"}), ("solve", {"domain": "\0"}), ("check", {"what": ["x\0"]})):
        answer = await ask(f"capabilities/{verb}", json.dumps({"path": "project", "arguments": arguments}))
        assert refused(answer) == (400, "UsageError")
        assert next(iter(arguments)) in json.loads(answer.body)["error"]["why"]


async def test_half_characters_are_told_from_whole_ones_and_from_text_about_them(ask: Asker) -> None:
    whole = [r'{"text": "/cost --day \ud83d\ude00"}', r'{"text": "a \\ud800 b"}', '{"text": "😀"}']
    for body in whole:
        assert (await ask("complete", body)).code == 200


async def test_a_body_of_ten_megabytes_is_answered_and_a_larger_one_is_too_large(ask: Asker) -> None:
    begun = time.monotonic()
    assert refused(await ask("parse", json.dumps({"text": "x" * 10_000_000}))) == (400, "UsageError")
    large = json.dumps({"text": "x" * bodies.MOST_BYTES})
    for route in POSTS:
        assert refused(await ask(route, large)) == (413, "RequestTooLarge")
    assert time.monotonic() - begun < 10


async def test_no_address_ends_in_a_page_or_a_fault(ask: Asker) -> None:
    for part in ("%2e%2e", "..%2f..", "%00", "%ff", "%ed%a0%80", "a" * 5000, "status%2f..", "-", "__init__"):
        refused(await ask(f"capabilities/{part}", "{}"))
        refused(await ask(f"runs/{part}"))
        refused(await ask(f"runs/{part}", method="DELETE"))
    for route in ("", "nothing", "capabilities/status/", "runs/", "a/b/c", "events/"):
        for method in ("GET", "POST", "DELETE"):
            refused(await ask(route, method=method))
    for method, route in (("PUT", "runs"), ("PATCH", "capabilities"), ("DELETE", "place"), ("POST", "events")):
        refused(await ask(route, "{}", method=method))
    for name in ("capabilities", "place", "events"):
        for path in ("%ff", "%ed%a0%80", "..%2f..", "..%2fx", "a/" * 3000, "x%00y/z", "ok&path=..%2fx"):
            refused(await ask(f"{name}?path={path}"))
    for since in ("-1", "NaN", "1e3", "9" * 19, "9" * 5000, "%ff", "0x1", "١"):
        refused(await ask(f"events?path=project&since={since}", headers={"Upgrade": "websocket"}))


async def test_a_refusal_is_never_a_page_that_runs_the_markup_in_it(
    jp_serverapp: ServerApp, http_server_client: AsyncHTTPClient, jp_base_url: str
) -> None:
    """A link on another site opens any address of ours in the browser, with the login cookie."""
    cookie, _ = await login(jp_serverapp, http_server_client, jp_base_url)
    markup = "%3Cimg%20src=x%20onerror=alert(1)%3E"
    for route in (f"events?path={markup}", f"events?since={markup}", f"capabilities?path={markup}", f"runs/{markup}"):
        answer = await http_server_client.fetch(
            url_path_join(jp_base_url, API) + f"/{route}", headers={"Cookie": cookie}, raise_error=False
        )
        refused(answer)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_who_is_not_let_in_is_told_the_same_everywhere(ask: Asker) -> None:
    routes: list[tuple[str, str, str | None]] = [
        *((route, "GET", None) for route in ("capabilities", "runs", "runs/1", "place", "events")),
        *((route, "POST", "{}") for route in (*POSTS, "capabilities/accept")),
        ("runs/1", "DELETE", None),
    ]
    for route, method, body in routes:
        for headers in ({"Authorization": ""}, {"Authorization": "token wrong"}, {"Host": "evil.example"}):
            answer = await ask(route, body, method=method, headers=headers)
            assert refused(answer) == (403, "NotLetIn"), (route, headers)


class Reader(Authorizer):
    """Lets people look and run what only looks, and write nothing."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Refuse to write what is ours."""
        return not (resource == "nootropic" and action == "write")


async def test_who_may_not_write_may_look_and_neither_propose_nor_decide(
    ask: Asker, jp_serverapp: ServerApp, repo: Path
) -> None:
    jp_serverapp.web_app.settings["authorizer"] = Reader(parent=jp_serverapp)
    entries = json.loads((await ask("capabilities?path=project")).body)["capabilities"]
    before, status = git(repo, "rev-parse", "HEAD"), git(repo, "status", "--porcelain")
    for entry in entries:
        verb = entry["verb"]
        if entry["effect"] == "read":
            continue
        for route, body in ((f"capabilities/{verb}", {}), ("runs", {"verb": verb})):
            answer = await ask(route, json.dumps({"path": "project", **body}))
            assert refused(answer) == (403, "NotLetIn"), verb
    assert (await ask("capabilities/status", '{"path": "project"}')).code == 200
    assert (await ask("runs", '{"verb": "status", "path": "project"}')).code == 202
    assert (git(repo, "rev-parse", "HEAD"), git(repo, "status", "--porcelain")) == (before, status)


async def test_a_burst_of_lookups_waits_and_is_not_refused(jp_fetch: Fetch, ask: Asker) -> None:
    answers = await asyncio.gather(*(ask(f"place?path=project/f{n}.py") for n in range(100)))
    assert {answer.code for answer in answers} == {200}


async def test_the_old_client_error_still_says_a_message(jp_fetch: Fetch) -> None:
    """What reads Jupyter's own errors (`message`) can read ours."""
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("nootropic", "api", "runs", "1")
    assert caught.value.response is not None
    document = json.loads(caught.value.response.body)
    assert document["message"] == document["error"]["what"]
