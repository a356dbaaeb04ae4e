"""What every model backend offers, and the records that go in and out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.runs.effects import Answer, Message

__all__ = [
    "Answer",
    "Availability",
    "Backend",
    "ChatRequest",
    "Embedding",
    "Features",
    "Message",
    "OnText",
    "Outcome",
    "Probe",
    "SchemaSupport",
]

OnText: TypeAlias = Callable[[str], None]
Outcome: TypeAlias = Answer | ModelError
SchemaSupport: TypeAlias = Literal["none", "asked", "enforced"]


@dataclass(frozen=True)
class ChatRequest:
    """A conversation to continue.

    :param max_tokens: the most that the answer may have, reasoning included.
    :param schema: demands JSON of that shape.
    :param stop: texts that end the answer and are not part of it.
    :param top_p, seed: wishes; a backend that knows no such thing leaves them out.
    :param adapter: the LoRA adapter to answer with, by the name that the backend has for it.
    :param purpose: a label for traces. It changes no answer, so requests that differ in it alone are equal.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 512
    temperature: float = 0.0
    schema: dict[str, Any] | None = None
    stop: tuple[str, ...] = ()
    purpose: str = field(default="", compare=False)
    top_p: float | None = None
    seed: int | None = None
    adapter: str = ""

    def __hash__(self) -> int:
        sampling = (self.max_tokens, self.temperature, self.top_p, self.seed)
        return hash((self.messages, sampling, self.stop, self.adapter, _frozen(self.schema)))


@dataclass(frozen=True)
class Features:
    """What a backend can do.

    :param streaming: pieces arrive while it answers; without, ``on_text`` gets the whole answer at once.
    :param schema: ``enforced`` by constrained decoding, ``asked`` for (it may not keep to it), or ``none``: then the
        schema is said in words. The answer is checked in any case, and one that shows less lowers this.
    :param exact_tokens: ``count_tokens`` uses the model's own tokenizer; else it is a cautious estimate.
    :param batch: how many requests at once it gains from; 1 means one after the other.
    """

    streaming: bool = True
    schema: SchemaSupport = "none"
    embeddings: bool = False
    exact_tokens: bool = False
    adapters: bool = False
    batch: int = 1


@dataclass(frozen=True)
class Availability:
    """Whether a backend can be asked; if not, the reason and the command or step that mends it."""

    ok: bool
    reason: str = ""
    next: str = ""


@dataclass(frozen=True)
class Probe:
    """What a server says of itself; what it does not say is empty."""

    version: str = ""
    models: tuple[str, ...] = ()
    window: int | None = None


@dataclass(frozen=True)
class Embedding:
    """One vector a text, in order, the model they are of, and how many tokens were read where that is known."""

    vectors: tuple[tuple[float, ...], ...]
    model: str
    tokens: int | None = None


class Backend(Protocol):
    """A model that can be asked."""

    @property
    def name(self) -> str:
        """The name that settings and answers use for it."""
        ...

    @property
    def kind(self) -> str:
        """What serves it: ``embedded``, or one of the kinds that settings know."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether prompts stay on this machine or the person's own network."""
        ...

    @property
    def features(self) -> Features:
        """What it can do, as far as this session knows."""
        ...

    @property
    def identity(self) -> str:
        """Differs whenever another model would answer: a kept answer holds for one identity only."""
        ...

    def available(self) -> Availability:
        """Whether it can be asked, found out without asking it, loading it or using the network."""
        ...

    def probe(self, cancel: threading.Event | None = None) -> Probe:
        """Ask the server what it is and serves. This contacts it.

        :raises ModelError: when it does not answer, or not like a server of its kind.
        """
        ...

    def chat(
        self, request: ChatRequest, on_text: OnText | None = None, cancel: threading.Event | None = None
    ) -> Answer:
        """Answer ``request``; ``on_text`` gets the pieces in the caller's thread.

        :raises ModelError: when there is no whole, valid answer.
        :raises Interrupted: within a second of ``cancel`` being set.
        """
        ...

    def batch(self, requests: Sequence[ChatRequest], cancel: threading.Event | None = None) -> list[Outcome]:
        """Answer several requests; each has its answer or its error, in their order.

        :raises Interrupted: within a second of ``cancel`` being set.
        """
        ...

    def embed(self, texts: Sequence[str], cancel: threading.Event | None = None) -> Embedding:
        """One vector a text.

        :raises NotOffered: when it has no embeddings.
        :raises ModelError: when there are no whole, valid vectors.
        """
        ...

    def count_tokens(self, content: str | Sequence[Message]) -> int:
        """How many tokens a text, or a conversation with the model's template, has; see ``features.exact_tokens``.

        :raises ModelError: when the server has to be asked and does not answer.
        """
        ...

    def window(self, cancel: threading.Event | None = None) -> int | None:
        """How many tokens prompt and answer may have together; None when nobody says. May contact the server.

        :raises ModelError: when the server has to be asked and does not answer.
        """
        ...

    def close(self) -> None:
        """Give back what this backend holds; it may be asked again later."""
        ...


def _frozen(value: Any) -> Any:
    """A hashable stand-in that is equal for equal JSON, whatever the order of keys (and 1 equals 1.0, as in Python)."""
    if isinstance(value, dict):
        return frozenset((key, _frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    return value
