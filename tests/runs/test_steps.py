"""What a broken-off run keeps, what it takes up again, and what is thrown away."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nootropic_kernel.runs.driver import drive
from nootropic_kernel.runs.effects import All, Answer, Approve, Ask, Effect, Read, Run, Search, Step
from nootropic_kernel.runs.errors import PartsFailed
from nootropic_kernel.runs.steps import KEPT_RUNS, KEPT_S, StepLog
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import Interrupted, NootropicError
from nootropic_kernel.workspace.location import Workspace
from tests.runs.test_driver import ask, handlers, yielding

COMMAND = Run(("pytest",), ".")


class Broken(BaseException):
    """The process ends here, as far as the driver can tell."""


def go(
    database: StateDatabase, *effects: Effect, until: str = "", run: str = "R", on: str = "", yes: bool = True
) -> tuple[list[str], StepLog]:
    """Drive a step of these effects; its process breaks down before the one named ``until``."""

    def fail(name: str) -> None:
        if name == until:
            raise Broken

    served: list[str] = []
    log = StepLog(database, run)
    ready = replace(handlers(served, fail, yes=yes), depends_on=lambda effect: on)
    try:
        drive(yielding(*effects), ready, threading.Event(), log)
    except Broken:
        pass
    return served, log


def rows(database: StateDatabase, run: str = "R") -> int:
    found = database.read().execute("SELECT count(*) FROM run_answers WHERE run = ?", (run,)).fetchone()[0]
    assert isinstance(found, int)
    return found


def test_a_broken_off_run_resumes_without_redoing(database: StateDatabase) -> None:
    effects = (ask("a"), Approve("b"), COMMAND, ask("c"))
    assert go(database, *effects, until="c")[0] == ["a", "b", "pytest"]
    served, log = go(database, *effects)
    assert served == ["c"] and (log.replayed, log.recorded, log.damage) == (3, 1, "")


def test_what_only_looks_is_done_again_and_not_kept(database: StateDatabase) -> None:
    effects = (Search("s"), All((Read("a"), Read("b"))), ask("c"))
    first, _ = go(database, *effects, until="c")
    assert sorted(first) == ["a", "b", "s"] and rows(database) == 0
    assert sorted(go(database, *effects)[0]) == ["a", "b", "c", "s"] and rows(database) == 1


def test_a_request_that_differs_restarts_from_there(database: StateDatabase) -> None:
    go(database, ask("a"), ask("b"), ask("c"))
    assert go(database, ask("a"), ask("x"), ask("c"))[0] == ["x", "c"]
    assert go(database, ask("a"), ask("x"), ask("c"))[0] == []
    newer = replace(ask("x"), prompt_version="2")
    assert go(database, ask("a"), newer, ask("c"))[0] == ["x", "c"]
    assert go(database, ask("a"), newer, ask("c"), on="another model")[0] == ["a", "x", "c"]


def test_a_no_is_an_answer_and_a_failure_is_none(database: StateDatabase) -> None:
    effects = (Approve("Shall I?"), ask("a"))
    assert go(database, *effects, until="a", yes=False)[0] == ["Shall I?"]
    answers: list[Any] = []

    def step() -> Step[None]:
        answers.append((yield effects[0]))
        answers.append((yield effects[1]))

    def fail(name: str) -> None:
        raise NootropicError("no server")

    served: list[str] = []
    log = StepLog(database, "R")
    with pytest.raises(NootropicError, match="no server"):
        drive(step(), handlers(served, fail), threading.Event(), log)
    drive(step(), handlers(served), threading.Event(), StepLog(database, "R"))
    assert answers[0] is False and served == ["a"] and isinstance(answers[-1], Answer)


def test_a_question_that_a_stop_broke_off_is_not_a_no(database: StateDatabase) -> None:
    cancel = threading.Event()
    stopped = handlers([], lambda name: cancel.set(), yes=False)
    with pytest.raises(Interrupted):
        drive(yielding(Approve("Shall I?")), stopped, cancel, StepLog(database, "R"))
    assert rows(database) == 0
    assert go(database, Approve("Shall I?"))[0] == ["Shall I?"]


def test_answers_on_which_the_step_itself_fails_are_forgotten(database: StateDatabase) -> None:
    def step() -> Step[None]:
        answer = yield ask("a")
        raise NootropicError(f"cannot use {answer.text}")

    for _ in range(2):
        served: list[str] = []
        with pytest.raises(NootropicError, match="cannot use"):
            drive(step(), handlers(served), threading.Event(), StepLog(database, "R"))
        assert served == ["a"] and rows(database) == 0


def test_the_answered_parts_of_several_are_kept(database: StateDatabase) -> None:
    parts = All((ask("a"), All((ask("b"), Read("f"))), ask("c")))

    def fail(name: str) -> None:
        if name == "b":
            raise NootropicError("down")

    served: list[str] = []
    with pytest.raises(PartsFailed, match="1 of 4"):
        drive(yielding(parts), handlers(served, fail), threading.Event(), StepLog(database, "R"))
    assert sorted(served) == ["a", "c", "f"]
    served.clear()
    (answers,) = drive(yielding(parts), handlers(served), threading.Event(), StepLog(database, "R"))
    assert sorted(served) == ["b", "f"]
    assert [answers[0].text, answers[1][0].text, answers[2].text] == ["re: a", "re: b", "re: c"]


KILLED = """
import os, signal, sys, threading, time
from nootropic_kernel.runs.driver import drive
from nootropic_kernel.runs.effects import All
from nootropic_kernel.runs.steps import StepLog
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.runs.test_driver import ask, handlers, yielding

