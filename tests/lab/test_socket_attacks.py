"""Connections that mean harm: broken frames, far too many of them, and one that never reads."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClientConnection

from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_lab import event_handler
from nootropic_lab.app import NootropicLab
from tests.lab.serving import Serving, serving
from tests.lab.test_events import end, listen, read, write

Connect = Callable[..., Awaitable[WebSocketClientConnection]]
TEXT, BINARY, CLOSE, PING = 0x1, 0x2, 0x8, 0x9


@pytest.fixture
def server(repo: Path, tmp_path: Path) -> Iterator[Serving]:
    """A server in a process of its own, whose memory can be seen."""
    with serving(repo.parent, tmp_path / "jupyter") as running:
        yield running


def opened(server: Serving, buffer: int = 0) -> socket.socket:
    """A connection to a server of its own process."""
    return dialled(server.port, "/", server.token, buffer)


def dialled(port: int, base: str, token: str, buffer: int = 0) -> socket.socket:
    """A connection that has been accepted; what follows are frames."""
    raw = socket.socket()
    if buffer:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    raw.settimeout(30)
    raw.connect(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    raw.sendall(
        f"GET {base}nootropic/api/events?path=project HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Authorization: token {token}\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += raw.recv(1)
    assert b" 101 " in head, head
    return raw


def frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = True, length: int | None = None) -> bytes:
    """A frame (RFC 6455, 5.2); ``length`` is what it says of its own size."""
    size = len(payload) if length is None else length
    mask = os.urandom(4) if masked else b""
    first = (0x80 if final else 0) | opcode
    bit = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first, bit | size)
    elif size < 2**16:
        head = struct.pack("!BBH", first, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, bit | 127, size)
    body = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload)) if masked else payload
    return head + mask + body


BROKEN = {
    "without a mask": frame(TEXT, b"{}", masked=False),
    "reserved bits": frame(TEXT | 0x70, b"{}"),
    "an unknown opcode": frame(0x5, b"{}"),
    "a length of 2**63": frame(TEXT, b"x", length=2**63),
    "a length of 1 GB": frame(BINARY, b"x", length=10**9),
    "a continuation of nothing": frame(0x0, b"x"),
    "text that is none": frame(TEXT, b"\xff\xfe"),
    "a ping in two parts": frame(PING, b"x", final=False),
    "a ping that is too long": frame(PING, b"x" * 200),
    "a close that is too short": frame(CLOSE, b"x"),
    "parts without end": b"".join([frame(TEXT, b"x" * 1000, final=False)] + [frame(0x0, b"x" * 1000, final=False)] * 9),
    "a flood of pings": frame(PING, b"x") * 5000,
    "no frames": b"GET / HTTP/1.1\r\n\r\n" * 100,
}


@pytest.mark.slow
def test_broken_frames_harm_nobody_else(server: Serving) -> None:
    good = opened(server)
    before = server.memory()
    for name, data in BROKEN.items():
        bad = opened(server)
        try:
            bad.sendall(data)
            bad.shutdown(socket.SHUT_WR)
            while bad.recv(65536):
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            pytest.fail(f"{name}: the connection hangs")
        finally:
            bad.close()
        # The rest of the server and the other page go on.
        assert server.ask("api/status", patience_s=5)
    good.sendall(frame(PING, b"still?"))
    heard = b""
    while b"still?" not in heard:
        heard += good.recv(65536)
    good.close()
    assert server.memory() - before < 30 * 2**20
    assert "Traceback" not in server.log.read_text(errors="replace")


@pytest.mark.slow
def test_pages_that_never_read_do_not_fill_the_memory(server: Serving, database: StateDatabase) -> None:
    write(database, "plan.made", "plan-1")
    sleepers = [opened(server, buffer=4096) for _ in range(20)]
    reader = opened(server)
    before = server.memory()
    text = "x" * 30_000
    last = 0
    for _ in range(100):
        with database.transaction() as connection:
            for _ in range(20):
                last = journal.append(connection, "some.plugin", "X", text=text)
    # 60 MB for each of them; the one that reads gets them all, or is told that it was too slow.
    told, heard = f'"id": {last},'.encode(), b""
    while told not in heard and b"Too slow" not in heard:
        piece = reader.recv(2**20)
        assert piece, "closed without a word"
        heard = heard[-200:] + piece
    assert server.memory() - before < 150 * 2**20
    begun = time.monotonic()
    server.ask("api/status", patience_s=5)
    assert time.monotonic() - begun < 1
    for each in (*sleepers, reader):
        each.close()


async def test_a_page_that_takes_nothing_is_let_go(
    jp_serverapp: ServerApp,
    http_server_client: AsyncHTTPClient,  # by being asked for, the server answers
    jp_http_port: int,
    jp_base_url: str,
    database: StateDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_handler, "PATIENCE_S", 0.5)
    (point,) = jp_serverapp.extension_manager.extension_apps["nootropic_lab"]
    assert isinstance(point, NootropicLab)
    write(database, "plan.made", "plan-1")
    token = jp_serverapp.identity_provider.token
    sleeper = await asyncio.to_thread(dialled, jp_http_port, jp_base_url, token, 4096)
    async with asyncio.timeout(60):
        while not point.events._topics:
            await asyncio.sleep(0.05)
        (topic,) = point.events._topics.values()
        # In turns that are not too much for a page that reads, more than the system's buffers hold.
        for _ in range(20):
            with database.transaction() as connection:
                for _ in range(100):
                    journal.append(connection, "some.plugin", "X", text="x" * 10_000)
            await asyncio.sleep(0.05)
        while topic.listeners:
            await asyncio.sleep(0.1)
    sleeper.close()
    await topic.task


async def test_two_hundred_pages_hear_the_same(jp_ws_fetch: Connect, database: StateDatabase) -> None:
    write(database, "plan.made", "plan-1")
    pages = await asyncio.gather(*(listen(jp_ws_fetch) for _ in range(200)))
    for page in pages:
        assert (await read(page))["kind"] == "hello"
    rows = [write(database, "plan.edited", f"plan-{n}") for n in range(3)]
    seen: list[dict[str, Any]] = []
    for page in pages:
        seen += [await read(page) for _ in rows]
    assert [each["id"] for each in seen] == rows * 200
    await end(*pages)
    assert json.dumps(seen[0]) == json.dumps(seen[-3])
