"""Anthropic's Messages API: named events without a ``[DONE]``, and the system prompt beside the messages.

https://docs.claude.com/en/api/messages-streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nootropic_kernel.models.backends.server import Cancel, ServerBackend
from nootropic_kernel.models.contract import ChatRequest, Features, Probe, SchemaSupport
from nootropic_kernel.models.conversation import Chunk
from nootropic_kernel.models.exchange import Endpoint, Exchange, Frame
from nootropic_kernel.models.refusals import count, malformed, name, parsed_object
from nootropic_kernel.models.transport import stream

_VERSION = "2023-06-01"
_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}


class Anthropic(ServerBackend):
    """Anthropic, asked only because the person named it."""

    kind = "anthropic"
    claims = Features(schema="enforced", batch=4)

    def probe(self, cancel: Cancel = None) -> Probe:
        """The models that it lists, and the window of ours.

        :raises ModelError: when it does not answer, or refuses the key.
        """
        rows = self._fetch(f"{self.root}/v1/models?limit=1000", None, cancel).get("data")
        if not isinstance(rows, list):
            raise malformed(self.name, str(rows)[:200])
        listed = {name(row.get("id")): row for row in rows if isinstance(row, dict)}
        window = self.settings.context_window or count(listed.get(self.settings.model, {}).get("max_input_tokens"))
        return Probe(_VERSION, tuple(listed), window)

    def window(self, cancel: Cancel = None) -> int | None:
        """The settings' figure, else what the model's own document says.

        :raises ModelError: when the server has to be asked and does not answer.
        """
        if self.settings.context_window:
            return self.settings.context_window
        facts = self._fetch(f"{self.root}/v1/models/{self.settings.model}", None, cancel)
        return count(facts.get("max_input_tokens"))

    def _headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        key = {"x-api-key": endpoint.key.reveal()} if endpoint.key is not None else {}
        return {"anthropic-version": _VERSION, **key}

    def _start(
        self, endpoint: Endpoint, request: ChatRequest, kept: SchemaSupport, listened: bool, cancel: Cancel
    ) -> Exchange:
        system = "\n\n".join(message.content for message in request.messages if message.role == "system")
        body: dict[str, Any] = {
            "model": endpoint.model,
            "max_tokens": request.max_tokens,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages if m.role != "system"],
            "stream": True,
        }
        if system:
            body["system"] = system
        # Models refuse the two together.
        body |= {"temperature": request.temperature} if request.top_p is None else {"top_p": request.top_p}
        if request.stop:
            body["stop_sequences"] = list(request.stop)
        if kept != "none":
            body["output_config"] = {"format": {"type": "json_schema", "schema": request.schema}}
        return stream(
            endpoint, self._call(endpoint, f"{self.root}/v1/messages", self._accepted(body), "events"), self.limits
        )

    def _decode(self, frame: Frame, request: ChatRequest) -> Chunk:
        document = parsed_object(frame.text, self.name)
        if frame.kind == "body":
            return self._whole(document, frame.text)
        match document.get("type"):
            case "message_start":
                message = self._part(document, "message")
                return _counted(Chunk(model=name(message.get("model"))), message.get("usage"))
            case "content_block_start":
                return _block(self._part(document, "content_block"))
            case "content_block_delta":
                return _block(self._part(document, "delta"))
            case "message_delta":
                reason = self._part(document, "delta").get("stop_reason")
                return _counted(Chunk(finish_reason=_reason(reason)), document.get("usage"))
            case "message_stop":
                return Chunk(ends=True)
            case str():
                # `ping`, `content_block_stop`, and kinds of events to come, which clients are to pass over.
                return Chunk()
            case _:
                raise malformed(self.name, frame.text)

    def _whole(self, document: dict[str, Any], text: str) -> Chunk:
        blocks, reason = document.get("content"), _reason(document.get("stop_reason"))
        if not isinstance(blocks, list) or reason is None:
            raise malformed(self.name, text)
        parts = [_block(block) for block in blocks if isinstance(block, dict)]
        said, thought = "".join(part.text for part in parts), "".join(part.reasoning for part in parts)
        chunk = Chunk(said, thought, reason, name(document.get("model")), ends=True)
        return _counted(chunk, document.get("usage"))

    def _part(self, document: dict[str, Any], key: str) -> dict[str, Any]:
        part = document.get(key)
        if not isinstance(part, dict):
            raise malformed(self.name, str(document)[:200])
        return part


def _block(block: dict[str, Any]) -> Chunk:
    """A block of content or a change of one: text and thoughts; signatures and the like say nothing to a person."""
    text, thought = block.get("text"), block.get("thinking")
    return Chunk(text if isinstance(text, str) else "", thought if isinstance(thought, str) else "")


def _reason(reason: Any) -> str | None:
    return _REASONS.get(reason, reason) if isinstance(reason, str) else None


def _counted(chunk: Chunk, usage: Any) -> Chunk:
    """``chunk`` with token counts in our terms: their ``input_tokens`` leaves out what the cache gave and took."""
    if not isinstance(usage, dict):
        return chunk
    fresh, cached = count(usage.get("input_tokens")), count(usage.get("cache_read_input_tokens"))
    read = None if fresh is None else fresh + (cached or 0) + (count(usage.get("cache_creation_input_tokens")) or 0)
    return replace(chunk, input_tokens=read, output_tokens=count(usage.get("output_tokens")), cached_tokens=cached)
