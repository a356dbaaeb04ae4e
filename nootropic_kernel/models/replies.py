"""How replies of an OpenAI-compatible server read: stream events, whole completions, and errors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from nootropic_kernel.models.contract import ChatChunk
from nootropic_kernel.models.errors import (
    AuthenticationFailed,
    ContextOverflow,
    InferenceError,
    ModelError,
    RateLimited,
)

_EXCERPT = 300
_OVERFLOW_TYPES = frozenset({"exceed_context_size_error", "context_length_exceeded"})


def chunk_of(event: str, backend: str) -> ChatChunk:
    """One stream event.

    :raises ModelError: when it reports an error, or is not an event of this protocol.
    """
    return _chunk(parsed(event, backend), "delta", backend)


def completion_of(body: str, backend: str) -> ChatChunk:
    """A whole completion, which a server sends that does not stream.

    :raises ModelError: as :func:`chunk_of`.
    """
    chunk = _chunk(parsed(body, backend), "message", backend)
    if chunk.finish_reason is None:
        raise _malformed(backend, body)
    return chunk


def parsed(text: str, backend: str) -> dict[str, Any]:
    """``text`` as a JSON object.

    :raises InferenceError: when it is none.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _malformed(backend, text) from None
    if not isinstance(document, dict):
        raise _malformed(backend, text)
    return document


def _chunk(document: dict[str, Any], part: str, backend: str) -> ChatChunk:
    if "error" in document:
        raise error_of(_status(document["error"]), json.dumps(document), {}, backend)
    choices = document.get("choices")
    usage = document.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    text, reason = "", None
    if isinstance(choices, list) and choices:
        choice = choices[0]
        if not isinstance(choice, dict):
            raise _malformed(backend, json.dumps(document))
        content = (choice.get(part) or {}).get("content") if isinstance(choice.get(part) or {}, dict) else 0
        reason = choice.get("finish_reason")
        if not (content is None or isinstance(content, str)) or not (reason is None or isinstance(reason, str)):
            raise _malformed(backend, json.dumps(document))
        text = content or ""
    elif choices is not None and choices != []:
        raise _malformed(backend, json.dumps(document))
    return ChatChunk(
        text,
        reason or None,
        _name(document.get("model")),
        _count(counts.get("prompt_tokens")),
        _count(counts.get("completion_tokens")),
    )


def error_of(status: int, body: str, headers: Mapping[str, str], backend: str) -> ModelError:
    """The error that a refusing reply means.

    :param body: its text, as far as it was read.
    """
    detail = _detail(body)
    said = _excerpt(str(detail.get("message") or body))
    kinds = {str(detail.get("type")), str(detail.get("code"))}
    if kinds & _OVERFLOW_TYPES or status == 413:
        return overflow(backend, _count(detail.get("n_prompt_tokens")), _count(detail.get("n_ctx")), said=said)
    if status in (401, 403):
        return AuthenticationFailed(
            f"The backend {backend!r} refused the key.",
            why=f"It answered {status}: {said}",
            next="Check the environment variable that apiKeyEnv names in your settings.",
            backend=backend,
            status=status,
        )
    if status == 429:
        wait = _retry_after(headers)
        return RateLimited(
            f"The backend {backend!r} takes no more requests for now.",
            why=f"It answered 429: {said}",
            next=f"Try again in {wait:g} seconds." if wait is not None else "Try again in a minute.",
            backend=backend,
            retry_after_s=wait,
        )
    return InferenceError(
        f"The backend {backend!r} did not answer the request.",
        why=f"It answered {status}: {said or 'nothing'}",
        next="Check its URL and model name in your settings."
        if status in (200, 400, 404, 405, 422)
        else "Try again later.",
        backend=backend,
        status=status,
    )


def overflow(
    backend: str, tokens: int | None, window: int | None, *, said: str = "", estimated: bool = False
) -> ContextOverflow:
    """The error for a prompt that does not fit, with the figures that are known."""
    about = "about " if estimated else ""
    figures = (
        f"It has {about}{tokens} tokens; the window holds {window}, answer included." if tokens and window else said
    )
    return ContextOverflow(
        f"The prompt is too long for {backend!r}.",
        why=figures,
        next="Ask about a smaller file or fewer files, or name a backend with a larger window in your settings.",
        backend=backend,
        tokens=tokens,
        window=window,
        estimated=estimated,
    )


def _malformed(backend: str, text: str) -> InferenceError:
    return InferenceError(
        f"The backend {backend!r} sent something that is not part of an answer.",
        why=f"It sent: {_excerpt(text)}",
        next="Check that its URL is that of an OpenAI-compatible server, then try again.",
        backend=backend,
    )


def _detail(body: str) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    error = document.get("error", document)
    return error if isinstance(error, dict) else {"message": error}


def _status(error: Any) -> int:
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and 400 <= code <= 599 else 500


def _excerpt(text: str) -> str:
    plain = re.sub(r"<[^<>]{0,200}>", " ", text[:5000])
    plain = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return plain[:_EXCERPT] + ("…" if len(plain) > _EXCERPT else "")


def _name(value: Any) -> str:
    return "".join(c for c in value[:200] if c.isprintable()) if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e6 else None
