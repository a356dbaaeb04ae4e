"""Who owns an engine meters it for all of its users: what the users are told adds up to what it used, once."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.telemetry.energy import process_seconds
from nootropic_kernel.telemetry.meter import Meter, metered, since


@pytest.fixture(scope="module")
def busy() -> Iterator[int]:
    """A process that uses one core all the time."""
    process = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
    yield process.pid
    process.kill()
    process.wait()


@settings(deadline=None, max_examples=12)
@given(st.lists(st.tuples(st.sampled_from(["begin", "end", "call"]), st.integers(0, 9)), min_size=1, max_size=25))
def test_the_parts_of_overlapping_leases_and_of_the_calls_in_them_add_up_once(
    busy: int, events: list[tuple[str, int]]
) -> None:
    """Leases begin and end in any order; a lease may make several calls, each told by two readings of its meter."""
    told = 0.0
    open_leases: list[tuple[ExitStack, Meter, dict[str, float | None]]] = []
    with ExitStack() as first:
        meter = first.enter_context(metered(busy, False))
        start = dict(meter())
        began = process_seconds(busy)
        for event, which in events:
            time.sleep(0.01)
            if event == "begin":
                stack = ExitStack()
                lease = stack.enter_context(metered(busy, False))
                open_leases.append((stack, lease, dict(lease())))
            elif open_leases:
                stack, lease, before = open_leases.pop(which % len(open_leases))
                now = dict(lease())
                told += since(before, now)["cpu"] or 0
                if event == "call":
                    open_leases.append((stack, lease, now))
                else:
                    stack.close()
        for stack, lease, before in open_leases:
            told += since(before, lease())["cpu"] or 0
            stack.close()
        told += since(start, meter())["cpu"] or 0
        ended = process_seconds(busy)
    assert began is not None and ended is not None
    # The system counts in hundredths of a second, and time goes on between two readings.
    assert math.isclose(told, ended - began, abs_tol=0.03)


def test_a_process_that_is_gone_makes_the_parts_unknown() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", "pass"])
    process.wait()
    with metered(process.pid, False) as meter:
        before = dict(meter())
        assert since(before, meter())["cpu"] is None and (since(before, meter())["wall"] or 0) > 0
    assert since({}, {"cpu": 1.0}) == {"cpu": None} and since({"cpu": 2.0}, {}) == {}
