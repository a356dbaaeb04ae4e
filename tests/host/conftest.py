"""A run-time folder of the test's own, and no service left behind in it."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.models.conftest import model as model


@pytest.fixture
def run_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The service is on, its folder below a short one of this test's; whatever was started ends, and leaves nothing."""
    folder = Path(tempfile.mkdtemp(prefix="noo-", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.delenv("NOOTROPIC_SERVICE")
    yield folder
    recorded = {json.loads(record.read_text())["pid"] for record in folder.glob("nootropic/*/service.json")}
    for process in processes(folder):  # a record of the test's own making may name any process
        if process.pid in recorded:
            process.terminate()
    left = wait_until(lambda: not processes(folder), 30)
    for process in processes(folder):
        process.kill()
    shutil.rmtree(folder)
    assert left, "a process of the service outlived its end"


def processes(folder: Path) -> list[psutil.Process]:
    """The services below the run-time folder, and all that they started and that still runs."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            inherited = process.environ().get("XDG_RUNTIME_DIR") == str(folder)
            ours = any(
                part.endswith(("nootropic_kernel/run_module.py", "models/child.py")) for part in process.cmdline()
            )
            if inherited and ours and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = process
        except psutil.Error:
            continue
    return list(found.values())


def wait_until(condition: object, within_s: float) -> bool:
    """Whether ``condition()`` becomes true within some seconds."""
    assert callable(condition)
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())
