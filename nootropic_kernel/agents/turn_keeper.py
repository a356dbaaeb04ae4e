"""A turn of a chat, kept from before it is asked: whoever dies in the middle of an answer leaves it readable.

What is kept until the end is marked as cut. A question that is asked again at its place keeps its old answer until the
new one is there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from nootropic_kernel.agents.conversations import Conversations, Ending, Place, Turn
from nootropic_kernel.workspace.errors import WorkspaceUnusable

_EVERY_S = 1.0


class TurnKeeper:
    """Keeps one turn.

    :param place: where the question goes, behind the turns ``before``; ``face`` is whose chat it is.
    :param run: the trace of its model calls.
    """

    def __init__(
        self,
        conversations: Conversations,
        place: Place,
        before: Sequence[Turn],
        question: str,
        face: str,
        run: str = "",
    ) -> None:
        self._conversations = conversations
        self._place = place
        self._before = before
        self._question = question
        self._face = face
        self._run = run
        self._begun: Place | None = None
        self._written = 0.0

    def begin(self, backend: str, sent: tuple[str, ...]) -> None:
        """Keep the question, before ``backend`` is asked it."""
        if self._begun is None and self._conversations.is_asked(self._place, self._question):
            return
        after = self._keep(self._begun or self._place, "", "cut", backend, backend, sent, tell=False)
        self._begun = Place(after.chat, after.turns - 1)

    def heard(self, text: str, backend: str, sent: tuple[str, ...]) -> None:
        """Keep what came of the answer so far, once a second at most."""
        now = time.monotonic()
        if self._begun is None or now - self._written < _EVERY_S:
            return
        self._written = now
        # The last word may be half a secret, which is not known for one yet.
        whole = text[: max(text.rfind(" "), text.rfind("\n")) + 1]
        try:
            self._keep(self._begun, whole, "cut", backend, backend, sent, tell=False)
        except WorkspaceUnusable:
            pass  # somebody else writes for long; the answer matters more, and its end is kept in any case

    def end(self, text: str, ending: Ending, model: str, backend: str, sent: tuple[str, ...]) -> tuple[Turn, Place]:
        """Keep the turn as it ended; gives it, and the place behind it."""
        after = self._keep(self._begun or self._place, text, ending, model, backend, sent)
        return Turn(self._question, text, ending, model, backend, time.time(), sent, self._run), after

    def take_back(self) -> None:
        """Leave the chat as it was: nothing came of the question."""
        if self._begun is not None:
            self._conversations.take_back(self._begun, is_new=self._begun.chat != self._place.chat)

    def _keep(
        self,
        place: Place,
        text: str,
        ending: Ending,
        model: str,
        backend: str,
        sent: tuple[str, ...],
        *,
        tell: bool = True,
    ) -> Place:
        turn = Turn(self._question, text, ending, model, backend, time.time(), sent, self._run)
        return self._conversations.keep(place, self._before, turn, self._face, tell=tell)
