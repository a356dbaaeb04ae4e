"""Stand-in for Anthropic's Messages API; from https://docs.claude.com/en/api/messages-streaming and …/errors.

Flag ``modern``: a model that takes no sampling parameters, as the newest client has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.models.protocols.serving import Handler, serve
from tests.models.protocols.toy import Reply, fault_in

MODEL = "toy-1"
REASONS = {"stop": "end_turn", "length": "max_tokens"}


class AnthropicApi(Handler):
    """`/v1/models`, `/v1/messages`."""

    def route(self, path: str, body: dict[str, Any]) -> None:
        """Check what each request must bring, then answer."""
        if self.headers.get("anthropic-version") not in ("2023-06-01", "2026-10-21"):
            self.error(400, "invalid_request_error", "anthropic-version: header is required")
        elif self.options.key and self.options.key not in (self.headers.get("x-api-key"), self.key()):
            self.error(401, "authentication_error", f"invalid x-api-key {self.headers.get('x-api-key')}")
        elif path == "/v1/models":
            self.json(200, {"data": [model()], "first_id": MODEL, "last_id": MODEL, "has_more": False})
        elif path == f"/v1/models/{MODEL}":
            self.json(200, model())
        elif path == "/v1/messages":
            self.messages(body)
        else:
            self.error(404, "not_found_error", f"Not found: {path}")

    def error(self, status: int, kind: str, message: str, **headers: str) -> None:
        """An error in Anthropic's form."""
        error = {"type": kind, "message": message}
        self.json(status, {"type": "error", "error": error, "request_id": "req_1"}, **headers)

    def messages(self, body: dict[str, Any]) -> None:
        """A message, streamed or whole."""
        prompt = "\n".join([str(body.get("system") or ""), *(str(turn["content"]) for turn in body["messages"])])
        if body.get("model") != MODEL:
            self.error(404, "not_found_error", f"model: {body.get('model')}")
        elif "max_tokens" not in body or any(turn["role"] not in ("user", "assistant") for turn in body["messages"]):
            self.error(400, "invalid_request_error", "max_tokens: Field required, or messages: unexpected role")
        elif "temperature" in body and "top_p" in body:
            self.error(400, "invalid_request_error", "`temperature` and `top_p` cannot both be specified")
        elif "modern" in self.options.flag and (refused := {"temperature", "top_p"} & set(body)):
            self.error(400, "invalid_request_error", f"{refused.pop()}: Extra inputs are not permitted")
        elif fault_in(prompt) == "rate":
            self.error(429, "rate_limit_error", "This request would exceed your rate limit", retry_after="2")
        elif fault_in(prompt) == "overloaded":
            self.error(529, "overloaded_error", "Overloaded")
        elif fault_in(prompt) == "overflow":
            self.error(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")
        else:
            asked = (body.get("output_config") or {}).get("format") or {}
            schema = None if "loose" in self.options.flag else asked.get("schema")
            reply = Reply(prompt, body["max_tokens"], body.get("stop_sequences") or (), schema)
            if body.get("stream"):
                self.stream("text/event-stream; charset=utf-8", self.events(reply))
            else:
                text = "".join(reply.pieces())
                content = [{"type": "text", "text": text}]
                self.json(200, message(reply, content, REASONS[reply.reason], reply.said))

    def events(self, reply: Reply) -> Iterator[str]:
        """The events of a streamed message, each with its name."""
        yield event("message_start", message=message(reply, [], None, 1))
        yield event("ping")
        block = 0
        for number, piece in enumerate(reply.pieces()):
            if number == 0 and reply.thought:
                empty = {"type": "thinking", "thinking": "", "signature": ""}
                yield event("content_block_start", index=0, content_block=empty)
                yield event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": reply.thought})
                yield event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "c2ln"})
                yield event("content_block_stop", index=0)
                block = 1
            if number == 0:
                yield event("content_block_start", index=block, content_block={"type": "text", "text": ""})
            yield event("content_block_delta", index=block, delta={"type": "text_delta", "text": piece})
            if number == 1 and fault_in(reply.prompt) == "mid":
                yield event("error", error={"type": "overloaded_error", "message": "Overloaded"})
                return
            if number == 1 and fault_in(reply.prompt) == "cut":
                self.cut()
        yield event("content_block_stop", index=block)
        delta = {"stop_reason": REASONS[reply.reason], "stop_sequence": None}
        yield event("message_delta", delta=delta, usage={"output_tokens": reply.said})
        yield event("message_stop")


def model() -> dict[str, Any]:
    """What the API says of the model."""
    facts = {"display_name": "Toy", "created_at": "2026-01-01T00:00:00Z", "lifecycle": "active"}
    return {"type": "model", "id": MODEL, **facts, "max_input_tokens": 200_000, "max_tokens": 64_000}


def message(reply: Reply, content: list[Any], reason: str | None, said: int) -> dict[str, Any]:
    """A message; what the cache gave is not among the input tokens."""
    usage = {
        "input_tokens": reply.read - 1,
        "cache_read_input_tokens": 1,
        "cache_creation_input_tokens": 0,
        "output_tokens": said,
    }
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL}
    return {**head, "content": content, "stop_reason": reason, "stop_sequence": None, "usage": usage}


def event(name: str, **document: Any) -> str:
    """A server-sent event, which says its name twice."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **document})}\n\n"


if __name__ == "__main__":
    serve(AnthropicApi)
