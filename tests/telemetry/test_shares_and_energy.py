"""Shares of what several calls use together add up, and energy is only told where it is known."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.telemetry.calls import local_usd
from nootropic_kernel.telemetry.energy import Rapl, call_energy, machine_seconds, process_seconds
from nootropic_kernel.telemetry.shares import Share, SharedCounter, shared
from nootropic_kernel.workspace.measuring import Tariff

AMOUNT = st.integers(0, 1000)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["join", "leave", "leave first", "look"]), AMOUNT), max_size=60))
def test_shares_add_up_to_what_was_counted_while_anybody_was_there(events: list[tuple[str, int]]) -> None:
    value = 0.0
    counter = SharedCounter(lambda: value)
    there: list[Share] = []
    everybody: list[Share] = []
    used = 0.0
    for event, grown in [*events, *[("leave", 3)] * len(events)]:
        value += grown
        used += grown if there else 0
        if event == "join":
            there.append(counter.join())
            everybody.append(there[-1])
        elif event == "look" and there:
            before = [share.amount or 0 for share in everybody]
            seen = [share.so_far() or 0 for share in everybody]
            assert all(now >= earlier for now, earlier in zip(seen, before, strict=True))
            assert math.isclose(sum(seen), used, abs_tol=1e-6)
        elif there:
            counter.leave(there.pop(0 if event == "leave first" else -1))
    amounts = [share.amount for share in everybody]
    assert all(amount is not None and amount >= 0 for amount in amounts)
    assert math.isclose(sum(amount or 0 for amount in amounts), used, abs_tol=1e-6)


def test_two_who_are_there_at_a_time_have_equal_shares() -> None:
    value = 0.0
    counter = SharedCounter(lambda: value)
    first = counter.join()
    value = 4.0
    second = counter.join()
    value = 10.0
    counter.leave(first)
    value = 11.0
    counter.leave(second)
    assert (first.amount, second.amount) == (7.0, 4.0)


def test_a_counter_that_steps_back_counts_nothing_and_one_that_is_gone_makes_shares_unknown() -> None:
    readings: list[float | None] = [100.0, 3.0, 5.0]
    counter = SharedCounter(lambda: readings.pop(0))
    share = counter.join()
    counter.leave(counter.join())
    counter.leave(share) if readings else None
    assert share.amount is not None and 0 <= share.amount <= 5.0
    readings = [1.0, None]
    broken = SharedCounter(lambda: readings.pop(0))
    share = broken.join()
    broken.leave(share)
    assert share.amount is None


def test_the_cpu_time_of_a_real_process_is_shared_by_overlapping_calls() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        before = process_seconds(busy.pid)
        got: list[float | None] = []

        def call(seconds: float) -> None:
            with shared(("cpu", busy.pid), lambda: process_seconds(busy.pid)) as share:
                time.sleep(seconds)
            got.append(share.amount)

        threads = [threading.Thread(target=call, args=(seconds,)) for seconds in (0.5, 0.8, 1.0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        after = process_seconds(busy.pid)
    finally:
        busy.kill()
        busy.wait()
    assert before is not None and after is not None
    assert 0 < sum(amount or 0 for amount in got) <= after - before + 0.02
    assert process_seconds(2**22 + 1) is None


def test_energy_by_the_documented_formula() -> None:
    tariff = Tariff(max_watts=65, idle_watts=15)
    found = call_energy(tariff, 36.0, cores=4)
    assert found.source == "tdp-estimate" and found.wh == pytest.approx(36 / 3600 * 50 / 4)
    assert call_energy(tariff, 36.0, cores=4, gpu_j=7200).wh == pytest.approx(36 / 3600 * 50 / 4 + 2)


@pytest.mark.parametrize(
    ("tariff", "cpu_s"),
    [
        (Tariff(), 5.0),
        (Tariff(max_watts=65), 5.0),
        (Tariff(idle_watts=5), 5.0),
        (Tariff(max_watts=65, idle_watts=5), None),
    ],
)
def test_what_is_not_set_or_not_measured_is_unknown_and_not_nothing(tariff: Tariff, cpu_s: float | None) -> None:
    found = call_energy(tariff, cpu_s)
    assert (found.wh, found.source) == (None, "unknown")
    assert local_usd(Tariff(usd_per_kwh=0.3), found.wh, 1.0) is None
    assert local_usd(Tariff(), 1.0, 1.0) is None


def test_money_is_energy_and_the_share_of_the_machine() -> None:
    assert local_usd(Tariff(usd_per_kwh=0.30), 20.0, 3600) == pytest.approx(0.006)
    machine = Tariff(usd_per_kwh=0.30, machine_usd=1000, machine_hours=20_000)
    assert local_usd(machine, 20.0, 3600) == pytest.approx(0.006 + 0.05)


def test_rapl_is_shared_by_cpu_time_and_counts_on_over_its_wrap(tmp_path: Path) -> None:
    package, core = tmp_path / "intel-rapl:0", tmp_path / "intel-rapl:0:0"
    for folder, name in ((package, "package-0"), (core, "core")):
        folder.mkdir()
        (folder / "name").write_text(f"{name}\n")
        (folder / "energy_uj").write_text("900\n")
        (folder / "max_energy_range_uj").write_text("1000\n")
    rapl = Rapl(tmp_path)
    assert rapl.joules() == 0
    (package / "energy_uj").write_text("100\n")
    assert rapl.joules() == pytest.approx(200e-6)
    assert Rapl(tmp_path / "none").joules() is None
    found = call_energy(Tariff(), 2.0, package_j=7200, busy_s=8.0)
    assert found.source == "rapl" and found.wh == pytest.approx(0.5)
    assert machine_seconds() > 0
