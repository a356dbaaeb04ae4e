"""Our own client, sync and async, against a real gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.gateway import exchange
from nootropic_kernel.gateway.client import AsyncClient, Client
from nootropic_kernel.gateway.exchange import (
    BadRequest,
    GatewayError,
    GatewayFailed,
    GatewayUnreachable,
    NotAuthorized,
    Options,
    Reply,
    TooBusy,
    UnknownModel,
)
from nootropic_kernel.gateway.replies import ChatCompletionChunk, ChunkChoice, Delta
from nootropic_kernel.workspace.errors import UsageError
from tests.gateway.running import Gateway, wait_for

pytestmark = pytest.mark.slow

HELLO = Options(model="hello")


def in_async(served: Gateway, work: Callable[[AsyncClient], Awaitable[Any]]) -> Any:
    """Run ``work`` with an async client."""

    async def run() -> Any:
        async with AsyncClient(served.url, served.key) as client:
            return await work(client)

    return asyncio.run(run())


async def collected(pieces: AsyncIterator[str]) -> list[str]:
    return [piece async for piece in pieces]


def test_both_clients_chat_stream_and_list(served: Gateway) -> None:
    turns = [("system", "Be short."), ("user", "Hi")]
    with Client(served.url, served.key) as client:
        whole = client.chat(turns, HELLO)
        assert whole == Reply("Hello wörld", "hello", "stop", 7, 3)
        pieces = list(client.stream("Hi", HELLO))
        assert pieces == ["Hel", "lo ", "wörld"]
        names = client.models()
    assert in_async(served, lambda client: client.chat(turns, HELLO)) == whole
    assert in_async(served, lambda client: collected(client.stream("Hi", HELLO))) == pieces
    assert in_async(served, lambda client: client.models()) == names


def test_a_schema_gives_json(served: Gateway) -> None:
    shape = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    with Client(served.url, served.key) as client:
        assert client.chat("Who?", Options("object", schema=shape)).json()["name"] == "Ada"


ERRORS: list[tuple[str, type[GatewayError], str]] = [
    ("nobody", UnknownModel, "model_not_found"),
    ("busy", TooBusy, "rate_limit_exceeded"),
    ("overflow", BadRequest, "context_length_exceeded"),
    ("broken", GatewayFailed, "inference_error"),
]


@pytest.mark.parametrize(("model", "kind", "code"), ERRORS)
def test_errors_are_typed_in_every_way_of_asking(
    served: Gateway, model: str, kind: type[GatewayError], code: str
) -> None:
    options = Options(model=model)
    seen: list[GatewayError] = []
    with Client(served.url, served.key) as client:
        for ask in (client.chat, lambda text, how: list(client.stream(text, how))):
            with pytest.raises(kind) as caught:
                ask("Hi", options)
            seen.append(caught.value)
    for work in (
        lambda client: client.chat("Hi", options),
        lambda client: collected(client.stream("Hi", options)),
    ):
        with pytest.raises(kind) as caught:
            in_async(served, work)
        seen.append(caught.value)
    assert {error.data["code"] for error in seen} == {code}
    assert model != "busy" or {error.data["retry_after_s"] for error in seen} == {40.0}


def test_a_batch_keeps_its_order_and_its_errors(served: Gateway) -> None:
    with Client(served.url, served.key) as client:
        outcomes = client.batch(["One", [("tool", "no such role")], "Three"], HELLO)
    again = in_async(served, lambda client: client.batch(["One", [("tool", "no such role")], "Three"], HELLO))
    for one, two, three in (outcomes, again):
        assert isinstance(one, Reply) and isinstance(two, BadRequest) and isinstance(three, Reply)


def test_a_cut_stream_is_an_error_after_its_pieces(served: Gateway) -> None:
    heard: list[str] = []
    with Client(served.url, served.key) as client, pytest.raises(GatewayFailed):
        for piece in client.stream("Hi", Options("cut")):
            heard.append(piece)
    assert "".join(heard) == "Half an ans"


def test_leaving_a_stream_stops_the_model(served: Gateway) -> None:
    with Client(served.url, served.key) as client:
        stream = client.stream("Hi", Options("endless"))
        assert next(stream) == "tick "
        stream.close()
        wait_for(lambda: served.running() == 0)


def test_keys_and_connections(served: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOOTROPIC_API_KEY", raising=False)
    with pytest.raises(UsageError, match="NOOTROPIC_API_KEY"):
        Client(served.url)
    with Client(served.url, "wrong") as client, pytest.raises(NotAuthorized):
        client.models()
    with Client("http://127.0.0.1:1/v1", "any") as client, pytest.raises(GatewayUnreachable, match="noo serve"):
        client.chat("Hi")
    monkeypatch.setenv("NOOTROPIC_API_KEY", served.key)
    with Client(served.url) as client:
        assert "hello" in client.models()
        with Client(served.url.removesuffix("/v1") + "/health", served.key) as other, pytest.raises(GatewayError):
            other.models()


@given(st.text())
def test_any_text_comes_through_a_stream_as_it_was(text: str) -> None:
    chunk = ChatCompletionChunk(id="a", created=1, model="m", choices=[ChunkChoice(delta=Delta(content=text))])
    line = f"data: {chunk.model_dump_json()}"
    assert "\n" not in line and exchange.piece(line) == text


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_a_stream_of_anything_gives_texts_or_a_typed_error(line: str) -> None:
    for each in (line, f"data:{line}", f'data: {{"choices": {line}}}'):
        try:
            assert exchange.piece(each) is None or isinstance(exchange.piece(each), str)
        except GatewayError:
            pass
