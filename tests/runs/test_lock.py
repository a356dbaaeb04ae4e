"""One process at a time drives a run: others wait, and one that dies is told from one that works."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from nootropic_kernel.runs.errors import RunBusy
from nootropic_kernel.runs.lock import run_lock
from nootropic_kernel.workspace.errors import Interrupted

HOLDER = """
import sys, threading
from pathlib import Path
from nootropic_kernel.runs.lock import run_lock

with run_lock(Path(sys.argv[1]), "R", threading.Event()):
    print("has it", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "has it\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_free_run_is_had_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    with run_lock(tmp_path / "runs", "R", threading.Event()) as waited:
        assert not waited
        with run_lock(tmp_path / "runs", "other", threading.Event()) as waited:
            assert not waited
    assert list((tmp_path / "runs").iterdir()) == []


def test_who_has_it_is_named_and_waited_for(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    told: list[str] = []

    def on_wait(owner: str) -> None:
        told.append(owner)
        assert holder.stdin is not None
        holder.stdin.write("\n")
        holder.stdin.flush()

    with run_lock(tmp_path, "R", threading.Event(), on_wait=on_wait) as waited:
        assert waited and told == [f"Process {holder.pid}"]
    end(holder)


def test_one_that_died_holds_nothing(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    end(holder)
    assert [file.name for file in tmp_path.iterdir()] == ["R.lock"]
    with run_lock(tmp_path, "R", threading.Event(), timeout_s=0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_waiting_can_be_stopped_and_has_an_end(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Interrupted), run_lock(tmp_path, "R", stopped):
        pass
    with (
        pytest.raises(RunBusy, match=f"Process {holder.pid} is doing exactly this already"),
        run_lock(tmp_path, "R", threading.Event(), timeout_s=0.2),
    ):
        pass
    end(holder)


def test_never_two_at_once_though_each_takes_the_file_away(tmp_path: Path) -> None:
    inside, most, turns = Counter[str](), 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal most, turns
        for _ in range(5):
            with run_lock(tmp_path, "R", threading.Event()):
                with guard:
                    inside["now"] += 1
                    most = max(most, inside["now"])
                with guard:
                    inside["now"] -= 1
                    turns += 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (most, turns) == (1, 30)
