"""A lock between processes that the operating system frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nootropic_kernel.workspace.errors import Interrupted, NootropicError

_POLL_S = 0.2


class LockBusy(NootropicError):
    """Another process holds the lock for longer than we are willing to wait."""

    def __init__(self, path: Path, waited_s: float) -> None:
        super().__init__(
            f"Another Nootropic process is busy ({path.name}).",
            why=f"It held the lock for more than {waited_s:g} s.",
            next="Wait for it to finish, then run this again.",
            path=str(path),
            waited_s=waited_s,
        )


@contextmanager
def process_lock(path: Path, *, timeout_s: float = 30.0) -> Iterator[int]:
    """Hold an exclusive lock on ``path`` (created when missing); gives the open file's descriptor.

    :raises LockBusy: when it is not free within ``timeout_s`` seconds.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + timeout_s
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise LockBusy(path, timeout_s)
            time.sleep(0.02)
        yield descriptor
    finally:
        os.close(descriptor)


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


def is_held(descriptor: int) -> bool:
    """Whether somebody else has locked the open file of ``descriptor``; it is not kept locked."""
    if not _try_lock(descriptor):
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
