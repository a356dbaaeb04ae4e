"""The client of the workspace service: finds it, starts it when needed, and leases what it holds."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import nootropic_kernel
from nootropic_kernel.workspace.errors import Interrupted, NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.locks import LockBusy, patient_lock
from nootropic_kernel.workspace.processes import TOKEN_VARIABLE, start_mark
from nootropic_kernel.workspace.service_place import ServicePlace, ServiceRecord, ServiceUnavailable, identity
from nootropic_kernel.workspace.service_wire import Wire, WireClosed, WireSilent
from nootropic_kernel.workspace.settings import load_settings

# Long enough for a machine that is busy with other things; after it a service counts as hung and is replaced.
GREETING_S = 30.0
START_S = 60.0
LEASE_S = 900.0
# What a service is given to let its leases end, and then to end itself.
DRAIN_S = 10.0
# A mere look at it takes no longer.
_LOOK_S = 3.0
_TRIES = 3
_POLL_S = 0.05
_SWITCH = "NOOTROPIC_SERVICE"


class ServiceRefused(NootropicError):
    """The service could not give what was asked for; ``data["error"]`` is the error as it came."""


@dataclass
class Lease:
    """The right to use what was leased, as long as the block that it was leased for."""

    granted: dict[str, Any]
    _wire: Wire

    def how_it_ended(self) -> str | None:
        """How the leased thing ended, in words; None when it still runs."""
        try:
            self._wire.send({"op": "ended"})
            ended = self._wire.receive(GREETING_S).get("ended")
        except (WireClosed, WireSilent):
            return "the workspace service ended"
        return ended if isinstance(ended, str) else None

    def used(self) -> dict[str, float | None]:
        """What was used of it for this lease so far, by the counter's name; empty when nobody can tell any more."""
        try:
            self._wire.send({"op": "used"})
            used = self._wire.receive(GREETING_S).get("used")
        except (WireClosed, WireSilent):
            return {}
        return used if isinstance(used, dict) else {}


def obstacle(workspace: Workspace) -> str:
    """Why this workspace has no service and each process starts its own; empty when it may have one."""
    if os.environ.get(_SWITCH, "").lower() in ("off", "0", "no", "false"):
        return f"The environment variable {_SWITCH} switches it off."
    if not load_settings(workspace).workspace_service:
        return "Your settings switch it off (workspaceService)."
    return ServicePlace.of(workspace.root).obstacle()


@contextmanager
def lease(
    workspace: Workspace, name: str, params: Mapping[str, Any], cancel: threading.Event | None = None
) -> Iterator[Lease]:
    """Use what the service holds under ``name``; the service is started when it does not run.

    :raises ServiceUnavailable: when there can be none here.
    :raises ServiceRefused: when it cannot give that.
    :raises Interrupted: when ``cancel`` is set before it is this caller's turn.
    """
    if found := obstacle(workspace):
        raise ServiceUnavailable(found)
    for _ in range(_TRIES):
        wire, record = _connect(workspace, cancel)
        try:
            try:
                wire.send({"key": record.key, "op": "lease", "name": name, "params": dict(params)})
                reply = wire.receive(LEASE_S, cancel)
            except WireClosed:
                continue  # it was ending, or somebody killed it; nothing of the work was begun
            except WireSilent:
                raise ServiceUnavailable(f"It granted nothing for {LEASE_S:g} seconds.") from None
            if not reply.get("ok"):
                raise _refusal(reply)
            yield Lease(reply, wire)
            return
        finally:
            wire.close()
    raise ServiceUnavailable(f"It ended {_TRIES} times while it was asked.")


def status(workspace: Workspace) -> dict[str, Any] | None:
    """What the running service says of itself; None when none runs. Starts nothing."""
    connected = _try_connect(ServicePlace.of(workspace.root), _LOOK_S)
    if connected is None:
        return None
    wire, record = connected
    try:
        wire.send({"key": record.key, "op": "status"})
        reply = wire.receive(_LOOK_S)
    except (WireClosed, WireSilent):
        return None
    finally:
        wire.close()
    return reply if reply.get("ok") else None


def stop(workspace: Workspace) -> int | None:
    """End the service, its leases first for some seconds; its process id, None when none ran.

    :raises ServiceUnavailable: when it cannot be ended.
    """
    place = ServicePlace.of(workspace.root)
    record = place.record()
    if record is None or start_mark(record.pid) != record.mark:
        return None
    _end(record)
    return record.pid


