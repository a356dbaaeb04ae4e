"""What an agent's step may ask for. A step is a generator that yields these and is sent the answers."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Message:
    """One turn of a conversation: ``role`` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True)
class Ask:
    """Ask a model. ``prompt`` and ``prompt_version`` name the template used; ``schema`` demands JSON of that shape."""

    messages: tuple[Message, ...]
    purpose: str
    max_tokens: int = 512
    temperature: float = 0.0
    schema: dict[str, Any] | None = None
    prompt: str = ""
    prompt_version: str = ""


@dataclass(frozen=True)
class Answer:
    """What a model said, which model it was, and how it ended (``stop``, ``length``).

    ``reasoning`` is what a model thought aloud before ``text``; ``cached_tokens`` are those of ``input_tokens`` that
    the server did not have to read again. ``switched`` are sentences about what was tried before and why it was left;
    ``cached`` is an answer that was given before.
    """

    text: str
    model: str
    backend: str
    finish_reason: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning: str = ""
    cached_tokens: int | None = None
    switched: tuple[str, ...] = ()
    cached: bool = False


@dataclass(frozen=True)
class Approve:
    """Ask the person a yes/no question; answered with a bool."""

    question: str


@dataclass(frozen=True)
class Run:
    """Run a command in the sandbox, in ``folder``; answered with a :class:`RunResult`.

    ``approved`` says that a person agreed to run it with nothing that confines it.
    """

    command: tuple[str, ...]
    folder: str
    timeout_s: float = 60.0
    approved: bool = False


@dataclass(frozen=True)
class RunResult:
    """How a sandboxed command ended; ``level`` and ``limits`` say what confined it.

    ``report`` is what the command wrote to descriptor 3, ``stopped_by`` the limit that ended it (empty if none did),
    and ``unenforced`` what did not hold here.
    """

    code: int
    output: str
    errors: str
    level: str
    limits: tuple[str, ...] = ()
    report: bytes = b""
    stopped_by: str = ""
    unenforced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Search:
    """Search the repository; answered with a list of :class:`Snippet`."""

    query: str
    limit: int = 5


@dataclass(frozen=True)
class Snippet:
    """A found piece: path, first and last line (1-based, inclusive), its text and score."""

    path: str
    start: int
    end: int
    text: str
    score: float
    name: str = ""


@dataclass(frozen=True)
class Read:
    """Read a file of the repository; answered with its bytes, or None when there is none."""

    path: str


@dataclass(frozen=True)
class All:
    """Several independent requests at once; answered with the list of their answers, in order. They may nest."""

    effects: tuple[Effect, ...]


Single: TypeAlias = Ask | Approve | Run | Search | Read
Effect: TypeAlias = Single | All
Step: TypeAlias = Generator[Effect, Any, T]


def singles(effect: Effect) -> Iterator[Single]:
    """The requests that an effect is made of, in order, whatever the nesting."""
    if isinstance(effect, All):
        for part in effect.effects:
            yield from singles(part)
    else:
        yield effect


def label(effect: Single) -> str:
    """A request in a few words, for a person."""
    match effect:
        case Ask():
            return f"asking a model ({effect.purpose})"
        case Approve():
            return "asking you"
        case Run():
            return f"running {effect.command[0]}"
        case Search():
            return "searching"
        case Read():
            return f"reading {effect.path}"
