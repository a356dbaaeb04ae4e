"""Steps are generators; the driver serves them, journals, replays and stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nootropic_kernel.runs.driver import Handlers, drive
from nootropic_kernel.runs.effects import (
    All,
    Answer,
    Approve,
    Ask,
    Message,
    Read,
    Run,
    RunResult,
    Search,
    Snippet,
    Step,
)
from nootropic_kernel.runs.steps import StepLog, decode, encode, fingerprint
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import Interrupted, NootropicError
from nootropic_kernel.workspace.location import Workspace


def handlers(served: list[str], fail: Callable[[str], None] = lambda name: None) -> Handlers:
    """Handlers that note what they served; the answers are plain and known."""

    def read(effect: Read, cancel: threading.Event) -> bytes | None:
        fail(effect.path)
        served.append(effect.path)
        return effect.path.encode()

    return Handlers(
        ask=lambda effect, cancel: Answer(f"re: {effect.purpose}", "m", "b", "stop"),
        approve=lambda effect, cancel: True,
        run=lambda effect, cancel: RunResult(0, "", "", "none"),
        search=lambda effect, cancel: [Snippet("a.py", 1, 2, "text", 0.5)],
        read=read,
    )


def reads(*paths: str) -> Step[list[bytes]]:
    got = []
    for path in paths:
        got.append((yield Read(path)))
    return got


def test_a_step_is_served_and_returns_its_result() -> None:
    def step() -> Step[tuple[object, ...]]:
        answer = yield Ask((Message("user", "hi"),), "greet")
        yes = yield Approve("?")
        found = yield Search("x")
        several = yield All((Read("a"), Read("b")))
        ran = yield Run(("true",), ".")
        return answer.text, yes, found[0].path, several, ran.code

    assert drive(step(), handlers([]), threading.Event()) == ("re: greet", True, "a.py", [b"a", b"b"], 0)


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
        drive(reads("bad"), handlers([], fail), threading.Event())


def test_cancel_stops_between_requests_and_closes_the_step() -> None:
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


def test_a_broken_off_run_resumes_without_redoing(database: StateDatabase) -> None:
    def fail(name: str) -> None:
        if name == "c":
            raise KeyboardInterrupt

    first: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        drive(reads("a", "b", "c"), handlers(first, fail), threading.Event(), StepLog(database, "R1"))
    second: list[str] = []
    assert drive(reads("a", "b", "c"), handlers(second), threading.Event(), StepLog(database, "R1")) == [
        b"a",
        b"b",
        b"c",
    ]
    assert (first, second) == (["a", "b"], ["c"])


def test_a_request_that_differs_restarts_from_there(database: StateDatabase) -> None:
    drive(reads("a", "b", "c"), handlers([]), threading.Event(), StepLog(database, "R1"))
    served: list[str] = []
    drive(reads("a", "x", "c"), handlers(served), threading.Event(), StepLog(database, "R1"))
    assert served == ["x", "c"]


KILLED = """
import sys, threading, time
from nootropic_kernel.runs.driver import drive
from nootropic_kernel.runs.steps import StepLog
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.runs.test_driver import handlers, reads

def fail(name):
    if name == "7":
        print("in flight", flush=True)
        time.sleep(60)

log = StepLog(StateDatabase.open(Workspace.find(sys.argv[1])), "R")
drive(reads(*map(str, range(10))), handlers([], fail), threading.Event(), log)
"""


def test_kill_costs_the_request_in_flight_only(repo: Path, workspace: Workspace) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(repo)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "in flight\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    served: list[str] = []
    database = StateDatabase.open(workspace)
    drive(reads(*map(str, range(10))), handlers(served), threading.Event(), StepLog(database, "R"))
    database.close()
    assert served == ["7", "8", "9"]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(plain)
def test_answers_come_back_as_they_were(value: object) -> None:
    assert decode(encode(value)) == value


@given(st.text(), st.text(), st.floats(allow_nan=False))
def test_records_come_back_as_they_were(path: str, text: str, score: float) -> None:
    value = [Snippet(path, 1, 2, text, score), Answer(text, path, "b", "stop", 1, None)]
    assert decode(encode(value)) == value
    assert fingerprint(Read(path)) == fingerprint(Read(path))
    assert fingerprint(Read(path)) != fingerprint(Search(path))
