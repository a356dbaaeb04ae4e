"""What model servers say instead of an answer: their errors, in every form they come in, as one set of types."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from nootropic_kernel.models.errors import (
    AuthenticationFailed,
    ContextOverflow,
    InferenceError,
    ModelError,
    RateLimited,
)

_EXCERPT = 300
_TRANSIENT = frozenset({408, 425, 500, 502, 503, 504})
_OVERFLOW_TYPES = frozenset({"exceed_context_size_error", "context_length_exceeded"})
# How servers without such a type say it: Ollama, Anthropic, vLLM, text-generation-inference.
_OVERFLOW_TEXTS = re.compile(
    r"exceeds? the (available )?context|maximum context length|prompt is too long|`inputs` tokens \+ `max_new_tokens`",
    re.IGNORECASE,
)
# "prompt is too long: 210000 tokens > 200000 maximum" and "maximum context length is 4096 tokens … requested 5000".
_FIGURES = (
    re.compile(r"(?P<tokens>\d+) tokens > (?P<window>\d+)"),
    re.compile(r"maximum context length is (?P<window>\d+) tokens.{0,80}?(?P<tokens>\d+)", re.DOTALL),
)
# Errors inside of a stream have a name and no status.
_STATUS_OF_TYPE = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "invalid_request_error": 400,
    "request_too_large": 413,
}


def parsed(text: str, backend: str) -> dict[str, Any] | list[Any]:
    """``text`` as a JSON object or list.

    :raises InferenceError: when it is none.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise malformed(backend, text) from None
    if not isinstance(document, dict | list):
        raise malformed(backend, text)
    return document


def parsed_object(text: str, backend: str) -> dict[str, Any]:
    """``text`` as a JSON object that is no error.

    :raises ModelError: when it is none, or reports one.
    """
    document = parsed(text, backend)
    if not isinstance(document, dict):
        raise malformed(backend, text)
    if document.get("error") or document.get("type") == "error" or document.get("object") == "error":
        raise error_of(_status(document), text, {}, backend)
    return document


def error_of(status: int, body: str, headers: Mapping[str, str], backend: str) -> ModelError:
    """The error that a refusing reply means.

    :param body: its text, as far as it was read.
    """
    detail = _detail(body)
    said = _excerpt(str(detail.get("message") or body))
    kinds = {str(detail.get("type")), str(detail.get("code"))}
    if kinds & _OVERFLOW_TYPES or status == 413 or (status in (400, 422, 500) and _OVERFLOW_TEXTS.search(said)):
        tokens, window = _figures(detail, said)
        return overflow(backend, tokens, window, said=said)
    if status in (401, 403):
        return AuthenticationFailed(
            f"The backend {backend!r} refused the key.",
            why=f"It answered {status}: {said}",
            next="Check what apiKeyEnv or apiKeyKeyring names in your settings.",
            backend=backend,
            status=status,
        )
    wait = _retry_after(headers, detail)
    if status in (429, 529):
        return RateLimited(
            f"The backend {backend!r} takes no more requests for now.",
            why=f"It answered {status}: {said}",
            next=f"Try again in {wait:g} seconds." if wait is not None else "Try again in a minute.",
            backend=backend,
            status=status,
            retry_after_s=wait,
        )
    later = f"Try again in {wait:g} seconds." if wait is not None else "Try again later."
    return InferenceError(
        f"The backend {backend!r} did not answer the request.",
        why=f"It answered {status}: {said or 'nothing'}",
        next=later if status >= 500 else "Check its kind, URL and model name in your settings.",
        backend=backend,
        status=status,
        param=detail.get("param") if isinstance(detail.get("param"), str) else None,
        retryable=status in _TRANSIENT,
        retry_after_s=wait,
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


def malformed(backend: str, text: str) -> InferenceError:
    """The error for a reply that is no answer of the protocol."""
    return InferenceError(
        f"The backend {backend!r} sent something that is not part of an answer.",
        why=f"It sent: {_excerpt(text) or 'nothing'}",
        next="Check that its URL is that of a model server of its kind, then try again.",
        backend=backend,
    )


def count(value: Any) -> int | None:
    """``value`` when it is a number of tokens."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def name(value: Any) -> str:
    """``value`` when it is a name: printable, and not endless."""
    return "".join(c for c in value[:200] if c.isprintable()) if isinstance(value, str) else ""


def _detail(body: str) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    error = document.get("error", document.get("detail", document))
    beside = {"estimated_time": document.get("estimated_time")}
    return {**beside, **error} if isinstance(error, dict) else {**beside, "message": error}


def _status(document: dict[str, Any]) -> int:
    detail = document.get("error")
    detail = detail if isinstance(detail, dict) else document
    for key in ("code", "type"):
        said = detail.get(key)
        if isinstance(said, int) and 400 <= said <= 599:
            return said
        if isinstance(said, str) and said in _STATUS_OF_TYPE:
            return _STATUS_OF_TYPE[said]
    return 500


def _figures(detail: dict[str, Any], said: str) -> tuple[int | None, int | None]:
    for pattern in _FIGURES:
        if found := pattern.search(said):
            return int(found["tokens"]), int(found["window"])
    return count(detail.get("n_prompt_tokens")), count(detail.get("n_ctx"))


def _excerpt(text: str) -> str:
    plain = re.sub(r"<[^<>]{0,200}>", " ", text[:5000])
    plain = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return plain[:_EXCERPT] + ("…" if len(plain) > _EXCERPT else "")


def _retry_after(headers: Mapping[str, str], detail: dict[str, Any]) -> float | None:
    """In seconds: by the header, as a number or a date, or by Hugging Face's guess of how long a model loads."""
    said: Any = headers.get("retry-after") or detail.get("estimated_time")
    try:
        seconds = float(said)
    except (TypeError, ValueError):
        try:
            seconds = max(0.0, email.utils.parsedate_to_datetime(str(said)).timestamp() - time.time())
        except ValueError:
            return None
    return seconds if 0 <= seconds < 1e6 else None
