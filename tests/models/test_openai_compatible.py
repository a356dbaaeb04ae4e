"""The wire protocol against servers that behave, misbehave and break."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from nootropic_kernel.models.contract import ChatRequest, Message
from nootropic_kernel.models.errors import (
    AnswerCut,
    AuthenticationFailed,
    BackendUnreachable,
    ContextOverflow,
    InferenceError,
    InvalidOutput,
    ModelError,
    ModelTimeout,
    RateLimited,
)
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.telemetry.spans import read_trace, span
from nootropic_kernel.workspace.backend_settings import BackendSettings
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from tests.models.conftest import ServeScript, chat

pytestmark = pytest.mark.slow

ASK = ChatRequest((Message("user", "hi"),))
STREAM = {"head": "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"}
CLOSING = {"head": "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"}
DONE = {"chunk": "data: [DONE]\n\n"}
END = {"end": True}
# Control must be back within a second; the rest is slack for a busy machine.
CONTROL_BACK_S = 2.0


def says(text: str, reason: str | None = None) -> dict[str, Any]:
    """A script step: one event with a piece of the answer."""
    return {"event": {"model": "tiny-1", "choices": [{"delta": {"content": text}, "finish_reason": reason}]}}


def reply(status: str, kind: str, body: str, *headers: str) -> dict[str, Any]:
    """A script step: a whole reply."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body.encode())}", *headers]
    return {"head": "\r\n".join(head) + "\r\n\r\n" + body}


def test_pieces_are_streamed_and_the_answer_is_whole(serve: ServeScript) -> None:
    usage = {"event": {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}}
    endpoint = serve(STREAM, says("Hel"), says("lo"), says("", "stop"), usage, DONE, END)
    pieces: list[str] = []
    answer = chat(endpoint, ASK, pieces.append)
    assert pieces == ["Hel", "lo"]
    assert (answer.text, answer.model, answer.backend, answer.finish_reason) == ("Hello", "tiny-1", "scripted", "stop")
    assert (answer.input_tokens, answer.output_tokens) == (5, 2)


@pytest.mark.parametrize(
    "last",
    [
        pytest.param([says("lo", "stop"), END], id="finish reason, clean end"),
        pytest.param([says("lo", "stop")], id="finish reason, cut"),
        pytest.param([says("lo", "stop"), {"sleep": 30}], id="finish reason, connection kept open"),
        pytest.param([says("lo"), DONE], id="only DONE"),
    ],
)
def test_a_finish_reason_or_done_ends_an_answer(serve: ServeScript, last: list[dict[str, Any]]) -> None:
    answer = chat(serve(STREAM, says("Hel"), *last), ASK)
    assert (answer.text, answer.finish_reason) == ("Hello", "stop")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([STREAM, says("Hel")], id="chunked"),
        pytest.param([STREAM, says("Hel"), END], id="chunked, clean end"),
        pytest.param(
            [CLOSING, {"send": 'data: {"choices": [{"delta": {"content": "Hel"}}]}\n\ndata: {"ch'}], id="close"
        ),
        pytest.param([STREAM], id="before the first piece"),
    ],
)
def test_a_cut_stream_is_an_error_never_a_whole_answer(serve: ServeScript, script: list[dict[str, Any]]) -> None:
    with pytest.raises(AnswerCut) as caught:
        chat(serve(*script), ASK)
    assert caught.value.code == "AnswerCut"
    assert caught.value.data["partial"] in ("Hel", "")


