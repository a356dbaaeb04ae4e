"""What backends whose engine is our own child process have in common.

A crash of the engine is a crash of that process: the caller gets a typed error and the next call starts it again.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from nootropic_kernel.models import schema
from nootropic_kernel.models.backends.llamacpp import LlamaCpp
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
from nootropic_kernel.models.engine_options import EngineOptions, Reached
from nootropic_kernel.models.errors import AnswerCut, BackendUnreachable, InferenceError, ModelError
from nootropic_kernel.models.exchange import Endpoint, Limits
from nootropic_kernel.models.keys import Key
from nootropic_kernel.models.parallel import answer_all
from nootropic_kernel.models.refusals import overflow
from nootropic_kernel.models.serving import SharedEngine
from nootropic_kernel.telemetry.calls import Server
from nootropic_kernel.telemetry.energy import has_nvidia_gpu
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.location import Workspace

# Beyond this a prompt is refused by its size alone, because counting takes a second a megabyte.
_COUNTED_BYTES = 2 << 20
_BYTES_PER_TOKEN = 4

T = TypeVar("T")


class EngineBackend(ABC):
    """A model that an engine of ours serves, in the workspace's service or below this process.

    :param file: the model's file or folder.
    """

    kind: str
    is_local = True

    def __init__(
        self, name: str, workspace: Workspace, file: Path, options: EngineOptions, limits: Limits | None
    ) -> None:
        self._name = name
        self._file = file
        self._options = options
        self._limits = limits or Limits()
        # By transformers an adapter is read when a request asks for it, so that a new one starts no other engine;
        # llama.cpp reads its adapters while it starts.
        started = replace(options, adapters=()) if options.kind == "transformers" else options
        self.engine = SharedEngine(workspace, file, started)

    @property
    def name(self) -> str:
        """The name that settings and answers use for it."""
        return self._name

    @property
    def identity(self) -> str:
        """The model's file or folder, and the adapters on it."""
        return " ".join([self.kind, str(self._file), *(str(path) for path in self._options.adapters)])

    @property
    @abstractmethod
    def features(self) -> Features:
        """What it can do, as far as this session knows."""

    @abstractmethod
    def available(self) -> Availability:
        """Whether it can be asked. Starts nothing."""

    @abstractmethod
    def embed(self, texts: Sequence[str], cancel: threading.Event | None = None) -> Embedding:
        """One vector a text.

        :raises NotOffered: when it has no embeddings.
        :raises ModelError: when there are no whole, valid vectors.
        """

    def _check_files(self) -> None:  # noqa: B027 — not every kind knows what its files must be
        """:raises ModelLoadFailed: when the model's files are not as they must be."""

    def probe(self, cancel: threading.Event | None = None) -> Probe:
        """What the engine says of itself; starts it when it is not running.

        :raises ModelError: when it cannot be started.
        """
        return self.with_engine(lambda server: server.probe(cancel), cancel, queued=False)

    def chat(
        self, request: ChatRequest, on_text: OnText | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Answer ``request``; starts the engine when it is not running.

        :raises ModelError: when there is no whole, valid answer.
        :raises Interrupted: within a second of ``cancel`` being set; the engine may drain behind it.
        """
        size = sum(len(message.content.encode("utf-8", "replace")) for message in request.messages)
        if size > _COUNTED_BYTES:
            raise overflow(self.name, size // _BYTES_PER_TOKEN, self._options.n_ctx, estimated=True)
        return self.with_engine(lambda server: server.chat(request, on_text, cancel), cancel)

    def batch(self, requests: Sequence[ChatRequest], cancel: threading.Event | None = None) -> list[Outcome]:
        """Answer several requests one after the other: on a CPU more at once gain nothing.

        :raises Interrupted: within a second of ``cancel`` being set.
        """
        return answer_all(self, requests, cancel, self.features.batch)

    def count_tokens(self, content: str | Sequence[Message]) -> int:
        """The exact number for a text, or a conversation in the model's template; starts the engine if needed.

        :raises ModelError: when it cannot be started.
        """
        return self.with_engine(lambda server: server.count_tokens(content), None, queued=False)

    def window(self, cancel: threading.Event | None = None) -> int | None:
        """What the engine is started with."""
        return self._options.n_ctx

    def is_running(self) -> bool:
        """Whether the engine runs, in the workspace's service or below this process."""
        return self.engine.pid() is not None

    def engine_pid(self) -> int | None:
        """The process id of the running engine."""
        return self.engine.pid()

    def close(self) -> None:
        """End the engine if it is this process's own; one that others share ends when it is idle."""
        self.engine.close()

    def with_engine(
        self, work: Callable[[EngineServer], T], cancel: threading.Event | None, *, queued: bool = True
    ) -> T:
        """What ``work`` makes of the running engine, started if needed; twice if it ended before anything was said.

        :raises ModelError: when it cannot be started or ends.
        """
        self._check_files()
        for last_try in (False, True):
            with self.engine.request(cancel, queued) as reached:
                try:
                    url = f"http://127.0.0.1:{reached.port}"
                    return work(EngineServer(url, Key(reached.key), self, reached))
                except (AnswerCut, BackendUnreachable) as error:
                    ended = reached.how_it_ended()
                    if ended is None:
                        raise
                    # It may have stopped, being idle, just as we asked; as long as nothing was said, ask again.
                    if last_try or error.data.get("partial"):
                        raise self._crashed(ended, error) from error
        raise AssertionError("unreachable")

    def _crashed(self, ended: str, error: ModelError) -> InferenceError:
        return InferenceError(
            f"The process of the model {self._options.alias!r} ended in the middle of an answer.",
            why=f"{ended[0].upper()}{ended[1:]}. Your kernel and your files are not affected.",
            next="Run this again: the model starts anew at the next call.",
            model=self._options.alias,
            ended=ended,
            partial=error.data.get("partial", ""),
        )


def adapter_name(path: Path) -> str:
    """What requests call an adapter: its folder's name, or its file's without the ending."""
    return path.stem if path.suffix == ".gguf" else path.name


class EngineServer(LlamaCpp):
    """The running engine, as a llama.cpp server that certainly was built with LLGuidance."""

    def __init__(self, url: str, key: Key, owner: EngineBackend, reached: Reached) -> None:
        settings = BackendSettings(owner.name, url, owner._options.alias, kind=owner.kind)
        super().__init__(settings, owner._limits)
        self._key = key
        self.claims = owner.features
        self._owner = owner
        self._reached = reached
        self._adapters = {adapter_name(file): number for number, file in enumerate(owner._options.adapters)}

    @property
    def place(self) -> tuple[str, str]:
        """Its port is another one each time."""
        return self.name, self.settings.model

    def endpoint(self) -> Endpoint:
        """Where it listens at present, and the key that it was started with."""
        return Endpoint(self.name, self.settings.url, self.settings.model, self._key)

    def _served(self) -> Server:
        gpu = self._owner._options.gpu and has_nvidia_gpu()
        reached = self._reached
        return Server(self.name, self._owner.kind, self.settings.model, True, reached.pid, gpu, reached.meter)

    def _lora(self, wanted: str, cancel: threading.Event | None) -> list[dict[str, Any]]:
        rows, options = super()._lora(wanted, cancel), self._owner._options
        if options.kind != "transformers":
            return rows
        return [{"path": str(options.adapters[row["id"]]), "scale": row["scale"]} for row in rows if row["scale"]]

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
