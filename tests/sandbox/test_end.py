"""A run ends, with all that it started: by itself, in time, when stopped, and when its caller is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nootropic_kernel.sandbox import run_confined
from nootropic_kernel.workspace.errors import Interrupted

REPOSITORY = Path(__file__).resolve().parents[2]
# Grandchildren in sessions of their own that take no notice of signals, and show that they live.
DAEMONS = """
import os, signal, sys, time
for number in range(3):
    if os.fork() == 0:
        os.setsid()
        for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(each, signal.SIG_IGN)
        if os.fork() == 0:
            os.setsid()
            with open(f"beat{number}", "w") as beat:
                while True: beat.write("x"); beat.flush(); time.sleep(0.01)
        os._exit(0)
def works(number):
    return os.path.exists(f"beat{number}") and os.path.getsize(f"beat{number}")
while not all(works(number) for number in range(3)):
    time.sleep(0.01)
open("ready", "w").close()
"""
# Takes in every orphan of a caller that is killed after some seconds, or once the command is ready.
KILLER = """
import ctypes, os, signal, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
level, box, after = sys.argv[1], sys.argv[2], float(sys.argv[3])
caller = subprocess.Popen([sys.executable, "-c", '''
import sys
from pathlib import Path
from nootropic_kernel.sandbox import Limits
from nootropic_kernel.sandbox.process import execute
print("started", flush=True)
execute(sys.argv[1], ["python", "-c", sys.argv[3]], Path(sys.argv[2]), limits=Limits(), environment={},
        timeout_s=100, cancel=None, channel=None)
''', level, box, sys.argv[4]], stdout=subprocess.PIPE)
caller.stdout.readline()
if after < 0:
    while not os.path.exists(box + "/ready"): time.sleep(0.01)
else:
    time.sleep(after)
caller.kill()
caller.wait()
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        if os.waitpid(-1, os.WNOHANG)[0] == 0: time.sleep(0.01)
    except ChildProcessError:
        print("all gone")
        break
"""


def still_at_work(box: Path) -> bool:
    sizes = [path.stat().st_size for path in sorted(box.glob("beat*"))]
    time.sleep(0.2)
    return sizes != [path.stat().st_size for path in sorted(box.glob("beat*"))]


def test_nothing_outlives_it(box: Path, level: str) -> None:
    done = run_confined(["python", "-c", DAEMONS], box, level=level)
    assert done.code == 0 and (box / "ready").exists()
    assert not still_at_work(box)


def test_the_time_ends_everything(box: Path, level: str) -> None:
    done = run_confined(["python", "-c", DAEMONS + "\ntime.sleep(100)"], box, level=level, timeout_s=3)
    assert (done.code, done.timed_out, done.stopped_by) == (124, True, "3 s of time")
    assert not still_at_work(box)


def test_stopping_ends_everything_and_gives_control_back(box: Path, level: str) -> None:
    cancel = threading.Event()
    stopped: list[float] = []

    def stop() -> None:
        while not (box / "ready").exists():
            time.sleep(0.01)
        stopped.append(time.monotonic())
        cancel.set()

    threading.Thread(target=stop).start()
    with pytest.raises(Interrupted):
        run_confined(["python", "-c", DAEMONS + "\ntime.sleep(100)"], box, level=level, cancel=cancel)
    # Alone it takes a tenth of a second; the promise is one.
    assert time.monotonic() - stopped[0] < 10
    assert not still_at_work(box)


@pytest.mark.slow
def test_stopping_it_while_it_starts_leaves_nothing(box: Path, level: str) -> None:
    for hundredths in range(8):
        cancel = threading.Event()
        timer = threading.Timer(hundredths / 100, cancel.set)
        timer.start()
        with pytest.raises(Interrupted):
            run_confined(["python", "-c", DAEMONS + "\ntime.sleep(100)"], box, level=level, cancel=cancel)
        timer.join()
        assert not still_at_work(box)


@pytest.mark.slow
@pytest.mark.parametrize("after", [-1.0, 0.0, 0.01, 0.02, 0.03, 0.05, 0.08])
def test_killing_the_caller_leaves_nothing(box: Path, level: str, after: float, tmp_path: Path) -> None:
    """However far the run has come. A negative time: once it has daemons at work."""
    mounts = Path("/proc/self/mounts").read_text()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", KILLER, level, str(box), str(after), DAEMONS + "\ntime.sleep(100)"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "all gone\n", done.stderr
    assert not still_at_work(box)
    assert Path("/proc/self/mounts").read_text() == mounts
    if after < 0:
        assert (box / "ready").exists() and list(temporary.iterdir()) == []
