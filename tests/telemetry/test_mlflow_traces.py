"""Model calls become traces in a real MLflow store, which MLflow's own client reads."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.telemetry import forwarding
from nootropic_kernel.telemetry.spans import flush, read_trace, span, span_store
from nootropic_kernel.telemetry.store import Forwarding, SpanRecord
from nootropic_kernel.telemetry.texts import input_messages, output_messages
from nootropic_kernel.workspace import processes
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings
from tests.telemetry.settings_files import person_says, repository_says

READ = """
import json, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
experiment = mlflow.get_experiment_by_name("nootropic")
traces = mlflow.search_traces(locations=[experiment.experiment_id], return_type="list")
print(json.dumps([{
    "id": trace.info.trace_id, "status": str(trace.info.status), "tokens": trace.info.token_usage,
    "spans": [[s.span_id, s.parent_id, s.name, s.span_type, s.inputs, s.outputs, s.start_time_ns, s.end_time_ns,
               s.attributes.get("nootropic.cost_usd")] for s in trace.data.spans],
} for trace in traces]))
"""


MAKE = """
import sys
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
SqlAlchemyStore(sys.argv[1], sys.argv[2])
"""


def in_own_process(code: str, *arguments: str, cwd: Path) -> str:
    """Run code that imports MLflow, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=300, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_until_sent(workspace: Workspace) -> None:
    store = span_store(workspace)
    deadline = time.monotonic() + 200
    while (state := store.forwarding().get("mlflow")) is None or state.seq < store.last_seq():
        assert time.monotonic() < deadline, state
        time.sleep(0.1)


@pytest.fixture
def pipelines_made(workspace: Workspace) -> Iterator[Workspace]:
    """A workspace whose pipelines were prepared; its forwarder is ended with the test."""
    workspace.ensure()
    (workspace.state_dir / "dagster").mkdir()
    (workspace.state_dir / "mlflow.db").touch()
    (workspace.state_dir / "dagster" / "prepared").touch()
    yield workspace
    flush()
    forwarding._woken.clear()
    if (record := processes.find(workspace, forwarding.NAME)) is not None:
        processes.end(workspace, record, grace_s=5)


@pytest.mark.slow
def test_a_trace_with_a_model_call_is_one_in_mlflow(pipelines_made: Workspace) -> None:
    workspace = pipelines_made
    uri = f"sqlite:///{workspace.state_dir / 'mlflow.db'}"
    in_own_process(MAKE, uri, str(workspace.state_dir / "mlflow-artifacts"), cwd=workspace.state_dir)
    with span(workspace, "noo status"):
        pass
    with span(workspace, "noo code") as root:
        with span(None, "chat tiny", {"gen_ai.operation.name": "chat", "gen_ai.request.model": "tiny"}) as call:
            for name, value in {"input_tokens": 7, "output_tokens": 5}.items():
                call.set(f"gen_ai.usage.{name}", value)
            call.set("nootropic.cost_usd", 0.25)
            call.set_messages("gen_ai.input.messages", input_messages([("user", "sort them")]), "local")
            call.set_messages("gen_ai.output.messages", output_messages("sorted()", "hm", "stop"), "local")
    records = read_trace(workspace, root.trace_id)
    assert flush(30)
    wait_until_sent(workspace)
    span_store(workspace).note_forwarding(Forwarding("mlflow", 0))  # a forwarder that was killed sends some again
    wait_until_sent(workspace)
    (trace,) = json.loads(in_own_process(READ, uri, cwd=workspace.state_dir).splitlines()[-1])
    assert trace["id"] == f"tr-{root.trace_id}" and trace["status"].endswith("OK")
    assert trace["tokens"]["total_tokens"] == 12
    by_id = {each[0]: each for each in trace["spans"]}
    assert len(by_id) == len(trace["spans"]) == 2
    for record in records:
        assert by_id[record.span_id][1:3] == [record.parent_id, record.name]
        assert by_id[record.span_id][6:8] == [record.start_ns, record.end_ns]
    chat = by_id[records[1].span_id]
    assert chat[3] == "CHAT_MODEL" and chat[8] == 0.25
    assert chat[4]["messages"] == [{"role": "user", "content": "sort them"}]
    assert [each["content"] for each in chat[5]["messages"]] == ["hm", "sorted()"]


def test_mlflow_is_written_to_only_where_it_is_wanted(pipelines_made: Workspace, person_home: Path) -> None:
    call = SpanRecord("0" * 32, "1" * 16, None, "chat", 0, 1, None, {"gen_ai.operation.name": "chat"})
    other = SpanRecord("0" * 32, "2" * 16, None, "noo status", 0, 1, None, {})

    def wanted(*records: SpanRecord) -> bool:
        return forwarding._wanted(load_settings(pipelines_made), pipelines_made, records)

    assert wanted(call, other) and not wanted(other)
    repository_says(pipelines_made, telemetry={"mlflow": False})
    assert not wanted(call)
    repository_says(pipelines_made)
    person_says(person_home, telemetry={"mlflow": False})
    assert not wanted(call)
    person_says(person_home)
    (pipelines_made.state_dir / "mlflow.db").unlink()
    assert not wanted(call)
