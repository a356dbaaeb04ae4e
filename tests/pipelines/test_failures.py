"""Nights that go wrong: the cause is told and kept, nothing outlives them, and the next night does all since."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from nootropic_kernel.agents.pipeline_services import NightFailed, nights
from nootropic_kernel.agents.pipeline_stores import PipelineStores
from nootropic_kernel.workspace import processes
from nootropic_kernel.workspace.errors import Interrupted, NootropicError
from nootropic_kernel.workspace.location import Workspace
from tests.pipelines.conftest import Verb, of_workspace, wait_for

pytestmark = [pytest.mark.pipelines, pytest.mark.slow, pytest.mark.timeout(400)]


def dagster_states(workspace: Workspace) -> list[str]:
    """The states of all Dagster runs, oldest first, from its own store."""
    with closing(sqlite3.connect(PipelineStores(workspace).dagster_home / "history" / "runs.db")) as connection:
        return [row[0] for row in connection.execute("SELECT status FROM runs ORDER BY id")]


def mlflow_states(workspace: Workspace) -> list[str]:
    """The states of all MLflow runs, oldest first, from its own store."""
    with closing(sqlite3.connect(PipelineStores(workspace).mlflow_database)) as connection:
        return [row[0] for row in connection.execute("SELECT status FROM runs ORDER BY start_time")]


@pytest.mark.deep
def test_a_failing_cell_fails_the_night_and_is_kept(
    workspace: Workspace, verb: Verb, report_cell: Callable[[str], None]
) -> None:
    report_cell("raise ValueError('no such figure')")
    with pytest.raises(NightFailed, match="ValueError: no such figure") as caught:
        verb("run", force=True)
    assert Path(caught.value.data["notebook"]).is_file()
    assert "no such figure" in Path(caught.value.data["notebook"]).read_text()
    assert dagster_states(workspace) == ["FAILURE"]
    assert mlflow_states(workspace) == ["FAILED"]

    # A kernel that dies: the notebook itself would say that every cell completed.
    report_cell("import os\nos._exit(3)")
    with pytest.raises(NightFailed, match="DeadKernelError"):
        verb("run", force=True)
    assert dagster_states(workspace) == ["FAILURE", "FAILURE"]
    assert mlflow_states(workspace) == ["FAILED", "FAILED"]
    assert of_workspace(workspace) == []


@pytest.mark.deep
def test_a_killed_night_leaves_nothing_and_the_next_start_tells_dagster(
    workspace: Workspace, verb: Verb, report_cell: Callable[[str], None], tmp_path: Path
) -> None:
    reached = tmp_path / "reached"
    report_cell(f"import time\nopen({str(reached)!r}, 'w').close()\ntime.sleep(300)")
    errors: list[NootropicError] = []

    def run() -> None:
        try:
            verb("run", force=True)
        except NootropicError as error:
            errors.append(error)

    caller = threading.Thread(target=run)
    caller.start()
    wait_for(reached.exists)
    (night,) = nights(workspace)
    os.kill(night.pid, 9)
    caller.join(30)
    assert [type(error).__name__ for error in errors] == ["ProcessNotReady"]
    assert of_workspace(workspace) == []
    assert dagster_states(workspace) == ["STARTED"]

    report_cell("1 + 1")
    assert verb("run", force=True).message == "The night succeeded."
    assert dagster_states(workspace) == ["FAILURE", "SUCCESS"]
    assert processes.records(workspace) == []


@pytest.mark.deep
def test_an_interrupt_gives_control_back_and_leaves_nothing(
    workspace: Workspace, verb: Verb, report_cell: Callable[[str], None], tmp_path: Path
) -> None:
    reached, cancel = tmp_path / "reached", threading.Event()
    report_cell(f"import time\nopen({str(reached)!r}, 'w').close()\ntime.sleep(300)")
    took: list[float] = []

    def run() -> None:
        with pytest.raises(Interrupted):
            verb("run", force=True, cancel=cancel)
        took.append(time.monotonic())

    caller = threading.Thread(target=run)
    caller.start()
    wait_for(reached.exists)
    told = time.monotonic()
    cancel.set()
    caller.join(30)
    assert of_workspace(workspace) == []
    assert took and took[0] - told < 3.0  # 1 s is the promise; two busy cores get some slack


@pytest.mark.deep
def test_a_start_that_is_interrupted_leaves_nothing(workspace: Workspace, verb: Verb) -> None:
    cancel = threading.Event()
    outcome: list[str] = []

    def run() -> None:
        try:
            verb("up", cancel=cancel)
        except NootropicError as error:
            outcome.append(type(error).__name__)

    caller = threading.Thread(target=run)
    caller.start()
    wait_for(lambda: processes.find(workspace, "mlflow") is not None)
    cancel.set()
    caller.join(30)
    assert outcome == ["Interrupted"]
    assert of_workspace(workspace) == [] and processes.records(workspace) == []


def test_a_kernel_of_another_installation_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nootropic_pipelines.report import _kernel

    spec = tmp_path / "kernels" / "nootropic" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["/elsewhere/python"], "display_name": "Nootropic", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "own"))
    assert _kernel() == "python3"
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    assert _kernel() == "nootropic"
