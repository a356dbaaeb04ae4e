"""A person's consent where nothing can confine a run: asked for as an effect, so it is journalled like any answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from nootropic_kernel.runs.effects import Approve, Run, Step
from nootropic_kernel.runs.errors import NobodyToAsk
from nootropic_kernel.sandbox import SandboxUnavailable

T = TypeVar("T")


def with_consent(step: Step[T]) -> Step[T]:
    """The same step; where a `Run` of it cannot be confined, the person is asked once, and a yes runs it all the same.

    Without a yes the step gets the sandbox's own error, as if nobody had been asked.
    """
    answer: Any = None
    failure: Exception | None = None
    agreed: bool | None = None
    try:
        while True:
            try:
                effect = step.throw(failure) if failure is not None else step.send(answer)
            except StopIteration as finished:
                result: T = finished.value
                return result
            answer = failure = None
            try:
                try:
                    answer = yield effect
                except SandboxUnavailable as problem:
                    if not isinstance(effect, Run):
                        raise
                    if agreed is None:
                        agreed = yield from _consent(problem)
                    if not agreed:
                        raise
                    answer = yield replace(effect, approved=True)
            except Exception as error:
                failure = error
    finally:
        step.close()


def _consent(problem: SandboxUnavailable) -> Step[bool]:
    question = f"{problem.why} Run the tests of this repository on your machine without a sandbox?"
    try:
        return bool((yield Approve(question)))
    except NobodyToAsk:
        return False