@pytest.mark.parametrize(
    ("step", "kind", "code"),
    [
        (reply("429 Too Many Requests", "application/json", '{"error": {"message": "slow down"}}', "Retry-After: 7"),
         RateLimited, "RateLimited"),
        (reply("500 Internal Server Error", "text/plain", "it broke"), InferenceError, "InferenceError"),
        (reply("200 OK", "text/html", "<html><b>Please log in</b></html>"), InferenceError, "InferenceError"),
        (reply("302 Found", "text/html", "", "Location: http://127.0.0.1:1/"), InferenceError, "InferenceError"),
        (reply("401 Unauthorized", "application/json", '{"error": "no"}'), AuthenticationFailed,
         "AuthenticationFailed"),
        (reply("400 Bad Request", "application/json",
               '{"error": {"code": "context_length_exceeded", "message": "too long"}}'),
         ContextOverflow, "ContextOverflow"),
        (reply("200 OK", "application/json", "[1]"), InferenceError, "InferenceError"),
    ],
)  # fmt: skip
def test_a_refusal_is_typed(serve: ServeScript, step: dict[str, Any], kind: type[ModelError], code: str) -> None:
    with pytest.raises(kind) as caught:
        chat(serve(step), ASK)
    assert caught.value.code == caught.value.to_json()["type"] == code
    assert caught.value.what and caught.value.next and "<" not in caught.value.why


def test_retry_after_is_told(serve: ServeScript) -> None:
    with pytest.raises(RateLimited) as caught:
        chat(serve(reply("429 Too Many Requests", "text/plain", "no", "Retry-After: 7")), ASK)
    assert caught.value.data["retry_after_s"] == 7 and "7 seconds" in caught.value.next


@pytest.mark.parametrize(
    "step",
    [
        pytest.param({"chunk": "data: {not json\n\n"}, id="not JSON"),
        pytest.param({"chunk": "data: [1, 2]\n\n"}, id="a list"),
        pytest.param({"event": {"choices": "none"}}, id="choices"),
        pytest.param({"event": {"choices": [{"delta": {"content": 5}}]}}, id="content"),
        pytest.param({"event": {"choices": [{"delta": 5}]}}, id="delta"),
        pytest.param({"event": {"choices": [5]}}, id="choice"),
        pytest.param({"chunk": "data: " + "[" * 100_000 + "\n\n"}, id="deep"),
        pytest.param({"event": {"error": {"code": 500, "message": "out of memory"}}}, id="error event"),
    ],
)
def test_a_malformed_event_is_an_error(serve: ServeScript, step: dict[str, Any]) -> None:
    with pytest.raises(InferenceError):
        chat(serve(STREAM, says("Hel"), step, says("lo", "stop"), DONE, END), ASK)


def test_a_line_without_end_is_not_swallowed(serve: ServeScript) -> None:
    endless = {"repeat": "x", "size": 1 << 20, "times": 50}
    with pytest.raises(InferenceError, match="more than an answer can be"):
        chat(serve(STREAM, {"chunk": "data: "}, endless), ASK)


def test_an_answer_without_end_is_not_swallowed(serve: ServeScript) -> None:
    piece = 'data: {"choices": [{"delta": {"content": "' + "x" * 1000 + '"}}]}\n\n'
    with pytest.raises(InferenceError, match="more than an answer can be"):
        chat(serve(STREAM, {"repeat": piece, "size": 1, "times": 1000}), ASK, limits=Limits(text_chars=10_000))


def test_silence_is_a_timeout(serve: ServeScript) -> None:
    with pytest.raises(ModelTimeout):
        chat(serve(STREAM, says("Hel"), {"sleep": 60}), ASK, limits=Limits(silence_s=0.5))


