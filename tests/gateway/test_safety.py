"""The `safety` field of /v1/chat: what can be kept is kept, what cannot be measured is said."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.gateway.running import Gateway

pytestmark = pytest.mark.slow


def ask(served: Gateway, model: str, safety: dict[str, Any] | None, **more: Any) -> httpx.Response:
    with served.http() as client:
        body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "safety": safety, **more}
        return client.post("/v1/chat", json=body)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("model", "rule"),
    [("secret", {"secrets": {"action": "block"}}), ("hello", {"forbidden": {"texts": ["LO W"], "action": "block"}})],
)
def test_what_is_blocked_is_never_sent(served: Gateway, model: str, rule: dict[str, Any], stream: bool) -> None:
    reply = ask(served, model, rule, stream=stream)
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "safety_violation"
    assert "hunter2" not in reply.text and "Hel" not in reply.text


def test_what_is_flagged_is_sent_and_said(served: Gateway) -> None:
    reply = ask(served, "secret", {"secrets": {"action": "flag"}, "forbidden": {"texts": ["zebra"], "action": "log"}})
    document = reply.json()
    assert "hunter2" in document["choices"][0]["message"]["content"]
    assert [(each["check"], each["status"]) for each in document["safety"]] == [
        ("secrets", "found"),
        ("forbidden", "passed"),
    ]
    assert "hunter2" not in str(document["safety"])


@pytest.mark.parametrize("what", ["toxicity", "bias", "factual"])
def test_what_nothing_measures_is_refused_or_said(served: Gateway, what: str) -> None:
    refused = ask(served, "hello", {what: {"threshold": 0.5, "action": "block"}})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "safety_not_measured"
    assert refused.json()["error"]["param"] == f"safety.{what}.action"
    answered = ask(served, "hello", {what: {"threshold": 0.5, "action": "flag"}}).json()
    assert [(each["check"], each["status"]) for each in answered["safety"]] == [(what, "not_measured")]


def test_without_the_field_it_is_a_chat_like_any_other(served: Gateway) -> None:
    document = ask(served, "hello", None).json()
    assert document["choices"][0]["message"]["content"] == "Hello wörld" and "safety" not in document


def test_a_stream_says_at_its_end_what_was_found(served: Gateway) -> None:
    text = ask(served, "secret", {"secrets": {"action": "flag"}}, stream=True).text
    assert '"status":"found"' in text.split("\n\n")[-3] and text.endswith("data: [DONE]\n\n")
