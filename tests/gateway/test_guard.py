"""Who is let in, and what is kept of the key."""

from __future__ import annotations

import asyncio
import http.client
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.requests import Request
from uvicorn.server import ServerState

from nootropic_kernel.gateway import connection, guard
from nootropic_kernel.gateway.errors import Refused
from tests.gateway.running import KEY, NOO, Gateway, gateway, start

CHAT = {"model": "hello", "messages": [{"role": "user", "content": "Hi"}]}

pytestmark = pytest.mark.slow


def test_health_and_the_description_need_no_key_and_all_else_does(served: Gateway) -> None:
    with served.http(Authorization="") as client:
        assert client.get("/health").json() == {"status": "ok", "running": 0, "waiting": 0}
        assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
        for method, path in (("GET", "/v1/models"), ("POST", "/v1/chat"), ("GET", "/nothing"), ("GET", "/health/")):
            refused = client.request(method, path)
            assert refused.status_code == 401 and refused.json()["error"]["code"] == "invalid_api_key"
            assert refused.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["", "Bearer", f"Basic {KEY}", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}"])
def test_only_the_whole_key_is_taken(served: Gateway, header: str) -> None:
    with served.http(Authorization=header) as client:
        assert client.get("/v1/models").status_code == 401
    with served.http(Authorization=f"bearer {KEY}") as client:
        assert client.get("/v1/models").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[evil]", "", "127.1.e"])
def test_a_name_that_is_not_ours_is_refused(served: Gateway, host: str) -> None:
    with served.http(Host=host) as client:
        for path in ("/health", "/v1/models"):
            assert client.get(path).status_code in (400, 403)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:4000"])
def test_our_own_names_are_answered(served: Gateway, host: str) -> None:
    with served.http(Host=host) as client:
        assert client.get("/v1/models").status_code == 200


def test_web_pages_are_refused_and_told_nothing_about_origins(served: Gateway) -> None:
    with served.http(Origin="https://evil.example") as client:
        for method in ("OPTIONS", "GET", "POST"):
            reply = client.request(method, "/v1/models")
            assert reply.status_code == 403
            assert not [name for name in reply.headers if name.startswith("access-control")]


def test_unknown_addresses_and_methods_have_errors_of_the_same_form(served: Gateway) -> None:
    with served.http() as client:
        missing, wrong = client.get("/v1/nothing"), client.delete("/v1/chat/completions")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"\\ud800"', b"[" * 100_000, b'{"model": NaN}', b"\xff\xfe"])
def test_what_is_not_the_right_json_is_a_bad_request(served: Gateway, body: bytes) -> None:
    with served.http() as client:
        reply = client.post("/v1/chat/completions", content=body)
        assert reply.status_code == 400 and reply.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("told", [True, False])
def test_a_body_that_is_too_large_is_refused(served: Gateway, told: bool) -> None:
    large = b" " * (guard.MAX_BODY + 1)
    with served.http() as client:
        reply = client.post("/v1/chat", content=large if told else iter([large[:1000], large[1000:]]))
        assert reply.status_code == 413


def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_BODY_DEADLINE_S", 0.05)

    async def receive() -> Any:
        await asyncio.sleep(600)

    with pytest.raises(Refused) as caught:
        asyncio.run(guard.read_body(Request({"type": "http", "headers": []}, receive)))
    assert caught.value.data["status"] == 408


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: ",
        b"POST /v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n",
    ],
)
def test_who_sends_little_by_little_is_let_go(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: the rest of a head, and of a body that was refused, was waited for as long as something came."""
    monkeypatch.setattr(connection, "PATIENCE_S", 0.3)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def trickle() -> float:
        config = uvicorn.Config(app, http=connection.PatientProtocol, lifespan="off", log_level="critical")
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()
        server = await loop.create_server(lambda: connection.PatientProtocol(config, state, {}), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(begun)
            started = loop.time()
            while loop.time() - started < 20:
                writer.write(b"x")
                try:
                    if await asyncio.wait_for(reader.read(1000), 0.05) == b"":
                        break
                except TimeoutError:
                    pass
                except ConnectionError:
                    break
            writer.close()
        return loop.time() - started

    assert asyncio.run(trickle()) < 10


@pytest.mark.parametrize("dialect", [5, ["x"], {}, None])
def test_a_schema_of_no_dialect_is_a_bad_request(served: Gateway, dialect: object) -> None:
    """Regression: it was taken for a fault of the server."""
    shape = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$schema": dialect}}}
    with served.http() as client:
        reply = client.post("/v1/chat/completions", json={**CHAT, "response_format": shape})
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_json_schema")


def test_a_made_key_is_shown_once_and_kept_nowhere(folder: Path, home: Path) -> None:
    with gateway(folder, home, key=None) as running:
        assert len(running.key) > 40
        with running.http() as client:
            assert client.get("/v1/models").status_code == 200
            client.post("/v1/chat", json={**CHAT, "model": "a body that nobody keeps"})
        assert running.end() == 0
        assert running.process.stdout is not None and running.process.stderr is not None
        said = running.process.stdout.read() + running.process.stderr.read()
        assert running.key not in said and "nobody keeps" not in said
        for place in (folder, home):
            kept = b"".join(file.read_bytes() for file in place.rglob("*") if file.is_file())
            assert running.key.encode() not in kept and b"nobody keeps" not in kept


def test_others_are_let_in_only_with_a_long_key(folder: Path, home: Path) -> None:
    process = start(folder, home, "--port=0", "--host=0.0.0.0", key="short")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2 and "too short" in err and "Serving" not in out


def test_a_port_in_use_is_said_so_and_two_servers_can_run(served: Gateway, folder: Path, home: Path) -> None:
    port = urlsplit(served.url).port
    process = start(folder, home, f"--port={port}")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and f"The port {port} is in use." in err and "Traceback" not in err
    with gateway(folder, home) as second:
        assert second.url != served.url
        for each in (served, second):
            with each.http() as client:
                assert client.post("/v1/chat", json=CHAT).json()["choices"][0]["message"]["content"] == "Hello wörld"


def test_garbage_instead_of_http_harms_nobody(served: Gateway) -> None:
    place = urlsplit(served.url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    connection.connect()
    connection.sock.sendall(b"\x16\x03\x01 not http at all\r\n\r\n")
    assert b"400" in connection.sock.recv(1000)
    connection.close()
    assert served.answers()


def test_a_notebook_is_told_where_to_run_it(folder: Path, home: Path) -> None:
    from nootropic_kernel.capabilities.base import Session
    from nootropic_kernel.capabilities.serve import ServeParams, serve
    from nootropic_kernel.workspace.errors import UsageError
    from nootropic_kernel.workspace.location import Workspace

    with pytest.raises(UsageError, match="runs until it is ended"):
        serve(ServeParams(), Session(Workspace.find(folder), face="magics"))


def test_the_command_line_without_serving_imports_no_server(folder: Path, home: Path) -> None:
    code = (
        "import sys\nfrom nootropic_kernel.cli import main\nmain(['serve', '--help'])\n"
        "print(sorted({'starlette', 'uvicorn', 'anyio'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [NOO[0], "-c", code],
        cwd=folder,
        env={**os.environ, "NOOTROPIC_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.stderr.strip() == "[]" and "--port" in done.stdout
