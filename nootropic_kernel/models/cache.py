"""Answers that were given before: the last ones of this process, in memory only, so that nothing is kept on disk."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from nootropic_kernel.models.contract import Answer, ChatRequest


class Key(NamedTuple):
    """Everything that an answer depends on.

    ``place`` is the backend's name, URL and model; ``file`` the digest of the model's file, where it is ours;
    ``request`` has messages, sampling, schema and adapter; ``prompt`` is the template's name and version.
    """

    place: tuple[str, ...]
    kind: str
    file: str
    request: ChatRequest
    prompt: str


class AnswerCache:
    """The answers used last, shared by threads.

    :param entries: how many are kept.
    :param age_s: how many seconds one is good for: a server may be given another model under the same name.
    :param clock: seconds that only grow.
    """

    def __init__(self, entries: int, age_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = entries
        self._age_s = age_s
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Answer | None:
        """The answer kept under ``key``, marked as such."""
        with self._guard:
            at, answer = self._kept.get(key, (0.0, None))
            if answer is None:
                return None
            if self._clock() - at > self._age_s:
                del self._kept[key]
                return None
            self._kept.move_to_end(key)
            return replace(answer, cached=True)

    def put(self, key: Key, answer: Answer) -> None:
        """Keep ``answer``; the one that was used least lately goes when there are too many."""
        with self._guard:
            self._kept[key] = (self._clock(), replace(answer, cached=False, switched=()))
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def drop(self, answer: Answer) -> None:
        """Forget ``answer``: it did not do."""
        plain = replace(answer, cached=False, switched=())
        with self._guard:
            for key in [key for key, (_, kept) in self._kept.items() if kept == plain]:
                del self._kept[key]
