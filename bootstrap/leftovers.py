"""Which processes a demonstration left behind, and their end."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil

MARK = "NOOTROPIC_DEMO_RUN"


def started_here(mark: str, folder: Path) -> list[psutil.Process]:
    """Processes that carry the mark of this demonstration, or work in its folder; never this one or its parents."""
    me = psutil.Process()
    ours = {me.pid, *(parent.pid for parent in me.parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid in ours:
            continue
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            if process.environ().get(MARK) == mark or _works_in(process, folder):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # it has ended, or belongs to somebody else
    return found


def _works_in(process: psutil.Process, folder: Path) -> bool:
    if process.create_time() < psutil.Process().create_time():
        return False  # a shell or an editor that was there before
    cwd = process.cwd()
    inside = cwd == str(folder) or cwd.startswith(str(folder) + os.sep)
    return inside or any(str(folder) in argument for argument in process.cmdline())


def end_all(mark: str, folder: Path, patience_s: float = 15.0) -> list[str]:
    """Waits for the processes of a demonstration, ends those that stay, and names them."""
    deadline = time.monotonic() + patience_s
    while (left := started_here(mark, folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    names = []
    for process in left:
        try:
            names.append(f"{process.pid} {' '.join(process.cmdline())[:80]}")
            process.terminate()
        except psutil.Error:
            continue
    for process in psutil.wait_procs(left, timeout=5)[1]:
        try:
            process.kill()
        except psutil.Error:
            continue
    return names
