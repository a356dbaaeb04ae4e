"""The queue in front of what the service holds."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.host.turns import Turns
from nootropic_kernel.workspace.errors import Interrupted
from tests.host.conftest import wait_until


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 3), st.lists(st.booleans(), min_size=1, max_size=8))
def test_first_come_first_served_and_no_turn_is_lost(count: int, patient: Sequence[bool]) -> None:
    turns, begun, most, inside = Turns(count), list[int](), 0, 0
    guard, go_on = threading.Lock(), threading.Event()
    left = [threading.Event() for _ in patient]

    def client(number: int) -> None:
        nonlocal inside, most
        try:
            with turns.turn(left[number]):
                with guard:
                    inside += 1
                    most = max(most, inside)
                    begun.append(number)
                go_on.wait(30)
                with guard:
                    inside -= 1
        except Interrupted:
            pass

    threads = [threading.Thread(target=client, args=(number,)) for number in range(len(patient))]
    for number, thread in enumerate(threads):
        thread.start()
        assert wait_until(lambda number=number: len(begun) + turns.waiting == number + 1, 30)
    served = [number for number, stays in enumerate(patient) if stays or number < count]
    for number in set(range(len(patient))) - set(served):
        left[number].set()
        threads[number].join(30)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert sorted(begun) == served and most <= count and turns.waiting == 0
    assert count > 1 or begun == served


def test_whoever_left_the_queue_has_no_turn() -> None:
    turns, gone = Turns(1), threading.Event()
    gone.set()
    with turns.turn(threading.Event()):
        with pytest.raises(Interrupted):
            with turns.turn(gone):
                pass
    with turns.turn(gone):
        pass
