"""The verb ``pipelines`` where nothing has to be started."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from nootropic_kernel.agents.pipeline_stores import PipelinesNotInstalled, PipelineStores
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.pipelines import (
    NightOutcome,
    PipelinesParams,
    PipelinesResult,
    ServiceState,
    pipelines,
)
from nootropic_kernel.workspace.errors import UsageError, WorkspaceUnusable
from nootropic_kernel.workspace.location import Workspace


def test_status_of_a_fresh_workspace_creates_nothing(workspace: Workspace) -> None:
    result = pipelines(PipelinesParams(), Session(workspace))
    assert not isinstance(result.failed, str) and not result.failed
    assert result.services == [] and result.night is None
    assert "noo pipelines up" in result.text()
    assert not workspace.state_dir.exists()


def test_down_with_nothing_running_says_so(workspace: Workspace) -> None:
    assert pipelines(PipelinesParams(action="down"), Session(workspace)).message == "No pipelines were running."


def test_force_belongs_to_run(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="--force"):
        pipelines(PipelinesParams(action="up", force=True), Session(workspace))


@pytest.mark.parametrize("action", ["up", "run"])
def test_without_the_group_the_error_names_the_command(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    found = importlib.util.find_spec

    def without_mlflow(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "mlflow" else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without_mlflow)
    with pytest.raises(PipelinesNotInstalled) as caught:
        pipelines(PipelinesParams.model_validate({"action": action}), Session(workspace))
    assert "make demo" in caught.value.next and "nootropic[pipelines]" in caught.value.next
    assert caught.value.data["missing"] == ["mlflow"]


@pytest.mark.parametrize("name", ["what?", "100%20"])
def test_a_path_that_the_stores_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    with pytest.raises(WorkspaceUnusable, match="misread"):
        pipelines(PipelinesParams(action="up"), Session(Workspace.find(folder)))
    assert [path.name for path in tmp_path.iterdir()] == [name] and not list(folder.iterdir())


def test_the_verb_imports_no_pipeline_package(workspace: Workspace) -> None:
    code = (
        "import sys\n"
        "from nootropic_kernel.capabilities.base import Session\n"
        "from nootropic_kernel.capabilities.pipelines import PipelinesParams, pipelines\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "for action in ('status', 'down'):\n"
        "    pipelines(PipelinesParams(action=action), Session(Workspace.find(sys.argv[1])))\n"
        "heavy = {'dagster', 'mlflow', 'papermill', 'pandas', 'nootropic_pipelines'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(workspace.root)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout.strip() == "[]"


def test_the_services_see_no_stores_or_folders_of_others(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.com")
    monkeypatch.setenv("DAGSTER_HOME", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", "relative")
    environment = PipelineStores(workspace).environment()
    assert environment["MLFLOW_TRACKING_URI"] == f"sqlite:///{workspace.state_dir}/mlflow.db"
    assert environment["DAGSTER_HOME"] == str(workspace.state_dir / "dagster")
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == environment["DO_NOT_TRACK"] == "true"
    assert environment["PYTHONSAFEPATH"] == "1"
    assert all(os.path.isabs(entry) for entry in environment["PYTHONPATH"].split(os.pathsep))


def test_every_form_of_a_result_shows_pages_and_escapes_text() -> None:
    result = PipelinesResult(
        action="up",
        message="Running <b>",
        services=[
            ServiceState(name="mlflow", title="MLflow", url="http://127.0.0.1:5000", pid=7),
            ServiceState(name="dagster-daemon", title="Dagster daemon", pid=8),
        ],
        night=NightOutcome(
            dagster_run="d1", mlflow_run="m1", notebook="/a <b>.ipynb", rows=2, metrics={"hunks_edited": 1}
        ),
    )
    assert "MLflow: http://127.0.0.1:5000" in result.text() and "pid 8" in result.text()
    assert "| MLflow | <http://127.0.0.1:5000> |" in result.markdown()
    page = result.html()
    assert 'href="http://127.0.0.1:5000"' in page and "<b>" not in page and "/a &lt;b&gt;.ipynb" in page
    assert "hunks edited: 1" in result.text()
    assert json.loads(json.dumps(result.document()))["night"]["rows"] == 2
