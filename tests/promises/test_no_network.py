"""Nothing leaves the machine and nothing heavy is imported: watched from inside of every Python that is started."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.running import running_kernel
from tests.promises.rooms import CHECKOUT, environment

HEAVY = {"torch", "transformers", "dagster", "mlflow"}
WATCH = """
import atexit, os, sys

def note(text):
    with open({log!r}, "a") as file:
        file.write(text + "\\n")

def audit(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if host not in ("127.0.0.1", "localhost", "::1", "", None):
        note(f"network {{event}} {{host}} {{sys.argv}}")

sys.addaudithook(audit)
note("watched")
atexit.register(lambda: [note(f"heavy {{name}} {{sys.argv}}") for name in {heavy!r} if name in sys.modules])
"""


def watched(tmp_path: Path) -> tuple[str, Path]:
    """A folder for the module path whose Pythons note what they reach for, and the notes."""
    folder, log = tmp_path / "site", tmp_path / "notes"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WATCH.format(log=str(log), heavy=sorted(HEAVY)))
    return str(folder), log


def notes(log: Path) -> list[str]:
    """What was noted, the mere presence of the watch apart; there was one at least."""
    lines = log.read_text().splitlines()
    assert "watched" in lines
    return [line for line in lines if line != "watched"]


@pytest.mark.usefixtures("no_embedded_model")
def test_the_kernel_from_its_start_to_a_commit(repo: Path, tmp_path: Path) -> None:
    folder, log = watched(tmp_path)
    with running_kernel(repo, [folder]) as kernel:
        assert notes(log) == [], "at the start"
        assert kernel.run("import sys; sorted(set(sys.modules) & " + repr(HEAVY) + ")").text == "[]"
        for cell in (
            "%reload_ext nootropic_kernel",
            "%%noo plan\nBuild a blog platform\n",
            "%noo run T1",
            "%noo accept P1:1",
            "%noo search post",
            "%noo doctor",
            "%noo models",
            "%noo pipelines status",
        ):
            ran = kernel.run(cell)
            assert ran.status == "ok", (cell, ran.error)
        assert kernel.run("sorted(set(sys.modules) & " + repr(HEAVY) + ")").text == "[]"
    assert notes(log) == []


@pytest.mark.usefixtures("no_embedded_model")
def test_the_command_line(repo: Path, tmp_path: Path) -> None:
    folder, log = watched(tmp_path)
    paths = {"PYTHONPATH": f"{folder}:{CHECKOUT}"}
    for words in (["plan", "--brief", "Keep books and loans"], ["run"], ["search", "title"], ["status"]):
        command = [sys.executable, "-m", "nootropic_kernel.cli", *words]
        subprocess.run(command, cwd=repo, env=environment(**paths), check=True, capture_output=True)
    assert notes(log) == []


def test_the_embedded_model(repo: Path, tmp_path: Path) -> None:
    """A real answer: the engine is asked over loopback only, and neither side imports a large framework."""
    folder, log = watched(tmp_path)
    code = (
        "from nootropic_kernel.models.contract import ChatRequest, Message\n"
        "from nootropic_kernel.models.router import choose\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "from nootropic_kernel.workspace.settings import load_settings\n"
        "import json, sys\n"
        "found = Workspace.find()\n"
        "backend = choose(load_settings(found), found)\n"
        "answer = backend.chat(ChatRequest((Message('user', 'Say hello.'),), max_tokens=4))\n"
        "print(json.dumps([answer.model, answer.text, sorted(sys.modules)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repo,
        env=environment(PYTHONPATH=f"{folder}:{CHECKOUT}"),
        check=True,
        capture_output=True,
        text=True,
    )
    model, text, modules = json.loads(done.stdout.splitlines()[-1])
    assert "SmolLM2" in model or ("smollm2" in model and text)
    assert not HEAVY & set(modules) and notes(log) == []
