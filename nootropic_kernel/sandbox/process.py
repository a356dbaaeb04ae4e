"""One run from its start to its end: the process that confines itself, the watch over it, and the end of all in it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psutil

from nootropic_kernel.sandbox import bubblewrap
from nootropic_kernel.sandbox.inside.spec import APPROVED, BUBBLEWRAP, LANDLOCK, Spec
from nootropic_kernel.sandbox.limits import Limits
from nootropic_kernel.sandbox.result import SandboxUnavailable
from nootropic_kernel.sandbox.view import (
    INSIDE,
    SHARED_DEVICES,
    SHARED_FACTS,
    View,
    interpreter,
    variables,
    view_of,
    within,
)
from nootropic_kernel.sandbox.watchdog import Watchdog
from nootropic_kernel.workspace.errors import Interrupted

TIME_IS_UP = 124
_OUTPUT_LIMIT = 200_000
_POLL_S = 0.05
# For the kernel to take down what is left: longer than any load of the machine, as nothing may be left.
_GRACE_S = 10.0
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from inside.program import main; main()"
# The newest version of Landlock that is used; tests pretend to older ones.
_NEWEST_LANDLOCK = 99


@dataclass(frozen=True)
class Ended:
    """What came of a run. ``stopped_by`` is the limit that ended it, in words."""

    code: int
    output: str
    errors: str
    stopped_by: str


def execute(
    level: str,
    command: Sequence[str],
    folder: Path,
    *,
    limits: Limits,
    environment: dict[str, str],
    timeout_s: float,
    cancel: threading.Event | None,
    channel: int | None,
) -> Ended:
    """Run ``command`` in ``folder`` at ``level``, and return when nothing of it is left.

    Raises:
        SandboxUnavailable: the level could not be reached, so the command was not started.
        Interrupted: ``cancel`` was set.
    """
    folder = folder.resolve()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, _scratch(level) as scratch:
        status, status_in = os.pipe()
        try:
            spec = _spec(level, command, folder, limits, environment, scratch, status_in, channel)
            watched = [folder, *([Path(scratch)] if scratch else [])]
            process = _start(spec, out, err)
            os.close(status_in)
            status_in = -1
            stopped_by = _watch(process, Watchdog(process.pid, watched, limits), timeout_s, cancel)
            said = _all_of(status).split()
        finally:
            os.close(status)
            if status_in >= 0:
                os.close(status_in)
        output, errors = _text(out), _text(err)
        if b"ready" not in said and not stopped_by:
            raise SandboxUnavailable(f"The sandbox ({level}) could not be set up: {errors.strip()[-500:]}.")
        if len(said) == 2:
            code = int(said[1])
        else:
            code = -signal.SIGKILL if stopped_by else process.returncode
        return Ended(code, output, errors, stopped_by or _named(code, limits))


def time_told(timeout_s: float) -> str:
    """The limit on the wall time, in words."""
    return f"{timeout_s:g} s of time"


def _spec(
    level: str,
    command: Sequence[str],
    folder: Path,
    limits: Limits,
    environment: dict[str, str],
    scratch: str,
    status: int,
    channel: int | None,
) -> Spec:
    view = view_of(folder)
    home = scratch or "/tmp"
    reads, writes = ["/"], [str(folder), "/tmp", "/dev"]
    if level == LANDLOCK:
        if any(within(path, str(folder)) for path in interpreter()):
            # Rights on a folder can not be taken away again for a part of it.
            raise SandboxUnavailable(f"The interpreter lies in {folder}, and landlock could not keep it read-only.")
        reads = [*(path for path, _, writable in view.binds if not writable), *(path for path, _ in view.links)]
        reads += SHARED_FACTS
        writes = [str(folder), scratch, *SHARED_DEVICES]
    return Spec(
        level=level,
        caller=os.getpid(),
        command=[sys.executable if command[0] == "python" else command[0], *command[1:]],
        folder=str(folder),
        environment=variables(home) | environment,
        resources=limits.resources(level),
        status=status,
        channel=channel,
        links=view.links,
        binds=view.binds,
        reads=reads,
        writes=writes,
        scratch=scratch,
        tmp_mb=max(1, limits.memory_mb // 4),
        newest_abi=_NEWEST_LANDLOCK,
    )


def _start(spec: Spec, out: BinaryIO, err: BinaryIO) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-I", "-S", "-X", "utf8", "-c", _PROGRAM, str(INSIDE.parent)]
    if spec.level == BUBBLEWRAP:
        view = View(spec.links, spec.binds)
        arguments = [*bubblewrap.words(bubblewrap.program() or "bwrap", view, spec.tmp_mb), *arguments]
    with tempfile.TemporaryFile() as told:
        told.write(spec.to_bytes())
        told.seek(0)
        try:
            return subprocess.Popen(
                arguments,
                cwd="/",
                stdin=told,
                stdout=out,
                stderr=err,
                start_new_session=True,
                env={"LANG": "C.UTF-8"},
                pass_fds=[spec.status, *([] if spec.channel is None else [spec.channel])],
            )
        except OSError as problem:
            raise SandboxUnavailable(f"The sandbox does not start: {problem}.") from problem


def _watch(
    process: subprocess.Popen[bytes], watchdog: Watchdog, timeout_s: float, cancel: threading.Event | None
) -> str:
    """Wait for the end, and bring it about when a limit is over; the limit is returned, in words."""
    end = time.monotonic() + timeout_s
    try:
        with _ending(process) as ended:
            while not ended(_POLL_S):
                if cancel is not None and cancel.is_set():
                    raise Interrupted("The command was stopped.")
                if time.monotonic() > end:
                    return time_told(timeout_s)
                if over := watchdog.exceeded():
                    return over
        return ""
    finally:
        _end(process)


@contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[Callable[[float], bool]]:
    """A function that waits some seconds and says whether the process has ended."""
    if not hasattr(os, "pidfd_open"):
        yield lambda seconds: _ended_within(process, seconds)
        return
    handle = os.pidfd_open(process.pid)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    try:
        yield lambda seconds: bool(poll.poll(seconds * 1000)) and process.poll() is not None
    finally:
        os.close(handle)


def _ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the run and wait until nothing of it is left.

    With a process namespace, the end of its first process, our grandchild, is the end of all; without one, our child
    kills all others before it ends.
    """
    if process.poll() is not None:
        return
    try:
        inner = psutil.Process(process.pid).children()
    except psutil.Error:
        inner = []
    process.terminate()
    for each in inner:
        try:
            # Its parent's end is its own, but for a moment at the start when the parent has not asked for that yet.
            each.kill()
        except psutil.Error:
            pass  # it has ended
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _wait_for(inner)


