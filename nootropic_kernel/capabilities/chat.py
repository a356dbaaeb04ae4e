"""``chat``: a conversation about the repository, with a model."""

from __future__ import annotations

import html
from pathlib import Path

from pydantic import BaseModel, Field, PrivateAttr

from nootropic_kernel.agents.chatter import Chatter, Said
from nootropic_kernel.agents.conversations import Conversations, Place
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.telemetry.budget import usd
from nootropic_kernel.telemetry.ledger import Ledger
from nootropic_kernel.telemetry.spending import Totals
from nootropic_kernel.workspace.errors import UsageError

_ENDINGS = {
    "whole": "",
    "length": "the answer was cut off at its limit",
    "stopped": "stopped",
    "repeats": "ended, because it repeated itself",
    "cut": "broken off",
}
# Where this kernel stands in the chat of its notebook, by the workspace's root.
_standing: dict[Path, Place] = {}


class ChatParams(Params):
    """What to say, and in which chat."""

    message: str = Field(
        "",
        description="What to say. @path, @cell:ID, @name (a live variable), @P1 and @T3 send that along.",
        json_schema_extra={"position": 0, "words": True, "body": True, "dialogue": True, "mentions": True},
    )
    new: bool = Field(False, description="Begin a new chat.")
    chat: str | None = Field(
        None, description="Go on with this chat (C3, as `chats` lists them).", json_schema_extra={"complete": "chat"}
    )
    search: bool | None = Field(
        None, description="Send many pieces of the repository along; --no-search: none. Otherwise a few that fit."
    )
    attach: dict[str, str] = Field(
        default_factory=dict, description="What a mention stands for, by its key (df, cell:3), where the caller knows."
    )


class LeftOutPiece(BaseModel):
    """Something that was not sent, because the window is too small; ``tokens`` is an estimate."""

    name: str
    reason: str
    tokens: int


class ChatResult(Result):
    """An answer, who gave it, and how full the model's window was (``used`` of ``window`` tokens).

    ``switched`` are sentences about who was asked before ``backend``, and why another was. ``cost`` is that of this
    answer; ``chat_cost`` that of the whole chat.
    """

    chat: str
    turn: int
    answer: str
    ending: str
    model: str
    backend: str
    local: bool
    embedded: bool
    used: int
    window: int
    exact: bool
    sent: list[str]
    left_out: list[LeftOutPiece]
    notes: list[str]
    switched: list[str] = Field(default_factory=list)
    cost: str
    chat_cost: str
    _streamed: bool = PrivateAttr(False)

    @classmethod
    def of(cls, said: Said, chatter: Chatter) -> ChatResult:
        """The result of a turn."""
        turn = said.turn
        return cls(
            chat=f"C{said.place.chat}",
            turn=said.place.turns,
            answer=turn.answer,
            ending=turn.ending,
            model=turn.model,
            backend=turn.backend,
            local=said.local,
            embedded=said.is_embedded,
            used=said.used,
            window=said.window,
            exact=said.exact,
            sent=list(turn.sent),
            left_out=[LeftOutPiece(name=each.name, reason=each.reason, tokens=each.tokens) for each in said.left_out],
            notes=list(said.notes),
            switched=list(said.switched),
            cost=cost_of(said.run),
            chat_cost=cost_of(*chatter.conversations.runs(f"C{said.place.chat}")),
        )

    def streamed(self) -> None:
        """The answer was seen as it came: only the facts are shown from now on."""
        self._streamed = True

    @property
    def who(self) -> str:
        """Who answered, and where that is."""
        if self.embedded:
            return f"the embedded model {self.model}, on this machine"
        return f"{self.model} by {self.backend}, " + ("local" if self.local else "not on this machine")

    @property
    def gauge(self) -> str:
        """How full the window is."""
        share = self.used / self.window
        bar = "█" * min(10, round(share * 10))
        about = "" if self.exact else "about "
        return f"[{bar:<10}] {about}{self.used} of {self.window} tokens ({share:.0%})"

    def facts(self) -> list[str]:
        """What a person should know about the answer, one fact a line."""
        lines = [f"{self.chat}, turn {self.turn} · {self.who} · {self.gauge}"]
        if _ENDINGS[self.ending]:
            lines.append(_ENDINGS[self.ending])
        if self.sent:
            lines.append(f"sent along: {', '.join(self.sent)}")
        if self.left_out:
            told = ", ".join(f"{each.name} ({each.reason}, about {each.tokens} tokens)" for each in self.left_out)
            lines.append(f"left out: {told}")
        return [*lines, *self.notes]

    def head(self) -> list[str]:
        """Who answers instead of whom, where another than the first did."""
        return [*self.switched, f"{self.backend!r} answers."] if self.switched else []

    def text(self) -> str:
        """The answer, with who gave it instead of another before it, and the facts behind it."""
        if self._streamed:
            return "\n".join(f"— {line}" for line in (*self.head(), *self.facts()))
        head = "".join(f"— {line}\n" for line in self.head())
        facts = "\n".join(f"— {line}" for line in self.facts())
        return f"{head}{self.answer.rstrip()}\n\n{facts}"

    def markdown(self) -> str:
        """The answer as it is, between who gave it and the facts."""
        if self._streamed:
            return "\n".join(f"    {line}" for line in (*self.head(), *self.facts()))
        head = "".join(f"    {line}\n" for line in self.head()) + ("\n" if self.switched else "")
        facts = "\n".join(f"    {line}" for line in self.facts())
        return f"{head}{self.answer.rstrip()}\n\n{facts}"

    def html(self) -> str:
        """The answer as text, then the facts in small print."""
        small = _small([*self.head(), *self.facts()] if self._streamed else self.facts())
        answer = f'<div style="white-space:pre-wrap">{html.escape(self.answer.rstrip())}</div>'
        head = _small(self.head()) if self.switched else ""
        return small if self._streamed else f"{head}{answer}{small}"


