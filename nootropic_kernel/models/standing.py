"""What this process has seen of the backends of a workspace: failures in a row, late and rejected answers, answers."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from nootropic_kernel.models.batching import Gatherer, Send
from nootropic_kernel.models.breaker import Breaker
from nootropic_kernel.models.cache import AnswerCache
from nootropic_kernel.models.inference import Inference, inference
from nootropic_kernel.workspace.location import Workspace

_memories: dict[Path, Memory] = {}
_guard = threading.Lock()


class Standing:
    """How one backend did lately: its breaker, and whether its answers were in time and passed their checks."""

    def __init__(self, settings: Inference, clock: Callable[[], float] = time.monotonic) -> None:
        self.breaker = Breaker(settings.breaker.failures, settings.breaker.rest, clock)
        self._sla = settings.sla
        self._clock = clock
        self._lately: deque[bool] = deque(maxlen=settings.sla.of)
        self._breached_until = 0.0
        self._share = 1.0
        self._guard = threading.Lock()

    @property
    def is_breached(self) -> bool:
        """Whether others go first for now, because too many answers were late or rejected."""
        return self._clock() < self._breached_until

    @property
    def share_passed(self) -> float:
        """Which share of its answers was in time and passed, when others go first because of that; else 1."""
        return self._share if self.is_breached else 1.0

    @property
    def behind(self) -> str:
        """Why others are asked first; empty when they are not."""
        if self.breaker.state == "open":
            return f"It failed before and rests for {self.breaker.rests_s:.0f} s."
        return "Its last answers were late or failed their checks." if self.is_breached else ""

    def note(self, passed: bool) -> None:
        """An answer was in time and passed its checks, or not."""
        with self._guard:
            self._lately.append(passed)
            if self._lately.count(False) >= self._sla.breaches:
                self._share = sum(self._lately) / len(self._lately)
                self._breached_until = self._clock() + self._sla.rest
                # It begins anew afterwards: the old answers have had their effect.
                self._lately.clear()


class Memory:
    """The standings of one workspace's backends, the answers they gave, and who answered last."""

    def __init__(self) -> None:
        settings = inference()
        self.answered: tuple[str, ...] | None = None
        self.cache = AnswerCache(settings.cache.entries, settings.cache.max_age)
        self._batching = settings.batching
        self._gatherers: dict[tuple[str, ...], Gatherer] = {}
        self._standings: dict[tuple[str, ...], Standing] = {}
        self._guard = threading.Lock()

    def of(self, place: tuple[str, ...]) -> Standing:
        """The standing of the backend at ``place`` (its name, URL and model)."""
        with self._guard:
            if place not in self._standings:
                self._standings[place] = Standing(inference())
            return self._standings[place]

    def gatherer(self, place: tuple[str, ...], send: Send) -> Gatherer:
        """Who gathers the requests for the backend at ``place``; the first caller's ``send`` answers them."""
        with self._guard:
            if place not in self._gatherers:
                self._gatherers[place] = Gatherer(send, self._batching.window, self._batching.most)
            return self._gatherers[place]


def memory_of(workspace: Workspace) -> Memory:
    """What this process has seen in ``workspace``; every router over it shares that."""
    with _guard:
        return _memories.setdefault(workspace.root, Memory())
