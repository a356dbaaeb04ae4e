"""The chats of a workspace, in its state database: what was asked and answered, each text redacted before it is kept.

A notebook is run again. So a fresh kernel stands before the first turn of the chat that begins with its first question,
and goes along that chat: a question that is asked again at its place replaces its turn, and the first other question
begins a chat of its own, which holds the turns before it. Nothing is kept twice, and nothing that was said is lost.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.errors import NootropicError

# How a turn ended: by the model, at its limit, by the person, in a repetition, or by a fault on the way.
Ending: TypeAlias = Literal["whole", "length", "stopped", "repeats", "cut"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chats (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    created REAL NOT NULL,
    face TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS chat_turns (
    chat INTEGER NOT NULL REFERENCES chats (number) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    at REAL NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    ending TEXT NOT NULL,
    model TEXT NOT NULL,
    backend TEXT NOT NULL,
    sent TEXT NOT NULL,
    PRIMARY KEY (chat, seq)
);
CREATE TABLE IF NOT EXISTS chat_runs (
    chat INTEGER NOT NULL,
    run TEXT NOT NULL,
    PRIMARY KEY (chat, run)
);
CREATE TABLE IF NOT EXISTS chat_titles (
    chat INTEGER PRIMARY KEY REFERENCES chats (number) ON DELETE CASCADE,
    title TEXT NOT NULL
);
"""


class NoSuchChat(NootropicError):
    """There is no chat of that id."""


@dataclass(frozen=True)
class Turn:
    """A question and its answer; ``sent`` names what went along with it. ``at`` is seconds since the epoch.

    ``run`` is the trace of its model calls: known of a turn that is kept, not of one that is read.
    """

    question: str
    answer: str
    ending: Ending
    model: str
    backend: str
    at: float
    sent: tuple[str, ...] = ()
    run: str = ""


@dataclass(frozen=True)
class ChatHead:
    """A chat as a list shows it: by the person's own ``title``, or (where that is empty) its ``first`` question."""

    id: str
    created: float
    title: str
    first: str
    turns: int
    face: str


@dataclass(frozen=True)
class Place:
    """Where the next question goes: behind the first ``turns`` turns of ``chat``; a new chat when that is None."""

    chat: int | None = None
    turns: int = 0


