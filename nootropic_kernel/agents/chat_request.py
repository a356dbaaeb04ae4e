"""The request of a chat, made for whichever backend is to be asked: each window is filled by itself."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from nootropic_kernel.agents.conversations import Turn
from nootropic_kernel.agents.mentioned import Material
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.models.context import ContextConfig, Packed, Piece, pack
from nootropic_kernel.models.contract import Backend, ChatRequest, Message
from nootropic_kernel.models.prompts import Prompt
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.runs.effects import Snippet
from nootropic_kernel.workspace.errors import Interrupted, UsageError

# For a server that tells nobody how large its model's window is.
_USUAL_WINDOW = 4096
# What was named is more important than what was said before, and that more than what was found unasked.
_NAMED, _SAID, _FOUND = 3.0, 2.0, 1.0


@dataclass(frozen=True)
class Fitted:
    """What one backend is asked; ``sent`` names what goes along with the question."""

    request: ChatRequest
    packed: Packed
    sent: tuple[str, ...]
    local: bool


class ChatRequests:
    """Fills the window of each backend that is to be asked one question.

    :param before: the turns that were said before, oldest first.
    :param named: what the question mentions.
    :param found: pieces of the repository, best first.
    :param share: how much of a window those may take, 0 to 1.
    """

    def __init__(
        self,
        prompt: Prompt,
        before: Sequence[Turn],
        named: Sequence[Material],
        found: Sequence[Snippet],
        question: str,
        share: float,
        cancel: threading.Event,
    ) -> None:
        self._prompt = prompt
        self._before = before
        self._named = named
        self._found = found
        self._question = question
        self._share = share
        self._cancel = cancel
        self._made: dict[str, Fitted] = {}

    def of(self, backend: Backend) -> Fitted:
        """What ``backend`` is asked. Its server may be asked for its window.

        :raises ModelError: when that is not to be had, or the question alone does not fit.
        """
        if backend.name not in self._made:
            self._made[backend.name] = self._fit(backend)
        return self._made[backend.name]

    def made(self, backend: str) -> Fitted:
        """What the backend of that name was asked."""
        return self._made[backend]

    def _fit(self, backend: Backend) -> Fitted:
        prompt, cancel = self._prompt, self._cancel
        window = backend.window(cancel) or _USUAL_WINDOW
        pieces = self._pieces(window)
        config = ContextConfig.read(prompt.settings.get("context", {}))
        window = min(window, config.max_tokens or window)
        reserve = max(1, min(int(number(prompt, "answer_tokens")), int(window * number(prompt, "answer_share"))))
        exact = backend.features.exact_tokens

        def count(messages: Sequence[Message]) -> int:
            if cancel.is_set():
                raise Interrupted()
            return backend.count_tokens(messages)

        packed = pack(pieces, count, window=window, reserve=reserve, config=config, exact=exact, backend=backend.name)
        sent = tuple(piece.name for piece in packed.kept if not piece.pinned and piece.importance != _SAID)
        request = ChatRequest(packed.messages, max_tokens=reserve, purpose="chat")
        return Fitted(request, packed, sent, backend.is_local)

    def _pieces(self, window: int) -> list[Piece]:
        """The whole conversation in order: the system's message, what was said, what goes along, the question."""
        prompt, now = self._prompt, time.time()
        pieces = [Piece("instructions", (Message("system", prompt.fill("system").strip()),), pinned=True)]
        for place, turn in enumerate(self._before, start=1):
            if turn.answer.strip():
                marked = "" if turn.ending == "whole" else f"\n[{turn.ending}]"
                said = (Message("user", redact(turn.question)), Message("assistant", redact(turn.answer) + marked))
                pieces.append(Piece(f"turn {place}", said, _SAID, turn.at))
        for rank, each in enumerate(reversed(self._fitting(window))):
            name = f"{each.path}:{each.start}-{each.end}"
            text = redact(prompt.fill("piece", place=name, text=_fenced(each.text)).strip())
            pieces.append(Piece(name, (Message("user", text),), _FOUND + rank / 1000))
        for material in self._named:
            text = prompt.fill("mention", name=material.name, text=_fenced(material.text)).strip()
            pieces.append(Piece(material.name, (Message("user", text),), _NAMED, now))
        pieces.append(Piece("question", (Message("user", redact(self._question)),), pinned=True))
        return pieces

    def _fitting(self, window: int) -> list[Snippet]:
        """The best pieces of files that were not named, within a share of the window, best first."""
        room, names, chosen = window * self._share, {each.name for each in self._named}, []
        for each in self._found:
            size = estimate(each.text)
            if each.path not in names and size <= room:
                chosen.append(each)
                room -= size
        return chosen


def number(prompt: Prompt, key: str) -> float:
    """A number of the prompt's settings.

    :raises UsageError: when there is none.
    """
    value = prompt.settings.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise UsageError(f"The prompt chat {prompt.version} needs a number as its setting {key}.")
    return value


def _fenced(text: str) -> str:
    """A text that cannot end the fence that it stands in."""
    return re.sub(r"^(\s*)```", r"\1'''", text, flags=re.MULTILINE)
