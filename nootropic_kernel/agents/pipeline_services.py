"""The pipeline services of a workspace: how Dagster and MLflow are started and ended, and the nightly job run.

They run as processes of their own, by module name: nothing here imports them.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nootropic_kernel.agents.pipeline_stores import PipelineStores, package_parent, require_usable
from nootropic_kernel.workspace import loopback, processes
from nootropic_kernel.workspace.errors import Interrupted, NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.locks import process_lock
from nootropic_kernel.workspace.processes import ProcessRecord

DEFINITIONS = "nootropic_pipelines.definitions"
NIGHT_PREFIX = "night-"
_READY_S = 180.0
_PATIENCE_ON_INTERRUPT_S = 0.5

Tell = Callable[[str, float | None], None]


class NightFailed(NootropicError):
    """The nightly job ended with an error."""


@dataclass(frozen=True)
class Service:
    """One background service: its record's name, what to call it, the usual port (0: none) and its health page."""

    name: str
    title: str
    port: int = 0
    health: str = ""


WEBSERVER = Service("dagster-webserver", "Dagster", 3000, "/server_info")
DAEMON = Service("dagster-daemon", "Dagster daemon")
MLFLOW = Service("mlflow", "MLflow", 5000, "/health")
SERVICES = (WEBSERVER, DAEMON, MLFLOW)
BY_CHOICE = {"all": SERVICES, "dagster": (WEBSERVER, DAEMON), "mlflow": (MLFLOW,), "none": (DAEMON,)}


def running(workspace: Workspace) -> dict[str, ProcessRecord]:
    """The records of the services that live, by name."""
    found = {service.name: processes.find(workspace, service.name) for service in SERVICES}
    return {name: record for name, record in found.items() if record is not None and processes.is_alive(record)}


def nights(workspace: Workspace) -> list[ProcessRecord]:
    """The nightly runs that live."""
    return [
        record
        for record in processes.records(workspace)
        if record.name.startswith(NIGHT_PREFIX) and processes.is_alive(record)
    ]


def up(
    workspace: Workspace, choice: str, *, tell: Tell, cancel: threading.Event
) -> tuple[dict[str, ProcessRecord], bool]:
    """Start the chosen services that do not run yet; return all that run, and whether any was started.

    :raises NootropicError: when one does not start; those started with it are ended again.
    """
    require_usable(workspace)
    with _only_one(workspace):
        alive = running(workspace)
        wanted = [service for service in BY_CHOICE[choice] if service.name not in alive]
        if not wanted:
            return alive, False
        for service in wanted:
            if stale := processes.find(workspace, service.name):
                processes.end(workspace, stale)
        prepare(workspace, tell=tell, cancel=cancel)
        tell(f"Starting {', '.join(service.title for service in wanted)} …", 0.3)
        started: list[ProcessRecord] = []
        try:
            started.extend(_start(workspace, service) for service in wanted)
            for position, (service, record) in enumerate(zip(wanted, started, strict=True), start=1):
                if service.health:
                    processes.wait_ready(record, record.url + service.health, deadline_s=_READY_S, cancel=cancel)
                elif not processes.is_alive(record):
                    raise processes.ProcessNotReady(record.name, "It ended while starting.", record.log)
                if service is WEBSERVER:
                    _check_location(record)
                tell(f"{service.title} is ready.", 0.3 + 0.7 * position / len(wanted))
        except BaseException as error:
            stopped = isinstance(error, Interrupted | KeyboardInterrupt)
            processes.end_all(workspace, started, grace_s=_PATIENCE_ON_INTERRUPT_S if stopped else 10.0)
            raise
        return running(workspace), True


def down(workspace: Workspace) -> int:
    """End every service and nightly run of this workspace with all they started; return how many processes ended."""
    with _only_one(workspace):
        names = {service.name for service in SERVICES} | {"prepare", "nightly"}
        found = processes.records(workspace)
        owned = [record for record in found if record.name in names]
        in_flight = [record for record in found if record.name.startswith(NIGHT_PREFIX)]
        # The record of a night cut short stays: the next start sees by it that Dagster must be told.
        ended = processes.end_all(workspace, [*owned, *in_flight], keep=in_flight)
        return ended


def prepare(workspace: Workspace, *, tell: Tell, cancel: threading.Event) -> None:
    """Make the stores on first use, and report nights that were cut short as failed.

    :raises NootropicError: when that fails.
    """
    stores = PipelineStores(workspace)
    if stores.ready and not _dead_nights(workspace):
        return
    tell("Making the Dagster and MLflow stores …" if not stores.ready else "Clearing up after a crash …", 0.05)
    _run_module(workspace, "prepare", "nootropic_pipelines.prepare", [], tell=tell, cancel=cancel)


