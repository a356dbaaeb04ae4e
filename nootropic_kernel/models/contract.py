"""What every model backend offers, and the records that go in and out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from nootropic_kernel.runs.effects import Answer, Ask, Message

__all__ = ["Answer", "Availability", "Backend", "ChatChunk", "ChatRequest", "Message", "OnText"]

OnText: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class ChatRequest:
    """A conversation to continue. ``schema`` demands JSON of that shape; ``stop`` are texts that end the answer."""

    messages: tuple[Message, ...]
    max_tokens: int = 512
    temperature: float = 0.0
    schema: dict[str, Any] | None = None
    stop: tuple[str, ...] = ()
    purpose: str = ""

    @classmethod
    def from_ask(cls, ask: Ask) -> ChatRequest:
        """The request that serves an agent's ``Ask``."""
        return cls(ask.messages, ask.max_tokens, ask.temperature, ask.schema, purpose=ask.purpose)


@dataclass(frozen=True)
class ChatChunk:
    """A piece of an answer as it arrives; the last one has a ``finish_reason``, and later ones may carry counts."""

    text: str = ""
    finish_reason: str | None = None
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True)
class Availability:
    """Whether a backend can be asked; if not, the reason and the command or step that mends it."""

    ok: bool
    reason: str = ""
    next: str = ""


class Backend(Protocol):
    """A model that can be asked."""

    @property
    def name(self) -> str:
        """The name that settings and answers use for it."""
        ...

    @property
    def identity(self) -> str:
        """Differs whenever another model would answer: a kept answer holds for one identity only."""
        ...

    def available(self) -> Availability:
        """Whether it can be asked, found out without asking it, loading it or using the network."""
        ...

    def chat(
        self, request: ChatRequest, on_text: OnText | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Answer ``request``; ``on_text`` gets the pieces in the caller's thread.

        :raises ModelError: when there is no whole, valid answer.
        :raises Interrupted: within a second of ``cancel`` being set.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens ``text`` has for this model, exactly or as a cautious estimate."""
        ...

    def close(self) -> None:
        """Give back what this backend holds; it may be asked again later."""
        ...
