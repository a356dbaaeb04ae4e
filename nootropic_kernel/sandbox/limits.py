"""The limits of a confined run: what each process may use, and what all of them together may.

The kernel holds each process to its own. The totals are measured from outside, by `Watchdog`: the kernel exempts the
machine's root from its limit on processes, and has no limit on the CPU time or the files of a group of processes.
"""

from __future__ import annotations

from dataclasses import dataclass

from nootropic_kernel.sandbox.inside.spec import BUBBLEWRAP, NAMESPACES

_MEGA = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a confined run may use: all of it together, but ``file_mb`` and ``open_files``, which are for each."""

    cpu_s: int = 120
    memory_mb: int = 4096
    file_mb: int = 256
    processes: int = 256
    open_files: int = 512
    written_mb: int = 2048
    files: int = 10_000

    def told(self) -> tuple[str, ...]:
        """The limits in words."""
        return (
            self.cpu_told,
            self.memory_told,
            f"{self.file_mb} MB for each file",
            self.written_told,
            self.files_told,
            f"{self.open_files} open files",
            self.processes_told,
        )

    @property
    def cpu_told(self) -> str:
        return f"{self.cpu_s} s of CPU in all"

    @property
    def memory_told(self) -> str:
        return f"{self.memory_mb} MB of memory in all"

    @property
    def written_told(self) -> str:
        return f"{self.written_mb} MB written"

    @property
    def files_told(self) -> str:
        return f"{self.files} files made or changed"

    @property
    def processes_told(self) -> str:
        return f"{self.processes} processes"

    def resources(self, level: str) -> list[tuple[str, int, int]]:
        """What the kernel holds each process to: name of the limit, soft value, hard value."""
        memory, file = self.memory_mb * _MEGA, self.file_mb * _MEGA
        resources = [
            # The soft limit sends SIGXCPU, which tells what happened; the hard one kills.
            ("RLIMIT_CPU", self.cpu_s, self.cpu_s + 1),
            ("RLIMIT_AS", memory, memory),
            ("RLIMIT_FSIZE", file, file),
            ("RLIMIT_NOFILE", self.open_files, self.open_files),
            # 1 and not 0: with 1 the kernel does not start a program that collects dumps either.
            ("RLIMIT_CORE", 1, 1),
        ]
        if level in (BUBBLEWRAP, NAMESPACES):
            # In a user namespace of its own; elsewhere it would count all that the person runs.
            resources.append(("RLIMIT_NPROC", self.processes, self.processes))
        return resources
