"""What an engine's process uses for one request: CPU and wall time, and energy, shared among requests at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TypeAlias

from nootropic_kernel.telemetry import energy
from nootropic_kernel.telemetry.shares import Read, shared

# By the counter's name; None where it cannot be read.
Used: TypeAlias = Mapping[str, float | None]
Meter: TypeAlias = Callable[[], Used]


@contextmanager
def metered(pid: int, uses_gpu: bool) -> Iterator[Meter]:
    """Meter a request to the process ``pid`` for the time of the block; what it gives tells the request's part so far.

    The names are ``cpu`` (seconds of the process), ``wall`` (seconds), ``package`` (joules of the processor), ``busy``
    (CPU seconds of the whole machine) and, with ``uses_gpu``, ``gpu`` (joules). The parts of all requests that one
    process meters add up to what was used; so whoever owns an engine meters it for all of its users.
    """
    counters: dict[str, Read] = {
        "cpu": lambda: energy.process_seconds(pid),
        "wall": time.perf_counter,
        "package": energy.Rapl().joules,
        "busy": energy.machine_seconds,
    }
    if uses_gpu:
        counters["gpu"] = energy.gpu_joules
    with ExitStack() as stack:
        shares = {name: stack.enter_context(shared((name, pid), read)) for name, read in counters.items()}
        yield lambda: {name: share.so_far() for name, share in shares.items()}


def since(before: Used, now: Used) -> dict[str, float | None]:
    """What was used between two readings of one meter."""
    used: dict[str, float | None] = {}
    for name, amount in now.items():
        earlier = before.get(name)
        used[name] = None if amount is None or earlier is None else max(0.0, amount - earlier)
    return used
