"""llama.cpp's own HTTP server: OpenAI's protocol, and beside it the tokenizer, the chat template and LoRA by request.

https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from nootropic_kernel.models.backends.openai_compatible import OpenAICompatible
from nootropic_kernel.models.backends.server import Cancel
from nootropic_kernel.models.contract import ChatRequest, Features, Message, Probe, SchemaSupport
from nootropic_kernel.models.errors import InferenceError
from nootropic_kernel.models.exchange import Endpoint, Exchange
from nootropic_kernel.models.refusals import count, malformed, name, parsed
from nootropic_kernel.models.transport import fetch, stream

# Servers that said that their model cannot fill in the middle; asked once a process.
_without_fill: set[tuple[str, str]] = set()


class LlamaCpp(OpenAICompatible):
    """A llama.cpp server."""

    kind = "llamacpp"
    claims = Features(schema="enforced", embeddings=True, exact_tokens=True, adapters=True, batch=2)

    _adapters: dict[str, int] | None = None

    def probe(self, cancel: Cancel = None) -> Probe:
        """Its build, model and window, by ``/props``.

        :raises ModelError: when it does not answer like llama.cpp.
        """
        properties = self._properties(cancel)
        return Probe(name(properties.get("build_info")), tuple(self._listed(cancel)), self._window_of(properties))

    def count_tokens(self, content: str | Sequence[Message]) -> int:
        """The exact number, by ``/tokenize``; a conversation is put into the model's own template first.

        :raises ModelError: when the server does not answer.
        """
        body: dict[str, Any] = {"content": content}
        if not isinstance(content, str):
            messages = [{"role": message.role, "content": message.content} for message in content]
            prompt = self._fetch(f"{self.root}/apply-template", {"messages": messages}, None).get("prompt")
            body = {"content": prompt, "add_special": True, "parse_special": True}
        reply = self._fetch(f"{self.root}/tokenize", body, None)
        tokens = reply.get("tokens")
        if not isinstance(tokens, list):
            raise malformed(self.name, str(reply)[:200])
        return len(tokens)

    def window(self, cancel: Cancel = None) -> int | None:
        """The settings' figure, else what ``/props`` says of one slot.

        :raises ModelError: when the server has to be asked and does not answer.
        """
        return self.settings.context_window or self._window_of(self._properties(cancel))

    def adapters(self, cancel: Cancel = None) -> dict[str, int]:
        """The number of each LoRA adapter that the server was started with, by its file's name without the ending.

        It is asked once: a server never loads another one.

        :raises ModelError: when the server does not answer.
        """
        if self._adapters is not None:
            return self._adapters
        endpoint = self.endpoint()
        call = self._call(endpoint, f"{self.root}/lora-adapters")
        try:
            listed = parsed(fetch(endpoint, call, cancel, self.limits), self.name)
        except InferenceError as error:
            if error.data.get("status") != 404:
                raise
            # A server from before adapters, or a router of several that has none of its own.
            listed = []
        numbers: dict[str, int] = {}
        for row in listed if isinstance(listed, list) else ():
            if isinstance(row, dict) and (number := count(row.get("id"))) is not None:
                numbers[PurePath(str(row.get("path"))).stem] = number
        self._adapters = numbers
        return numbers

    def fill(self, prefix: str, suffix: str, max_tokens: int, cancel: Cancel = None) -> str:
        """The code that belongs between ``prefix`` and ``suffix``, by ``/infill``; from a model that was not trained to
        fill in the middle, what goes on after ``prefix``, by ``/completion``.

        :raises ModelError: when there is none.
        """
        body: dict[str, Any] = {"n_predict": max_tokens, "temperature": 0.0, "cache_prompt": True}
        if self.place not in _without_fill:
            try:
                both = {**body, "input_prefix": prefix, "input_suffix": suffix}
                return self._content(self._fetch(f"{self.root}/infill", both, cancel))
            except InferenceError as error:
                if error.data.get("status") not in (400, 404, 501):
                    raise
                _without_fill.add(self.place)
        return self._content(
            self._fetch(f"{self.root}/completion", {**body, "prompt": prefix, "stop": ["\n\n"]}, cancel)
        )

    def _content(self, reply: dict[str, Any]) -> str:
        text = reply.get("content")
        if not isinstance(text, str):
            raise malformed(self.name, str(reply)[:200])
        return text

    @property
    def _base(self) -> str:
        return f"{self.root}/v1"

    def _properties(self, cancel: Cancel) -> dict[str, Any]:
        properties = self._fetch(f"{self.root}/props", None, cancel)
        if not isinstance(properties.get("default_generation_settings"), dict):
            raise malformed(self.name, str(properties)[:200])
        return properties

    def _window_of(self, properties: dict[str, Any]) -> int | None:
        return self.settings.context_window or count(properties["default_generation_settings"].get("n_ctx"))

    def _start(
        self, endpoint: Endpoint, request: ChatRequest, kept: SchemaSupport, listened: bool, cancel: Cancel
    ) -> Exchange:
        body = self._body(request, kept)
        if lora := self._lora(request.adapter, cancel):
            body["lora"] = lora
        return stream(endpoint, self._call(endpoint, f"{self._base}/chat/completions", body, "events"), self.limits)

    def _lora(self, wanted: str, cancel: Cancel) -> list[dict[str, Any]]:
        """How much of each adapter to apply: all of ``wanted``, nothing of the others.

        :raises InferenceError: when there is none called ``wanted``.
        """
        known = self.adapters(cancel)
        if wanted and wanted not in known:
            raise InferenceError(
                f"The backend {self.name!r} has no adapter {wanted!r}.",
                why=f"It has: {', '.join(known) or 'none'}.",
                next="Start the server with `--lora FILE --lora-init-without-apply`.",
                backend=self.name,
            )
        # Said in every request: one that says nothing goes on with what the cache holds of another adapter.
        return [{"id": number, "scale": float(stem == wanted)} for stem, number in known.items()]
