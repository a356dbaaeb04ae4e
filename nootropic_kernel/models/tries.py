"""One request, tried with one backend after the other until there is a whole answer or nothing left that may help."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from nootropic_kernel.models.catalogue import EMBEDDED
from nootropic_kernel.models.contract import Answer, Backend, ChatRequest, OnText
from nootropic_kernel.models.errors import ContextOverflow, InvalidOutput, ModelError
from nootropic_kernel.models.exchange import Deadline, Limits
from nootropic_kernel.models.forecast import foreseen_call
from nootropic_kernel.models.inference import Fallback, Recovery
from nootropic_kernel.models.matcher import Candidate, Policy, Ranked, wanted
from nootropic_kernel.models.recovery import (
    blames_backend,
    checked,
    helps_again,
    helps_elsewhere,
    pause_s,
    type_of,
    with_less_context,
)
from nootropic_kernel.models.standing import Memory
from nootropic_kernel.telemetry.budget import BudgetExceeded, PriceUnknown, within_budget
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.measuring import Measuring

Failure: TypeAlias = ModelError | BudgetExceeded | PriceUnknown
# Gives the request as it is for a backend, just before that one is asked.
Prepare: TypeAlias = Callable[[Backend], ChatRequest]

_SHORTEST_TRY_S = 0.05


class Tries:
    """The tries of one request; ``switched`` are sentences about what was tried and why it was left, ``cause`` is the
    first reason (``budget``, ``rest``, or the type of an error), ``is_degraded`` says whether the answer is one to less
    than was asked, ``took_s`` how many seconds the last try took, and ``request`` is what it asked.

    :param order: the backends that may be asked, in their order; at least one.
    :param policy: its deadline, and what it says of batches, shapes and budgets.
    """

    def __init__(
        self,
        order: Sequence[Ranked],
        memory: Memory,
        recovery: Recovery,
        limits: Limits,
        measuring: Measuring,
        policy: Policy | None = None,
    ) -> None:
        self.switched: list[str] = []
        self.cause = ""
        self.is_degraded = False
        self.took_s = 0.0
        self.request: ChatRequest | None = None
        self._scores = {each.candidate.place: each.score.total for each in order}
        self._waiting = [each.candidate for each in order]
        self._memory = memory
        self._recovery = recovery
        self._limits = limits
        self._measuring = measuring
        self._policy = policy = policy or Policy()
        self._deadline = Deadline.within(min(recovery.deadline, policy.deadline_s or recovery.deadline))
        self._first: Failure | None = None
        self._failed: list[str] = []
        self._asked = 0
        self._was_heard = False
        self._on_text: OnText | None = None
        self._on_anew: Callable[[str], None] | None = None
        self._cancel = threading.Event()

    def answer(
        self,
        prepare: Prepare,
        on_text: OnText | None,
        cancel: threading.Event,
        on_anew: Callable[[str], None] | None,
    ) -> tuple[Answer, Candidate]:
        """The answer and who gave it.

        :raises ModelError: when nobody answers.
        :raises BudgetExceeded, PriceUnknown: when a budget allows none of those that could answer.
        :raises Interrupted: within a second of ``cancel`` being set.
        """
        self._on_text, self._cancel, self._on_anew = on_text, cancel, on_anew
        resting: list[Candidate] = []
        last: list[Candidate] = []
        while self._waiting:
            candidate = self._waiting.pop(0)
            breaker = self._memory.of(candidate.place).breaker
            if breaker.enter() or candidate in last:
                if (answer := self._ask(candidate, prepare)) is not None:
                    return answer, candidate
            elif breaker.state == "half-open":
                # Another request is just trying it: it is asked when nobody else answers.
                last.append(candidate)
                self._waiting.append(candidate)
            else:
                resting.append(candidate)
                told = f"{candidate.name!r} was not asked: it failed before and rests for {breaker.rests_s:.0f} s."
                self.switched.append(told)
                self.cause = self.cause or "rest"
        if self._first is None:
            # All of them rest. This may be the person's only way, and a server that was just mended: ask all the same.
            self.switched.clear()
            self.cause = ""
            if (answer := self._ask(resting[0], prepare)) is not None:
                return answer, resting[0]
        assert self._first is not None
        raise self._first

    def _ask(self, candidate: Candidate, prepare: Prepare) -> Answer | None:
        """The answer of one backend, which may need several tries; None when the next one is to be asked.

        :raises ModelError, BudgetExceeded, PriceUnknown: when no other is to be asked.
        """
        breaker = self._memory.of(candidate.place).breaker
        self._asked += 1
        tries = 0
        next_one: Prepare | None = prepare
        while next_one is not None:
            prepare, tries, started, self.request = next_one, tries + 1, time.monotonic(), None
            try:
                answer = checked(self._try(candidate, prepare))
            except (ModelError, BudgetExceeded, PriceUnknown) as error:
                if isinstance(error, ModelError) and blames_backend(error):
                    breaker.failed(error.retry_after_s)
                else:
                    breaker.left()
                next_one = self._after(error, candidate, prepare, tries)
            except BaseException:
                breaker.left()
                raise
            else:
                breaker.succeeded()
                self.took_s = time.monotonic() - started
                return answer
        return None

    def _try(self, candidate: Candidate, prepare: Prepare) -> Answer:
        left = max(_SHORTEST_TRY_S, self._deadline.at - time.monotonic())
        backend = candidate.open(replace(self._limits, total_s=min(left, self._limits.total_s)))
        self.request = request = prepare(backend)
        with within_budget(foreseen_call(backend, request), self._measuring):
            return self._answered(candidate, backend, request)

    def _answered(self, candidate: Candidate, backend: Backend, request: ChatRequest) -> Answer:
        if self._on_text is None:
            if self._policy.gather and backend.features.batch > 1:
                together = self._memory.gatherer(candidate.place, candidate.open(self._limits).batch)
                return together.ask(request, self._cancel)
            return backend.chat(request, None, self._cancel)
        hear = self._on_text

        def heard(piece: str) -> None:
            self._was_heard = True
            hear(piece)

        return backend.chat(request, heard, self._cancel)

    def _after(self, error: Failure, candidate: Candidate, prepare: Prepare, tries: int) -> Prepare | None:
        """What to ask the same backend next; None when the next one is to be asked.

        :raises ModelError, BudgetExceeded, PriceUnknown: when neither may help.
        """
        first = self._note(error, candidate)
        if (self._was_heard and self._on_anew is None) or self._deadline.passed:
            raise first
        if not isinstance(error, ModelError):
            # What stands behind it may be cheaper, or cost nothing; each is asked within the same budget.
            if self._policy.waits_for_budget:
                self._waiting = [each for each in self._waiting if each.kind != EMBEDDED]
            if self._waiting:
                self._tell(f"{error.what} Another is asked.")
                return None
            raise first
        kind = type_of(error)
        retry = self._recovery.find(kind, "retry")
        if retry is not None and tries < retry.max_attempts and helps_again(error, self.request):
            pause = pause_s(retry.backoff, tries, error)
            if pause <= min(self._recovery.longest_pause, self._deadline.at - time.monotonic()):
                self._tell(f"{error.what} It is asked again.")
                if self._cancel.wait(pause):
                    raise Interrupted()
                return prepare
        fallback = self._recovery.find(kind, "fallback")
        is_callers = self._policy.mends_shape and isinstance(error, InvalidOutput)
        if fallback is not None and helps_elsewhere(error) and not is_callers and self._asked <= fallback.max_attempts:
            self._waiting = self._others(error, candidate, fallback.fallback)
            if self._waiting:
                self._tell(f"{error.what} Another is asked.")
                return None
        degrade = self._recovery.find(kind, "degrade")
        if isinstance(error, ContextOverflow) and degrade is not None and degrade.context and self.request is not None:
            less = self._shortened(self.request, candidate, error)
            if less is not None:
                self.is_degraded = True
                self._tell(f"The oldest turns were left out, because the prompt is too long for {candidate.name!r}.")
                return lambda backend: less
        raise first

    def _others(self, error: ModelError, failed: Candidate, fallback: Fallback) -> list[Candidate]:
        """Who may do what this one could not, those first whom the strategies name."""
        others = self._waiting
        if fallback.threshold is not None:
            others = [each for each in others if self._scores[each.place] >= fallback.threshold]
        if isinstance(error, ContextOverflow) and (window := error.data.get("window")):
            others = [each for each in others if self._has_more_than(each, window)]
        degrade = self._recovery.find(type_of(error), "degrade")
        smaller_first = degrade is not None and degrade.quantisation is not None
        return sorted(
            others,
            key=lambda each: (not wanted(each, fallback.model), not (smaller_first and _is_smaller(each, failed))),
        )

    def _has_more_than(self, candidate: Candidate, window: int) -> bool:
        try:
            theirs = candidate.open(self._limits).window(self._cancel)
        except ModelError:
            return False  # Whoever does not tell its window now would not answer either.
        return theirs is None or theirs > window

    def _shortened(self, request: ChatRequest, candidate: Candidate, error: ModelError) -> ChatRequest | None:
        backend = candidate.open(self._limits)
        window = error.data.get("window") or backend.window(self._cancel)
        return with_less_context(request, window, backend.count_tokens) if window else None

    def _note(self, error: Failure, candidate: Candidate) -> Failure:
        """The error of the backend that was asked first; it tells of the others."""
        self.cause = self.cause or (str(type_of(error)) if isinstance(error, ModelError) else "budget")
        if self._first is None:
            self._first = error
            self._failed = [candidate.name]
        elif candidate.name not in self._failed:
            self._failed.append(candidate.name)
            self._first.why = f"{self._first.why} Then {candidate.name!r} was asked: {error.what}".strip()
        return self._first

    def _tell(self, sentence: str) -> None:
        self.switched.append(sentence)
        if self._on_anew is not None:
            self._on_anew(sentence)
        self._was_heard = False


def _is_smaller(candidate: Candidate, than: Candidate) -> bool:
    """Whether it is the same model in less memory: of one family and number of parameters, differently quantised."""
    one, other = candidate.known, than.known
    if one is None or other is None or one.size_gb is None or other.size_gb is None:
        return False
    same = (one.family, one.parameters_b) == (other.family, other.parameters_b)
    return same and one.size_gb < other.size_gb
