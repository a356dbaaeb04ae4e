"""Stand-in for Tabby's server; from its OpenAPI document, https://tabby.tabbyml.com/api."""

from __future__ import annotations

from typing import Any

from tests.models.protocols.openai_api import OpenAIApi
from tests.models.protocols.serving import serve
from tests.models.protocols.toy import schema_in_words


class TabbyServer(OpenAIApi):
    """Chat, code completion by segments, health; no list of models in OpenAI's form."""

    def route(self, path: str, body: dict[str, Any]) -> None:
        """What is Tabby's own, then chat."""
        if path == "/v1/health":
            version = {"build_date": "2026-01-01", "build_timestamp": "", "git_sha": "0", "git_describe": "v0.32.0"}
            chat = {"chat_model": "toy-1", "chat_device": "cpu"}
            machine = {"device": "cpu", "arch": "x86_64", "cpu_info": "toy", "cpu_count": 2, "cuda_devices": []}
            self.json(200, {"model": "toy-fim", **chat, **machine, "version": version})
        elif path == "/v1/completions":
            if not isinstance(body.get("segments"), dict):
                self.whole(422, "text/plain", "Failed to deserialize the JSON body: missing field `segments`")
                return
            text = f"a + b{body['segments'].get('suffix') or ''}"
            self.json(200, {"id": "cmpl-1", "choices": [{"index": 0, "text": text}]})
        elif path in ("/v1/models", "/v1/embeddings"):
            self.whole(404, "text/plain", "")
        elif self.options.key and self.key() != self.options.key:
            self.whole(401, "text/plain", "Unauthorized")
        else:
            super().route(path, body)

    def schema(self, body: dict[str, Any], prompt: str) -> Any:
        """It knows no response format, so only what is said in words counts."""
        return schema_in_words(prompt)


if __name__ == "__main__":
    serve(TabbyServer)
