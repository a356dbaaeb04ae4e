"""Ollama by its own API, because only that one can size the context: by OpenAI's protocol it cuts prompts silently.

https://docs.ollama.com/api
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from nootropic_kernel.models.backends.server import Cancel, ServerBackend
from nootropic_kernel.models.contract import ChatRequest, Embedding, Features, Probe, SchemaSupport
from nootropic_kernel.models.conversation import Chunk
from nootropic_kernel.models.exchange import Endpoint, Exchange, Frame
from nootropic_kernel.models.refusals import count, malformed, name, overflow, parsed_object
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.models.transport import stream

# Each change of the size loads the model anew, so it grows in steps.
_STEP = 4096
# Our estimate is up to this many times the true count. Beyond it a prompt cannot fit, or was not read whole.
_ESTIMATE_FACTOR = 3
_TEMPLATE_TOKENS = 64


class Ollama(ServerBackend):
    """An Ollama server."""

    kind = "ollama"
    claims = Features(schema="enforced", embeddings=True, batch=4)

    _asked_window = False
    _window: int | None = None

    def probe(self, cancel: Cancel = None) -> Probe:
        """Its version, the models that it has, and the window of ours.

        :raises ModelError: when it does not answer like Ollama.
        """
        version = name(self._fetch(f"{self.root}/api/version", None, cancel).get("version"))
        rows = self._fetch(f"{self.root}/api/tags", None, cancel).get("models")
        if not isinstance(rows, list):
            raise malformed(self.name, str(rows)[:200])
        models = tuple(name(row.get("name")) for row in rows if isinstance(row, dict))
        return Probe(version, models, self.window(cancel) if self.settings.model in models else None)

    def _vectors(self, texts: Sequence[str], cancel: Cancel) -> Embedding:
        """One vector a text, by ``/api/embed``; a text that is too long is an error, not cut.

        :raises ModelError: when there are no whole, valid vectors.
        """
        body = {"model": self.settings.model, "input": list(texts), "truncate": False}
        reply = self._fetch(f"{self.root}/api/embed", body, cancel)
        tokens = count(reply.get("prompt_eval_count"))
        return self._embedding(reply.get("embeddings"), texts, name(reply.get("model")), tokens)

    def window(self, cancel: Cancel = None) -> int | None:
        """The settings' figure, else the length that the model was made for, by ``/api/show``; asked for once.

        :raises ModelError: when the server has to be asked and does not answer.
        """
        if self.settings.context_window:
            return self.settings.context_window
        if not self._asked_window:
            facts = self._fetch(f"{self.root}/api/show", {"model": self.settings.model}, cancel).get("model_info")
            sizes = facts.items() if isinstance(facts, dict) else ()
            self._window = next((count(size) for key, size in sizes if key.endswith(".context_length")), None)
            self._asked_window = True
        return self._window

    def _start(
        self, endpoint: Endpoint, request: ChatRequest, kept: SchemaSupport, listened: bool, cancel: Cancel
    ) -> Exchange:
        body = {
            "model": endpoint.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "stream": True,
            # Newer servers then refuse a prompt that is too long instead of cutting it.
            "truncate": False,
            "shift": False,
            "options": self._options(request, cancel),
        }
        if kept != "none":
            body["format"] = request.schema
        return stream(endpoint, self._call(endpoint, f"{self.root}/api/chat", body, "lines"), self.limits)

    def _options(self, request: ChatRequest, cancel: Cancel) -> dict[str, Any]:
        options: dict[str, Any] = {
            "num_ctx": self._context(request, cancel),
            "num_predict": request.max_tokens,
            "temperature": request.temperature,
        }
        if request.stop:
            options["stop"] = list(request.stop)
        if request.top_p is not None:
            options["top_p"] = request.top_p
        if request.seed is not None:
            options["seed"] = request.seed
        return options

    def _context(self, request: ChatRequest, cancel: threading.Event | None) -> int:
        """The context that the request needs.

        :raises ContextOverflow: when the model certainly has none of that size; the server judges what is near.
        """
        window = self.window(cancel)
        needed = estimate(request.messages) + request.max_tokens
        if window is not None and needed > window * _ESTIMATE_FACTOR:
            raise overflow(self.name, needed, window, estimated=True)
        size = -(-needed // _STEP) * _STEP
        return size if window is None else min(size, window)

    def _decode(self, frame: Frame, request: ChatRequest) -> Chunk:
        document = parsed_object(frame.text, self.name)
        message = document.get("message") or {}
        if not isinstance(message, dict):
            raise malformed(self.name, frame.text)
        text, thought = message.get("content") or "", message.get("thinking") or ""
        done, reason = document.get("done"), document.get("done_reason") or "stop"
        if not all(isinstance(value, str) for value in (text, thought, reason)) or not isinstance(done, bool):
            raise malformed(self.name, frame.text)
        read = count(document.get("prompt_eval_count"))
        if done:
            self._check_whole(request, read)
        return Chunk(
            text,
            thought,
            reason if done else None,
            name(document.get("model")),
            read,
            count(document.get("eval_count")),
            ends=done,
        )

    def _check_whole(self, request: ChatRequest, read: int | None) -> None:
        """:raises ContextOverflow: when the server read so few tokens that it cannot have read the whole prompt."""
        expected = estimate(request.messages)
        if read is not None and (read + _TEMPLATE_TOKENS) * _ESTIMATE_FACTOR < expected:
            said = f"It read {read} tokens of a prompt of about {expected}, so it left a part of it out."
            raise overflow(self.name, None, None, said=said)
