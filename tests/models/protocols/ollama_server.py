"""Stand-in for Ollama; from https://docs.ollama.com/api.

As the real one it keeps no more of a prompt than ``num_ctx`` tokens (4096 without one) and says nothing about it,
unless it is told not to. Flag ``old``: a version that does not know ``truncate`` and holds no more than 512 tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.models.protocols.serving import Handler, serve
from tests.models.protocols.toy import Reply, fault_in, schema_in_words, vector

MODEL, LENGTH = "toy-1", 8192


class OllamaServer(Handler):
    """`/api/version`, `/api/tags`, `/api/show`, `/api/chat`, `/api/embed`."""

    def route(self, path: str, body: dict[str, Any]) -> None:
        """Answer; every error is one line of text."""
        if self.options.key and self.key() != self.options.key:
            self.json(401, {"error": "unauthorized"})
        elif path == "/api/version":
            self.json(200, {"version": "0.40.1"})
        elif path == "/api/tags":
            details = {"family": "toy", "parameter_size": "1B", "quantization_level": "Q4_0", "format": "gguf"}
            stamp = "2026-01-01T00:00:00Z"
            entry = {"name": MODEL, "model": MODEL, "modified_at": stamp, "size": 1, "digest": "0", "details": details}
            self.json(200, {"models": [entry]})
        elif body.get("model") != MODEL:
            self.json(404, {"error": f"model '{body.get('model')}' not found"})
        elif path == "/api/show":
            info = {"general.architecture": "toy", "toy.context_length": LENGTH}
            self.json(200, {"model_info": info, "capabilities": ["completion"], "details": {}})
        elif path == "/api/embed":
            texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
            vectors = [vector(text) for text in texts]
            self.json(200, {"model": MODEL, "embeddings": vectors, "prompt_eval_count": len(texts)})
        elif path == "/api/chat":
            self.chat(body)
        else:
            self.whole(404, "text/plain", "404 page not found")

    def chat(self, body: dict[str, Any]) -> None:
        """A chat, streamed as lines of JSON unless told otherwise."""
        options = body.get("options") or {}
        prompt = "\n".join(message["content"] for message in body["messages"])
        schema = body.get("format") or schema_in_words(prompt)
        if "loose" in self.options.flag:
            schema = None
        reply = Reply(prompt, options.get("num_predict", 1000), options.get("stop") or (), schema)
        old = "old" in self.options.flag
        room = 512 if old else min(options.get("num_ctx", 4096), LENGTH)
        if fault_in(prompt) == "rate":
            self.json(503, {"error": "server busy, please try again. maximum pending requests exceeded"})
        elif (reply.read > room and body.get("truncate") is False and not old) or fault_in(prompt) == "overflow":
            self.json(400, {"error": "the input length exceeds the context length"})
        elif body.get("stream", True):
            self.stream("application/x-ndjson", self.lines(reply, min(reply.read, room)))
        else:
            text = "".join(reply.pieces())
            self.json(200, {**frame(text), **counts(reply, min(reply.read, room))})

    def lines(self, reply: Reply, read: int) -> Iterator[str]:
        """The lines of a streamed answer."""
        for number, piece in enumerate(reply.pieces()):
            if number == 0 and reply.thought:
                yield json.dumps({**frame(""), "message": thinking(reply.thought), "done": False}) + "\n"
            yield json.dumps({**frame(piece), "done": False}) + "\n"
            if number == 1 and fault_in(reply.prompt) == "mid":
                yield json.dumps({"error": "an error was encountered while running the model: CUDA error"}) + "\n"
                return
            if number == 1 and fault_in(reply.prompt) == "cut":
                self.cut()
        yield json.dumps({**frame(""), **counts(reply, read)}) + "\n"


def frame(text: str) -> dict[str, Any]:
    """What each line holds."""
    message = {"role": "assistant", "content": text}
    return {"model": MODEL, "created_at": "2026-01-01T00:00:00.000000Z", "message": message}


def thinking(text: str) -> dict[str, str]:
    """A message that is a thought."""
    return {"role": "assistant", "content": "", "thinking": text}


def counts(reply: Reply, read: int) -> dict[str, Any]:
    """What the last line holds; durations are in nanoseconds."""
    times = {"total_duration": 9, "load_duration": 1, "prompt_eval_duration": 4, "eval_duration": 4}
    return {"done": True, "done_reason": reply.reason, "prompt_eval_count": read, "eval_count": reply.said, **times}


if __name__ == "__main__":
    serve(OllamaServer)
