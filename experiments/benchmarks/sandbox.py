"""What confining a command costs: each level against the same command as a bare subprocess, in turns.

    python experiments/benchmarks/sandbox.py [--rounds 15]

The command is an interpreter that does nothing, so the ratio is the worst there is: what is added is the same for a
test run of minutes. Medians are printed. A level that does not work on this machine is named with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from nootropic_kernel.sandbox import levels, run_confined

COMMAND = ["-I", "-S", "-c", "pass"]


def cpu() -> float:
    """CPU seconds of this process and of all that it has waited for."""
    own, ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    started, used = time.perf_counter(), cpu()
    work()
    return time.perf_counter() - started, cpu() - used


def bare(folder: Path) -> None:
    """The peer: the same words, unconfined."""
    subprocess.run([sys.executable, *COMMAND], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=True)


def confined(folder: Path, level: str) -> None:
    """A run at a level, which must succeed."""
    done = run_confined(["python", *COMMAND], folder, level=level)
    assert done.code == 0, done.errors


def main() -> int:
    """Measure, print a report and one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    started = time.perf_counter()
    found = levels()
    tried = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        work: dict[str, Callable[[], object]] = {"bare": lambda: bare(folder)}
        for each in found:
            if each.works:
                work[each.name] = lambda name=each.name: confined(folder, name)  # type: ignore[misc]
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
        for _ in range(options.rounds):
            for name, run in work.items():
                times[name].append(timed(run))
    load = os.getloadavg()[0]
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {options.rounds} rounds, load average {load:.1f}")
    wall = {name: statistics.median(each[0] for each in rounds) for name, rounds in times.items()}
    used = {name: statistics.median(each[1] for each in rounds) for name, rounds in times.items()}
    for name in times:
        added = f"adds {1000 * (wall[name] - wall['bare']):.1f} ms, ratio {wall[name] / wall['bare']:.2f}"
        print(f"  {name:11} {1000 * wall[name]:7.1f} ms wall {1000 * used[name]:6.1f} ms CPU  {added}")
    for each in found:
        if not each.works:
            print(f"  {each.name:11} not measured: {each.why}")
    print(f"  trying the levels, once a process: {1000 * tried:.0f} ms")
    figures = {name: {"wall_s": wall[name], "cpu_s": used[name], "ratio": wall[name] / wall["bare"]} for name in times}
    print(json.dumps({**figures, "trial_s": tried, "rounds": options.rounds, "load_average": load}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
