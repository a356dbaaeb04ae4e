"""Where nothing can confine a run, the person is asked once, as an effect."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from nootropic_kernel.agents.consent import with_consent
from nootropic_kernel.runs.driver import Handlers, drive
from nootropic_kernel.runs.effects import Approve, Effect, Read, Run, RunResult, Step
from nootropic_kernel.runs.errors import NobodyToAsk
from nootropic_kernel.runs.steps import StepLog
from nootropic_kernel.sandbox import SandboxUnavailable
from nootropic_kernel.workspace.database import StateDatabase
from tests.runs.test_driver import handlers, yielding

TESTS, BEFORE = Run(("pytest",), "trial:1"), Run(("pytest",), "trial:2")


def unconfinable(served: list[Effect], yes: bool | None) -> Handlers:
    """Handlers of a machine that confines nothing; its person says yes or no, or is not there."""

    def run(effect: Run, cancel: threading.Event) -> RunResult:
        if not effect.approved:
            raise SandboxUnavailable("There is no bubblewrap.")
        served.append(effect)
        return RunResult(0, "1 passed", "", "none")

    def approve(effect: Approve, cancel: threading.Event) -> bool:
        if yes is None:
            raise NobodyToAsk(effect.question)
        served.append(effect)
        return yes

    return replace(handlers([]), run=run, approve=approve)


def test_a_yes_runs_it_and_holds_for_the_next_run_too() -> None:
    served: list[Effect] = []
    results = drive(with_consent(yielding(TESTS, BEFORE)), unconfinable(served, True), threading.Event())
    assert [result.code for result in results] == [0, 0]
    question, *runs = served
    assert isinstance(question, Approve) and "bubblewrap" in question.question
    assert runs == [replace(TESTS, approved=True), replace(BEFORE, approved=True)]


@pytest.mark.parametrize("yes", [False, None])
def test_without_a_yes_the_step_gets_the_sandboxs_error(yes: bool | None) -> None:
    served: list[Effect] = []
    with pytest.raises(SandboxUnavailable, match="bubblewrap"):
        drive(with_consent(yielding(TESTS)), unconfinable(served, yes), threading.Event())
    assert not any(isinstance(effect, Run) for effect in served)


def test_other_effects_and_their_failures_pass_through() -> None:
    def step() -> Step[Any]:
        try:
            yield Read("bad")
        except OSError as error:
            return (yield Read("good")), str(error)

    def read(effect: Read, cancel: threading.Event) -> bytes:
        if effect.path == "bad":
            raise OSError("gone")
        return b"here"

    assert drive(with_consent(step()), replace(handlers([]), read=read), threading.Event()) == (b"here", "gone")


def test_a_consent_is_asked_for_again_when_the_files_are_others(database: StateDatabase) -> None:
    class Broken(BaseException):
        pass

    def dies(effect: Run, cancel: threading.Event) -> RunResult:
        if effect.approved:
            raise Broken
        raise SandboxUnavailable("There is no bubblewrap.")

    for state, asked in (("as they were", 1), ("as they were", 0), ("changed", 1)):
        served: list[Effect] = []
        ready = replace(unconfinable(served, True), run=dies, depends_on=lambda effect, state=state: state)
        with pytest.raises(Broken):
            drive(with_consent(yielding(TESTS)), ready, threading.Event(), StepLog(database, "R"))
        assert len(served) == asked
