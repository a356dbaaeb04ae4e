"""The limits of a confined run: what is asked for, and the little program that sets them from the inside.

That program runs inside the sandbox, just before the command: limits on processes then count in the sandbox's own
user namespace only, and a person with many processes of their own is not stopped by them.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Limits:
    """What a confined run may use."""

    cpu_s: int = 120
    memory_mb: int = 4096
    file_mb: int = 256
    processes: int = 256
    open_files: int = 512

    def told(self) -> tuple[str, ...]:
        """The limits in words, as far as they hold for this user."""
        told = [
            f"{self.cpu_s} s of CPU for each process",
            f"{self.memory_mb} MB of memory for each process",
            f"{self.file_mb} MB for each file",
            f"{self.open_files} open files",
        ]
        # The kernel exempts the machine's root from the limit on processes, in a user namespace too.
        if os.geteuid() != 0:
            told.append(f"{self.processes} processes")
        return tuple(told)

    def wrapper(self, python: str, channel: int | None = None) -> list[str]:
        """The words to put before a command so that it runs under these limits, with ``channel`` as descriptor 3."""
        return [python, "-I", "-S", "-c", _PROGRAM, json.dumps({**asdict(self), "channel": channel})]


_PROGRAM = """\
import json, os, resource, sys
wanted = json.loads(sys.argv[1])
mega = 1 << 20
table = [
    (resource.RLIMIT_CPU, wanted["cpu_s"]), (resource.RLIMIT_AS, wanted["memory_mb"] * mega),
    (resource.RLIMIT_FSIZE, wanted["file_mb"] * mega), (resource.RLIMIT_NOFILE, wanted["open_files"]),
    (resource.RLIMIT_NPROC, wanted["processes"]), (resource.RLIMIT_CORE, 0),
]
for kind, most in table:
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))
if wanted["channel"] not in (None, 3):
    os.dup2(wanted["channel"], 3)
    os.close(wanted["channel"])
os.execvp(sys.argv[2], sys.argv[2:])
"""
