"""Sending spans on is the work of a process of its own: no call waits for it, and none of its failures is a call's.

It reads what the workspace keeps, so its memory is bounded whatever the destination does, and a span that could not be
sent today is sent tomorrow. It is started when there are new spans and the person wants them sent, one a workspace, and
ends when there is nothing left to do.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from nootropic_kernel.telemetry.semconv import OPERATION
from nootropic_kernel.telemetry.store import SpanRecord
from nootropic_kernel.workspace import processes
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import Settings, load_settings

NAME = "span-forwarder"
_AGAIN_AFTER_S = 5.0

_woken: dict[Path, float] = {}
_guard = threading.Lock()


def wake(workspace: Workspace, records: Sequence[SpanRecord]) -> None:
    """See to it that the forwarder runs, if there is anything in ``records`` for it. Called by the thread that writes
    spans, never in the path of a call; what goes wrong here only delays the sending."""
    with _guard:
        if time.monotonic() - _woken.get(workspace.state_dir, float("-inf")) < _AGAIN_AFTER_S:
            return
    if not _wanted(load_settings(workspace), workspace, records):
        return
    with _guard:
        _woken[workspace.state_dir] = time.monotonic()
    if not workspace.state_dir.is_dir() or is_running(workspace):
        return
    try:
        processes.start(workspace, NAME, [sys.executable, "-P", "-m", _MODULE, str(workspace.root)], env=_environment())
    except (NootropicError, OSError):
        pass  # the spans are kept: the next ones try again


def is_running(workspace: Workspace) -> bool:
    """Whether the workspace's forwarder runs."""
    try:
        descriptor = os.open(lock_file(workspace), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def lock_file(workspace: Workspace) -> Path:
    """The file that the running forwarder holds a lock on."""
    return workspace.state_dir / f"{NAME}.lock"


def mlflow_database(workspace: Workspace) -> Path | None:
    """The workspace's MLflow store; None until its pipelines have made it whole (two who make it at once break it)."""
    prepared = workspace.state_dir / "dagster" / "prepared"
    database = workspace.state_dir / "mlflow.db"
    return database if prepared.exists() and database.exists() else None


_MODULE = "nootropic_kernel.telemetry.forwarder"


def _wanted(settings: Settings, workspace: Workspace, records: Sequence[SpanRecord]) -> bool:
    telemetry = settings.measuring.telemetry
    if telemetry.otlp_endpoint is not None:
        return True
    # A trace goes to MLflow for its model calls, and only where the person has made the store.
    asked = any(OPERATION in record.attributes for record in records)
    return telemetry.mlflow and asked and mlflow_database(workspace) is not None


def _environment() -> dict[str, str]:
    """Ours, without what names other stores, and with the place that this package was imported from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    own = str(Path(__file__).resolve().parents[2])
    # Relative entries would mean other folders there.
    given = [str(Path(entry).absolute()) for entry in kept.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([own, *given]),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "OTEL_SDK_DISABLED": "true",
    }
