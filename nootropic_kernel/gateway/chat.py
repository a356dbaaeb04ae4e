"""Chats: a request in OpenAI's form to a model and back, whole or as a stream of server-sent events."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from nootropic_kernel.gateway import errors, safety
from nootropic_kernel.gateway.calls import Call, Calls
from nootropic_kernel.gateway.errors import Refused
from nootropic_kernel.gateway.replies import (
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChunkChoice,
    Delta,
    ReplyMessage,
    SafetyFinding,
    Usage,
)
from nootropic_kernel.gateway.requests import (
    MAX_TOKENS,
    ChatCompletionRequest,
    JsonObjectFormat,
    JsonSchemaFormat,
    SafeChatRequest,
    Safety,
)
from nootropic_kernel.gateway.served import Asked, ServedModels
from nootropic_kernel.models.contract import Answer, ChatRequest, Message, OnText
from nootropic_kernel.models.output import dialect

_SEND_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Said:
    """An answer that passed what was asked of it."""

    answer: Answer
    findings: list[SafetyFinding] | None


async def chat(request: Request, body: ChatCompletionRequest, models: ServedModels, calls: Calls) -> Response:
    """Answer a chat. Nothing is sent before the first piece of the answer is there, so that errors have their status.

    :raises Refused: when the request cannot be served.
    :raises ModelError: when there is no whole, valid answer.
    """
    rules = body.safety if isinstance(body, SafeChatRequest) else None
    # In threads, as everything that may take a while: the first schema imports its validator, which takes a second.
    wanted = await asyncio.to_thread(chat_request, body)
    await asyncio.to_thread(models.check, body.model)
    asked = Asked(body.model, wanted, reuse=isinstance(body, SafeChatRequest) and body.cache)
    # What is looked at as a whole is not heard before that.
    in_pieces = bool(body.stream) and wanted.schema is None and not safety.is_enforced(rules)

    def work(on_text: OnText, cancel: threading.Event) -> Answer:
        # A request that is alone here would wait for nobody.
        asked.gather = not in_pieces and calls.running > 1
        return models.answer(asked, on_text if in_pieces else None, cancel)

    async with AsyncExitStack() as stack:
        call = await stack.enter_async_context(calls.call(work, request.receive))
        head = _Head(f"chatcmpl-{secrets.token_hex(12)}", int(time.time()))
        if not body.stream:
            said = await _said(call, rules)
            return Response(head.whole(said).model_dump_json(), media_type="application/json")
        with_usage = body.stream_options is not None and body.stream_options.include_usage
        if in_pieces:
            first = await call.first()
            head.model = asked.backend
            events = head.events(_all(first, call), partial(_said, call, rules), with_usage)
        else:
            said = await _said(call, rules)
            head.model = said.answer.backend
            events = head.events(_one(said.answer.text), partial(_ready, said), with_usage)
        return EventStream(events, stack.pop_all())


def chat_request(body: ChatCompletionRequest) -> ChatRequest:
    """What a backend is asked.

    :raises Refused: when a JSON schema in it is none.
    """
    stop = [body.stop] if isinstance(body.stop, str) else body.stop or []
    return ChatRequest(
        messages=tuple(
            Message("system" if message.role == "developer" else message.role, message.text())
            for message in body.messages
        ),
        max_tokens=body.max_completion_tokens or body.max_tokens or MAX_TOKENS,
        temperature=body.temperature or 0.0,
        schema=_schema(body),
        stop=tuple(stop),
        purpose="gateway",
        top_p=body.top_p,
        # Engines take 32 bits; equal seeds stay equal.
        seed=None if body.seed is None else body.seed % 2**32,
    )


def _schema(body: ChatCompletionRequest) -> dict[str, Any] | None:
    if isinstance(body.response_format, JsonObjectFormat):
        return {"type": "object"}
    if not isinstance(body.response_format, JsonSchemaFormat):
        return None
    schema = body.response_format.json_schema.schema_
    import jsonschema  # type: ignore[import-untyped]

    try:
        dialect(schema).check_schema(schema)
    except (jsonschema.SchemaError, RecursionError) as error:
        raise Refused(
            400,
            "invalid_json_schema",
            "The JSON schema is not a valid one.",
            why=getattr(error, "message", "It is nested too deeply.")[:300],
            param="response_format.json_schema.schema",
        ) from error
    return schema


async def _said(call: Call[Answer], rules: Safety | None) -> Said:
    answer = await call.result()
    return Said(answer, None if rules is None else safety.examine(rules, f"{answer.text}\n{answer.reasoning}"))


async def _ready(said: Said) -> Said:
    return said


async def _one(text: str) -> AsyncIterator[str]:
    yield text


async def _all(first: str | None, call: Call[Answer]) -> AsyncIterator[str]:
    if first is not None:
        yield first
    async for piece in call.pieces():
        yield piece


@dataclass
class _Head:
    """What all parts of one answer have in common; ``model`` names who answers, once that is known."""

    id: str
    created: int
    model: str = ""

    def whole(self, said: Said) -> ChatCompletion:
        message = ReplyMessage(content=said.answer.text, reasoning_content=said.answer.reasoning or None)
        return ChatCompletion(
            id=self.id,
            created=self.created,
            model=said.answer.backend,
            choices=[Choice(message=message, finish_reason=_finish(said.answer))],
            usage=_usage(said.answer),
            cached=said.answer.cached or None,
            safety=said.findings,
        )

    async def events(
        self, pieces: AsyncIterator[str], ending: Callable[[], Awaitable[Said]], with_usage: bool
    ) -> AsyncIterator[str]:
        """The stream's events; an error in the middle is an event of its own, and then no ``[DONE]`` follows."""
        yield self._event(Delta(role="assistant", content=""))
        async for piece in pieces:
            yield self._event(Delta(content=piece))
        try:
            said = await ending()
        except Exception as error:
            yield f"data: {errors.document(error).model_dump_json()}\n\n"
            return
        yield self._event(Delta(), _finish(said.answer), said.findings)
        if with_usage and (usage := _usage(said.answer)) is not None:
            yield self._data(self._chunk([], usage=usage))
        yield "data: [DONE]\n\n"

    def _event(self, delta: Delta, finish: Any = None, findings: list[SafetyFinding] | None = None) -> str:
        return self._data(self._chunk([ChunkChoice(delta=delta, finish_reason=finish)], findings=findings))

    def _chunk(
        self, choices: list[ChunkChoice], *, usage: Usage | None = None, findings: list[SafetyFinding] | None = None
    ) -> ChatCompletionChunk:
        return ChatCompletionChunk(
            id=self.id, created=self.created, model=self.model, choices=choices, usage=usage, safety=findings
        )

    @staticmethod
    def _data(chunk: ChatCompletionChunk) -> str:
        return f"data: {chunk.model_dump_json()}\n\n"


def _finish(answer: Answer) -> Any:
    return "length" if answer.finish_reason == "length" else "stop"


def _usage(answer: Answer) -> Usage | None:
    read, written = answer.input_tokens, answer.output_tokens
    if read is None or written is None:
        return None
    return Usage(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


class EventStream(Response):
    """Server-sent events of a call that lives as long as they are sent."""

    def __init__(self, events: AsyncIterator[str], call: AsyncExitStack) -> None:
        super().__init__(None, 200, {"cache-control": "no-store"}, "text/event-stream; charset=utf-8")
        del self.headers["content-length"]
        self._events = events
        self._call = call

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; a client that reads nothing for a minute is left."""
        async with self._call:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for event in self._events:
                async with asyncio.timeout(_SEND_DEADLINE_S):
                    await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
            await send({"type": "http.response.body", "body": b""})
