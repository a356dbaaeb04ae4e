"""What is kept of a model call: tokens, cost and CPU time always, what was said only as the person wants it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.embedded import EmbeddedBackend
from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.telemetry.budget import BudgetExceeded, Estimate, within_budget
from nootropic_kernel.telemetry.energy import process_seconds
from nootropic_kernel.telemetry.ledger import Ledger
from nootropic_kernel.telemetry.spans import flush, read_trace, span
from nootropic_kernel.telemetry.store import SpanRecord
from nootropic_kernel.telemetry.texts import spoken
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.errors import NootropicError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.measuring import BudgetSettings, Measuring, Price
from tests.models.conftest import ServeScript, chat
from tests.models.test_openai_compatible import DONE, END, STREAM, reply, says
from tests.telemetry.settings_files import person_says, repository_says

SECRET = "sk-proj-" + "a1B2" * 8
ASK = ChatRequest((Message("system", "Be short."), Message("user", f"My key is {SECRET}, what is 6 times 7?")))
USAGE = {
    "event": {
        "choices": [],
        "usage": {"prompt_tokens": 50, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 30}},
    }
}
THINKS = {"event": {"model": "tiny-1", "choices": [{"delta": {"reasoning_content": "Six sevens are 42."}}]}}
ANSWERS = (STREAM, THINKS, says("It is 42."), says("", "stop"), USAGE, DONE, END)


def call_span(workspace: Workspace, settings: BackendSettings, request: ChatRequest = ASK) -> SpanRecord:
    """Make a call and read its span."""
    workspace.ensure()
    with span(workspace, "work") as current:
        try:
            chat(settings, request)
        except ModelError:
            pass
    return next(record for record in read_trace(workspace, current.trace_id) if record.name.startswith("chat"))


def test_a_span_tells_tokens_times_cost_and_what_was_thought_and_said(serve: ServeScript, workspace: Workspace) -> None:
    record = call_span(workspace, serve(*ANSWERS))
    told = record.attributes
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (50, 20)
    assert told["gen_ai.usage.cache_read.input_tokens"] == 30
    assert told["gen_ai.response.finish_reasons"] == ["stop"] and told["gen_ai.response.time_to_first_chunk"] > 0
    assert (told["gen_ai.provider.name"], told["nootropic.backend"]) == ("openai-compatible", "scripted")
    assert told["server.address"] == "127.0.0.1" and told["server.port"] > 0
    # A server here takes no money; what is said of it is why.
    assert (told["nootropic.cost_label"], told["nootropic.cost_usd"]) == ("own hardware", 0.0)
    said = dict(spoken(told))
    assert (
        said["system"] == "Be short." and said["reasoning"] == "Six sevens are 42." and said["assistant"] == "It is 42."
    )
    assert SECRET not in str(told) and "[secret removed]" in said["user"]


def everything_kept(*folders: Path) -> bytes:
    """All bytes of all files below the folders."""
    return b"".join(file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("who", ["person", "repository"])
def test_off_means_off_everywhere(serve: ServeScript, workspace: Workspace, person_home: Path, who: str) -> None:
    if who == "person":
        person_says(person_home, telemetry={"promptText": "off"})
    else:
        repository_says(workspace, telemetry={"promptText": "off"})
    record = call_span(workspace, serve(*ANSWERS))
    assert record.attributes["gen_ai.usage.output_tokens"] == 20
    kept = everything_kept(workspace.state_dir, person_home)
    for text in ("6 times 7", "It is 42", "Six sevens", SECRET):
        assert text.encode() not in kept


@pytest.mark.parametrize("wrong", [False, "no", {"promptText": "maybe"}])
def test_a_setting_that_is_not_understood_keeps_nothing(
    serve: ServeScript, workspace: Workspace, person_home: Path, wrong: Any
) -> None:
    person_says(person_home, telemetry=wrong)
    assert spoken(call_span(workspace, serve(*ANSWERS)).attributes) == []


def test_a_secret_is_in_no_file_whatever_is_kept(serve: ServeScript, workspace: Workspace, person_home: Path) -> None:
    person_says(person_home, telemetry={"promptText": "export"})
    call_span(workspace, serve(STREAM, says(f"Your key is {SECRET}.", "stop"), DONE, END, key="the-key-itself-123"))
    assert flush(30)
    kept = everything_kept(workspace.state_dir, person_home)
    assert SECRET.encode() not in kept and b"the-key-itself-123" not in kept


def test_what_was_said_before_a_call_broke_off_is_kept(serve: ServeScript, workspace: Workspace) -> None:
    record = call_span(workspace, serve(STREAM, says("Half an ans")))
    assert record.error == "AnswerCut" and "gen_ai.response.finish_reasons" not in record.attributes
    assert dict(spoken(record.attributes))["assistant"] == "Half an ans"


def cloud(settings: BackendSettings) -> BackendSettings:
    """The same server as if it were a vendor's."""
    return replace(settings, kind="openai")


def test_a_cloud_call_costs_its_tokens(serve: ServeScript, workspace: Workspace, person_home: Path) -> None:
    person_says(person_home, prices={"tiny": {"input": 10, "output": 100, "cacheRead": 1}})
    told = call_span(workspace, cloud(serve(*ANSWERS))).attributes
    assert told["nootropic.cost_usd"] == pytest.approx((20 * 10 + 30 * 1 + 20 * 100) / 1e6)
    assert told["nootropic.cost_label"] == "your prices"
    (line,) = Ledger().calls()
    assert (line.usd, line.input_tokens, line.workspace) == (told["nootropic.cost_usd"], 50, str(workspace.root))


