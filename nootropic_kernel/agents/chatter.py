"""The chatter: one question of a chat, with what goes along, to a model, and the turn kept.

It is no step: a chat is spoken once, streamed, and never resumed, so there is nothing that a journal could replay.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nootropic_kernel.agents.chat_request import ChatRequests, Fitted, number
from nootropic_kernel.agents.conversations import Conversations, Ending, Place, Turn
from nootropic_kernel.agents.handlers import Workbench
from nootropic_kernel.agents.mentioned import Material, Resolver
from nootropic_kernel.agents.turn_keeper import TurnKeeper
from nootropic_kernel.changes.formats.repetition import Repetition
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.models.catalogue import EMBEDDED
from nootropic_kernel.models.context import LeftOut, miscounted
from nootropic_kernel.models.contract import Answer, Backend, ChatRequest
from nootropic_kernel.models.errors import ModelError
from nootropic_kernel.models.inference import inference
from nootropic_kernel.models.matcher import Policy
from nootropic_kernel.models.prompts import load_prompt
from nootropic_kernel.models.router import Router
from nootropic_kernel.runs.effects import Search, Snippet
from nootropic_kernel.telemetry import semconv
from nootropic_kernel.telemetry.spans import span
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import Interrupted
from nootropic_kernel.workspace.location import Workspace
from nootropic_kernel.workspace.settings import Settings


class _Repeats(Exception):
    """Thrown into a model's stream to end it: the answer repeats itself."""


@dataclass(frozen=True)
class Said:
    """A turn that was spoken: where, with what, and how full the window was. Numbers are tokens; ``switched`` are
    sentences about who was asked before the one that answered, and why it did not; ``run`` is the trace of the call."""

    turn: Turn
    place: Place
    used: int
    window: int
    exact: bool
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    local: bool
    switched: tuple[str, ...] = ()
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
        """Ask a model ``question`` at ``place`` and keep the turn; where one fails, the next that is allowed is asked.

        :param face: whose chats these are.
        :param search: whether pieces of the repository go along: many, none, or (None) a few.
        :raises ModelError: when nobody answers, or not to the end; what had come is kept as a turn that was cut.
        :raises BudgetExceeded, PriceUnknown: when a budget allows none of those that could answer.
        :raises Interrupted: when the person stopped it; what had come is kept as a turn that was stopped.
        """
        prompt = load_prompt("chat", None, self.workspace)
        self._router.choose()  # where there is no model, that is said before anything else is done
        before = self.conversations.before(place)
        mentioned = Resolver(self._bench, self.database, self.variables, self.cancel, self.given).resolve(question)
        which = "pieces_asked" if search else "pieces"
        found = self._search(question, int(number(prompt, which))) if search is not False else []
        requests = ChatRequests(
            prompt, before, mentioned.materials, found, question, number(prompt, f"{which}_share"), self.cancel
        )
        show = self._show(mentioned.materials if self.shows_sent else ())
        told = {semconv.PURPOSE: "chat", semconv.PROMPT: prompt.name, semconv.PROMPT_VERSION: prompt.version}
        with span(self.workspace, "ask", told) as current:
            keeper = TurnKeeper(self.conversations, place, before, question, face, current.trace_id)
            speech = _Speech(requests, keeper, show, self.on_text, self.tell)
            try:
                answer = speech.of(self._router, self.cancel)
            except Interrupted as stop:
                _, after = speech.kept("stopped")
                self.stands_at = after
                stop.why = f"What had come is kept in the chat C{after.chat}, marked as stopped."
                stop.next = "Ask again, or go on with another question."
                stop.data |= {"partial": speech.text, "chat": f"C{after.chat}"}
                raise
            except BaseException as error:
                if speech.text:
                    _, self.stands_at = speech.kept("cut")
                    if isinstance(error, ModelError):
                        error.data["chat"] = f"C{self.stands_at.chat}"
                else:
                    keeper.take_back()
                raise
            fitted = requests.made(answer.backend)
            turn, after = keeper.end(answer.text, _ending(answer), answer.model, answer.backend, fitted.sent)
            self.stands_at = after
            difference = miscounted(fitted.packed, answer)
            current.set("nootropic.context.miscounted", difference or None)
        notes = [*mentioned.notes, *([difference] if difference else [])]
        if redact(question) != question:
            notes.append("What looked like a secret in the question was taken out.")
        packed = fitted.packed
        used = packed.tokens if answer.input_tokens is None else answer.input_tokens
        return Said(
            turn, after, used, packed.window, packed.exact, packed.left_out, tuple(notes), fitted.local,
            answer.switched, turn.run,
        )  # fmt: skip

    def _search(self, question: str, limit: int) -> list[Snippet]:
        """Pieces of the repository that may belong to the question, best first."""
        if not limit:
            return []
        self.tell("Searching the repository …")
        return self._bench.handlers().search(Search(question, limit), self.cancel)

    def _show(self, materials: Sequence[Material]) -> Callable[[Sequence[str]], None]:
        """Shows those of the materials that are sent to a model beside the question, before they are, and once."""
        waiting = list(materials)

        def show(sent: Sequence[str]) -> None:
            shown = [each for each in waiting if each.name in sent]
            for each in shown:
                waiting.remove(each)
                head = each.text if each.text.count("\n") < 8 and len(each.text) < 600 else each.text[:200] + " …"
                lines = "\n".join(f"  {line}" for line in head.splitlines())
                self.on_text(f"sent along: {each.name} ({len(each.text)} characters)\n{lines}\n")
            if shown:
                self.on_text("\n")

        return show


