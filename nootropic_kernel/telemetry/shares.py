"""A counter that several calls run up together, shared among them so that the shares add up to what was counted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

Read = Callable[[], float | None]


class Share:
    """What one call has of a counter; ``amount`` is None when the counter could not be read."""

    def __init__(self, counter: SharedCounter) -> None:
        self.amount: float | None = 0.0
        self._counter = counter

    def so_far(self) -> float | None:
        """The amount by now; after leaving it stays as it is."""
        self._counter.settle()
        return self.amount


class SharedCounter:
    """Shares a counter that only grows (CPU seconds of a process, joules of a device) among those who use it at a time.

    Whenever somebody joins, leaves or looks, what was counted since the last such moment is divided equally among those
    who were there. So the shares of overlapping calls add up to the whole, and what is counted while nobody is there
    belongs to nobody.

    :param read: the counter's present value; None when it cannot be read.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._last: float | None = None
        self._there: list[Share] = []
        self._guard = threading.Lock()

    def join(self) -> Share:
        """Begin to have a share."""
        with self._guard:
            self._divide()
            share = Share(self)
            if self._last is None:
                share.amount = None
            self._there.append(share)
            return share

    def leave(self, share: Share) -> None:
        """Stop having it; its ``amount`` is final."""
        with self._guard:
            self._divide()
            self._there.remove(share)

    def settle(self) -> None:
        """Divide what was counted by now."""
        with self._guard:
            self._divide()

    def _divide(self) -> None:
        now, before = self._read(), self._last
        self._last = now
        for share in self._there:
            if now is None or before is None:
                share.amount = None
            elif share.amount is not None:
                # A counter that steps back was started anew; what it counted in between is not known to be more.
                share.amount += max(0.0, now - before) / len(self._there)


_counters: dict[Hashable, tuple[SharedCounter, int]] = {}
_guard = threading.Lock()


@contextmanager
def shared(key: Hashable, read: Read) -> Iterator[Share]:
    """A share of the counter ``key`` for the time of the block; it is final after the block.

    :param read: reads the counter; that of the first who uses it at a time is taken.
    """
    with _guard:
        counter, users = _counters.get(key, (None, 0))
        counter = counter or SharedCounter(read)
        _counters[key] = (counter, users + 1)
    share = counter.join()
    try:
        yield share
    finally:
        counter.leave(share)
        with _guard:
            users = _counters[key][1] - 1
            if users:
                _counters[key] = (counter, users)
            else:
                del _counters[key]


def _after_fork() -> None:
    # Who uses what are threads of the parent.
    global _guard
    _guard = threading.Lock()
    _counters.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
