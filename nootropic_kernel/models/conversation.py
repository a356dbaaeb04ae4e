"""One chat with a model server: frames become chunks, chunks become a whole answer, and all of it becomes a span.

A stream counts as whole only after the sign of its protocol that it is: a connection that was cut looks like a clean
end to HTTP.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import urlsplit

from nootropic_kernel.models.contract import Answer, ChatRequest, OnText
from nootropic_kernel.models.errors import (
    AuthenticationFailed,
    BackendUnreachable,
    ContextOverflow,
    InferenceError,
    ModelError,
    RateLimited,
)
from nootropic_kernel.models.exchange import Deadline, Endpoint, Exchange, Frame, Limits, cut, too_much
from nootropic_kernel.models.thinking import ThinkingFilter
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.calls import ModelCall, Server, model_call
from nootropic_kernel.telemetry.spans import CurrentSpan, span
from nootropic_kernel.telemetry.texts import input_messages, output_messages

# Errors after which no server asks for money.
_REFUSALS = (AuthenticationFailed, BackendUnreachable, ContextOverflow, RateLimited)
_PARTIAL = 2000


@dataclass(frozen=True)
class Chunk:
    """A piece of an answer as it arrives.

    The answer is whole once a ``finish_reason`` came. Counts may follow it, until ``ends`` says that nothing will.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    ends: bool = False


Decode: TypeAlias = Callable[[Frame], Chunk]


