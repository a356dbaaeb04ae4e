"""A model server that the person named in their own settings, spoken to by the OpenAI wire protocol."""

from __future__ import annotations

import os
import threading

from nootropic_kernel.models.contract import Answer, Availability, ChatRequest, OnText
from nootropic_kernel.models.errors import AuthenticationFailed
from nootropic_kernel.models.wire import Endpoint, Limits, chat
from nootropic_kernel.workspace.settings import BackendSettings

# Three bytes a token errs on the side of too many for code and for most languages.
_BYTES_PER_TOKEN = 3


class HttpBackend:
    """An OpenAI-compatible server: Ollama, vLLM, llama.cpp, Tabby, a router, or a cloud that the person chose."""

    def __init__(self, settings: BackendSettings, limits: Limits | None = None) -> None:
        self._settings = settings
        self._limits = limits or Limits()

    @property
    def name(self) -> str:
        """The name that the person gave it."""
        return self._settings.name

    @property
    def identity(self) -> str:
        """Where it is, and which model it is asked for."""
        return f"{self._settings.name} {self._settings.url} {self._settings.model}"

    def available(self) -> Availability:
        """Whether it can be asked as far as this machine knows; the server itself is not contacted."""
        variable = self._settings.api_key_env
        if variable and not os.environ.get(variable):
            return Availability(
                False,
                f"The backend {self.name!r} takes its key from {variable}, which is not set.",
                f"Set the environment variable {variable}, or remove apiKeyEnv from your settings.",
            )
        return Availability(True)

    def chat(
        self, request: ChatRequest, on_text: OnText | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Answer ``request``.

        :raises ModelError: when there is no whole, valid answer.
        :raises Interrupted: within a second of ``cancel`` being set.
        """
        state = self.available()
        if not state.ok:
            raise AuthenticationFailed(state.reason, next=state.next, backend=self.name)
        settings = self._settings
        key = os.environ.get(settings.api_key_env) if settings.api_key_env else None
        return chat(Endpoint(settings.name, settings.url, settings.model, key), request, on_text, cancel, self._limits)

    def count_tokens(self, text: str) -> int:
        """A cautious estimate: the protocol has no way to ask."""
        return -(-len(text.encode()) // _BYTES_PER_TOKEN)

    def close(self) -> None:
        """Nothing is held between calls."""
