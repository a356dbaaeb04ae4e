"""Records that are garbage, people who decide at once: what is damaged is named, and everything else still works."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from nootropic_kernel.changes.accept import accept, redo, undo
from nootropic_kernel.changes.changeset import FileEdit
from nootropic_kernel.changes.store import NoSuchProposal, ProposalStore
from nootropic_kernel.changes.turns import (
    NoSuchTurn,
    NotRecorded,
    TurnDamaged,
    damaged_turns,
    load_turn,
    recover,
    turns,
)
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, commit_file, head_file, propose, states, store_with_text
from tests.conftest import git

pytestmark = pytest.mark.slow


@pytest.fixture
def store(workspace: Workspace, database: StateDatabase) -> ProposalStore:
    """P1 and P2 are accepted (A1, A2), P3 waits."""
    store = store_with_text(workspace, database)
    for number in (5, 15, 25):
        propose(store, FileEdit("a.txt", TEXT, changed(number)), task=f"T{number}")
    accept(workspace, database, ["P1"])
    accept(workspace, database, ["P2"])
    return store


def damage(store: ProposalStore, statement: str) -> None:
    with store.database.transaction() as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE turns SET record = 'garbage' WHERE number = 1",
        "UPDATE turns SET record = '{}' WHERE number = 1",
        "UPDATE turns SET record = '[]' WHERE number = 1",
        "UPDATE turns SET record = 7 WHERE number = 1",
        "UPDATE turn_hunks SET after = 'nonsense' WHERE turn = 1",
    ],
)
def test_a_damaged_turn_is_named_and_the_others_work(store: ProposalStore, statement: str) -> None:
    """Regression: one garbage row, and neither status nor any undo worked any more."""
    workspace, database = store.workspace, store.database
    damage(store, statement)
    assert [turn.id for turn in turns(database)] == ["A2"]
    assert ["A1 is damaged" in str(error) for error in damaged_turns(database)] == [True]
    with pytest.raises(TurnDamaged, match="Use Git to go back"):
        undo(workspace, database, "A1")
    assert accept(workspace, database, ["P3"]).id == "A3"
    assert undo(workspace, database, "A2").id == "A4"
    assert (workspace.root / "a.txt").read_bytes() == head_file(workspace.root) == changed(5, 25)


@pytest.mark.parametrize("record", ["garbage", "{}", '{"paths": []}', '{"paths": [{"path": "a.txt"}]}'])
def test_an_unfinished_turn_that_cannot_be_read_blocks_nothing(store: ProposalStore, record: str) -> None:
    """Regression: whatever the person wanted to decide, the old turn came first, and failed."""
    workspace, database = store.workspace, store.database
    damage(store, f"INSERT INTO turns (number, kind, state, at, record) VALUES (3, 'accept', 'intent', 0, '{record}')")
    recover(workspace, database)
    (event,) = journal.events(database.read(), kind="turn.damaged")
    assert event.subject == "A3"
    assert [error.data["turn"] for error in damaged_turns(database)] == ["A3"]
    assert accept(workspace, database, ["P3"]).id == "A4"
    assert undo(workspace, database).id == "A5"


def test_contents_that_were_erased(store: ProposalStore) -> None:
    workspace, database = store.workspace, store.database
    damage(store, "DELETE FROM blobs")
    with pytest.raises(TurnDamaged):
        undo(workspace, database)
    assert len(store.damaged()) == 3
    proposal = propose(store, FileEdit("a.txt", changed(5, 15), changed(5, 15, 20)), task="new")
    accept(workspace, database, [proposal.id])
    undo(workspace, database)
    assert (workspace.root / "a.txt").read_bytes() == changed(5, 15)


def test_ids_that_no_database_can_hold(store: ProposalStore) -> None:
    """Regression: a long number was an error of SQLite."""
    with pytest.raises(NoSuchTurn):
        undo(store.workspace, store.database, "A" + "9" * 30)
    with pytest.raises(NoSuchProposal):
        accept(store.workspace, store.database, ["P" + "9" * 30])


def test_a_repository_that_is_gone_blocks_nothing(store: ProposalStore) -> None:
    """Killed in the middle of an accept; then the person removes `.git` and goes on without."""
    workspace, database = store.workspace, store.database
    record = json.loads(database.read().execute("SELECT record FROM turns WHERE number = 2").fetchone()["record"])
    with database.transaction() as connection:
        connection.execute(
            "INSERT INTO turns (number, kind, state, at, record) VALUES (3, 'accept', 'intent', 0, ?)",
            (json.dumps({**record, "mark": "0" * 16}),),
        )
    (workspace.root / ".git").rename(workspace.root.parent / "away")
    plain = Workspace.find(workspace.root)
    recover(plain, database)
    assert (workspace.root / "a.txt").read_bytes() == changed(5), "A3 was taken back"
    assert accept(plain, database, ["P3"]).commit is None


def test_a_commit_that_could_not_be_recorded_is_said_to_stand(store: ProposalStore) -> None:
    """Regression: the error told of a full disk only, and not that the commit was made."""
    workspace, database = store.workspace, store.database
    holding, released = workspace.root / ".git" / "holding", threading.Event()
    hook = workspace.root / ".git" / "hooks" / "post-commit"
    hook.write_text("#!/bin/sh\ntouch .git/committed\nwhile [ ! -e .git/holding ]; do sleep 0.05; done\n")
    hook.chmod(0o755)

    def hold() -> None:
        while not holding.with_name("committed").exists():
            time.sleep(0.02)
        with closing(sqlite3.connect(database.path, isolation_level=None, timeout=60)) as other:
            other.execute("BEGIN IMMEDIATE")
            holding.touch()
            released.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    database.read().execute("PRAGMA busy_timeout = 50")
    with pytest.raises(NotRecorded, match=r"The change is committed as .*busy") as caught:
        accept(workspace, database, ["P3"])
    released.set()
    holder.join()
    assert caught.value.data["commit"] == git(workspace.root, "rev-parse", "HEAD")
    assert accept(workspace, database, ["P3"]).already, "the next decision completed the record"
    assert load_turn(database, "A3").commit == caught.value.data["commit"]


def test_a_clock_that_goes_backwards(store: ProposalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1e9)
    assert accept(store.workspace, store.database, ["P3"]).id == "A3"
    assert undo(store.workspace, store.database).reverses == "A3"
    assert redo(store.workspace, store.database).reverses == "A4"
    assert [turn.id for turn in turns(store.database)] == ["A1", "A2", "A3", "A4", "A5"]


def test_a_workspace_that_is_moved_takes_its_history_along(store: ProposalStore) -> None:
    root = store.workspace.root
    store.database.close()
    root.rename(root.parent / "moved")
    moved = Workspace.find(root.parent / "moved")
    database = StateDatabase.open(moved)
    assert undo(moved, database).reverses == "A2"
    assert (moved.root / "a.txt").read_bytes() == changed(5)
    database.close()


DECIDE = """
import sys
from nootropic_kernel.changes import accept as decide
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
workspace = Workspace.find(sys.argv[1])
for what in sys.argv[2:]:
    verb, _, ref = what.partition(" ")
    print(getattr(decide, verb)(workspace, StateDatabase.open(workspace), [ref]).id)
