"""The Dagster code location: the night as assets, the job ``nightly`` and its schedule.

Everything runs in the run's own process: a process a step would cost seconds each. Asset values are small JSON
documents, so a file in the workspace is never unpickled. (Dagster reads annotations as objects: no lazy ones here.)
"""

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from nootropic_kernel.agents import nightly
from nootropic_kernel.agents.pipeline_services import NIGHT_PREFIX
from nootropic_kernel.agents.pipeline_stores import PipelineStores
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.workspace import processes
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.locks import process_lock
from nootropic_pipelines import news, report, tracking
from nootropic_pipelines.prepare import workspace_of_services

JOB = "nightly"
Document = dict[str, Any]


class JsonAssets(dg.ConfigurableIOManager):
    """Keeps the latest value of each asset as JSON in the state folder."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        path = self._path(context.asset_key)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(obj, indent=1), encoding="utf-8")

    def load_input(self, context: dg.InputContext) -> Any:
        return json.loads(self._path(context.asset_key).read_text(encoding="utf-8"))

    def _path(self, key: dg.AssetKey) -> Path:
        return workspace_of_services().state_dir / "assets" / f"{key.path[-1]}.json"


class NightGuard(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Lets one night run at a time, and records its process: if it dies, the next start sees that."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["NightGuard"]:
        workspace = workspace_of_services()
        with process_lock(workspace.state_dir / "night.lock", timeout_s=1.0):
            record = processes.adopt_self(workspace, f"{NIGHT_PREFIX}{context.run_id}")
            try:
                yield self
            finally:
                processes.forget(workspace, record)


@dg.asset(description="The plan in project-spec.md and how far it is.", group_name=JOB)
def project_plan(guard: NightGuard) -> dg.Output[Document]:
    news.tell("Reading the plan …", 0.2)
    value = _ask("board")
    return dg.Output(value, metadata={"error": value["why"]} if "why" in value else {})


@dg.asset(description="The search index, brought up to date.", group_name=JOB)
def search_index(guard: NightGuard, project_plan: Document) -> dg.Output[Document]:
    news.tell("Bringing the search index up to date …", 0.3)
    answer = _ask("search", limit=5, query=str(project_plan.get("title") or workspace_of_services().root.name))
    if "why" in answer:
        return dg.Output(answer, metadata={"error": answer["why"]})
    places = [f"{hit['path']}:{hit['start']}-{hit['end']}" for hit in answer["hits"]]
    return dg.Output({"query": answer["query"], "places": places}, metadata={"places": places})


@dg.asset(description="What was decided since the last night that succeeded.", group_name=JOB)
def accepted_diffs(guard: NightGuard) -> dg.Output[Document]:
    news.tell("Collecting the accepted diffs …", 0.1)
    night = _night()
    value = {"window": night.window, "through": night.through, "counts": night.counts, "rows": list(night.rows)}
    return dg.Output(value, metadata={"rows": len(night.rows), **night.counts})


@dg.asset(description="The executed report notebook.", group_name=JOB)
def nightly_report(
    context: dg.AssetExecutionContext,
    guard: NightGuard,
    project_plan: Document,
    search_index: Document,
    accepted_diffs: Document,
) -> dg.Output[Document]:
    news.tell("Executing the report notebook …", 0.4)
    stores = PipelineStores(workspace_of_services())
    stores.reports.mkdir(exist_ok=True)
    facts = stores.reports / f"nightly-{context.run_id}.json"
    facts.write_text(
        json.dumps({"plan": project_plan, "index": search_index, "diffs": accepted_diffs}, indent=1), encoding="utf-8"
    )
    source = os.environ.get("NOOTROPIC_NIGHTLY_NOTEBOOK")
    done = report.execute(
        stores,
        context.run_id,
        {"facts": str(facts), "workspace": str(stores.workspace.root)},
        source=Path(source) if source else None,
    )
    if done.error:
        logged = _log(context.run_id, done, project_plan, accepted_diffs)
        _journal(nightly.FAILED, context.run_id, notebook=str(done.path), mlflow_run=logged, error=done.error)
        raise dg.Failure(done.error, metadata={"notebook": dg.MetadataValue.path(str(done.path))}, allow_retries=False)
    return dg.Output({"notebook": str(done.path)}, metadata={"notebook": dg.MetadataValue.path(str(done.path))})


@dg.asset(description="The night as a run in MLflow, with the accepted diffs as its dataset.", group_name=JOB)
def tracked_night(
    context: dg.AssetExecutionContext,
    guard: NightGuard,
    project_plan: Document,
    accepted_diffs: Document,
    nightly_report: Document,
) -> dg.Output[Document]:
    news.tell("Logging the night to MLflow …", 0.8)
    notebook = nightly_report["notebook"]
    logged = _log(context.run_id, report.Report(Path(notebook)), project_plan, accepted_diffs)
    metrics = _metrics(project_plan, accepted_diffs)
    _journal(
        nightly.SUCCEEDED,
        context.run_id,
        through=accepted_diffs["through"],
        window=accepted_diffs["window"],
        notebook=notebook,
        mlflow_run=logged,
        metrics=metrics,
        rows=len(accepted_diffs["rows"]),
    )
    return dg.Output({"mlflow_run": logged}, metadata={"mlflow_run": logged, **metrics})


nightly_job = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.groups(JOB),
    executor_def=dg.in_process_executor,
    description="Plan, index, accepted diffs, report notebook and MLflow run, over all since the last success.",
)


def _time_zone() -> str:
    """The person's time zone by name, so that night is night; UTC where it cannot be told."""
    named = os.environ.get("TZ", "").lstrip(":") or os.path.realpath("/etc/localtime").partition("zoneinfo/")[2]
    try:
        from zoneinfo import ZoneInfo

        ZoneInfo(named)
    except (ValueError, OSError, KeyError):
        return "UTC"
    return named


