"""What the gateway does when a model fails, costs too much, is asked again, or does not keep to a shape."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from nootropic_kernel.capabilities.doctor import _served
from nootropic_kernel.models.discovery import discover
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.journal import events
from nootropic_kernel.workspace.location import Workspace
from tests.agents.scripted_model import ScriptedModel, scripted_model
from tests.gateway.running import EVENTS, Gateway, gateway, model_servers, piece, refuses, says, start, wait_for
from tests.promises.rooms import noo

pytestmark = pytest.mark.slow

ASK: Any = [{"role": "user", "content": "Say hello."}]
BROKEN = refuses("500 Internal Server Error", {"error": {"message": "no"}})
SHAPE: Any = {
    "type": "json_schema",
    "json_schema": {
        "name": "n",
        "schema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
    },
}


@pytest.fixture(autouse=True)
def same_person(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests look into the workspace as the person whose gateway it is."""
    monkeypatch.setenv("NOOTROPIC_HOME", str(home))


@contextmanager
def over(folder: Path, home: Path, **scripts: Any) -> Iterator[Gateway]:
    """A gateway over these model servers."""
    with model_servers(home, **scripts), gateway(folder, home) as running:
        yield running


def client(running: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=running.url, api_key=running.key, max_retries=0, timeout=60)


def switches(folder: Path) -> list[tuple[str, Any, Any]]:
    """What the journal says of models that took another's place."""
    database = StateDatabase.open(Workspace.find(folder))
    try:
        found = events(database.read(), kind="ModelSwitched")
        return [(each.subject, each.data["before"], each.data["cause"]) for each in found]
    finally:
        database.close()


def test_auto_goes_on_to_the_next_and_names_it_and_a_name_is_kept(tmp_path: Path, home: Path) -> None:
    with over(tmp_path, home, first=BROKEN, second=says("Hel", "lo")) as running, client(running) as asking:
        with asking.chat.completions.create(model="auto", messages=ASK, stream=True) as chunks:
            heard = list(chunks)
        assert {chunk.model for chunk in heard} == {"second"}
        assert "".join(chunk.choices[0].delta.content or "" for chunk in heard) == "Hello"
        assert asking.chat.completions.create(model="auto", messages=ASK).model == "second"
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError) as caught:
                asking.chat.completions.create(model="first", messages=ASK, stream=stream)
            assert caught.value.code == "inference_error"
        assert asking.chat.completions.create(model="second", messages=ASK).model == "second"
        assert switches(tmp_path) == [("second", "first", "INFERENCE_ERROR")], "who names a model was not switched"


def test_a_stream_that_breaks_off_is_not_begun_again_by_another(folder: Path, home: Path) -> None:
    cut = [{"head": EVENTS}, piece("Half an ans")]
    with over(folder, home, first=cut, second=says("whole")) as running, running.http() as http:
        body = {"model": "auto", "messages": ASK, "stream": True}
        text = http.post("/v1/chat/completions", json=body).text
    assert "Half an ans" in text and "whole" not in text and "[DONE]" not in text
    assert json.loads(text.strip().split("\n\n")[-1].removeprefix("data: "))["error"]["code"] == "answer_cut"


def test_a_spent_budget_goes_on_to_what_is_free_and_is_an_error_of_its_own_for_a_name(folder: Path, home: Path) -> None:
    with model_servers(home, free=says("Free")) as backends:
        cloud = {"url": "https://cloud.invalid/v1", "model": "dear", "kind": "openai", "apiKeyEnv": "PATH"}
        settings = {
            "backends": {"cloud": cloud, **backends},
            "modelPreference": ["cloud", "free"],
            "budget": {"perDayUsd": 0.000001},
            "prices": {"dear": {"input": 100, "output": 100}},
        }
        (home / "config.json").write_text(json.dumps(settings))
        with gateway(folder, home) as running, client(running) as asking:
            assert asking.chat.completions.create(model="auto", messages=ASK).model == "free"
            assert switches(folder)[-1] == ("free", "cloud", "budget")
            with pytest.raises(openai.APIStatusError) as caught:
                asking.chat.completions.create(model="cloud", messages=ASK)
            assert (caught.value.status_code, caught.value.code) == (402, "budget_exceeded")
            assert caught.value.type == "insufficient_quota"


def scripted(tmp_path: Path, home: Path, answers: list[Any]) -> Any:
    return scripted_model(tmp_path, home, answers)


def asked(running: Gateway, path: str = "/v1/chat", **more: Any) -> httpx.Response:
    with running.http() as http:
        return http.post(path, json={"model": "mine", "messages": ASK, **more})


