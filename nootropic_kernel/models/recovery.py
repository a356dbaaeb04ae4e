"""What kind of error it was, and which ways to go on can help: the same backend again, another one, or less text."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from nootropic_kernel.models.contract import Answer, ChatRequest, Message
from nootropic_kernel.models.errors import (
    AIErrorType,
    ContextOverflow,
    DownloadFailed,
    InferenceError,
    InvalidOutput,
    ModelError,
    ModelLoadFailed,
    ModelTimeout,
    NoModel,
    NotOffered,
    RateLimited,
    SafetyViolation,
    UnknownModel,
)
from nootropic_kernel.models.inference import Backoff

_REFUSED = frozenset({"content_filter", "refusal", "safety"})


def type_of(error: ModelError) -> AIErrorType:
    """The type that strategies know ``error`` by."""
    if is_refusal(error):
        return AIErrorType.SAFETY_VIOLATION
    match error:
        case ModelLoadFailed() | NoModel() | UnknownModel() | DownloadFailed():
            return AIErrorType.MODEL_LOAD_FAILED
        case ContextOverflow():
            return AIErrorType.CONTEXT_OVERFLOW
        case RateLimited():
            return AIErrorType.RATE_LIMIT
        case _:
            return AIErrorType.INFERENCE_ERROR


def is_refusal(error: ModelError) -> bool:
    """Whether the backend held its answer back, so that no other way may be tried to get one."""
    return isinstance(error, SafetyViolation) or error.data.get("finish_reason") in _REFUSED


def helps_again(error: ModelError, request: ChatRequest | None) -> bool:
    """Whether the same backend may answer the same request if it is asked again.

    :param request: None where it could not even be made.
    """
    match error:
        case InvalidOutput():
            # Without chance in it, the answer would be the same, unless the schema is now said in another way.
            lowered = bool(error.data.get("schema_ignored"))
            return error.data.get("fault") in ("json", "shape") and (
                lowered or (request is not None and request.temperature > 0)
            )
        case ModelTimeout():
            # It took its whole time already.
            return False
        case _:
            return error.retryable


def helps_elsewhere(error: ModelError) -> bool:
    """Whether another backend may answer what this one could not."""
    return not is_refusal(error) and not (isinstance(error, InvalidOutput) and error.data.get("fault") == "schema")


def blames_backend(error: ModelError) -> bool:
    """Whether the error says that the backend itself is unwell, and not that it was asked for too much."""
    if isinstance(error, ContextOverflow | NotOffered | InvalidOutput | SafetyViolation):
        return False
    status = error.data.get("status")
    refused = isinstance(error, InferenceError) and isinstance(status, int) and status < 500
    return not refused


def pause_s(backoff: Backoff, tries: int, error: ModelError) -> float:
    """How many seconds to wait after so many tries: with jitter, so that many callers do not come back together, and
    never less than the backend asked for."""
    factor = 2.0 ** (tries - 1) if backoff.type == "exponential" else float(tries)
    return max(backoff.initial * factor * random.uniform(0.5, 1.0), error.retry_after_s or 0.0)


def checked(answer: Answer) -> Answer:
    """``answer``, unless the backend held it back.

    :raises SafetyViolation: when it did.
    """
    if answer.finish_reason not in _REFUSED:
        return answer
    raise SafetyViolation(
        f"The backend {answer.backend!r} refused to answer.",
        why=f"It ended the answer with {answer.finish_reason!r}.",
        next="Word the request differently; it is not sent to another backend, as that could get around the refusal.",
        backend=answer.backend,
        model=answer.model,
        partial=answer.text,
    )


def with_less_context(
    request: ChatRequest, window: int, count: Callable[[tuple[Message, ...]], int]
) -> ChatRequest | None:
    """``request`` without its oldest turns, so that prompt and answer fit ``window`` tokens; None when they cannot.

    System messages and the last turn stay whole, so a request of a single turn is never cut.
    """
    system = tuple(message for message in request.messages if message.role == "system")
    turns = [message for message in request.messages if message.role != "system"]
    for first in range(1, len(turns)):
        # A conversation begins with the person.
        if turns[first].role != "user":
            continue
        kept = (*system, *turns[first:])
        if count(kept) + request.max_tokens <= window:
            return replace(request, messages=kept)
    return None
