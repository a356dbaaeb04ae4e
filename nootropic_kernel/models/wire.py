"""The OpenAI wire protocol over httpx: one streamed chat, with deadlines, limits and a way out at any moment.

The connection is read in a thread of its own, so that the caller is back within a fraction of a second when it is
interrupted, whatever the server does. A stream counts as whole only after ``[DONE]`` or a finish reason: a connection
that was cut looks like a clean end to HTTP.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nootropic_kernel.models.contract import Answer, ChatChunk, ChatRequest, OnText
from nootropic_kernel.models.errors import AnswerCut, BackendUnreachable, InferenceError, ModelError, ModelTimeout
from nootropic_kernel.models.output import check_answer
from nootropic_kernel.models.replies import chunk_of, completion_of, error_of
from nootropic_kernel.models.sse import LineTooLong, events
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.errors import Interrupted

if TYPE_CHECKING:
    import httpx

_POLL_S = 0.1


@dataclass(frozen=True)
class Endpoint:
    """Where to ask: ``url`` without ``/chat/completions``, the ``model`` to ask for, and the key, if one is needed."""

    name: str
    url: str
    model: str
    key: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine, so that no proxy may be asked."""
        return urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Limits:
    """How long to wait and how much to take: seconds, bytes, characters."""

    connect_s: float = 10.0
    silence_s: float = 180.0
    total_s: float = 900.0
    # A server that sends no [DONE] may keep the connection open after its finish reason.
    after_finish_s: float = 1.0
    line_bytes: int = 1 << 20
    body_bytes: int = 8 << 20
    text_chars: int = 4 << 20


def chat(
    endpoint: Endpoint,
    request: ChatRequest,
    on_text: OnText | None = None,
    cancel: threading.Event | None = None,
    limits: Limits | None = None,
) -> Answer:
    """Ask ``endpoint`` and return the whole answer; pieces go to ``on_text`` in the caller's thread.

    :raises ModelError: when there is no whole, valid answer.
    :raises Interrupted: within a second of ``cancel`` being set.
    """
    attributes = {
        semconv.OPERATION: "chat",
        semconv.PROVIDER: endpoint.name,
        semconv.REQUEST_MODEL: endpoint.model,
        semconv.REQUEST_MAX_TOKENS: request.max_tokens,
        semconv.REQUEST_TEMPERATURE: request.temperature,
        semconv.REQUEST_STREAM: True,
        semconv.OUTPUT_TYPE: "json" if request.schema is not None else "text",
        semconv.PURPOSE: request.purpose or None,
    }
    with span(None, f"chat {endpoint.model}", attributes) as current:
        started = time.perf_counter()
        collected = _Collected()
        for chunk in _chunks(endpoint, request, cancel, limits or Limits()):
            if chunk.text:
                if not collected.pieces:
                    current.set(semconv.RESPONSE_FIRST_CHUNK_S, round(time.perf_counter() - started, 6))
                if on_text is not None:
                    on_text(chunk.text)
            collected.add(chunk)
        answer = collected.answer(endpoint)
        current.set(semconv.RESPONSE_MODEL, answer.model)
        current.set(semconv.RESPONSE_FINISH_REASONS, [answer.finish_reason])
        current.set(semconv.INPUT_TOKENS, answer.input_tokens)
        current.set(semconv.OUTPUT_TOKENS, answer.output_tokens)
        check_answer(request, answer)
        return answer


class _Collected:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.last = ChatChunk()

    def add(self, chunk: ChatChunk) -> None:
        if chunk.text:
            self.pieces.append(chunk.text)
        old = self.last
        self.last = ChatChunk(
            "",
            chunk.finish_reason or old.finish_reason,
            chunk.model or old.model,
            old.input_tokens if chunk.input_tokens is None else chunk.input_tokens,
            old.output_tokens if chunk.output_tokens is None else chunk.output_tokens,
        )

    def answer(self, endpoint: Endpoint) -> Answer:
        last = self.last
        return Answer(
            "".join(self.pieces),
            last.model or endpoint.model,
            endpoint.name,
            last.finish_reason or "stop",
            last.input_tokens,
            last.output_tokens,
        )


def _chunks(
    endpoint: Endpoint, request: ChatRequest, cancel: threading.Event | None, limits: Limits
) -> Iterator[ChatChunk]:
    """The chunks of a whole answer, taken from the reading thread; ends early by an error only."""
    deadline = time.monotonic() + limits.total_s
    finished, size, partial = False, 0, ""
    with closing(_Connection(endpoint, _body(endpoint, request), limits)) as connection:
        while True:
            if cancel is not None and cancel.is_set():
                raise Interrupted()
            try:
                item = connection.arrived.get(timeout=_POLL_S)
            except queue.Empty:
                if time.monotonic() < deadline:
                    continue
                if finished:
                    return
                raise _too_slow(endpoint, limits, partial) from None
            if isinstance(item, ChatChunk):
                size += len(item.text)
                if size > limits.text_chars:
                    raise _too_much(endpoint, f"an answer of more than {limits.text_chars} characters")
                if len(partial) < 2000:
                    partial += item.text
                if item.finish_reason and not finished:
                    finished = True
                    deadline = min(deadline, time.monotonic() + limits.after_finish_s)
                yield item
                if time.monotonic() >= deadline and not finished:
                    # A stream that drips forever never leaves the queue empty.
                    raise _too_slow(endpoint, limits, partial)
            elif finished or item is _DONE:
                return
            elif item is _ENDED:
                raise _cut(endpoint, "The connection ended without a finish reason.", partial)
            elif isinstance(item, AnswerCut):
                raise _cut(endpoint, item.why, partial)
            elif isinstance(item, ModelError):
                raise item


