"""OpenAI's own client against the gateway, unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.gateway.running import Gateway, gateway, wait_for

pytestmark = pytest.mark.slow

ASK: Any = [{"role": "user", "content": "Say hello."}]


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture
def client(served: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=served.url, api_key=served.key, max_retries=0, timeout=60) as made:
        yield made


def test_models_are_listed_and_retrieved(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[:2] == ["auto", "hello"] and "endless" in names
    assert client.models.retrieve("hello").id == "hello"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-4o")
    assert caught.value.code == "model_not_found"


def test_a_chat_has_text_usage_and_a_name_that_can_be_asked_again(client: openai.OpenAI) -> None:
    for model in ("hello", "auto"):
        reply = client.chat.completions.create(model=model, messages=ASK)
        assert reply.choices[0].message.content == "Hello wörld"
        assert reply.choices[0].finish_reason == "stop"
        assert reply.usage is not None
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens, reply.usage.total_tokens) == (7, 3, 10)
        assert reply.model == "hello"  # and not the file of the model, which its server names


def test_the_answer_may_be_sent_back_as_it_came(client: openai.OpenAI) -> None:
    first = client.chat.completions.create(model="hello", messages=ASK).choices[0].message
    again = client.chat.completions.create(model="hello", messages=[*ASK, first, *ASK])
    assert again.choices[0].message.content == "Hello wörld"


def test_what_is_not_counted_is_not_given_as_a_number(client: openai.OpenAI) -> None:
    assert client.chat.completions.create(model="uncounted", messages=ASK).usage is None


@pytest.mark.parametrize("counted", [True, False])
def test_a_stream_has_its_pieces_and_usage_only_when_asked(client: openai.OpenAI, counted: bool) -> None:
    with client.chat.completions.create(
        model="hello", messages=ASK, stream=True, stream_options={"include_usage": counted}
    ) as stream:
        chunks = list(stream)
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert texts == ["Hel", "lo ", "wörld"]
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == ([10] if counted else [])
    assert (chunks[-1].choices == []) is counted


def test_a_shape_is_parsed(client: openai.OpenAI) -> None:
    reply = client.chat.completions.parse(model="object", messages=ASK, response_format=Person)
    assert reply.choices[0].message.parsed == Person(name="Ada", age=36)
    with client.chat.completions.stream(model="object", messages=ASK, response_format=Person) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == Person(name="Ada", age=36)


def test_an_answer_cut_at_its_limit_says_length(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="half_object", messages=ASK, response_format={"type": "json_object"})
    assert (reply.choices[0].message.content, reply.choices[0].finish_reason) == ('{"name": "A', "length")
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="half_object", messages=ASK, response_format=Person)


@pytest.mark.parametrize(
    ("model", "kind", "code"),
    [
        ("nobody", openai.NotFoundError, "model_not_found"),
        ("busy", openai.RateLimitError, "rate_limit_exceeded"),
        ("overflow", openai.BadRequestError, "context_length_exceeded"),
        # The key that the person's settings name is wrong, not the caller's.
        ("locked", openai.InternalServerError, "authentication_failed"),
        ("broken", openai.InternalServerError, "inference_error"),
        ("wrong_object", openai.InternalServerError, "schema_violation"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_errors_become_the_clients_own_classes(
    client: openai.OpenAI, model: str, kind: type[openai.APIStatusError], code: str, stream: bool
) -> None:
    shape: Any = {"type": "json_schema", "json_schema": {"name": "person", "schema": Person.model_json_schema()}}
    with pytest.raises(kind) as caught:
        client.chat.completions.create(model=model, messages=ASK, stream=stream, response_format=shape)
    assert caught.value.code == code
    if model == "busy":
        assert caught.value.response.headers["retry-after"] == "40"
    if model == "wrong_object":
        assert caught.value.status_code == 502
        assert caught.value.response.headers.get("x-should-retry") != "false"


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"temperature": 3}, "temperature"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"extra_body": {"top_k": 4}}, "top_k"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "no"}}}}, None),
    ],
)
def test_what_is_not_offered_is_refused_by_name(client: openai.OpenAI, wish: dict[str, Any], param: str | None) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="hello", messages=ASK, **wish)
    assert (caught.value.param or "").split(".")[0] == (param or "response_format")


def test_a_wrong_key_is_an_authentication_error(served: Gateway) -> None:
    with openai.OpenAI(base_url=served.url, api_key="wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            client.chat.completions.create(model="hello", messages=ASK)


def test_a_stream_that_breaks_off_raises_after_its_pieces(client: openai.OpenAI) -> None:
    heard: list[str] = []
    with pytest.raises(openai.APIError, match="was cut off"):
        with client.chat.completions.create(model="cut", messages=ASK, stream=True) as stream:
            for chunk in stream:
                heard.append(chunk.choices[0].delta.content or "")
    assert "".join(heard) == "Half an ans"


def test_a_client_that_leaves_a_stream_stops_the_model(client: openai.OpenAI, served: Gateway) -> None:
    with client.chat.completions.create(model="endless", messages=ASK, stream=True) as stream:
        next(chunk for chunk in stream if chunk.choices[0].delta.content)
        assert served.running() == 1
    wait_for(lambda: served.running() == 0)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_waits_no_longer_stops_the_model(client: openai.OpenAI, served: Gateway, stream: bool) -> None:
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=1).chat.completions.create(model="silent", messages=ASK, stream=stream)
    wait_for(lambda: served.running() == 0)


def test_a_full_queue_is_a_rate_limit_and_the_clients_retry_gets_through(
    served: Gateway, folder: Path, home: Path
) -> None:
    with gateway(folder, home, "--parallel=1", "--queue=0") as small:
        with openai.OpenAI(base_url=small.url, api_key=small.key, max_retries=0, timeout=60) as client:
            with client.chat.completions.create(model="endless", messages=ASK, stream=True) as stream:
                next(iter(stream))
                with pytest.raises(openai.RateLimitError) as caught:
                    client.chat.completions.create(model="hello", messages=ASK)
                assert int(caught.value.response.headers["retry-after"]) >= 1
            patient = client.with_options(max_retries=8)
            assert patient.chat.completions.create(model="hello", messages=ASK).choices[0].message.content


def test_embeddings_as_numbers_and_as_bytes(complete: Gateway) -> None:
    with openai.OpenAI(base_url=complete.url, api_key=complete.key, max_retries=0, timeout=60) as client:
        plain = client.embeddings.create(model="auto", input=["one", "two"], encoding_format="float")
        packed = client.embeddings.create(model="toy", input=["one", "two"])  # base64 on the way
        assert [row.index for row in plain.data] == [0, 1] and plain.model == "toy"
        for one, other in zip(plain.data, packed.data, strict=True):
            assert one.embedding == pytest.approx(other.embedding, rel=1e-6)
        assert plain.data[0].embedding != plain.data[1].embedding
