"""Where there is no process namespace: the process that every orphan of the run falls to, and that ends them all."""

from __future__ import annotations

import os
import signal

from . import landlock, linux, spec

# `typing` takes long to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_STOPPED = 128 + signal.SIGTERM
_WAITED_FOR = {signal.SIGCHLD, signal.SIGTERM}


def prepare(caller: int, scope: bool) -> bool:
    """Be the one that orphans fall to, told by SIGTERM when the caller is gone. True when `kill(-1)` reaches only them.

    Raises:
        OSError: the caller has gone already, or a signal to it is not refused although this process is scoped.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_FOR)
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    linux.prctl(linux.PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != caller:
        raise OSError("the caller has ended")
    if not scope:
        return False
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict_signals()
    # `kill(-1)` without this scope would end everything that the person runs, so it is tried and not believed.
    try:
        os.kill(caller, 0)
    except PermissionError:
        return True
    raise OSError("Landlock does not keep signals in")


def run(told: spec.Spec, command: int, scoped: bool) -> NoReturn:
    """Wait for ``command`` or to be told to stop, end all that is left, and exit."""
    code: int | None = None
    while code is None and signal.sigwait(_WAITED_FOR) == signal.SIGCHLD:
        code = _reaped(command)
    _end_all(scoped)
    if os.getppid() != told.caller:
        import shutil  # slow to import, and only for a caller that was killed

        shutil.rmtree(told.scratch, ignore_errors=True)
    elif code is not None:
        os.write(told.status, b"%d\n" % code)
    os._exit(_STOPPED if code is None else 0)


def _reaped(command: int) -> int | None:
    """Take in all that have ended; the exit code of ``command`` if it is one of them."""
    code = None
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return code
            if pid == command:
                code = os.waitstatus_to_exitcode(status)
    except ChildProcessError:
        return code


def _end_all(scoped: bool) -> None:
    """Kill until no child is left: whatever it did, each descendant has an ancestor that is a child of this process."""
    while True:
        for pid in [-1] if scoped else _descendants():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass  # it has ended; or, in an approved run, it is another user's by now and has to end by itself
        try:
            # Not for one of them only: a first one may take its time to end.
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _descendants() -> list[int]:
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                pass  # it has ended
    found: list[int] = []
    family = {os.getpid()}
    while family:
        family = {pid for pid, parent in parents.items() if parent in family}
        found += family
    return found
