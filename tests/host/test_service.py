"""The service's life: one process per workspace, found, replaced and ended, whatever happens to it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

import nootropic_kernel
from nootropic_kernel.workspace import service
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.processes import TOKEN_VARIABLE
from nootropic_kernel.workspace.service_place import ServicePlace
from nootropic_kernel.workspace.service_wire import Wire
from nootropic_kernel.workspace.settings import update_person_settings
from tests.host.conftest import processes, wait_until

pytestmark = pytest.mark.slow

CLIENT = Path(__file__).with_name("client.py")


def start(workspace: Workspace) -> int:
    """Start the service and return its process id."""
    with pytest.raises(service.ServiceRefused, match="holds no"):
        with service.lease(workspace, "no such thing", {}):
            pass
    return pid(workspace)


def pid(workspace: Workspace) -> int:
    """The process id of the running service."""
    found = service.status(workspace)
    assert found is not None
    return int(found["pid"])


def client(*arguments: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """A client in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(CLIENT), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )


def outcome(process: subprocess.Popen[str]) -> list[dict[str, object]]:
    """What a client printed."""
    printed, _ = process.communicate(timeout=120)
    return [json.loads(line) for line in printed.splitlines()]


def test_looking_starts_nothing(workspace: Workspace, run_time: Path) -> None:
    assert service.status(workspace) is None and service.stop(workspace) is None
    assert service.obstacle(workspace) == "" and list(run_time.iterdir()) == []


def test_twenty_clients_at_once_start_one_process(workspace: Workspace, run_time: Path) -> None:
    clients = [client("service", str(workspace.root)) for _ in range(20)]
    seen = {row["pid"] for each in clients for row in outcome(each)}
    assert seen == {pid(workspace)}
    assert [process.pid for process in processes(run_time)] == [pid(workspace)]


def test_it_is_nobodys_child_and_leaves_no_zombie(
    workspace: Workspace, run_time: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "a" * 32)
    started = start(workspace)
    # What ends all that a pipeline started must not end what notebooks use as well.
    assert TOKEN_VARIABLE not in psutil.Process(started).environ()
    assert started not in [child.pid for child in psutil.Process().children(recursive=True)]
    assert service.stop(workspace) == started
    assert wait_until(lambda: not psutil.pid_exists(started), 10)


def test_it_ends_when_idle_and_comes_back(workspace: Workspace, run_time: Path) -> None:
    update_person_settings(lambda settings: settings.update(serviceIdleMinutes=0.01))
    first = start(workspace)
    assert wait_until(lambda: not processes(run_time), 30)
    place = ServicePlace.of(workspace.root)
    assert not place.socket.exists() and not place.record_file.exists()
    assert start(workspace) != first


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_service_is_replaced(workspace: Workspace, run_time: Path, number: int) -> None:
    first = start(workspace)
    os.kill(first, number)
    assert wait_until(lambda: not processes(run_time), 20)
    started = time.monotonic()
    assert start(workspace) != first
    assert time.monotonic() - started < 20  # 0.15 s on a machine of its own


