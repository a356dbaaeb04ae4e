"""Every decision can be read back from the journal, with its texts, after other decisions changed the states."""

from __future__ import annotations

import time

from nootropic_kernel.changes.accept import accept, edit, redo, reject, undo
from nootropic_kernel.changes.changeset import FileEdit, Provenance, build_changeset
from nootropic_kernel.changes.store import ProposalStore
from nootropic_kernel.learning.decisions import deeds, first_shown
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
from tests.changes.worlds import TEXT, changed, propose, store_with_text


def store_of(workspace: Workspace, database: StateDatabase) -> ProposalStore:
    store = store_with_text(workspace, database)
    told = Provenance(task="T1", title="Say it better", how="model", model="m-1", prompt="p", prompt_version="4")
    store.propose(build_changeset([FileEdit("a.txt", TEXT, changed(5, 15, 25))], told))
    return store


def test_every_decision_is_told_with_its_texts(workspace: Workspace, database: StateDatabase) -> None:
    store = store_of(workspace, database)
    began = time.time()
    store.note_shown("P1", "cli")
    edit(workspace, database, "P1:2", "mine\n")
    accept(workspace, database, ["P1:1", "P1:2"])
    undo(workspace, database, ["P1:2"])
    redo(workspace, database, ["P1:2"])
    reject(workspace, database, ["P1:3"])
    edit(workspace, database, "P1:3", "other\n")
    edit(workspace, database, "P1:3", None)
    accept(workspace, database, ["P1:3"])
    undo(workspace, database, ["P1"])
    told = [(d.ref, d.verdict, d.before, d.own, d.final) for d in deeds(database)]
    base = {n: f"line {n}\n" for n in (5, 15, 25)}
    new = {n: f"changed {n}\n" for n in (5, 15, 25)}
    assert told == [
        ("P1:2", "drafted", "pending", "mine\n", base[15]),
        ("P1:1", "accepted", "pending", None, new[5]),
        ("P1:2", "edited", "pending", "mine\n", "mine\n"),
        ("P1:2", "undone", "edited", "mine\n", base[15]),
        ("P1:2", "edited", "undone", "mine\n", "mine\n"),
        ("P1:3", "rejected", "pending", None, base[25]),
        ("P1:3", "drafted", "rejected", "other\n", base[25]),
        ("P1:3", "drafted", "rejected", None, base[25]),
        ("P1:3", "accepted", "rejected", None, new[25]),
        ("P1:1", "undone", "accepted", None, base[5]),
        ("P1:3", "undone", "accepted", None, base[25]),
    ]
    for deed in deeds(database):
        number = {"P1:1": 5, "P1:2": 15, "P1:3": 25}[deed.ref]
        assert (deed.base, deed.proposed) == (base[number], new[number])
        assert (deed.task, deed.title, deed.how, deed.model, deed.prompt_version) == (
            "T1", "Say it better", "model", "m-1", "4",
        )  # fmt: skip
        assert deed.path == "a.txt" and deed.kind == "text" and began <= deed.at <= time.time()
        assert deed.seen_s is not None and 0 <= deed.seen_s <= deed.at - began
    assert [d.turn for d in deeds(database) if d.verdict == "undone"] == ["A2", "A5", "A5"]
    last = max(d.event for d in deeds(database))
    assert list(deeds(database, after=last)) == []


def test_seen_and_left_differs_from_never_seen(workspace: Workspace, database: StateDatabase) -> None:
    store = store_of(workspace, database)
    propose(store, FileEdit("new.txt", None, b"x\n"))
    for face in ("cli", "cli", "magic", "cli"):
        store.note_shown("P1", face)
    shown = database.read().execute("SELECT COUNT(*) AS n FROM events WHERE kind = 'proposal.shown'").fetchone()
    assert shown["n"] == 2, "once for each face"
    assert set(first_shown(database)) == {"P1"}
    accept(workspace, database, ["P2"])
    (deed,) = deeds(database)
    assert deed.seen_s is None


def test_erased_contents_leave_the_rest_readable(workspace: Workspace, database: StateDatabase) -> None:
    store_of(workspace, database)
    accept(workspace, database, ["P1:1"], edited="private\n")
    reject(workspace, database, ["P1:2"])
    with database.transaction() as connection:
        connection.execute("DELETE FROM blobs")
        connection.execute("UPDATE proposal_hunks SET hunk = '' WHERE number = 2")
    edited, rejected = deeds(database)
    assert (edited.ref, edited.verdict, edited.own, edited.final) == ("P1:1", "edited", None, None)
    assert (edited.base, edited.proposed) == ("line 5\n", "changed 5\n")
    assert (rejected.ref, rejected.verdict, rejected.base, rejected.proposed) == ("P1:2", "rejected", None, None)
