"""Who owns the engine: the workspace's service, or this process where there can be none.

All backends of a workspace, in whatever process, share the service's engine. Without the service, all backends of one
Python process share one engine process for a model file.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nootropic_kernel.models.engine import EngineProcess
from nootropic_kernel.models.engine_options import EngineOptions, Reached
from nootropic_kernel.models.errors import InferenceError, ModelError, ModelLoadFailed
from nootropic_kernel.telemetry.meter import Used
from nootropic_kernel.workspace import service
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.service_place import ServiceUnavailable

# A service that did not start is not tried again at each call, because that can take long to fail.
_RETRY_SERVICE_S = 60.0

_own: dict[tuple[Path, EngineOptions], EngineProcess] = {}
_failed: dict[Path, tuple[float, str]] = {}
_guard = threading.Lock()


@dataclass(frozen=True)
class _Leased:
    port: int
    key: str = field(repr=False)
    pid: int
    lease: service.Lease = field(repr=False)

    def how_it_ended(self) -> str | None:
        return self.lease.how_it_ended()

    def meter(self) -> Used:
        return self.lease.used()


class SharedEngine:
    """The engine of one model file, as a backend reaches it."""

    def __init__(self, workspace: Workspace, model: Path, options: EngineOptions) -> None:
        self._workspace = workspace
        self._model = model
        self._options = options

    @contextmanager
    def request(self, cancel: threading.Event | None = None, queued: bool = True) -> Iterator[Reached]:
        """The engine for one request, started if needed.

        :param queued: wait for the requests that came before; counting tokens, for one, need not.
        :raises ModelLoadFailed: when it does not start.
        :raises Interrupted: when ``cancel`` is set before it is ready.
        """
        with ExitStack() as stack:
            reached: Reached | None = self._lease(stack, cancel, queued)
            yield reached or stack.enter_context(self.own().request(cancel))

    def _lease(self, stack: ExitStack, cancel: threading.Event | None, queued: bool) -> _Leased | None:
        """The service's engine, leased until the stack ends; None where there is no service."""
        if unavailable(self._workspace):
            return None
        params = {"model": str(self._model), "options": self._options.to_json(), "queued": queued}
        try:
            lease = stack.enter_context(service.lease(self._workspace, "model", params, cancel))
        except ServiceUnavailable as error:
            _failed[self._workspace.root] = (time.monotonic(), error.why)
            return None
        except service.ServiceRefused as error:
            raise _as_model_error(error) from error
        granted = lease.granted
        return _Leased(int(granted["port"]), str(granted["key"]), int(granted["pid"]), lease)

    def own(self) -> EngineProcess:
        """The engine process that belongs to this process, started or not."""
        place = (self._model, self._options)
        with _guard:
            if place not in _own:
                if not _own:
                    atexit.register(close_all)
                self._workspace.ensure()
                _own[place] = EngineProcess(self._model, self._options, self._workspace.state_dir / "models")
            return _own[place]

    def pid(self) -> int | None:
        """The process id of the running engine; starts nothing."""
        mine = _own.get((self._model, self._options))
        if mine is not None and mine.pid is not None:
            return mine.pid
        for engine in shared_engines(self._workspace):
            if engine["file"] == str(self._model):
                return int(engine["pid"])
        return None

    def close(self) -> None:
        """End the engine process that belongs to this process, if there is one."""
        with _guard:
            engine = _own.pop((self._model, self._options), None)
        if engine is not None:
            engine.close()


def unavailable(workspace: Workspace) -> str:
    """Why this process starts engines itself; empty when the workspace's service does."""
    since, why = _failed.get(workspace.root, (0.0, ""))
    if why and time.monotonic() - since < _RETRY_SERVICE_S:
        return why
    return service.obstacle(workspace)


def shared_engines(workspace: Workspace) -> list[dict[str, Any]]:
    """The engines that the workspace's service holds now; starts nothing."""
    found = service.status(workspace)
    return list(found["holds"]["model"]["engines"]) if found is not None else []


def close_all() -> None:
    """End every engine process that belongs to this process."""
    with _guard:
        engines = list(_own.values())
        _own.clear()
    for engine in engines:
        engine.close()


def _as_model_error(error: service.ServiceRefused) -> ModelError:
    given = error.data["error"]
    kind = ModelLoadFailed if given.get("type") == "ModelLoadFailed" else InferenceError
    data = given.get("data")
    return kind(error.what, why=error.why, next=error.next, **(data if isinstance(data, dict) else {}))


def _after_fork() -> None:
    global _guard
    _guard = threading.Lock()
    for engine in _own.values():
        engine.abandon()
    _own.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