def _wait_for(processes: list[psutil.Process]) -> None:
    end = time.monotonic() + _GRACE_S
    while time.monotonic() < end and any(_lives(each) for each in processes):
        time.sleep(0.005)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@contextmanager
def _scratch(level: str) -> Iterator[str]:
    """The folder for temporary files where /tmp cannot be a private one; else empty."""
    if level not in (LANDLOCK, APPROVED):
        yield ""
        return
    folder = tempfile.mkdtemp(prefix="nootropic-run-")
    try:
        yield os.path.realpath(folder)
    finally:
        # Not Python's own way: it is lost in folders nested too deeply.
        subprocess.run(["rm", "-rf", "--", folder], stderr=subprocess.DEVNULL, check=False)


def _all_of(pipe: int) -> bytes:
    """What was written to a pipe whose writers have ended. It is not waited for, should one of them still be ending."""
    os.set_blocking(pipe, False)
    try:
        return os.read(pipe, 100)
    except BlockingIOError:
        return b""


def _named(code: int, limits: Limits) -> str:
    """The limit that the kernel's signal tells of."""
    told = {-int(signal.SIGXCPU): limits.cpu_told, -int(signal.SIGXFSZ): f"{limits.file_mb} MB for each file"}
    return told.get(code, "")


def _text(file: BinaryIO) -> str:
    """What was printed; of much, the beginning and the end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size <= _OUTPUT_LIMIT:
        return file.read().decode("utf-8", "replace")
    head = file.read(_OUTPUT_LIMIT // 2).decode("utf-8", "replace")
    file.seek(size - _OUTPUT_LIMIT // 2)
    tail = file.read(_OUTPUT_LIMIT // 2).decode("utf-8", "replace")
    return f"{head}\n… {size - _OUTPUT_LIMIT} bytes left out …\n{tail}"
