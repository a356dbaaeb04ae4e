"""Chats as tests hold them: one message at a time, each with a session of its own."""

from __future__ import annotations

from typing import Any

from nootropic_kernel.capabilities import chat as chat_module
from nootropic_kernel.capabilities.base import Session
from nootropic_kernel.capabilities.chat import ChatParams, ChatResult, chat
from nootropic_kernel.capabilities.chats import ChatsParams, ChatsResult, chats
from nootropic_kernel.workspace.location import Workspace


def say(workspace: Workspace, message: str, face: str = "cli", **more: Any) -> ChatResult:
    """One message, with a session of its own."""
    options = {key: more.pop(key) for key in ("new", "chat", "search") if key in more}
    session = Session(workspace, face=face, **more)
    try:
        return chat(ChatParams(message=message, **options), session)
    finally:
        session.close()


def kept(workspace: Workspace, *words: str) -> ChatsResult:
    """What ``chats`` says."""
    session = Session(workspace)
    try:
        return chats(ChatsParams.model_validate(dict(zip(("action", "id", "title"), words, strict=False))), session)
    finally:
        session.close()


def fresh_kernel() -> None:
    """What a restart of the kernel does to this process: it stands nowhere."""
    chat_module._standing.clear()
