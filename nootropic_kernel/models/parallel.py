"""Several requests to one backend at once, no more than it gains from."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol

from nootropic_kernel.models.contract import Answer, ChatRequest, OnText, Outcome
from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.workspace.errors import Interrupted

_POLL_S = 0.1


class Chatting(Protocol):
    """Whoever answers one request at a time."""

    def chat(
        self, request: ChatRequest, on_text: OnText | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Answer ``request``."""
        ...


def answer_all(
    backend: Chatting, requests: Sequence[ChatRequest], cancel: threading.Event | None, width: int
) -> list[Outcome]:
    """The answer or error of each request, in their order, ``width`` of them under way at a time.

    :raises Interrupted: within a second of ``cancel`` being set; those under way are stopped.
    """
    if not requests:
        return []
    stop = threading.Event()

    def answer(request: ChatRequest) -> Outcome:
        try:
            return backend.chat(request, None, stop)
        except ModelError as error:
            return error

    with ThreadPoolExecutor(max(1, width), thread_name_prefix="nootropic-batch") as pool:
        try:
            # Each thread continues the caller's context, so that its spans belong to the caller's.
            futures: list[Future[Outcome]] = [
                pool.submit(contextvars.copy_context().run, answer, request) for request in requests
            ]
            waiting = set(futures)
            while waiting:
                if cancel is not None and cancel.is_set():
                    raise Interrupted()
                waiting = wait(waiting, timeout=_POLL_S).not_done
            return [future.result() for future in futures]
        finally:
            # On the way out by an interrupt or an error, what runs is stopped and the rest is not begun.
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