class Conversations:
    """The chats of one workspace.

    :param redact: replaces what looks like a secret; every text goes through it before it is kept.
    """

    def __init__(self, database: StateDatabase, redact: Callable[[str], str]) -> None:
        self._database = database
        self._redact = redact
        database.ensure_schema(_SCHEMA)

    def heads(self, face: str | None = None) -> list[ChatHead]:
        """The chats, newest first; those of one face if it is named."""
        rows = self._database.read().execute(
            "SELECT chats.*, (SELECT COUNT(*) FROM chat_turns WHERE chat = number) AS turns,"
            " (SELECT question FROM chat_turns WHERE chat = number AND seq = 0) AS first,"
            " (SELECT title FROM chat_titles WHERE chat = number) AS title FROM chats"
            " WHERE ? IS NULL OR face = ? ORDER BY"
            " COALESCE((SELECT MAX(at) FROM chat_turns WHERE chat = number), created) DESC, number DESC",
            (face, face),
        )
        return [
            ChatHead(
                f"C{row['number']}", row["created"], row["title"] or "", row["first"] or "", row["turns"], row["face"]
            )
            for row in rows
        ]

    def rename(self, chat: str, title: str) -> None:
        """Give a chat a title of the person's own; an empty one takes it away again.

        :raises NoSuchChat: when there is none of that id.
        """
        number = self._number(chat)
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM chat_titles WHERE chat = ?", (number,))
            if title:
                row = (number, self._redact(title))
                connection.execute("INSERT INTO chat_titles (chat, title) VALUES (?, ?)", row)
            journal.append(connection, "chat.renamed", f"C{number}")

    def turns(self, chat: str) -> list[Turn]:
        """The turns of a chat, oldest first.

        :raises NoSuchChat: when there is none of that id.
        """
        number = self._number(chat)
        rows = self._database.read().execute("SELECT * FROM chat_turns WHERE chat = ? ORDER BY seq", (number,))
        return [
            Turn(
                row["question"],
                row["answer"],
                row["ending"],
                row["model"],
                row["backend"],
                row["at"],
                tuple(json.loads(row["sent"])),
            )
            for row in rows
        ]

    def runs(self, chat: str) -> list[str]:
        """The traces of a chat's model calls, those of replaced turns too: they were paid for.

        :raises NoSuchChat: when there is none of that id.
        """
        rows = self._database.read().execute("SELECT run FROM chat_runs WHERE chat = ?", (self._number(chat),))
        return [row["run"] for row in rows]

    def end_of(self, chat: str) -> Place:
        """The place behind a chat's last turn.

        :raises NoSuchChat: when there is none of that id.
        """
        return Place(self._number(chat), len(self.turns(chat)))

    def latest(self, face: str) -> Place:
        """The place behind the last turn of the chat that was last spoken in at that face; a new chat without one."""
        heads = self.heads(face)
        return self.end_of(heads[0].id) if heads else Place()

    def again(self, question: str, face: str) -> Place:
        """The start of the newest chat of a face that begins with ``question``; a new chat without one."""
        asked = self._kept(question)
        for head in self.heads(face):
            if self._kept(head.first) == asked:
                return Place(self._number(head.id), 0)
        return Place()

    def before(self, place: Place) -> tuple[Turn, ...]:
        """The turns before a place; none where the chat was forgotten meanwhile."""
        try:
            return tuple(self.turns(f"C{place.chat}")[: place.turns]) if place.chat is not None else ()
        except NoSuchChat:
            return ()

    def keep(self, place: Place, before: Sequence[Turn], turn: Turn, face: str, *, tell: bool = True) -> Place:
        """Keep a turn at its place, and return the place behind it.

        Where another question stands there already, a new chat begins that holds the turns ``before`` it.

        :param tell: whether others are told of it, by the journal.
        """
        with self._database.transaction() as connection:
            number = place.chat
            if number is not None:
                row = connection.execute(
                    "SELECT question FROM chat_turns WHERE chat = ? AND seq = ?", (number, place.turns)
                ).fetchone()
                known = connection.execute("SELECT 1 FROM chats WHERE number = ?", (number,)).fetchone()
                # It was forgotten meanwhile, or it went another way from here.
                if known is None or (row is not None and self._kept(row["question"]) != self._kept(turn.question)):
                    number = None
            kept = [(place.turns, turn)]
            if number is None:
                cursor = connection.execute("INSERT INTO chats (created, face) VALUES (?, ?)", (time.time(), face))
                assert cursor.lastrowid is not None
                number = cursor.lastrowid
                kept = list(enumerate([*before, turn]))
            connection.executemany(
                "INSERT OR REPLACE INTO chat_turns (chat, seq, at, question, answer, ending, model, backend, sent)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(number, seq, *self._row(each)) for seq, each in kept],
            )
            if turn.run:
                connection.execute("INSERT OR IGNORE INTO chat_runs (chat, run) VALUES (?, ?)", (number, turn.run))
            if tell:
                told = {"turn": kept[-1][0] + 1, "ending": turn.ending, "face": face}
                journal.append(connection, "chat.said", f"C{number}", **told)
        return Place(number, kept[-1][0] + 1)

    def is_asked(self, place: Place, question: str) -> bool:
        """Whether ``question`` stands at that place already."""
        row = self._database.read().execute(
            "SELECT question FROM chat_turns WHERE chat = ? AND seq = ?", (place.chat, place.turns)
        ).fetchone()  # fmt: skip
        return row is not None and self._kept(row["question"]) == self._kept(question)

    def take_back(self, place: Place, *, is_new: bool) -> None:
        """Erase the last turn of a chat, or all of a chat that was begun for it; its number is given again."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM chat_turns WHERE chat = ? AND (? OR seq >= ?)", (place.chat, is_new, place.turns)
            )
            if is_new:
                connection.execute("DELETE FROM chats WHERE number = ?", (place.chat,))
                connection.execute(
                    "UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'chats' AND seq = ?", (place.chat,)
                )

    def forget(self, chat: str | None = None) -> int:
        """Erase a chat, or all of them, from the database's file too; the number of chats that are gone.

        :raises NoSuchChat: when there is none of that id.
        """
        number = None if chat is None else self._number(chat)
        connection = self._database.read()
        connection.execute("PRAGMA secure_delete = ON")
        with self._database.transaction():
            connection.execute("DELETE FROM chat_turns WHERE ? IS NULL OR chat = ?", (number, number))
            connection.execute("DELETE FROM chat_runs WHERE ? IS NULL OR chat = ?", (number, number))
            gone = connection.execute("DELETE FROM chats WHERE ? IS NULL OR number = ?", (number, number)).rowcount
            journal.append(connection, "chat.forgotten", "" if number is None else f"C{number}")
        # The write-ahead log holds the texts as well, until it is written back and cut.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return gone

    def _number(self, chat: str) -> int:
        found = re.fullmatch(r"[Cc]?(\d{1,18})", chat.strip())
        number = int(found[1]) if found else -1
        if self._database.read().execute("SELECT 1 FROM chats WHERE number = ?", (number,)).fetchone() is None:
            raise NoSuchChat(f"There is no chat {chat!r}.", next="`noo chats` lists them.", chat=chat)
        return number

    def _kept(self, question: str) -> str:
        """A question as it is compared: as it would be kept, whatever its spaces."""
        return " ".join(self._redact(question).split())

    def _row(self, turn: Turn) -> tuple[object, ...]:
        clean = self._redact
        sent = json.dumps([clean(name) for name in turn.sent])
        return turn.at, clean(turn.question), clean(turn.answer), turn.ending, turn.model, turn.backend, sent
