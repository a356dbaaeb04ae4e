"""``note-command``: keeps a command of a chat, with its answer, among the chat's turns."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from nootropic_kernel.agents.chat_commands import ChatCommands
from nootropic_kernel.agents.conversations import Conversations
from nootropic_kernel.capabilities.base import CapabilityEffect, Params, Result, Session, capability
from nootropic_kernel.checks.scan import redact


class NoteCommandParams(Params):
    """What was written, and what came of it."""

    model_config = ConfigDict(json_schema_extra={"unlisted": True})

    line: str = Field(
        max_length=200_000, description="The command as it was written.", json_schema_extra={"body": True}
    )
    forms: dict[str, Any] = Field(description="Its answer in some forms, by MIME type.")
    chat: str | None = Field(None, description="The chat (C3); a new one without it.")


class NoteCommandResult(Result):
    """Where it is kept: the chat, and the command's number."""

    chat: str
    number: int

    def text(self) -> str:
        """One line."""
        return f"Kept in the chat {self.chat}."


@capability(effect=CapabilityEffect.DECIDE)
def note_command(params: NoteCommandParams, session: Session) -> NoteCommandResult:
    """Keep a command that was given in a chat, with its answer, so that it is there when the chat is opened again.

    No model sees it. Secrets are taken out; of a long answer only the forms that fit are kept.
    """
    database = session.database()
    commands = ChatCommands(database, Conversations(database, redact), redact)
    chat, number = commands.keep(params.chat, params.line, params.forms, session.face)
    return NoteCommandResult(chat=chat, number=number)
