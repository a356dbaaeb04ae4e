"""Steps are generators; the driver serves their effects, several at once too, and can always stop."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nootropic_kernel.runs.driver import Handlers, drive
from nootropic_kernel.runs.effects import (
    All,
    Answer,
    Approve,
    Ask,
    Effect,
    Message,
    Read,
    Run,
    RunResult,
    Search,
    Snippet,
    Step,
)
from nootropic_kernel.runs.errors import PartsFailed
from nootropic_kernel.workspace.errors import Interrupted, NootropicError


def ask(purpose: str) -> Ask:
    return Ask((Message("user", purpose),), purpose)


def handlers(served: list[str], fail: Callable[[str], None] = lambda name: None, yes: bool = True) -> Handlers:
    """Handlers that note what they served; the answers are plain and known."""

    def serve(name: str) -> None:
        fail(name)
        served.append(name)

    def asked(effect: Ask, cancel: threading.Event) -> Answer:
        serve(effect.purpose)
        return Answer(f"re: {effect.purpose}", "m", "b", "stop")

    def approve(effect: Approve, cancel: threading.Event) -> bool:
        serve(effect.question)
        return yes

    def run(effect: Run, cancel: threading.Event) -> RunResult:
        serve(effect.command[0])
        return RunResult(0, "", "", "none")

    def search(effect: Search, cancel: threading.Event) -> list[Snippet]:
        serve(effect.query)
        return [Snippet("a.py", 1, 2, effect.query, 0.5)]

    def read(effect: Read, cancel: threading.Event) -> bytes | None:
        serve(effect.path)
        return effect.path.encode()

    return Handlers(ask=asked, approve=approve, run=run, search=search, read=read)


def yielding(*effects: Effect) -> Step[list[Any]]:
    got = []
    for effect in effects:
        got.append((yield effect))
    return got


def test_a_step_is_served_and_returns_its_result() -> None:
    effects = (ask("greet"), Approve("?"), Search("x"), All((Read("a"), Read("b"))), Run(("true",), "."))
    answer, yes, found, several, ran = drive(yielding(*effects), handlers([]), threading.Event())
    assert (answer.text, yes, found[0].path, several, ran.code) == ("re: greet", True, "a.py", [b"a", b"b"], 0)


def test_a_failed_request_reaches_the_step_which_may_go_on() -> None:
    def fail(name: str) -> None:
        if name == "bad":
            raise NootropicError("no such file")

    def step() -> Step[str]:
        try:
            yield Read("bad")
        except NootropicError as error:
            return f"went on: {error.what}"
        return "not reached"

    assert drive(step(), handlers([], fail), threading.Event()) == "went on: no such file"
    with pytest.raises(NootropicError, match="no such file"):
        drive(yielding(Read("bad")), handlers([], fail), threading.Event())


def test_a_stop_is_felt_between_requests_and_closes_the_step() -> None:
    cancel = threading.Event()
    closed = []

    def step() -> Step[None]:
        try:
            yield Read("a")
            cancel.set()
            yield Read("b")
            yield Read("c")
        finally:
            closed.append(True)

    served: list[str] = []
    with pytest.raises(Interrupted):
        drive(step(), handlers(served), cancel)
    assert served == ["a", "b"]
    assert closed == [True]


nested = st.recursive(
    st.text("abc", min_size=1, max_size=3).map(Read),
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: All(tuple(parts))),
    max_leaves=20,
)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(nested)
def test_answers_have_the_order_and_shape_of_the_requests(effect: Effect) -> None:
    def expected(part: Effect) -> Any:
        return [expected(each) for each in part.effects] if isinstance(part, All) else part.path.encode()  # type: ignore[union-attr]

    served: list[str] = []
    assert drive(yielding(effect), handlers(served), threading.Event()) == [expected(effect)]


def test_parts_run_side_by_side_but_not_all_of_them() -> None:
    guard, running, most = threading.Lock(), 0, 0
    together = threading.Barrier(2)

    def fail(name: str) -> None:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        if name in ("0", "1"):
            together.wait(30)  # neither would pass alone
        time.sleep(0.005)
        with guard:
            running -= 1

    parts = tuple(Read(str(number)) for number in range(100))
    drive(yielding(All(parts)), handlers([], fail), threading.Event())
    assert 2 <= most <= 16


def test_failed_parts_come_as_one_error_that_names_them_and_keeps_the_others() -> None:
    def fail(name: str) -> None:
        if name.startswith("bad"):
            raise NootropicError(f"{name} is refused", next="Name another.")

    def step() -> Step[PartsFailed]:
        try:
            yield All((Read("a"), All((Read("bad1"), Read("b"))), Read("bad2")))
        except PartsFailed as problem:
            return problem
        raise AssertionError("not reached")

    problem = drive(step(), handlers([], fail), threading.Event())
    assert [(effect, error.what) for effect, error in problem.failed if isinstance(error, NootropicError)] == [
        (Read("bad1"), "bad1 is refused"),
        (Read("bad2"), "bad2 is refused"),
    ]
    assert problem.answers == [b"a", [None, b"b"], None]
    assert str(problem) == (
        "2 of 4 requests failed. reading bad1: bad1 is refused. reading bad2: bad2 is refused. Name another."
    )


def test_a_stop_ends_the_parts_that_run_and_begins_no_other() -> None:
    cancel = threading.Event()
    began: list[str] = []

    def read(effect: Read, cancel: threading.Event) -> bytes | None:
        began.append(effect.path)
        if cancel.wait(60):
            raise Interrupted()
        return b""

    patient = handlers([])
    patient = Handlers(patient.ask, patient.approve, patient.run, patient.search, read)
    threading.Timer(0.3, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        drive(yielding(All(tuple(Read(str(number)) for number in range(50)))), patient, cancel)
    assert time.monotonic() - started < 20 and 2 <= len(began) < 50


INTERRUPTED = """
import os, threading
from nootropic_kernel.runs.driver import Handlers, drive
from nootropic_kernel.runs.effects import All, Read
from nootropic_kernel.workspace.errors import Interrupted
from tests.runs.test_driver import handlers, yielding

