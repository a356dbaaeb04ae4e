"""Petals by WebSocket: a session is opened, and its tokens come one by one until there is a reason to end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.simple_httpclient import HTTPTimeoutError
from tornado.websocket import WebSocketClientConnection, websocket_connect

from nootropic_kernel.models.errors import BackendUnreachable, ModelTimeout
from nootropic_kernel.models.exchange import Exchange, Frame, cut
from nootropic_kernel.models.refusals import count, error_of, malformed, parsed_object

_POLL_S = 0.1


def generate(
    exchange: Exchange, url: str, headers: Mapping[str, str], requests: Sequence[Mapping[str, Any]], stop: StopFilter
) -> None:
    """Send ``requests``, the last of which asks for tokens, and pass on what comes until ``stop`` has had enough."""
    asyncio.run(_generate(exchange, url, headers, requests, stop))


class StopFilter:
    """Holds back what may be the beginning of a stop text, and says when an answer is over and why."""

    def __init__(self, marks: Sequence[str], max_tokens: int) -> None:
        self._marks = marks
        self._left = max_tokens
        self._text = ""
        self._given = 0
        self._hold = max(map(len, marks), default=1) - 1

    def add(self, piece: str, tokens: int, *, last: bool) -> tuple[str, str | None]:
        """What may be shown now, and the finish reason when this was the end."""
        self._text += piece
        self._left -= tokens
        ends = [place for mark in self._marks if (place := self._text.find(mark)) >= 0]
        reason = "stop" if ends or last else "length" if self._left <= 0 else None
        until = min(ends) if ends else len(self._text) - (0 if reason else self._hold)
        shown = self._text[self._given : max(self._given, until)]
        self._given += len(shown)
        return shown, reason


async def _generate(
    exchange: Exchange, url: str, headers: Mapping[str, str], requests: Sequence[Mapping[str, Any]], stop: StopFilter
) -> None:
    connection = await _connect(exchange, url, headers)
    try:
        name = exchange.endpoint.name
        for number, request in enumerate(requests):
            await connection.write_message(json.dumps(request))
            if number < len(requests) - 1:
                _opened(await _next(exchange, connection), name)
        while not exchange.is_closed:
            said = _opened(await _next(exchange, connection), name)
            piece = said.get("outputs")
            if not isinstance(piece, str):
                raise malformed(name, str(said)[:200])
            shown, reason = stop.add(piece, count(said.get("token_count")) or 1, last=bool(said.get("stop")))
            exchange.put(Frame("message", json.dumps({"ok": True, "outputs": shown, "finish_reason": reason})))
            if reason:
                return
    finally:
        protocol = connection.protocol
        connection.close()
        if protocol is not None:
            # The rest of the closing handshake would outlive the loop that it runs in.
            protocol.stream.close()


async def _connect(exchange: Exchange, url: str, headers: Mapping[str, str]) -> WebSocketClientConnection:
    limits, name = exchange.limits, exchange.endpoint.name
    request = HTTPRequest(
        url, headers=dict(headers), connect_timeout=limits.connect_s, request_timeout=limits.silence_s
    )
    try:
        connecting = asyncio.ensure_future(_connected(request, limits.line_bytes))
        while not (await asyncio.wait([connecting], timeout=_POLL_S))[0]:
            if exchange.is_closed:
                connecting.cancel()
        return connecting.result()
    except HTTPTimeoutError as error:
        raise ModelTimeout(
            f"The backend {name!r} did not open a session.", why=str(error), next="Try again later.", backend=name
        ) from error.with_traceback(None)
    except HTTPClientError as error:
        body = error.response.body.decode("utf-8", "replace") if error.response and error.response.body else ""
        sent = error.response.headers if error.response else {}
        raise error_of(error.code, exchange.endpoint.scrub(body), sent, name) from error.with_traceback(None)
    except OSError as error:
        raise BackendUnreachable(
            f"No connection to the backend {name!r}.",
            why=exchange.endpoint.scrub(str(error)),
            next="Check its URL in your settings, and that you are connected.",
            backend=name,
        ) from error.with_traceback(None)


async def _connected(request: HTTPRequest, most: int) -> WebSocketClientConnection:
    return await websocket_connect(request, max_message_size=most)


async def _next(exchange: Exchange, connection: WebSocketClientConnection) -> str:
    reading = asyncio.ensure_future(_read(connection))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + exchange.limits.silence_s
    while not (await asyncio.wait([reading], timeout=_POLL_S))[0]:
        if exchange.is_closed or loop.time() >= deadline:
            reading.cancel()
            raise ModelTimeout(
                f"The backend {exchange.endpoint.name!r} stopped answering.",
                why=f"Nothing came for {exchange.limits.silence_s:g} seconds.",
                next="Try again later.",
                backend=exchange.endpoint.name,
            )
    message = reading.result()
    if message is None:
        raise cut(exchange.endpoint, connection.close_reason or "The connection was closed, or a message was too long.")
    return message if isinstance(message, str) else message.decode("utf-8", "replace")


async def _read(connection: WebSocketClientConnection) -> str | bytes | None:
    return await connection.read_message()


def _opened(message: str, backend: str) -> dict[str, Any]:
    """The message when it says ``ok``.

    :raises ModelError: when it does not.
    """
    said = parsed_object(message, backend)
    if said.get("ok") is not True:
        lines = str(said.get("traceback") or message).strip().splitlines()
        raise error_of(500, lines[-1] if lines else "", {}, backend)
    return said
