"""The embedded model: a llama.cpp server in a process of its own, started on first use and watched.

A crash of the engine is a crash of that process: the caller gets a typed error and the next call starts it again. All
backends of one Python process share one engine process for a model file.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nootropic_kernel.models import files
from nootropic_kernel.models.catalogue import EMBEDDED, CatalogueModel
from nootropic_kernel.models.contract import Answer, Availability, ChatRequest, OnText
from nootropic_kernel.models.engine import EngineOptions, EngineProcess
from nootropic_kernel.models.errors import AnswerCut, BackendUnreachable, InferenceError, ModelError
from nootropic_kernel.models.replies import error_of, overflow, parsed
from nootropic_kernel.models.wire import Endpoint, Limits, chat
from nootropic_kernel.workspace.location import Workspace

# Beyond this a prompt is refused by its size alone, because counting takes a second a megabyte.
_COUNTED_BYTES = 2 << 20
_BYTES_PER_TOKEN = 4

T = TypeVar("T")

_shared: dict[tuple[Path, EngineOptions], EngineProcess] = {}
_guard = threading.Lock()


class EmbeddedBackend:
    """The catalogue's embedded model, served by our own child process."""

    def __init__(
        self,
        model: CatalogueModel,
        workspace: Workspace,
        *,
        use_gpu: bool = False,
        max_size_gb: float | None = None,
        limits: Limits | None = None,
        idle_s: float = 600.0,
    ) -> None:
        self.model = model
        self._workspace = workspace
        self._max_size_gb = max_size_gb
        self._limits = limits or Limits()
        self._options = EngineOptions(
            alias=model.name, n_ctx=model.serve.n_ctx, n_batch=model.serve.n_batch, gpu=use_gpu, idle_s=idle_s
        )

    @property
    def name(self) -> str:
        """``embedded``."""
        return EMBEDDED

    @property
    def identity(self) -> str:
        """The model's file, by its digest."""
        return f"{EMBEDDED} {self.model.name} {self.model.file.sha256}"

    def available(self) -> Availability:
        """Whether the file is there and small enough. Starts nothing."""
        if self._max_size_gb is not None and self.model.file.size > self._max_size_gb * 1e9:
            return Availability(
                False,
                f"The model {self.model.name!r} has {self.model.file.size / 1e9:.2f} GB; "
                f"your settings allow {self._max_size_gb:g} GB.",
                "Raise maxModelSizeGB in your settings.",
            )
        if not files.is_present(self.model):
            return Availability(
                False,
                f"The model {self.model.name!r} is not on this machine.",
                f"Run `noo models pull` ({self.model.source.size / 1e6:.0f} MB, once).",
            )
        return Availability(True)

    def chat(
        self, request: ChatRequest, on_text: OnText | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Answer ``request``; starts the engine when it is not running.

        :raises ModelError: when there is no whole, valid answer.
        :raises Interrupted: within a second of ``cancel`` being set; the engine may drain behind it.
        """
        size = sum(len(message.content.encode()) for message in request.messages)
        if size > _COUNTED_BYTES:
            raise overflow(EMBEDDED, size // _BYTES_PER_TOKEN, self.model.serve.n_ctx, estimated=True)
        return self._with_engine(lambda endpoint: chat(endpoint, request, on_text, cancel, self._limits), cancel)

    def count_tokens(self, text: str) -> int:
        """The exact number of tokens of ``text``; starts the engine when it is not running."""
        return self._with_engine(lambda endpoint: _count(endpoint, text), None)

    def is_running(self) -> bool:
        """Whether this process has the engine running."""
        engine = _shared.get(self._place)
        return engine is not None and engine.is_alive()

    def engine_pid(self) -> int | None:
        """The process id of the running engine."""
        engine = _shared.get(self._place)
        return engine.pid if engine is not None else None

    def close(self) -> None:
        """End the engine process; the next call starts it again."""
        with _guard:
            engine = _shared.pop(self._place, None)
        if engine is not None:
            engine.close()

    @property
    def _place(self) -> tuple[Path, EngineOptions]:
        return self.model.path, self._options

    def _engine(self) -> EngineProcess:
        with _guard:
            if self._place not in _shared:
                if not _shared:
                    atexit.register(close_all)
                self._workspace.ensure()
                log_folder = self._workspace.state_dir / "models"
                _shared[self._place] = EngineProcess(self.model.path, self._options, log_folder)
            return _shared[self._place]

    def _with_engine(self, work: Callable[[Endpoint], T], cancel: threading.Event | None) -> T:
        files.verified_path(self.model)
        for last_try in (False, True):
            engine = self._engine()
            try:
                with engine.request(cancel) as (port, key):
                    return work(Endpoint(EMBEDDED, f"http://127.0.0.1:{port}/v1", self.model.name, key))
            except (AnswerCut, BackendUnreachable) as error:
                ended = engine.how_it_ended()
                if ended is None:
                    raise
                # It may have stopped, being idle, just as we asked; as long as nothing was said, ask again.
                if last_try or error.data.get("partial"):
                    raise _crashed(self.model, ended, error) from error
        raise AssertionError("unreachable")


def _count(endpoint: Endpoint, text: str) -> int:
    import httpx

    url = endpoint.url.removesuffix("/v1") + "/tokenize"
    headers = {"Authorization": f"Bearer {endpoint.key}"}
    try:
        reply = httpx.post(url, json={"content": text}, headers=headers, timeout=60.0, trust_env=False, verify=False)
    except httpx.TransportError as error:
        raise BackendUnreachable("The embedded model did not count tokens.", why=str(error)) from error
    if reply.status_code != 200:
        raise error_of(reply.status_code, reply.text[:65_536], reply.headers, endpoint.name)
    return len(parsed(reply.text, endpoint.name).get("tokens", ()))


def _crashed(model: CatalogueModel, ended: str, error: ModelError) -> InferenceError:
    return InferenceError(
        "The embedded model's process ended in the middle of an answer.",
        why=f"{ended[0].upper()}{ended[1:]}. Your kernel and your files are not affected.",
        next="Run this again: the model starts anew at the next call.",
        model=model.name,
        ended=ended,
        partial=error.data.get("partial", ""),
    )


def close_all() -> None:
    """End every engine process that this process started."""
    with _guard:
        engines = list(_shared.values())
        _shared.clear()
    for engine in engines:
        engine.close()


def _after_fork() -> None:
    global _guard
    _guard = threading.Lock()
    for engine in _shared.values():
        engine.abandon()
    _shared.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
