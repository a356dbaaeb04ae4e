"""Budgets: before a call is made, what it may cost at most must fit into what the person has left to spend."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from nootropic_kernel.telemetry.ledger import Call, Ledger, day_start, insert, spent
from nootropic_kernel.telemetry.prices import price_of
from nootropic_kernel.telemetry.semconv import PLAN, TASK
from nootropic_kernel.telemetry.spans import CurrentSpan, current_span
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.measuring import Measuring

_KEYS = {"day": "perDayUsd", "run": "perRunUsd", "plan": "perPlanUsd"}


class BudgetExceeded(NootropicError):
    """A call was not made, because it could have cost more than is left of a budget."""

    def __init__(self, budget: str, limit: float, already: float, forecast: float, model: str) -> None:
        super().__init__(
            f"The budget of this {budget} does not allow another call.",
            why=f"Of {usd(limit)} {usd(already)} are spent, and the call to {model!r} could cost {usd(forecast)}.",
            next=f"Prefer a smaller or a local model, or raise budget.{_KEYS[budget]} in your own settings. "
            "`noo cost` shows what was spent on what.",
            budget=budget,
            limit_usd=limit,
            spent_usd=already,
            forecast_usd=forecast,
            model=model,
        )


class PriceUnknown(NootropicError):
    """A call was not made: there is a budget, and nobody knows what the call would cost."""

    def __init__(self, backend: str, model: str) -> None:
        super().__init__(
            f"Nobody knows what a call to {model!r} costs, and you have set a budget.",
            why=f"{backend!r} is not on this machine, and an unknown price does not count as none.",
            next=f'Name its price in your settings, in USD for a million tokens: "prices": {{"{model}": '
            '{"input": …, "output": …}}. Or prefer a local model.',
            backend=backend,
            model=model,
        )


class LedgerUnusable(NootropicError):
    """What was spent cannot be read or written, so that no budget can be kept."""


@dataclass(frozen=True)
class Estimate:
    """A call that is to be made.

    :param kind: the kind of the backend, for its vendor's prices.
    :param input_tokens, output_tokens: at most so many.
    """

    backend: str
    kind: str
    model: str
    is_local: bool
    input_tokens: int
    output_tokens: int


class _Foreseen:
    """The line of the ledger that stands for the call which is being made; the first call made takes its place."""

    def __init__(self, number: int, usd: float | None) -> None:
        self.usd = usd
        self._number: int | None = number
        self._guard = threading.Lock()

    def take(self) -> int | None:
        """The line's number, once."""
        with self._guard:
            number, self._number = self._number, None
            return number


_foreseen: ContextVar[_Foreseen | None] = ContextVar("nootropic_foreseen", default=None)


def forecast(estimate: Estimate, measuring: Measuring, ledger: Ledger) -> float | None:
    """USD that a call may cost: at most, by its price; for a local model, what its calls cost so far on average.

    None when nobody knows.
    """
    if not estimate.is_local:
        known = price_of(estimate.kind, estimate.model, measuring.prices)
        return None if known is None else known.of(estimate.input_tokens, estimate.output_tokens)
    return ledger.average_usd(estimate.model)


@contextmanager
def within_budget(estimate: Estimate, measuring: Measuring) -> Iterator[None]:
    """Make the call in this block, if every budget allows it; what it may cost is set aside until it is known.

    Without a budget nothing is asked. A local call of unknown cost passes: it costs no more than this machine does.

    :raises BudgetExceeded: when a budget does not allow the call.
    :raises PriceUnknown: when there is a budget, and the call would leave this machine at a price nobody knows.
    :raises LedgerUnusable: when there is a budget, and what was spent cannot be read.
    """
    if not measuring.budget.is_set:
        yield
        return
    ledger = Ledger()
    try:
        expected = forecast(estimate, measuring, ledger)
        if expected is None and not estimate.is_local:
            raise PriceUnknown(estimate.backend, estimate.model)
        foreseen = _Foreseen(_set_aside(estimate, expected, measuring, ledger), expected)
    except (sqlite3.Error, OSError) as error:
        raise LedgerUnusable(
            "Your budget cannot be kept.",
            why=f"{ledger.path} cannot be used: {error}",
            next="Make the file and its folder writable, or remove `budget` from your settings.",
            path=str(ledger.path),
        ) from error
    token = _foreseen.set(foreseen)
    try:
        yield
    finally:
        _foreseen.reset(token)
        if (number := foreseen.take()) is not None:
            _never_made(ledger, number)


def write_down(call: Call, ledger: Ledger | None = None) -> None:
    """Write a call down that was made, in the place of what was set aside for it.

    :raises sqlite3.Error, OSError: when that is not possible.
    """
    ledger = ledger or Ledger()
    foreseen = _foreseen.get()
    number = foreseen.take() if foreseen is not None else None
    if foreseen is None or number is None:
        ledger.add(call)
        return
    if call.usd is None and not call.local:
        # It failed half-way, and the server did not say what it had read and written: it may have cost all of it.
        call = replace(call, usd=foreseen.usd, label="at most")
    ledger.settle(number, call)


def call_of(current: CurrentSpan, *, backend: str, model: str, local: bool, **facts: Any) -> Call:
    """A call as part of the work that a span belongs to, made now."""
    where = str(current.workspace.root) if current.workspace is not None else ""
    return Call(
        time.time(), where, current.trace_id, current.work(PLAN), current.work(TASK), backend, model, local, **facts
    )


def usd(amount: float) -> str:
    """An amount for people: cents, and as many digits more as a small amount needs."""
    if amount == 0 or amount >= 0.01:
        return f"${amount:.2f}"
    return f"${amount:.2g}" if amount >= 0.0001 else f"${amount:.1e}"


def _set_aside(estimate: Estimate, expected: float | None, measuring: Measuring, ledger: Ledger) -> int:
    call = call_of(
        current_span(), backend=estimate.backend, model=estimate.model, local=estimate.is_local,
        usd=expected, label="set aside",
    )  # fmt: skip
    budget = measuring.budget
    # No upper end of the day: a clock that is set back must not free what was spent.
    scopes: tuple[tuple[str, float | None, str, tuple[Any, ...]], ...] = (
        ("day", budget.per_day, "at >= ?", (day_start(call.at),)),
        ("run", budget.per_run, "run = ? AND run != ''", (call.run,)),
        ("plan", budget.per_plan, "workspace = ? AND plan = ? AND plan != ''", (call.workspace, call.plan)),
    )
    with ledger.transaction() as connection:
        for name, limit, condition, values in scopes:
            if limit is None:
                continue
            already = spent(connection, condition, values)
            if expected is not None and already + expected > limit:
                raise BudgetExceeded(name, limit, already, expected, estimate.model)
        return insert(connection, call)


def _never_made(ledger: Ledger, number: int) -> None:
    try:
        ledger.drop(number)
    except (sqlite3.Error, OSError):
        pass  # it stays as spent: too much counted is safe, and the call's own error is what matters
