"""What of a conversation goes to the model when not all of it fits its window, and what is left out and why.

The whole conversation is counted, template included, with the model's own tokenizer where it can be asked; a search by
halves keeps that to a few counts, however many pieces there are.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from nootropic_kernel.models.contract import Answer, Message
from nootropic_kernel.models.refusals import overflow
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.workspace.resources import ResourceInvalid

Strategy: TypeAlias = Literal["sliding", "priority", "hybrid"]
RetentionType: TypeAlias = Literal["time", "tokens", "importance"]
Count: TypeAlias = Callable[[Sequence[Message]], int]

# How many pieces that are too large are passed over before the rest is left out unseen; each costs a few counts.
_PASSED_OVER = 8


@dataclass(frozen=True)
class Retention:
    """Which pieces are considered at all.

    :param value: the most age in seconds for ``time``, the most tokens of all optional pieces together for
        ``tokens``, the least importance for ``importance``.
    """

    type: RetentionType
    value: float


@dataclass(frozen=True)
class ContextConfig:
    """How the window is filled.

    :param max_tokens: the most for prompt and answer together; None means the model's window.
    :param strategy: ``sliding`` keeps the newest pieces without a gap, ``priority`` the most important ones, ``hybrid``
        gives half of the room to the newest and the rest to the most important.
    """

    max_tokens: int | None = None
    strategy: Strategy = "hybrid"
    retention: Retention | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> ContextConfig:
        """The configuration that a YAML mapping (``maxTokens``, ``strategy``, ``retention``) holds.

        :raises ResourceInvalid: for an unknown key or a value that does not fit.
        """
        unknown = set(document) - {"maxTokens", "strategy", "retention"}
        strategy, most = document.get("strategy", "hybrid"), document.get("maxTokens")
        kept = document.get("retention")
        fits = (
            not unknown
            and strategy in get_args(Strategy)
            and (most is None or (_is_number(most) and most > 0))
            and (kept is None or _is_retention(kept))
        )
        if not fits:
            raise ResourceInvalid(
                "The context configuration cannot be used.",
                why=f"It holds {dict(document)!r}."[:300],
                next="It takes maxTokens (a number), strategy (sliding, priority or hybrid), and retention with a type "
                "(time, tokens or importance) and a value.",
            )
        retention = Retention(kept["type"], float(kept["value"])) if kept is not None else None
        return cls(None if most is None else int(most), strategy, retention)


@dataclass(frozen=True)
class Piece:
    """A part of a conversation that is sent whole or not at all, such as a question with its answer.

    :param name: what the person knows it by.
    :param importance: larger is more important.
    :param at: when it was said, in seconds since the epoch.
    :param pinned: always sent: the system message, the question itself.
    """

    name: str
    messages: tuple[Message, ...]
    importance: float = 0.0
    at: float = 0.0
    pinned: bool = False


@dataclass(frozen=True)
class LeftOut:
    """A piece that was not sent; ``tokens`` is an estimate."""

    name: str
    reason: str
    tokens: int


@dataclass(frozen=True)
class Packed:
    """What is sent.

    :param tokens: how many the conversation has, template included.
    :param window: how many conversation and answer may have together.
    :param exact: whether the model's own tokenizer counted.
    """

    messages: tuple[Message, ...]
    kept: tuple[Piece, ...]
    left_out: tuple[LeftOut, ...]
    tokens: int
    window: int
    exact: bool


def pack(
    pieces: Sequence[Piece],
    count: Count,
    *,
    window: int,
    reserve: int,
    config: ContextConfig | None = None,
    exact: bool = True,
    now: float | None = None,
    backend: str = "",
) -> Packed:
    """Choose the pieces that fit ``window`` less ``reserve`` (both in tokens); they keep their order.

    :param count: counts a conversation, template included; called a few times only.
    :param exact: whether ``count`` is the model's own.
    :param backend: whose window it is, for the error.
    :raises ContextOverflow: when the pinned pieces alone do not fit.
    """
    config = config or ContextConfig()
    window = min(window, config.max_tokens or window)
    packer = _Packer(pieces, count, window - reserve)
    if packer.size(()) > packer.room:
        raise overflow(backend, packer.size(()) + reserve, window, estimated=not exact)
    packer.retain(config.retention, time.time() if now is None else now)
    packer.fill(config.strategy)
    chosen = packer.chosen
    return Packed(
        messages=tuple(joined(pieces, chosen)),
        kept=tuple(piece for index, piece in enumerate(pieces) if piece.pinned or index in chosen),
        left_out=tuple(
            LeftOut(piece.name, packer.reasons[index], estimate(piece.messages))
            for index, piece in enumerate(pieces)
            if index in packer.reasons
        ),
        tokens=packer.size(chosen),
        window=window,
        exact=exact,
    )


def joined(pieces: Sequence[Piece], chosen: Sequence[int]) -> Iterator[Message]:
    """The messages of the pinned and the chosen pieces in order; neighbours of one role become one message.

    Many chat templates take no two messages of the same role in a row.
    """
    wanted = set(chosen)
    pending: Message | None = None
    for index, piece in enumerate(pieces):
        if not (piece.pinned or index in wanted):
            continue
        for message in piece.messages:
            if pending is not None and pending.role == message.role:
                pending = Message(pending.role, f"{pending.content}\n\n{message.content}")
                continue
            if pending is not None:
                yield pending
            pending = message
    if pending is not None:
        yield pending


def miscounted(packed: Packed, answer: Answer) -> str:
    """A sentence when the server read another number of tokens than was counted before; empty when it did not.

    An estimate is cautious: it is wrong only when it was too low.
    """
    told = answer.input_tokens
    if told is None or told == packed.tokens or (not packed.exact and told < packed.tokens):
        return ""
    how = "counted" if packed.exact else "estimated"
    return f"{packed.tokens} tokens were {how} for the prompt; the server read {told}."


class _Packer:
    def __init__(self, pieces: Sequence[Piece], count: Count, room: int) -> None:
        self.pieces = pieces
        self.room = room
        self.chosen: tuple[int, ...] = ()
        self.reasons: dict[int, str] = {}
        self._count = count
        self._sizes: dict[tuple[int, ...], int] = {}
        self._open = [index for index, piece in enumerate(pieces) if not piece.pinned]

    def size(self, chosen: tuple[int, ...]) -> int:
        """How many tokens the pinned and the chosen pieces have as a conversation."""
        if chosen not in self._sizes:
            self._sizes[chosen] = self._count(list(joined(self.pieces, chosen)))
        return self._sizes[chosen]

    def retain(self, retention: Retention | None, now: float) -> None:
        """Leave out what the retention rules out."""
        if retention is None:
            return
        if retention.type == "tokens":
            self.room = min(self.room, self.size(()) + int(retention.value))
            return
        for index in list(self._open):
            piece = self.pieces[index]
            if retention.type == "time" and now - piece.at > retention.value:
                self._leave(index, f"older than {retention.value:g} s")
            elif retention.type == "importance" and piece.importance < retention.value:
                self._leave(index, f"less important than {retention.value:g}")

    def fill(self, strategy: Strategy) -> None:
        """Take pieces by the strategy until nothing more fits."""
        newest = sorted(self._open, key=lambda index: (self.pieces[index].at, index), reverse=True)
        if strategy != "priority":
            room = self.room
            if strategy == "hybrid":
                room = self.size(()) + (self.room - self.size(())) // 2
            self._take(newest, room, passing=0)
        if strategy == "sliding":
            for index in list(self._open):
                self._leave(index, "older than what fits")
            return
        ranked = sorted(
            self._open, key=lambda index: (self.pieces[index].importance, self.pieces[index].at, index), reverse=True
        )
        self._take(ranked, self.room, passing=_PASSED_OVER)
        for index in list(self._open):
            self._leave(index, "less important than what fits")

    def _take(self, ranked: list[int], room: int, passing: int) -> None:
        """Take from the front of ``ranked`` what fits; what is too large is passed over up to ``passing`` times."""
        rest = list(ranked)
        while rest:
            fitting = self._fitting(rest, room)
            self.chosen = tuple(sorted((*self.chosen, *rest[:fitting])))
            self._open = [index for index in self._open if index not in self.chosen]
            if fitting == len(rest) or not passing:
                return
            self._leave(rest[fitting], "too large for the room left")
            rest, passing = rest[fitting + 1 :], passing - 1

    def _fitting(self, rest: list[int], room: int) -> int:
        """How many from the front of ``rest`` fit beside what is chosen: each number returned was counted to fit."""
        low, high = 0, len(rest)
        middle = high  # most often all of it fits
        while low < high:
            if self.size(tuple(sorted((*self.chosen, *rest[:middle])))) <= room:
                low = middle
            else:
                high = middle - 1
            middle = math.ceil((low + high) / 2)
        return low

    def _leave(self, index: int, reason: str) -> None:
        self._open.remove(index)
        self.reasons[index] = reason


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_retention(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"type", "value"}
        and value["type"] in get_args(RetentionType)
        and _is_number(value["value"])
    )
