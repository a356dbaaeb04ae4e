"""Budgets hold, whoever asks at the same time and whoever is killed, and what is unknown never passes as free."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.telemetry.budget import (
    BudgetExceeded,
    Estimate,
    LedgerUnusable,
    PriceUnknown,
    call_of,
    usd,
    within_budget,
    write_down,
)
from nootropic_kernel.telemetry.ledger import Call, Ledger, day_start
from nootropic_kernel.telemetry.prices import price_of
from nootropic_kernel.telemetry.semconv import PLAN
from nootropic_kernel.telemetry.spans import current_span, span
from nootropic_kernel.telemetry.spending import Totals, foreseen, grouped
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.measuring import BudgetSettings, Measuring, Price

pytestmark = pytest.mark.slow

# One call costs a dollar at most: half a million tokens read and half a million written.
DEAR = {"dear": Price(1.0, 1.0)}
CALL = Estimate("cloud", "openai", "dear", False, 500_000, 500_000)


def budget(**limits: float) -> Measuring:
    return Measuring(budget=BudgetSettings(**limits), prices=DEAR)


def spend(amount: float | None, measuring: Measuring, call: Estimate = CALL) -> None:
    """Make a call that costs so much in the end."""
    with within_budget(call, measuring):
        write_down(
            call_of(
                current_span(), backend=call.backend, model=call.model, local=call.is_local, usd=amount, label="test"
            )
        )


def test_a_day_is_over_when_the_next_call_could_cost_too_much() -> None:
    measuring = budget(per_day=2.5)
    spend(1.0, measuring)
    spend(0.5, measuring)
    spend(1.0, measuring)
    with pytest.raises(BudgetExceeded) as refused:
        spend(0.0, measuring)
    told = refused.value
    assert told.data["budget"] == "day" and told.data["spent_usd"] == 2.5 and told.data["forecast_usd"] == 1.0
    assert "$2.50" in str(told) and "perDayUsd" in str(told)
    assert len(Ledger().calls()) == 3, "a refused call leaves no line"


def test_what_a_call_did_not_take_is_free_again() -> None:
    measuring = budget(per_day=1.45)
    for _ in range(5):
        spend(0.1, measuring)
    assert Totals.of(Ledger().calls()).usd == pytest.approx(0.5)


def test_a_call_that_was_never_made_costs_nothing() -> None:
    measuring = budget(per_day=1.0)
    for _ in range(3):
        with pytest.raises(RuntimeError), within_budget(CALL, measuring):
            raise RuntimeError
    assert Ledger().calls() == []


def test_a_call_that_broke_off_counts_with_all_that_it_may_have_cost() -> None:
    measuring = budget(per_day=1.5)
    spend(None, measuring)
    (line,) = Ledger().calls()
    assert (line.usd, line.label) == (1.0, "at most")
    with pytest.raises(BudgetExceeded):
        spend(0.0, measuring)


def test_a_run_and_a_plan_have_budgets_of_their_own(workspace: Workspace) -> None:
    workspace.ensure()
    measuring = budget(per_run=1.0, per_plan=2.0)
    for _ in range(2):
        with span(workspace, "noo run", {PLAN: "shelf"}), span(None, "ask"):
            spend(1.0, measuring)
            with pytest.raises(BudgetExceeded) as refused:
                spend(0.0, measuring)
            assert refused.value.data["budget"] == "run"
    with span(workspace, "noo run", {PLAN: "shelf"}), pytest.raises(BudgetExceeded) as refused:
        spend(0.0, measuring)
    assert refused.value.data["budget"] == "plan"
    with span(workspace, "noo run", {PLAN: "another"}):
        spend(1.0, measuring)


def test_an_unknown_price_in_a_cloud_is_refused_and_a_local_model_passes() -> None:
    measuring = Measuring(budget=BudgetSettings(per_day=100.0))
    with pytest.raises(PriceUnknown) as refused:
        spend(0.0, measuring, replace(CALL, model="nobody-knows"))
    assert "prices" in refused.value.next
    local = Estimate("embedded", "embedded", "small", True, 500_000, 500_000)
    spend(None, budget(per_day=0.0), local)
    assert Ledger().calls()[0].usd is None
    with pytest.raises(BudgetExceeded):
        spend(0.0, budget(per_day=0.0))


def test_a_local_model_of_known_cost_is_foreseen_by_what_it_took_so_far() -> None:
    local = Estimate("embedded", "embedded", "small", True, 10, 10)
    spend(0.4, budget(per_day=1.0), local)
    spend(0.4, budget(per_day=1.0), local)
    with pytest.raises(BudgetExceeded):
        spend(0.4, budget(per_day=1.0), local)


def test_without_a_budget_nothing_is_asked_and_every_call_is_written_down() -> None:
    spend(None, Measuring(), replace(CALL, model="nobody-knows"))
    assert [(call.model, call.usd) for call in Ledger().calls()] == [("nobody-knows", None)]


RACE = """
import sys
from nootropic_kernel.telemetry.budget import BudgetExceeded
from tests.telemetry.test_budget import budget, spend
made = 0
for _ in range(6):
    try:
        spend(1.0, budget(per_day=7.0))
        made += 1
    except BudgetExceeded:
        pass
