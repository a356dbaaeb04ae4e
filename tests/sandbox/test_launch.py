"""What a confined run gives back: output, code, channel; and the places that it works in."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from nootropic_kernel.sandbox import run_approved, run_confined
from nootropic_kernel.workspace.errors import UsageError

REPOSITORY = Path(__file__).resolve().parents[2]


def test_it_runs_writes_in_its_folder_and_says_what_confined_it(box: Path, level: str) -> None:
    done = run_confined(["python", "-c", "open('made.txt', 'w').write('x'); print('hello')"], box, level=level)
    assert (done.code, done.output, (box / "made.txt").read_text()) == (0, "hello\n", "x")
    assert done.level.startswith(level + ":") and done.stopped_by == ""
    assert any("memory" in limit for limit in done.limits)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("sys.exit(3)", 3),
        ("os.kill(os.getpid(), 9) or os._exit(1)", -9),
        ("os.abort()", -6),
        ("sys.exit('no')", 1),
    ],
)
def test_the_exit_code_comes_back(box: Path, level: str, code: str, expected: int) -> None:
    done = run_confined(["python", "-c", f"import os, sys; {code}"], box, level=level)
    assert done.code == expected
    assert done.errors == ("no\n" if expected == 1 else "")


def test_a_command_that_does_not_exist(box: Path, level: str) -> None:
    done = run_confined(["no-such-program", "x"], box, level=level)
    assert (done.code, done.errors) == (127, "no-such-program: No such file or directory\n")


def test_a_missing_folder_is_no_missing_sandbox(box: Path, level: str) -> None:
    """Regression: it was told as one, so a person would have been asked to run the command unconfined."""
    with pytest.raises(UsageError, match="There is no folder"):
        run_confined(["true"], box / "none", level=level)
    with pytest.raises(UsageError, match="There is no folder"):
        run_approved(["true"], box / "none")


def test_much_output_is_bounded(box: Path, level: str) -> None:
    done = run_confined(["python", "-c", "print('x' * 1_000_000)"], box, level=level)
    assert done.code == 0 and len(done.output) < 300_000 and "left out" in done.output


def test_the_environment_is_what_was_given(box: Path, level: str) -> None:
    done = run_confined(["sh", "-c", "echo $ADDED; cat; env"], box, level=level, environment={"ADDED": "é 'x'"})
    first, *others = done.output.splitlines()
    assert first == "é 'x'"
    names = {line.partition("=")[0] for line in others} - {"PWD", "SHLVL", "_", "OLDPWD"}
    assert names == {"ADDED", "PATH", "HOME", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE"}


@pytest.mark.parametrize("filler", [0, 3])
def test_the_channel_is_descriptor_3_and_the_only_one(box: Path, level: str, filler: int) -> None:
    code = """
import os
os.write(3, b"verdict")
for descriptor in range(4, 300):
    try: os.fstat(descriptor)
    except OSError: continue
    os.write(3, b" and %d" % descriptor)
os.close(3)
"""
    # Whatever number it has here.
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(filler)]
    read, write = os.pipe()
    try:
        done = run_confined(["python", "-c", code], box, level=level, channel=write)
        os.close(write)
        assert (done.code, os.read(read, 100), os.read(read, 100)) == (0, b"verdict", b""), done.errors
    finally:
        for descriptor in (read, *others):
            os.close(descriptor)


def test_an_approved_run_has_the_channel_too(box: Path) -> None:
    read, write = os.pipe()
    done = run_approved(["sh", "-c", "echo verdict >&3"], box, channel=write)
    os.close(write)
    assert (done.code, os.read(read, 100)) == (0, b"verdict\n")
    os.close(read)
    assert done.level.startswith("not confined") and done.unenforced


def test_the_code_can_not_be_forged(box: Path, level: str) -> None:
    """Whoever writes to all descriptors does not reach the one on which the code comes back."""
    code = """
import os
for descriptor in range(3, 300):
    try: os.write(descriptor, b"ready\\n0\\n")
    except OSError: pass
for pid in (1, os.getppid()):
    try: os.kill(pid, 9)
    except OSError: pass
