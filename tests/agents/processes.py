"""The processes of this machine, as tests look for what was left behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def command_lines() -> Iterator[str]:
    """The command line of each process."""
    for entry in Path("/proc").iterdir():
        try:
            yield (entry / "cmdline").read_text() if entry.name.isdigit() else ""
        except OSError:
            continue  # it has just ended