print(made)
"""


def test_processes_that_ask_at_once_do_not_spend_more_than_there_is() -> None:
    running = [subprocess.Popen([sys.executable, "-c", RACE], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    made = [int(process.communicate(timeout=120)[0]) for process in running]
    assert sum(made) == 7 and Totals.of(Ledger().calls()).usd == 7.0


DIES = """
import os, signal
from nootropic_kernel.telemetry.budget import within_budget
from tests.telemetry.test_budget import CALL, budget
with within_budget(CALL, budget(per_day=1.5)):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_who_is_killed_in_a_call_has_spent_what_it_could_cost() -> None:
    done = subprocess.run([sys.executable, "-c", DIES], timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert [(call.usd, call.label) for call in Ledger().calls()] == [(1.0, "set aside")]
    with pytest.raises(BudgetExceeded):
        spend(0.0, budget(per_day=1.5))


def test_a_clock_that_is_set_back_frees_nothing() -> None:
    tomorrow = time.time() + 86_400
    Ledger().add(Call(tomorrow, "", "", "", "", "cloud", "dear", False, 1.0, "test"))
    with pytest.raises(BudgetExceeded):
        spend(0.0, budget(per_day=1.5))


def test_yesterday_does_not_count() -> None:
    Ledger().add(Call(day_start() - 1, "", "", "", "", "cloud", "dear", False, 9.0, "test"))
    spend(1.0, budget(per_day=1.5))


def test_a_budget_that_cannot_be_kept_refuses_and_calls_without_one_go_on(person_home: Path) -> None:
    (person_home / "spend.db").mkdir(parents=True)
    with pytest.raises(LedgerUnusable):
        spend(0.0, budget(per_day=1.5))
    with pytest.raises((sqlite3.Error, OSError)):
        Ledger().add(Call(0.0, "", "", "", "", "cloud", "dear", False, 1.0, "test"))


CALLS = st.builds(
    Call,
    at=st.floats(0, 1e9),
    workspace=st.just("w"),
    run=st.sampled_from("ab"),
    plan=st.just("p"),
    task=st.sampled_from(["", "T1", "T2"]),
    backend=st.just("b"),
    model=st.sampled_from("xyz"),
    local=st.booleans(),
    usd=st.none() | st.integers(0, 1000).map(float),
    label=st.just("test"),
    cpu_s=st.none() | st.integers(0, 100).map(float),
    input_tokens=st.none() | st.integers(0, 1000),
)


@settings(deadline=None)
@given(st.lists(CALLS, max_size=30), st.sampled_from(["model", "task", "run"]))
def test_the_sums_of_the_parts_are_the_whole(calls: list[Call], by: str) -> None:
    parts = grouped(calls, lambda call: str(getattr(call, by)))
    assert sum(parts.values(), Totals()) == Totals.of(calls)
    total = Totals.of(calls)
    assert total.unknown == sum(call.usd is None for call in calls)
    if total.calls and total.unknown:
        assert "unknown" in total.cost


@settings(max_examples=20, deadline=None)
@given(st.lists(CALLS, min_size=1, max_size=10))
def test_the_ledger_gives_back_what_it_was_given(calls: list[Call]) -> None:
    ledger = Ledger()
    ledger.path.unlink(missing_ok=True)
    for call in calls:
        ledger.add(call)
    assert ledger.calls() == calls


def test_a_forecast_is_the_mean_of_measured_tasks_and_unknown_without_them() -> None:
    def call(task: str, amount: float | None) -> Call:
        return Call(0.0, "w", "r", "p", task, "b", "m", True, amount, "test", cpu_s=10.0)

    assert foreseen(3, []).usd is None and foreseen(0, []).usd == 0.0
    found = foreseen(3, [call("T1", 1.0), call("T1", 2.0), call("T2", 1.0), call("", 99.0)])
    assert (found.measured, found.usd, found.cpu_s) == (2, pytest.approx(6.0), pytest.approx(45.0))
    assert foreseen(3, [call("T1", 1.0), call("T2", None)]).usd is None


def test_prices_by_table_by_edition_and_by_the_person() -> None:
    known = price_of("openai", "gpt-4o-2024-08-06", {})
    assert known is not None and "table of 20" in known.origin
    assert known.of(1_000_000, 1_000_000, 500_000) == pytest.approx(0.5 * 2.5 + 0.5 * 1.25 + 10)
    assert price_of("openai-compatible", "gpt-4o", {}) is None, "a reseller has prices of its own"
    own = price_of("openai-compatible", "gpt-4o", {"gpt-4o": Price(3, 4)})
    assert own is not None and own.of(1_000_000, 1_000_000, 500_000) == pytest.approx(7.0)
    assert known.of(None, 5) is None
    long = price_of("openai", "gpt-5.5", {})
    assert long is not None and long.of(300_000, 1) is None and long.of(200_000, 1) is not None


@pytest.mark.parametrize(("amount", "shown"), [(0, "$0.00"), (1.234, "$1.23"), (0.0034, "$0.0034"), (2e-7, "$2.0e-07")])
def test_small_amounts_are_not_rounded_to_nothing(amount: float, shown: str) -> None:
    assert usd(amount) == shown
