"""Each limit ends what goes over it, for one process and for many, and for root too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nootropic_kernel.sandbox import Limits, SandboxResult, run_confined

pytestmark = pytest.mark.slow
LIMITS = Limits(cpu_s=60, memory_mb=512, processes=80)
START = """
import os, resource, signal, sys, time
def won():
    open("won", "w").close()
def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
def child(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    return pid
"""


@dataclass(frozen=True)
class Bomb:
    """Code that makes the file `won` if nothing stops it, and the limit that should; empty if the kernel refuses."""

    name: str
    code: str
    limits: Limits
    stopped_by: str = ""


BOMBS = [
    Bomb("memory of one", "x = bytearray(700 << 20); won()", LIMITS),
    Bomb("memory of many", """
for _ in range(50):
    child(lambda: (bytearray(b"x" * (20 << 20)), time.sleep(30)))
time.sleep(20); won()
""", LIMITS, LIMITS.memory_told),
    Bomb("disk by one file", "open('big', 'wb').write(b'x' * (8 << 20)); won()", replace(LIMITS, file_mb=4)),
    Bomb("disk by many files", """
for at in range(30):
    open(f"big{at}", "wb").write(b"x" * (2 << 20)); os.sync() if at == 29 else None
time.sleep(20); won()
""", limits := replace(LIMITS, written_mb=16), limits.written_told),
    Bomb("many files", """
for at in range(10_000):
    if at % 100 == 0: os.mkdir(f"d{at}"); os.chdir(f"d{at}")
    open(f"f{at}", "w").close()
time.sleep(20); won()
""", limits := replace(LIMITS, files=500), limits.files_told),
    Bomb("CPU of one", "spin(20); won()", limits := replace(LIMITS, cpu_s=1), limits.cpu_told),
    Bomb("CPU of one that ignores the warning", """
signal.signal(signal.SIGXCPU, signal.SIG_IGN); spin(20); won()
""", replace(LIMITS, cpu_s=1)),
    Bomb("CPU of many, one after the other", """
for _ in range(60): os.waitpid(child(lambda: spin(0.3)), 0)
won()
""", limits := replace(LIMITS, cpu_s=1), limits.cpu_told),
    Bomb("CPU of many that nobody waits for", """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in range(60):
    child(lambda: spin(0.4)); time.sleep(0.4)
won()
""", limits := replace(LIMITS, cpu_s=1), limits.cpu_told),
    Bomb("open files", "files = [open('/dev/null') for _ in range(200)]; won()", replace(LIMITS, open_files=64)),
]  # fmt: skip


def bomb(box: Path, level: str, code: str, limits: Limits) -> SandboxResult:
    return run_confined(["python", "-c", START + code], box, level=level, limits=limits, timeout_s=60)


@pytest.mark.parametrize("case", BOMBS, ids=lambda case: case.name.replace(" ", "-"))
def test_the_limit_ends_it(box: Path, level: str, case: Bomb) -> None:
    done = bomb(box, level, case.code, case.limits)
    assert not (box / "won").exists()
    assert done.code != 0 and not done.timed_out
    if case.stopped_by:
        assert done.stopped_by == case.stopped_by, done


def test_a_fork_bomb_is_ended(box: Path, level: str) -> None:
    """The kernel refuses the next process of a user; root's are counted, and all of them ended."""
    code = """
def grow(depth):
    with open("born", "a") as born:
        born.write("x")
    for _ in range(2):
        try:
            if depth < 11: child(lambda: grow(depth + 1))
        except OSError: pass
    time.sleep(20)
grow(0); won()
"""
    limits = replace(LIMITS, processes=30)
    done = bomb(box, level, code, limits)
    assert not (box / "won").exists() or (box / "born").stat().st_size <= 30
    assert done.stopped_by == limits.processes_told or (box / "born").stat().st_size <= 30


def test_what_is_within_the_limits_is_left_alone(box: Path, level: str) -> None:
    """Memory that forked processes share is counted once, and files that lay there before not at all."""
    for at in range(60):
        (box / f"old{at}").write_bytes(b"x" * 1_000_000)
    code = """
shared = bytearray(b"x" * (150 << 20))
children = [child(lambda: time.sleep(1)) for _ in range(8)]
for pid in children: os.waitpid(pid, 0)
open("new", "w").close(); won()
"""
    done = bomb(box, level, code, replace(LIMITS, files=50, written_mb=20))
    assert (done.code, done.stopped_by) == (0, ""), done
    assert (box / "won").exists()


def test_files_for_root_are_counted_outside_the_folder_too(box: Path, level: str) -> None:
    """The private temporary folder is limited as well: by its size, or together with the run's own folder."""
    code = """
for at in range(60):
    with open(os.environ["TMPDIR"] + f"/f{at}", "wb") as file: file.write(b"x" * (2 << 20))
time.sleep(20); won()
"""
    done = bomb(box, level, code, replace(LIMITS, memory_mb=256, written_mb=20))
    assert not (box / "won").exists() and done.code != 0
