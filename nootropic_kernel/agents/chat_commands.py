"""Commands that a person gave in a chat, with what they answered: they stand between its turns, no model sees them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nootropic_kernel.agents.conversations import Conversations
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase

# So many characters of JSON are kept of one answer; forms that do not fit are left out, the last one is cut.
MOST_KEPT = 200_000
_PLAIN = "text/plain"
# Where not all fit: what our own views draw, then what others do.
_ORDER = ("text/html", "text/markdown", _PLAIN)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chat_commands (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    chat INTEGER NOT NULL REFERENCES chats (number) ON DELETE CASCADE,
    turns INTEGER NOT NULL,
    line TEXT NOT NULL,
    forms TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS chat_commands_of ON chat_commands (chat);
"""


@dataclass(frozen=True)
class Command:
    """A command as it was written, behind the first ``turns`` turns, and its answer in some forms by MIME type."""

    number: int
    turns: int
    line: str
    forms: Mapping[str, Any]


class ChatCommands:
    """The commands in the chats of one workspace.

    :param redact: replaces what looks like a secret; every text goes through it before it is kept.
    """

    def __init__(self, database: StateDatabase, conversations: Conversations, redact: Callable[[str], str]) -> None:
        self._database = database
        self._conversations = conversations
        self._redact = redact
        database.ensure_schema(_SCHEMA)

    def of(self, chat: str) -> list[Command]:
        """The commands of a chat, in the order in which they were given.

        :raises NoSuchChat: when there is none of that id.
        """
        number = self._conversations.end_of(chat).chat
        rows = self._database.read().execute("SELECT * FROM chat_commands WHERE chat = ? ORDER BY number", (number,))
        return [Command(row["number"], row["turns"], row["line"], json.loads(row["forms"])) for row in rows]

    def keep(self, chat: str | None, line: str, forms: Mapping[str, Any], face: str) -> tuple[str, int]:
        """Keep a command at the end of a chat (None: of a new one); gives the chat's id and the command's number.

        :raises NoSuchChat: when there is no chat of that id.
        """
        with self._database.transaction() as connection:
            if chat is None:
                row = connection.execute("INSERT INTO chats (created, face) VALUES (?, ?)", (time.time(), face))
                place = (row.lastrowid, 0)
            else:
                end = self._conversations.end_of(chat)
                place = (end.chat, end.turns)
            kept = json.dumps(self._clean(_fitting(forms)))
            cursor = connection.execute(
                "INSERT INTO chat_commands (chat, turns, line, forms) VALUES (?, ?, ?, ?)",
                (*place, self._redact(line), kept),
            )
            assert cursor.lastrowid is not None
            journal.append(connection, "chat.noted", f"C{place[0]}", command=cursor.lastrowid, face=face)
            return f"C{place[0]}", cursor.lastrowid

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._redact(value)
        if isinstance(value, list):
            return [self._clean(each) for each in value]
        return {key: self._clean(each) for key, each in value.items()} if isinstance(value, dict) else value


def _fitting(forms: Mapping[str, Any]) -> dict[str, Any]:
    """As many forms as there is room for, the best first; of plain text, at least the beginning."""
    room, kept = MOST_KEPT, {}
    for mime in sorted(forms, key=lambda name: (_ORDER.index(name) + 1 if name in _ORDER else 0, name)):
        size = len(json.dumps(forms[mime]))
        if size <= room:
            kept[mime] = forms[mime]
            room -= size
    if not kept:
        kept[_PLAIN] = str(forms.get(_PLAIN, ""))[: MOST_KEPT // 4] + "\n…"
    return kept
