"""One request to a model server, with deadlines, limits and a way out at any moment, whatever the server does.

The connection is read in a thread of its own, so that the caller is back within a fraction of a second when it is
interrupted. What arrives are frames of text; what they mean is the business of the backend that asked.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from nootropic_kernel.models.errors import AnswerCut, InferenceError, ModelError, ModelTimeout
from nootropic_kernel.models.keys import Key
from nootropic_kernel.workspace.backend_settings import is_private_url
from nootropic_kernel.workspace.errors import Interrupted

THREAD_NAME = "nootropic-model-stream"
_POLL_S = 0.1


@dataclass(frozen=True)
class Endpoint:
    """Where to ask: the backend's name, its ``url``, the ``model`` to ask for, and the key, if one is needed."""

    name: str
    url: str
    model: str
    key: Key | None = None

    @property
    def is_private(self) -> bool:
        """Whether it is on this machine or network, so that no proxy may be asked."""
        return is_private_url(self.url)

    def scrub(self, text: str) -> str:
        """``text`` without the key."""
        return text if self.key is None else self.key.scrub(text)


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


class Frame(NamedTuple):
    """A piece of a reply: one server-sent event's data, one line of JSON, one WebSocket message, or a whole body."""

    kind: Literal["event", "line", "message", "body"]
    text: str


@dataclass
class Deadline:
    """A moment of the monotonic clock, which can only come nearer."""

    at: float = field(default_factory=time.monotonic)

    @classmethod
    def within(cls, seconds: float) -> Deadline:
        """The deadline in so many seconds."""
        return cls(time.monotonic() + seconds)

    def shorten(self, seconds: float) -> None:
        """Let it be in so many seconds at the latest."""
        self.at = min(self.at, time.monotonic() + seconds)

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() >= self.at


class _Ended:
    """A marker in the queue: the reply has ended as its framing says."""


class Exchange:
    """One request in a thread of its own, which runs ``read`` and gives what it reads to `put`."""

    def __init__(self, endpoint: Endpoint, limits: Limits, read: Callable[[Exchange], None]) -> None:
        self.endpoint = endpoint
        self.limits = limits
        # Bounded, so that a server faster than the reader of the answer fills no memory.
        self._arrived: queue.Queue[Frame | ModelError | _Ended] = queue.Queue(maxsize=1024)
        self._closed = threading.Event()
        self._sockets: list[socket.socket] = []
        self._read = read
        threading.Thread(target=self._run, name=THREAD_NAME, daemon=True).start()

    @property
    def is_closed(self) -> bool:
        """Whether nobody wants the rest."""
        return self._closed.is_set()

    def put(self, frame: Frame) -> None:
        """Hand a frame to the caller, the key taken out of it."""
        self._put(frame._replace(text=self.endpoint.scrub(frame.text)))

    def watch(self, opened: socket.socket) -> None:
        """Note a socket that this exchange waits for, so that `close` can wake it."""
        self._sockets.append(opened)
        if self.is_closed:
            self.close()

    def close(self) -> None:
        """Stop reading at once. The server sees the connection end and may drain behind it."""
        self._closed.set()
        for opened in self._sockets:
            try:
                # Closing would not wake a thread that waits in a read; shutting down does.
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def frames(self, deadline: Deadline, cancel: threading.Event | None) -> Iterator[Frame]:
        """The frames as they arrive, until the reply ends as its framing says.

        :raises ModelError: when it does not.
        :raises Interrupted: within a fraction of a second of ``cancel`` being set.
        """
        while True:
            if cancel is not None and cancel.is_set():
                raise Interrupted()
            if deadline.passed:
                # A stream that drips forever never leaves the queue empty, so this is asked each time.
                raise _too_slow(self.endpoint, self.limits)
            try:
                item = self._arrived.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(item, _Ended):
                return
            if isinstance(item, ModelError):
                raise item
            yield item

    def _run(self) -> None:
        try:
            self._read(self)
            self._put(_Ended())
        except ModelError as error:
            # Without the frames of this thread: their variables hold what was sent, the key included.
            self._put(error.with_traceback(None))
        except Exception as error:
            failed = InferenceError(
                f"The backend {self.endpoint.name!r} could not be asked.",
                why=self.endpoint.scrub(f"{type(error).__name__}: {error}"),
                next="Check its URL in your settings.",
                backend=self.endpoint.name,
            )
            failed.__cause__ = cause(self.endpoint, error)
            self._put(failed)

    def _put(self, item: Frame | ModelError | _Ended) -> None:
        while not self.is_closed:
            try:
                self._arrived.put(item, timeout=_POLL_S)
                return
            except queue.Full:
                continue


def cause(endpoint: Endpoint, error: Exception) -> Exception | None:
    """``error`` as a cause that may be shown: without the frames below it, whose variables hold what was sent, and not
    at all when its text has the key."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None) if endpoint.scrub(str(error)) == str(error) else None


def cut(endpoint: Endpoint, why: str) -> AnswerCut:
    """The error for an answer that ended before it was whole."""
    return AnswerCut(
        f"The answer of {endpoint.name!r} was cut off.",
        why=endpoint.scrub(why),
        next="Run this again; nothing was written.",
        backend=endpoint.name,
    )


def too_much(endpoint: Endpoint, what: str) -> InferenceError:
    """The error for a reply that is larger than any answer."""
    return InferenceError(
        f"The backend {endpoint.name!r} sent more than an answer can be.",
        why=f"It sent {what}.",
        next="Check that its URL is that of a model server of its kind.",
        backend=endpoint.name,
    )


def _too_slow(endpoint: Endpoint, limits: Limits) -> ModelTimeout:
    return ModelTimeout(
        f"The backend {endpoint.name!r} did not finish its answer.",
        why=f"It took more than {limits.total_s:g} seconds.",
        next="Ask for less, or use a faster backend.",
        backend=endpoint.name,
    )
