"""Model calls under way: each in a thread, so many at a time, stopped when their client goes or the server ends."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeAlias, TypeVar

from nootropic_kernel.gateway.errors import Refused
from nootropic_kernel.models.contract import OnText
from nootropic_kernel.workspace.errors import Interrupted

T = TypeVar("T")
Work: TypeAlias = Callable[[OnText, threading.Event], T]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(Refused):
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__(499, "client_gone", "The client closed the connection.")


class Call(Generic[T]):
    """One call: the pieces of its text as they come, then its result."""

    def __init__(self, work: Work[T], pool: ThreadPoolExecutor) -> None:
        self._loop = asyncio.get_running_loop()
        self._cancel = threading.Event()
        self._reason: Refused | Interrupted | None = None
        self._pieces: asyncio.Queue[str | None] = asyncio.Queue()
        context = contextvars.copy_context()
        self.done = self._loop.run_in_executor(pool, context.run, work, self._on_text, self._cancel)
        self.done.add_done_callback(self._finished)

    async def first(self) -> str | None:
        """The first piece of text; None when the call ended without any.

        :raises Exception: what the call raised before any text.
        """
        piece = await self._pieces.get()
        if piece is None:
            await self.result()
        return piece

    async def pieces(self) -> AsyncIterator[str]:
        """The pieces that are still to come."""
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def result(self) -> T:
        """What the call returned.

        :raises Exception: what it raised, or why it was stopped.
        """
        try:
            return await asyncio.shield(self.done)
        except Interrupted:
            raise self._reason or Interrupted() from None

    def stop(self, reason: Refused | Interrupted) -> None:
        """Have the call end within a second; ``reason`` is then its error."""
        self._reason = self._reason or reason
        self._cancel.set()

    def _on_text(self, text: str) -> None:
        self._loop.call_soon_threadsafe(self._pieces.put_nowait, text)

    def _finished(self, done: asyncio.Future[T]) -> None:
        if not done.cancelled():
            done.exception()  # noted here, as a client that went asks for no result
        self._pieces.put_nowait(None)


class Calls:
    """Runs calls.

    :param parallel: how many are answered at a time.
    :param queue: how many more may wait; further ones are refused with 429.
    """

    def __init__(self, parallel: int, queue: int) -> None:
        self.running = 0
        self.waiting = 0
        self._most = parallel + queue
        self._free = asyncio.Semaphore(parallel)
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="gateway-call")
        self._live: set[Call[Any]] = set()
        self._closed = False

    @asynccontextmanager
    async def call(self, work: Work[T], receive: Receive) -> AsyncIterator[Call[T]]:
        """Run ``work`` for the block; it is stopped when the block ends, or the client of ``receive`` is gone.

        :raises Refused: when too many wait already, or the client went while it waited.
        :raises Interrupted: when the server is ending.
        """
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await self._take_place(gone)
            call = Call(work, self._pool)
            self.running += 1
            self._live.add(call)
            call.done.add_done_callback(lambda _: self._leave(call))
            gone.add_done_callback(lambda task: None if task.cancelled() else call.stop(ClientGone()))
            try:
                yield call
            finally:
                call.stop(ClientGone())
        finally:
            gone.cancel()

    def stop_all(self) -> None:
        """Stop what runs, and begin nothing more."""
        self._closed = True
        for call in list(self._live):
            call.stop(_stopping())

    async def _take_place(self, gone: asyncio.Future[None]) -> None:
        if self.running + self.waiting >= self._most:
            raise Refused(429, "rate_limit_exceeded", "Too many requests wait already.", next="Try again in a second.")
        place = asyncio.ensure_future(self._free.acquire())
        waiters: set[asyncio.Future[Any]] = {place, gone}
        self.waiting += 1
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if place.done():
                self._free.release()
            raise
        finally:
            self.waiting -= 1
            has_place = place.done()
            place.cancel()
        if not has_place:
            raise ClientGone()
        if self._closed or gone.done():
            self._free.release()
            raise ClientGone() if gone.done() else _stopping()

    def _leave(self, call: Call[Any]) -> None:
        # Only now, when the thread is free: a stopped call holds its place until the backend gave control back.
        self.running -= 1
        self._live.discard(call)
        self._free.release()


async def _disconnected(receive: Receive) -> None:
    """Return once the client has closed its connection; the request's body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _stopping() -> Interrupted:
    error = Interrupted("The server is ending.")
    error.why, error.next = "", "Ask again once it runs."
    return error
