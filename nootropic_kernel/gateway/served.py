"""The models that the gateway serves: the person's backends under their own names, and ``auto``, which chooses."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from nootropic_kernel.gateway.errors import Refused
from nootropic_kernel.models.contract import Answer, Backend, ChatRequest, Embedding, OnText
from nootropic_kernel.models.errors import NotOffered
from nootropic_kernel.models.forecast import foreseen_call
from nootropic_kernel.models.router import candidates, choose
from nootropic_kernel.telemetry.budget import within_budget
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings

AUTO = "auto"


class ServedModels:
    """What can be asked, by the settings in force at each call."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def names(self) -> list[str]:
        """The names to ask for: ``auto`` and each backend that can be asked."""
        return [AUTO, *(backend.name for backend in self._backends() if backend.available().ok)]

    def backend(self, name: str) -> Backend:
        """The backend of that name; for ``auto`` the one that is chosen.

        :raises Refused: for an unknown name.
        :raises NoModel: when none can be asked.
        """
        if name == AUTO:
            return choose(load_settings(self._workspace), self._workspace)
        for backend in self._backends():
            if backend.name == name and backend.available().ok:
                return backend
        raise unknown_model(name)

    def embedder(self, name: str) -> Backend:
        """The backend of that name; for ``auto`` the first that has embeddings.

        :raises Refused: for an unknown name.
        :raises NotOffered: when there are no embeddings.
        """
        asked = self._backends() if name == AUTO else [self.backend(name)]
        for backend in asked:
            if backend.features.embeddings and backend.available().ok:
                return backend
        raise NotOffered(
            "No model here has embeddings." if name == AUTO else f"The model {name!r} has no embeddings.",
            next="Name a backend that has them in your settings.",
        )

    def answer(self, backend: Backend, request: ChatRequest, on_text: OnText, cancel: threading.Event) -> Answer:
        """Ask a backend, as a span of the workspace.

        :raises BudgetExceeded: when a budget does not allow it.
        """
        measuring = load_settings(self._workspace).measuring
        with span(self._workspace, "gateway chat", {"nootropic.face": "gateway"}):
            with within_budget(foreseen_call(backend, request), measuring):
                return backend.chat(request, on_text, cancel)

    def embed(self, backend: Backend, texts: Sequence[str], cancel: threading.Event) -> Embedding:
        """Ask a backend for vectors, as a span of the workspace."""
        with span(self._workspace, "gateway embeddings", {"nootropic.face": "gateway"}):
            return backend.embed(texts, cancel)

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