def test_what_is_not_of_the_shape_is_asked_for_again_with_what_was_wrong(
    folder: Path, home: Path, tmp_path: Path
) -> None:
    model: ScriptedModel
    with (
        scripted(tmp_path, home, ['{"n": "many"}', '{"n": "many"}', '{"n": 7}', *["no JSON"] * 20]) as model,
        gateway(folder, home) as running,
    ):
        document = asked(running, response_format=SHAPE).json()
        assert json.loads(document["choices"][0]["message"]["content"]) == {"n": 7}
        assert "is not of type 'integer'" in model.prompts()[-1] and '{"n": "many"}' in model.prompts()[-1]
        before = len(model.requests())
        for stream in (False, True):
            refused = asked(running, response_format=SHAPE, stream=stream)
            assert (refused.status_code, refused.json()["error"]["code"]) == (502, "schema_violation")
        assert len(model.requests()) == before + 7, (
            "twice more each, and once without the schema that it did not keep to"
        )


def test_an_answer_is_given_again_only_to_who_asks_for_that(folder: Path, home: Path, tmp_path: Path) -> None:
    with scripted(tmp_path, home, ["One.", "Two.", "Three."]) as model, gateway(folder, home) as running:
        texts = []
        for more in ({}, {}, {"cache": True}, {"cache": True, "stream": True}):
            texts.append(asked(running, **more).text)
        assert ["One." in texts[0], "Two." in texts[1], "Two." in texts[2], "Two." in texts[3]] == [True] * 4
        assert len(model.requests()) == 2
        assert '"cached":true' in texts[2] and '"cached"' not in texts[1]
        assert asked(running, "/v1/chat/completions", cache=True).status_code == 400, "it is not of OpenAI's protocol"


def test_requests_at_once_go_together_and_each_has_its_own_answer(folder: Path, home: Path, tmp_path: Path) -> None:
    answers = [{"text": f"Answer {number}.", "sleep": 0.5} for number in range(4)]
    with scripted(tmp_path, home, answers) as model, gateway(folder, home) as running:
        found: list[str] = []

        def ask(number: int) -> None:
            found.append(asked(running, max_tokens=10 + number).json()["choices"][0]["message"]["content"])

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(found) == [f"Answer {number}." for number in range(4)] and len(model.requests()) == 4
        assert time.monotonic() - began < 60


def test_metrics_are_served_to_this_machine_and_count_the_calls(folder: Path, home: Path) -> None:
    with model_servers(home, hello=says("Hi")):
        process = start(folder, home, "--port=0", "--metrics=0", "--json")
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            assert told["key_source"] == "NOOTROPIC_API_KEY" and "key" not in told
            running = Gateway(told["url"], process)
            wait_for(running.answers)
            assert asked(running, model="hello").status_code == 200
            with httpx.Client(trust_env=False, timeout=30) as prometheus:
                text = prometheus.get(told["metrics"]).text
            assert 'nootropic_model_calls_total{backend="hello",model="tiny"} 1.0' in text
            assert 'nootropic_model_tokens_total{backend="hello",kind="input",model="tiny"} 7.0' in text
            assert told["metrics"].startswith("http://127.0.0.1:") and running.key not in text
        finally:
            process.terminate()
            rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and rest == "", "standard output is that one line"


def test_a_made_key_and_a_port_in_use_are_told_to_programs_and_doctor_finds_the_gateway(
    folder: Path, home: Path
) -> None:
    process = start(folder, home, "--port=0", "--json", key=None)
    assert process.stdout is not None
    try:
        told = json.loads(process.stdout.readline())
        assert told["key_source"] == "made"
        running = Gateway(told["url"], process, told["key"])
        wait_for(running.answers)
        port = urlsplit(told["url"]).port or 0
        (found,) = discover((("Ours", "gateway", port), ("Ollama", "ollama", port)), 20)
        assert (
            found.url == told["url"] and "noo serve" in _served(found).next and "config.json" not in _served(found).next
        )
        second = start(folder, home, f"--port={port}", "--json")
        out, err = second.communicate(timeout=60)
        assert second.returncode == 1 and json.loads(out)["error"]["type"] == "NotServing" and "is in use" in err
    finally:
        process.terminate()
        process.communicate(timeout=60)


def test_what_cannot_be_a_document_is_refused(folder: Path, home: Path) -> None:
    for words in (["mcp", "--json"], ["serve", "--yaml"]):
        done = noo(folder, *words)
        assert done.returncode == 2 and "Traceback" not in done.stderr and "UsageError" in done.stdout
