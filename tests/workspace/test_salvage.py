"""A state database that is damaged, busy or cannot be written: named, kept, and the rest of the history goes on."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nootropic_kernel.workspace import connection as state_connection
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.connection import StateBusy, StateDamaged, damage_mark
from nootropic_kernel.workspace.database import StateDatabase, get_blob, put_blob
from nootropic_kernel.workspace.errors import WorkspaceUnusable
from nootropic_kernel.workspace.location import Workspace

COUNT = 400


def filled(workspace: Workspace) -> Path:
    """A database of many pages, its log taken in, closed."""
    database = StateDatabase.open(workspace)
    with database.transaction() as connection:
        for number in range(COUNT):
            journal.append(connection, "tick", f"S{number}", number=number, padding="x" * 200)
            put_blob(connection, b"%d " % number * 100)
    database.close()
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.path


def overwrite(file: Path, places: list[tuple[int, bytes]]) -> None:
    with file.open("r+b") as stream:
        for place, data in places:
            stream.seek(place)
            stream.write(data)


def read_everything(database: StateDatabase) -> list[journal.Event]:
    return journal.events(database.read(), kind="tick")


def used(workspace: Workspace) -> StateDatabase:
    """The database as the first command leaves it that meets no damage: one that does notes it, the next one mends."""
    for _ in range(3):
        try:
            database = StateDatabase.open(workspace)
        except StateDamaged:
            continue
        try:
            read_everything(database)
            for row in database.read().execute("SELECT sha256 FROM blobs").fetchall():
                assert get_blob(database.read(), row["sha256"]) is not None
            with database.transaction() as connection:
                journal.append(connection, "after", "S")
                put_blob(connection, b"after")
            return database
        except StateDamaged:
            database.close()
    raise AssertionError("damaged again and again")


@pytest.mark.parametrize("where", ["no database", "zeros", "cut in the header", "cut in the middle", "no log"])
def test_damage_that_shows_at_once(workspace: Workspace, where: str) -> None:
    """Regression: every command failed until the person moved the file away, and with it all history was lost."""
    file = filled(workspace)
    size = file.stat().st_size
    if where == "no database":
        file.write_bytes(b"not a database at all" * 100)
    elif where == "zeros":
        file.write_bytes(bytes(size))
    elif where == "cut in the header":
        os.truncate(file, 60)
    elif where == "cut in the middle":
        os.truncate(file, size // 2)
    else:
        file.with_name("state.db-wal").write_bytes(random.Random(1).randbytes(9000))
    damaged = file.read_bytes()
    database = used(workspace)
    events = read_everything(database)
    if where == "no log":
        assert database.notes == () and len(events) == COUNT
    else:
        (note,) = database.notes
        (folder,) = workspace.state_dir.glob("damaged-*")
        assert str(folder) in note and "your code is not affected" in note
        assert (folder / "state.db").read_bytes() == damaged
        if where == "cut in the middle":
            assert 20 < len(events) < COUNT and f"{len(events)} events" in note
            assert journal.events(database.read(), kind="state.salvaged")[0].data["kept"]["events"] == len(events)
    (last,) = journal.events(database.read(), kind="after")
    assert last.id > max((event.id for event in events), default=0)
    database.close()
    again = StateDatabase.open(workspace)
    assert again.notes == () and journal.events(again.read(), kind="after") == [last]
    again.close()


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_named_and_the_rest_is_kept(workspace: Workspace, data: st.DataObject) -> None:
    whole = workspace.root.parent / "whole"
    if not whole.exists():
        filled(workspace)
        shutil.copytree(workspace.state_dir, whole)
    shutil.rmtree(workspace.state_dir)
    shutil.copytree(whole, workspace.state_dir)
    file = workspace.state_dir / "state.db"
    size = file.stat().st_size
    places = data.draw(st.lists(st.integers(100, size - 600), min_size=1, max_size=4))
    noise = random.Random(data.draw(st.integers(0, 1000)))
    overwrite(file, [(place, noise.randbytes(500)) for place in places])
    database = used(workspace)
    events = read_everything(database)
    database.close()
    assert len({event.id for event in events}) == len(events)
    if min(places) > 12 * 4096:
        assert len(events) > COUNT // 2, "a few damaged pages cost a few rows"


def test_many_processes_save_it_once(workspace: Workspace) -> None:
    file = filled(workspace)
    os.truncate(file, file.stat().st_size // 2)
    code = (
        "import sys; from nootropic_kernel.workspace.database import StateDatabase\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "from nootropic_kernel.workspace import journal\n"
        "database = StateDatabase.open(Workspace.find(sys.argv[1]))\n"
        "with database.transaction() as connection: journal.append(connection, 'after', 'S')\n"
        "print(len(database.notes))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(workspace.root)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert sorted(process.communicate()[0].strip() for process in started) == ["0", "0", "0", "1"]
    assert len(list(workspace.state_dir.glob("damaged-*"))) == 1
    database = StateDatabase.open(workspace)
    assert len(journal.events(database.read(), kind="after")) == 4
    database.close()


def test_whoever_had_the_damaged_file_open_does_not_have_the_new_one_saved(workspace: Workspace) -> None:
    """Regression: its late word of the damage was taken for one of the new file, which was saved once more."""
    file = filled(workspace)
    late = state_connection.connect(file)
    late.execute("SELECT 1").fetchone()
    overwrite(file, [(4096, b"\xff" * (file.stat().st_size - 4096))])
    database = used(workspace)
    assert len(list(workspace.state_dir.glob("damaged-*"))) == 1
    with pytest.raises(StateDamaged):
        late.execute("SELECT * FROM events").fetchall()
    assert damage_mark(file).exists()
    late.close()
    again = StateDatabase.open(workspace)
    assert again.notes == () and not damage_mark(file).exists()
    assert len(list(workspace.state_dir.glob("damaged-*"))) == 1
    assert len(journal.events(again.read(), kind="after")) == 1
    again.close()
    database.close()


def test_whoever_is_killed_while_saving_is_followed_by_another(workspace: Workspace) -> None:
    file = filled(workspace)
    os.truncate(file, file.stat().st_size // 2)
    code = (
        "import os, signal, sys\nfrom nootropic_kernel.workspace.database import StateDatabase\n"
        "from nootropic_kernel.workspace.location import Workspace\n"
        "fatal, seen = int(sys.argv[2]), 0\n"
        "def lines(frame, event, argument):\n"
        "    global seen\n"
        "    seen += event == 'line'\n"
        "    if seen == fatal: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return lines\n"
        "sys.settrace(lambda frame, event, argument: lines if frame.f_code.co_filename.endswith('salvage.py')"
        " and frame.f_code.co_name != '_rows' else None)\n"
        "StateDatabase.open(Workspace.find(sys.argv[1]))\n"
        "sys.settrace(None); print(seen)\n"
    )
    whole = shutil.copytree(workspace.state_dir, workspace.root.parent / "whole")
    length = int(subprocess.check_output([sys.executable, "-c", code, str(workspace.root), "-1"]))
    dice = random.Random(7)
    kept = set()
    for fatal in [*dice.sample(range(1, length - 40), 3), *range(length - 30, length, 6)]:
        shutil.rmtree(workspace.state_dir)
        shutil.copytree(whole, workspace.state_dir)
        ended = subprocess.run([sys.executable, "-c", code, str(workspace.root), str(fatal)], check=False)
        assert ended.returncode == -9
        database = StateDatabase.open(workspace)
        kept.add(len(read_everything(database)))
        database.close()
    assert len(kept) == 1 and kept.pop() > 20


def test_a_garbage_row_of_the_journal_hides_no_other(workspace: Workspace, database: StateDatabase) -> None:
    with database.transaction() as connection:
        for number in range(3):
            journal.append(connection, "tick", "S", number=number)
        connection.execute("UPDATE events SET data = 'garbage' WHERE id = 2")
    assert [event.data for event in read_everything(database)] == [
        {"number": 0}, {"damaged": "'garbage'"}, {"number": 2},
    ]  # fmt: skip


def test_a_table_that_is_gone_is_made_anew(workspace: Workspace) -> None:
    file = filled(workspace)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE events")
    database = StateDatabase.open(workspace)
    assert read_everything(database) == []
    database.close()


def test_a_database_that_another_process_holds_for_long(
    workspace: Workspace, database: StateDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database.read().execute("PRAGMA busy_timeout = 50")
        with pytest.raises(StateBusy, match="Another process has been writing"), database.transaction():
            pass
        other.execute("ROLLBACK")
    with database.transaction() as connection:
        journal.append(connection, "tick", "S")
    assert len(read_everything(database)) == 1
    assert not damage_mark(database.path).exists()


FAILURES: list[Callable[[sqlite3.Connection], object]] = [
    lambda connection: connection.execute("PRAGMA max_page_count = 1"),
    lambda connection: connection.execute("PRAGMA query_only = ON"),
]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_write_that_fails_leaves_nothing_open(
    database: StateDatabase, failure: Callable[[sqlite3.Connection], object]
) -> None:
    """Regression: on a full disk SQLite rolls back by itself, and the error of ours hid the cause."""
    with database.transaction() as connection:
        journal.append(connection, "tick", "S")
    failure(database.read())
    with pytest.raises(WorkspaceUnusable, match=r"state\.db.*cannot be used"), database.transaction() as connection:
        put_blob(connection, os.urandom(200_000))
    assert not database.read().in_transaction
    for undo in ("PRAGMA max_page_count = 1000000", "PRAGMA query_only = OFF"):
        database.read().execute(undo)
    with database.transaction() as connection:
        journal.append(connection, "tick", "S")
    assert len(read_everything(database)) == 2


def test_a_commit_that_fails_is_rolled_back(database: StateDatabase) -> None:
    """Regression: the transaction stayed open, the next ones joined it, and nothing was written any more."""
    database.ensure_schema(
        "CREATE TABLE IF NOT EXISTS a (id INTEGER PRIMARY KEY);"
        "CREATE TABLE IF NOT EXISTS b (a INTEGER REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(sqlite3.IntegrityError), database.transaction() as connection:
        connection.execute("INSERT INTO b VALUES (1)")
    assert not database.read().in_transaction
    with database.transaction() as connection:
        journal.append(connection, "tick", "S")
    with closing(sqlite3.connect(database.path)) as other:
        assert other.execute("SELECT COUNT(*) FROM events").fetchone()[0] == 1


def test_errors_of_a_statement_stay_what_they_are(database: StateDatabase) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        database.read().execute("SELECT * FROM nowhere")
    assert state_connection.connect(database.path).execute("SELECT 1").fetchone()[0] == 1


def test_threads_share_one_damaged_database(workspace: Workspace) -> None:
    file = filled(workspace)
    os.truncate(file, file.stat().st_size // 2)
    counts: list[int] = []

    def work() -> None:
        database = StateDatabase.open(workspace)
        counts.append(len(read_everything(database)))
        database.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 3 and len(set(counts)) == 1