def _connect(workspace: Workspace, cancel: threading.Event | None) -> tuple[Wire, ServiceRecord]:
    """A connection to the service of this very version, started when there is none.

    :raises ServiceUnavailable: when it does not start.
    """
    place = ServicePlace.of(workspace.root)
    place.prepare()
    if (found := _try_connect(place)) and found[1].identity == identity():
        return found
    if found:
        found[0].close()
    try:
        with patient_lock(place.start_lock, cancel, timeout_s=START_S):
            # Whoever held the lock before us has probably started it.
            found = _try_connect(place)
            if found is not None and found[1].identity != identity():
                found[0].close()
                found = None
            if found is None:
                old = place.record()
                if old is not None and start_mark(old.pid) == old.mark:
                    _end(old)  # of another version or Python, or it does not answer any more
                try:
                    _start(workspace, place, cancel)
                except ServiceUnavailable:
                    # One whose starter was stopped may have come up meanwhile, and ours gave way to it.
                    if (found := _try_connect(place)) is None:
                        raise
                else:
                    found = _try_connect(place)
    except LockBusy as error:
        raise ServiceUnavailable(f"Another process has been starting it for {START_S:g} seconds.") from error
    except OSError as error:
        raise ServiceUnavailable(f"{error.strerror or error}.") from error
    if found is None:
        raise ServiceUnavailable("It started and does not answer.")
    return found


def _try_connect(place: ServicePlace, patience_s: float = GREETING_S) -> tuple[Wire, ServiceRecord] | None:
    record = place.record()
    if record is None:
        return None
    try:
        wire = Wire.to(str(place.socket))
    except OSError:
        return None
    try:
        wire.receive(patience_s)
    except (WireClosed, WireSilent):
        wire.close()
        return None
    return wire, record


def _start(workspace: Workspace, place: ServicePlace, cancel: threading.Event | None) -> None:
    workspace.ensure()
    program = Path(nootropic_kernel.__file__).with_name("run_module.py")
    idle_s = load_settings(workspace).service_idle_minutes * 60
    command = [sys.executable, "-P", str(program), "nootropic_kernel.host", "--root", str(workspace.root)]
    command += ["--state", str(workspace.state_dir), "--folder", str(place.folder), "--idle-s", str(idle_s)]
    # It works in its own folder, where no repository can have put a module that a relative PYTHONPATH would find. The
    # process that we start only starts the service and ends: the service is nobody's child, and belongs
    # to no group of processes that is ended together.
    environment = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
    process = subprocess.Popen(
        command, cwd=place.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    said: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read_report, args=(process.stdout, said), daemon=True).start()
    deadline = time.monotonic() + START_S
    try:
        line = _awaited(said, deadline, cancel)
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()
    try:
        reply = json.loads(line)
    except ValueError:
        reply = {"error": f"It ended while starting; see {workspace.state_dir / 'logs' / 'service.log'}."}
    if not reply.get("ready"):
        raise ServiceUnavailable(str(reply.get("error")))


def _read_report(output: IO[bytes], said: queue.Queue[bytes]) -> None:
    with output:
        said.put(output.readline())


def _awaited(said: queue.Queue[bytes], deadline: float, cancel: threading.Event | None) -> bytes:
    while True:
        try:
            return said.get(timeout=_POLL_S)
        except queue.Empty:
            if cancel is not None and cancel.is_set():
                raise Interrupted() from None
            if time.monotonic() >= deadline:
                raise ServiceUnavailable(f"It was not ready after {START_S:g} seconds.") from None


def _end(record: ServiceRecord) -> None:
    """End the service politely, then by force."""
    for number, patience_s in ((signal.SIGTERM, DRAIN_S + 5.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(record.pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if start_mark(record.pid) != record.mark:
                return
            time.sleep(_POLL_S)
    raise ServiceUnavailable(f"The process {record.pid} of an earlier service cannot be ended.")


def _refusal(reply: dict[str, Any]) -> ServiceRefused:
    error = reply.get("error")
    error = error if isinstance(error, dict) else {}
    return ServiceRefused(
        str(error.get("what") or "The workspace service refused."),
        why=str(error.get("why") or ""),
        next=str(error.get("next") or ""),
        error=error,
    )
