"""``chats``: the chats that this workspace keeps; renaming and forgetting them."""

from __future__ import annotations

import time
from typing import Any, Literal

from pydantic import BaseModel, Field

from nootropic_kernel.agents.chat_commands import ChatCommands
from nootropic_kernel.agents.conversations import ChatHead, Conversations
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.chat import cost_of
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.workspace.errors import UsageError

_TITLE = 60
_NONE = "No chats yet: `noo chat`."


class ChatsParams(Params):
    """What to do with which chat."""

    action: Literal["list", "show", "rename", "forget"] = Field(
        "list",
        description="`list` the chats, `show` one, `rename` one, or `forget` one (or `all`).",
        json_schema_extra={"position": 0},
    )
    id: str | None = Field(
        None, description="A chat (C3); `all` to forget all.", json_schema_extra={"position": 1, "complete": "chat"}
    )
    title: str | None = Field(
        None,
        max_length=200,
        description="What to `rename` it to; an empty one is its first question again.",
        json_schema_extra={"position": 2},
    )


class ChatEntry(BaseModel):
    """A chat in the list: its title, its first question or command; ``named`` tells that the person gave the title."""

    id: str
    created: str
    title: str
    named: bool = False
    turns: int
    face: str

    @classmethod
    def of(cls, head: ChatHead, commands: ChatCommands) -> ChatEntry:
        """The entry of a chat."""
        first = head.first or next((each.line for each in commands.of(head.id)), "")
        return cls(
            id=head.id,
            created=time.strftime("%Y-%m-%d %H:%M", time.localtime(head.created)),
            title=_line(head.title or first),
            named=head.title != "",
            turns=head.turns,
            face=head.face,
        )


class ChatTurn(BaseModel):
    """A question and its answer."""

    question: str
    answer: str
    ending: str
    model: str
    backend: str
    sent: list[str] = Field(default_factory=list)


class ChatCommand(BaseModel):
    """A command that was given behind the first ``turns`` turns, and its answer in some forms, by MIME type."""

    number: int
    turns: int
    line: str
    forms: dict[str, Any]


class ChatsResult(Result):
    """The chats, or the turns of one."""

    message: str
    chats: list[ChatEntry] = Field(default_factory=list)
    turns: list[ChatTurn] = Field(default_factory=list)
    commands: list[ChatCommand] = Field(default_factory=list)
    cost: str | None = Field(default=None, description="What the answers of the chat that is shown cost together.")

    def text(self) -> str:
        """The message, then a line a chat, or the turns."""
        lines = [self.message]
        lines += [f"  {each.id}  {each.created}  {each.turns} turns  {each.title}" for each in self.chats]
        for place in range(len(self.turns) + 1):
            for command in (each for each in self.commands if min(each.turns, len(self.turns)) == place):
                lines += ["", f"> {command.line.strip()}", str(command.forms.get("text/plain", "")).strip()]
            for turn in self.turns[place : place + 1]:
                marked = "" if turn.ending == "whole" else f" [{turn.ending}]"
                lines += ["", f"> {turn.question.strip()}", f"{turn.answer.strip()}{marked}", f"  — {turn.model}"]
        return "\n".join(lines)


@capability(effect=CapabilityEffect.DECIDE)
def chats(params: ChatsParams, session: Session) -> ChatsResult:
    """List the chats of this workspace, show or rename one, or forget them.

    They are kept in the workspace's own state, with secrets taken out. What is forgotten is erased from the file.
    """
    if params.action == "list" and params.id is None and not session.workspace.state_dir.exists():
        return ChatsResult(message=_NONE)  # to look makes no folder
    if (params.action == "rename") != (params.title is not None):
        raise UsageError("A title goes with `rename`.", next='Write for example `chats rename C1 "Sorting"`.')
    conversations = Conversations(session.database(), redact)
    commands = ChatCommands(session.database(), conversations, redact)
    if params.action == "list":
        if params.id is not None:
            raise UsageError("`chats list` takes no id.", next=f"Did you mean `chats show {params.id}`?")
        entries = [ChatEntry.of(head, commands) for head in conversations.heads()]
        return ChatsResult(message=f"{len(entries)} chats." if entries else _NONE, chats=entries)
    if params.id is None:
        raise UsageError(
            f"`chats {params.action}` needs a chat.", next=f"Write for example `chats {params.action} C1`."
        )
    if params.action == "forget":
        gone = conversations.forget(None if params.id == "all" else params.id)
        return ChatsResult(message=f"{gone} chat{'' if gone == 1 else 's'} forgotten.")
    if params.title is not None:
        title = _line(params.title, whole=True)
        conversations.rename(params.id, title)
        named = f"is “{title}”" if title else "has its first question as its title"
        return ChatsResult(message=f"Chat {params.id.upper()} {named} now.")
    turns = [
        ChatTurn(
            question=each.question,
            answer=each.answer,
            ending=each.ending,
            model=each.model,
            backend=each.backend,
            sent=list(each.sent),
        )
        for each in conversations.turns(params.id)
    ]
    told = [
        ChatCommand(number=each.number, turns=each.turns, line=each.line, forms=dict(each.forms))
        for each in commands.of(params.id)
    ]
    cost = cost_of(*conversations.runs(params.id))
    return ChatsResult(message=f"Chat {params.id.upper()}.", turns=turns, commands=told, cost=cost)


def _line(text: str, *, whole: bool = False) -> str:
    line = " ".join(text.split())
    return line if whole or len(line) <= _TITLE else line[: _TITLE - 1] + "…"
