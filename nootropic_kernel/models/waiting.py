"""Waiting for a lock between processes in a way that a person can stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.locks import LockBusy, process_lock

_POLL_S = 0.2


@contextmanager
def patient_lock(
    path: Path,
    cancel: threading.Event | None,
    *,
    timeout_s: float | None = None,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Hold the lock on ``path``, waiting until it is free.

    :param on_wait: called once, when the lock turns out to be held by another process.
    :raises Interrupted: when ``cancel`` is set while waiting.
    :raises LockBusy: when it is not free within ``timeout_s`` seconds.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        told = False
        while True:
            try:
                stack.enter_context(process_lock(path, timeout_s=_POLL_S))
                break
            except LockBusy:
                waited = time.monotonic() - started
                if timeout_s is not None and waited >= timeout_s:
                    raise LockBusy(path, timeout_s) from None
            if cancel is not None and cancel.is_set():
                raise Interrupted()
            if not told:
                told = True
                on_wait()
        yield
