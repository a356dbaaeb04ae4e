"""What a confined command can not do, tried for real. Where there is no bubblewrap, it must refuse instead."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nootropic_kernel.sandbox import SandboxResult, SandboxUnavailable, available, launch, run_confined
from nootropic_kernel.sandbox.limits import Limits
from nootropic_kernel.workspace.errors import Interrupted

confined = pytest.mark.usefixtures("working_sandbox")


@pytest.fixture
def box(tmp_path: Path) -> Path:
    folder = tmp_path / "box"
    folder.mkdir()
    return folder


def python(box: Path, code: str, timeout_s: float = 20.0, limits: Limits | None = None) -> SandboxResult:
    return run_confined(["python", "-c", code], box, timeout_s=timeout_s, limits=limits)


@confined
def test_it_runs_writes_in_its_folder_and_says_what_confined_it(box: Path) -> None:
    done = python(box, "open('made.txt', 'w').write('x'); print('hello')")
    assert (done.code, done.output, (box / "made.txt").read_text()) == (0, "hello\n", "x")
    assert "bubblewrap" in done.level and any("memory" in limit for limit in done.limits)


@confined
def test_the_exit_code_and_errors_come_back(box: Path) -> None:
    done = python(box, "import sys; sys.exit('no')")
    assert (done.code, done.errors) == (1, "no\n")


@confined
@pytest.mark.parametrize("place", ["home", "neighbour", "etc"])
def test_files_outside_cannot_be_read(box: Path, tmp_path: Path, place: str) -> None:
    secret = {"home": Path.home() / ".nootropic-escape-test", "neighbour": tmp_path / "secret.txt"}.get(place)
    target = Path("/etc/passwd") if secret is None else secret
    if secret is not None:
        secret.write_text("very secret")
    try:
        assert python(box, f"print(open({str(target)!r}).read())").code == 1
        link = box / "link"
        link.symlink_to(target)
        assert python(box, "print(open('link').read())").code == 1
    finally:
        if secret is not None:
            secret.unlink()


@confined
@pytest.mark.parametrize(
    "target", ["/usr/escape", "/escape", "/home/x/escape", "/etc/escape", "../escape", "/tmp/escape"]
)
def test_nothing_is_written_outside(box: Path, target: str) -> None:
    python(box, f"import os\nos.makedirs(os.path.dirname({target!r}), exist_ok=True)\nopen({target!r}, 'w').write('x')")
    assert not (box / target).exists()


@confined
def test_its_own_interpreter_is_read_only(box: Path) -> None:
    code = "import os, sys; open(os.path.join(sys.prefix, 'escape.pth'), 'w')"
    assert python(box, code).code == 1
    assert not (Path(sys.prefix) / "escape.pth").exists()


@confined
def test_the_environment_is_clean(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    code = "import os; print(dict(os.environ)); print(open('/proc/1/environ').read())"
    done = python(box, code)
    assert "sk-very-secret" not in done.output + done.errors


@confined
def test_no_network_not_even_loopback(box: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = python(box, f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)")
    assert done.code == 1 and "Error" in done.errors
    assert python(box, "import socket; socket.getaddrinfo('example.org', 80)").code == 1


@confined
def test_no_process_outside_is_seen_or_signalled(box: Path) -> None:
    other = subprocess.Popen(["sleep", "30"])
    try:
        assert python(box, f"import os; os.kill({other.pid}, 9)").code == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@confined
def test_nothing_outlives_it(box: Path) -> None:
    code = (
        "import subprocess, sys\n"
        'late = \'import time; time.sleep(1); open("late.txt", "w").write("x")\'\n'
        "subprocess.Popen([sys.executable, '-c', late], start_new_session=True)"
    )
    assert python(box, code).code == 0
    time.sleep(1.6)
    assert not (box / "late.txt").exists()


@confined
def test_the_time_ends_everything(box: Path) -> None:
    started = time.monotonic()
    done = python(box, "import os, time\nos.fork()\ntime.sleep(60)", timeout_s=1)
    assert (done.code, done.timed_out) == (124, True)
    assert time.monotonic() - started < 10


@confined
@pytest.mark.parametrize(
    "code",
    [
        "x = bytearray(512 << 20)",
        "open('big', 'wb').write(b'x' * (8 << 20))",
        "while True: pass",
        "files = [open('/dev/null') for _ in range(200)]",
    ],
)
def test_limits_hold(box: Path, code: str) -> None:
    limits = Limits(cpu_s=1, memory_mb=256, file_mb=4, open_files=64)
    assert python(box, code, timeout_s=20, limits=limits).code not in (0, 124)


@confined
def test_stopping_gives_control_back_at_once(box: Path) -> None:
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        run_confined(["python", "-c", "import time; time.sleep(60)"], box, cancel=cancel)
    assert time.monotonic() - started < 5


@confined
def test_much_output_is_bounded(box: Path) -> None:
    done = python(box, "print('x' * 1_000_000)")
    assert done.code == 0 and len(done.output) < 300_000 and "left out" in done.output


def test_without_a_sandbox_nothing_is_run(box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho no namespaces >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(launch.shutil, "which", lambda name, path=None: os.fspath(broken))
    available.cache_clear()
    try:
        with pytest.raises(SandboxUnavailable, match=r"Approval required.*no namespaces"):
            python(box, "open('made.txt', 'w')")
        assert not (box / "made.txt").exists()
    finally:
        monkeypatch.undo()
        available.cache_clear()
