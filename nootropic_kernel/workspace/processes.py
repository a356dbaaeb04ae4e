"""Background processes that a workspace owns: started detached, recorded, found again, and ended with all they started.

A record in ``state_dir/processes`` names the process by pid and start time, so that a pid that the system gave to
somebody else is never touched. Every descendant carries the record's token in its environment: that finds the
grandchildren even when their parent was killed.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nootropic_kernel.workspace import loopback
from nootropic_kernel.workspace.errors import Interrupted, NootropicError
from nootropic_kernel.workspace.location import Workspace

if TYPE_CHECKING:
    import psutil

TOKEN_VARIABLE = "NOOTROPIC_SUPERVISED"
_POLL_S = 0.1


class ProcessNotReady(NootropicError):
    """A process that we started ended, or did not answer in time."""

    def __init__(self, name: str, reason: str, log: str) -> None:
        super().__init__(
            f"{name} did not start.",
            why=f"{reason}{_tail(Path(log))}",
            next=f"See its log {log}, then try again.",
            name=name,
            log=log,
        )


class ProcessSurvived(NootropicError):
    """A process that we started could not be ended."""

    def __init__(self, name: str, pids: Sequence[int]) -> None:
        super().__init__(
            f"{name} could not be ended.",
            why=f"Still running: {', '.join(map(str, pids))}.",
            next="End these processes by hand; their record is kept.",
            name=name,
            pids=list(pids),
        )


@dataclass(frozen=True)
class ProcessRecord:
    """One process we own; ``pid`` is 0 between writing the record and starting the process."""

    name: str
    token: str
    argv: tuple[str, ...]
    log: str
    pid: int = 0
    started: str = ""
    since: float = 0.0
    url: str = ""


def start(
    workspace: Workspace,
    name: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    url: str = "",
) -> ProcessRecord:
    """Start ``argv`` detached from this process, with its output in ``state_dir/logs/<name>.log``, and record it.

    :raises ProcessNotReady: when the program cannot be started at all.
    """
    workspace.ensure()
    log = workspace.state_dir / "logs" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    record = ProcessRecord(name, secrets.token_hex(16), tuple(argv), str(log), since=time.time(), url=url)
    _write(workspace, record)  # before the start: who dies in between still leaves the token that finds the process
    environment = {**(os.environ if env is None else env), TOKEN_VARIABLE: record.token}
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=cwd or workspace.state_dir,
            start_new_session=True,
        )
    except OSError as error:
        forget(workspace, record)
        raise ProcessNotReady(name, f"{error}.", str(log)) from error
    finally:
        os.close(descriptor)
    record = replace(record, pid=process.pid, started=start_mark(process.pid) or "")
    _write(workspace, record)
    # Whoever starts a process must collect it, or it stays a zombie until this process ends.
    threading.Thread(target=process.wait, name=f"nootropic-wait-{name}", daemon=True).start()
    return record


def adopt_self(workspace: Workspace, name: str) -> ProcessRecord:
    """Record the current process, which somebody else started, so that others can tell whether it still lives.

    From here on what it starts carries this record's token, not that of the process which started it.
    """
    workspace.ensure()
    token = os.environ[TOKEN_VARIABLE] = secrets.token_hex(16)
    record = ProcessRecord(
        name, token, tuple(sys.orig_argv), "", os.getpid(), start_mark(os.getpid()) or "", time.time()
    )
    _write(workspace, record)
    return record


def records(workspace: Workspace) -> list[ProcessRecord]:
    """Every record of the workspace, oldest first; unreadable ones are left out."""
    found = []
    for path in (workspace.state_dir / "processes").glob("*.json"):
        try:
            data = json.loads(path.read_text())
            record = ProcessRecord(**{**data, "argv": tuple(data["argv"])})
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if record.name == path.stem and re.fullmatch("[0-9a-f]{32}", record.token):
            found.append(record)
    return sorted(found, key=lambda record: record.since)


def find(workspace: Workspace, name: str) -> ProcessRecord | None:
    """The record of that name, whether or not its process lives."""
    return next((record for record in records(workspace) if record.name == name), None)


def forget(workspace: Workspace, record: ProcessRecord) -> None:
    """Remove the record."""
    _path(workspace, record.name).unlink(missing_ok=True)


def is_alive(record: ProcessRecord) -> bool:
    """Whether the recorded process itself (not a namesake with its pid) still runs."""
    return bool(record.pid and record.started) and start_mark(record.pid) == record.started


def members(record: ProcessRecord) -> list[psutil.Process]:
    """The process and everything it started that still runs, children whose parent died included."""
    import psutil

    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found: dict[int, psutil.Process] = {}
    if is_alive(record):
        try:
            leader = psutil.Process(record.pid)
            found.update({process.pid: process for process in (leader, *leader.children(recursive=True))})
        except psutil.Error:
            pass
    for process in psutil.process_iter():
        try:
            if process.pid not in found and process.environ().get(TOKEN_VARIABLE) == record.token:
                found[process.pid] = process
        except (psutil.Error, OSError):
            continue
    return [process for pid, process in found.items() if pid not in spared and _runs(process)]


def end(workspace: Workspace, record: ProcessRecord, *, grace_s: float = 10.0) -> int:
    """End the process and all it started, politely for ``grace_s`` seconds, then by force; return how many ended.

    :raises ProcessSurvived: when one is still there after that; its record is kept.
    """
    return end_all(workspace, [record], grace_s=grace_s)


def end_all(
    workspace: Workspace,
    owned: Sequence[ProcessRecord],
    *,
    grace_s: float = 10.0,
    keep: Sequence[ProcessRecord] = (),
) -> int:
    """End several processes at once, as :func:`end` does one; the records in ``keep`` are not removed."""
    seen: dict[int, psutil.Process] = {}  # also those that can be told no more once their parent is gone

    def still_there() -> list[psutil.Process]:
        seen.update({process.pid: process for record in owned for process in members(record)})
        return [process for process in seen.values() if _runs(process)]

    for signal_name, patience in (("terminate", grace_s), ("kill", 5.0)):
        deadline = time.monotonic() + patience
        told: set[int] = set()
        while left := still_there():
            for process in left:
                if process.pid not in told:
                    _signal(process, signal_name)
            told.update(process.pid for process in left)
            if time.monotonic() >= deadline:
                break
            _wait_gone(left, min(1.0, max(0.0, deadline - time.monotonic())))
    if survivors := still_there():
        raise ProcessSurvived(" ".join(record.name for record in owned), [process.pid for process in survivors])
    for record in owned:
        if record not in keep:
            forget(workspace, record)
    return len(seen)


def wait_ready(
    record: ProcessRecord, url: str, *, deadline_s: float = 120.0, cancel: threading.Event | None = None
) -> None:
    """Wait until ``url`` answers 200, and it is this process (or one it started) that listens there.

    :raises ProcessNotReady: when the process ends or the time is over.
    :raises Interrupted: when ``cancel`` is set.
    """
    deadline = time.monotonic() + deadline_s
    port = urllib.parse.urlsplit(url).port or 0
    while not (loopback.answers(url) and _listens(record, port)):
        if cancel is not None and cancel.is_set():
            raise Interrupted()
        if not is_alive(record):
            raise ProcessNotReady(record.name, "It ended while starting.", record.log)
        if time.monotonic() >= deadline:
            raise ProcessNotReady(record.name, f"It did not answer within {deadline_s:g} s.", record.log)
        time.sleep(_POLL_S)


def start_mark(pid: int) -> str | None:
    """What tells this process from an earlier or later one with the same pid; None when it does not run."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink("/proc/self/ns/pid")  # a container counts its pids anew
        return None if fields[0] in "ZX" else f"{boot} {namespace} {fields[19]}"
    except (OSError, IndexError):
        if Path("/proc/self/stat").exists():
            return None
    import psutil

    try:
        process = psutil.Process(pid)
        return str(process.create_time()) if _runs(process) else None
    except psutil.Error:
        return None


def _listens(record: ProcessRecord, port: int) -> bool:
    """Whether the port is ours: between choosing it and binding it, another program may have taken it."""
    import psutil

    for process in members(record):
        try:
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                    return True
        except psutil.Error:
            continue
    return False


def _runs(process: psutil.Process) -> bool:
    import psutil

    try:
        return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False


def _signal(process: psutil.Process, name: str) -> None:
    import psutil

    try:
        process.terminate() if name == "terminate" else process.kill()
    except psutil.Error:
        pass


def _wait_gone(processes: Sequence[psutil.Process], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while any(_runs(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(_POLL_S / 2)


def _path(workspace: Workspace, name: str) -> Path:
    return workspace.state_dir / "processes" / f"{name}.json"


def _write(workspace: Workspace, record: ProcessRecord) -> None:
    path = _path(workspace, record.name)
    path.parent.mkdir(exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(path)


def _tail(log: Path) -> str:
    try:
        lines = re.sub(r"\x1b\[[0-9;]*m", "", log.read_text(errors="replace")).strip().splitlines()
    except OSError:
        return ""
    return f" It last said: {lines[-1][:300]}" if lines else ""
