"""Stand-in for Hugging Face's router; from https://huggingface.co/docs/inference-providers."""

from __future__ import annotations

from typing import Any

from tests.models.protocols.openai_api import MODEL, OpenAIApi
from tests.models.protocols.serving import serve
from tests.models.protocols.toy import vector


class HuggingFaceRouter(OpenAIApi):
    """Chat in OpenAI's form, and pipelines by model in Hugging Face's own."""

    owner = "hf"

    def route(self, path: str, body: dict[str, Any]) -> None:
        """The pipelines, then chat."""
        if self.options.key and self.key() != self.options.key:
            self.json(401, {"error": "Invalid username or password."})
        elif path == f"/hf-inference/models/{MODEL}/pipeline/feature-extraction":
            if "loading" in self.options.flag:
                self.json(503, {"error": f"Model {MODEL} is currently loading", "estimated_time": 20.0})
                return
            texts = [body["inputs"]] if isinstance(body["inputs"], str) else body["inputs"]
            self.json(200, [vector(text) for text in texts])
        else:
            super().route(path, body)

    def model(self) -> dict[str, Any]:
        """With the providers that serve it."""
        providers = [
            {"provider": "one", "status": "live", "context_length": 4096},
            {"provider": "two", "status": "live", "context_length": 8192},
        ]
        return {**super().model(), "providers": providers}


if __name__ == "__main__":
    serve(HuggingFaceRouter)
