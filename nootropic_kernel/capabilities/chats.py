"""``chats``: the chats that this workspace keeps; forgetting them."""

from __future__ import annotations

import time
from typing import Literal

from pydantic import BaseModel, Field

from nootropic_kernel.agents.conversations import Conversations
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.capabilities.chat import cost_of
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.workspace.errors import UsageError

_TITLE = 60
_NONE = "No chats yet: `noo chat`."


class ChatsParams(Params):
    """What to do with which chat."""

    action: Literal["list", "show", "forget"] = Field(
        "list",
        description="`list` the chats, `show` one, or `forget` one (or `all`).",
        json_schema_extra={"position": 0},
    )
    id: str | None = Field(
        None, description="A chat (C3); `all` to forget all.", json_schema_extra={"position": 1, "complete": "chat"}
    )


class ChatEntry(BaseModel):
    """A chat in the list."""

    id: str
    created: str
    title: str
    turns: int
    face: str


class ChatTurn(BaseModel):
    """A question and its answer."""

    question: str
    answer: str
    ending: str
    model: str
    backend: str
    sent: list[str] = Field(default_factory=list)


class ChatsResult(Result):
    """The chats, or the turns of one."""

    message: str
    chats: list[ChatEntry] = Field(default_factory=list)
    turns: list[ChatTurn] = Field(default_factory=list)
    cost: str | None = Field(default=None, description="What the answers of the chat that is shown cost together.")

    def text(self) -> str:
        """The message, then a line a chat, or the turns."""
        lines = [self.message]
        lines += [f"  {each.id}  {each.created}  {each.turns} turns  {each.title}" for each in self.chats]
        for turn in self.turns:
            marked = "" if turn.ending == "whole" else f" [{turn.ending}]"
            lines += ["", f"> {turn.question.strip()}", f"{turn.answer.strip()}{marked}", f"  — {turn.model}"]
        return "\n".join(lines)


@capability(effect=CapabilityEffect.DECIDE)
def chats(params: ChatsParams, session: Session) -> ChatsResult:
    """List the chats of this workspace, show one, or forget them.

    They are kept in the workspace's own state, with secrets taken out. What is forgotten is erased from the file.
    """
    if params.action == "list" and params.id is None and not session.workspace.state_dir.exists():
        return ChatsResult(message=_NONE)  # to look makes no folder
    conversations = Conversations(session.database(), redact)
    if params.action == "list":
        if params.id is not None:
            raise UsageError("`chats list` takes no id.", next=f"Did you mean `chats show {params.id}`?")
        heads = conversations.heads()
        entries = [
            ChatEntry(
                id=head.id,
                created=time.strftime("%Y-%m-%d %H:%M", time.localtime(head.created)),
                title=_title(head.title),
                turns=head.turns,
                face=head.face,
            )
            for head in heads
        ]
        return ChatsResult(message=f"{len(heads)} chats." if heads else _NONE, chats=entries)
    if params.id is None:
        raise UsageError(
            f"`chats {params.action}` needs a chat.", next=f"Write for example `chats {params.action} C1`."
        )
    if params.action == "forget":
        gone = conversations.forget(None if params.id == "all" else params.id)
        return ChatsResult(message=f"{gone} chat{'' if gone == 1 else 's'} forgotten.")
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
    cost = cost_of(*conversations.runs(params.id))
    return ChatsResult(message=f"Chat {params.id.upper()}.", turns=turns, cost=cost)


def _title(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= _TITLE else line[: _TITLE - 1] + "…"