class _Ended:
    """A marker in the queue."""


_DONE, _ENDED = _Ended(), _Ended()


class _Connection:
    """One request in a thread of its own; what it reads goes to ``arrived``."""

    def __init__(self, endpoint: Endpoint, body: dict[str, Any], limits: Limits) -> None:
        # Bounded, so that a server faster than the reader of the answer fills no memory.
        self.arrived: queue.Queue[ChatChunk | ModelError | _Ended] = queue.Queue(maxsize=1024)
        self._endpoint = endpoint
        self._body = body
        self._limits = limits
        self._closed = threading.Event()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._run, name="nootropic-model-stream", daemon=True).start()

    def close(self) -> None:
        """Stop reading at once. The server sees the connection end and may drain behind it."""
        self._closed.set()
        for opened in self._sockets:
            try:
                # Closing would not wake a thread that waits in a read; shutting down does.
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _run(self) -> None:
        try:
            self._read()
        except ModelError as error:
            self._put(error)
        except Exception as error:
            self._put(self._explained(error))

    def _read(self) -> None:
        import httpx

        limits = self._limits
        timeout = httpx.Timeout(limits.silence_s, connect=limits.connect_s, pool=limits.connect_s)
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        plain = self._endpoint.url.startswith("http://")
        with httpx.Client(
            timeout=timeout,
            headers=headers,
            trust_env=not self._endpoint.is_loopback,
            # Reading the certificates costs 20 ms, and a plain connection has none to check.
            verify=not plain,
            follow_redirects=False,
        ) as client:
            with client.stream(
                "POST",
                f"{self._endpoint.url}/chat/completions",
                json=self._body,
                extensions={"trace": self._note_socket},
            ) as response:
                self._take(response)

    def _take(self, response: httpx.Response) -> None:
        name = self._endpoint.name
        if response.status_code != 200:
            body = self._text(response, 65_536, cut=True)
            if self._endpoint.key:
                body = body.replace(self._endpoint.key, "…")
            raise error_of(response.status_code, body, response.headers, name)
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            self._put(completion_of(self._text(response, self._limits.body_bytes), name))
            self._put(_DONE)
            return
        if kind not in ("text/event-stream", ""):
            raise error_of(200, self._text(response, 65_536, cut=True), response.headers, name)
        for event in events(response.iter_bytes(), limit=self._limits.line_bytes):
            if self._closed.is_set():
                return
            if event.strip() == "[DONE]":
                self._put(_DONE)
                return
            self._put(chunk_of(event, name))
        self._put(_ENDED)

    def _text(self, response: httpx.Response, limit: int, *, cut: bool = False) -> str:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > limit:
                if cut:
                    break
                raise _too_much(self._endpoint, f"an answer of more than {limit} bytes")
        return bytes(body[:limit]).decode("utf-8", "replace")

    def _put(self, item: ChatChunk | ModelError | _Ended) -> None:
        while not self._closed.is_set():
            try:
                self.arrived.put(item, timeout=_POLL_S)
                return
            except queue.Full:
                continue

    def _note_socket(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith("connect_tcp.complete"):
            opened = info["return_value"].get_extra_info("socket")
            if isinstance(opened, socket.socket):
                self._sockets.append(opened)
                if self._closed.is_set():
                    self.close()

    def _explained(self, error: Exception) -> ModelError:
        import httpx

        name, limits = self._endpoint.name, self._limits
        if isinstance(error, LineTooLong):
            return _too_much(self._endpoint, str(error))
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol | httpx.InvalidURL):
            return BackendUnreachable(
                f"No connection to the backend {name!r}.",
                why=str(error) or type(error).__name__,
                next="Start its server, or check its URL in your settings.",
                backend=name,
            )
        if isinstance(error, httpx.TimeoutException):
            return ModelTimeout(
                f"The backend {name!r} stopped answering.",
                why=f"Nothing came for {limits.silence_s:g} seconds.",
                next="Try again; if it stays so, restart its server.",
                backend=name,
            )
        if isinstance(error, httpx.TransportError):
            return AnswerCut("", why=str(error) or type(error).__name__)
        return InferenceError(
            f"The backend {name!r} could not be asked.",
            why=f"{type(error).__name__}: {error}",
            next="Check its URL in your settings.",
            backend=name,
        )


def _body(endpoint: Endpoint, request: ChatRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.stop:
        body["stop"] = list(request.stop)
    if request.schema is not None:
        schema = {"name": "answer", "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def _cut(endpoint: Endpoint, why: str, partial: str) -> AnswerCut:
    return AnswerCut(
        f"The answer of {endpoint.name!r} was cut off.",
        why=why,
        next="Run this again; nothing was written.",
        backend=endpoint.name,
        partial=partial,
    )


def _too_slow(endpoint: Endpoint, limits: Limits, partial: str) -> ModelTimeout:
    return ModelTimeout(
        f"The backend {endpoint.name!r} did not finish its answer.",
        why=f"It took more than {limits.total_s:g} seconds.",
        next="Ask for less, or use a faster backend.",
        backend=endpoint.name,
        partial=partial,
    )


def _too_much(endpoint: Endpoint, what: str) -> InferenceError:
    return InferenceError(
        f"The backend {endpoint.name!r} sent more than an answer can be.",
        why=f"It sent {what}.",
        next="Check that its URL is that of an OpenAI-compatible server.",
        backend=endpoint.name,
    )
