"""A queue in front of a thing that serves a few clients at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nootropic_kernel.workspace.errors import Interrupted

_POLL_S = 0.1


class Turns:
    """A queue in front of a thing that serves ``count`` clients at a time, first come first served."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[threading.Event] = []
        self._guard = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many stand in the queue."""
        return len(self._waiting)

    @contextmanager
    def turn(self, gone: threading.Event) -> Iterator[None]:
        """Wait for this client's turn and have it.

        :raises Interrupted: when ``gone`` is set before.
        """
        mine = threading.Event()
        with self._guard:
            self._waiting.append(mine)
            self._call_next()
        try:
            while not mine.wait(_POLL_S):
                if gone.is_set():
                    raise Interrupted()
            yield
        finally:
            with self._guard:
                if mine.is_set():
                    self._free += 1
                else:
                    self._waiting.remove(mine)
                self._call_next()

    def _call_next(self) -> None:
        while self._free and self._waiting:
            self._free -= 1
            self._waiting.pop(0).set()
