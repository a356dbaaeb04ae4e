"""One model call, measured: its CPU time, energy and cost become attributes of its span and a line of the ledger."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from nootropic_kernel.telemetry import energy, semconv
from nootropic_kernel.telemetry.budget import call_of, write_down
from nootropic_kernel.telemetry.meter import Meter, Used, metered, since
from nootropic_kernel.telemetry.prices import price_of
from nootropic_kernel.telemetry.spans import CurrentSpan
from nootropic_kernel.workspace.measuring import Measuring, Tariff

UNKNOWN = "unknown"
# Where the person put no price on computing here.
FREE = "own hardware"


@dataclass(frozen=True)
class Server:
    """Who answers.

    :param kind: the kind of backend, for its vendor's prices.
    :param pid: the process of this machine that answers, where it is one whose time we can read.
    :param uses_gpu: whether that process computes on a GPU.
    :param meter: tells what was used for the caller so far, where the process's owner meters it for all of its users.
    """

    backend: str
    kind: str
    model: str
    is_local: bool
    pid: int | None = None
    uses_gpu: bool = False
    meter: Meter | None = field(default=None, repr=False, compare=False)


@dataclass
class ModelCall:
    """A call that is being measured; who makes it notes the counts of tokens as the server tells them.

    :param refused: the server was not reached or refused to answer, so that it asks no money for it.
    """

    server: Server
    measuring: Measuring
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    refused: bool = False


_in_flight = 0
_guard = threading.Lock()


def calls_in_flight() -> int:
    """How many model calls this process is waiting for."""
    return _in_flight


@contextmanager
def model_call(current: CurrentSpan, server: Server) -> Iterator[ModelCall]:
    """Measure the call that is made in the block, whether it succeeds or not.

    Measuring disturbs nothing: what cannot be measured is unknown, and what cannot be written down is left out.
    """
    call = ModelCall(server, current.measuring())
    started, error = time.perf_counter(), ""
    _count(+1)
    try:
        with ExitStack() as stack:
            meter = server.meter
            if meter is None and server.pid is not None:
                meter = stack.enter_context(metered(server.pid, server.uses_gpu))
            before = meter() if meter is not None else {}
            try:
                yield call
            except BaseException as problem:
                error = str(getattr(problem, "code", "") or type(problem).__name__)
                raise
            finally:
                used = since(before, meter()) if meter is not None else {}
                _settle(current, call, used, time.perf_counter() - started, error)
    finally:
        _count(-1)


def _settle(current: CurrentSpan, call: ModelCall, used: Used, wall_s: float, error: str) -> None:
    server = call.server
    usd, label, wh = _cost(call, used)
    cpu_s = used.get("cpu")
    current.set(semconv.COST_USD, usd)
    current.set(semconv.COST_LABEL, label)
    current.set(semconv.CPU_S, None if cpu_s is None else round(cpu_s, 3))
    current.set(semconv.ENERGY_WH, wh)
    current.set(semconv.LOCAL, server.is_local)
    try:
        line = call_of(
            current, backend=server.backend, model=server.model, local=server.is_local, usd=usd, label=label,
            cpu_s=cpu_s, wall_s=wall_s, input_tokens=call.input_tokens, output_tokens=call.output_tokens, error=error,
        )  # fmt: skip
        write_down(line)
    except (sqlite3.Error, OSError) as problem:
        # A budget, where there is one, refuses the next call for it; without one, nothing depends on the line.
        current.set("nootropic.ledger", type(problem).__name__)


def _cost(call: ModelCall, used: Used) -> tuple[float | None, str, float | None]:
    """USD, where they come from, and watt-hours."""
    server, measuring = call.server, call.measuring
    if not server.is_local:
        known = price_of(server.kind, server.model, measuring.prices)
        if call.refused:
            return 0.0, "refused", None
        usd = known.of(call.input_tokens, call.output_tokens, call.cached_tokens) if known is not None else None
        return usd, known.origin if known is not None and usd is not None else UNKNOWN, None
    found = energy.call_energy(
        measuring.tariff, used.get("cpu"), package_j=used.get("package"), busy_s=used.get("busy"), gpu_j=used.get("gpu")
    )
    if server.uses_gpu and used.get("gpu") is None:
        found = energy.Energy(None, "unknown")
    if not measuring.tariff.is_set:
        return 0.0, FREE, found.wh
    usd = local_usd(measuring.tariff, found.wh, used.get("wall"))
    return usd, UNKNOWN if usd is None else found.source, found.wh


def local_usd(tariff: Tariff, wh: float | None, wall_s: float | None) -> float | None:
    """What a local call cost by the person's tariff: its energy, and its share of the machine where that has a price.

    :param wh: watt-hours, None when unknown.
    :param wall_s: seconds that the machine worked for it.
    """
    if wh is None or tariff.usd_per_kwh is None:
        return None
    usd = wh / 1000 * tariff.usd_per_kwh
    if tariff.machine_usd is not None and tariff.machine_hours and wall_s is not None:
        usd += wall_s / 3600 * tariff.machine_usd / tariff.machine_hours
    return usd


def _count(change: int) -> None:
    global _in_flight
    with _guard:
        _in_flight += change
