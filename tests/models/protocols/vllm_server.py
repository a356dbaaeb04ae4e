"""Stand-in for vLLM's server; from https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.models.protocols.openai_api import MODEL, OpenAIApi
from tests.models.protocols.serving import serve
from tests.models.protocols.toy import tokens_of


class VllmServer(OpenAIApi):
    """OpenAI's routes, and beside them `/version`, `/tokenize` and adapters."""

    owner = "vllm"
    adapters: ClassVar[list[str]] = []

    def route(self, path: str, body: dict[str, Any]) -> None:
        """What is not OpenAI's."""
        if path == "/version":
            self.json(200, {"version": "0.33.0"})
        elif path == "/tokenize":
            messages = "\n".join(message["content"] for message in body.get("messages", ()))
            pieces = tokens_of(body.get("prompt", messages))
            overhead = 4 * len(body.get("messages", ()))
            count = len(pieces) + overhead
            self.json(200, {"count": count, "max_model_len": 4096, "tokens": list(range(count)), "token_strs": None})
        elif path == "/v1/load_lora_adapter":
            self.adapters.append(body["lora_name"])
            self.whole(200, "", f"Success: LoRA adapter '{body['lora_name']}' added successfully.")
        else:
            super().route(path, body)

    def model(self) -> dict[str, Any]:
        """With the length that it was started with."""
        return {**super().model(), "max_model_len": 4096, "root": MODEL, "parent": None, "permission": []}

    def knows(self, model: str) -> bool:
        """Adapters are models of their own."""
        return model in self.adapters

    def schema(self, body: dict[str, Any], prompt: str) -> Any:
        """Structured outputs have a field of their own."""
        asked = (body.get("structured_outputs") or {}).get("json")
        return None if "loose" in self.options.flag else asked or super().schema(body, prompt)


if __name__ == "__main__":
    serve(VllmServer)
