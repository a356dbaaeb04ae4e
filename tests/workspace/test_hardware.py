"""What the machine offers, read from files as the kernel writes them, limits of containers included."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nootropic_kernel.workspace import hardware
from nootropic_kernel.workspace.hardware import Hardware, probe_hardware

AFFINITY = float(len(os.sched_getaffinity(0)))
GIB = 1 << 30
MACHINE = {
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Intel(R) Core(TM) i7-1260P\ncpu MHz\t: 1\n",
    "proc/meminfo": f"MemTotal:       {16 * GIB // 1024} kB\nMemFree:  1 kB\n",
}
# Control groups of version 2, of version 1, of both at once, and of containers that see theirs as the root.
GROUPS = {
    "v2": ("0::/work/mine\n", {"work/mine/memory.max": "{bytes}", "work/mine/cpu.max": "{quota} 100000"}),
    "v2, the parent's": (
        "0::/a/b\n",
        {"a/memory.max": "{bytes}", "a/cpu.max": "{quota} 100000", "a/b/memory.max": "max"},
    ),
    "v2, in a container": ("0::/../outside\n", {"memory.max": "{bytes}", "cpu.max": "{quota} 100000"}),
    "v1": (
        "9:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n",
        {
            "memory/docker/x/memory.limit_in_bytes": "{bytes}",
            "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "{quota}",
            "cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
        },
    ),
    "v1, in a container": (
        "9:memory:/docker/x\n4:cpu:/docker/x\n",
        {
            "memory/memory.limit_in_bytes": "{bytes}",
            "cpu/cpu.cfs_quota_us": "{quota}",
            "cpu/cpu.cfs_period_us": "100000",
        },
    ),
    "both": ("4:memory:/\n0::/x\n", {"unified/x/memory.max": "{bytes}", "unified/x/cpu.max": "{quota} 100000"}),
}  # fmt: skip


def machine(root: Path, files: dict[str, str]) -> Hardware:
    """What a machine with these files offers."""
    for name, text in {**MACHINE, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return probe_hardware(root)


def test_a_machine_without_limits(tmp_path: Path) -> None:
    found = machine(tmp_path, {})
    assert (found.cpu, found.cores, found.memory) == ("Intel(R) Core(TM) i7-1260P", AFFINITY, 16 * GIB)
    assert found.gpus == () and found.gpu_memory == 0 and found.disk_free > 0


@pytest.mark.parametrize("group", GROUPS)
def test_limits_of_a_control_group_count(tmp_path: Path, group: str) -> None:
    membership, files = GROUPS[group]
    filled = {f"sys/fs/cgroup/{name}": text.format(bytes=4 * GIB, quota=50_000) + "\n" for name, text in files.items()}
    found = machine(tmp_path, {"proc/self/cgroup": membership, **filled})
    assert (found.cores, found.memory) == (0.5, 4 * GIB)


@pytest.mark.parametrize("text", ["max", "9223372036854771712", "-1", "", "nonsense"])
def test_a_limit_that_is_none(tmp_path: Path, text: str) -> None:
    files = {
        "proc/self/cgroup": "9:memory:/\n4:cpu:/\n0::/\nnonsense\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": text,
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "0",
        "sys/fs/cgroup/memory.max": text,
        "sys/fs/cgroup/cpu.max": f"{text} 100000",
    }
    found = machine(tmp_path, files)
    assert found.memory == 16 * GIB and found.cores == AFFINITY


def test_a_card_is_asked_for_by_the_drivers_own_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'NVIDIA A10, 23028'\necho 'NVIDIA T4, 15360'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert machine(tmp_path, {}).gpus == (), "without the driver nothing is started"
    found = machine(tmp_path, {"proc/driver/nvidia/version": "NVRM version: 550"})
    assert [(gpu.name, gpu.memory >> 20) for gpu in found.gpus] == [("NVIDIA A10", 23028), ("NVIDIA T4", 15360)]
    assert found.gpu_memory == 23028 << 20


def with_driver(root: Path, script: bytes, mode: int = 0o755) -> Hardware:
    """A machine with the driver, whose program is a script."""
    program = root / "nvidia-smi"
    program.write_bytes(b"#!/bin/sh\n" + script + b"\n")
    program.chmod(mode)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{root}:{os.environ['PATH']}")
        return machine(root, {"proc/driver/nvidia/version": "x"})


@pytest.mark.parametrize(
    "script",
    [
        b"exit 9", b"echo broken", b"echo 'NVIDIA A10, [N/A]'", b"echo 'NVIDIA A10, -5'", b"printf 'A\\377\\376, B\\n'",
        "echo 'NVIDIA A10, ²'".encode(), b"echo 'NVIDIA-SMI has failed because it could not communicate'; exit 9",
        b"echo 'Failed to initialize NVML: Insufficient Permissions'; exit 4", b"kill -9 $$",
    ],
)  # fmt: skip
def test_a_driver_that_does_not_work_has_no_card(tmp_path: Path, script: bytes) -> None:
    assert with_driver(tmp_path, script).gpus == ()


def test_a_program_that_must_not_be_run_has_no_card(tmp_path: Path) -> None:
    assert with_driver(tmp_path, b"echo 'NVIDIA A10, 23028'", 0o644).gpus == ()


@pytest.mark.parametrize("script", [b"exec sleep 60", b"echo 'NVIDIA A10, 23028'; sleep 60"])
def test_a_driver_that_hangs_has_no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: bytes) -> None:
    monkeypatch.setattr(hardware, "_SMI_S", 0.3)
    started = time.monotonic()
    assert with_driver(tmp_path, script).gpus == ()
    assert time.monotonic() - started < 20


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.lists(st.integers(1, 10**6), max_size=3))
def test_whatever_the_driver_prints_only_whole_lines_are_cards(tmp_path: Path, noise: bytes, cards: list[int]) -> None:
    lines = [f"NVIDIA Card {number}, {memory}".encode() for number, memory in enumerate(cards)]
    (tmp_path / "said").write_bytes(b"\n".join([noise, *lines]))
    found = with_driver(tmp_path, f"cat '{tmp_path}/said'".encode()).gpus
    assert [gpu.memory >> 20 for gpu in found if gpu.name.startswith("NVIDIA Card")] == cards


def test_this_machine_is_probed_quickly() -> None:
    started = time.process_time()
    found = probe_hardware()
    assert time.process_time() - started < 0.5
    assert found.cpu and 0 < found.cores <= AFFINITY and found.memory > 1 << 28
