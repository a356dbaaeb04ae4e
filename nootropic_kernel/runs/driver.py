"""The driver: serves a step's effects through injected handlers, journals request and answer, can stop in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from nootropic_kernel.runs.effects import (
    All,
    Answer,
    Approve,
    Ask,
    Effect,
    Read,
    Run,
    RunResult,
    Search,
    Snippet,
    Step,
)
from nootropic_kernel.runs.steps import StepLog
from nootropic_kernel.workspace.errors import Interrupted

T = TypeVar("T")


@dataclass(frozen=True)
class Handlers:
    """Who does what a step asks for. Each takes the request and the run's cancel event."""

    ask: Callable[[Ask, threading.Event], Answer]
    approve: Callable[[Approve, threading.Event], bool]
    run: Callable[[Run, threading.Event], RunResult]
    search: Callable[[Search, threading.Event], list[Snippet]]
    read: Callable[[Read, threading.Event], bytes | None]


def drive(step: Step[T], handlers: Handlers, cancel: threading.Event, log: StepLog | None = None) -> T:
    """Run ``step`` to its end and return its result.

    With a ``log``, answers journalled by an earlier, broken-off run are replayed as long as the requests are the same;
    the first request that differs drops the rest, and the step goes on live from there.

    :raises Interrupted: when ``cancel`` is set; what was answered before is kept in the log.
    """
    answer: Any = None
    failure: Exception | None = None
    try:
        while True:
            if cancel.is_set():
                raise Interrupted()
            try:
                effect = step.throw(failure) if failure is not None else step.send(answer)
            except StopIteration as finished:
                result: T = finished.value
                return result
            failure = None
            try:
                answer = _serve(effect, handlers, cancel, log)
            except Interrupted:
                raise
            except Exception as error:
                # The step may know what to do about a failed request (a format retry, a repair); if not, it re-raises.
                failure = error
    finally:
        step.close()


def _serve(effect: Effect, handlers: Handlers, cancel: threading.Event, log: StepLog | None) -> Any:
    if log is not None:
        found, answer = log.replay(effect)
        if found:
            return answer
    answer = _do(effect, handlers, cancel)
    if log is not None:
        log.record(effect, answer)
    return answer


def _do(effect: Effect, handlers: Handlers, cancel: threading.Event) -> Any:
    match effect:
        case Ask():
            return handlers.ask(effect, cancel)
        case Approve():
            return handlers.approve(effect, cancel)
        case Run():
            return handlers.run(effect, cancel)
        case Search():
            return handlers.search(effect, cancel)
        case Read():
            return handlers.read(effect, cancel)
        case All(effects):
            with ThreadPoolExecutor(max_workers=max(1, len(effects))) as pool:
                # Each request runs in a copy of this context, so its spans hang below the step's.
                futures = [pool.submit(copy_context().run, _do, one, handlers, cancel) for one in effects]
                return [future.result() for future in futures]
