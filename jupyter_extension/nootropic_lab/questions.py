"""What a verb asks the person while it runs: the question waits here, the answer comes over REST."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from nootropic_kernel.workspace.errors import Interrupted
from nootropic_lab.errors import NotAsked, Unanswered, WrongAnswer

# So long a question stands. The verb's thread waits meanwhile, and it is one of few.
PATIENCE_S = 600.0
MOST_ANSWER = 100_000
_LOOK_S = 0.1

Kind = Literal["approve", "ask"]
Reply = bool | str | None


@dataclass(frozen=True)
class Question:
    """One question: ``approve`` wants yes or no, ``ask`` a line of text (None: there is none).

    ``id`` counts the questions of a run from 1.
    """

    id: int
    kind: Kind
    text: str

    def document(self) -> dict[str, Any]:
        """As pages get it."""
        return asdict(self)

    def check(self, answer: Any) -> Reply:
        """The answer, where it is one to this question.

        :raises WrongAnswer: when it is not.
        """
        if self.kind == "approve":
            if isinstance(answer, bool):
                return answer
            raise WrongAnswer("true or false")
        if answer is None or (isinstance(answer, str) and len(answer) <= MOST_ANSWER):
            return answer
        raise WrongAnswer("a text of usual length, or null where there is none")


class Questions:
    """The questions of one run, one after the other.

    :param changed: told, in the thread that asks or answers, when a question was put or is over.
    :param cancel: set when the run is to stop.
    """

    def __init__(self, changed: Callable[[], None], cancel: threading.Event) -> None:
        self.open: Question | None = None
        self._changed = changed
        self._cancel = cancel
        self._guard = threading.Condition()
        self._count = 0
        self._reply: list[Reply] = []

    def put(self, kind: Kind, text: str) -> Reply:
        """Put a question, and wait in the verb's thread for its answer.

        :raises Interrupted: when the run is stopped meanwhile.
        :raises Unanswered: when nobody answers within :data:`PATIENCE_S` seconds.
        """
        with self._guard:
            # Steps that run at once may ask at once; a person answers one after the other.
            self._wait(lambda: self.open is None, None)
            self._count += 1
            self.open, self._reply = Question(self._count, kind, text), []
            self._changed()
            try:
                if not self._wait(lambda: bool(self._reply), PATIENCE_S):
                    raise Unanswered(text, PATIENCE_S)
                return self._reply[0]
            finally:
                self.open = None
                self._guard.notify_all()
                self._changed()

    def answer(self, number: int, answer: Any) -> None:
        """Answer the open question.

        :raises NotAsked: when another question is open, or none.
        :raises WrongAnswer: when it is no answer to this one.
        """
        with self._guard:
            question = self.open
            if question is None or question.id != number or self._reply:
                raise NotAsked(number)
            self._reply.append(question.check(answer))
            self._guard.notify_all()

    def _wait(self, ready: Callable[[], bool], patience_s: float | None) -> bool:
        """Wait until something is so; False when it is not in time."""
        until = None if patience_s is None else time.monotonic() + patience_s
        while not ready():
            if self._cancel.is_set():
                raise Interrupted
            if until is not None and time.monotonic() >= until:
                return False
            # The run's stop is not told to the condition: it is looked at in between.
            self._guard.wait(_LOOK_S)
        return True
