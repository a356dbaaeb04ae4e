"""Metrics for Prometheus: on no port unless asked, on this machine alone, and of every process's calls."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from nootropic_kernel.telemetry import metrics
from nootropic_kernel.telemetry.metrics import MetricsServer, PortTaken
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.location import Workspace

CALL = {
    "gen_ai.operation.name": "chat",
    "nootropic.backend": "mine",
    "gen_ai.request.model": "tiny",
    "gen_ai.usage.input_tokens": 50,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.usage.cache_read.input_tokens": 30,
    "gen_ai.response.time_to_first_chunk": 0.2,
    "nootropic.cost_usd": 0.5,
    "nootropic.cpu_s": 1.5,
}


@pytest.fixture
def server(workspace: Workspace) -> Iterator[MetricsServer]:
    workspace.ensure()
    with span(workspace, "before", CALL):
        pass
    running = MetricsServer(workspace, 0)
    yield running
    running.close()


def samples(server: MetricsServer) -> dict[str, float]:
    """What Prometheus reads, by name; with the kind behind it where there is one."""
    text = urllib.request.urlopen(server.url, timeout=30).read().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            kind = sample.labels.get("kind") or sample.labels.get("le")
            found[f"{sample.name} {kind}" if kind else sample.name] = sample.value
            assert set(sample.labels) <= {"backend", "model", "kind", "le"}
    return found


CHILD = """
import sys
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.location import Workspace
from tests.telemetry.test_metrics import CALL
with span(Workspace.find(sys.argv[1]), "chat tiny", CALL):
    pass
"""


def test_the_calls_of_every_process_are_counted_once(server: MetricsServer, workspace: Workspace) -> None:
    assert "nootropic_model_calls_total" not in samples(server), "what was before is not counted"
    with span(workspace, "chat tiny", CALL):
        pass
    with pytest.raises(ValueError), span(workspace, "chat tiny", {**CALL, "nootropic.cost_usd": None}):
        raise ValueError
    with span(workspace, "retrieve"):
        pass
    subprocess.run([sys.executable, "-c", CHILD, str(workspace.root)], check=True, timeout=120)
    for _ in range(2):
        found = samples(server)
        assert found["nootropic_model_calls_total"] == 3
        assert found["nootropic_model_errors_total ValueError"] == 1
        assert found["nootropic_model_tokens_total input"] == 150
        assert found["nootropic_model_tokens_total output"] == 60
        assert found["nootropic_model_tokens_total cached"] == 90
        assert found["nootropic_cache_hits_total"] == 3
        assert found["nootropic_cost_usd_total"] == 1.0 and found["nootropic_cost_unknown_total"] == 1
        assert found["nootropic_cpu_seconds_total"] == 4.5
        assert found["nootropic_model_call_seconds_count"] == 3
        assert found["nootropic_model_call_seconds_bucket +Inf"] == 3
        assert found["nootropic_calls_in_flight"] == 0


def test_the_port_is_this_machines_alone_and_closes(server: MetricsServer, workspace: Workspace) -> None:
    port = int(server.url.rpartition(":")[2].partition("/")[0])
    listening = [
        c.laddr.ip
        for c in psutil.Process().net_connections("inet")
        if c.status == psutil.CONN_LISTEN and c.laddr.port == port
    ]
    assert listening == ["127.0.0.1"]
    with pytest.raises(PortTaken) as refused:
        MetricsServer(workspace, port)
    assert str(port) in refused.value.what and "metricsPort" in refused.value.next
    server.close()
    with socket.socket() as free:
        assert free.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:1", 200),
        ("localhost", 200),
        ("[::1]:9", 200),
        ("evil.example", 403),
        ("evil.example:9464", 403),
        ("", 403),
    ],
)
def test_a_web_page_that_re_binds_its_name_reads_nothing(server: MetricsServer, host: str, status: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port or 0, timeout=30)
    client.request("GET", "/metrics", headers={"Host": host})
    reply = client.getresponse()
    assert (reply.status, b"nootropic" in reply.read()) == (status, status == 200)
    client.close()


def test_no_port_is_opened_by_itself(workspace: Workspace) -> None:
    workspace.ensure()
    before = [c for c in psutil.Process().net_connections("inet") if c.status == psutil.CONN_LISTEN]
    with span(workspace, "chat tiny", CALL):
        pass
    after = [c for c in psutil.Process().net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert after == before


def test_the_port_that_a_person_settles_opens_and_closes_with_the_setting(workspace: Workspace) -> None:
    workspace.ensure()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert str(port) in metrics.serve_as_settled(workspace, port)
        assert metrics.serve_as_settled(workspace, port) == "", "it is told once"
    metrics._refused = None
    assert metrics.serve_as_settled(workspace, port) == ""
    assert urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).status == 200
    assert metrics.serve_as_settled(workspace, None) == ""
    with socket.socket() as free:
        assert free.connect_ex(("127.0.0.1", port)) != 0
