"""The places of a chat's turns: whatever is run again, nothing is kept twice and nothing is lost."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nootropic_kernel.agents import turn_keeper
from nootropic_kernel.agents.conversations import Conversations, NoSuchChat, Place, Turn
from nootropic_kernel.agents.turn_keeper import TurnKeeper
from nootropic_kernel.checks.scan import redact
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace

NOTEBOOKS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), min_size=1, max_size=6)


def turn(question: str, answer: str = "yes") -> Turn:
    """A turn that ended well."""
    return Turn(question, answer, "whole", "m", "b", time.time())


def run_all(chats: Conversations, questions: list[str]) -> str:
    """Ask the questions of a notebook in a fresh kernel; the chat that it ends in."""
    place: Place | None = None
    for question in questions:
        place = chats.again(question, "magic") if place is None else place
        place = chats.keep(place, chats.before(place), turn(question), "magic")
    assert place is not None
    return f"C{place.chat}"


@settings(max_examples=40, deadline=None)
@given(NOTEBOOKS)
def test_restart_and_run_all(notebooks: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = StateDatabase.open(Workspace.find(Path(folder)))
        try:
            chats = Conversations(database, str)
            for questions in notebooks:
                before = [[each.question for each in chats.turns(head.id)] for head in chats.heads()]
                chat = run_all(chats, questions)
                told = [each.question for each in chats.turns(chat)]
                assert told[: len(questions)] == questions
                after = [[each.question for each in chats.turns(head.id)] for head in chats.heads()]
                # What was said is still there, in its chat; at most the end of one grew.
                assert all(any(now[: len(old)] == old for now in after) for old in before)
                assert run_all(chats, questions) == chat and len(chats.heads()) == len(after)
        finally:
            database.close()


def test_what_is_kept_is_redacted_and_compared_so(database: StateDatabase) -> None:
    chats = Conversations(database, lambda text: text.replace("hush", "***"))
    place = chats.keep(Place(), (), turn("say hush", "hush!"), "magic")
    assert [(each.question, each.answer) for each in chats.turns("C1")] == [("say ***", "***!")]
    assert chats.again("say  hush", "magic") == Place(place.chat, 0) and chats.again("say", "magic") == Place()


def test_an_unknown_chat_is_refused(database: StateDatabase) -> None:
    chats = Conversations(database, str)
    for name in ("C1", "x", "", "C99999999999999999999"):
        with pytest.raises(NoSuchChat):
            chats.turns(name)
    with pytest.raises(NoSuchChat):
        chats.forget("C1")
    assert chats.forget() == 0


def test_turns_that_are_kept_at_once_each_find_a_place(database: StateDatabase) -> None:
    chats = Conversations(database, str)
    first = chats.keep(Place(), (), turn("one"), "cli")

    def speak(number: int) -> None:
        chats.keep(first, chats.before(first), turn(f"two {number}"), "cli")

    threads = [threading.Thread(target=speak, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last = sorted(chats.turns(head.id)[-1].question for head in chats.heads())
    assert last == [f"two {number}" for number in range(6)]
    assert all(chats.turns(head.id)[0].question == "one" for head in chats.heads())


def test_a_turn_is_kept_from_its_beginning_whole_word_by_whole_word(
    database: StateDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_keeper, "_EVERY_S", 0.0)
    chats = Conversations(database, redact)
    keeper = TurnKeeper(chats, Place(), (), "which key?", "cli")
    keeper.begin("one", ())
    assert [(each.question, each.answer, each.ending) for each in chats.turns("C1")] == [("which key?", "", "cut")]
    secret = "sk-proj-" + "a1B2" * 8
    said = f"It is {secret} and no other"
    for end in range(len(said)):
        keeper.heard(said[:end], "one", ())
        assert secret[:10] not in chats.turns("C1")[0].answer
    _, after = keeper.end(said, "whole", "tiny", "two", ())
    assert after == Place(1, 1) and chats.turns("C1")[0].backend == "two"
    keeper = TurnKeeper(chats, after, chats.before(after), "never answered", "cli")
    keeper.begin("one", ())
    keeper.take_back()
    other = TurnKeeper(chats, Place(), (), "nor this", "cli")
    other.begin("one", ())
    other.take_back()
    assert [(head.id, head.turns) for head in chats.heads()] == [("C1", 1)]
    assert chats.keep(Place(), (), turn("next"), "cli") == Place(2, 1), "its number is given again"
