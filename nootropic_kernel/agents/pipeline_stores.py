"""Where Dagster, MLflow and the nightly reports keep what they know, and the environment that leads them there."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from nootropic_kernel.workspace.errors import NootropicError, WorkspaceUnusable
from nootropic_kernel.workspace.location import Workspace

_MODULES = ("dagster", "dagster_webserver", "mlflow", "papermill", "nootropic_pipelines")


class PipelinesNotInstalled(NootropicError):
    """The packages of the pipelines group are missing."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(
            "The pipelines are not installed.",
            why=f"Missing: {', '.join(missing)}.",
            next="Run `make demo` in the clone, or `pip install 'nootropic[pipelines]'`.",
            missing=list(missing),
        )


@dataclass(frozen=True)
class PipelineStores:
    """Where Dagster, MLflow and the nightly reports keep what they know, below the workspace's state folder."""

    workspace: Workspace

    @property
    def dagster_home(self) -> Path:
        return self.workspace.state_dir / "dagster"

    @property
    def mlflow_database(self) -> Path:
        return self.workspace.state_dir / "mlflow.db"

    @property
    def tracking_uri(self) -> str:
        return f"sqlite:///{self.mlflow_database}"

    @property
    def artifacts(self) -> Path:
        return self.workspace.state_dir / "mlflow-artifacts"

    @property
    def reports(self) -> Path:
        return self.workspace.state_dir / "reports"

    @property
    def ready(self) -> bool:
        """Whether the stores were made before (their tables cost seconds)."""
        return (self.dagster_home / "prepared").exists()

    def prompt_aliases(self, name: str) -> list[tuple[str, str]]:
        """The aliases of a prompt with MLflow's number of their version; none where they cannot be read.

        MLflow itself takes seconds to import, too long between two keys: this reads its table, and is the one place
        that knows how it is laid out.
        """
        if not self.mlflow_database.is_file():
            return []
        statement = "SELECT alias, version FROM registered_model_aliases WHERE name = ? ORDER BY alias"
        try:
            with closing(sqlite3.connect(f"{self.mlflow_database.as_uri()}?mode=ro", uri=True, timeout=0.2)) as store:
                return [(str(alias), str(version)) for alias, version in store.execute(statement, (name,))]
        except sqlite3.Error:
            return []  # Busy, damaged, or of another make: completion does without.

    def environment(self) -> dict[str, str]:
        """The environment of the services: stores here, telemetry off, nothing imported from the current folder."""
        # A person's own MLFLOW_* and DAGSTER_* name other stores, perhaps on other machines: they do not apply here.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "DAGSTER_"))}
        loopback = ",".join(filter(None, (kept.get("no_proxy") or kept.get("NO_PROXY"), "127.0.0.1,localhost")))
        return {
            **kept,
            "no_proxy": loopback,
            "NO_PROXY": loopback,
            "NOOTROPIC_WORKSPACE": str(self.workspace.root),
            "DAGSTER_HOME": str(self.dagster_home),
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "GIT_PYTHON_REFRESH": "quiet",
            "PYTHONPATH": os.pathsep.join(_import_path()),
            "PYTHONSAFEPATH": "1",
            "PYTHONUNBUFFERED": "1",
        }


def require_usable(workspace: Workspace) -> None:
    """Check that the pipelines group is there, without importing it, and can work in this folder.

    :raises PipelinesNotInstalled: when it is not there.
    :raises WorkspaceUnusable: when the folder's path cannot be part of a database address.
    """
    if bad := sorted(set("?%") & set(str(workspace.state_dir))):
        raise WorkspaceUnusable(
            "The pipelines cannot work in this folder.",
            why=f"Its path has {' and '.join(bad)} in it, which the stores of Dagster and MLflow misread.",
            next="Move the project to a folder without it.",
            path=str(workspace.state_dir),
        )
    if missing := [name for name in _MODULES if importlib.util.find_spec(name) is None]:
        raise PipelinesNotInstalled(missing)


def package_parent(name: str) -> Path:
    """The folder that the package is imported from."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).absolute().parents[1]


def _import_path() -> list[str]:
    """The person's PYTHONPATH, absolute, and where our own packages come from when that is not an installation."""
    entries = [str(Path(entry).absolute()) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    for name in ("nootropic_kernel", "nootropic_pipelines"):
        parent = package_parent(name)
        if str(parent) not in entries and parent.name not in ("site-packages", "dist-packages"):
            entries.append(str(parent))
    # Dagster drops the first entry while it imports our definitions, taking it for the folder of a script.
    return [os.devnull, *entries]
