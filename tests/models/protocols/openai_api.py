"""Stand-in for OpenAI's API, and for servers that copy it; from https://platform.openai.com/docs/api-reference.

Flags: ``reasoning`` refuses a temperature and the old ``max_tokens``, as reasoning models do; ``loose`` takes a
response format and ignores it; ``loading`` says that the model loads, as Hugging Face's servers did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.models.protocols.serving import Handler, serve
from tests.models.protocols.toy import Reply, fault_in, schema_in_words, vector

MODEL = "toy-1"


class OpenAIApi(Handler):
    """`/v1/models`, `/v1/chat/completions`, `/v1/embeddings`."""

    owner = "toy"

    def route(self, path: str, body: dict[str, Any]) -> None:
        """Check the key, then answer."""
        if self.options.key and self.key() != self.options.key:
            told = f"Incorrect API key provided: {self.key()}. You can find your API key at https://example.org."
            self.error(401, told, "invalid_request_error", code="invalid_api_key")
        elif path == "/v1/models":
            self.json(200, {"object": "list", "data": [self.model()]})
        elif path == "/v1/chat/completions":
            self.chat(body)
        elif path == "/v1/embeddings":
            self.embed(body)
        else:
            self.error(404, f"Invalid URL (POST {path})", "invalid_request_error")

    def model(self) -> dict[str, Any]:
        """An entry of the model list."""
        return {"id": MODEL, "object": "model", "created": 1, "owned_by": self.owner}

    def error(self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None) -> None:
        """An error in OpenAI's form."""
        detail = {"message": message, "type": kind, "param": param, "code": code}
        self.json(status, {"error": detail}, Retry_After="2" if status in (429, 503) else "")

    def refused(self, body: dict[str, Any], prompt: str) -> bool:
        """Whether the request got an error."""
        flags = self.options.flag
        if body.get("model") != MODEL and not self.knows(str(body.get("model"))):
            told = f"The model `{body.get('model')}` does not exist or you do not have access to it."
            self.error(404, told, "invalid_request_error", "model_not_found", "model")
        elif "reasoning" in flags and body.get("temperature", 1) != 1:
            told = "Unsupported value: 'temperature' does not support 0.0 with this model."
            self.error(400, told, "invalid_request_error", "unsupported_value", "temperature")
        elif "reasoning" in flags and "max_tokens" in body:
            told = "Unsupported parameter: 'max_tokens' is not supported with this model."
            self.error(400, told, "invalid_request_error", "unsupported_parameter", "max_tokens")
        elif "loading" in flags:
            self.json(503, {"error": f"Model {MODEL} is currently loading", "estimated_time": 20.0})
        elif fault_in(prompt) == "rate":
            self.error(429, "Rate limit reached for requests", "requests", "rate_limit_exceeded")
        elif fault_in(prompt) == "overflow":
            told = "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens."
            self.error(400, told, "invalid_request_error", "context_length_exceeded", "messages")
        else:
            return False
        return True

    def knows(self, model: str) -> bool:
        """Whether another name than the model's own is served."""
        return False

    def schema(self, body: dict[str, Any], prompt: str) -> Any:
        """The JSON schema that the request asks for."""
        if "loose" in self.options.flag:
            return None
        wanted = body.get("response_format") or {}
        return wanted["json_schema"]["schema"] if wanted.get("type") == "json_schema" else schema_in_words(prompt)

    def chat(self, body: dict[str, Any]) -> None:
        """A chat completion, streamed or whole."""
        prompt = "\n".join(str(message["content"]) for message in body["messages"])
        if self.refused(body, prompt):
            return
        most = body.get("max_completion_tokens") or body.get("max_tokens") or 1000
        reply = Reply(prompt, most, body.get("stop") or (), self.schema(body, prompt))
        if body.get("stream"):
            self.stream("text/event-stream", self.events(body, reply))
            return
        text = "".join(reply.pieces())
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": reply.reason, "logprobs": None}
        frame = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"]}
        self.json(200, {**frame, "choices": [choice], "usage": usage(reply)})

    def events(self, body: dict[str, Any], reply: Reply) -> Iterator[str]:
        """The server-sent events of a streamed answer."""
        asked = bool((body.get("stream_options") or {}).get("include_usage"))
        frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
        extra = {"usage": None} if asked else {}

        def event(delta: dict[str, Any], reason: str | None = None) -> str:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
            return f"data: {json.dumps({**frame, 'choices': [choice], **extra})}\n\n"

        yield event({"role": "assistant", "content": "", "refusal": None})
        for number, piece in enumerate(reply.pieces()):
            if number == 0 and reply.thought:
                yield event({"reasoning_content": reply.thought})
            yield event({"content": piece})
            if number == 1 and fault_in(reply.prompt) == "mid":
                error = {"message": "The server had an error", "type": "server_error", "param": None, "code": None}
                yield f"data: {json.dumps({'error': error})}\n\n"
                return
            if number == 1 and fault_in(reply.prompt) == "cut":
                self.cut()
        yield event({}, reply.reason)
        if asked:
            yield f"data: {json.dumps({**frame, 'choices': [], 'usage': usage(reply)})}\n\n"
        yield "data: [DONE]\n\n"

    def embed(self, body: dict[str, Any]) -> None:
        """Embeddings, in the two encodings that the API knows."""
        import base64
        import struct

        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        rows: list[dict[str, Any]] = []
        for index, text in enumerate(texts):
            numbers: Any = vector(text)
            if body.get("encoding_format") == "base64":
                numbers = base64.b64encode(struct.pack("<4f", *numbers)).decode()
            rows.append({"object": "embedding", "index": index, "embedding": numbers})
        # The order of the list is not promised; the index is.
        count = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        self.json(200, {"object": "list", "data": rows[::-1], "model": body["model"], "usage": count})


def usage(reply: Reply) -> dict[str, Any]:
    """Token counts in OpenAI's form."""
    counts = {"prompt_tokens": reply.read, "completion_tokens": reply.said, "total_tokens": reply.read + reply.said}
    return {**counts, "prompt_tokens_details": {"cached_tokens": 1}}


if __name__ == "__main__":
    serve(OpenAIApi)