os._exit(7)
"""
    assert run_confined(["python", "-c", code], box, level=level).code == 7


@pytest.mark.parametrize(
    "name", ["with space", "Größe/.nootropic/work/日本", 'it\'s "quoted" $HOME', "new\nline", os.fsdecode(b"byte\xff")]
)
def test_folders_of_any_name(tmp_path: Path, level: str, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    (folder / "there").write_text("text")
    code = "import os; open('made', 'wb').write(os.fsencode(os.getcwd()) + open('there', 'rb').read())"
    done = run_confined(["python", "-c", code], folder, level=level)
    assert done.code == 0, done.errors
    assert (folder / "made").read_bytes() == os.fsencode(folder.resolve()) + b"text"


def test_a_linked_folder_and_one_that_can_not_be_written(tmp_path: Path, level: str) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    real.chmod(0o555)
    done = run_confined(["python", "-c", "import os; print(os.getcwd())"], link, level=level)
    real.chmod(0o755)
    assert done.output == f"{real.resolve()}\n", done.errors


@pytest.mark.slow
def test_an_interpreter_in_a_home_with_spaces(tmp_path: Path, level: str) -> None:
    """It shows, and what lies beside it does not; it stays read-only if it lies in the folder, or nothing runs."""
    home = tmp_path / "my home"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "env"], check=True)
    (home / "secret").write_text("secret")
    (home / "work").mkdir()
    code = """
import sys
from pathlib import Path
from nootropic_kernel.sandbox import SandboxUnavailable, run_confined
def run(code, folder):
    try:
        done = run_confined(["python", "-c", code], Path(folder), level=sys.argv[2])
        print(done.output, done.errors.splitlines()[-1:])
    except SandboxUnavailable as problem:
        print(problem)
run("import sys; print(sys.prefix); open('../secret')", sys.argv[1] + "/work")
run("open('free', 'w'); open('env/lib/escape-test.pth', 'w')", sys.argv[1])
"""
    done = subprocess.run(
        [home / "env/bin/python", "-c", code, home, level],
        env={"PYTHONPATH": os.pathsep.join([str(REPOSITORY), sysconfig.get_path("purelib")])},
        capture_output=True,
        text=True,
        check=False,
    )
    prefix, beside, within = done.stdout.splitlines()
    assert prefix == f"{home.resolve()}/env", done.stderr
    assert "FileNotFoundError" in beside or "PermissionError" in beside
    assert "interpreter lies in" in within if level == "landlock" else "Read-only" in within
    assert (home / "free").exists() == (level != "landlock")
    assert not (home / "env/lib/escape-test.pth").exists()


def test_ordinary_tests_run_at_every_level(box: Path, level: str) -> None:
    (box / "test_ordinary.py").write_text("""
import asyncio, os, shutil, subprocess, sys, tempfile, threading
def test_files(tmp_path):
    (tmp_path / "a").write_text("x")
    shutil.copy(tmp_path / "a", tmp_path / "b")
    shutil.copytree(tmp_path, "copied")
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
def test_processes():
    assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout == b"1\\n"
    pid = os.fork()
    if pid == 0: os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    sleeping = subprocess.Popen(["sleep", "60"])
    sleeping.terminate()
    assert sleeping.wait() == -15
def test_asyncio():
    assert asyncio.run(asyncio.sleep(0, "x")) == "x"
    thread = threading.Thread(target=print); thread.start(); thread.join()
def test_randomness():
    assert os.urandom(8) != open("/dev/urandom", "rb").read(8)
""")
    done = run_confined(
        ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_ordinary.py"], box, level=level
    )
    assert (done.code, "4 passed" in done.output) == (0, True), done.output


def test_tests_with_a_server_of_their_own_run_where_there_is_an_own_network(box: Path, level: str) -> None:
    code = """
import socket
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(server.getsockname()) as client:
        server.accept()[0].sendall(b"own network")
        print(client.recv(100))
"""
    done = run_confined(["python", "-c", code], box, level=level)
    assert ("own network" in done.output) == (level != "landlock"), done.errors
