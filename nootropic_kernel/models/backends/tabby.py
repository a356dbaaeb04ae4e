"""Tabby: chat by OpenAI's protocol, its own health document, and completions that fill in the middle.

https://tabby.tabbyml.com/api
"""

from __future__ import annotations

from nootropic_kernel.models.backends.openai_compatible import OpenAICompatible
from nootropic_kernel.models.backends.server import Cancel
from nootropic_kernel.models.contract import Features, Probe
from nootropic_kernel.models.refusals import malformed, name


class Tabby(OpenAICompatible):
    """A Tabby server."""

    kind = "tabby"
    # It passes the conversation on to a model server of its own, and a response format only where that one takes it. It
    # embeds for its own index only.
    claims = Features(schema="none", batch=2)

    def probe(self, cancel: Cancel = None) -> Probe:
        """Its version and models, by ``/v1/health``.

        :raises ModelError: when it does not answer like Tabby.
        """
        reply = self._fetch(f"{self.root}/v1/health", None, cancel)
        version = reply.get("version")
        if not isinstance(version, dict):
            raise malformed(self.name, str(reply)[:200])
        models = (name(reply.get(key)) for key in ("chat_model", "model"))
        return Probe(name(version.get("git_describe")), tuple(model for model in models if model), self.window(cancel))

    def fill(self, prefix: str, suffix: str, language: str = "", cancel: Cancel = None) -> str:
        """The code that belongs between ``prefix`` and ``suffix``, by ``/v1/completions``.

        :raises ModelError: when there is none.
        """
        body = {"language": language or None, "segments": {"prefix": prefix, "suffix": suffix}}
        reply = self._fetch(f"{self.root}/v1/completions", body, cancel)
        choices = reply.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(first, dict) or not isinstance(first.get("text"), str):
            raise malformed(self.name, str(reply)[:200])
        text: str = first["text"]
        return text

    @property
    def _base(self) -> str:
        return f"{self.root}/v1"