def _small(lines: list[str]) -> str:
    return f'<div style="opacity:0.7;font-size:90%">{"<br>".join(html.escape(line) for line in lines)}</div>'


@capability(effect=CapabilityEffect.READ)
def chat(params: ChatParams, session: Session) -> ChatResult:
    """Talk with a model about the repository. It writes no file.

    Without a backend of your own, the embedded model answers, and the result says so. Where a backend fails, is late
    again and again, or would cost more than your budget allows, the next one that you allowed answers, and that is
    told. `@path`, `@cell:ID`, `@name`, `@P1` and `@T3` in the message send a file, a cell, a live variable, a proposal
    or a task along; what is sent is shown first, and secrets are taken out. The answer tells how full the model's
    window is and what was left out.

    The chat is kept in this workspace (`chats` lists, shows and forgets them). On the command line the last chat goes
    on, in a notebook that of the notebook: after a restart, the same cells replace the same turns. `noo chat` alone is
    a conversation at the terminal. A stop keeps what had come, marked as stopped.
    """
    message = params.message.strip()
    if not message:
        raise UsageError("There is nothing to say.", next='Write `noo chat "…"`, or `noo chat` alone at a terminal.')
    if params.new and params.chat is not None:
        raise UsageError("--new and --chat do not go together.", next="Leave one of them out.")
    chatter = Chatter(
        session.workspace,
        session.settings(),
        session.database(),
        session.variables,
        on_text=session.write,
        tell=session.status,
        cancel=session.cancel,
        given=params.attach,
        # JupyterLab's chat shows it as chips before the person sends.
        shows_sent=session.face != "lab",
    )
    place = _place(params, message, chatter.conversations, session)
    try:
        return ChatResult.of(chatter.say(message, place, session.face, params.search), chatter)
    finally:
        # A turn that was stopped stands too: the next question comes behind it.
        if chatter.stands_at is not None and session.face == "magic":
            _standing[session.workspace.root] = chatter.stands_at


def cost_of(*runs: str) -> str:
    """What the model calls of some runs cost, for people; unknown is never shown as nothing."""
    named = set(runs) - {""}
    return Totals.of(call for call in Ledger().calls() if call.run in named).cost if named else usd(0)


def _place(params: ChatParams, message: str, conversations: Conversations, session: Session) -> Place:
    if params.new:
        return Place()
    if params.chat is not None:
        return conversations.end_of(params.chat)
    if session.face != "magic":
        return conversations.latest(session.face)
    standing = _standing.get(session.workspace.root)
    return conversations.again(message, session.face) if standing is None else standing
