"""Petals: models that volunteers run together, by the HTTP and WebSocket API of its chat server.

It knows no messages, only a text to go on with, so the conversation is written out. What is sent passes through
computers of strangers, wherever the API's own server is.

https://github.com/petals-infra/chat.petals.dev#apis
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nootropic_kernel.models.backends.server import Cancel, ServerBackend
from nootropic_kernel.models.contract import ChatRequest, Features, Message, Probe, SchemaSupport
from nootropic_kernel.models.conversation import Chunk
from nootropic_kernel.models.exchange import Endpoint, Exchange, Frame
from nootropic_kernel.models.refusals import error_of, malformed, parsed
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.models.transport import Call, Stream, stream

# What ends an answer of a Llama model, one token that the server can be told to stop at.
_END = "</s>"
_TURN = "\n\nUser:"


class Petals(ServerBackend):
    """Petals, asked only because the person named it."""

    kind = "petals"
    # The package comes with several others that people install for notebooks, but not with all.
    claims = Features(streaming=importlib.util.find_spec("websockets") is not None, schema="none")

    def probe(self, cancel: Cancel = None) -> Probe:
        """Whether somebody serves the model, found out by one token: the API has no document to ask for.

        :raises ModelError: when nobody does.
        """
        self.chat(ChatRequest((Message("user", "Hi"),), max_tokens=1), cancel=cancel)
        return Probe(models=(self.settings.model,), window=self.settings.context_window)

    def _start(
        self, endpoint: Endpoint, request: ChatRequest, kept: SchemaSupport, listened: bool, cancel: Cancel
    ) -> Exchange:
        prompt = _written_out(request.messages)
        asked = {"inputs": prompt, **_sampling(request)}
        if not (listened and self.claims.streaming):
            form = {"model": endpoint.model, "max_new_tokens": request.max_tokens, **asked}
            return stream(endpoint, self._call(endpoint, f"{self.root}/api/v1/generate", form), self.limits)
        from nootropic_kernel.models.backends.petals_socket import StopFilter, generate

        length = estimate(prompt) + request.max_tokens
        requests = (
            {"type": "open_inference_session", "model": endpoint.model, "max_length": length},
            {"type": "generate", "max_new_tokens": 1, "stop_sequence": _END, **asked},
        )
        url = f"ws{self.root.removeprefix('http')}/api/v2/generate"
        stop = StopFilter(_marks(request), request.max_tokens)
        return Exchange(
            endpoint, self.limits, lambda exchange: generate(exchange, url, self._headers(endpoint), requests, stop)
        )

    def _call(self, endpoint: Endpoint, url: str, body: Mapping[str, Any] | None = None, stream: Stream = None) -> Call:
        return replace(super()._call(endpoint, url, body, stream), form=True)

    def _decode(self, frame: Frame, request: ChatRequest) -> Chunk:
        document = parsed(frame.text, self.name)
        if not isinstance(document, dict) or not isinstance(document.get("ok"), bool):
            raise malformed(self.name, frame.text)
        if not document["ok"]:
            # The last line of a Python traceback says what went wrong.
            lines = str(document.get("traceback")).strip().splitlines()
            raise error_of(500, lines[-1] if lines else "", {}, self.name)
        outputs = document.get("outputs")
        if not isinstance(outputs, str):
            raise malformed(self.name, frame.text)
        if frame.kind == "message":
            reason = document.get("finish_reason")
            return Chunk(outputs, finish_reason=reason, ends=reason is not None)
        ends = [place for mark in _marks(request) if (place := outputs.find(mark)) >= 0]
        return Chunk(outputs[: min(ends, default=None)], finish_reason="stop" if ends else "length", ends=True)


def _written_out(messages: Sequence[Message]) -> str:
    """A conversation as one text that ends where the assistant goes on."""
    names = {"system": "", "user": "User: ", "assistant": "Assistant: "}
    turns = [f"{names.get(message.role, '')}{message.content}" for message in messages]
    return "\n\n".join([*turns, "Assistant:"])


def _marks(request: ChatRequest) -> tuple[str, ...]:
    return (_END, _TURN, *request.stop)


def _sampling(request: ChatRequest) -> dict[str, Any]:
    if request.temperature <= 0:
        return {"do_sample": 0}
    top_p = {} if request.top_p is None else {"top_p": request.top_p}
    return {"do_sample": 1, "temperature": request.temperature, **top_p}
