"""Supervised processes: recorded by start time, ended with everything they started, and nobody else touched."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from nootropic_kernel.workspace import loopback, processes
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.processes import ProcessNotReady, ProcessRecord

SLEEP = "import time; time.sleep(300)"
# A child in a session of its own that does not mind being asked to end.
FAMILY = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", {SLEEP!r}], start_new_session=True)
print(child.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def started(workspace: Workspace) -> Iterator[Callable[..., ProcessRecord]]:
    """Starts Python code as a supervised process; what is left of it is ended after the test."""
    made: list[ProcessRecord] = []

    def start(name: str, code: str, **options: object) -> ProcessRecord:
        made.append(processes.start(workspace, name, [sys.executable, "-c", code], **options))  # type: ignore[arg-type]
        return made[-1]

    yield start
    for record in made:
        processes.end(workspace, record, grace_s=0.1)


def first_line(record: ProcessRecord) -> str:
    """The first line that the process wrote, once it is there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if (text := Path(record.log).read_text()).endswith("\n"):
            return text.splitlines()[0]
        time.sleep(0.02)
    raise AssertionError("it wrote nothing")


def runs(process: psutil.Process) -> bool:
    """Whether it still runs; a zombie that nobody collected does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_end_takes_grandchildren_whose_parent_was_killed(
    workspace: Workspace, started: Callable[..., ProcessRecord]
) -> None:
    record = started("family", FAMILY)
    child = psutil.Process(int(first_line(record)))
    os.kill(record.pid, 9)
    deadline = time.monotonic() + 10
    while processes.is_alive(record) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not processes.is_alive(record)
    assert [process.pid for process in processes.members(record)] == [child.pid]
    assert processes.end(workspace, record, grace_s=0.2) == 1
    assert not runs(child)
    assert processes.records(workspace) == []


def test_end_forces_what_ignores_a_polite_request(workspace: Workspace, started: Callable[..., ProcessRecord]) -> None:
    before = set(psutil.Process().children(recursive=True))
    record = started("family", FAMILY)
    first_line(record)
    assert processes.end(workspace, record, grace_s=0.2) == 2
    assert set(psutil.Process().children(recursive=True)) <= before  # no zombie either
    assert processes.end(workspace, record) == 0


def test_a_stranger_with_the_recorded_pid_is_not_touched(workspace: Workspace) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as stranger:
        try:
            mark = processes.start_mark(stranger.pid)
            assert mark is not None
            record = ProcessRecord("old", "0" * 32, ("x",), "x.log", stranger.pid, mark + "1", time.time())
            assert not processes.is_alive(record)
            assert processes.end(workspace, record) == 0
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_process_is_found_though_its_starter_died_before_it_noted_the_pid(
    workspace: Workspace, started: Callable[..., ProcessRecord]
) -> None:
    record = started("half", f"print(1, flush=True); {SLEEP}")
    first_line(record)
    assert processes.end(workspace, replace(record, pid=0, started=""), grace_s=2) == 1


def test_records_survive_and_broken_ones_are_left_out(
    workspace: Workspace, started: Callable[..., ProcessRecord]
) -> None:
    record = started("kept", SLEEP, url="http://127.0.0.1:1/x")
    folder = workspace.state_dir / "processes"
    (folder / "torn.json").write_text('{"name": "to')
    (folder / "odd.json").write_text(json.dumps({"name": "../x", "token": "", "argv": [], "log": ""}))
    assert processes.records(workspace) == [record]
    assert processes.find(workspace, "kept") == record
    assert processes.find(workspace, "torn") is None


def test_an_adopted_process_gives_its_own_token_to_what_it_starts(workspace: Workspace) -> None:
    code = (
        "import os, subprocess, sys\n"
        "from nootropic_kernel.workspace import processes\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "record = processes.adopt_self(Workspace.find(sys.argv[1]), 'own')\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}], stdout=subprocess.DEVNULL)\n"
        "print(child.pid, processes.is_alive(record), flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(workspace.root)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), processes.TOKEN_VARIABLE: "f" * 32},
    )
    pid, lived = done.stdout.split()
    record = processes.find(workspace, "own")
    assert lived == "True" and record is not None and record.token != "f" * 32
    assert not processes.is_alive(record)
    assert [process.pid for process in processes.members(record)] == [int(pid)]
    assert processes.end(workspace, record, grace_s=1) == 1


def test_a_program_that_does_not_exist_is_an_error_and_leaves_no_record(workspace: Workspace) -> None:
    with pytest.raises(ProcessNotReady, match="No such file"):
        processes.start(workspace, "none", [str(workspace.root / "nothing-here")])
    assert processes.records(workspace) == []


def test_free_port_goes_around_a_busy_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        assert loopback.free_port(busy) != busy
    assert loopback.free_port(busy) == busy


SERVER = """
import http.server, sys
class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
"""


def test_ready_means_that_our_process_answers_not_somebody_elses(workspace: Workspace) -> None:
    port = loopback.free_port(0)
    url = f"http://127.0.0.1:{port}/"
    server = processes.start(workspace, "server", [sys.executable, "-c", SERVER, str(port)])
    other = processes.start(workspace, "other", [sys.executable, "-c", "import time; time.sleep(2)"])
    try:
        processes.wait_ready(server, url, deadline_s=20)
        with pytest.raises(ProcessNotReady, match="ended while starting"):
            processes.wait_ready(other, url, deadline_s=20)
        stop = threading.Event()
        stop.set()
        with pytest.raises(Interrupted):
            processes.wait_ready(server, "http://127.0.0.1:1/", deadline_s=20, cancel=stop)
        with pytest.raises(ProcessNotReady, match="did not answer within"):
            processes.wait_ready(server, "http://127.0.0.1:1/", deadline_s=0.2)
    finally:
        assert processes.end_all(workspace, [server, other]) == 1
