"""What the tests of the pipelines share: running the verb, notebooks that misbehave, and a look at both stores."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from nootropic_kernel.agents import pipeline_services
from nootropic_kernel.capabilities.base import Progress, Session
from nootropic_kernel.capabilities.pipelines import PipelinesParams, PipelinesResult, pipelines
from nootropic_kernel.workspace import loopback
from nootropic_kernel.workspace.location import Workspace

Verb = Callable[..., PipelinesResult]


@pytest.fixture
def verb(workspace: Workspace) -> Iterator[Verb]:
    """Calls ``pipelines``; whatever still runs after the test is ended, and that counts as a fault."""

    def call(
        action: str, *, cancel: threading.Event | None = None, told: list[Progress] | None = None, **more: Any
    ) -> PipelinesResult:
        session = Session(workspace, emit=([] if told is None else told).append, cancel=cancel or threading.Event())
        try:
            return pipelines(PipelinesParams.model_validate({"action": action, **more}), session)
        finally:
            session.close()

    yield call
    pipeline_services.down(workspace)
    assert of_workspace(workspace) == []
    wait_for(lambda: psutil.Process().children(recursive=True) == [], 5.0)  # zombies are collected, too


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def of_workspace(workspace: Workspace) -> list[str]:
    """The command lines of all processes that a service or night of this workspace started."""
    found = []
    for process in psutil.process_iter():
        try:
            inside = process.environ().get("NOOTROPIC_WORKSPACE") == str(workspace.root)
            if inside and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except (psutil.Error, OSError):
            continue
    return found


@pytest.fixture
def report_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a notebook with one cell of code in the place of the nightly report."""

    def put(source: str) -> None:
        notebook = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_code_cell("facts = workspace = ''", metadata={"tags": ["parameters"]}, id="parameters"),
                nbformat.v4.new_code_cell(source, id="body"),
            ],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        path = tmp_path / "own_report.ipynb"
        nbformat.write(notebook, path)
        monkeypatch.setenv("NOOTROPIC_NIGHTLY_NOTEBOOK", str(path))

    return put


def mlflow_runs(url: str) -> list[dict[str, Any]]:
    """The runs of the experiment ``nightly``, as the MLflow server's REST API gives them."""
    experiments = loopback.post_json(f"{url}/api/2.0/mlflow/experiments/search", {"max_results": 10})
    wanted = [each["experiment_id"] for each in experiments["experiments"] if each["name"] == "nightly"]
    found = loopback.post_json(f"{url}/api/2.0/mlflow/runs/search", {"experiment_ids": wanted})
    return list(found.get("runs", []))
