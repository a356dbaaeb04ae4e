"""What this process may use of the machine: processor, cores, memory, graphics cards, disk; limits of containers count.

Linux tells all of it in files, read in a few milliseconds. Where there are none (macOS), psutil tells cores and memory.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from nootropic_kernel.workspace.homes import download_cache

_SMI_S = 5.0


@dataclass(frozen=True)
class Gpu:
    """A graphics card and its memory in bytes."""

    name: str
    memory: int


@dataclass(frozen=True)
class Hardware:
    """What may be used.

    :param cores: by affinity and quota, so it may be a fraction.
    :param memory: bytes of RAM, the least of the machine's and of every limit.
    :param disk_free: bytes where models are kept.
    """

    cpu: str
    cores: float
    memory: int
    gpus: tuple[Gpu, ...]
    disk_free: int

    @property
    def gpu_memory(self) -> int:
        """Bytes of the largest graphics card; 0 without one."""
        return max((gpu.memory for gpu in self.gpus), default=0)


@cache
def hardware() -> Hardware:
    """What this process may use, found out once."""
    return probe_hardware()


def probe_hardware(root: Path = Path("/")) -> Hardware:
    """What this process may use, as the files below ``root`` tell it."""
    limits = _limits(root)
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Hardware(
        cpu=_cpu(root),
        cores=min([float(affinity), *(cores for cores, _ in limits if cores is not None)]),
        memory=min([_memory(root), *(memory for _, memory in limits if memory is not None)]),
        gpus=_gpus(root),
        disk_free=_disk_free(download_cache()),
    )


def _cpu(root: Path) -> str:
    # "model name" on x86; the others name an implementer and a part, or a board.
    found = re.search(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", _text(root / "proc/cpuinfo"), re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def _memory(root: Path) -> int:
    if found := re.search(r"^MemTotal:\s*(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE):
        return int(found[1]) * 1024
    import psutil

    return int(psutil.virtual_memory().total)


def _limits(root: Path) -> list[tuple[float | None, int | None]]:
    """Cores and bytes that each control group above this process allows; None where it sets no limit."""
    found: list[tuple[float | None, int | None]] = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        for folder in _folders(root / "sys/fs/cgroup", controllers, path):
            found.append((_quota(folder), _bytes(folder)))
    return found


def _folders(mount: Path, controllers: str, path: str) -> Iterator[Path]:
    """The folders of a control group and of those above it. A container sees its own as the mount's root."""
    # Version 2 has one hierarchy, which is called `unified` where both versions are mounted.
    names = [controllers, *controllers.split(",")] if controllers else ["", "unified"]
    relative = PurePosixPath(path.lstrip("/"))
    for top in dict.fromkeys(mount / name for name in names):
        for part in (relative, *relative.parents):
            if ".." not in part.parts:
                yield top / part


def _quota(folder: Path) -> float | None:
    """Cores by ``cpu.max`` (version 2) or ``cpu.cfs_quota_us`` (version 1)."""
    quota, _, period = _text(folder / "cpu.max").strip().partition(" ")
    if not quota:
        quota, period = _text(folder / "cpu.cfs_quota_us").strip(), _text(folder / "cpu.cfs_period_us").strip()
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return int(quota) / int(period)


def _bytes(folder: Path) -> int | None:
    """Bytes by ``memory.max`` (version 2) or ``memory.limit_in_bytes`` (version 1)."""
    text = (_text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes")).strip()
    return int(text) if text.isdigit() else None


def _gpus(root: Path) -> tuple[Gpu, ...]:
    # Without the driver there is nothing to ask, and asking costs a process.
    if not (root / "proc/driver/nvidia").is_dir():
        return ()
    return _by_nvml() or _by_smi()


def _by_nvml() -> tuple[Gpu, ...]:
    if importlib.util.find_spec("pynvml") is None:
        return ()
    # A package that nothing else here needs: it is used where it happens to be.
    pynvml = importlib.import_module("pynvml")
    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return tuple(
            Gpu(str(pynvml.nvmlDeviceGetName(handle)), int(pynvml.nvmlDeviceGetMemoryInfo(handle).total))
            for handle in handles
        )
    except pynvml.NVMLError:
        return ()


def _by_smi() -> tuple[Gpu, ...]:
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=_SMI_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()  # A driver that does not answer has no card that we could use.
    cards = (line.rpartition(",") for line in done.stdout.splitlines())
    return tuple(Gpu(name.strip(), int(memory) << 20) for name, _, memory in cards if memory.strip().isdecimal())


def _disk_free(folder: Path) -> int:
    existing = next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))
    return shutil.disk_usage(existing).free


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
