"""The embedded model: a llama.cpp server in a process of its own, started on first use and watched.

A crash of the engine is a crash of that process: the caller gets a typed error and the next call starts it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from nootropic_kernel.models import files, schema
from nootropic_kernel.models.backends.llamacpp import LlamaCpp
from nootropic_kernel.models.catalogue import EMBEDDED, CatalogueModel
from nootropic_kernel.models.contract import (
    Answer,
    Availability,
    ChatRequest,
    Embedding,
    Features,
    Message,
    OnText,
    Outcome,
    Probe,
    SchemaSupport,
)
from nootropic_kernel.models.engine import EngineOptions
from nootropic_kernel.models.errors import AnswerCut, BackendUnreachable, InferenceError, ModelError, NotOffered
from nootropic_kernel.models.exchange import Endpoint, Limits
from nootropic_kernel.models.keys import Key
from nootropic_kernel.models.parallel import answer_all
from nootropic_kernel.models.refusals import overflow
from nootropic_kernel.models.serving import SharedEngine
from nootropic_kernel.models.serving import close_all as close_all
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import BackendSettings

# Beyond this a prompt is refused by its size alone, because counting takes a second a megabyte.
_COUNTED_BYTES = 2 << 20
_BYTES_PER_TOKEN = 4

T = TypeVar("T")


class EmbeddedBackend:
    """The catalogue's embedded model, served by our own child process.

    :param adapters: files of LoRA adapters that requests may ask for, each by its file's name without the ending.
    """

    kind = EMBEDDED
    is_local = True

    def __init__(
        self,
        model: CatalogueModel,
        workspace: Workspace,
        *,
        use_gpu: bool = False,
        max_size_gb: float | None = None,
        adapters: Sequence[Path] = (),
        limits: Limits | None = None,
        idle_s: float = 600.0,
    ) -> None:
        self.model = model
        self._max_size_gb = max_size_gb
        self._limits = limits or Limits()
        self._options = EngineOptions(
            alias=model.name,
            n_ctx=model.serve.n_ctx,
            n_batch=model.serve.n_batch,
            gpu=use_gpu,
            idle_s=idle_s,
            adapters=tuple(adapters),
        )
        self.engine = SharedEngine(workspace, model.path, self._options)

    @property
    def name(self) -> str:
        """``embedded``."""
        return EMBEDDED

    @property
    def features(self) -> Features:
        """One answer at a time, exact tokens, schemas by LLGuidance."""
        kept = schema.support((EMBEDDED, self.model.name), "enforced")
        return Features(schema=kept, exact_tokens=True, adapters=bool(self._options.adapters))

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

    def probe(self, cancel: threading.Event | None = None) -> Probe:
        """What the engine says of itself; starts it when it is not running.

        :raises ModelError: when it cannot be started.
        """
        return self._with_engine(lambda server: server.probe(cancel), cancel, queued=False)

    def chat(
        self, request: ChatRequest, on_text: OnText | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Answer ``request``; starts the engine when it is not running.

        :raises ModelError: when there is no whole, valid answer.
        :raises Interrupted: within a second of ``cancel`` being set; the engine may drain behind it.
        """
        size = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
        if size > _COUNTED_BYTES:
            raise overflow(EMBEDDED, size // _BYTES_PER_TOKEN, self.model.serve.n_ctx, estimated=True)
        return self._with_engine(lambda server: server.chat(request, on_text, cancel), cancel)

    def batch(self, requests: Sequence[ChatRequest], cancel: threading.Event | None = None) -> list[Outcome]:
        """Answer several requests one after the other: on a CPU more at once gain nothing.

        :raises Interrupted: within a second of ``cancel`` being set.
        """
        return answer_all(self, requests, cancel, self.features.batch)

    def embed(self, texts: Sequence[str], cancel: threading.Event | None = None) -> Embedding:
        """Refused: its vectors of unrelated texts are all but equal, so that a search by them would mislead.

        :raises NotOffered: always.
        """
        raise NotOffered(
            "The embedded model has no embeddings.",
            why="It was made to write: its vectors of unrelated texts have a cosine of 0.84 and more.",
            next="Name a backend that has them.",
            backend=EMBEDDED,
        )

    def count_tokens(self, content: str | Sequence[Message]) -> int:
        """The exact number for a text, or a conversation in the model's template; starts the engine if needed.

        :raises ModelError: when it cannot be started.
        """
        return self._with_engine(lambda server: server.count_tokens(content), None, queued=False)

    def window(self, cancel: threading.Event | None = None) -> int:
        """What the engine is started with."""
        return self.model.serve.n_ctx

    def is_running(self) -> bool:
        """Whether the engine runs, in the workspace's service or below this process."""
        return self.engine.pid() is not None

    def engine_pid(self) -> int | None:
        """The process id of the running engine."""
        return self.engine.pid()

    def close(self) -> None:
        """End the engine if it is this process's own; one that others share ends when it is idle."""
        self.engine.close()

    def _with_engine(
        self, work: Callable[[_EngineServer], T], cancel: threading.Event | None, *, queued: bool = True
    ) -> T:
        files.verified_path(self.model)
        for last_try in (False, True):
            with self.engine.request(cancel, queued) as reached:
                try:
                    url = f"http://127.0.0.1:{reached.port}"
                    return work(_EngineServer(self.model.name, url, Key(reached.key), self))
                except (AnswerCut, BackendUnreachable) as error:
                    ended = reached.how_it_ended()
                    if ended is None:
                        raise
                    # It may have stopped, being idle, just as we asked; as long as nothing was said, ask again.
                    if last_try or error.data.get("partial"):
                        raise _crashed(self.model, ended, error) from error
        raise AssertionError("unreachable")


class _EngineServer(LlamaCpp):
    """The running engine, as a llama.cpp server that certainly was built with LLGuidance."""

    kind = EMBEDDED

    def __init__(self, model: str, url: str, key: Key, owner: EmbeddedBackend) -> None:
        super().__init__(BackendSettings(EMBEDDED, url, model, kind=EMBEDDED), owner._limits)
        self._key = key
        self.claims = owner.features
        self._adapters = {file.stem: number for number, file in enumerate(owner._options.adapters)}

    @property
    def place(self) -> tuple[str, str]:
        """Its port is another one each time."""
        return EMBEDDED, self.settings.model

    def endpoint(self) -> Endpoint:
        """Where it listens at present, and the key that it was started with."""
        return Endpoint(EMBEDDED, self.settings.url, self.settings.model, self._key)

    def _kept(self, request: ChatRequest) -> SchemaSupport:
        if request.schema is None or schema.grammar(request.schema, request.max_tokens) is None:
            return "none"
        return super()._kept(request)

    def _body(self, request: ChatRequest, kept: SchemaSupport) -> dict[str, Any]:
        body = super()._body(request, "none")
        if request.schema is not None:
            # What cannot be enforced whole is at least JSON.
            wanted = request.schema if kept != "none" else {}
            body["grammar"] = schema.grammar(wanted, request.max_tokens)
        return body


def _crashed(model: CatalogueModel, ended: str, error: ModelError) -> InferenceError:
    return InferenceError(
        "The embedded model's process ended in the middle of an answer.",
        why=f"{ended[0].upper()}{ended[1:]}. Your kernel and your files are not affected.",
        next="Run this again: the model starts anew at the next call.",
        model=model.name,
        ended=ended,
        partial=error.data.get("partial", ""),
    )
