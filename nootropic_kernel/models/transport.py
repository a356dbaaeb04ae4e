"""HTTP for model servers: a streamed reply frame by frame, or one JSON document.

Each request has a connection of its own: one kept alive is closed by the server at moments that nobody can foresee.
No redirect is followed, so a request goes to no host but the one that the settings name.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nootropic_kernel.models.errors import BackendUnreachable, InferenceError, ModelError, ModelTimeout
from nootropic_kernel.models.exchange import (
    THREAD_NAME,
    Deadline,
    Endpoint,
    Exchange,
    Frame,
    Limits,
    cause,
    cut,
    too_much,
)
from nootropic_kernel.models.framing import LineTooLong, events, lines
from nootropic_kernel.models.refusals import error_of

if TYPE_CHECKING:
    import httpx

Stream: TypeAlias = Literal["events", "lines"] | None
_ERROR_BYTES = 65_536
_LINE_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json", ""})
_JSON_TYPES = frozenset({"application/json", ""})


@dataclass(frozen=True)
class Call:
    """One HTTP request: a GET without ``body``, else a POST of it as JSON, or as a form.

    :param url: the whole URL.
    :param stream: how the reply's pieces are framed; None means one JSON document.
    :param headers: beside the usual ones, given by a function because they carry the key.
    """

    url: str
    body: Mapping[str, Any] | None = None
    stream: Stream = None
    headers: Callable[[], Mapping[str, str]] = field(default=dict)
    form: bool = False


class _NotOurs(logging.Filter):
    """Keeps what HTTP libraries note of our requests out of the person's log: a server may say the key back."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.threadName != THREAD_NAME


_not_ours = _NotOurs()
for _logger in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"):
    logging.getLogger(_logger).addFilter(_not_ours)


def stream(endpoint: Endpoint, call: Call, limits: Limits) -> Exchange:
    """Start ``call``; its frames come from the exchange."""
    return Exchange(endpoint, limits, lambda exchange: _Request(exchange, call).run())


def fetch(endpoint: Endpoint, call: Call, cancel: threading.Event | None, limits: Limits) -> str:
    """The whole body of the reply to ``call``, which the server says is JSON.

    :raises ModelError: when there is none.
    :raises Interrupted: within a fraction of a second of ``cancel`` being set.
    """
    with closing(stream(endpoint, call, limits)) as exchange:
        return "".join(frame.text for frame in exchange.frames(Deadline.within(limits.total_s), cancel))


class _Request:
    def __init__(self, exchange: Exchange, call: Call) -> None:
        self.exchange = exchange
        self.endpoint = exchange.endpoint
        self.limits = exchange.limits
        self.call = call

    def run(self) -> None:
        import httpx

        limits, call = self.limits, self.call
        timeout = httpx.Timeout(limits.silence_s, connect=limits.connect_s, pool=limits.connect_s)
        headers = {"Accept-Encoding": "identity", **call.headers()}
        body: dict[str, Any] = {} if call.body is None else {"data" if call.form else "json": call.body}
        try:
            with httpx.Client(
                timeout=timeout,
                headers=headers,
                trust_env=not self.endpoint.is_private,
                # Reading the certificates costs 20 ms, and a plain connection has none to check.
                verify=httpx.create_ssl_context() if call.url.startswith("https://") else False,
                follow_redirects=False,
            ) as client:
                method = "GET" if call.body is None else "POST"
                with client.stream(method, call.url, extensions={"trace": self._note_socket}, **body) as response:
                    self._take(response)
        except LineTooLong as error:
            raise too_much(self.endpoint, str(error)) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise self._explained(error) from cause(self.endpoint, error)

    def _take(self, response: httpx.Response) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            # A few kilobytes can unpack to gigabytes, and we asked for plain text.
            raise too_much(self.endpoint, "a compressed answer that was not asked for")
        if response.status_code != 200:
            body = self._text(response, _ERROR_BYTES, cut_off=True)
            raise error_of(response.status_code, body, response.headers, self.endpoint.name)
        if self.call.stream == "events" and kind in ("text/event-stream", ""):
            self._pass("event", events(response.iter_raw(), limit=self.limits.line_bytes))
        elif self.call.stream == "lines" and kind in _LINE_TYPES:
            self._pass("line", lines(response.iter_raw(), limit=self.limits.line_bytes))
        elif kind in _JSON_TYPES:
            self.exchange.put(Frame("body", self._text(response, self.limits.body_bytes)))
        else:
            body = self._text(response, _ERROR_BYTES, cut_off=True)
            raise error_of(200, body, response.headers, self.endpoint.name)

    def _pass(self, kind: Literal["event", "line"], texts: Iterator[str]) -> None:
        for text in texts:
            if self.exchange.is_closed:
                return
            self.exchange.put(Frame(kind, text))

    def _text(self, response: httpx.Response, limit: int, *, cut_off: bool = False) -> str:
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > limit:
                if cut_off:
                    break
                raise too_much(self.endpoint, f"an answer of more than {limit} bytes")
        return self.endpoint.scrub(bytes(body[:limit]).decode("utf-8", "replace"))

    def _note_socket(self, event: str, info: dict[str, Any]) -> None:
        # TLS wraps the first socket in a second one, and only the second can then be shut down.
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            opened = info["return_value"].get_extra_info("socket")
            if isinstance(opened, socket.socket):
                self.exchange.watch(opened)

    def _explained(self, error: Exception) -> ModelError:
        import httpx

        name, said = self.endpoint.name, self.endpoint.scrub(str(error) or type(error).__name__)
        if isinstance(error, httpx.ConnectError) and "certificate" in said.lower():
            return BackendUnreachable(
                f"The certificate of the backend {name!r} is not trusted.",
                why=said,
                next="Check its URL; for an authority of your own, set SSL_CERT_FILE.",
                backend=name,
                retryable=False,
            )
        if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | httpx.LocalProtocolError):
            return InferenceError(
                f"The backend {name!r} could not be asked.",
                why=said,
                next="Check its URL in your settings.",
                backend=name,
            )
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
            return BackendUnreachable(
                f"No connection to the backend {name!r}.",
                why=said,
                next="Start its server, or check its URL in your settings.",
                backend=name,
            )
        if isinstance(error, httpx.TimeoutException):
            return ModelTimeout(
                f"The backend {name!r} stopped answering.",
                why=f"Nothing came for {self.limits.silence_s:g} seconds.",
                next="Try again; if it stays so, restart its server.",
                backend=name,
            )
        return cut(self.endpoint, said)
