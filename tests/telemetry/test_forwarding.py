"""Spans reach a real OTLP receiver by a process of their own, and nothing that it does or fails to do holds work up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nootropic_kernel.telemetry import forwarding
from nootropic_kernel.telemetry.forwarder import Route, destinations, forward
from nootropic_kernel.telemetry.otlp import OtlpDestination
from nootropic_kernel.telemetry.spans import flush, read_trace, span, span_store
from nootropic_kernel.telemetry.texts import input_messages
from nootropic_kernel.workspace import processes
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import load_settings
from tests.telemetry.otlp_receiver import OtlpReceiver, otlp_receiver
from tests.telemetry.settings_files import person_says, repository_says

pytestmark = pytest.mark.slow

SAID = "sort the books by their authors"


@pytest.fixture
def kept(workspace: Workspace) -> Iterator[Workspace]:
    """A workspace whose state folder exists; its forwarder is ended with the test."""
    workspace.ensure()
    yield workspace
    flush()
    forwarding._woken.clear()
    if (record := processes.find(workspace, forwarding.NAME)) is not None:
        processes.end(workspace, record, grace_s=5)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[OtlpReceiver]:
    with otlp_receiver(tmp_path / "otlp") as running:
        yield running


def work(workspace: Workspace, level: str = "local") -> str:
    """Do something in three steps, of which one fails and one asks a model; the id of its trace."""
    with span(workspace, "noo code", {"nootropic.verb": "code"}) as root:
        with span(None, "chat tiny", {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 7}) as call:
            call.set("gen_ai.response.finish_reasons", ["stop"])
            call.set_messages("gen_ai.input.messages", input_messages([("user", SAID)]), level)
        with pytest.raises(ValueError), span(None, "check"):
            raise ValueError
    assert flush(30)
    return root.trace_id


def only_one_route(workspace: Workspace, receiver_url: str, text: str = "local") -> Route:
    person_says_endpoint = OtlpDestination(receiver_url, text, timeout_s=2.0)  # type: ignore[arg-type]
    return Route(person_says_endpoint, span_store(workspace), began=time.time())


def test_spans_arrive_as_they_were_kept(kept: Workspace, receiver: OtlpReceiver, person_home: Path) -> None:
    person_says(person_home, telemetry={"otlpEndpoint": receiver.url})
    trace_id = work(kept)
    arrived = {each["span_id"]: each for each in receiver.wait_for(3)}
    for record in read_trace(kept, trace_id):
        each = arrived[record.span_id]
        assert each["trace_id"] == trace_id and each["parent_id"] == record.parent_id
        assert (each["name"], each["start_ns"], each["end_ns"]) == (record.name, record.start_ns, record.end_ns)
        assert each["error"] == record.error and each["service"] == "nootropic"
        assert each["content_type"] == "application/x-protobuf"
    call = next(each for each in arrived.values() if each["name"] == "chat tiny")
    assert call["attributes"]["gen_ai.usage.input_tokens"] == 7
    assert call["attributes"]["gen_ai.response.finish_reasons"] == ["stop"]
    assert SAID not in str(arrived), "what was said stays here unless the person lets it go"


def test_nothing_is_started_and_nothing_sent_unless_the_person_says_where(
    kept: Workspace, receiver: OtlpReceiver, person_home: Path
) -> None:
    repository_says(kept, telemetry={"otlpEndpoint": receiver.url})
    work(kept)
    assert not forwarding.is_running(kept) and processes.find(kept, forwarding.NAME) is None
    assert list(destinations(load_settings(kept), kept)) == []
    assert any("otlpEndpoint" in problem for problem in load_settings(kept).problems)
    assert receiver.lines() == []


@pytest.mark.parametrize(
    ("then", "now", "goes"), [("export", "export", True), ("local", "export", False), ("export", "local", False)]
)
def test_what_was_said_goes_only_with_consent_then_and_now(
    kept: Workspace, receiver: OtlpReceiver, then: str, now: str, goes: bool
) -> None:
    work(kept, then)
    assert only_one_route(kept, receiver.url, now).forward() == 3
    assert (SAID in str(receiver.spans())) is goes
    assert len(receiver.spans()) == 3


@pytest.mark.parametrize("mode", ["500", "503", "429", "hang", "down"])
def test_work_never_waits_and_every_span_arrives_once_the_receiver_is_well(
    kept: Workspace, tmp_path: Path, person_home: Path, mode: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with otlp_receiver(tmp_path / "otlp", "ok" if mode == "down" else mode, port) as receiver:
        url = receiver.url if mode != "down" else f"http://127.0.0.1:{_closed_port()}/v1/traces"
        route = only_one_route(kept, url)
        person_says(person_home, telemetry={"otlpEndpoint": url})
        started = time.perf_counter()
        for _ in range(20):
            with span(kept, "step"):
                pass
        assert time.perf_counter() - started < 2.0
        assert flush(30), "writing to the workspace does not wait for a receiver either"
        assert route.forward() == 0 and route.forward() == 0, "a failure is not tried again at once"
        state = span_store(kept).forwarding()[route.destination.name]
        assert state.failing_since is not None and url in state.reason
        if mode == "down":
            return
        receiver.answer("ok")
        route.not_before = 0.0
        assert route.forward() == 20
        assert len(receiver.wait_for(20)) >= 20
        assert span_store(kept).forwarding()[route.destination.name].failing_since is None


def test_a_refusal_for_good_loses_those_spans_alone_and_says_so(kept: Workspace, receiver: OtlpReceiver) -> None:
    route = only_one_route(kept, receiver.url)
    receiver.answer("400")
    work(kept)
    assert route.forward() == 3
    state = span_store(kept).forwarding()[route.destination.name]
    assert state.refused == 3 and "400" in state.reason
    receiver.answer("ok")
    work(kept)
    assert route.forward() == 3 and len(receiver.spans()) == 3


def test_a_redirect_leads_spans_nowhere(kept: Workspace, receiver: OtlpReceiver, tmp_path: Path) -> None:
    with otlp_receiver(tmp_path / "stranger") as stranger:
        receiver.answer(f"redirect {stranger.url}")
        work(kept)
        only_one_route(kept, receiver.url).forward()
        assert receiver.lines() == [{"redirected": True}] and stranger.lines() == []


def test_a_new_destination_gets_nothing_from_before_it_was_named(kept: Workspace, receiver: OtlpReceiver) -> None:
    work(kept)
    later = Route(OtlpDestination(receiver.url, "local"), span_store(kept), began=time.time() + 120)
    assert later.forward() == 0
    work(kept)
    assert later.forward() == 3


def test_taking_the_endpoint_away_ends_the_sending(kept: Workspace, receiver: OtlpReceiver, person_home: Path) -> None:
    person_says(person_home, telemetry={"otlpEndpoint": receiver.url})
    work(kept)
    receiver.wait_for(3)
    person_says(person_home)
    deadline = time.monotonic() + 60
    while forwarding.is_running(kept):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    work(kept)
    assert len(receiver.spans()) == 3


def test_a_killed_forwarder_loses_no_span(kept: Workspace, receiver: OtlpReceiver, person_home: Path) -> None:
    person_says(person_home, telemetry={"otlpEndpoint": receiver.url})
    receiver.answer("hang")
    work(kept)
    deadline = time.monotonic() + 60
    while {"hanging": True} not in receiver.lines():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    record = processes.find(kept, forwarding.NAME)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    while forwarding.is_running(kept):
        time.sleep(0.05)
    receiver.answer("ok")
    forwarding._woken.clear()
    work(kept)
    receiver.wait_for(6)


def test_of_many_forwarders_one_works(kept: Workspace, receiver: OtlpReceiver, person_home: Path) -> None:
    work(kept)
    person_says(person_home, telemetry={"otlpEndpoint": receiver.url})
    command = [sys.executable, "-m", forwarding._MODULE, str(kept.root)]
    running = [subprocess.Popen(command) for _ in range(4)]
    try:
        receiver.wait_for(3)
        deadline = time.monotonic() + 60
        while sum(process.poll() is None for process in running) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert len(receiver.spans()) == 3, "no span was sent twice"
    finally:
        for process in running:
            process.kill()
            process.wait()


def test_forwarding_ends_when_there_is_nothing_left(kept: Workspace, receiver: OtlpReceiver, person_home: Path) -> None:
    work(kept)
    person_says(person_home, telemetry={"otlpEndpoint": receiver.url})
    forward(kept, idle_s=0.2)
    assert len(receiver.spans()) == 3


def test_the_key_of_an_endpoint_comes_from_the_environment(
    kept: Workspace, receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20of-mine")
    work(kept)
    only_one_route(kept, receiver.url).forward()
    assert {each["authorization"] for each in receiver.spans()} == {"Bearer of-mine"}
    assert b"of-mine" not in (kept.state_dir / "spans.db").read_bytes()


def _closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