@pytest.mark.parametrize(
    "drip",
    [
        pytest.param(": alive\n\n", id="comments"),
        pytest.param('data: {"choices": [{"delta": {"content": "x"}}]}\n\n', id="pieces"),
    ],
)
def test_a_drip_ends_at_the_total_deadline(serve: ServeScript, drip: str) -> None:
    started = time.monotonic()
    with pytest.raises(ModelTimeout):
        chat(serve(STREAM, {"drip": drip, "every": 0.02}), ASK, limits=Limits(silence_s=5, total_s=1))
    assert time.monotonic() - started < 1 + CONTROL_BACK_S


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([{"sleep": 60}], id="before the head"),
        pytest.param([STREAM, {"sleep": 60}], id="before the first piece"),
        pytest.param([STREAM, says("Hel"), {"sleep": 60}], id="in the answer"),
        pytest.param([STREAM, {"drip": ": alive\n\n", "every": 0.01}], id="comments"),
    ],
)
def test_cancel_gives_control_back(serve: ServeScript, script: list[dict[str, Any]]) -> None:
    cancel = threading.Event()
    endpoint = serve(*script)
    timer = threading.Timer(0.5, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        chat(endpoint, ASK, cancel=cancel)
    assert time.monotonic() - started < 0.5 + CONTROL_BACK_S
    timer.join()


def test_the_reading_thread_ends_with_the_call(serve: ServeScript) -> None:
    cancel = threading.Event()

    def stop(_: str) -> None:
        cancel.set()

    with pytest.raises(Interrupted):
        chat(serve(STREAM, says("Hel"), {"sleep": 60}), ASK, stop, cancel)
    deadline = time.monotonic() + 10
    while any(thread.name == "nootropic-model-stream" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the thread still waits for the server"
        time.sleep(0.05)


def test_an_error_of_the_listener_comes_out(serve: ServeScript) -> None:
    def broken(_: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        chat(serve(STREAM, says("Hel"), {"sleep": 60}), ASK, broken)


def test_nobody_listens() -> None:
    with pytest.raises(BackendUnreachable) as caught:
        chat(BackendSettings("gone", "http://127.0.0.1:1/v1", "tiny"), ASK)
    assert caught.value.code == "BackendUnreachable"


def test_the_key_is_sent_and_never_told(serve: ServeScript) -> None:
    sent = chat(serve(STREAM, {"echo": True}, key="sk-secret-0123456789"), ASK).text
    assert "authorization: bearer [key]" in sent.lower() and "sk-secret-0123456789" not in sent
    refusing = serve(
        reply("403 Forbidden", "text/plain", "the key sk-secret-0123456789 is not known"), key="sk-secret-0123456789"
    )
    with pytest.raises(AuthenticationFailed) as caught:
        chat(refusing, ASK)
    assert "sk-secret-0123456789" not in str(caught.value.to_json())


def test_no_proxy_is_asked_for_this_machine(serve: ServeScript, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert chat(serve(STREAM, says("hi", "stop"), DONE, END), ASK).text == "hi"


def test_a_server_that_does_not_stream_is_understood(serve: ServeScript) -> None:
    body = '{"model": "m", "choices": [{"message": {"content": "all"}, "finish_reason": "length"}], "usage": {}}'
    answer = chat(serve(reply("200 OK", "application/json", body)), ASK)
    assert (answer.text, answer.finish_reason, answer.input_tokens) == ("all", "length", None)


def test_an_answer_outside_its_schema_is_refused_and_kept(serve: ServeScript) -> None:
    request = ChatRequest((Message("user", "age"),), schema={"type": "integer", "maximum": 10})
    assert chat(serve(STREAM, says("7", "stop"), DONE), request).text == "7"
    for text in ("70", "seven", "{"):
        with pytest.raises(InvalidOutput) as caught:
            chat(serve(STREAM, says(text, "length"), DONE), request)
        assert caught.value.data["text"] == text


def test_a_call_is_a_span_with_the_models_name(serve: ServeScript, workspace: Workspace) -> None:
    workspace.ensure()
    with span(workspace, "work") as current:
        chat(serve(STREAM, says("hi", "stop"), DONE, END), ASK)
    work, call = read_trace(workspace, current.trace_id)
    assert (call.name, call.parent_id) == ("chat tiny", work.span_id)
    assert call.attributes["gen_ai.response.model"] == "tiny-1"
    assert call.attributes["gen_ai.response.time_to_first_chunk"] > 0
    said = ("gen_ai.input.messages", "gen_ai.output.messages")
    assert "hi" not in str([value for name, value in call.attributes.items() if name not in said])
