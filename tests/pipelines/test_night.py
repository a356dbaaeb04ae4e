"""A night on real decisions: window, report notebook, MLflow run with the accepted diffs, the pages that show it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nootropic_kernel.agents import nightly
from nootropic_kernel.agents.pipeline_services import running
from nootropic_kernel.agents.pipeline_stores import PipelineStores
from nootropic_kernel.capabilities.base import Progress, Session
from nootropic_kernel.capabilities.invoke import invoke
from nootropic_kernel.capabilities.pipelines import PipelinesResult
from nootropic_kernel.changes.accept import accept, redo, reject, undo
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.workspace import loopback, processes
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.pipelines.conftest import Verb, mlflow_runs, of_workspace, wait_for

pytestmark = pytest.mark.slow

BOOKS = "shelf/books.py"


def propose(workspace: Workspace, database: StateDatabase, name: str, title: str = "Sort by author") -> str:
    """A proposal of two hunks in one file, one at its head and one at its end."""
    base = (workspace.root / BOOKS).read_bytes()
    text = base.decode().replace('"""Books', f'"""{name}: books', 1)
    text += f"\n\ndef {name}(books: list[str]) -> list[str]:\n    return sorted(books)\n"
    told = Provenance(task="T1", title=title, how="recipe", model=None)
    edit = FileEdit(BOOKS, base, text.encode())
    return ProposalStore(database, workspace).propose(build_changeset([edit], told)).id


@pytest.fixture
def planned(workspace: Workspace) -> Workspace:
    """A workspace with a plan of real tasks."""
    session = Session(workspace)
    invoke("plan", {"brief": "Rename by_title to sorted_by_title"}, session)
    session.close()
    return workspace


@pytest.fixture
def decided(workspace: Workspace, database: StateDatabase) -> Workspace:
    """A workspace with one accepted and one rejected hunk, for the task T1."""
    proposal = propose(workspace, database, "by_author")
    accept(workspace, database, [f"{proposal}:2"])
    reject(workspace, database, [f"{proposal}:1"])
    return workspace


class TestWindow:
    """What is new since the last success."""

    def test_nothing_decided_is_nothing_new(self, workspace: Workspace, database: StateDatabase) -> None:
        propose(workspace, database, "by_author")
        night = nightly.since_last_success(database, workspace)
        assert not night.is_new and night.rows == ()

    def test_rows_tell_what_was_asked_and_kept(self, decided: Workspace, database: StateDatabase) -> None:
        night = nightly.since_last_success(database, decided)
        assert night.counts == {"accepted": 1, "edited": 0, "rejected": 1, "undone": 0}
        (row,) = night.rows
        assert (row["ref"], row["path"], row["state"], row["turn"]) == ("P1:2", BOOKS, "accepted", "A1")
        assert row["old"] == "" and "def by_author" in row["completion"] and row["proposed"] == row["completion"]
        assert (row["task"], row["title"], row["how"]) == ("T1", "Sort by author", "recipe")
        assert len(row["commit"]) == 40

    def test_the_persons_own_text_stands_beside_the_proposed_one(
        self, workspace: Workspace, database: StateDatabase
    ) -> None:
        proposal = propose(workspace, database, "by_author")
        accept(workspace, database, [f"{proposal}:1"], edited='"""My own words."""\n')
        (row,) = nightly.since_last_success(database, workspace).rows
        assert row["state"] == "edited" and row["completion"] == '"""My own words."""\n' != row["proposed"]

    def test_undo_and_redo_count_once(self, decided: Workspace, database: StateDatabase) -> None:
        undo(decided, database)
        night = nightly.since_last_success(database, decided)
        assert night.rows == () and night.counts["undone"] == 1 and night.counts["accepted"] == 0
        redo(decided, database)
        night = nightly.since_last_success(database, decided)
        assert [row["ref"] for row in night.rows] == ["P1:2"] and night.counts["undone"] == 0

    def test_only_a_success_moves_the_window(self, decided: Workspace, database: StateDatabase) -> None:
        night = nightly.since_last_success(database, decided)
        nightly.record(database, nightly.FAILED, "run-1", through=night.through)
        assert nightly.since_last_success(database, decided) == night
        nightly.record(database, nightly.SUCCEEDED, "run-2", through=night.through, window=night.window)
        later = nightly.since_last_success(database, decided)
        assert not later.is_new and later.after == night.through
        proposal = propose(decided, database, "by_year", "Sort by year")
        accept(decided, database, [proposal])
        later = nightly.since_last_success(database, decided)
        assert later.is_new and {row["title"] for row in later.rows} == {"Sort by year"}

    def test_a_damaged_proposal_costs_its_row_only(self, decided: Workspace, database: StateDatabase) -> None:
        accept(decided, database, [propose(decided, database, "by_year", "Sort by year")])
        with database.transaction() as connection:
            connection.execute("UPDATE proposals SET files = 'x' WHERE number = 1")
        night = nightly.since_last_success(database, decided)
        assert {row["title"] for row in night.rows} == {"Sort by year"}


@pytest.mark.pipelines
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Dagster's own, in code of others
def test_the_tick_skips_a_night_with_nothing_new(
    workspace: Workspace, database: StateDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster

    from nootropic_pipelines.definitions import defs, nightly_schedule

    monkeypatch.setenv("NOOTROPIC_WORKSPACE", str(workspace.root))
    with dagster.DagsterInstance.ephemeral() as instance, dagster.build_schedule_context(instance) as context:
        tick = nightly_schedule.evaluate_tick(context)
        assert tick.skip_message == nightly.NOTHING_NEW and not tick.run_requests
        accept(workspace, database, [propose(workspace, database, "by_author")])
        tick = nightly_schedule.evaluate_tick(context)
        assert tick.run_requests is not None and len(tick.run_requests) == 1
    assert nightly_schedule.default_status is dagster.DefaultScheduleStatus.RUNNING
    names = [job.name for job in defs.resolve_all_job_defs()]
    assert len(names) == len(set(names)) and "nightly" in names


@pytest.fixture
def busy_ports() -> Iterator[None]:
    """Somebody else has the usual ports."""
    with ExitStack() as stack:
        for port in (3000, 5000):
            taken = stack.enter_context(socket.socket())
            # Where a connection of a moment ago still lingers, a server could have the port, and so can we.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", port))
                taken.listen()
            except OSError:
                pass  # busy already, which is as good
        yield


@pytest.mark.pipelines
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_from_accepted_hunks_to_the_mlflow_page(
    planned: Workspace, decided: Workspace, verb: Verb, busy_ports: None
) -> None:
    told: list[Progress] = []
    result = verb("run", told=told)
    fractions = [news.fraction for news in told if news.fraction is not None]
    assert fractions == sorted(fractions) and len(fractions) >= 5
    assert not result.failed and result.night is not None and not result.night.skipped
    assert result.night.rows == 1 and result.night.metrics["hunks_rejected"] == 1
    assert result.night.metrics["tasks"] >= 1
    assert of_workspace(decided) == []
    check_report(result)
    check_it_skips(verb("run"), result)
    check_a_killed_start_is_mended(decided, verb, check_pages(decided, verb, result))

    down = verb("down")
    assert "stopped" in down.message and down.services == []
    assert of_workspace(decided) == [] and processes.records(decided) == []
    assert verb("status").night == result.night


def check_report(result: PipelinesResult) -> None:
    """The executed notebook shows the accepted diff, and no cell failed."""
    assert result.night is not None
    executed = nbformat.read(Path(result.night.notebook), as_version=4)
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    shown = "\n".join(str(output.get("data", {}).get("text/markdown", "")) for output in outputs)
    (board,) = [output.data for output in outputs if "application/vnd.nootropic.plan+json" in output.get("data", {})]
    assert "sorted_by_title" in board["text/plain"]
    assert "+def by_author(books: list[str])" in shown and "**P1:2**" in shown


def check_it_skips(again: PipelinesResult, first: PipelinesResult) -> None:
    """A second run changes nothing and shows the first."""
    assert again.night is not None and first.night is not None
    assert again.message == again.night.skipped == nightly.NOTHING_NEW
    assert again.night.mlflow_run == first.night.mlflow_run


def check_pages(workspace: Workspace, verb: Verb, result: PipelinesResult) -> dict[str, int]:
    """Both pages are up on other ports and show the run; a second `up` changes nothing."""
    assert result.night is not None
    up = verb("up")
    urls = {service.name: service.url for service in up.services}
    pids = {service.name: service.pid for service in up.services}
    assert len(urls) == 3 and ":3000" not in urls["dagster-webserver"] and ":5000" not in urls["mlflow"]

    (run,) = mlflow_runs(urls["mlflow"])
    assert run["info"]["run_id"] == result.night.mlflow_run and run["info"]["status"] == "FINISHED"
    metrics = {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}
    assert metrics["hunks_accepted"] == 1 and metrics["hunks_rejected"] == 1
    assert metrics["tasks_done"] == 1  # T1: every hunk decided, one accepted
    (dataset,) = run["inputs"]["dataset_inputs"]
    assert dataset["dataset"]["name"] == "accepted-diffs"
    assert json.loads(dataset["dataset"]["profile"])["num_rows"] == 1
    artifacts = PipelineStores(workspace).artifacts / result.night.mlflow_run / "artifacts"
    assert [path.name for path in (artifacts / "report").iterdir()] == [Path(result.night.notebook).name]
    assert "by_author" in (artifacts / "dataset" / "accepted-diffs.json").read_text()

    query = """{ runsOrError { ... on Runs { results { runId jobName status } } }
                 schedulesOrError(repositorySelector: {repositoryName: "__repository__",
                     repositoryLocationName: "nootropic_pipelines.definitions"})
                 { ... on Schedules { results { name scheduleState { status } } } } }"""
    shown: dict[str, Any] = loopback.post_json(f"{urls['dagster-webserver']}/graphql", {"query": query})["data"]
    assert shown["runsOrError"]["results"] == [
        {"runId": result.night.dagster_run, "jobName": "nightly", "status": "SUCCESS"}
    ]
    assert shown["schedulesOrError"]["results"] == [
        {"name": "nightly_schedule", "scheduleState": {"status": "RUNNING"}}
    ]

    again = verb("up")
    assert again.message == "The pipelines are running already."
    assert {service.name: service.pid for service in again.services} == pids
    return pids


def check_a_killed_start_is_mended(workspace: Workspace, verb: Verb, pids: dict[str, int]) -> None:
    """A service that was killed, its children left behind, is started anew; the others stay."""
    os.kill(pids["dagster-daemon"], 9)
    wait_for(lambda: "dagster-daemon" not in running(workspace), 10)
    status = verb("status")
    assert {service.name for service in status.services} == {"dagster-webserver", "mlflow"}
    mended = {service.name: service.pid for service in verb("up", ui="none").services}
    assert mended["dagster-daemon"] != pids["dagster-daemon"]
    assert mended["mlflow"] == pids["mlflow"] and mended["dagster-webserver"] == pids["dagster-webserver"]


@pytest.mark.pipelines
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, in code of others
def test_a_night_repeated_after_a_crash_is_logged_once(decided: Workspace, database: StateDatabase) -> None:
    from mlflow.tracking import MlflowClient

    from nootropic_pipelines.prepare import prepare_mlflow
    from nootropic_pipelines.report import Report
    from nootropic_pipelines.tracking import log_night

    stores = PipelineStores(decided)
    prepare_mlflow(stores)
    night = nightly.since_last_success(database, decided)
    written = decided.state_dir / "report.ipynb"
    written.write_text("{}")

    def log(error: str = "") -> str:
        return log_night(
            stores,
            Report(written, error),
            window=night.window,
            name="night",
            rows=night.rows,
            metrics={"tasks": 1.0},
            params={"plan": "none"},
            tags={},
        )

    failed = log("it broke")
    first = log()
    assert failed != first == log()
    client = MlflowClient(tracking_uri=stores.tracking_uri)
    assert client.get_run(failed).info.status == "FAILED"
    assert client.get_run(failed).data.tags["nootropic.error"] == "it broke"
    with closing(StateDatabase.open(decided)) as opened:
        assert nightly.last_success(opened) is None
