"""The breaker's states, by a clock that the test turns, and against a plain description of it."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.models.breaker import Breaker


@dataclass
class Clock:
    """Seconds that the test lets pass."""

    now: float = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def broken(clock: Clock) -> Breaker:
    """One that three failures opened, for ten seconds."""
    breaker = Breaker(3, 10, clock)
    for _ in range(3):
        assert breaker.enter()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(3, 10, Clock())
    for _ in range(5):
        breaker.enter()
        breaker.failed()
        breaker.enter()
        breaker.succeeded()
    assert breaker.state == "closed"


def test_open_it_lets_nobody_pass_until_its_rest_is_over() -> None:
    clock = Clock()
    breaker = broken(clock)
    assert breaker.state == "open" and not breaker.enter() and breaker.rests_s == 10
    clock.now = 9.9
    assert not breaker.enter()
    clock.now = 10
    assert breaker.state == "half-open" and breaker.enter()


def test_half_open_a_single_request_tries_and_decides() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now = 10
    assert breaker.enter() and not breaker.enter()
    breaker.failed()
    assert breaker.state == "open" and breaker.rests_s == 10
    clock.now = 20
    assert breaker.enter()
    breaker.succeeded()
    assert breaker.state == "closed" and breaker.enter() and breaker.enter()


def test_a_try_that_was_stopped_leaves_the_place_to_another() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now = 10
    assert breaker.enter()
    breaker.left()
    assert breaker.enter()


def test_a_pause_that_the_backend_asked_for_is_kept() -> None:
    clock = Clock()
    breaker = Breaker(3, 10, clock)
    breaker.enter()
    breaker.failed(60)
    assert breaker.rests_s == 60
    breaker = Breaker(3, 10, clock)
    breaker.enter()
    breaker.failed(0)
    assert breaker.state == "closed"


@given(st.lists(st.tuples(st.sampled_from(["ask well", "ask badly", "ask and stop"]), st.floats(0, 8)), max_size=60))
def test_it_never_lets_pass_while_open_and_always_opens_again(events: list[tuple[str, float]]) -> None:
    clock = Clock()
    breaker = Breaker(2, 10, clock)
    failures, opened = 0, None
    for event, passes in events:
        clock.now += passes
        is_open = opened is not None and clock.now < opened + 10
        assert breaker.enter() is not is_open
        if is_open:
            continue
        if event == "ask well":
            breaker.succeeded()
            failures, opened = 0, None
        elif event == "ask badly":
            breaker.failed()
            failures += 1
            if failures >= 2 or opened is not None:
                opened = clock.now
        else:
            breaker.left()
