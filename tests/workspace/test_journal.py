"""The journal keeps what is committed, in order, whoever writes and however they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase, get_blob, put_blob
from nootropic_kernel.workspace.location import Workspace

WRITER = """
import sys
from nootropic_kernel.workspace import journal
from nootropic_kernel.workspace.database import StateDatabase
from nootropic_kernel.workspace.location import Workspace
database = StateDatabase.open(Workspace.find(sys.argv[1]))
for number in range(int(sys.argv[3])):
    with database.transaction() as connection:
        event = journal.append(connection, "tick", sys.argv[2], number=number)
    print(event, flush=True)
"""


def writer(repo: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(repo), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_several_processes_write_at_once_and_ids_only_grow(repo: Path, workspace: Workspace) -> None:
    writers = [writer(repo, f"W{number}", 40) for number in range(3)]
    printed = []
    for process in writers:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        ids = [int(line) for line in out.split()]
        assert ids == sorted(ids)
        printed += ids
    assert len(set(printed)) == 120
    database = StateDatabase.open(workspace)
    for number in range(3):
        mine = journal.events(database.read(), subject=f"W{number}")
        assert [event.data["number"] for event in mine] == list(range(40))
    database.close()


def test_a_killed_writer_loses_nothing_that_it_reported(repo: Path, workspace: Workspace) -> None:
    process = writer(repo, "W", 100_000)
    assert process.stdout is not None
    reported = [int(process.stdout.readline()) for _ in range(25)]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    database = StateDatabase.open(workspace)
    kept = [event.id for event in journal.events(database.read(), kind="tick")]
    assert kept[: len(reported)] == reported
    database.close()


def test_a_failed_transaction_leaves_no_event(database: StateDatabase) -> None:
    with pytest.raises(RuntimeError), database.transaction() as connection:
        journal.append(connection, "tick", "W")
        raise RuntimeError
    assert journal.events(database.read()) == []


def test_nested_transactions_are_one(database: StateDatabase) -> None:
    with pytest.raises(RuntimeError), database.transaction() as outer:
        journal.append(outer, "outer", "W")
        with database.transaction() as inner:
            journal.append(inner, "inner", "W")
        raise RuntimeError
    assert journal.events(database.read()) == []


def test_events_are_narrowed(database: StateDatabase) -> None:
    with database.transaction() as connection:
        first = journal.append(connection, "a", "X", n=1)
        journal.append(connection, "b", "X", n=2)
        journal.append(connection, "a", "Y", n=3)
    read = database.read()
    assert [e.data["n"] for e in journal.events(read, kind="a")] == [1, 3]
    assert [e.data["n"] for e in journal.events(read, subject="X")] == [1, 2]
    assert [e.data["n"] for e in journal.events(read, after=first)] == [2, 3]
    assert [e.data["n"] for e in journal.events(read, limit=1)] == [1]
    assert abs(journal.events(read)[0].at - time.time()) < 60


def test_blobs_are_kept_once_and_can_be_erased(database: StateDatabase) -> None:
    with database.transaction() as connection:
        assert put_blob(connection, b"abc") == put_blob(connection, b"abc")
        digest = put_blob(connection, b"abc")
        assert get_blob(connection, digest) == b"abc"
        connection.execute("DELETE FROM blobs")
        assert get_blob(connection, digest) is None


def test_threads_have_their_own_connection(database: StateDatabase) -> None:
    def write(number: int) -> int:
        with database.transaction() as connection:
            return journal.append(connection, "t", "T", number=number)

    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(write, range(40)))
    assert len(set(ids)) == 40