@dg.schedule(
    job=nightly_job,
    cron_schedule="0 2 * * *",
    execution_timezone=_time_zone(),
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="At two o'clock at night, if anything was decided since the last success.",
)
def nightly_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    # In the tick, not in a run: a run costs seconds of CPU even when it does nothing.
    night = _night()
    if not night.is_new:
        return dg.SkipReason(nightly.NOTHING_NEW)
    return dg.RunRequest(tags={"nootropic.window": night.window})


defs = dg.Definitions(
    assets=[project_plan, search_index, accepted_diffs, nightly_report, tracked_night],
    jobs=[nightly_job],
    schedules=[nightly_schedule],
    resources={"guard": NightGuard(), "io_manager": JsonAssets()},
)


def _night() -> nightly.Night:
    workspace = workspace_of_services()
    with closing(StateDatabase.open(workspace)) as database:
        return nightly.since_last_success(database, workspace)


def _ask(verb: str, **arguments: Any) -> Document:
    """A verb's document; where it refuses (no plan yet), why it does."""
    from nootropic_kernel.capabilities.invoke import invoke  # a schedule's tick does not need it

    session = Session(workspace_of_services(), face="pipelines")
    try:
        return invoke(verb, arguments, session).document()
    except NootropicError as error:
        return {"why": str(error)}
    finally:
        session.close()


def _metrics(plan: Document, diffs: Document) -> dict[str, float]:
    tasks = [task for epic in plan.get("epics", []) for story in epic["stories"] for task in story["tasks"]]
    done = sum(task["status"] == "done" for task in tasks)
    counts = {f"hunks_{state}": float(number) for state, number in diffs["counts"].items()}
    return {**counts, "tasks": float(len(tasks)), "tasks_done": float(done)}


def _log(run_id: str, done: report.Report, plan: Document, diffs: Document) -> str:
    workspace = workspace_of_services()
    return tracking.log_night(
        PipelineStores(workspace),
        done,
        window=diffs["window"],
        name=f"night {run_id[:8]}",
        rows=diffs["rows"],
        metrics=_metrics(plan, diffs),
        params={"plan": str(plan.get("title", "none")), "window": diffs["window"]},
        tags={"dagster.run_id": run_id, "nootropic.workspace": workspace.root.name},
    )


def _journal(kind: str, run_id: str, **data: Any) -> None:
    with closing(StateDatabase.open(workspace_of_services())) as database:
        nightly.record(database, kind, run_id, **data)
