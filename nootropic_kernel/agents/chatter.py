"""The chatter: one question of a chat, with what goes along, to a model, and the turn kept.

It is no step: a chat is spoken once, streamed, and never resumed, so there is nothing that a journal could replay.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nootropic_kernel.agents.conversations import Conversations, Ending, Place, Turn
from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.agents.mentioned import Material, Resolver
from nootropic_kernel.changes.formats.repetition import Repetition
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.models.catalogue import EMBEDDED
from nootropic_kernel.models.context import ContextConfig, LeftOut, Packed, Piece, miscounted, pack
from nootropic_kernel.models.contract import Answer, Backend, ChatRequest, Message
from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.models.matcher import Policy
from nootropic_kernel.models.prompts import Prompt, load_prompt
from nootropic_kernel.models.router import Router
from nootropic_kernel.models.tokens import estimate
from nootropic_kernel.runs.effects import Search, Snippet
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import Interrupted, UsageError
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import Settings

# For a server that tells nobody how large its model's window is.
_USUAL_WINDOW = 4096
# What was named is more important than what was said before, and that more than what was found unasked.
_NAMED, _SAID, _FOUND = 3.0, 2.0, 1.0


class _Repeats(Exception):
    """Thrown into a model's stream to end it: the answer repeats itself."""


@dataclass(frozen=True)
class Said:
    """A turn that was spoken: where, with what, and how full the window was. Numbers are tokens.

    ``run`` is the trace of the call.
    """

    turn: Turn
    place: Place
    used: int
    window: int
    exact: bool
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    local: bool
    run: str = ""

    @property
    def is_embedded(self) -> bool:
        """Whether the embedded model spoke."""
        return self.turn.backend == EMBEDDED


@dataclass
class Chatter:
    """Speaks in the chats of one workspace.

    :param on_text: gets the pieces of an answer, and before them what is sent along.
    :param tell: gets a line on what is being done.
    :param given: what mentions stand for, by their keys, where the face knows better.
    :param shows_sent: whether what is sent along comes before the answer in ``on_text``.
    """

    workspace: Workspace
    settings: Settings
    database: StateDatabase
    variables: Mapping[str, Any]
    on_text: Callable[[str], None]
    tell: Callable[[str], None]
    cancel: threading.Event
    given: Mapping[str, str] = field(default_factory=dict)
    shows_sent: bool = True

    stands_at: Place | None = field(default=None, init=False)
    """Behind the turn that was kept last."""

    def __post_init__(self) -> None:
        self.conversations = Conversations(self.database, redact)
        self._bench = Workbench(self.workspace, self.settings)
        self._router = Router(self.settings, self.workspace)

    def say(self, question: str, place: Place, face: str, search: bool | None = None) -> Said:
        """Ask a model ``question`` at ``place`` and keep the turn.

        :param face: whose chats these are.
        :param search: whether pieces of the repository go along: many, none, or (None) a few.
        :raises ModelError: when nobody answers, or not to the end; what had come is kept as a turn that was cut.
        :raises Interrupted: when the person stopped it; what had come is kept as a turn that was stopped.
        """
        prompt = load_prompt("chat", None, self.workspace)
        backend = self._router.choose().candidate.backend
        before = self.conversations.before(place)
        mentioned = self._resolver().resolve(question)
        window = backend.window(self.cancel) or _USUAL_WINDOW
        found = self._search(question, prompt, search, {each.name for each in mentioned.materials}, window)
        pieces = _pieces(prompt, before, mentioned.materials, found, question)
        self.tell(f"Asking {backend.name} …")
        packed, reserve = self._pack(pieces, backend, prompt, window)
        sent = tuple(piece.name for piece in packed.kept if not piece.pinned and piece.importance != _SAID)
        if self.shows_sent:
            self._show([each for each in mentioned.materials if each.name in sent])
        request = ChatRequest(packed.messages, max_tokens=reserve, purpose="chat")
        told = {semconv.PURPOSE: "chat", semconv.PROMPT: prompt.name, semconv.PROMPT_VERSION: prompt.version}
        heard: list[str] = []

        def keep(text: str, ending: Ending, model: str) -> tuple[Turn, Place]:
            turn = Turn(question, text, ending, model, backend.name, time.time(), sent, current.trace_id)
            self.stands_at = self.conversations.keep(place, before, turn, face)
            return turn, self.stands_at

        with span(self.workspace, "ask", told) as current:
            try:
                answer = self._ask(backend, request, heard)
            except Interrupted as stop:
                _, after = keep("".join(heard), "stopped", backend.name)
                stop.why = f"What had come is kept in the chat C{after.chat}, marked as stopped."
                stop.next = "Ask again, or go on with another question."
                stop.data |= {"partial": "".join(heard), "chat": f"C{after.chat}"}
                raise
            except ModelError as error:
                if heard:
                    _, after = keep("".join(heard), "cut", backend.name)
                    error.data["chat"] = f"C{after.chat}"
                raise
            ending = _ending(answer)
            turn, after = keep(answer.text, ending, answer.model)
            difference = miscounted(packed, answer)
            current.set("nootropic.context.miscounted", difference or None)
        notes = [*mentioned.notes, *([difference] if difference else [])]
        if redact(question) != question:
            notes.append("What looked like a secret in the question was taken out.")
        used = packed.tokens if answer.input_tokens is None else answer.input_tokens
        return Said(
            turn, after, used, packed.window, packed.exact, packed.left_out, tuple(notes), backend.is_local, turn.run
        )

    def _resolver(self) -> Resolver:
        return Resolver(self._bench, self.database, self.variables, self.cancel, self.given)

    def _search(
        self, question: str, prompt: Prompt, search: bool | None, named: Collection[str], window: int
    ) -> list[Snippet]:
        """The best pieces of files that were not named, within a share of the window, best first."""
        which = "pieces_asked" if search else "pieces"
        limit, room = int(_number(prompt, which)), window * _number(prompt, f"{which}_share")
        if search is False or not limit:
            return []
        self.tell("Searching the repository …")
        chosen = []
        for each in self._bench.handlers().search(Search(question, limit), self.cancel):
            size = estimate(each.text)
            if each.path not in named and size <= room:
                chosen.append(each)
                room -= size
        return chosen

    def _pack(self, pieces: Sequence[Piece], backend: Backend, prompt: Prompt, window: int) -> tuple[Packed, int]:
        config = ContextConfig.read(prompt.settings.get("context", {}))
        window = min(window, config.max_tokens or window)
        reserve = max(1, min(int(_number(prompt, "answer_tokens")), int(window * _number(prompt, "answer_share"))))
        exact = backend.features.exact_tokens

        def count(messages: Sequence[Message]) -> int:
            if self.cancel.is_set():
                raise Interrupted()
            return backend.count_tokens(messages)

        packed = pack(pieces, count, window=window, reserve=reserve, config=config, exact=exact, backend=backend.name)
        return packed, reserve

    def _show(self, materials: Sequence[Material]) -> None:
        """Show what is sent to a model beside the question, before it is."""
        for each in materials:
            head = each.text if each.text.count("\n") < 8 and len(each.text) < 600 else each.text[:200] + " …"
            lines = "\n".join(f"  {line}" for line in head.splitlines())
            self.on_text(f"sent along: {each.name} ({len(each.text)} characters)\n{lines}\n")
        if materials:
            self.on_text("\n")

    def _ask(self, backend: Backend, request: ChatRequest, heard: list[str]) -> Answer:
        watcher = Repetition("\n".join(message.content for message in request.messages))

        def hear(piece: str) -> None:
            heard.append(piece)
            self.on_text(piece)
            if watcher.add(piece):
                raise _Repeats

        try:
            # The window was filled for this backend, so another one is not asked instead.
            return self._router.answer(request, hear, self.cancel, policy=Policy(backend=backend.name))
        except _Repeats:
            return Answer(watcher.useful or watcher.text, backend.name, backend.name, "repeats")


