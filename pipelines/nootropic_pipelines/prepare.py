"""Makes the stores of Dagster and MLflow, and reports runs that died with their process as failed.

Run as ``python -m nootropic_pipelines.prepare`` with the environment of the services.
"""

from __future__ import annotations

import os
import sys
import time

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from nootropic_kernel.agents.pipeline_services import NIGHT_PREFIX, NightFailed
from nootropic_kernel.agents.pipeline_stores import PipelineStores
from nootropic_kernel.workspace import processes
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_pipelines import news

# Telemetry is off before anything starts: there is no environment variable for it. Runs start at once, without a
# queue. Written anew each time, because a file in the workspace must not choose which classes Dagster loads.
DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: DefaultRunCoordinator
"""

_STARTS_WITHIN_S = 60.0
_UNFINISHED = [
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


def workspace_of_services() -> Workspace:
    """The workspace that the environment names (else the one around the current folder)."""
    return Workspace.find(os.environ.get("NOOTROPIC_WORKSPACE"))


def write_dagster_settings(stores: PipelineStores) -> None:
    """Write ``dagster.yaml``."""
    stores.workspace.ensure()
    stores.dagster_home.mkdir(exist_ok=True)
    settings = stores.dagster_home / "dagster.yaml"
    draft = settings.with_suffix(f".{os.getpid()}.new")
    draft.write_text(DAGSTER_YAML)
    draft.replace(settings)


def prepare_mlflow(stores: PipelineStores) -> None:
    """Create MLflow's tables and the experiment, or bring them to the installed version."""
    from mlflow.tracking import MlflowClient

    stores.artifacts.mkdir(exist_ok=True)
    client = MlflowClient(tracking_uri=stores.tracking_uri)
    if client.get_experiment_by_name("nightly") is None:
        client.create_experiment("nightly", artifact_location=stores.artifacts.as_uri())


def recover(workspace: Workspace, instance: DagsterInstance) -> list[str]:
    """End what dead nights left running and report them failed; return their run ids.

    Dagster itself would show them as running for ever.
    """
    records = {record.name: record for record in processes.records(workspace)}
    reported = []
    for entry in instance.get_run_records(RunsFilter(statuses=_UNFINISHED)):
        run = entry.dagster_run
        record = records.get(NIGHT_PREFIX + run.run_id)
        if record is None and time.time() - entry.create_timestamp.timestamp() < _STARTS_WITHIN_S:
            continue  # the daemon may have launched it just now
        if record is None or not processes.is_alive(record):
            instance.report_run_failed(run, "Its process ended before the run did; the next run does all since.")
            reported.append(run.run_id)
    for name, record in records.items():
        if name.startswith(NIGHT_PREFIX) and not processes.is_alive(record):
            processes.end(workspace, record)
    return reported


def prepare(stores: PipelineStores) -> None:
    """Make both stores on first use."""
    write_dagster_settings(stores)
    if not stores.ready:
        prepare_mlflow(stores)
        with DagsterInstance.get():
            pass
        (stores.dagster_home / "prepared").touch()


def main() -> int:
    """Prepare the stores and say so."""
    try:
        workspace = workspace_of_services()
        prepare(PipelineStores(workspace))
        with DagsterInstance.get() as instance:
            reported = recover(workspace, instance)
    except NootropicError as error:
        news.fail(error)
        return 1
    except Exception as error:
        news.fail(
            NightFailed(
                "The pipeline stores could not be made.",
                why=f"{type(error).__name__}: {error}",
                next="See the log; moving .nootropic/dagster and .nootropic/mlflow.db away starts them anew.",
            )
        )
        raise
    news.finish({"failed_runs": reported})
    return 0


if __name__ == "__main__":
    sys.exit(main())
