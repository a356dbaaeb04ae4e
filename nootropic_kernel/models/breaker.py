"""A circuit breaker: a backend that fails again and again rests for a while, so that nobody waits for it in vain.

Closed: requests pass. Open: none does, until the rest is over. Half open: a single one tries, and what becomes of it
decides (M. Nygard, Release It!, "Circuit Breaker").
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """The state of one backend, shared by threads.

    :param failures: so many in a row open it.
    :param rest_s: how many seconds it stays open.
    :param clock: seconds that only grow.
    """

    def __init__(self, failures: int, rest_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = failures
        self._rest_s = rest_s
        self._clock = clock
        self._failed = 0
        self._open_until = 0.0
        self._trying = False
        self._guard = threading.Lock()

    @property
    def state(self) -> str:
        """``closed``, ``open`` or ``half-open``."""
        if not self._open_until:
            return "closed"
        return "open" if self._clock() < self._open_until else "half-open"

    @property
    def rests_s(self) -> float:
        """How many seconds it will still be open."""
        return max(0.0, self._open_until - self._clock()) if self._open_until else 0.0

    def enter(self) -> bool:
        """Whether a request may pass; one that does ends in `succeeded`, `failed` or `left`."""
        with self._guard:
            state = self.state
            if state == "open" or (state == "half-open" and self._trying):
                return False
            self._trying = state == "half-open"
            return True

    def succeeded(self) -> None:
        """The backend answered."""
        with self._guard:
            self._failed, self._open_until, self._trying = 0, 0.0, False

    def failed(self, rest_s: float | None = None) -> None:
        """The backend failed; with ``rest_s`` it asked for a pause of so many seconds, and gets it at once."""
        with self._guard:
            self._failed += 1
            half_open, self._trying = self._trying, False
            enough = half_open or self._failed >= self._most
            if enough or rest_s:
                self._open_until = self._clock() + max(rest_s or 0.0, self._rest_s if enough else 0.0)

    def left(self) -> None:
        """The request ended without saying anything about the backend."""
        with self._guard:
            self._trying = False
