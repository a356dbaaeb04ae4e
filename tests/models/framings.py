"""How each protocol frames an answer, as steps for the scripted server: the same fault in each of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Step = dict[str, Any]


def event(document: Any) -> str:
    """A server-sent event."""
    return f"data: {json.dumps(document)}\n\n"


def named(kind: str, **document: Any) -> str:
    """A server-sent event with a name, as Anthropic sends it."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **document})}\n\n"


def line(document: Any) -> str:
    """A line of JSON."""
    return json.dumps(document) + "\n"


@dataclass(frozen=True)
class Framing:
    """One protocol over one transport.

    ``begin`` comes before the pieces, ``end`` after them; ``alive`` says nothing, ``broken`` is an error that the
    server tells in the middle, ``open_`` starts a frame that never ends.
    """

    kind: str
    transport: str
    begin: tuple[str, ...]
    end: tuple[str, ...]
    alive: str
    broken: str
    open_: str
    content_type: str

    def piece(self, text: str) -> str:
        """A frame with a piece of an answer."""
        match self.kind:
            case "anthropic":
                return named("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
            case "ollama":
                return line({"model": "tiny", "message": {"role": "assistant", "content": text}, "done": False})
            case "petals":
                return json.dumps({"ok": True, "outputs": text, "stop": False, "token_count": 1})
            case _:
                return event({"model": "tiny", "choices": [{"delta": {"content": text}, "finish_reason": None}]})

    def head(self, size: int = 1 << 30) -> list[Step]:
        """What comes before the frames; ``size`` is the length that is announced, where one is."""
        if self.transport == "websocket":
            return [{"accept": True}, {"read": True}, {"message": '{"ok": true}'}, {"read": True}]
        how = {
            "chunked": "Transfer-Encoding: chunked",
            "length": f"Content-Length: {size}",
            "close": "Connection: close",
        }
        return [{"head": f"HTTP/1.1 200 OK\r\nContent-Type: {self.content_type}\r\n{how[self.transport]}\r\n\r\n"}]

    def frames(self, texts: Sequence[str]) -> list[Step]:
        """The frames as steps."""
        step = {"chunked": "chunk", "websocket": "message"}.get(self.transport, "send")
        return [{step: text} for text in texts]

    def whole(self, *texts: str) -> list[Step]:
        """An answer from its beginning to its end."""
        parts = [*self.begin, *(self.piece(text) for text in texts), *self.end]
        last = [{"end": True}] if self.transport == "chunked" else []
        return [*self.head(sum(len(part.encode()) for part in parts)), *self.frames(parts), *last]

    def begun(self, *texts: str) -> list[Step]:
        """An answer that has begun."""
        return [*self.head(), *self.frames([*self.begin, *(self.piece(text) for text in texts)])]

    def drip(self, text: str, every_s: float) -> Step:
        """A frame again and again."""
        step = {"chunked": "drip", "websocket": "drip_message"}.get(self.transport, "drip_raw")
        return {step: text, "every": every_s}


def _openai(transport: str) -> Framing:
    done = event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    return Framing(
        "openai-compatible", transport, (), (done, "data: [DONE]\n\n"), ": alive\n\n",
        event({"error": {"message": "out of memory", "type": "server_error", "code": 500}}), "data: ",
        "text/event-stream",
    )  # fmt: skip


def _anthropic(transport: str) -> Framing:
    start = named("message_start", message={"model": "tiny", "usage": {"input_tokens": 1, "output_tokens": 1}})
    block = named("content_block_start", index=0, content_block={"type": "text", "text": ""})
    stop = named("content_block_stop", index=0)
    delta = named("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 2})
    return Framing(
        "anthropic", transport, (start, block), (stop, delta, named("message_stop")), named("ping"),
        named("error", error={"type": "api_error", "message": "out of memory"}), "event: error\ndata: ",
        "text/event-stream; charset=utf-8",
    )  # fmt: skip


def _ollama(transport: str) -> Framing:
    message = {"role": "assistant", "content": ""}
    done = line({"model": "tiny", "message": message, "done": True, "done_reason": "stop", "prompt_eval_count": 9})
    return Framing(
        "ollama", transport, (), (done,), line({"model": "tiny", "message": message, "done": False}),
        line({"error": "out of memory"}), '{"model": "', "application/x-ndjson",
    )  # fmt: skip


PETALS = Framing(
    "petals", "websocket", (), (json.dumps({"ok": True, "outputs": "</s>", "stop": True, "token_count": 1}),),
    json.dumps({"ok": True, "outputs": "", "stop": False, "token_count": 0}),
    json.dumps({"ok": False, "traceback": "Traceback\nRuntimeError: out of memory"}), "", "",
)  # fmt: skip
HTTP = [make(how) for make in (_openai, _anthropic, _ollama) for how in ("chunked", "length", "close")]
FRAMINGS = {f"{framing.kind}, {framing.transport}": framing for framing in [*HTTP, PETALS]}
