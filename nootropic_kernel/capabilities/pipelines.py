"""The verb ``pipelines``: what runs at night, and the pages that show it."""

from __future__ import annotations

import html
from contextlib import closing
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from nootropic_kernel.agents import nightly, pipeline_services
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import UsageError
from nootropic_kernel.workspace.processes import ProcessRecord


class PipelinesParams(Params):
    """What ``pipelines`` takes."""

    action: Literal["status", "up", "down", "run"] = Field(
        "status", description="What to do.", json_schema_extra={"position": 0}
    )
    job: Literal["nightly"] = Field("nightly", description="The job to run.", json_schema_extra={"position": 1})
    ui: Literal["all", "dagster", "mlflow", "none"] = Field(
        "all", description="Which pages to serve; `none` starts only the schedule."
    )
    force: bool = Field(False, description="Run the job even when nothing is new.")


class ServiceState(BaseModel):
    """One background service that runs."""

    name: str
    title: str
    url: str = ""
    pid: int


class NightOutcome(BaseModel):
    """How a night ended; ``skipped`` says why there was none."""

    skipped: str = ""
    dagster_run: str = ""
    mlflow_run: str = ""
    notebook: str = ""
    rows: int = 0
    metrics: dict[str, float] = Field(default_factory=dict)
    window: str = ""


class PipelinesResult(Result):
    """What runs, where to look at it, and how the last night ended."""

    mime: ClassVar[str | None] = "application/vnd.nootropic.pipelines+json"

    action: str
    message: str
    services: list[ServiceState] = Field(default_factory=list)
    night: NightOutcome | None = None

    def text(self) -> str:
        lines = [self.message, *(f"  {name}: {value}" for name, value in self._rows())]
        return "\n".join(lines)

    def markdown(self) -> str:
        rows = [f"| {name} | {f'<{value}>' if value.startswith('http') else value} |" for name, value in self._rows()]
        return "\n".join([self.message, *(["", "| | |", "|---|---|", *rows] if rows else [])])

    def html(self) -> str:
        left = 'style="text-align:left"'
        rows = [
            f"<tr><th {left}>{html.escape(name)}</th><td {left}>{_linked(value)}</td></tr>"
            for name, value in self._rows()
        ]
        return f"<p>{html.escape(self.message)}</p><table>{''.join(rows)}</table>"

    def _rows(self) -> list[tuple[str, str]]:
        rows = [(service.title, service.url or f"runs (pid {service.pid})") for service in self.services]
        if night := self.night:
            told = [
                ("Report", night.notebook),
                ("Dagster run", night.dagster_run),
                ("MLflow run", night.mlflow_run),
                ("Accepted diffs", str(night.rows) if night.mlflow_run else ""),
                *((name.replace("_", " "), f"{value:g}") for name, value in night.metrics.items()),
            ]
            rows.extend((name, value) for name, value in told if value)
        return rows


@capability(effect=CapabilityEffect.PROPOSE)
def pipelines(params: PipelinesParams, session: Session) -> PipelinesResult:
    """Start, stop or look at the nightly pipelines (Dagster, MLflow), or run the nightly job now.

    `up` starts the Dagster page with its schedule and the MLflow page on this machine; `down` ends all of it.
    `run nightly` runs the job once and waits: it brings the search index up to date, executes the report notebook
    and logs the diffs accepted since the last success to MLflow. Nothing new: it says so and does nothing.
    """
    if params.force and params.action != "run":
        raise UsageError("--force belongs to `pipelines run`.", next="See `noo pipelines --help`.")
    workspace = session.workspace
    if params.action == "up":
        services, fresh = pipeline_services.up(workspace, params.ui, tell=session.status, cancel=session.cancel)
        said = "The pipelines are running." if fresh else "The pipelines are running already."
        return PipelinesResult(action="up", message=said, services=_states(services))
    if params.action == "down":
        ended = pipeline_services.down(workspace)
        said = f"The pipelines are stopped ({ended} processes ended)." if ended else "No pipelines were running."
        return PipelinesResult(action="down", message=said)
    if params.action == "run":
        outcome = pipeline_services.run_nightly(
            workspace, force=params.force, tell=session.status, cancel=session.cancel
        )
        night = NightOutcome.model_validate(outcome)
        said = night.skipped or "The night succeeded."
        return PipelinesResult(action="run", message=said, services=_running(session), night=night)
    return _status(session)


def _status(session: Session) -> PipelinesResult:
    services = _running(session)
    said = (
        "The pipelines are running." if services else "The pipelines are not running; `noo pipelines up` starts them."
    )
    return PipelinesResult(action="status", message=said, services=services, night=_last_night(session))


def _last_night(session: Session) -> NightOutcome | None:
    if not (session.workspace.state_dir / "state.db").exists():
        return None
    with closing(StateDatabase.open(session.workspace)) as database:
        last = nightly.last_success(database)
    return NightOutcome.model_validate(nightly.outcome(last)) if last else None


def _running(session: Session) -> list[ServiceState]:
    return _states(pipeline_services.running(session.workspace))


def _states(records: dict[str, ProcessRecord]) -> list[ServiceState]:
    return [
        ServiceState(name=service.name, title=service.title, url=record.url, pid=record.pid)
        for service in pipeline_services.SERVICES
        if (record := records.get(service.name))
    ]


def _linked(value: str) -> str:
    shown: Any = html.escape(value)
    return f'<a href="{shown}" target="_blank" rel="noopener">{shown}</a>' if value.startswith("http") else str(shown)
