"""Gathering: who gets which answer, who waits for whom, and that a stop is nobody else's business."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nootropic_kernel.models.backends import connect
from nootropic_kernel.models.batching import Gatherer
from nootropic_kernel.models.contract import Answer, ChatRequest, Message, Outcome
from nootropic_kernel.models.errors import InferenceError, ModelError
from nootropic_kernel.workspace.errors import Interrupted
from tests.models.stand_ins import stand_in

CONTROL_BACK_S = 2.0


def asked(text: str) -> ChatRequest:
    """A request that says ``text``."""
    return ChatRequest((Message("user", text),), max_tokens=64)


class Engine:
    """Answers a batch with the texts of its requests; those that say "fail" fail. It notes what came together."""

    def __init__(self, takes_s: float = 0.0) -> None:
        self.batches: list[list[str]] = []
        self.takes_s = takes_s
        self.was_cancelled = False

    def send(self, requests: Sequence[ChatRequest], cancel: threading.Event) -> list[Outcome]:
        """Answer all of them."""
        texts = [request.messages[0].content for request in requests]
        self.batches.append(texts)
        self.was_cancelled = cancel.wait(self.takes_s)
        return [
            InferenceError(f"failed {text}") if text.startswith("fail") else Answer(text, "m", "b", "stop")
            for text in texts
        ]


def test_each_caller_gets_its_own_answer_or_error() -> None:
    engine = Engine()
    gatherer = Gatherer(engine.send, 2.0, 8)

    def ask(text: str) -> str:
        try:
            return gatherer.ask(asked(text), threading.Event()).text
        except ModelError as error:
            return error.what

    texts = [f"{'fail' if number % 3 == 0 else 'say'} {number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, texts))
    assert answers == [f"failed {text}" if text.startswith("fail") else text for text in texts]
    assert len(engine.batches) == 1 and sorted(engine.batches[0]) == sorted(texts)


def test_a_batch_has_its_most_and_a_single_request_does_not_wait_for_ever() -> None:
    engine = Engine()
    gatherer = Gatherer(engine.send, 0.3, 4)
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda number: gatherer.ask(asked(str(number)), threading.Event()), range(10)))
    assert max(map(len, engine.batches)) <= 4 and sum(map(len, engine.batches)) == 10
    assert gatherer.ask(asked("alone"), threading.Event()).text == "alone"


def test_a_stop_of_one_stops_no_other() -> None:
    engine = Engine(takes_s=1.0)
    gatherer = Gatherer(engine.send, 0.2, 8)
    cancel = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        stays = pool.submit(gatherer.ask, asked("stays"), threading.Event())
        goes = pool.submit(gatherer.ask, asked("goes"), cancel)
        while not engine.batches:
            time.sleep(0.01)
        stopped = time.monotonic()
        cancel.set()
        with pytest.raises(Interrupted):
            goes.result()
        assert time.monotonic() - stopped < CONTROL_BACK_S
        assert stays.result().text == "stays" and not engine.was_cancelled


def test_when_all_have_stopped_the_batch_is_stopped() -> None:
    engine = Engine(takes_s=60.0)
    gatherer = Gatherer(engine.send, 0.0, 8)
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    with pytest.raises(Interrupted):
        gatherer.ask(asked("goes"), cancel)
    deadline = time.monotonic() + 20
    while not engine.was_cancelled and time.monotonic() < deadline:
        time.sleep(0.01)
    assert engine.was_cancelled


def test_an_error_of_the_whole_batch_is_everybodys() -> None:
    def send(requests: Sequence[ChatRequest], cancel: threading.Event) -> list[Outcome]:
        raise InferenceError("all of it failed")

    with pytest.raises(InferenceError, match="all of it"):
        Gatherer(send, 0.0, 8).ask(asked("any"), threading.Event())


def test_a_real_server_is_asked_by_several_at_once(tmp_path: Path) -> None:
    with stand_in("vllm", tmp_path) as server:
        backend = connect(server.settings)
        gatherer = Gatherer(backend.batch, 0.5, backend.features.batch)
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda number: gatherer.ask(asked(f"say {number}"), threading.Event()), range(6)))
        alone = [backend.chat(asked(f"say {number}")) for number in range(6)]
    assert [answer.text for answer in answers] == [answer.text for answer in alone]
