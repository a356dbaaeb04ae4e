"""One process at a time drives a run; the operating system frees the lock of one that dies."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nootropic_kernel.runs.errors import RunBusy
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.locks import LockBusy, is_held, process_lock

# An unattended run must not wait for ever for one that somebody has suspended.
LONGEST_WAIT_S = 1800.0
_POLL_S = 0.1


@contextmanager
def run_lock(
    folder: Path,
    run: str,
    cancel: threading.Event,
    *,
    about: str = "",
    on_wait: Callable[[str], None] = lambda owner: None,
    timeout_s: float = LONGEST_WAIT_S,
) -> Iterator[bool]:
    """Hold the run, waiting for whoever has it; gives whether it had to wait.

    :param folder: where locks lie; made when missing.
    :param run: the run's name, which becomes a file's.
    :param about: what it works on, as :func:`at_work` tells it.
    :param on_wait: called once, with who has it in words.
    :raises Interrupted: when ``cancel`` is set while waiting.
    :raises RunBusy: when it is not free within ``timeout_s`` seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{run}.lock"
    started, waited = time.monotonic(), False
    while True:
        with ExitStack() as stack:
            try:
                descriptor = stack.enter_context(process_lock(place, timeout_s=0.0))
            except LockBusy as busy:
                if time.monotonic() - started >= timeout_s:
                    raise RunBusy(_owner(place), timeout_s) from busy
            else:
                # Its holder takes the file away at the end; who opened it before that has locked a file of no name.
                if _is_at(descriptor, place):
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, f"{os.getpid()}\n{about}\n".encode(), 0)
                    try:
                        yield waited
                    finally:
                        place.unlink(missing_ok=True)
                    return
        if not waited:
            waited = True
            on_wait(_owner(place))
        if cancel.wait(_POLL_S):
            raise Interrupted()


def at_work(folder: Path) -> set[str]:
    """What runs work on at this moment, in whatever process; a run that died is none."""
    found = set()
    for place in folder.glob("*.lock"):
        try:
            with place.open(encoding="utf-8") as file:
                about = file.read().split("\n")[1:2]
                if about and about[0] and is_held(file.fileno()):
                    found.add(about[0])
        except (OSError, UnicodeDecodeError):
            continue  # it ended just now
    return found


def _is_at(descriptor: int, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(place))
    except FileNotFoundError:
        return False


def _owner(place: Path) -> str:
    try:
        number = place.read_text().partition("\n")[0].strip()
    except OSError:
        number = ""
    if number == str(os.getpid()):
        return "Something that you stopped or started here before"
    return f"Process {number}" if number.isdigit() else "Another process"
