"""What is particular to one kind of server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.backends.tabby import Tabby
from nootropic_kernel.models.backends.vllm import VLLM
from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.errors import ContextOverflow, InferenceError, InvalidOutput, ModelError, RateLimited
from tests.models.stand_ins import StandIn, stand_in

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
Start = Callable[..., StandIn]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Run stand-ins until the test ends."""
    with ExitStack() as stack:
        yield lambda kind, *flags: stack.enter_context(stand_in(kind, tmp_path, *flags))


def ask(text: str, **fields: Any) -> ChatRequest:
    """A question."""
    return ChatRequest((Message("user", text),), **{"max_tokens": 50, **fields})


THINKING = ("openai-compatible", "openai", "vllm", "ollama", "anthropic", "huggingface")


@pytest.mark.parametrize("kind", THINKING)
def test_thoughts_and_counts_are_kept_apart(start: Start, kind: str) -> None:
    pieces: list[str] = []
    answer = connect(start(kind).settings).chat(ask("think, then say hello"), pieces.append)
    assert answer.text == "".join(pieces) == "Hello there, friend." and answer.reasoning == "Let me see."
    assert answer.input_tokens == 5 and answer.output_tokens == 5
    assert answer.cached_tokens == (None if kind == "ollama" else 1)


@pytest.mark.parametrize("kind", ["openai-compatible", "ollama", "anthropic", "petals", "tabby", "vllm", "huggingface"])
@pytest.mark.parametrize(("fault", "names"), [("mid", "InferenceError RateLimited"), ("cut", "AnswerCut")])
def test_an_answer_that_breaks_off_is_an_error(start: Start, kind: str, fault: str, names: str) -> None:
    with pytest.raises(ModelError) as caught:
        connect(start(kind).settings).chat(ask(f"fault:{fault}"), lambda text: None)
    assert caught.value.code in names.split()


@pytest.mark.parametrize("kind", ["openai-compatible", "openai", "vllm", "anthropic", "ollama"])
def test_an_overflow_is_told(start: Start, kind: str) -> None:
    with pytest.raises(ContextOverflow) as caught:
        connect(start(kind).settings).chat(ask("fault:overflow"))
    figures = {"anthropic": (210_000, 200_000), "ollama": (None, None)}.get(kind, (5000, 4096))
    assert (caught.value.data["tokens"], caught.value.data["window"]) == figures and not caught.value.retryable


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_limit_says_when_to_come_back(start: Start, kind: str) -> None:
    with pytest.raises(RateLimited) as caught:
        connect(start(kind).settings).chat(ask("fault:rate"))
    assert caught.value.retryable and caught.value.retry_after_s == 2


def test_an_overloaded_anthropic_is_a_limit(start: Start) -> None:
    with pytest.raises(RateLimited, match="Overloaded"):
        connect(start("anthropic").settings).chat(ask("fault:overloaded"))


def test_a_busy_ollama_may_be_asked_again(start: Start) -> None:
    with pytest.raises(InferenceError, match="server busy") as caught:
        connect(start("ollama").settings).chat(ask("fault:rate"))
    assert caught.value.retryable


def test_a_model_that_loads_says_how_long(start: Start) -> None:
    backend = connect(start("huggingface", "loading").settings)
    for call in (lambda: backend.chat(ask("hi")), lambda: backend.embed(["a"])):
        with pytest.raises(InferenceError, match="loading") as caught:
            call()
        assert caught.value.retryable and caught.value.retry_after_s == 20


LOOSE = ("openai-compatible", "openai", "vllm", "ollama", "anthropic")


@pytest.mark.parametrize("kind", LOOSE)
def test_a_schema_that_is_ignored_is_noticed_for_the_session(start: Start, kind: str) -> None:
    settings = start(kind, "loose").settings
    claimed = connect(settings).features.schema
    assert claimed in ("asked", "enforced")
    with pytest.raises(InvalidOutput, match="did not keep to it") as caught:
        connect(settings).chat(ask("Describe a pupil.", schema=PERSON))
    assert caught.value.data["schema_ignored"] and caught.value.retryable
    assert connect(settings).features.schema == "none"
    assert connect(replace(settings, model="another")).features.schema == claimed


def test_after_that_the_schema_is_said_in_words(start: Start) -> None:
    served = start("openai-compatible", "loose")
    for _ in range(2):
        with pytest.raises(InvalidOutput):
            connect(served.settings).chat(ask("Describe a pupil.", schema=PERSON))
    first, second = served.requests("/v1/chat/completions")
    assert "response_format" in first and json.dumps(PERSON) not in json.dumps(first["messages"])
    assert "response_format" not in second and json.dumps(PERSON) in second["messages"][0]["content"]


