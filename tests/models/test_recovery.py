"""Each type of error, provoked on a real server: recovered where that can help, reported where it cannot."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nootropic_kernel.models.breaker import Breaker
from nootropic_kernel.models.catalogue import known_as
from nootropic_kernel.models.contract import Answer, ChatRequest, Message
from nootropic_kernel.models.errors import (
    AIErrorType,
    AnswerCut,
    ContextOverflow,
    DownloadFailed,
    InferenceError,
    InvalidOutput,
    ModelError,
    ModelLoadFailed,
    ModelTimeout,
    RateLimited,
    SafetyViolation,
)
from nootropic_kernel.models.exchange import Limits
from nootropic_kernel.models.inference import Backoff, Recovery, inference
from nootropic_kernel.models.matcher import Policy
from nootropic_kernel.models.recovery import pause_s, type_of, with_less_context
from nootropic_kernel.models.router import SWITCHED, Router
from nootropic_kernel.models.standing import Memory
from nootropic_kernel.models.tries import Tries
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.journal import events
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.measuring import Measuring
from nootropic_kernel.workspace.settings import load_settings
from tests.models.conftest import ServeScript
from tests.models.faulty_server import FAULTS
from tests.models.framings import FRAMINGS, event

pytestmark = pytest.mark.slow

CONTROL_BACK_S = 2.0
ASK = ChatRequest((Message("user", "hi"),), max_tokens=50)
CHUNKED = FRAMINGS["openai-compatible, chunked"]
WELL = CHUNKED.whole("well", " done")
MakeRouter = Callable[..., Router]


@pytest.fixture
def route(
    serve: ServeScript, person_home: Path, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MakeRouter:
    """A router over servers that play these scripts, in this order, and no embedded model."""
    monkeypatch.setenv("NOOTROPIC_CACHE", str(tmp_path / "cache"))

    def make(*scripts: list[dict[str, Any]], window: int | None = None) -> Router:
        names = ["one", "two", "three"][: len(scripts)]
        backends: dict[str, dict[str, Any]] = {}
        for name, script in zip(names, scripts, strict=True):
            backends[name] = {"url": serve(*script).url, "model": name}
        if window is not None:
            backends["one"]["contextWindow"] = window
        person_home.mkdir(parents=True, exist_ok=True)
        (person_home / "config.json").write_text(json.dumps({"backends": backends, "modelPreference": names}))
        return Router(load_settings(workspace), workspace, Limits(silence_s=2.0, total_s=20.0), Memory())

    return make


def test_an_answer_says_who_was_left_and_why_and_so_does_the_journal(route: MakeRouter, workspace: Workspace) -> None:
    router = route(FAULTS["500"], WELL)
    answer = router.answer(ASK)
    assert (answer.text, answer.backend, answer.model) == ("well done", "two", "tiny")
    assert len(answer.switched) == 2 and all("'one'" in sentence for sentence in answer.switched)
    router.answer(ASK)
    database = StateDatabase.open(workspace)
    found = [(each.subject, each.data["before"]) for each in events(database.read(), kind=SWITCHED)]
    database.close()
    assert found == [("two", "one")], "once, and not for each request"


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in ("hang", "drip")])
def test_where_nobody_else_answers_the_first_error_is_told(route: MakeRouter, fault: str) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    with pytest.raises(ModelError) as caught:
        route(FAULTS[fault]).answer(ChatRequest(ASK.messages, schema=schema))
    assert caught.value.what and caught.value.next and type_of(caught.value) in AIErrorType


def test_the_error_names_the_others_that_failed_too(route: MakeRouter) -> None:
    with pytest.raises(ModelError, match=r"refused the key.*Then 'two' was asked: .*no more requests"):
        route(FAULTS["401"], FAULTS["429 for an hour"]).answer(ASK)


def test_a_pause_that_was_asked_for_too_long_is_not_waited_for(route: MakeRouter) -> None:
    started = time.monotonic()
    with pytest.raises(RateLimited):
        route(FAULTS["429 for an hour"]).answer(ASK)
    assert time.monotonic() - started < 20


def test_what_was_heard_is_not_begun_again_unless_the_listener_can_take_it(route: MakeRouter) -> None:
    router = route(FAULTS["cut, chunked"], WELL)
    heard: list[str] = []
    with pytest.raises(AnswerCut):
        router.answer(ASK, heard.append)
    assert "".join(heard) == '{"n": 1'
    heard.clear()
    answer = router.answer(ASK, heard.append, on_anew=lambda sentence: heard.append("|"))
    assert answer.text == "well done" and "".join(heard).endswith("|well done") and "".join(heard).count("well") == 1


def test_what_failed_before_the_first_piece_is_begun_again_unheard(route: MakeRouter) -> None:
    heard: list[str] = []
    assert route(FAULTS["cut before the first"], WELL).answer(ASK, heard.append).text == "".join(heard) == "well done"


def test_a_refusal_is_reported_and_no_other_model_is_a_way_around_it(route: MakeRouter) -> None:
    end = event({"choices": [{"delta": {"content": "I"}, "finish_reason": "content_filter"}]})
    refusing = [*CHUNKED.head(), *CHUNKED.frames([end, "data: [DONE]\n\n"]), {"end": True}]
    router = route(refusing, WELL)
    with pytest.raises(SafetyViolation, match="content_filter"):
        router.answer(ASK)
    with pytest.raises(InvalidOutput):
        router.answer(ChatRequest(ASK.messages, schema={"type": "object"}))


def test_an_overflow_leaves_out_the_oldest_turns_and_says_so(route: MakeRouter) -> None:
    turns = [Message("user" if number % 2 == 0 else "assistant", f"turn {number} " * 40) for number in range(9)]
    long = ChatRequest((Message("system", "be brief"), *turns), max_tokens=20)
    with pytest.raises(ContextOverflow):
        route(FAULTS["overflow"], window=600).answer(ASK)
    shorter = with_less_context(long, 600, lambda messages: sum(len(each.content) // 4 for each in messages))
    assert shorter is not None and shorter.messages[0] == long.messages[0] and shorter.messages[-1] == turns[-1]
    assert shorter.messages[1].role == "user" and len(shorter.messages) < len(long.messages)
    assert with_less_context(ASK, 1, lambda messages: 100) is None


def test_late_answers_put_a_backend_behind_the_others(route: MakeRouter) -> None:
    router = route([{"sleep": 0.2}, *WELL], WELL)
    policy = Policy(max_latency_s=0.1)
    for number in range(3):
        ask = ChatRequest((Message("user", str(number)),))
        assert router.answer(ask, policy=policy).backend == "one"
    assert router.answer(ChatRequest((Message("user", "last"),)), policy=Policy()).backend == "two"
    assert router.choose().candidate.name == "two" and router.rank()[-1].score.accuracy.value == 0.0


def test_rejected_answers_are_not_given_again_and_put_a_backend_behind(route: MakeRouter) -> None:
    router = route(WELL, WELL)
    first = router.answer(ASK)
    assert not first.cached and router.answer(ASK).cached
    router.report(first, passed=False)
    for _ in range(2):
        answer = router.answer(ASK)
        assert not answer.cached and answer.backend == "one"
        router.report(answer, passed=False)
    assert router.answer(ASK).backend == "two"


def test_a_kept_answer_is_heard_as_a_whole_and_chance_is_not_kept(route: MakeRouter) -> None:
    router = route(WELL)
    heard: list[str] = []
    router.answer(ASK)
    assert router.answer(ASK, heard.append).cached and heard == ["well done"]
    drawn = ChatRequest(ASK.messages, temperature=0.5)
    assert not router.answer(drawn).cached and not router.answer(drawn).cached
    assert router.answer(drawn, policy=Policy(reuse_sampled=True)).cached


def test_a_batch_keeps_order_and_errors_apart(route: MakeRouter) -> None:
    router = route(WELL)
    bad = ChatRequest(ASK.messages, schema={"type": "object"})
    outcomes = router.batch([ASK, bad, ASK])
    assert [type(outcome) for outcome in outcomes] == [Answer, InvalidOutput, Answer]


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_stop_is_heard_while_a_server_says_nothing(route: MakeRouter, fault: str) -> None:
    cancel, stopped = threading.Event(), list[float]()

    def stop() -> None:
        stopped.append(time.monotonic())
        cancel.set()

    threading.Timer(0.5, stop).start()
    with pytest.raises(Interrupted):
        route(FAULTS[fault], WELL).answer(ASK, cancel=cancel)
    assert time.monotonic() - stopped[0] < CONTROL_BACK_S


def test_the_deadline_bounds_all_tries_together(route: MakeRouter) -> None:
    router = route(FAULTS["hang"], FAULTS["hang"], FAULTS["hang"])
    started = time.monotonic()
    with pytest.raises(ModelTimeout):
        router.answer(ASK, policy=Policy(deadline_s=1.0))
    assert time.monotonic() - started < 5.0


def recovery(**fallback: Any) -> Recovery:
    """A configuration that only falls back, and smaller quantisations first where a model cannot be loaded."""
    ways = [{"type": "degrade", "config": {"quantisation": "smaller"}}, {"type": "fallback", "config": fallback}]
    return Recovery.model_validate(
        {"deadline": 60, "longestPause": 1, "strategies": {"MODEL_LOAD_FAILED": ways, "INFERENCE_ERROR": ways}}
    )


def test_the_configured_model_goes_first_and_a_threshold_keeps_out(route: MakeRouter) -> None:
    router = route(FAULTS["500"], CHUNKED.whole("second"), CHUNKED.whole("third"))
    order = [each for each in router.rank() if not each.out]
    ask = (lambda backend: ASK, None, threading.Event(), None)
    assert Tries(order, Memory(), recovery(), Limits(), Measuring()).answer(*ask)[0].text == "second"
    third = recovery(fallback={"model": "three"})
    assert Tries(order, Memory(), third, Limits(), Measuring()).answer(*ask)[0].text == "third"
    with pytest.raises(InferenceError):
        Tries(order, Memory(), recovery(fallback={"threshold": 0.99}), Limits(), Measuring()).answer(*ask)


def test_a_smaller_file_of_the_same_model_is_tried_first(route: MakeRouter) -> None:
    router = route(FAULTS["500"], CHUNKED.whole("another"), CHUNKED.whole("smaller"))
    order = [each for each in router.rank() if not each.out]
    known = [known_as(name) for name in ("qwen2.5-coder-7b-awq", "llama2-7b-4bit", "qwen2.5-coder-7b")]
    order = [
        replace(each, candidate=replace(each.candidate, known=model)) for each, model in zip(order, known, strict=True)
    ]
    tries = Tries(order, Memory(), recovery(), Limits(), Measuring())
    assert tries.answer(lambda backend: ASK, None, threading.Event(), None)[0].text == "smaller"


def test_a_backend_that_another_request_is_just_trying_is_asked_when_nobody_else_answers(route: MakeRouter) -> None:
    order = [each for each in route(FAULTS["500"], WELL).rank() if not each.out]
    memory = Memory()
    breaker = memory.of(order[1].candidate.place).breaker = Breaker(1, 0.0)
    breaker.enter()
    breaker.failed()
    assert breaker.enter() and not breaker.enter()
    answer, _ = Tries(order, memory, inference().recovery, Limits(), Measuring()).answer(
        lambda backend: ASK, None, threading.Event(), None
    )
    assert answer.text == "well done" and breaker.state == "closed"


def test_when_all_rest_the_first_is_asked_all_the_same(route: MakeRouter) -> None:
    order = [each for each in route(WELL, WELL).rank() if not each.out]
    memory = Memory()
    for each in order:
        memory.of(each.candidate.place).breaker.failed(60)
    answer, candidate = Tries(order, memory, inference().recovery, Limits(), Measuring()).answer(
        lambda backend: ASK, None, threading.Event(), None
    )
    assert answer.text == "well done" and candidate.name == "one"


def test_the_types_of_errors() -> None:
    assert type_of(ModelLoadFailed("")) == type_of(DownloadFailed("")) == AIErrorType.MODEL_LOAD_FAILED
    assert type_of(RateLimited("")) == AIErrorType.RATE_LIMIT
    assert type_of(ContextOverflow("")) == AIErrorType.CONTEXT_OVERFLOW
    assert type_of(SafetyViolation("")) == AIErrorType.SAFETY_VIOLATION
    assert type_of(AnswerCut("")) == type_of(ModelTimeout("")) == AIErrorType.INFERENCE_ERROR


def test_pauses_grow_have_jitter_and_are_as_long_as_was_asked_for() -> None:
    exponential, linear = Backoff(type="exponential", initial=1.0), Backoff(type="linear", initial=1.0)
    plain, asked = AnswerCut(""), RateLimited("", retry_after_s=9.0)
    for tries, most in ((1, 1.0), (2, 2.0), (3, 4.0)):
        drawn = {pause_s(exponential, tries, plain) for _ in range(50)}
        assert len(drawn) > 10 and all(most / 2 <= pause <= most for pause in drawn)
    assert all(1.5 <= pause_s(linear, 3, plain) <= 3.0 for _ in range(50))
    assert pause_s(exponential, 1, asked) == 9.0
