"""vLLM: OpenAI's protocol, and beside it the tokenizer, LoRA adapters by model name, and many requests at once.

https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nootropic_kernel.models.backends.openai_compatible import OpenAICompatible
from nootropic_kernel.models.backends.server import Cancel
from nootropic_kernel.models.contract import ChatRequest, Features, Message, Probe, SchemaSupport
from nootropic_kernel.models.refusals import count, malformed, name
from nootropic_kernel.models.transport import fetch


class VLLM(OpenAICompatible):
    """A vLLM server."""

    kind = "vllm"
    claims = Features(schema="enforced", embeddings=True, exact_tokens=True, adapters=True, batch=32)

    def probe(self, cancel: Cancel = None) -> Probe:
        """Its version, models and adapters.

        :raises ModelError: when it does not answer like vLLM.
        """
        listed = self._listed(cancel)
        version = name(self._fetch(f"{self.root}/version", None, cancel).get("version"))
        return Probe(version, tuple(listed), self._window_of(listed))

    def count_tokens(self, content: str | Sequence[Message]) -> int:
        """The exact number, by ``/tokenize``.

        :raises ModelError: when the server does not answer.
        """
        body: dict[str, Any] = {"model": self.settings.model}
        if isinstance(content, str):
            body |= {"prompt": content, "add_special_tokens": False}
        else:
            body |= {"messages": [{"role": m.role, "content": m.content} for m in content]}
        reply = self._fetch(f"{self.root}/tokenize", body, None)
        tokens = count(reply.get("count"))
        if tokens is None:
            raise malformed(self.name, str(reply)[:200])
        return tokens

    def window(self, cancel: Cancel = None) -> int | None:
        """The settings' figure, else what the model list says.

        :raises ModelError: when the server has to be asked and does not answer.
        """
        return self.settings.context_window or self._window_of(self._listed(cancel))

    def load_adapter(self, name: str, path: str, cancel: Cancel = None) -> None:
        """Let the server load the LoRA adapter at ``path`` (of its machine) for requests that ask for ``name``.

        It must have been started with ``VLLM_ALLOW_RUNTIME_LORA_UPDATING=True``.

        :raises ModelError: when it does not.
        """
        endpoint = self.endpoint()
        body = {"lora_name": name, "lora_path": path}
        call = self._call(endpoint, f"{self.root}/v1/load_lora_adapter", body)
        # It answers with a sentence and no content type.
        fetch(endpoint, call, cancel, self.limits)

    @property
    def _base(self) -> str:
        return f"{self.root}/v1"

    def _window_of(self, listed: dict[str, dict[str, Any]]) -> int | None:
        return self.settings.context_window or count(listed.get(self.settings.model, {}).get("max_model_len"))

    def _body(self, request: ChatRequest, kept: SchemaSupport) -> dict[str, Any]:
        body = super()._body(request, kept)
        if request.adapter:
            body["model"] = request.adapter
        if body.pop("response_format", None) is not None:
            # `guided_json` is what servers before 0.12 know; each version leaves out what it does not know.
            body |= {"structured_outputs": {"json": request.schema}, "guided_json": request.schema}
        return body
