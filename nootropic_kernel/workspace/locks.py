"""A lock between processes that the operating system frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nootropic_kernel.workspace.errors import NootropicError


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


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
