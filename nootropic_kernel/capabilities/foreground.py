"""Runs one verb while a person waits: work in a thread, news in the caller's, a stop that always answers.

The caller's thread shows progress and asks questions, so displays and prompts come from where they belong;
an interrupt there sets the call's cancel event and gives control back soon, while the work, never torn
apart in the middle, comes to its own end.
"""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from nootropic_kernel.workspace.errors import Interrupted

if TYPE_CHECKING:
    from nootropic_kernel.capabilities.base import Progress, Result, Session
    from nootropic_kernel.capabilities.registry import Registry

T = TypeVar("T")


def run_in_foreground(
    verb: str,
    arguments: Mapping[str, Any],
    session: Session,
    registry: Registry,
    *,
    patience_s: float = 0.6,
    idle: Callable[[], None] = lambda: None,
) -> Result:
    """Invoke a verb, serving its progress and questions in the calling thread; closes the session.

    :param patience_s: how long an interrupted verb may take to end before control is given back anyway.
    :param idle: called in the calling thread while there is no news, some ten times a second.
    :raises Interrupted: when the person stopped it.
    """
    return _Call(verb, arguments, session, registry).wait(patience_s, idle)


class _Call:
    def __init__(self, verb: str, arguments: Mapping[str, Any], session: Session, registry: Registry) -> None:
        self.verb = verb
        self.arguments = arguments
        self.registry = registry
        self.cancel = session.cancel
        self.show, self.lent = session.emit, session
        self.news: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self.session = replace(
            session,
            emit=self._emit,
            approve=self._approve if session.approve is not None else None,
            ask=self._ask if session.ask is not None else None,
            edit_text=self._edit_text if session.edit_text is not None else None,
        )
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.finished = threading.Event()

    def wait(self, patience_s: float, idle: Callable[[], None]) -> Result:
        worker = threading.Thread(
            target=contextvars.copy_context().run, args=(self._work,), name=f"noo {self.verb}", daemon=True
        )
        try:
            worker.start()
            while (item := self._next(idle)) is not None:
                item()
        except KeyboardInterrupt:
            self.cancel.set()
            self._drain(patience_s)
            raise self._interrupted() from None
        except BaseException:
            self.cancel.set()  # the display failed: nobody sees what the work still has to say
            self._drain(patience_s)
            raise
        if self.error is not None:
            error = self.error
            if isinstance(error, KeyboardInterrupt):
                raise self._interrupted() from None
            raise error
        assert self.result is not None
        return self.result

    def _next(self, idle: Callable[[], None]) -> Callable[[], None] | None:
        while True:
            try:
                return self.news.get(timeout=0.1)
            except queue.Empty:
                idle()

    def _work(self) -> None:
        from nootropic_kernel.capabilities.invoke import invoke

        try:
            self.result = invoke(self.verb, self.arguments, self.session, registry=self.registry)
        except BaseException as error:
            self.error = error
        finally:
            self.session.close()
            self.finished.set()
            self.news.put(None)

    def _drain(self, patience_s: float) -> None:
        """Give the work a moment to end by itself; a second interrupt ends the wait."""
        until = time.monotonic() + patience_s
        try:
            while not self.finished.is_set() and time.monotonic() < until:
                self.finished.wait(0.02)
        except KeyboardInterrupt:
            pass

    def _interrupted(self) -> Interrupted:
        if isinstance(self.error, Interrupted):
            return self.error
        error = Interrupted(f"`{self.verb}` was stopped.", verb=self.verb)
        if self.result is not None:
            error.what, error.why = f"`{self.verb}` had just finished when you stopped it.", "Its work is done."
            error.next = ""
        elif not self.finished.is_set():
            error.why = "The step in hand comes to its end in the background; no further one is begun."
        return error

    def _emit(self, progress: Progress) -> None:
        if not self.cancel.is_set():
            self.news.put(lambda: self.show(progress))

    def _approve(self, question: str) -> bool:
        """Ask in the caller's thread; a stop while the question stands is a no."""
        approve = self.lent.approve
        return bool(approve is not None and self._answer(lambda: approve(question)))

    def _ask(self, prompt: str) -> str | None:
        """Ask for a line in the caller's thread; a stop while the question stands ends the verb."""
        ask = self.lent.ask
        answer = self._answer(lambda: ask(prompt)) if ask is not None else None
        if self.cancel.is_set():
            raise Interrupted()
        return answer

    def _edit_text(self, text: str, path: str) -> str:
        """Open the editor from the caller's thread; a stop while it is open ends the verb."""
        edit = self.lent.edit_text
        written = self._answer(lambda: edit(text, path)) if edit is not None else None
        if written is None:
            raise Interrupted()
        return written

    def _answer(self, question: Callable[[], T]) -> T | None:
        """What the caller's thread answers; None when the person stopped the call instead."""
        answered = threading.Event()
        answers: list[T] = []
        errors: list[Exception] = []

        def put() -> None:
            try:
                answers.append(question())
            except Exception as error:
                errors.append(error)
            finally:
                answered.set()

        self.news.put(put)
        while not answered.wait(0.1):
            if self.cancel.is_set():
                return None
        if errors:
            raise errors[0]
        return answers[0] if answers else None