@dataclass(frozen=True)
class Conversation:
    """What is needed to have one: where, the exchange to start, how its frames read, and what the answer must be.

    :param server: who answers, for what is measured.
    :param check: gets the whole answer; what it returns is the answer, what it raises is the call's error.
    :param schema: how far the backend keeps to a schema, for the span; empty when none is asked for.
    """

    endpoint: Endpoint
    server: Server
    request: ChatRequest
    start: Callable[[], Exchange]
    decode: Decode
    check: Callable[[Answer], Answer]
    limits: Limits
    schema: str = ""

    def hold(self, on_text: OnText | None, cancel: threading.Event | None) -> Answer:
        """Have it; pieces of the answer's text go to ``on_text`` in the caller's thread.

        :raises ModelError: when there is no whole, valid answer.
        :raises Interrupted: within a second of ``cancel`` being set.
        """
        with (
            span(None, f"chat {self.endpoint.model}", self._attributes()) as current,
            model_call(current, self.server) as call,
        ):
            started = time.perf_counter()
            collected, whole = _Collected(), False
            try:
                with closing(self._chunks(cancel)) as chunks:
                    for chunk in chunks:
                        if not collected.began and (chunk.text or chunk.reasoning):
                            current.set(semconv.RESPONSE_FIRST_CHUNK_S, round(time.perf_counter() - started, 6))
                        # Before it is told: who listens may end the call.
                        collected.add(chunk)
                        if chunk.text and on_text is not None:
                            on_text(chunk.text)
                whole = True
            except ModelError as error:
                call.refused = not collected.began and is_refusal(error)
                raise
            finally:
                answer = collected.answer(self.endpoint)
                self._note(current, call, answer, whole)
            return self.check(answer)

    def _attributes(self) -> dict[str, object]:
        endpoint, request = self.endpoint, self.request
        address = urlsplit(endpoint.url)
        return {
            semconv.OPERATION: "chat",
            semconv.PROVIDER: self.server.kind,
            semconv.BACKEND: endpoint.name,
            semconv.SERVER_ADDRESS: address.hostname,
            semconv.SERVER_PORT: address.port,
            semconv.REQUEST_MODEL: endpoint.model,
            semconv.REQUEST_MAX_TOKENS: request.max_tokens,
            semconv.REQUEST_TEMPERATURE: request.temperature,
            semconv.REQUEST_TOP_P: request.top_p,
            semconv.REQUEST_SEED: request.seed,
            semconv.REQUEST_STREAM: True,
            semconv.OUTPUT_TYPE: "json" if request.schema is not None else "text",
            semconv.SCHEMA: self.schema or None,
            semconv.ADAPTER: request.adapter or None,
            semconv.PURPOSE: request.purpose or None,
        }

    def _note(self, current: CurrentSpan, call: ModelCall, answer: Answer, whole: bool) -> None:
        """Note the answer, or what came of it before it broke off."""
        call.input_tokens, call.output_tokens = answer.input_tokens, answer.output_tokens
        call.cached_tokens = answer.cached_tokens
        current.set(semconv.INPUT_TOKENS, answer.input_tokens)
        current.set(semconv.OUTPUT_TOKENS, answer.output_tokens)
        current.set(semconv.CACHED_TOKENS, answer.cached_tokens)
        if whole:
            current.set(semconv.RESPONSE_MODEL, answer.model)
            current.set(semconv.RESPONSE_FINISH_REASONS, [answer.finish_reason])
        level = call.measuring.telemetry.prompt_text
        if level != "off":
            scrub = self.endpoint.scrub
            said = input_messages(((m.role, m.content) for m in self.request.messages), scrub)
            current.set_messages(semconv.INPUT_MESSAGES, said, level)
            told = output_messages(answer.text, answer.reasoning, answer.finish_reason if whole else "error", scrub)
            current.set_messages(semconv.OUTPUT_MESSAGES, told, level)

    def _chunks(self, cancel: threading.Event | None) -> Generator[Chunk]:
        """The chunks of a whole answer, thoughts parted from text; ends early by an error only."""
        limits, deadline = self.limits, Deadline.within(self.limits.total_s)
        finished, size, partial = False, 0, ""
        thinking = ThinkingFilter()
        try:
            with closing(self.start()) as exchange:
                for frame in exchange.frames(deadline, cancel):
                    chunk = self.decode(frame)
                    size += len(chunk.text) + len(chunk.reasoning)
                    if size > limits.text_chars:
                        raise too_much(self.endpoint, f"an answer of more than {limits.text_chars} characters")
                    if len(partial) < _PARTIAL:
                        partial += chunk.text
                    if (chunk.finish_reason or chunk.ends) and not finished:
                        finished = True
                        deadline.shorten(limits.after_finish_s)
                    thought, text = thinking.add(chunk.text)
                    yield replace(chunk, text=text, reasoning=chunk.reasoning + thought)
                    if chunk.ends:
                        break
            if not finished:
                raise cut(self.endpoint, "The connection ended before the answer did.")
        except ModelError as error:
            # Once the answer is whole, how the connection ends is of no interest.
            if not finished:
                error.data.setdefault("partial", partial)
                raise
        thought, text = thinking.finish()
        yield Chunk(text, thought)


class _Collected:
    def __init__(self) -> None:
        self.began = False
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._last = Chunk()

    def add(self, chunk: Chunk) -> None:
        self.began = self.began or bool(chunk.text or chunk.reasoning)
        self._text.append(chunk.text)
        self._reasoning.append(chunk.reasoning)
        old = self._last
        self._last = Chunk(
            finish_reason=chunk.finish_reason or old.finish_reason,
            model=chunk.model or old.model,
            input_tokens=old.input_tokens if chunk.input_tokens is None else chunk.input_tokens,
            output_tokens=old.output_tokens if chunk.output_tokens is None else chunk.output_tokens,
            cached_tokens=old.cached_tokens if chunk.cached_tokens is None else chunk.cached_tokens,
        )

    def answer(self, endpoint: Endpoint) -> Answer:
        last = self._last
        return Answer(
            "".join(self._text),
            last.model or endpoint.model,
            endpoint.name,
            last.finish_reason or "stop",
            last.input_tokens,
            last.output_tokens,
            "".join(self._reasoning).strip(),
            last.cached_tokens,
        )


def is_refusal(error: ModelError) -> bool:
    """Whether the server was not reached or refused to answer, so that nobody asks money for the call."""
    status = error.data.get("status")
    return isinstance(error, _REFUSALS) or (
        isinstance(error, InferenceError) and isinstance(status, int) and 400 <= status < 500
    )
