"""The totals of a run, measured from outside: processes, CPU time, memory, bytes written, files changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from nootropic_kernel.sandbox.limits import Limits

_PERIOD_S = 0.1
# The processes that confine and watch: at most two.
_OURS = 2
# Looking through a large folder takes no more than this share of the time.
_SHARE_OF_WALKS = 0.1
_MEGA = 1 << 20


class Watchdog:
    """Measures the process ``pid`` with all its descendants, and what has changed in ``folders`` since now.

    Every descendant is found: at each level, an orphan falls to a process of the run. What a process uses between its
    last sample and its end is seen only in its parent's account of it.
    """

    def __init__(self, pid: int, folders: Iterable[Path], limits: Limits) -> None:
        self._pid, self._folders, self._limits = pid, tuple(folders), limits
        # By the time of their last change, which no program can set, files that lay there before are told apart.
        self._since_ns = time.time_ns()
        self._next = time.monotonic() + _PERIOD_S
        self._next_walk = 0.0
        self._cpu_seen: dict[tuple[int, float], float] = {}
        self._written_seen: dict[tuple[int, float], int] = {}

    def exceeded(self) -> str:
        """The limit that is exceeded, in words; empty when none is, or when it is too early to look again."""
        now = time.monotonic()
        if now < self._next:
            return ""
        found = self._processes() or (self._changes() if now >= self._next_walk else "")
        # On a slow machine, or with many processes, looking must not become the work.
        self._next = time.monotonic() + max(_PERIOD_S, 5 * (time.monotonic() - now))
        return found

    def _processes(self) -> str:
        try:
            first = psutil.Process(self._pid)
            tree = [first, *first.children(recursive=True)]
        except psutil.Error:
            return ""
        if len(tree) > self._limits.processes + _OURS:
            return self._limits.processes_told
        cpu = memory = written = 0.0
        for process in tree:
            used = self._sample(process)
            cpu, memory, written = cpu + used[0], memory + used[1], written + used[2]
        if max(cpu, sum(self._cpu_seen.values())) > self._limits.cpu_s:
            return self._limits.cpu_told
        if max(written, sum(self._written_seen.values())) > self._limits.written_mb * _MEGA:
            return self._limits.written_told
        # Resident memory counts shared pages once a process; the exact sum is costly, so it is taken only at need.
        most = self._limits.memory_mb * _MEGA
        if memory > most and sum(_proportional(process) for process in tree) > most:
            return self._limits.memory_told
        return ""

    def _sample(self, process: psutil.Process) -> tuple[float, float, float]:
        """CPU seconds with those of ended children, resident bytes, and bytes sent to storage by one process."""
        cpu = resident = written = 0.0
        try:
            key = (process.pid, process.create_time())
            with process.oneshot():
                times = process.cpu_times()
                self._cpu_seen[key] = times.user + times.system
                cpu = times.user + times.system + times.children_user + times.children_system
                resident = process.memory_info().rss
                if hasattr(process, "io_counters"):
                    written = self._written_seen[key] = process.io_counters().write_bytes
        except psutil.Error:
            pass  # it has ended, or it is about to become another program
        return cpu, resident, written

    def _changes(self) -> str:
        started = time.monotonic()
        files = size = 0
        folders = list(self._folders)
        while folders and files <= self._limits.files:
            try:
                entries = list(os.scandir(folders.pop()))
            except OSError:
                continue  # it has gone, or nobody can read it
            for entry in entries:
                try:
                    state = entry.stat(follow_symlinks=False)
                    is_folder = entry.is_dir(follow_symlinks=False)
                except OSError:
                    continue
                if is_folder:
                    folders.append(Path(entry.path))
                if state.st_ctime_ns > self._since_ns:
                    files += 1
                    size += state.st_blocks * 512
        took = time.monotonic() - started
        self._next_walk = time.monotonic() + took / _SHARE_OF_WALKS
        if files > self._limits.files:
            return self._limits.files_told
        return self._limits.written_told if size > self._limits.written_mb * _MEGA else ""


def _proportional(process: psutil.Process) -> int:
    """The memory of a process, with shared pages divided among those who share them."""
    try:
        return int(getattr(process.memory_full_info(), "pss", 0)) or int(process.memory_info().rss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
