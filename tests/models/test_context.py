"""The context manager: what is sent never exceeds the window, and it is the right part of what there is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.models.context import ContextConfig, Piece, Retention, miscounted, pack
from nootropic_kernel.models.contract import Answer, Message
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.errors import ContextOverflow
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.workspace.resources import ResourceInvalid

pytestmark = pytest.mark.slow

STRATEGIES = ("sliding", "priority", "hybrid")


class Counter:
    """Counts as the estimate does, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, messages: Sequence[Message]) -> int:
        self.asked += 1
        return size(tuple(messages))


@cache
def size(messages: tuple[Message, ...]) -> int:
    """The estimate, remembered: ten thousand conversations are made of few texts."""
    if len(messages) == 1:
        return estimate(messages)
    return sum(size((message,)) for message in messages) - (len(messages) - 1) * estimate([])


def conversation(rng: random.Random, turns: int) -> list[Piece]:
    """A system message, turns of random size and importance, and a question."""
    pieces = [Piece("system", (Message("system", "Be short."),), pinned=True)]
    for number in range(turns):
        text = "word " * min(300, int(rng.paretovariate(0.6)))
        messages = (Message("user", text), Message("assistant", f"answer {number}"))
        pieces.append(Piece(f"turn {number}", messages, importance=rng.randrange(4), at=float(number)))
    return [*pieces, Piece("question", (Message("user", "And now?"),), at=float(turns), pinned=True)]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_ten_thousand_conversations_never_exceed_the_window(strategy: str) -> None:
    rng = random.Random(strategy)
    cut = 0
    for _ in range(10_000 // len(STRATEGIES) + 1):
        pieces = conversation(rng, rng.randrange(12))
        window, reserve = rng.randrange(60, 900), rng.randrange(30)
        count = Counter()
        packed = pack(pieces, count, window=window, reserve=reserve, config=ContextConfig(strategy=strategy))
        assert packed.tokens == size(packed.messages) <= window - reserve
        names = [piece.name for piece in packed.kept]
        assert names == [piece.name for piece in pieces if piece.name in names]  # order
        assert names[0] == "system" and names[-1] == "question" and packed.messages[0].content == "Be short."
        out = {left.name for left in packed.left_out}
        assert out | set(names) == {piece.name for piece in pieces} and not out & set(names)
        assert all(left.reason and left.tokens > 0 for left in packed.left_out)
        assert count.asked <= 2 + 10 * 5
        optional = [piece for piece in packed.kept if not piece.pinned]
        if strategy == "sliding":
            newest = [piece for piece in pieces if not piece.pinned][len(pieces) - 2 - len(optional) :]
            assert optional == newest
        if strategy == "priority":
            check_priority(pieces, packed.kept, out, window - reserve)
        cut += bool(out)
    assert cut > 500  # the cases are not all easy ones


def check_priority(pieces: Sequence[Piece], kept: Sequence[Piece], out: set[str], room: int) -> None:
    """What was left out would not fit beside what is kept of the same or more importance."""
    for piece in pieces:
        if piece.name not in out:
            continue
        rank = (piece.importance, piece.at)
        above = [each for each in kept if each.pinned or (each.importance, each.at) > rank]
        wanted = {each.name for each in (*above, piece)}
        messages = [message for each in pieces if each.name in wanted for message in each.messages]
        assert size(tuple(messages)) > room


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 200)), max_size=8), st.integers(40, 400))
def test_more_room_never_keeps_fewer_turns_of_a_sliding_window(sizes: list[tuple[int, int]], window: int) -> None:
    pieces = [
        Piece(f"t{at}", (Message("user", "w " * size), Message("assistant", "a")), importance=rank, at=at)
        for at, (rank, size) in enumerate(sizes)
    ]
    config = ContextConfig(strategy="sliding")
    small, large = (pack(pieces, estimate, window=room, reserve=0, config=config) for room in (window, window + 100))
    assert {piece.name for piece in small.kept} <= {piece.name for piece in large.kept}


def test_hybrid_keeps_the_newest_and_the_most_important() -> None:
    pieces = [
        Piece("first", (Message("user", "w " * 60),), importance=9, at=0),
        *(Piece(f"t{at}", (Message("user", "w " * 60), Message("assistant", "a")), at=at) for at in range(1, 9)),
    ]
    packed = pack(pieces, estimate, window=400, reserve=50)
    names = [piece.name for piece in packed.kept]
    assert names[0] == "first" and names[-1] == "t8" and 2 < len(names) < 9


def test_retention_by_time_importance_and_tokens() -> None:
    pieces = [
        Piece("old", (Message("user", "x"), Message("assistant", "y")), importance=5, at=0),
        Piece("new", (Message("user", "x"), Message("assistant", "y")), importance=1, at=90),
    ]

    def kept(kind: str, value: float) -> list[str]:
        config = ContextConfig(None, "sliding", Retention(kind, value))  # type: ignore[arg-type]
        packed = pack(pieces, estimate, window=1000, reserve=0, config=config, now=100)
        assert len(packed.kept) + len(packed.left_out) == 2
        return [piece.name for piece in packed.kept]

    assert kept("time", 50) == ["new"] and kept("time", 200) == ["old", "new"]
    assert kept("importance", 2) == ["old"]
    assert kept("tokens", 0) == [] and kept("tokens", 30) == ["new"] and kept("tokens", 100) == ["old", "new"]


def test_what_is_pinned_and_does_not_fit_is_refused_with_figures() -> None:
    question = [Piece("question", (Message("user", "word " * 500),), pinned=True)]
    with pytest.raises(ContextOverflow, match="window holds 100"):
        pack(question, estimate, window=100, reserve=10, backend="mine")


def test_neighbours_of_one_role_become_one_message() -> None:
    pieces = [Piece(name, (Message("user", name),), pinned=True) for name in "ab"]
    assert pack(pieces, estimate, window=100, reserve=0).messages == (Message("user", "a\n\nb"),)


def test_the_server_reads_another_number_of_tokens() -> None:
    packed = pack([Piece("q", (Message("user", "hello"),), pinned=True)], estimate, window=100, reserve=0)
    same = Answer("", "m", "b", "stop", packed.tokens)
    assert not miscounted(packed, same) and not miscounted(packed, Answer("", "m", "b", "stop"))
    assert f"read {packed.tokens + 1}" in miscounted(packed, Answer("", "m", "b", "stop", packed.tokens + 1))


@pytest.mark.parametrize(
    "document", [{"strategy": "x"}, {"maxTokens": 0}, {"more": 1}, {"retention": {"type": "time"}}, {"maxTokens": True}]
)
def test_a_configuration_that_is_not_one_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ResourceInvalid, match="cannot be used"):
        ContextConfig.read(document)


def test_a_configuration_is_read() -> None:
    document = {"maxTokens": 500, "strategy": "priority", "retention": {"type": "time", "value": 60}}
    assert ContextConfig.read(document) == ContextConfig(500, "priority", Retention("time", 60.0))


def test_the_real_model_counts_as_it_reads(backend: EmbeddedBackend) -> None:
    from nootropic_kernel.models.contract import ChatRequest

    pieces = conversation(random.Random(3), 30)
    calls = 0

    def count(messages: Sequence[Message]) -> int:
        nonlocal calls
        calls += 1
        return backend.count_tokens(messages)

    packed = pack(pieces, count, window=600, reserve=8)
    answer = backend.chat(ChatRequest(packed.messages, max_tokens=1))
    assert packed.left_out and packed.tokens <= 592 and calls < 40
    assert miscounted(packed, answer) == ""