"""


@pytest.mark.slow
def test_many_people_decide_at_once(store: ProposalStore) -> None:
    """The same hunk, other hunks of the same file, other files, and an undo against them."""
    workspace, database = store.workspace, store.database
    root = workspace.root
    commit_file(workspace, "b.txt", TEXT)
    propose(store, FileEdit("a.txt", changed(5, 15), changed(1, 5, 10, 15, 20, 30)), task="more")
    propose(store, FileEdit("b.txt", TEXT, changed(7, 14)), task="b")
    wishes = [
        ["accept P3", "accept P4:1", "accept P5:1"],
        ["accept P3", "accept P4:2", "undo P1"],
        ["accept P5:2", "undo P2", "accept P4:3"],
        ["accept P5", "accept P4", "undo P3"],
    ]
    people = [
        subprocess.Popen([sys.executable, "-c", DECIDE, str(root), *wish], stdout=subprocess.PIPE, text=True)
        for wish in wishes
    ]
    for person in people:
        person.communicate()
        assert person.returncode == 0
    assert set(states(store, "P1") + states(store, "P2")) == {"undone"}
    assert set(states(store, "P4") + states(store, "P5")) == {"accepted"}
    assert head_file(root, "b.txt") == (root / "b.txt").read_bytes() == changed(7, 14)
    stands = [25] if states(store, "P3") == ["accepted"] else []
    assert head_file(root) == (root / "a.txt").read_bytes() == changed(1, 10, 20, *stands, 30)
    assert git(root, "status", "--porcelain") == ""
    trailers = git(root, "log", "--format=%(trailers:key=Nootropic-Turn,valueonly)").split()
    assert trailers[::-1] == [turn.id for turn in turns(database)]