def test_a_service_that_does_not_answer_is_replaced(
    workspace: Workspace, run_time: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start(workspace)
    monkeypatch.setattr(service, "DRAIN_S", -4.0)
    monkeypatch.setattr(service._try_connect, "__defaults__", (0.5,))
    os.kill(first, signal.SIGSTOP)
    assert start(workspace) != first


def test_a_service_of_other_code_is_replaced(workspace: Workspace, run_time: Path, tmp_path: Path) -> None:
    copy = tmp_path / "older" / "nootropic_kernel"
    shutil.copytree(Path(nootropic_kernel.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    text = (copy / "__init__.py").read_text()
    (copy / "__init__.py").write_text(text.replace("__version__ = ", '__version__ = "0.0.1"  # '))
    [old] = outcome(client("service", str(workspace.root), env={**os.environ, "PYTHONPATH": str(copy.parent)}))
    assert str(old["identity"]).startswith("nootropic 0.0.1,") and pid(workspace) == old["pid"]
    assert start(workspace) != old["pid"]
    assert [process.pid for process in processes(run_time)] == [pid(workspace)]


def test_two_workspaces_have_two_services(workspace: Workspace, run_time: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert start(workspace) != start(Workspace.find(other))


def test_a_workspace_with_a_long_path_has_one_too(run_time: Path, tmp_path: Path) -> None:
    long = tmp_path / ("long-" * 40) / ("name-" * 40)
    long.mkdir(parents=True)
    assert start(Workspace.find(long))


def test_it_ends_when_its_workspace_is_gone(workspace: Workspace, run_time: Path) -> None:
    start(workspace)
    shutil.rmtree(workspace.root)
    assert wait_until(lambda: not processes(run_time), 30)


def test_it_ends_when_nobody_can_find_it_any_more(workspace: Workspace, run_time: Path) -> None:
    start(workspace)
    shutil.rmtree(ServicePlace.of(workspace.root).folder)
    assert wait_until(lambda: not processes(run_time), 30)


def test_without_the_key_it_tells_nothing(workspace: Workspace, run_time: Path) -> None:
    start(workspace)
    place = ServicePlace.of(workspace.root)
    record = place.record()
    assert record is not None
    for wrong in ("", record.key[:-1], None, 7):
        for op in ("status", "lease"):
            wire = Wire.to(str(place.socket))
            wire.receive(30)
            wire.send({"key": wrong, "op": op, "name": "model", "params": {}})
            reply = wire.receive(30)
            wire.close()
            assert reply["ok"] is False and set(reply) == {"ok", "error"} and "key" in reply["error"]["what"]
    assert record.key not in " ".join(" ".join(process.cmdline()) for process in processes(run_time))


def test_nonsense_does_not_end_it(workspace: Workspace, run_time: Path) -> None:
    first = start(workspace)
    place = ServicePlace.of(workspace.root)
    record = place.record()
    assert record is not None
    for line in (b"", b"\n", b"[1]\n", b"\xff\xfe\n", b'{"key": 1}\n', b"x" * (2 << 20) + b"\n"):
        wire = Wire.to(str(place.socket))
        try:
            wire._socket.sendall(line)
        except OSError:
            pass  # It stopped reading what is too long.
        wire.close()
    for request in ({"op": "none"}, {"op": "lease", "name": "model", "params": {"model": 5}}):
        wire = Wire.to(str(place.socket))
        wire.receive(30)
        wire.send({"key": record.key, **request})
        assert wire.receive(30)["ok"] is False
        wire.close()
    assert pid(workspace) == first


def test_switched_off_it_does_not_start(workspace: Workspace, run_time: Path) -> None:
    update_person_settings(lambda settings: settings.update(workspaceService=False))
    with pytest.raises(service.ServiceUnavailable, match="workspaceService"):
        with service.lease(workspace, "no such thing", {}):
            pass
    assert not processes(run_time)


def test_a_start_that_fails_is_said(workspace: Workspace, run_time: Path) -> None:
    workspace.ensure()
    (workspace.state_dir / "logs").write_text("in the way")
    with pytest.raises(service.ServiceUnavailable, match="ended while starting"):
        with service.lease(workspace, "no such thing", {}):
            pass


def test_whoever_is_stopped_waits_for_no_start(workspace: Workspace, run_time: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Interrupted):
        with service.lease(workspace, "no such thing", {}, cancel):
            pass
    assert start(workspace)


def test_the_verb_shows_it_and_ends_it(workspace: Workspace, run_time: Path) -> None:
    def verb(*words: str) -> dict[str, Any]:
        command = [sys.executable, "-P", "-m", "nootropic_kernel.cli", *words, "--json"]
        done = subprocess.run(command, cwd=workspace.root, capture_output=True, text=True, check=True)
        return dict(json.loads(done.stdout))

    assert verb("service")["service"]["pid"] is None and not processes(run_time)
    started = start(workspace)
    shown = verb("status")["service"]
    assert shown["pid"] == started and shown["memory_mb"] > 1 and shown["clients"] == []
    assert str(started) in verb("service", "stop")["message"]
    assert service.status(workspace) is None and not processes(run_time)


def test_a_workspace_file_can_switch_it_off_and_not_on(workspace: Workspace, run_time: Path) -> None:
    (workspace.root / "nootropic.json").write_text('{"workspaceService": false}')
    assert "workspaceService" in service.obstacle(workspace)
    (workspace.root / "nootropic.json").write_text('{"workspaceService": true}')
    update_person_settings(lambda settings: settings.update(workspaceService=False))
    assert "workspaceService" in service.obstacle(workspace)