@pytest.mark.parametrize("request_", [ask("x", schema=PERSON, max_tokens=2), ask("x", schema={"type": "nonsense"})])
def test_a_server_is_not_blamed_for_our_limit_or_schema(start: Start, request_: ChatRequest) -> None:
    settings = start("openai-compatible").settings
    with pytest.raises(InvalidOutput) as caught:
        connect(settings).chat(request_)
    assert "schema_ignored" not in caught.value.data and connect(settings).features.schema == "asked"


def test_openai_wants_the_new_limit_and_a_refused_temperature_is_left_out(start: Start) -> None:
    served = start("openai", "reasoning")
    backend = connect(served.settings)
    assert backend.chat(ask("Say hello.")).text == backend.chat(ask("Say hello.")).text == "Hello there, friend."
    sent = served.requests("/v1/chat/completions")
    assert ["temperature" in body for body in sent] == [True, False, False]
    assert all(body["max_completion_tokens"] == 50 and "max_tokens" not in body for body in sent)


@pytest.mark.parametrize("fields", [{}, {"top_p": 0.9}])
def test_a_claude_without_sampling_parameters_is_asked_without(start: Start, fields: dict[str, Any]) -> None:
    served = start("anthropic", "modern")
    for _ in range(2):
        assert connect(served.settings).chat(ask("Say hello.", **fields)).text == "Hello there, friend."
    assert ["temperature" in body or "top_p" in body for body in served.requests("/v1/messages")] == [
        True,
        False,
        False,
    ]


def test_sampling_goes_where_it_is_known(start: Start) -> None:
    wish = ask("Say hello.", temperature=0.5, top_p=0.9, seed=7, stop=("zzz",))
    expected = {
        "openai-compatible": ("/v1/chat/completions", {"temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["zzz"]}),
        "anthropic": ("/v1/messages", {"top_p": 0.9, "stop_sequences": ["zzz"]}),
        "ollama": ("/api/chat", {}),
    }
    for kind, (path, fields) in expected.items():
        served = start(kind)
        assert connect(served.settings).chat(wish).text
        body = served.requests(path)[0]
        assert {key: body[key] for key in fields} == fields and body["stream"]
        if kind == "anthropic":
            assert "temperature" not in body and "seed" not in body
        if kind == "ollama":
            options = body["options"]
            assert options["seed"] == 7 and options["num_predict"] == 50 and options["stop"] == ["zzz"]


def test_ollama_gets_a_context_that_holds_the_prompt(start: Start) -> None:
    served = start("ollama")
    answer = connect(served.settings).chat(ask("word " * 4500, max_tokens=100))
    assert answer.input_tokens == 4501
    body = served.requests("/api/chat")[0]
    assert body["options"]["num_ctx"] >= 4600 and body["truncate"] is False


def test_ollama_is_not_asked_for_more_than_the_model_holds(start: Start) -> None:
    served = start("ollama")
    with pytest.raises(ContextOverflow) as caught:
        connect(served.settings).chat(ask("word " * 20_000))
    assert caught.value.data["window"] == 8192 and caught.value.data["estimated"]
    assert served.requests("/api/chat") == []
    with pytest.raises(ContextOverflow, match="exceeds the context length"):
        connect(served.settings).chat(ask("word " * 9000))


def test_a_prompt_that_an_old_ollama_cut_is_noticed(start: Start) -> None:
    served = start("ollama", "old")
    assert connect(served.settings).chat(ask("word " * 400)).text
    with pytest.raises(ContextOverflow, match="left a part of it out"):
        connect(served.settings).chat(ask("word " * 4000))


def test_vllm_loads_an_adapter_and_asks_for_it_by_name(start: Start) -> None:
    served = start("vllm")
    backend = connect(served.settings)
    assert isinstance(backend, VLLM)
    with pytest.raises(InferenceError, match="nightly"):
        backend.chat(ask("Say hello.", adapter="nightly"))
    backend.load_adapter("nightly", "/models/nightly")
    assert backend.chat(ask("Say hello.", adapter="nightly")).model == "nightly"
    assert backend.count_tokens("two words") == 2 and backend.window() == 4096
    assert backend.probe().version == "0.33.0"


def test_tabby_fills_in_the_middle(start: Start) -> None:
    backend = connect(start("tabby").settings)
    assert isinstance(backend, Tabby)
    assert backend.fill("def add(a, b):\n    return ", "\n", "python") == "a + b\n"
    assert backend.probe().models == ("toy-1", "toy-fim") and backend.probe().version == "v0.32.0"


def test_petals_says_why_it_failed(start: Start) -> None:
    backend = connect(replace(start("petals").settings, model="none-such"))
    for listen in (None, lambda text: None):
        with pytest.raises(InferenceError, match="none-such"):
            backend.chat(ask("hi"), listen)


def test_a_conversation_is_written_out_for_petals(start: Start) -> None:
    settings = start("petals").settings
    turns = (
        Message("system", "Be brief."),
        Message("user", "Count"),
        Message("assistant", "ok"),
        Message("user", "on"),
    )
    assert connect(settings).chat(ChatRequest(turns)).text == "one two three four five six"