def fail(name):
    if name in ("2", "4"):
        os.write(1, b"in flight\\n")
        time.sleep(60)

log = StepLog(StateDatabase.open(Workspace.find(sys.argv[1])), "R")
drive(yielding(ask("first"), All(tuple(ask(str(n)) for n in range(6)))), handlers([], fail), threading.Event(), log)
"""


def test_kill_in_the_middle_of_several_costs_those_in_flight_only(workspace: Workspace) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(workspace.root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline(), process.stdout.readline()] == ["in flight\n", "in flight\n"]
    database = StateDatabase.open(workspace)
    StepLog(database, "other")
    deadline = time.monotonic() + 60
    while rows(database) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    served, _ = go(database, ask("first"), All(tuple(ask(str(number)) for number in range(6))))
    database.close()
    assert sorted(served) == ["2", "4"]


effects_made = st.lists(
    st.one_of(
        st.text("abcd", min_size=1, max_size=2).map(ask),
        st.text("abcd", min_size=1, max_size=2).map(Approve),
        st.lists(st.text("abcd", min_size=1, max_size=2).map(ask), max_size=3).map(lambda made: All(tuple(made))),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(effects_made, min_size=2, max_size=4), st.integers(0, 10**9))
def test_whatever_was_tried_before_the_answers_fit_the_requests(
    database: StateDatabase, tries: list[list[Effect]], number: int
) -> None:
    for effects in tries:
        log = StepLog(database, f"P{number}")
        answers = drive(yielding(*effects), handlers([]), threading.Event(), log)
        for effect, answer in zip(effects, answers, strict=True):
            asked = effect.effects if isinstance(effect, All) else (effect,)
            for request, said in zip(asked, answer if isinstance(effect, All) else (answer,), strict=True):
                assert said.text == f"re: {request.purpose}" if isinstance(request, Ask) else said is True


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE run_answers SET answer = x'7b7b' WHERE step = 1",
        "UPDATE run_answers SET answer = 17 WHERE step = 1",
        "UPDATE run_answers SET digest = 'x' WHERE step = 1",
        "UPDATE run_answers SET answer = NEWER, digest = NEWERS_DIGEST WHERE step = 1",
    ],
)
def test_an_answer_that_cannot_be_read_is_asked_for_again_and_said(database: StateDatabase, damage: str) -> None:
    newer = b'{"fields": {"a": 1}, "record": "FromTheFuture"}'
    damage = damage.replace("NEWERS_DIGEST", f"'{hashlib.sha256(newer).hexdigest()}'")
    effects = (ask("a"), ask("b"), ask("c"))
    go(database, *effects)
    go(database, *effects, run="other")
    with database.transaction() as connection:
        connection.execute(damage.replace("NEWER", f"x'{newer.hex()}'") + " AND run = 'R'")
    served, log = go(database, *effects)
    assert served == ["b", "c"] and log.damage
    assert go(database, *effects)[0] == [] and go(database, *effects, run="other")[0] == []


def test_abandoned_runs_are_swept(database: StateDatabase) -> None:
    go(database, ask("a"), run="old")
    go(database, ask("a"), run="recent")
    with database.transaction() as connection:
        connection.execute("UPDATE run_answers SET at = ? WHERE run = 'old'", (time.time() - KEPT_S - 60,))
        connection.execute("UPDATE run_answers SET at = ? WHERE run = 'recent'", (time.time() - KEPT_S + 3600,))
    StepLog(database, "new")
    assert (rows(database, "old"), rows(database, "recent")) == (0, 1)
    for number in range(KEPT_RUNS + 20):
        go(database, ask("a"), run=f"n{number}")
    StepLog(database, "new")
    (left,) = database.read().execute("SELECT count(DISTINCT run) FROM run_answers").fetchone()
    assert left == KEPT_RUNS and rows(database, f"n{KEPT_RUNS + 19}") == 1 and rows(database, "recent") == 0


def test_what_is_forgotten_is_gone_from_the_file(database: StateDatabase) -> None:
    words = "a sentence that only this answer has"
    _, log = go(database, ask(words), ask("other"))
    log.forget()
    database.read().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    folder = Path(database.path).parent
    assert all(words.encode() not in file.read_bytes() for file in folder.glob("state.db*"))
