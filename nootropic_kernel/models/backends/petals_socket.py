"""Petals by WebSocket: a session is opened, and its tokens come one by one until there is a reason to end."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from nootropic_kernel.models.errors import BackendUnreachable, ModelError, ModelTimeout
from nootropic_kernel.models.exchange import Exchange, Frame, cause, cut
from nootropic_kernel.models.refusals import count, error_of, malformed, parsed_object


def generate(
    exchange: Exchange, url: str, headers: Mapping[str, str], requests: Sequence[Mapping[str, Any]], stop: StopFilter
) -> None:
    """Send ``requests``, the last of which asks for tokens, and pass on what comes until ``stop`` has had enough.

    :raises ModelError: when the session or the answer ends before that.
    """
    try:
        with _connected(exchange, url, headers) as connection:
            receive = partial(_receive, exchange, connection)
            for request in requests[:-1]:
                connection.send(json.dumps(request))
                receive()
            connection.send(json.dumps(requests[-1]))
            while not exchange.is_closed:
                said = receive()
                piece = said.get("outputs")
                if not isinstance(piece, str):
                    raise malformed(exchange.endpoint.name, str(said)[:200])
                shown, reason = stop.add(piece, count(said.get("token_count")) or 1, last=bool(said.get("stop")))
                exchange.put(Frame("message", json.dumps({"ok": True, "outputs": shown, "finish_reason": reason})))
                if reason:
                    return
    except ModelError:
        raise
    except Exception as error:
        raise _explained(exchange, error) from cause(exchange.endpoint, error)


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


# The library notes the headers that it sends, the key among them.
_silent = logging.Logger("nootropic.websocket", logging.CRITICAL + 1)


class _Watched(ClientConnection):
    """A connection whose socket the exchange can shut down: after TLS it is another one than was opened."""

    def __init__(self, exchange: Exchange, opened: socket.socket, *arguments: Any, **options: Any) -> None:
        exchange.watch(opened)
        super().__init__(opened, *arguments, **options)


def _connected(exchange: Exchange, url: str, headers: Mapping[str, str]) -> ClientConnection:
    limits, parts = exchange.limits, urlsplit(url)
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    # With a socket of ours the library uses no proxy and follows no redirect.
    opened = socket.create_connection((parts.hostname or "", port), limits.connect_s)
    opened.settimeout(None)
    exchange.watch(opened)
    # It is only called, but the library's annotation asks for a class.
    watched: Any = partial(_Watched, exchange)
    return connect(
        url,
        sock=opened,
        additional_headers=headers,
        open_timeout=limits.silence_s,
        close_timeout=0.1,
        compression=None,
        max_size=limits.line_bytes,
        create_connection=watched,
        logger=_silent,
    )


def _receive(exchange: Exchange, connection: ClientConnection) -> dict[str, Any]:
    """The next message.

    :raises ModelError: when it does not say ``ok``.
    """
    message, backend = connection.recv(exchange.limits.silence_s, decode=True), exchange.endpoint.name
    said = parsed_object(message, backend)
    if said.get("ok") is not True:
        # The last line of a Python traceback says what went wrong.
        lines = str(said.get("traceback") or message).strip().splitlines()
        raise error_of(500, exchange.endpoint.scrub(lines[-1]) if lines else "", {}, backend)
    return said


def _explained(exchange: Exchange, error: Exception) -> ModelError:
    endpoint, said = exchange.endpoint, exchange.endpoint.scrub(str(error) or type(error).__name__)
    if isinstance(error, InvalidStatus):
        body = endpoint.scrub(error.response.body.decode("utf-8", "replace")) if error.response.body else ""
        return error_of(error.response.status_code, body, error.response.headers, endpoint.name)
    if isinstance(error, TimeoutError):
        return ModelTimeout(
            f"The backend {endpoint.name!r} stopped answering.",
            why=f"Nothing came for {exchange.limits.silence_s:g} seconds.",
            next="Try again later.",
            backend=endpoint.name,
        )
    if isinstance(error, ConnectionClosed | EOFError):
        return cut(endpoint, said)
    if isinstance(error, WebSocketException | ValueError):
        return malformed(endpoint.name, said)
    return BackendUnreachable(
        f"No connection to the backend {endpoint.name!r}.",
        why=said,
        next="Check its URL in your settings, and that you are connected.",
        backend=endpoint.name,
    )
