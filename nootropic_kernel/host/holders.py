"""What the service holds, by name. A holder owns something that one process alone may have, and leases it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from nootropic_kernel.workspace.errors import Interrupted

_POLL_S = 0.1


class Grant(Protocol):
    """What a client was given."""

    @property
    def terms(self) -> dict[str, Any]:
        """How to use it, as JSON."""
        ...

    def how_it_ended(self) -> str | None:
        """How the leased thing ended, in words; None when it still runs."""
        ...

    def used(self) -> Mapping[str, float | None]:
        """What was used of it for this client so far, by the counter's name; None for one that cannot be read."""
        ...


class Holder(Protocol):
    """One kind of thing that the service holds."""

    def lease(self, params: Mapping[str, Any], gone: threading.Event) -> AbstractContextManager[Grant]:
        """Make it ready and wait for the client's turn; ``gone`` is set when the client has left.

        :raises NootropicError: when it cannot be given.
        :raises Interrupted: when ``gone`` is set.
        """
        ...

    def status(self) -> dict[str, Any]:
        """What is held now, as JSON."""
        ...

    def tidy(self) -> None:
        """Called every second or so."""
        ...

    def close(self) -> None:
        """End everything that is held."""
        ...


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


def holders(state: Path, idle_s: float) -> dict[str, Holder]:
    """Everything that a service can hold, by the name that clients ask for. Nothing is started."""
    from nootropic_kernel.host.models import ModelHolder

    return {"model": ModelHolder(state, idle_s)}
