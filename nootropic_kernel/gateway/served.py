"""The models that the gateway serves: the person's backends under their own names, and ``auto``, which chooses."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from nootropic_kernel.gateway.errors import Refused
from nootropic_kernel.models.contract import Answer, Backend, ChatRequest, Embedding, OnText
from nootropic_kernel.models.errors import InvalidOutput, NotOffered
from nootropic_kernel.models.matcher import Policy
from nootropic_kernel.models.router import Router, candidates
from nootropic_kernel.models.validation import Validator, ask_validated
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings

AUTO = "auto"


class _AtLimit(Exception):
    """The answer was cut at the request's own limit: asking again would cut it again."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


@dataclass
class Asked:
    """One request to a model: a name of ``/v1/models``, and what is asked.

    :param reuse: whether an answer that was given to the same request before may be given again.
    :param gather: whether it may wait a moment for others, to go to the model together with them.
    :param backend: the name of who is being asked; while nobody is, empty.
    """

    model: str
    request: ChatRequest
    reuse: bool = False
    gather: bool = False
    backend: str = ""

    def prepare(self, backend: Backend, request: ChatRequest) -> ChatRequest:
        """The request, as ``backend`` is about to be asked."""
        self.backend = backend.name
        return request


class ServedModels:
    """What can be asked, by the settings in force at each call."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def names(self) -> list[str]:
        """The names to ask for: ``auto`` and each backend that can be asked."""
        return [AUTO, *(backend.name for backend in self._backends() if backend.available().ok)]

    def check(self, name: str) -> None:
        """:raises Refused: when no model here has that name."""
        if name != AUTO:
            self._backend(name)

    def embedder(self, name: str) -> Backend:
        """The backend of that name; for ``auto`` the first that has embeddings.

        :raises Refused: for an unknown name.
        :raises NotOffered: when there are no embeddings.
        """
        asked = self._backends() if name == AUTO else [self._backend(name)]
        for backend in asked:
            if backend.features.embeddings and backend.available().ok:
                return backend
        raise NotOffered(
            "No model here has embeddings." if name == AUTO else f"The model {name!r} has no embeddings.",
            next="Name a backend that has them in your settings.",
        )

    def answer(self, asked: Asked, on_text: OnText | None, cancel: threading.Event) -> Answer:
        """Ask a model, as a span of the workspace; an answer that must have a shape has it.

        A model that was named is the only one asked; for ``auto`` another one is where the first fails before any of
        its answer was heard.

        :raises ModelError: when there is no whole, valid answer.
        :raises BudgetExceeded, PriceUnknown: when a budget does not allow it.
        """
        router = Router(load_settings(self._workspace), self._workspace)
        name = "" if asked.model == AUTO else asked.model
        policy = Policy(backend=name, reuse=asked.reuse, gather=asked.gather, mends_shape=True)

        def ask(request: ChatRequest) -> Answer:
            try:
                return router.answer(
                    lambda backend: asked.prepare(backend, request), on_text, cancel, policy=policy
                )  # fmt: skip
            except InvalidOutput as error:
                if error.data.get("fault") != "length":
                    raise
                # As OpenAI has it: an answer that was cut at the request's own limit is an answer, and says so.
                cut = Answer(str(error.data["text"]), str(error.data["model"]), asked.backend, "length")
                raise _AtLimit(cut) from error

        with span(self._workspace, "gateway chat", {semconv.FACE: "gateway"}):
            if asked.request.schema is None:
                return ask(asked.request)
            try:
                return ask_validated(ask, asked.request, Validator(asked.request.schema)).answer
            except _AtLimit as cut:
                return cut.answer

    def embed(self, backend: Backend, texts: Sequence[str], cancel: threading.Event) -> Embedding:
        """Ask a backend for vectors, as a span of the workspace."""
        with span(self._workspace, "gateway embeddings", {semconv.FACE: "gateway"}):
            return backend.embed(texts, cancel)

    def _backend(self, name: str) -> Backend:
        for backend in self._backends():
            if backend.name == name and backend.available().ok:
                return backend
        raise unknown_model(name)

    def _backends(self) -> list[Backend]:
        return candidates(load_settings(self._workspace), self._workspace)


def unknown_model(name: str) -> Refused:
    """The refusal of a name that no model has."""
    return Refused(
        404,
        "model_not_found",
        f"There is no model {name[:60]!r} here.",
        next="GET /v1/models lists those that can be asked.",
        param="model",
    )