class _Speech:
    """One question while it is asked: who is asked, and what was heard of the answer so far."""

    def __init__(
        self,
        requests: ChatRequests,
        keeper: TurnKeeper,
        show: Callable[[Sequence[str]], None],
        on_text: Callable[[str], None],
        tell: Callable[[str], None],
    ) -> None:
        self._requests = requests
        self._keeper = keeper
        self._show = show
        self._on_text = on_text
        self._tell = tell
        self._asked = ""
        self._fitted: Fitted | None = None
        self._watcher = Repetition("")
        self._before = ""

    @property
    def text(self) -> str:
        """What was heard last: of this try, or of the one before it."""
        return self._watcher.text or self._before

    def of(self, router: Router, cancel: threading.Event) -> Answer:
        """The whole answer, or as much of it as is not said again and again."""
        policy = Policy(max_latency_s=inference().sla.chat)
        try:
            return router.answer(self._prepare, self._hear, cancel, policy=policy, on_anew=self._begin_anew)
        except _Repeats:
            text = self._watcher.useful or self._watcher.text
            answer = Answer(text, self._asked, self._asked, "repeats")
            router.report(answer, passed=False)
            return answer

    def kept(self, ending: Ending) -> tuple[Turn, Place]:
        """Keep what was heard as a turn that ended so, and give the place behind it."""
        sent = self._fitted.sent if self._fitted is not None else ()
        return self._keeper.end(self.text, ending, self._asked, self._asked, sent)

    def _prepare(self, backend: Backend) -> ChatRequest:
        self._asked = backend.name
        self._fitted = fitted = self._requests.of(backend)
        self._watcher = Repetition("\n".join(message.content for message in fitted.request.messages))
        self._show(fitted.sent)
        self._tell(f"Asking {backend.name} …")
        self._keeper.begin(backend.name, fitted.sent)
        return fitted.request

    def _hear(self, piece: str) -> None:
        assert self._fitted is not None
        self._on_text(piece)
        if self._watcher.add(piece):
            raise _Repeats
        self._keeper.heard(self._watcher.text, self._asked, self._fitted.sent)

    def _begin_anew(self, sentence: str) -> None:
        self._before = self.text
        self._on_text(f"\n\n— {sentence} —\n\n" if self._watcher.text else f"— {sentence} —\n\n")
        self._watcher = Repetition("")


def _ending(answer: Answer) -> Ending:
    return "length" if answer.finish_reason == "length" else "repeats" if answer.finish_reason == "repeats" else "whole"
