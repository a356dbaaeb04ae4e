"""What counts energy may be absent, forbidden, broken or gone from one reading to the next: then it is unknown."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.telemetry.energy import Rapl, call_energy, gpu_joules
from nootropic_kernel.telemetry.meter import metered
from nootropic_kernel.workspace.measuring import Tariff

RANGE = 262_143_328_850  # of the domains of many Intel processors, in microjoules


def zone(powercap: Path, number: str, name: str, counted: int) -> Path:
    """A power zone as the kernel shows it."""
    folder = powercap / f"intel-rapl:{number}"
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "energy_uj").write_text(f"{counted}\n")
    (folder / "max_energy_range_uj").write_text(f"{RANGE}\n")
    return folder


@pytest.fixture
def powercap() -> Iterator[Path]:
    """A folder like /sys/class/powercap, which other users may look into."""
    folder = Path(tempfile.mkdtemp(prefix="noo-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def without_rights(work: Callable[[], object]) -> str:
    """What ``work`` gives to somebody who is not the administrator."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            os.write(write, repr(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with open(read, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, RANGE - 1), st.integers(0, RANGE - 1)), min_size=1, max_size=8))
def test_the_packages_add_up_whatever_wraps_around(growth: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        powercap, counted = Path(folder), [RANGE // 2, RANGE - 5]
        zones = [zone(powercap, str(number), f"package-{number}", at) for number, at in enumerate(counted)]
        # Parts of a package, and what counts the whole board, are no packages.
        zone(powercap, "0:0", "core", 1)
        zone(powercap, "2", "psys", 1)
        rapl, total = Rapl(powercap), 0
        assert rapl.joules() == 0
        for grown in growth:
            for number, more in enumerate(grown):
                counted[number] = (counted[number] + more) % RANGE
                (zones[number] / "energy_uj").write_text(f"{counted[number]}\n")
            total += sum(grown)
            assert rapl.joules() == pytest.approx(total / 1e6)


@pytest.mark.parametrize("file", ["name", "energy_uj"])
@pytest.mark.parametrize("content", [b"", b"nonsense\n", b"\xff\xfe\n", b"1e9\n", None])
def test_a_counter_that_cannot_be_read_is_unknown(powercap: Path, file: str, content: bytes | None) -> None:
    folder = zone(powercap, "0", "package-0", 5)
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    assert Rapl(powercap).joules() is None


def test_a_counter_that_is_gone_is_unknown_and_one_that_comes_back_goes_on(powercap: Path) -> None:
    folder = zone(powercap, "0", "package-0", 1_000_000)
    rapl = Rapl(powercap)
    assert rapl.joules() == 0
    (folder / "energy_uj").rename(folder / "away")
    assert rapl.joules() is None
    (folder / "energy_uj").write_text("3000000\n")
    assert rapl.joules() == pytest.approx(2.0)
    shutil.rmtree(folder)
    assert rapl.joules() is None


def test_a_counter_that_is_the_administrators_alone_is_unknown(powercap: Path) -> None:
    folder = zone(powercap, "0", "package-0", 5)
    assert without_rights(Rapl(powercap).joules) == "0.0"
    (folder / "energy_uj").chmod(0o400 if os.geteuid() == 0 else 0)  # as Linux has it since CVE-2020-8694
    assert without_rights(Rapl(powercap).joules) == "None"
    folder.chmod(0o700 if os.geteuid() == 0 else 0)
    assert without_rights(Rapl(powercap).joules) == "None"
    folder.chmod(0o700)


def test_a_call_without_counters_has_the_estimate(monkeypatch: pytest.MonkeyPatch, powercap: Path) -> None:
    monkeypatch.setattr(Rapl.__init__, "__defaults__", (powercap / "none",))
    with metered(os.getpid(), True) as meter:
        used = meter()
    assert used["package"] is None and used["gpu"] is None and used["cpu"] is not None
    found = call_energy(
        Tariff(max_watts=60, idle_watts=20), 9.0, package_j=used["package"], busy_s=used["busy"], cores=2
    )
    assert found.source == "tdp-estimate" and found.wh == pytest.approx(9 / 3600 * 40 / 2)


# NVIDIA's binding, as far as it is used: https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceQueries.html
BINDING = """
class NVMLError(Exception):
    pass
counts = {counts!r}
def nvmlInit():
    {init}
def nvmlDeviceGetCount():
    return len(counts)
def nvmlDeviceGetHandleByIndex(index):
    return index
def nvmlDeviceGetTotalEnergyConsumption(handle):
    if counts[handle] is None:
        raise NVMLError("Not Supported")
    return counts[handle]
"""


@pytest.mark.parametrize(
    ("counts", "init", "joules"),
    [
        ([1500, 250], "pass", 1.75),
        ([], "pass", 0.0),
        ([1500, None], "pass", None),
        ([1500], "raise NVMLError('Insufficient Permissions')", None),
        ([1500], "raise NVMLError('NVML Shared Library Not Found')", None),
    ],
)
def test_cards_are_asked_by_the_binding_and_unknown_where_one_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counts: list[int | None], init: str, joules: float | None
) -> None:
    (tmp_path / "pynvml.py").write_text(BINDING.format(counts=counts, init=init))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    try:
        assert gpu_joules() == joules
    finally:
        sys.modules.pop("pynvml", None)
