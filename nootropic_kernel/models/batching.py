"""Requests of several callers gathered into one batch, for backends that gain from that.

Each caller waits for its own answer: it gets its own answer or error, and may stop waiting without the others noticing.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nootropic_kernel.models.contract import Answer, ChatRequest, Outcome
from nootropic_kernel.workspace.errors import Interrupted

_POLL_S = 0.05
Send = Callable[[Sequence[ChatRequest], threading.Event], list[Outcome]]


@dataclass
class _Place:
    """One caller's place in a batch: its request, and what became of it."""

    request: ChatRequest
    outcome: Outcome | BaseException | None = None
    is_left: bool = False


@dataclass
class _Batch:
    places: list[_Place] = field(default_factory=list)
    is_full: threading.Event = field(default_factory=threading.Event)
    is_done: threading.Event = field(default_factory=threading.Event)
    cancel: threading.Event = field(default_factory=threading.Event)


class Gatherer:
    """Gathers requests for one backend.

    :param send: answers a batch, each request with its answer or its error, in their order.
    :param window_s: how many seconds a batch waits for more.
    :param most: how many requests make a batch that does not wait any longer.
    """

    def __init__(self, send: Send, window_s: float, most: int) -> None:
        self._send = send
        self._window_s = window_s
        self._most = most
        self._open: _Batch | None = None
        self._guard = threading.Lock()

    def ask(self, request: ChatRequest, cancel: threading.Event) -> Answer:
        """The answer to ``request``, which is sent with those of other callers.

        :raises ModelError: the error of this request.
        :raises Interrupted: within a second of ``cancel`` being set; the others' requests go on.
        """
        batch, place = self._enter(request)
        while not batch.is_done.wait(_POLL_S):
            if cancel.is_set():
                self._leave(batch, place)
                raise Interrupted()
        outcome = place.outcome
        if isinstance(outcome, Answer):
            return outcome
        assert outcome is not None
        raise outcome

    def _enter(self, request: ChatRequest) -> tuple[_Batch, _Place]:
        place = _Place(request)
        with self._guard:
            batch = self._open
            if batch is None:
                # The thread is nobody's own, so that whoever came first may leave like anybody else.
                batch = self._open = _Batch()
                # It continues the first caller's context, so that its spans have a place to be kept.
                work = contextvars.copy_context().run
                threading.Thread(target=work, args=(self._run, batch), name="nootropic-gatherer", daemon=True).start()
            batch.places.append(place)
            if len(batch.places) >= self._most:
                self._open = None
                batch.is_full.set()
        return batch, place

    def _leave(self, batch: _Batch, place: _Place) -> None:
        with self._guard:
            place.is_left = True
            if all(each.is_left for each in batch.places):
                if self._open is batch:
                    self._open = None
                batch.cancel.set()
                batch.is_full.set()

    def _run(self, batch: _Batch) -> None:
        batch.is_full.wait(self._window_s)
        with self._guard:
            if self._open is batch:
                self._open = None
            places = [place for place in batch.places if not place.is_left]
        try:
            if places:
                outcomes = self._send([place.request for place in places], batch.cancel)
                for place, outcome in zip(places, outcomes, strict=True):
                    place.outcome = outcome
        except BaseException as error:
            # It belongs to the callers, whose threads wait for it.
            for place in places:
                place.outcome = error
        finally:
            batch.is_done.set()
