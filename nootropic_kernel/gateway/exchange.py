"""What a client says to a gateway and hears from it: bodies, answers and errors, apart from how they travel."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from nootropic_kernel.workspace.errors import NootropicError

# A text, or turns as (role, text).
Conversation: TypeAlias = str | Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Options:
    """How to answer; what is None is left to the gateway.

    :param model: a name of ``models()``; ``auto`` chooses.
    :param schema: a JSON schema that the answer must match.
    """

    model: str = "auto"
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: Sequence[str] = ()
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Reply:
    """A whole answer: its text, which model gave it, how it ended (``stop``, ``length``), and tokens where counted."""

    text: str
    model: str
    finish_reason: str
    input_tokens: int | None = None
    output_tokens: int | None = None

    def json(self) -> Any:
        """The answer's text as JSON, for a request with a ``schema``.

        :raises ValueError: when it is none.
        """
        return json.loads(self.text)


class GatewayError(NootropicError):
    """The gateway refused or failed; ``data`` has the HTTP ``status`` and the gateway's ``code`` and ``param``."""


class BadRequest(GatewayError):
    """The request is wrong, or cannot be kept by the gateway."""


class NotAuthorized(GatewayError):
    """The key is missing or wrong."""


class UnknownModel(GatewayError):
    """The gateway has no such model, or no such address."""


class TooBusy(GatewayError):
    """Too many requests wait; ``data["retry_after_s"]`` says how many seconds to wait, where that is known."""


class BudgetSpent(GatewayError):
    """The budget of whoever runs the gateway does not allow another call."""


class GatewayFailed(GatewayError):
    """The gateway or the model behind it failed."""


class GatewayUnreachable(GatewayError):
    """There is no connection to the gateway, or nothing came in time."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(
            "The gateway does not answer.",
            why=f"{type(cause).__name__}: {cause}",
            next="Check that `noo serve` runs, and its address.",
        )


class StreamCut(GatewayError):
    """The answer ended before it was whole."""

    def __init__(self) -> None:
        super().__init__("The answer ended before it was whole.", next="Ask again.")


_BY_STATUS: dict[int, type[GatewayError]] = {
    401: NotAuthorized,
    402: BudgetSpent,
    403: NotAuthorized,
    404: UnknownModel,
    429: TooBusy,
}


def body(messages: Conversation, options: Options | None, *, stream: bool = False) -> dict[str, Any]:
    """The request's JSON."""
    wanted = options or Options()
    turns = [("user", messages)] if isinstance(messages, str) else messages
    asked: dict[str, Any] = {
        "model": wanted.model,
        "messages": [{"role": role, "content": text} for role, text in turns],
        "max_completion_tokens": wanted.max_tokens,
        "temperature": wanted.temperature,
        "top_p": wanted.top_p,
        "seed": wanted.seed,
        "stop": list(wanted.stop) or None,
        "stream": stream or None,
    }
    if wanted.schema is not None:
        shape = {"name": "answer", "schema": dict(wanted.schema), "strict": True}
        asked["response_format"] = {"type": "json_schema", "json_schema": shape}
    return {name: value for name, value in asked.items() if value is not None}


def reply(status: int, content: bytes, headers: Mapping[str, str]) -> Reply:
    """The answer that a response holds.

    :raises GatewayError: when it holds none.
    """
    document = _document(status, content, headers)
    try:
        choice, usage = document["choices"][0], document.get("usage") or {}
        return Reply(
            str(choice["message"]["content"]),
            str(document["model"]),
            str(choice["finish_reason"]),
            usage.get("prompt_tokens"),
            usage.get("completion_tokens"),
        )
    except (KeyError, IndexError, TypeError) as error:
        raise _strange(status) from error


def names(status: int, content: bytes, headers: Mapping[str, str]) -> list[str]:
    """The models that a response lists.

    :raises GatewayError: when it lists none.
    """
    try:
        return [str(row["id"]) for row in _document(status, content, headers)["data"]]
    except (KeyError, TypeError) as error:
        raise _strange(status) from error


def piece(line: str) -> str | None:
    """The text that a line of a stream brings; None when it says that the answer is whole.

    :raises GatewayError: when it says that the answer failed.
    """
    if not line.startswith("data:"):
        return ""
    data = line.removeprefix("data:").strip()
    if data == "[DONE]":
        return None
    try:
        event = json.loads(data)
        if "error" in event:
            raise refusal(500, data.encode(), {})
        return "".join(choice["delta"].get("content") or "" for choice in event["choices"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _strange(200) from error


def refusal(status: int, content: bytes, headers: Mapping[str, str]) -> GatewayError:
    """The error that a response tells."""
    try:
        detail = json.loads(content)["error"]
        message, code, param = str(detail["message"]), detail.get("code"), detail.get("param")
    except (ValueError, KeyError, TypeError, AttributeError):
        message, code, param = f"The gateway answered {status}.", None, None
    kind = _BY_STATUS.get(status, BadRequest if status < 500 else GatewayFailed)
    wait = headers.get("retry-after", "")
    return kind(message, status=status, code=code, param=param, retry_after_s=float(wait) if wait.isdigit() else None)


def _document(status: int, content: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    if status != 200:
        raise refusal(status, content, headers)
    try:
        document = json.loads(content)
    except ValueError as error:
        raise _strange(status) from error
    if not isinstance(document, dict):
        raise _strange(status)
    return document


def _strange(status: int) -> GatewayFailed:
    return GatewayFailed(
        "What answered is not a gateway.", next="Check the address; it ends in /v1.", status=status, code=None
    )
