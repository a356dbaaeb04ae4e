"""The driver: serves a step's effects through injected handlers, journals answers, replays them, can always stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
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
    Single,
    Snippet,
    Step,
    singles,
)
from nootropic_kernel.runs.errors import PartsFailed
from nootropic_kernel.runs.steps import Found, Place, StepLog, request_digest
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.errors import Interrupted

T = TypeVar("T")

_AT_ONCE = 8
_SPANS = {Ask: "ask", Approve: "approve", Run: "run tests", Search: "retrieve", Read: "read", All: "all"}
_JOURNALLED = (Ask, Approve, Run)


@dataclass(frozen=True)
class Handlers:
    """Who does what a step asks for. Each takes the request and the run's cancel event.

    A handler ends with Interrupted soon after the event is set. ``depends_on`` tells what else the answer to a
    journalled request hangs on; ``replayed`` hears of each request whose journalled answer is taken.
    """

    ask: Callable[[Ask, threading.Event], Answer]
    approve: Callable[[Approve, threading.Event], bool]
    run: Callable[[Run, threading.Event], RunResult]
    search: Callable[[Search, threading.Event], list[Snippet]]
    read: Callable[[Read, threading.Event], bytes | None]
    depends_on: Callable[[Single], str] = lambda effect: ""
    replayed: Callable[[Single], None] = lambda effect: None


def drive(step: Step[T], handlers: Handlers, cancel: threading.Event, log: StepLog | None = None) -> T:
    """Run ``step`` to its end and return its result.

    With a ``log``, answers journalled by an earlier, broken-off try are replayed as long as the requests are the same;
    the first request that differs drops the rest, and the step goes on live from there. When the step itself fails,
    and not an effect of its, the log is forgotten: the same answers would only fail it again.

    :raises Interrupted: when ``cancel`` is set; what was answered before is kept in the log.
    """
    server = _Server(handlers, cancel, log)
    answer: Any = None
    failure: Exception | None = None
    number = 0
    try:
        while True:
            if cancel.is_set():
                raise Interrupted()
            try:
                effect = step.throw(failure) if failure is not None else step.send(answer)
            except StopIteration as finished:
                result: T = finished.value
                return result
            except Exception as error:
                if log is not None and not (failure is not None and failure in _causes(error)):
                    log.forget()
                raise
            answer = failure = None
            try:
                answer = server.serve(effect, number)
            except Interrupted:
                raise
            except Exception as error:
                # The step may know what to do about a failed request (a format retry, a repair); if not, it re-raises.
                failure = error
            number += 1
    finally:
        step.close()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and those in whose handling it was raised."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


@dataclass(frozen=True)
class _Server:
    handlers: Handlers
    cancel: threading.Event
    log: StepLog | None

    def serve(self, effect: Effect, number: int) -> Any:
        if isinstance(effect, All):
            with span(None, _SPANS[All], {"nootropic.requests": len(effect.effects)}):
                return self._serve_all(effect, number)
        place = Place(number, 0)
        found, digest = self._look_up(effect, place)
        if found is not None:
            return found.answer
        answer = self._do(effect)
        self._record(effect, place, digest, answer)
        return answer

    def _serve_all(self, effect: All, number: int) -> list[Any]:
        """Every part that has no answer yet, some at a time, whatever becomes of the others."""
        parts = list(singles(effect))
        answers: list[Any] = [None] * len(parts)
        failed: dict[int, Exception] = {}
        waiting: dict[int, str] = {}
        for part, single in enumerate(parts):
            found, waiting[part] = self._look_up(single, Place(number, part))
            if found is not None:
                answers[part] = found.answer
                del waiting[part]
        pool = ThreadPoolExecutor(max_workers=max(1, min(_AT_ONCE, len(waiting))))
        try:
            # Each request runs in a copy of this context, so its spans hang below the step's.
            with _undisturbed():
                futures = {pool.submit(copy_context().run, self._do_part, parts[part]): part for part in waiting}
            for future in as_completed(futures):
                part = futures[future]
                try:
                    answers[part] = future.result()
                    self._record(parts[part], Place(number, part), waiting[part], answers[part])
                except Exception as error:
                    failed[part] = error
        except BaseException:  # Ctrl-C in this very thread: the parts stop as well
            self.cancel.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        for stopped in failed.values():
            if isinstance(stopped, Interrupted):
                raise stopped
        shaped = _shaped(effect, iter(answers))
        if failed:
            raise PartsFailed([(parts[part], failed[part]) for part in sorted(failed)], shaped, len(parts))
        return shaped

    def _look_up(self, effect: Single, place: Place) -> tuple[Found | None, str]:
        """The journalled answer, if there is one, and the digest under which to journal another."""
        if self.log is None or not isinstance(effect, _JOURNALLED):
            return None, ""
        digest = request_digest(effect, self.handlers.depends_on(effect))
        found = self.log.find(place, digest)
        if found is not None:
            with span(None, _SPANS[type(effect)], {semconv.REPLAYED: True}):
                self.handlers.replayed(effect)
        return found, digest

    def _record(self, effect: Single, place: Place, digest: str, answer: Any) -> None:
        if self.log is not None and isinstance(effect, _JOURNALLED):
            self.log.record(place, digest, answer)

    def _do_part(self, effect: Single) -> Any:
        if self.cancel.is_set():
            raise Interrupted()
        # A recipe reads a repository's files by the thousand: the span of the whole stands for them.
        return self._handle(effect) if isinstance(effect, Read) else self._do(effect)

    def _do(self, effect: Single) -> Any:
        with span(None, _SPANS[type(effect)]):
            return self._handle(effect)

    def _handle(self, effect: Single) -> Any:
        match effect:
            case Ask():
                return self.handlers.ask(effect, self.cancel)
            case Approve():
                said = self.handlers.approve(effect, self.cancel)
                if not said and self.cancel.is_set():
                    raise Interrupted()  # a question that was broken off is not answered
                return said
            case Run():
                return self.handlers.run(effect, self.cancel)
            case Search():
                return self.handlers.search(effect, self.cancel)
            case Read():
                return self.handlers.read(effect, self.cancel)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C waits for the end of this: in the middle of it a pool would keep a lock, or forget a thread, for good."""
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        yield
        return
    came: list[tuple[int, Any]] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if came:
            usual(*came[0])


def _shaped(effect: All, answers: Iterator[Any]) -> list[Any]:
    """The answers to the single requests, in the shape of the nested whole."""
    return [_shaped(part, answers) if isinstance(part, All) else next(answers) for part in effect.effects]