def test_a_refused_call_costs_nothing_and_one_that_broke_off_an_unknown_amount(
    serve: ServeScript, workspace: Workspace, person_home: Path
) -> None:
    person_says(person_home, prices={"tiny": {"input": 10, "output": 100}})
    call_span(workspace, cloud(serve(reply("429 Too Many Requests", "application/json", "{}"))))
    call_span(workspace, cloud(serve(STREAM, says("Half"))))
    refused, broken = Ledger().calls()
    assert (refused.usd, refused.error) == (0.0, "RateLimited")
    assert (broken.usd, broken.label, broken.error) == (None, "unknown", "AnswerCut")


def test_what_a_call_really_cost_takes_the_place_of_what_was_set_aside(serve: ServeScript, person_home: Path) -> None:
    prices = {"tiny": Price(10, 100)}
    person_says(person_home, prices={"tiny": {"input": 10, "output": 100}})
    measuring = Measuring(budget=BudgetSettings(per_day=0.01), prices=prices)
    expected = Estimate("scripted", "openai", "tiny", False, 100, 50)
    settings = cloud(serve(*ANSWERS))
    with within_budget(expected, measuring):
        chat(settings, ASK)
    (line,) = Ledger().calls()
    assert line.usd == pytest.approx((50 * 10 + 20 * 100) / 1e6) and line.label == "your prices"
    with within_budget(expected, measuring):
        chat(cloud(serve(*ANSWERS)), ASK)
    with pytest.raises(BudgetExceeded), within_budget(expected, measuring):
        pytest.fail("a call that does not fit is not made")


VECTORS = '{"model": "tiny-1", "data": [{"index": 0, "embedding": [0.6, 0.8]}], "usage": {"prompt_tokens": 40}}'


def embedding_span(workspace: Workspace, settings: BackendSettings) -> SpanRecord:
    """Ask for a vector and read the span of it."""
    workspace.ensure()
    with span(workspace, "work") as current:
        try:
            connect(settings).embed([f"my key is {SECRET}"])
        except NootropicError:
            pass
    return next(r for r in read_trace(workspace, current.trace_id) if r.name.startswith("embeddings"))


def test_vectors_are_a_span_and_cost_what_was_read(serve: ServeScript, workspace: Workspace, person_home: Path) -> None:
    person_says(person_home, prices={"tiny": {"input": 10, "output": 100}}, telemetry={"promptText": "export"})
    told = embedding_span(workspace, cloud(serve(reply("200 OK", "application/json", VECTORS)))).attributes
    assert (told["gen_ai.operation.name"], told["gen_ai.request.model"]) == ("embeddings", "tiny")
    assert (told["gen_ai.provider.name"], told["gen_ai.response.model"]) == ("openai", "tiny-1")
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.embeddings.dimension.count"]) == (40, 2)
    assert told["nootropic.cost_usd"] == pytest.approx(40 * 10 / 1e6)
    assert told["nootropic.cost_label"] == "your prices" and told["nootropic.local"] is False
    (line,) = Ledger().calls()
    assert (line.usd, line.input_tokens, line.output_tokens) == (told["nootropic.cost_usd"], 40, 0)
    assert flush(30) and SECRET.encode() not in everything_kept(workspace.state_dir, person_home)


def test_vectors_that_are_refused_cost_nothing_and_those_beyond_the_budget_are_not_asked_for(
    serve: ServeScript, workspace: Workspace, person_home: Path
) -> None:
    person_says(person_home, prices={"tiny": {"input": 10, "output": 100}})
    record = embedding_span(workspace, cloud(serve(reply("429 Too Many Requests", "application/json", "{}"))))
    (line,) = Ledger().calls()
    assert record.error == "RateLimited" and (line.usd, line.error) == (0.0, "RateLimited")
    person_says(person_home, prices={"tiny": {"input": 10, "output": 100}}, budget={"perDayUsd": 0.00001})
    record = embedding_span(workspace, cloud(serve(reply("200 OK", "application/json", VECTORS))))
    assert record.error == "BudgetExceeded" and len(Ledger().calls()) == 1


@pytest.mark.slow
def test_the_cpu_time_of_overlapping_calls_is_that_of_the_engine(
    backend: EmbeddedBackend, workspace: Workspace, person_home: Path
) -> None:
    person_says(person_home, tariff={"usdPerKwh": 0.3, "maxWatts": 65, "idleWatts": 15})
    ask = ChatRequest((Message("user", "Count to twenty."),), 24)
    workspace.ensure()
    backend.chat(ask)
    pid = backend.engine_pid()
    assert pid is not None
    before = process_seconds(pid)
    threads = [threading.Thread(target=backend.chat, args=(ask,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = process_seconds(pid)
    assert before is not None and after is not None
    lines = Ledger().calls()[1:]
    shares = [line.cpu_s for line in lines]
    assert len(shares) == 3 and all(share is not None and share > 0 for share in shares)
    assert sum(share or 0 for share in shares) == pytest.approx(after - before, abs=0.15)
    assert {line.label for line in lines} <= {"tdp-estimate", "rapl"} and all(line.usd for line in lines)
