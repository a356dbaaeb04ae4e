"""Running a command that we did not write: bubblewrap with nothing of the person's in it, or not at all."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nootropic_kernel.sandbox.limits import Limits
from nootropic_kernel.workspace.errors import Interrupted, NootropicError

LEVEL = "bubblewrap: own user, process, network and mount namespaces; no home, no network, clean environment"
UNCONFINED = "not confined: you approved it; clean environment only"
_OUTPUT_LIMIT = 200_000
_POLL_S = 0.05
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache",
           "/etc/localtime")  # fmt: skip


class SandboxUnavailable(NootropicError):
    """Code that we did not write cannot be confined on this machine, so it needs a person's own yes."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "Approval required: this command cannot be confined here, so it was not run.",
            why=why,
            next="Install bubblewrap (Debian: `apt-get install bubblewrap`), or run the command yourself.",
        )


@dataclass(frozen=True)
class SandboxResult:
    """How a command ended, and what confined it. ``code`` is 124 after the time was up, minus the signal for others."""

    code: int
    output: str
    errors: str
    level: str
    limits: tuple[str, ...]
    timed_out: bool = False


def run_confined(
    command: Sequence[str],
    folder: Path,
    *,
    timeout_s: float = 60.0,
    limits: Limits | None = None,
    environment: dict[str, str] | None = None,
    cancel: threading.Event | None = None,
    channel: int | None = None,
) -> SandboxResult:
    """Run ``command`` in ``folder``, which is all it can write to and, the system apart, all it can see.

    Args:
        command: the words of the command; a first word `python` is this interpreter.
        folder: made the working folder, at the same path inside.
        timeout_s: wall time after which everything it started is killed.
        limits: resources; see `Limits`.
        environment: variables added to an otherwise empty environment.
        cancel: when set, everything is killed and Interrupted raised.
        channel: the write end of a pipe, which the command gets as descriptor 3.

    Raises:
        SandboxUnavailable: there is no bubblewrap, or it does not work here.
    """
    why = available()
    if why:
        raise SandboxUnavailable(why)
    limits = limits or Limits(cpu_s=max(1, int(timeout_s)))
    folder = folder.resolve()
    arguments = [*_bubblewrap(folder, environment or {}), *limits.wrapper(sys.executable, channel), *_words(command)]
    told = (*limits.told(), f"{timeout_s:g} s of time", "nothing outlives it")
    return _finished(arguments, None, {}, timeout_s, cancel, LEVEL, told, channel)


def run_approved(
    command: Sequence[str],
    folder: Path,
    *,
    timeout_s: float = 60.0,
    environment: dict[str, str] | None = None,
    cancel: threading.Event | None = None,
    channel: int | None = None,
) -> SandboxResult:
    """Run ``command`` unconfined, for a person who was asked and said yes: clean environment and limits only."""
    limits = Limits(cpu_s=max(1, int(timeout_s)))
    variables = _environment() | (environment or {})
    told = (*limits.told(), f"{timeout_s:g} s of time")
    arguments = [*limits.wrapper(sys.executable, channel), *_words(command)]
    return _finished(arguments, folder, variables, timeout_s, cancel, UNCONFINED, told, channel)


def _finished(
    arguments: Sequence[str],
    folder: Path | None,
    variables: dict[str, str],
    timeout_s: float,
    cancel: threading.Event | None,
    level: str,
    limits: tuple[str, ...],
    channel: int | None,
) -> SandboxResult:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            env=variables,
            pass_fds=() if channel is None else (channel,),
        )
        timed_out = False
        end = time.monotonic() + timeout_s
        try:
            while process.poll() is None:
                if cancel is not None and cancel.is_set():
                    raise Interrupted("The command was stopped.")
                if time.monotonic() > end:
                    timed_out = True
                    break
                time.sleep(_POLL_S)
        finally:
            # Killing bubblewrap ends its process namespace, and with it all that the command started.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return SandboxResult(124 if timed_out else process.returncode, _text(out), _text(err), level, limits, timed_out)


@functools.cache
def available() -> str:
    """Empty when commands can be confined here, else the reason why not. Tried once a process."""
    program = shutil.which("bwrap", path="/usr/bin:/usr/local/bin:/bin")
    if program is None:
        return "bubblewrap (`bwrap`) is not installed."
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*_bubblewrap(Path(folder).resolve(), {}), sys.executable, "-I", "-S", "-c", "pass"]
        try:
            tried = subprocess.run(arguments, capture_output=True, timeout=20, check=False, env={})
        except (OSError, subprocess.TimeoutExpired) as problem:
            return f"bubblewrap does not start: {problem}."
        said = tried.stderr.decode(errors="replace").strip()
        return "" if tried.returncode == 0 else f"bubblewrap cannot make its namespaces here: {said}"


def _bubblewrap(folder: Path, environment: dict[str, str]) -> list[str]:
    program = shutil.which("bwrap", path="/usr/bin:/usr/local/bin:/bin") or "bwrap"
    words = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    words += ["--hostname", "sandbox"]
    for path in _SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            words += ["--ro-bind", path, path]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/home", "--dir", "/home/nobody"]
    for path in _interpreter():
        words += ["--ro-bind", path, path]
    words += ["--bind", str(folder), str(folder), "--chdir", str(folder)]
    for name, value in (_environment() | environment).items():
        words += ["--setenv", name, value]
    return [*words, "--"]


def _environment() -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/home/nobody",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }


def _words(command: Sequence[str]) -> list[str]:
    return [sys.executable if command[0] == "python" else command[0], *command[1:]]


def _interpreter() -> list[str]:
    """The folders that this Python needs, where the system's own do not hold them already; the shortest path first."""
    links = {os.path.dirname(os.path.realpath(sys.executable)), os.path.dirname(sys.executable)}
    found = {os.path.abspath(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)}
    for link in links:
        if not any(_within(link, path) for path in found):
            found.add(link)
    return sorted(path for path in found if path != "/" and not any(_within(path, system) for system in _SYSTEM))


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _text(file: object) -> str:
    """What was printed; of much, the beginning and the end."""
    assert hasattr(file, "seek") and hasattr(file, "read")
    size = int(file.seek(0, os.SEEK_END))
    file.seek(0)
    if size <= _OUTPUT_LIMIT:
        return str(bytes(file.read()).decode("utf-8", "replace"))
    head = bytes(file.read(_OUTPUT_LIMIT // 2)).decode("utf-8", "replace")
    file.seek(size - _OUTPUT_LIMIT // 2)
    tail = bytes(file.read()).decode("utf-8", "replace")
    return f"{head}\n… {size - _OUTPUT_LIMIT} bytes left out …\n{tail}"
