"""OpenAI's own API. It wants a newer name for the limit, and its reasoning models refuse some sampling parameters.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any

from nootropic_kernel.models.backends.openai_compatible import OpenAICompatible
from nootropic_kernel.models.backends.server import Cancel
from nootropic_kernel.models.contract import Answer, ChatRequest, Features, OnText, SchemaSupport
from nootropic_kernel.models.errors import InferenceError

# What a model may refuse, and an answer can do without.
_DISPENSABLE = frozenset({"temperature", "top_p", "seed"})
_refused: dict[tuple[str, str], frozenset[str]] = {}


class OpenAI(OpenAICompatible):
    """OpenAI, asked only because the person named it."""

    kind = "openai"
    claims = Features(schema="enforced", embeddings=True, batch=8)

    def chat(self, request: ChatRequest, on_text: OnText | None = None, cancel: Cancel = None) -> Answer:
        """Answer ``request``; a sampling parameter that the model refuses is left out from then on.

        :raises ModelError: when there is no whole, valid answer.
        :raises Interrupted: within a second of ``cancel`` being set.
        """
        while True:
            try:
                return super().chat(request, on_text, cancel)
            except InferenceError as error:
                refused = error.data.get("param")
                if error.data.get("status") != 400 or refused not in _DISPENSABLE - self._without():
                    raise
                _refused[self._model] = self._without() | {refused}

    @property
    def _model(self) -> tuple[str, str]:
        return self.settings.url, self.settings.model

    def _without(self) -> frozenset[str]:
        return _refused.get(self._model, frozenset())

    def _body(self, request: ChatRequest, kept: SchemaSupport) -> dict[str, Any]:
        body = super()._body(request, kept)
        body["max_completion_tokens"] = body.pop("max_tokens")
        return {key: value for key, value in body.items() if key not in self._without()}
