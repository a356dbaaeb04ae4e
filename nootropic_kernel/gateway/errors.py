"""Errors on their way out: which status and which OpenAI form each of ours has.

https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pydantic import ValidationError

from nootropic_kernel.gateway.replies import ErrorDetail, ErrorReply
from nootropic_kernel.models import errors as models
from nootropic_kernel.telemetry.budget import BudgetExceeded, PriceUnknown
from nootropic_kernel.workspace.errors import Interrupted, NootropicError, UsageError

if TYPE_CHECKING:
    from starlette.responses import Response


class Refused(NootropicError):
    """A request that is refused: ``data`` has its HTTP ``status`` and OpenAI's ``code`` and ``param``."""

    def __init__(
        self, status: int, code: str, what: str, *, why: str = "", next: str = "", param: str | None = None
    ) -> None:
        super().__init__(what, why=why, next=next, status=status, code=code, param=param)


# What deserves better words than a validator's: by the first and last part of where it is.
_WORDS: dict[tuple[str | int, str | int] | None, tuple[str, str, str]] = {
    ("tools", "tools"): (
        "tools_not_offered",
        "Tools are not offered here.",
        "Ask for JSON by response_format and act on the answer yourself.",
    ),
    ("safety", "action"): (
        "safety_not_measured",
        "This action is not offered: toxicity, bias and factual cannot be blocked, because nothing here measures them.",
        'Use "flag" or "log": the answer then says that it was not measured.',
    ),
}


def not_valid(error: ValidationError) -> Refused:
    """The refusal of a body that is not of the demanded form; it names the field and never repeats its value."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if fault["type"] == "json_invalid":
        return Refused(400, "invalid_json", "The body is not valid JSON.", why=fault["msg"])
    field = ".".join(str(part) for part in fault["loc"]) or None
    if (known := _WORDS.get((fault["loc"][0], fault["loc"][-1]) if fault["loc"] else None)) is not None:
        return Refused(400, known[0], known[1], next=known[2], param=field)
    return Refused(400, "invalid_value", f"{field or 'The body'}: {fault['msg']}", param=field)


def status_of(error: BaseException) -> int:
    """The HTTP status that an error has."""
    if isinstance(error, Refused):
        return int(error.data["status"])
    if isinstance(error, BudgetExceeded | PriceUnknown):
        return 402
    if isinstance(error, models.RateLimited):
        return 429
    if isinstance(error, models.ModelTimeout):
        return 504
    if isinstance(error, UsageError | models.ContextOverflow | models.NotOffered | models.SafetyViolation):
        return 400
    if isinstance(error, models.InvalidOutput):
        return 400 if error.data.get("fault") == "schema" else 502
    # That the person's own key for a model's server is wrong is not the caller's fault: 401 would name the wrong key.
    unavailable = models.NoModel | models.ModelLoadFailed | models.BackendUnreachable | models.AuthenticationFailed
    if isinstance(error, unavailable | Interrupted) or (isinstance(error, models.ModelError) and error.retryable):
        return 503
    return 500


# Errors that OpenAI's protocol has a word for, or that mean something else to a caller; all others are called by the
# name of their class, written as OpenAI writes its codes.
_CODES = {
    "ContextOverflow": "context_length_exceeded",
    "RateLimited": "rate_limit_exceeded",
    "InvalidOutput": "schema_violation",
    "SafetyViolation": "content_filter",
    "ModelTimeout": "timeout",
    "Interrupted": "server_stopping",
}
_TYPES = {401: "authentication_error", 402: "insufficient_quota", 403: "permission_error", 429: "rate_limit_error"}


def _code(error: NootropicError) -> str:
    return _CODES.get(error.code) or re.sub(r"(?<!^)(?=[A-Z])", "_", error.code).lower()


def document(error: BaseException) -> ErrorReply:
    """The error as the document that OpenAI's clients read. What nobody foresaw is not told in detail."""
    status = status_of(error)
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    if not isinstance(error, NootropicError):
        detail = ErrorDetail(message="The server failed; its log tells more.", type=kind, code="internal_error")
        return ErrorReply(error=detail)
    code = error.data["code"] if isinstance(error, Refused) else _code(error)
    param = error.data.get("param")
    return ErrorReply(
        error=ErrorDetail(message=str(error), type=kind, code=code, param=param if isinstance(param, str) else None)
    )


def response(error: BaseException) -> Response:
    """The error as an HTTP response; a client is told when to come again, or that the same request will fail again."""
    from starlette.responses import Response

    status = status_of(error)
    headers = {}
    if status == 429:
        wait = error.retry_after_s if isinstance(error, models.RateLimited) else None
        headers["retry-after"] = str(max(1, math.ceil(wait or 1)))
    if status >= 500 and not (isinstance(error, models.ModelError) and error.retryable):
        headers["x-should-retry"] = "false"
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(document(error).model_dump_json(), status, headers, "application/json")
