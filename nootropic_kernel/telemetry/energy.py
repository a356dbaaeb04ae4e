"""How much energy a call on this machine took, and how that is known.

The processor's share is CPU time multiplied by the power that a busy core takes above rest (the form that Cloud Carbon
Footprint uses), or measured by RAPL where the system lets us read it; a GPU's is measured by NVML.
https://www.cloudcarbonfootprint.org/docs/methodology, https://www.kernel.org/doc/html/latest/power/powercap/powercap.html
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from nootropic_kernel.workspace.measuring import Tariff

Source: TypeAlias = Literal["rapl", "nvml", "tdp-estimate", "unknown"]
POWERCAP = Path("/sys/class/powercap")


@dataclass(frozen=True)
class Energy:
    """Energy in watt-hours, None when unknown, and the weakest of the sources that it comes from."""

    wh: float | None
    source: Source


def call_energy(
    tariff: Tariff,
    cpu_s: float | None,
    *,
    package_j: float | None = None,
    busy_s: float | None = None,
    gpu_j: float | None = None,
    cores: int | None = None,
) -> Energy:
    """The energy of one call.

    :param cpu_s: CPU seconds of the process that answered.
    :param package_j: joules that RAPL counted for the whole processor meanwhile.
    :param busy_s: CPU seconds of the whole machine meanwhile, by which ``package_j`` is shared.
    :param gpu_j: joules that NVML counted meanwhile; None where no GPU was used.
    :param cores: cores of the processor that ``tariff.max_watts`` is of.
    """
    if cpu_s is None:
        return Energy(None, "unknown")
    cores = cores or os.cpu_count() or 1
    source: Source
    if package_j is not None and busy_s is not None:
        # /proc counts in hundredths of a second, so that a short call can seem longer than all of the machine.
        cpu_wh, source = package_j * min(1.0, cpu_s / busy_s if busy_s > 0 else 1.0) / 3600, "rapl"
    elif tariff.max_watts is not None and tariff.idle_watts is not None:
        cpu_wh = cpu_s / 3600 * max(0.0, tariff.max_watts - tariff.idle_watts) / cores
        source = "tdp-estimate"
    else:
        return Energy(None, "unknown")
    if gpu_j is not None:
        source = "nvml" if source == "rapl" else source
        cpu_wh += gpu_j / 3600
    return Energy(cpu_wh, source)


class Rapl:
    """The joules that the processor's packages have taken, counted on over the counters' wrap-around."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._last: dict[Path, int] = {}
        self._total = 0.0
        self._powercap = powercap

    def joules(self) -> float | None:
        """Since this object was made; None where there is no RAPL, or it is the administrator's alone."""
        try:
            packages = [
                folder
                for folder in sorted(self._powercap.glob("intel-rapl:*"))
                if (folder / "name").read_text().startswith("package")
            ]
            for folder in packages:
                now = int((folder / "energy_uj").read_text())
                before = self._last.get(folder, now)
                wrapped = int((folder / "max_energy_range_uj").read_text()) if now < before else 0
                self._total += (now - before + wrapped) / 1e6
                self._last[folder] = now
        except (OSError, ValueError):
            return None
        return self._total if packages else None


def has_nvidia_gpu() -> bool:
    """Whether NVIDIA's driver is loaded here."""
    return Path("/proc/driver/nvidia").exists() or Path("/dev/nvidiactl").exists()


def gpu_joules() -> float | None:
    """The joules that all NVIDIA GPUs here have taken since their driver was loaded; None where nobody counts them."""
    try:
        pynvml: Any = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return float(sum(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) for handle in handles)) / 1000
    except pynvml.NVMLError:
        return None


def process_seconds(pid: int) -> float | None:
    """The CPU seconds that a process has taken; None when it cannot be asked."""
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def machine_seconds() -> float:
    """The CPU seconds that the whole machine was busy since it was started."""
    import psutil

    times = psutil.cpu_times()
    # A guest's time is part of the user's already.
    return float(times.user + times.system + getattr(times, "nice", 0) + getattr(times, "irq", 0))
