"""A kernel, a Jupyter server, the command line and Dagster ask the embedded model at a time: one engine serves them."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from nootropic_kernel.models.catalogue import CatalogueModel
from nootropic_kernel.telemetry.ledger import Ledger
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import update_person_settings
from tests.host.conftest import processes, wait_until
from tests.kernel.running import running_kernel

pytestmark = [pytest.mark.deep, pytest.mark.pipelines, pytest.mark.timeout(400)]

QUESTION = "Answer with one word: what colour is the sky?"
ASSET = f"""
import json
import dagster as dg
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.chat import ChatParams, chat
from nootropic_kernel.workspace.location import Workspace

@dg.asset
def asked() -> None:
    session = Session(Workspace.find("."))
    try:
        print("ANSWER", chat(ChatParams(message={QUESTION!r}), session).model_dump_json(), flush=True)
    finally:
        session.close()

defs = dg.Definitions(assets=[asked])
"""


def by_kernel(workspace: Workspace) -> str:
    """In a cell of the Nootropic kernel."""
    with running_kernel(workspace.root) as kernel:
        ran = kernel.run(f"%%noo chat\n{QUESTION}", timeout=300)
    assert ran.status == "ok", ran.error
    return ran.text


def by_server(workspace: Workspace, folder: Path) -> str:
    """By the REST route of a Jupyter server of its own."""
    token = secrets.token_hex(16)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "jupyter_server",
        f"--port={port}",
        f"--ServerApp.root_dir={workspace.root.parent}",
    ]
    command += [f"--IdentityProvider.token={token}"]
    command += ["--ServerApp.jpserver_extensions={'nootropic_lab': True}"]
    command += ["--allow-root", "--no-browser", "--ServerApp.port_retries=0"]
    with (folder / "jupyter.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"token {token}"}, trust_env=False
        ) as client:

            def answers() -> bool:
                try:
                    return client.get("/api/status").status_code == 200
                except httpx.TransportError:
                    return False

            assert wait_until(answers, 120), (folder / "jupyter.log").read_text()
            body = {"path": workspace.root.name, "arguments": {"message": QUESTION}}
            reply = client.post("/nootropic/api/capabilities/chat", json=body, timeout=300)
        assert reply.status_code == 200, reply.text
        return reply.text
    finally:
        server.terminate()
        server.wait(30)


def by_command(workspace: Workspace, folder: Path) -> str:
    """By ``noo chat``."""
    command = [sys.executable, "-P", "-m", "nootropic_kernel.cli", "chat", QUESTION, "--json"]
    done = subprocess.run(command, cwd=workspace.root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["answer"])


def by_dagster(workspace: Workspace, folder: Path) -> str:
    """In an asset that Dagster's own command materialises."""
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    (folder / "defs.py").write_text(ASSET)
    command = [
        sys.executable,
        "-m",
        "dagster",
        "asset",
        "materialize",
        "-f",
        str(folder / "defs.py"),
        "--select",
        "asked",
    ]
    done = subprocess.run(
        command, cwd=workspace.root, env={**os.environ, "DAGSTER_HOME": str(home)}, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("ANSWER "))
    return str(json.loads(line.removeprefix("ANSWER "))["answer"])


@pytest.fixture
def engines_seen(run_time: Path) -> Iterator[Callable[[], list[set[int]]]]:
    """Looks at all engine processes several times a second; gives what was there each time."""
    seen: list[set[int]] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            found = processes(run_time)
            seen.append({each.pid for each in found if each.cmdline()[2].endswith("child.py")} if found else set())

    watcher = threading.Thread(target=look)
    watcher.start()
    yield lambda: list(seen)
    over.set()
    watcher.join()


def test_all_faces_are_served_by_one_engine_that_ends_when_idle(
    model: CatalogueModel, workspace: Workspace, run_time: Path, tmp_path: Path,
    engines_seen: Callable[[], list[set[int]]],
) -> None:  # fmt: skip
    # Longer than the slowest face needs to start, so that the engine of the first is there for the last.
    update_person_settings(lambda settings: settings.update(serviceIdleMinutes=0.75))
    faces = (by_server, by_command, by_dagster)
    with ThreadPoolExecutor(len(faces)) as pool:
        asked = [pool.submit(face, workspace, tmp_path) for face in faces]
        answers = [by_kernel(workspace), *(each.result() for each in asked)]
    assert all(answer.strip() for answer in answers)
    seen = engines_seen()
    assert max(map(len, seen)) == 1 and len(set().union(*seen)) == 1
    calls = [line for line in Ledger().calls() if not line.error]
    assert len(calls) >= len(answers) and {line.backend for line in calls} == {"embedded"}
    assert all(line.cpu_s for line in calls)
    asked_last = time.monotonic()
    assert wait_until(lambda: not processes(run_time), 90)
    assert time.monotonic() - asked_last > 5  # it was there for whoever came next