def run_nightly(workspace: Workspace, *, force: bool, tell: Tell, cancel: threading.Event) -> dict[str, Any]:
    """Run the nightly job in a process of its own and return its outcome.

    :raises NightFailed: when the job ends with an error.
    :raises Interrupted: when ``cancel`` is set; the run is ended.
    """
    require_usable(workspace)
    options = ["--force"] if force else []
    with _only_one(workspace, "nightly.lock"):
        try:
            return _run_module(workspace, "nightly", "nootropic_pipelines.night", options, tell=tell, cancel=cancel)
        finally:
            # A run cut short leaves its record, for Dagster to be told, but no kernel.
            processes.end_all(workspace, dead := _dead_nights(workspace), grace_s=0.5, keep=dead)


def _dead_nights(workspace: Workspace) -> list[ProcessRecord]:
    """The records of nightly runs whose process ended before they did."""
    found = processes.records(workspace)
    return [record for record in found if record.name.startswith(NIGHT_PREFIX) and not processes.is_alive(record)]


def _run_module(
    workspace: Workspace, name: str, module: str, options: Sequence[str], *, tell: Tell, cancel: threading.Event
) -> dict[str, Any]:
    if stale := processes.find(workspace, name):
        processes.end(workspace, stale)
    workspace.ensure()
    news = workspace.state_dir / f"{name}.news.jsonl"
    news.unlink(missing_ok=True)
    environment = {**PipelineStores(workspace).environment(), "NOOTROPIC_NEWS": str(news)}
    argv = [sys.executable, "-m", module, *options]
    record = processes.start(workspace, name, argv, env=environment)
    grace_s = 5.0
    try:
        for line in _follow(news, record, cancel):
            if "result" in line:
                return dict(line["result"])
            if "error" in line:
                fault = line["error"]
                raise NightFailed(fault["what"], why=fault["why"], next=fault["next"], **fault["data"])
            tell(line["text"], line.get("fraction"))
    except (Interrupted, KeyboardInterrupt):
        grace_s = _PATIENCE_ON_INTERRUPT_S
        raise
    finally:
        # The outcome is the last thing it says; what it leaves behind (a kernel, a server) ends with it.
        processes.end(workspace, record, grace_s=grace_s)
        news.unlink(missing_ok=True)
    raise processes.ProcessNotReady(name, "It ended without a result.", record.log)


def _follow(news: Path, record: ProcessRecord, cancel: threading.Event) -> Iterator[dict[str, Any]]:
    """The lines that the process writes, as they come, until it ends."""
    position = 0
    while True:
        alive = processes.is_alive(record)
        if news.exists():
            with news.open("rb") as file:
                file.seek(position)
                for raw in file:
                    if not raw.endswith(b"\n"):
                        break
                    position += len(raw)
                    yield json.loads(raw)
        if not alive:
            return
        if cancel.wait(0.1):
            raise Interrupted("The run was stopped.", log=record.log)


def _start(workspace: Workspace, service: Service) -> ProcessRecord:
    stores = PipelineStores(workspace)
    environment = stores.environment()
    port = loopback.free_port(service.port) if service.port else 0
    url = f"http://{loopback.LOOPBACK}:{port}" if port else ""
    if service is WEBSERVER:
        # Dagster's page asks nobody who they are, and its websocket accepts any web site: its address is a secret.
        secret = "/" + secrets.token_urlsafe(12)
        environment["DAGSTER_WEBSERVER_PATH_PREFIX"] = secret
        url += secret
    python = [sys.executable, "-m"]
    # `-d` replaces the current folder, which Dagster would import from.
    location = ["-m", DEFINITIONS, "-d", str(package_parent("nootropic_pipelines"))]
    argv = {
        WEBSERVER: [*python, "dagster_webserver", "-h", loopback.LOOPBACK, "-p", str(port), *location],
        DAEMON: [*python, "dagster._daemon", "run", *location],
        MLFLOW: [
            *[*python, "mlflow", "server", "--host", loopback.LOOPBACK, "--port", str(port), "--workers", "1"],
            *["--backend-store-uri", stores.tracking_uri, "--no-serve-artifacts"],
            *["--default-artifact-root", stores.artifacts.as_uri()],
        ],
    }[service]
    return processes.start(workspace, service.name, argv, env=environment, cwd=stores.dagster_home, url=url)


@contextmanager
def _only_one(workspace: Workspace, name: str = "pipelines.lock") -> Iterator[None]:
    workspace.ensure()
    with process_lock(workspace.state_dir / name, timeout_s=2.0):
        yield


def _check_location(record: ProcessRecord) -> None:
    """Dagster's page comes up even when it cannot load our definitions; then nothing would ever run.

    :raises ProcessNotReady: when it could not.
    """
    query = """{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {
        ... on PythonError { message } } } } } }"""
    try:
        answer = loopback.post_json(f"{record.url}/graphql", {"query": query})
    except OSError as error:
        raise processes.ProcessNotReady(record.name, f"Its page does not answer: {error}.", record.log) from error
    entries = answer["data"]["workspaceOrError"].get("locationEntries", [])
    faults = [(entry["locationOrLoadError"] or {}).get("message") for entry in entries]
    if not entries or any(faults):
        reason = "; ".join(str(fault).strip().splitlines()[0] for fault in faults if fault)
        raise processes.ProcessNotReady(record.name, f"It cannot load the pipelines: {reason}.", record.log)
