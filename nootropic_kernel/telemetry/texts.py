"""What was said to a model and by it, in the form that OpenTelemetry's conventions for generative AI give to messages.

Each message is ``{"role", "parts": [{"type", "content"}]}``; thoughts are parts of the type ``reasoning``. Secrets are
taken out before anything is kept. https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nootropic_kernel.telemetry.semconv import TEXT_LEVEL, TEXTS
from nootropic_kernel.workspace.secrets import redact

# Characters of one message; the begin and the end of a longer one tell most.
MOST_CHARS = 20_000

Scrub = Callable[[str], str]


def input_messages(messages: Iterable[tuple[str, str]], scrub: Scrub = str) -> str:
    """The JSON for a conversation of ``(role, text)``.

    :param scrub: takes out what only the caller knows to be secret, such as the key that the call is made with.
    """
    return json.dumps([_message(role, [("text", text)], scrub) for role, text in messages], ensure_ascii=False)


def output_messages(text: str, reasoning: str, finish_reason: str, scrub: Scrub = str) -> str:
    """The JSON for an answer with the thoughts that led to it."""
    parts = [("reasoning", reasoning)] if reasoning else []
    message = _message("assistant", [*parts, ("text", text)], scrub)
    return json.dumps([{**message, "finish_reason": finish_reason}], ensure_ascii=False)


def spoken(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a span keeps of a conversation, as ``(role, text)``; thoughts have the role ``reasoning``."""
    said = []
    for name in TEXTS:
        try:
            messages = json.loads(attributes.get(name, "[]"))
        except ValueError:
            continue
        for message in messages:
            for part in message.get("parts", ()):
                role = "reasoning" if part.get("type") == "reasoning" else message.get("role", "")
                said.append((str(role), str(part.get("content", ""))))
    return said


def without_texts(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a span without what was said."""
    return {name: value for name, value in attributes.items() if name not in TEXTS and name != TEXT_LEVEL}


def _message(role: str, parts: Iterable[tuple[str, str]], scrub: Scrub) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": kind, "content": _kept(text, scrub)} for kind, text in parts]}


def _kept(text: str, scrub: Scrub) -> str:
    # Before it is cut: half a secret looks like none.
    text = redact(scrub(text))
    # A lone surrogate cannot be written to any store.
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= MOST_CHARS:
        return text
    half = MOST_CHARS // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
