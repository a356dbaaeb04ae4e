"""Confine this process as the level asks, and run the command: a child of the process that watches it end.

What it writes to the status descriptor: `ready` once all is confined, then the code of the command (minus the signal
that ended it). The command never holds that descriptor.
"""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sys

from . import landlock, linux, seccomp, spec

# `typing` takes long to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

_PR_SET_DUMPABLE = 4
_FAILED = 126


def main() -> NoReturn:
    """Read what to do from the standard input, and do it; it never returns."""
    with open(0, "rb", closefd=False) as stdin:
        run = spec.Spec.from_bytes(stdin.read())
    os.dup2(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), 0)
    try:
        if not sys.platform.startswith("linux"):
            _become(run)
        _be_the_first_to_go()
        if run.level in (spec.LANDLOCK, spec.APPROVED):
            from . import supervise

            scoped = supervise.prepare(run.caller, run.level == spec.LANDLOCK and _abi(run) >= landlock.SIGNAL_ABI)
            supervise.run(run, _started(run), scoped)
        if run.level == spec.NAMESPACES:
            from . import namespaces

            namespaces.enter(run)
        elif run.level != spec.BUBBLEWRAP:
            raise OSError(f"there is no level {run.level}")
        _first_process(run)
    except OSError as problem:
        print(f"sandbox: {problem}", file=sys.stderr, flush=True)
        os._exit(_FAILED)


def _be_the_first_to_go() -> None:
    """When memory ends, the kernel should end this run and not what else the person runs."""
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    except OSError:
        pass  # there is no /proc here: nothing is less confined for it


def _first_process(run: spec.Spec) -> NoReturn:
    """Be process 1 of the namespace: when it ends, the kernel kills all others in it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if _abi(run) < landlock.OLDEST_ABI:
        linux.prctl(_PR_SET_DUMPABLE, 0)
    command = _started(run)
    ended = status = 0
    while ended != command:
        ended, status = os.wait()
    os.write(run.status, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _started(run: spec.Spec) -> int:
    """The process that confines itself and becomes the command."""
    child = os.fork()
    if child == 0:
        _guarded(lambda: _become(run))
    if run.channel is not None:
        os.close(run.channel)
    return child


def _guarded(work: Callable[[], NoReturn]) -> NoReturn:
    """A child must not return into the code of its parent."""
    try:
        work()
    except BaseException as problem:
        print(f"sandbox: {problem}", file=sys.stderr, flush=True)
    os._exit(_FAILED)


def _become(run: spec.Spec) -> NoReturn:
    for name, soft, hard in run.resources:
        _limit(getattr(resource, name), soft, hard)
    status = _arrange_descriptors(run)
    os.chdir(run.folder)
    if run.level != spec.APPROVED:
        _confine(run)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # Python ignores these two, and what is ignored stays so in the command.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    # If the caller has died meanwhile, nobody reads this, and SIGPIPE ends the run here.
    os.write(status, b"ready\n")
    try:
        os.execvpe(run.command[0], run.command, run.environment)
    except OSError as problem:
        # As a shell says it.
        print(f"{run.command[0]}: {problem.strerror}", file=sys.stderr, flush=True)
        os._exit(127 if isinstance(problem, FileNotFoundError) else 126)


def _confine(run: spec.Spec) -> None:
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    version, alone = _abi(run), run.level == spec.LANDLOCK
    if version >= landlock.OLDEST_ABI:
        landlock.restrict_files(run.reads, run.writes, version=version, tcp=alone)
    elif alone:
        raise OSError(f"Landlock is of version {version} here, and {landlock.OLDEST_ABI} is the oldest that does")
    linux.drop_capabilities()
    if alone or os.uname().machine in seccomp.MACHINES:
        guarded = not alone or version >= landlock.SIGNAL_ABI
        seccomp.install(seccomp.rules(namespaces=not alone, signals_guarded=guarded))


def _arrange_descriptors(run: spec.Spec) -> int:
    """Leave 0, 1, 2, the channel as 3, and the status, which the command's start closes; returns the status."""
    status = fcntl.fcntl(run.status, fcntl.F_DUPFD_CLOEXEC, 10)
    first = 3
    if run.channel is not None:
        os.dup2(run.channel, first)
        first += 1
    os.closerange(first, status)
    if sys.platform.startswith("linux"):
        linux.close_from(status + 1)
    return status


def _limit(kind: int, soft: int, hard: int) -> None:
    most = resource.getrlimit(kind)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(kind, (soft, hard))


def _abi(run: spec.Spec) -> int:
    return min(landlock.abi(), run.newest_abi)