def read(effect, cancel):
    os.write(1, b"waits\\n")  # in one piece, as two threads write
    if cancel.wait(60):
        os.write(1, b"stopped\\n")
        raise Interrupted()

plain = handlers([])
try:
    drive(yielding(All((Read("a"), Read("b")))), Handlers(plain.ask, plain.approve, plain.run, plain.search, read),
          threading.Event())
except KeyboardInterrupt:
    print("ended", flush=True)
"""


def test_ctrl_c_in_the_drivers_own_thread_stops_the_parts_as_well() -> None:
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline(), process.stdout.readline()] == ["waits\n", "waits\n"]
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=50)[0]
    assert told.splitlines() == ["stopped", "stopped", "ended"]


AT_ONCE = """
import os, signal, threading
from nootropic_kernel.runs.driver import Handlers, drive
from nootropic_kernel.runs.effects import All, Read
from nootropic_kernel.workspace.errors import Interrupted
from tests.runs.test_driver import handlers, yielding

def read(effect, cancel):
    began.append(effect.path)
    if effect.path == "0":
        os.kill(os.getpid(), signal.SIGINT)
    if cancel.wait(60):
        ended.append(effect.path)
        raise Interrupted()

plain = handlers([])
for _ in range(40):
    began, ended = [], []
    try:
        drive(yielding(All(tuple(Read(str(at)) for at in range(8)))),
              Handlers(plain.ask, plain.approve, plain.run, plain.search, read), threading.Event())
    except KeyboardInterrupt:
        print(sorted(began) == sorted(ended), flush=True)
"""


def test_ctrl_c_while_the_parts_begin_leaves_none_of_them_behind() -> None:
    """Regression: it left a part running, or the pool's lock taken, so that nothing ended any more."""
    done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["True"] * 40, done.stderr
