"""Who may ask the route, and for which folders: the promises that a face on the network must keep."""

from __future__ import annotations

import http.cookies
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

from nootropic_lab.app import NootropicLab
from nootropic_lab.errors import FolderRefused
from nootropic_lab.handlers import Refusals
from nootropic_lab.places import folder_below, in_workspace, on_server

Fetch = Callable[..., Awaitable[HTTPResponse]]
API = ("nootropic", "api", "capabilities")
RUNS = ("nootropic", "api", "runs")


async def code_of(call: Awaitable[Any]) -> int:
    with pytest.raises(HTTPClientError) as caught:
        await call
    return caught.value.code


async def test_a_stranger_is_refused(jp_fetch: Fetch) -> None:
    requests: list[tuple[tuple[str, ...], str, str | None]] = [
        (API, "GET", None),
        ((*API, "undo"), "POST", "{}"),
        (RUNS, "GET", None),
        (RUNS, "POST", '{"verb": "status"}'),
        ((*RUNS, "1"), "GET", None),
        ((*RUNS, "1"), "DELETE", None),
        (("nootropic", "api", "place"), "GET", None),
    ]
    for parts, method, body in requests:
        for headers in ({"Authorization": ""}, {"Authorization": "token wrong"}):
            assert await code_of(jp_fetch(*parts, method=method, body=body, headers=headers)) == 403, parts


async def login(server: ServerApp, client: AsyncHTTPClient, base: str) -> tuple[str, str]:
    """Log in as a browser does: the cookies, and the XSRF token that only our own page knows."""
    jar = http.cookies.SimpleCookie()
    # The page for logging in sets the XSRF cookie, the token in a page's address the login cookie.
    for page in ("login", f"login?token={server.identity_provider.token}"):
        answer = await client.fetch(url_path_join(base, page), follow_redirects=False, raise_error=False)
        for line in answer.headers.get_list("Set-Cookie"):
            jar.load(line)
    assert "_xsrf" in jar and len(jar) > 1, "logging in sets a login cookie and an XSRF cookie"
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items()), jar["_xsrf"].value


@pytest.mark.parametrize(
    ("parts", "body", "good"), [((*API, "status"), "{}", 200), (RUNS, '{"verb": "status"}', 202)], ids=["call", "run"]
)
async def test_a_login_by_cookie_alone_cannot_be_abused_by_another_site(
    jp_serverapp: ServerApp,
    http_server_client: AsyncHTTPClient,
    jp_base_url: str,
    parts: tuple[str, ...],
    body: str,
    good: int,
) -> None:
    """A browser sends the login cookie along with any site's form."""
    cookie, xsrf = await login(jp_serverapp, http_server_client, jp_base_url)
    url = url_path_join(jp_base_url, *parts)

    async def ask(headers: dict[str, str]) -> HTTPResponse:
        return await http_server_client.fetch(
            url, method="POST", body=body, headers={"Cookie": cookie, **headers}, raise_error=False
        )

    assert (await ask({})).code == 403
    assert (await ask({"X-XSRFToken": "made up"})).code == 403
    assert (await ask({"X-XSRFToken": xsrf, "Origin": "http://evil.example"})).code in (403, 404)
    assert (await ask({"X-XSRFToken": xsrf})).code == good


async def test_another_sites_page_cannot_listen_with_the_login_cookie(
    jp_serverapp: ServerApp, http_server_client: AsyncHTTPClient, jp_base_url: str, jp_http_port: int
) -> None:
    cookie, _ = await login(jp_serverapp, http_server_client, jp_base_url)
    address = f"ws://127.0.0.1:{jp_http_port}{url_path_join(jp_base_url, 'nootropic', 'api', 'events')}?path=project"

    def connect(origin: str) -> Awaitable[WebSocketClientConnection]:
        return websocket_connect(HTTPRequest(address, headers={"Cookie": cookie, "Origin": origin}))

    assert await code_of(connect("http://evil.example")) == 403
    socket = await connect(f"http://127.0.0.1:{jp_http_port}")
    assert json.loads(str(await socket.read_message()))["kind"] == "hello"
    socket.close()
    assert await socket.read_message() is None


class Nobody(Authorizer):
    """Lets people read everything and run nothing of ours."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        """Refuse to execute."""
        return not (resource == "nootropic" and action == "execute")


async def test_the_servers_authorizer_is_asked(jp_fetch: Fetch, jp_serverapp: ServerApp) -> None:
    jp_serverapp.web_app.settings["authorizer"] = Nobody(parent=jp_serverapp)
    assert (await jp_fetch(*API)).code == 200
    assert await code_of(jp_fetch(*API, "status", method="POST", body="{}")) == 403
    assert await code_of(jp_fetch(*RUNS, method="POST", body='{"verb": "status"}')) == 403
    assert await code_of(jp_fetch(*RUNS, "1", method="DELETE")) == 403


def test_every_handler_of_ours_is_guarded(jp_serverapp: ServerApp) -> None:
    """A handler added later cannot be forgotten."""
    (point,) = jp_serverapp.extension_manager.extension_apps["nootropic_lab"]
    assert isinstance(point, NootropicLab)
    for _, handler, *_ in point.handlers:
        if handler.__module__.startswith("nootropic_lab"):
            assert issubclass(handler, Refusals)
            for method in ("get", "post", "put", "patch", "delete"):
                if method in vars(handler):
                    # What both decorators leave behind.
                    assert hasattr(getattr(handler, method), "__wrapped__")
            assert not getattr(handler, "__allow_unauthenticated", False)


@pytest.mark.parametrize(
    "path", ["..", "project/../..", "/..", "a\\..\\b", "nowhere", "project/README.md", "x\0y", "link"]
)
async def test_folders_outside_of_the_server_are_refused(
    jp_fetch: Fetch, repo: Path, path: str, tmp_path: Path
) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (repo.parent / "link").symlink_to(outside)
    body = json.dumps({"path": path})
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(*API, "status", method="POST", body=body)
    assert caught.value.code == 400
    assert caught.value.response is not None
    assert json.loads(caught.value.response.body)["error"]["type"] == "FolderRefused"


def test_paths_move_between_server_and_workspace(tmp_path: Path) -> None:
    server = tmp_path / "served"
    repo = server / "deep" / "repo"
    repo.mkdir(parents=True)
    assert folder_below(server, "/deep/repo/") == repo.resolve()
    assert folder_below(server, "") == server.resolve()
    assert in_workspace(server, repo, ["deep/repo/a.py", "deep/b.py", "deep/repo/../../c.py"]) == {"a.py"}
    assert on_server(repo, server, ["a.py", "../../../x"]) == ["deep/repo/a.py"]
    # A server that serves a folder inside the repository sees only what lies in it.
    assert on_server(server, repo, ["deep/repo/a.py", "top.py"]) == ["a.py"]
    with pytest.raises(FolderRefused):
        folder_below(server, "deep/../../..")