def _pieces(
    prompt: Prompt, before: Sequence[Turn], named: Sequence[Material], found: Sequence[Snippet], question: str
) -> list[Piece]:
    """The whole conversation in order: the system's message, what was said, what goes along, the question."""
    now = time.time()
    pieces = [Piece("instructions", (Message("system", prompt.fill("system").strip()),), pinned=True)]
    for number, turn in enumerate(before, start=1):
        if turn.answer.strip():
            marked = "" if turn.ending == "whole" else f"\n[{turn.ending}]"
            said = (Message("user", redact(turn.question)), Message("assistant", redact(turn.answer) + marked))
            pieces.append(Piece(f"turn {number}", said, _SAID, turn.at))
    for rank, each in enumerate(reversed(found)):
        place = f"{each.path}:{each.start}-{each.end}"
        text = redact(prompt.fill("piece", place=place, text=_fenced(each.text)).strip())
        pieces.append(Piece(place, (Message("user", text),), _FOUND + rank / 1000))
    for material in named:
        text = prompt.fill("mention", name=material.name, text=_fenced(material.text)).strip()
        pieces.append(Piece(material.name, (Message("user", text),), _NAMED, now))
    pieces.append(Piece("question", (Message("user", redact(question)),), pinned=True))
    return pieces


def _fenced(text: str) -> str:
    """A text that cannot end the fence that it stands in."""
    return re.sub(r"^(\s*)```", r"\1'''", text, flags=re.MULTILINE)


def _number(prompt: Prompt, key: str) -> float:
    value = prompt.settings.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise UsageError(f"The prompt chat {prompt.version} needs a number as its setting {key}.")
    return value


def _ending(answer: Answer) -> Ending:
    return "length" if answer.finish_reason == "length" else "repeats" if answer.finish_reason == "repeats" else "whole"
