"""Servers that speak OpenAI's chat completions: LM Studio, `transformers serve`, LiteLLM, and many more.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nootropic_kernel.models.backends.server import Cancel, ServerBackend
from nootropic_kernel.models.contract import ChatRequest, Embedding, Features, Probe, SchemaSupport
from nootropic_kernel.models.conversation import Chunk
from nootropic_kernel.models.exchange import Endpoint, Exchange, Frame
from nootropic_kernel.models.refusals import count, malformed, name, parsed_object
from nootropic_kernel.models.transport import stream


class OpenAICompatible(ServerBackend):
    """An OpenAI-compatible server that we know nothing more about."""

    kind = "openai-compatible"
    claims = Features(schema="asked", embeddings=True, batch=4)

    def probe(self, cancel: Cancel = None) -> Probe:
        """The models that it lists.

        :raises ModelError: when it does not answer, or lists none.
        """
        return Probe(models=tuple(self._listed(cancel)), window=self.window(cancel))

    def _vectors(self, texts: Sequence[str], cancel: Cancel) -> Embedding:
        """One vector a text, by ``/embeddings``.

        :raises ModelError: when there are no whole, valid vectors.
        """
        reply = self._fetch(f"{self._base}/embeddings", {"model": self.settings.model, "input": list(texts)}, cancel)
        rows = reply.get("data")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise malformed(self.name, str(reply)[:200])
        ordered = sorted(rows, key=lambda row: count(row.get("index")) or 0)
        usage = reply.get("usage")
        tokens = count(usage.get("prompt_tokens")) if isinstance(usage, dict) else None
        return self._embedding([row.get("embedding") for row in ordered], texts, name(reply.get("model")), tokens)

    @property
    def _base(self) -> str:
        return self.settings.url

    def _listed(self, cancel: Cancel) -> dict[str, dict[str, Any]]:
        """What ``/models`` says of each model."""
        reply = self._fetch(f"{self._base}/models", None, cancel)
        rows = reply.get("data")
        if not isinstance(rows, list):
            raise malformed(self.name, str(reply)[:200])
        return {name(row.get("id")): row for row in rows if isinstance(row, dict) and row.get("id")}

    def _start(
        self, endpoint: Endpoint, request: ChatRequest, kept: SchemaSupport, listened: bool, cancel: Cancel
    ) -> Exchange:
        call = self._call(endpoint, f"{self._base}/chat/completions", self._body(request, kept), "events")
        return stream(endpoint, call, self.limits)

    def _body(self, request: ChatRequest, kept: SchemaSupport) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.settings.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.stop:
            body["stop"] = list(request.stop)
        if request.top_p is not None:
            body["top_p"] = request.top_p
        if request.seed is not None:
            body["seed"] = request.seed
        if kept != "none":
            schema = {"name": "answer", "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return self._accepted(body)

    def _decode(self, frame: Frame, request: ChatRequest) -> Chunk:
        if frame.text.strip() == "[DONE]":
            return Chunk(ends=True)
        document = parsed_object(frame.text, self.name)
        chunk = _chunk(document, "message" if frame.kind == "body" else "delta")
        if chunk is None or (frame.kind == "body" and chunk.finish_reason is None):
            raise malformed(self.name, frame.text)
        return chunk


def _chunk(document: dict[str, Any], part: str) -> Chunk | None:
    """What an event or a whole completion says; None when it is none."""
    choices = document.get("choices")
    if choices is not None and not isinstance(choices, list):
        return None
    text = reasoning = ""
    reason: str | None = None
    if choices:
        choice = choices[0]
        said = choice.get(part) or {} if isinstance(choice, dict) else None
        if not isinstance(said, dict):
            return None
        # `reasoning_content` is what DeepSeek, llama.cpp and vLLM call it, `reasoning` OpenRouter and newer vLLM.
        content, thought = said.get("content"), said.get("reasoning_content") or said.get("reasoning")
        reason = choice.get("finish_reason")
        if not all(value is None or isinstance(value, str) for value in (content, thought, reason)):
            return None
        text, reasoning = content or "", thought or ""
    usage = document.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    details = counts.get("prompt_tokens_details")
    return Chunk(
        text,
        reasoning,
        reason or None,
        name(document.get("model")),
        count(counts.get("prompt_tokens")),
        count(counts.get("completion_tokens")),
        count(details.get("cached_tokens")) if isinstance(details, dict) else None,
        # A server that does not stream answers with everything at once.
        ends=part == "message",
    )
