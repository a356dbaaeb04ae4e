"""OpenAI's own API, which wants a newer name for the limit.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Any

from nootropic_kernel.models.backends.openai_compatible import OpenAICompatible
from nootropic_kernel.models.contract import ChatRequest, Features, SchemaSupport


class OpenAI(OpenAICompatible):
    """OpenAI, asked only because the person named it."""

    kind = "openai"
    claims = Features(schema="enforced", embeddings=True, batch=8)

    def _body(self, request: ChatRequest, kept: SchemaSupport) -> dict[str, Any]:
        body = super()._body(request, kept)
        body["max_completion_tokens"] = body.pop("max_tokens")
        return body
