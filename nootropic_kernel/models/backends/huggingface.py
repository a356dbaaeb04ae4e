"""Hugging Face's router to inference providers: OpenAI's protocol for chat, its own for embeddings.

https://huggingface.co/docs/inference-providers
"""

from __future__ import annotations

from collections.abc import Sequence

from nootropic_kernel.models.backends.openai_compatible import OpenAICompatible
from nootropic_kernel.models.backends.server import Cancel
from nootropic_kernel.models.contract import Embedding, Features
from nootropic_kernel.models.refusals import count, error_of, parsed
from nootropic_kernel.models.transport import fetch


class HuggingFace(OpenAICompatible):
    """Hugging Face, asked only because the person named it. A model that is still loading says how long it takes."""

    kind = "huggingface"
    claims = Features(schema="asked", embeddings=True, batch=4)

    def _vectors(self, texts: Sequence[str], cancel: Cancel) -> Embedding:
        """One vector a text, by the feature-extraction pipeline; the model must be one that pools.

        :raises ModelError: when there are no whole, valid vectors.
        """
        endpoint = self.endpoint()
        url = f"{self.root}/hf-inference/models/{endpoint.model}/pipeline/feature-extraction"
        body = fetch(endpoint, self._call(endpoint, url, {"inputs": list(texts)}), cancel, self.limits)
        reply = parsed(body, self.name)
        if isinstance(reply, dict):
            raise error_of(500, body, {}, self.name)
        return self._embedding(reply, texts, endpoint.model, None)

    def window(self, cancel: Cancel = None) -> int | None:
        """The settings' figure, else the largest that a provider of the model lists.

        :raises ModelError: when the server has to be asked and does not answer.
        """
        if self.settings.context_window:
            return self.settings.context_window
        providers = self._listed(cancel).get(self.settings.model.partition(":")[0], {}).get("providers")
        rows = [row for row in providers if isinstance(row, dict)] if isinstance(providers, list) else []
        return max((size for row in rows if (size := count(row.get("context_length")))), default=None)
